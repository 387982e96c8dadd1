# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Rules say from when on something about the stock is wrong."""
from sql import Null

from trytond.i18n import gettext
from trytond.model import (
    DeactivableMixin, Index, ModelSQL, ModelView, Unique, fields)
from trytond.modules.currency.fields import Monetary
from trytond.pool import Pool
from trytond.pyson import Bool, Eval, If
from trytond.transaction import Transaction

from . import kind_movement, kind_overdue, kind_quantity
from .applicable import ApplicableMixin
from .exceptions import RuleValidationError
from .kind import search_named

SEVERITIES = [
    ('info', "Information"),
    ('warning', "Warning"),
    ('critical', "Critical"),
    ]
KINDS = [
    kind_quantity.BelowMinimum,
    kind_quantity.ForecastBelow,
    kind_quantity.AboveMaximum,
    kind_quantity.DaysOfCover,
    kind_quantity.Negative,
    kind_quantity.ForecastNegative,
    kind_movement.SlowMoving,
    kind_movement.NonMoving,
    kind_overdue.OverdueReceipt,
    kind_overdue.OverdueDelivery,
    kind_overdue.OverdueInternal,
    ]


def _unless(name):
    "Return the states of a field that only some kinds use"
    return {'invisible': ~Eval('uses', []).contains(name)}


class Rule(ApplicableMixin, DeactivableMixin, ModelSQL, ModelView):
    __name__ = 'stock.alert.rule'

    company = fields.Many2One('company.company', "Company", required=True)
    currency = fields.Function(fields.Many2One(
            'currency.currency', "Currency"), 'on_change_with_currency')
    kind = fields.Selection([
            ('below_minimum', "On Hand below Minimum"),
            ('forecast_below', "Forecast below Minimum"),
            ('above_maximum', "On Hand above Maximum"),
            ('days_of_cover', "Days of Cover"),
            ('negative', "Negative Stock"),
            ('forecast_negative', "Negative Forecast"),
            ('slow_moving', "Slow-moving"),
            ('non_moving', "Non-moving"),
            ('overdue_receipt', "Overdue Receipt"),
            ('overdue_delivery', "Overdue Delivery"),
            ('overdue_internal', "Overdue Internal Transfer"),
            ], "Kind", required=True, sort=False)
    kind_string = kind.translated('kind')
    uses = fields.Function(
        fields.MultiSelection('get_names_used', "Uses"),
        'on_change_with_uses')
    measure = fields.Function(fields.Selection([
                ('quantity', "Quantity"),
                ('days', "Days"),
                ('percent', "Percent"),
                ], "Measure"), 'on_change_with_measure')

    category = fields.Many2One(
        'product.category', "Category", ondelete='CASCADE',
        states={
            **_unless('product'),
            'readonly': Bool(Eval('product')),
            },
        context={'company': Eval('company', -1)}, depends={'company'},
        help="Only products of the category or of those below it.")
    product = fields.Many2One(
        'product.product', "Product", ondelete='CASCADE',
        states={
            **_unless('product'),
            'readonly': Bool(Eval('category')),
            },
        domain=[
            ('type', '=', 'goods'),
            ('consumable', '=', False),
            ],
        context={'company': Eval('company', -1)}, depends={'company'})
    warehouse = fields.Many2One(
        'stock.location', "Warehouse", ondelete='CASCADE',
        domain=[('type', '=', 'warehouse')], states=_unless('warehouse'))
    scope_key = fields.Char(
        "Scope Key", readonly=True,
        help="Of two active rules of one kind for the same none would know "
        "which is meant.")

    threshold = fields.Float(
        "Threshold", states=_unless('threshold'),
        help="From where on it is wrong. What it counts depends on the kind.")
    critical_threshold = fields.Float(
        "Critical Threshold",
        help="From where on the alert is critical, whatever the severity.")
    rearm = fields.Float(
        "Re-arm", domain=[If(Bool(Eval('rearm')), ('rearm', '>=', 0), ())],
        help="How far back beyond the threshold it must be until it is right "
        "again, so that the alert does not come and go.")
    unit = fields.Many2One(
        'product.uom', "Unit", states=_unless('unit'),
        help="In which the thresholds are.\n"
        "Leave empty for the default unit of each product.")
    period = fields.Integer(
        "Period", states=_unless('period'),
        domain=[If(Bool(Eval('period')), ('period', '>', 0), ())],
        help="The days before today that are looked at.")
    minimum_value = Monetary(
        "Minimum Value", currency='currency', digits='currency',
        states=_unless('value'),
        domain=[If(Bool(Eval('minimum_value')),
                ('minimum_value', '>=', 0), ())],
        help="Only what is worth more.")

    severity = fields.Selection(
        SEVERITIES, "Severity", required=True, sort=False)
    users = fields.Many2Many(
        'stock.alert.rule-res.user', 'rule', 'user', "Users",
        help="Who is told.")
    groups = fields.Many2Many(
        'stock.alert.rule-res.group', 'rule', 'group', "Groups",
        help="Whose users are told.")
    roles = fields.Many2Many(
        'stock.alert.rule-res.role', 'rule', 'role', "Roles",
        help="Whose users are told.")
    escalate_after = fields.Integer(
        "Escalate After",
        domain=[If(Bool(Eval('escalate_after')),
                ('escalate_after', '>', 0), ())],
        help="The days after which others are told of an alert that nobody "
        "acknowledged.")
    escalation_users = fields.Many2Many(
        'stock.alert.rule-escalation-res.user', 'rule', 'user',
        "Escalate to Users", states={
            'invisible': ~Eval('escalate_after'),
            })
    escalation_roles = fields.Many2Many(
        'stock.alert.rule-escalation-res.role', 'rule', 'role',
        "Escalate to Roles", states={
            'invisible': ~Eval('escalate_after'),
            })
    on_document = fields.Selection([
            ('none', "Nothing"),
            ('warn', "Warn"),
            ('refuse', "Refuse"),
            ], "On Document", required=True, sort=False,
        help="What happens to a document that would make it wrong.")

    @classmethod
    def __setup__(cls):
        super().__setup__()
        t = cls.__table__()
        cls._order = [
            ('kind', 'ASC'), ('product', 'ASC NULLS FIRST'),
            ('category', 'ASC NULLS FIRST'),
            ('warehouse', 'ASC NULLS FIRST'), ('id', 'ASC')]
        cls._sql_indexes.add(
            Index(t, (t.product, Index.Equality()), where=t.product != Null))
        cls._sql_constraints.append(
            ('scope_unique', Unique(t, t.scope_key),
                'stock_alert.msg_rule_scope_unique'))

    @classmethod
    def default_company(cls):
        return Transaction().context.get('company')

    @classmethod
    def default_severity(cls):
        return 'warning'

    @classmethod
    def default_on_document(cls):
        return 'none'

    @classmethod
    def get_kinds(cls):
        "Return the classes of the kinds by name"
        return {k.name: k for k in KINDS}

    @classmethod
    def get_names_used(cls):
        names = set().union(*[k.uses for k in cls.get_kinds().values()])
        return [(n, n) for n in sorted(names)]

    @fields.depends('company')
    def on_change_with_currency(self, name=None):
        return self.company.currency if self.company else None

    @fields.depends('kind')
    def on_change_with_uses(self, name=None):
        kind = self.get_kinds().get(self.kind)
        return sorted(kind.uses) if kind else []

    @fields.depends('kind')
    def on_change_with_measure(self, name=None):
        kind = self.get_kinds().get(self.kind)
        return kind.measure if kind else None

    @fields.depends('product', 'unit')
    def on_change_product(self):
        if (self.product and self.unit
                and self.unit.category != self.product.default_uom.category):
            self.unit = None

    def get_rec_name(self, name):
        scope = ' @ '.join(
            r.rec_name for r in [
                self.product or self.category, self.warehouse] if r)
        return f'{self.kind_string}: {scope}' if scope else self.kind_string

    @classmethod
    def search_rec_name(cls, name, clause):
        return search_named(clause, 'product', 'category', 'warehouse')

    @classmethod
    def view_attributes(cls):
        return super().view_attributes() + [
            ('/tree', 'visual', If(~Eval('active', True), 'muted', '')),
            ]

    @classmethod
    def copy(cls, rules, default=None):
        default = default.copy() if default is not None else {}
        default.setdefault('scope_key')
        return super().copy(rules, default=default)

    def compute_fields(self, field_names=None):
        values = super().compute_fields(field_names=field_names)
        key = self._get_scope_key()
        if getattr(self, 'scope_key', None) != key:
            values['scope_key'] = key
        return values

    def _get_scope_key(self):
        "Return what no other active rule may have"
        if self.active:
            return '/'.join([
                    str(self.company.id), self.kind, *[
                        str(r.id) if r else ''
                        for r in [
                            self.category, self.product, self.warehouse]]])

    # Wrong rules

    @classmethod
    def validate_fields(cls, rules, field_names):
        super().validate_fields(rules, field_names)
        for rule in rules:
            rule.check_scope()
            rule.check_thresholds()
            rule.check_unit()
        cls._check_range(rules)

    def _error(self, message, **arguments):
        return RuleValidationError(gettext(
                f'stock_alert.{message}', rule=self.rec_name, **arguments))

    def check_scope(self):
        """Check that the rule is restricted to what the kind knows.

        :raises RuleValidationError: when the kind does not use it
        """
        uses = self.get_kinds()[self.kind].uses
        for name in ['category', 'product', 'warehouse', 'unit']:
            used = 'product' if name == 'category' else name
            if getattr(self, name) and used not in uses:
                raise self._error(
                    'msg_rule_not_used', field=self._label(name))
        if self.category and self.product:
            raise self._error('msg_rule_category_product')

    def check_thresholds(self):
        """Check that there is what the kind needs, and that it makes sense.

        :raises RuleValidationError: when something is missing or the critical
            threshold is on the right side
        """
        kind = self.get_kinds()[self.kind]
        for name in ['threshold', 'period']:
            if (name in kind.uses and getattr(self, name) is None
                    and self.needs(name)):
                raise self._error(
                    'msg_rule_missing', field=self._label(name))
        if kind.measure == 'days':
            for name in ['threshold', 'critical_threshold']:
                if (getattr(self, name) or 0) < 0:
                    raise self._error(
                        'msg_rule_negative', field=self._label(name))
        if self.escalate_after and not (
                self.escalation_users or self.escalation_roles):
            raise self._error('msg_rule_escalation')
        if self.critical_threshold is not None:
            threshold = self.threshold or 0
            # What is critical must be wrong
            if (self.critical_threshold < threshold if kind.above
                    else self.critical_threshold > threshold):
                raise self._error('msg_rule_critical')

    def needs(self, name):
        "Return if the field, which the kind uses, must have a value"
        return True

    def check_unit(self):
        """Check that the thresholds are in a unit of the product.

        :raises RuleValidationError: when it is of another category
        """
        if (self.unit and self.product
                and self.unit.category != self.product.default_uom.category):
            raise self._error(
                'msg_rule_unit', unit=self.unit.rec_name,
                product=self.product.rec_name)

    @classmethod
    def _check_range(cls, rules):
        """Check that no minimum is above the maximum of the same.

        :raises RuleValidationError: when it is
        """
        kinds = {'below_minimum', 'forecast_below', 'above_maximum'}
        rules = [r for r in rules if r.active and r.kind in kinds]
        if not rules:
            return
        others = {}
        for other in cls.search([
                    ('company', 'in', [r.company.id for r in rules]),
                    ('kind', 'in', list(kinds)),
                    ('product', 'in', list({
                                r.product and r.product.id for r in rules})),
                    ]):
            others.setdefault(other._range_key(), []).append(other)
        for rule in rules:
            for other in others.get(rule._range_key(), []):
                below, above = rule, other
                if rule.kind == 'above_maximum':
                    below, above = other, rule
                if (below.kind == 'above_maximum'
                        or above.kind != 'above_maximum'):
                    continue
                minimum, maximum = (
                    r._convert(r.threshold) for r in [below, above])
                if None not in {minimum, maximum} and minimum > maximum:
                    raise rule._error(
                        'msg_rule_range', minimum=below.rec_name,
                        maximum=above.rec_name)

    def _range_key(self):
        "What the rules have in common of which one must be below the other"
        return (
            self.company, self.category, self.product, self.warehouse,
            self.unit.category if self.unit and not self.product else None)

    def _convert(self, threshold):
        "Return the threshold in the base unit"
        unit = self.unit
        if not unit and self.product:
            unit = self.product.default_uom
        if threshold is not None and unit:
            return threshold * unit.factor
        return threshold

    def _label(self, name):
        return self.fields_get([name])[name]['string']

    @classmethod
    def on_modification(cls, mode, rules, field_names=None):
        super().on_modification(mode, rules, field_names=field_names)
        cls._scopes_cache.clear()
        # The key is written by itself after what it is of
        if mode == 'create' or (
                mode == 'write' and set(field_names or []) != {'scope_key'}):
            # One of each company is enough to know which are meant
            cls.__queue__.scan(list({r.company: r for r in rules}.values()))

    @classmethod
    def scan(cls, rules):
        "Make the alerts of the companies those that are due by now"
        Scan = Pool().get('stock.alert.scan')
        for company in {r.company for r in rules}:
            with Transaction().set_context(company=company.id):
                Scan.run(company)

    def get_threshold(self, product, warehouse=None):
        """Return the threshold in the default unit of the product.

        :param warehouse: record or None
        :return: float, or None without one
        """
        if self.threshold is None or not self.unit:
            return self.threshold
        return self.threshold * self.unit.factor / product.default_uom.factor


class _RuleRelation(ModelSQL):
    rule = fields.Many2One(
        'stock.alert.rule', "Rule", ondelete='CASCADE', required=True)


class RuleUser(_RuleRelation):
    __name__ = 'stock.alert.rule-res.user'
    user = fields.Many2One(
        'res.user', "User", ondelete='CASCADE', required=True)


class RuleGroup(_RuleRelation):
    __name__ = 'stock.alert.rule-res.group'
    group = fields.Many2One(
        'res.group', "Group", ondelete='CASCADE', required=True)


class RuleRole(_RuleRelation):
    __name__ = 'stock.alert.rule-res.role'
    role = fields.Many2One(
        'res.role', "Role", ondelete='CASCADE', required=True)


class RuleEscalationUser(_RuleRelation):
    __name__ = 'stock.alert.rule-escalation-res.user'
    user = fields.Many2One(
        'res.user', "User", ondelete='CASCADE', required=True)


class RuleEscalationRole(_RuleRelation):
    __name__ = 'stock.alert.rule-escalation-res.role'
    role = fields.Many2One(
        'res.role', "Role", ondelete='CASCADE', required=True)
