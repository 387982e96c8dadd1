# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What there is and what is to come of the product of an alert."""
from trytond.i18n import gettext
from trytond.model import ModelView, fields
from trytond.modules.stock_alert.exceptions import AlertError
from trytond.pool import Pool
from trytond.pyson import Eval, PYSONEncoder
from trytond.wizard import (
    Button, StateAction, StateTransition, StateView, Wizard)


class _Look(Wizard):
    start_state = 'open_'
    _readonly = True

    def _get_products(self):
        products = [a.product for a in self.records if a.product]
        if not products:
            raise AlertError(gettext('stock_alert_supply.msg_supply_nothing'))
        return products


class Curve(_Look):
    __name__ = 'stock.alert.curve'
    open_ = StateAction('stock.act_product_quantities_warehouse')

    def do_open_(self, action):
        context = {
            'product': [p.id for p in self._get_products()],
            'product_template': None,
            }
        if self.record.warehouse:
            context['warehouse'] = self.record.warehouse.id
        action['pyson_context'] = PYSONEncoder().encode(context)
        action['name'] += f' ({self.record.rec_name})'
        return action, {}


class ComingMoves(_Look):
    __name__ = 'stock.alert.moves'
    open_ = StateAction('stock.act_move_form')

    def do_open_(self, action):
        action['pyson_domain'] = PYSONEncoder().encode([
                ('product', 'in', [p.id for p in self._get_products()]),
                ('state', 'in', ['draft', 'assigned']),
                ])
        action['domains'] = []
        action['name'] += f' ({self.record.rec_name})'
        return action, {}


class ThresholdStart(ModelView):
    __name__ = 'stock.alert.threshold.start'
    rule = fields.Many2One('stock.alert.rule', "Rule", readonly=True)
    apply_to = fields.Selection([
            ('rule', "The Rule"),
            ('product', "This Product in This Warehouse"),
            ], "Apply To", required=True, sort=False,
        states={'readonly': ~Eval('apart')},
        help="For the product a rule of its own is made.")
    apart = fields.Boolean("Apart", readonly=True)
    threshold = fields.Float("Threshold", required=True)
    critical_threshold = fields.Float("Critical Threshold")


class ChangeThreshold(Wizard):
    __name__ = 'stock.alert.change_threshold'
    start = StateView(
        'stock.alert.threshold.start',
        'stock_alert_supply.threshold_start_view_form', [
            Button("Cancel", 'end', 'tryton-cancel'),
            Button("Change", 'change', 'tryton-ok', default=True),
            ])
    change = StateTransition()

    def _is_apart(self):
        "Tell if the product can have a rule of its own"
        alert = self.record
        return bool(
            alert.product and alert.warehouse
            and {'product', 'warehouse'} <= set(alert.rule.uses)
            and not (alert.rule.product and alert.rule.warehouse))

    def default_start(self, fields):
        rule = self.record.rule
        apart = self._is_apart()
        return {
            'rule': rule.id,
            'apart': apart,
            'apply_to': 'product' if apart else 'rule',
            'threshold': rule.threshold,
            'critical_threshold': rule.critical_threshold,
            }

    def transition_change(self):
        Rule = Pool().get('stock.alert.rule')
        alert = self.record
        values = {
            'threshold': self.start.threshold,
            'critical_threshold': self.start.critical_threshold,
            }
        if self.start.apply_to == 'product' and self._is_apart():
            Rule.copy([alert.rule], default={
                    **values,
                    'category': None,
                    'product': alert.product.id,
                    'warehouse': alert.warehouse.id,
                    })
        else:
            Rule.write([alert.rule], values)
        return 'end'

    def end(self):
        return 'reload'
