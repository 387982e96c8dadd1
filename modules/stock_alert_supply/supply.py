# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Documents that make right what alerts are about."""
from collections import defaultdict

from sql.aggregate import Sum

from trytond.i18n import gettext
from trytond.model import ModelView, fields
from trytond.modules.stock_alert.exceptions import AlertError
from trytond.modules.stock_alert.kind import Scope
from trytond.modules.stock_alert.kind_quantity import on_hand
from trytond.pool import Pool, PoolMeta
from trytond.pyson import Eval
from trytond.transaction import Transaction
from trytond.wizard import Button, StateAction, StateView, Wizard


class Alert(metaclass=PoolMeta):
    __name__ = 'stock.alert'

    def get_lack(self):
        """Return how much must come until the alert is resolved.

        :return: float in the default unit, 0 when it is not about a lack
        """
        kind = self.rule.get_kinds()[self.kind]
        if kind.measure != 'quantity' or kind.above or not self.product:
            return 0
        unit = self.product.default_uom
        rearm = (self.rule.rearm or 0) * (
            self.rule.unit.factor / unit.factor if self.rule.unit else 1)
        return unit.ceil(max(self.threshold + rearm - self.value, 0))


class SupplyStart(ModelView):
    __name__ = 'stock.alert.supply.start'
    supply_date = fields.Date("Supply Date")
    lines = fields.One2Many('stock.alert.supply.line', None, "Lines")


class SupplyLine(ModelView):
    __name__ = 'stock.alert.supply.line'
    alert = fields.Many2One('stock.alert', "Alert", readonly=True)
    product = fields.Many2One('product.product', "Product", readonly=True)
    from_warehouse = fields.Many2One(
        'stock.location', "From Warehouse",
        domain=[
            ('type', '=', 'warehouse'),
            ('id', '!=', Eval('warehouse', -1)),
            ],
        help="Proposed is the one with the largest surplus.\n"
        "Without one nothing is moved.")
    warehouse = fields.Many2One(
        'stock.location', "Warehouse", readonly=True)
    quantity = fields.Float(
        "Quantity", digits='unit', required=True,
        domain=[('quantity', '>=', 0)],
        help="Lines without a quantity are left out.")
    unit = fields.Many2One('product.uom', "Unit", readonly=True)


class _Supply(Wizard):
    "Make documents for the products that the selected alerts are about"
    start = StateView(
        'stock.alert.supply.start',
        'stock_alert_supply.supply_start_view_form', [
            Button("Cancel", 'end', 'tryton-cancel'),
            Button("Create", 'create_', 'tryton-ok', default=True),
            ])

    def default_start(self, fields):
        alerts = [
            a for a in self.records if a.product and a.state != 'resolved']
        if not alerts:
            raise AlertError(gettext('stock_alert_supply.msg_supply_nothing'))
        lines, known = [], set()
        for alert in alerts:
            # Two alerts may be about the same lack
            key = alert.product, alert.warehouse
            if key not in known:
                known.add(key)
                lines.append(self._get_line(alert))
        return {'lines': lines}

    def _get_line(self, alert):
        "Return the values of the line for the alert"
        return {
            'alert': alert.id,
            'product': alert.product.id,
            'from_warehouse': None,
            'warehouse': alert.warehouse.id if alert.warehouse else None,
            'quantity': alert.get_lack(),
            'unit': alert.product.default_uom.id,
            }

    def _get_lines(self):
        """Return the lines with a quantity.

        :raises AlertError: without any
        """
        lines = [l for l in self.start.lines if l.quantity > 0]
        if not lines:
            raise AlertError(gettext(
                    'stock_alert_supply.msg_supply_no_quantity'))
        # The client may send what it likes
        alerts = set(self.records)
        for line in lines:
            if line.alert not in alerts:
                raise AlertError(gettext(
                        'stock_alert_supply.msg_supply_nothing'))
            line.product = line.alert.product
            line.warehouse = line.alert.warehouse
            line.unit = line.product.default_uom
        return lines

    def _finish(self, action, lines, records):
        "Acknowledge the alerts and return the action with the records"
        Alert = Pool().get('stock.alert')
        names = ', '.join(r.rec_name for r in records)
        alerts = [
            a for a in Alert.browse({l.alert for l in lines})
            if a.state == 'open']
        if alerts:
            Alert.acknowledge(alerts, note=names)
        if len(records) == 1:
            action['views'].reverse()
        return action, {'res_id': [r.id for r in records]}


class Transfer(_Supply):
    __name__ = 'stock.alert.transfer'
    start = StateView(
        'stock.alert.supply.start',
        'stock_alert_supply.transfer_start_view_form',
        _Supply.start.buttons)
    create_ = StateAction('stock.act_shipment_internal_form')

    def default_start(self, fields):
        values = super().default_start(fields)
        surpluses = self._get_surpluses()
        for line in values['lines']:
            found = {
                w: q for w, q in surpluses[line['product']].items()
                if w != line['warehouse'] and q > 0}
            if found:
                warehouse = max(found, key=found.get)
                line['from_warehouse'] = warehouse
                if line['quantity']:
                    line['quantity'] = min(
                        line['quantity'], found[warehouse])
        return values

    def _get_surpluses(self):
        """Return what can be spared of the products.

        :return: dictionary by id of product and of warehouse, of what is
            there above the minimum
        """
        pool = Pool()
        Location = pool.get('stock.location')
        Product = pool.get('product.product')
        Rule = pool.get('stock.alert.rule')
        surpluses = defaultdict(dict)
        for company in {a.company for a in self.records}:
            scope = Scope(company, None, products={
                    a.product.id for a in self.records
                    if a.product and a.company == company})
            there = on_hand(scope)
            cursor = Transaction().connection.cursor()
            cursor.execute(*there.select(
                    there.product, there.warehouse, Sum(there.quantity),
                    group_by=[there.product, there.warehouse]))
            found = {
                (Product(p), Location(w)): q for p, w, q in cursor}
            rules = Rule.find('below_minimum', company, found)
            for (product, warehouse), quantity in found.items():
                rule = rules.get((product, warehouse))
                minimum = (
                    rule.get_threshold(product, warehouse) if rule else 0)
                surpluses[product.id][warehouse.id] = quantity - (
                    minimum or 0)
        return surpluses

    def do_create_(self, action):
        pool = Pool()
        Move = pool.get('stock.move')
        Shipment = pool.get('stock.shipment.internal')
        lines = [
            l for l in self._get_lines() if l.from_warehouse and l.warehouse]
        if not lines:
            raise AlertError(gettext(
                    'stock_alert_supply.msg_transfer_no_source'))
        groups = defaultdict(list)
        for line in lines:
            groups[line.alert.company, line.from_warehouse,
                line.warehouse].append(line)
        shipments = []
        for (company, from_, to), sub_lines in groups.items():
            from_location, to_location = (
                w.storage_location for w in [from_, to])
            shipments.append(Shipment(
                    company=company, from_location=from_location,
                    to_location=to_location,
                    planned_date=self.start.supply_date,
                    moves=[Move(
                            product=l.product, quantity=l.quantity,
                            unit=l.unit, from_location=from_location,
                            to_location=to_location, company=company)
                        for l in sub_lines]))
        Shipment.save(shipments)
        return self._finish(action, lines, shipments)


class Requisition(_Supply):
    __name__ = 'stock.alert.requisition'
    create_ = StateAction(
        'purchase_requisition.act_purchase_requisition_form')

    def do_create_(self, action):
        pool = Pool()
        Requisition = pool.get('purchase.requisition')
        Line = pool.get('purchase.requisition.line')
        lines = self._get_lines()
        employee = Requisition.default_employee()
        if not employee:
            raise AlertError(gettext(
                    'stock_alert_supply.msg_requisition_employee'))
        groups = defaultdict(list)
        for line in lines:
            groups[line.alert.company, line.warehouse].append(line)
        requisitions = [
            Requisition(
                company=company, employee=employee, warehouse=warehouse,
                currency=company.currency,
                supply_date=self.start.supply_date,
                lines=[Line(
                        product=l.product, quantity=l.quantity, unit=l.unit)
                    for l in sub_lines])
            for (company, warehouse), sub_lines in groups.items()]
        Requisition.save(requisitions)
        return self._finish(action, lines, requisitions)


class Request(_Supply):
    __name__ = 'stock.alert.request'
    create_ = StateAction('purchase_request.act_purchase_request_form')

    def do_create_(self, action):
        Request = Pool().get('purchase.request')
        lines = self._get_lines()
        requests = [
            Request(
                company=l.alert.company, product=l.product,
                quantity=l.quantity, unit=l.unit,
                computed_quantity=l.quantity, computed_unit=l.unit,
                supply_date=self.start.supply_date,
                stock_level=(
                    l.alert.value if l.alert.rule.measure == 'quantity'
                    else None),
                warehouse=l.warehouse, origin=l.alert)
            for l in lines]
        Request.save(requests)
        return self._finish(action, lines, requests)


class PurchaseRequest(metaclass=PoolMeta):
    __name__ = 'purchase.request'

    @classmethod
    def _get_origin(cls):
        return super()._get_origin() | {'stock.alert'}


class Production(_Supply):
    __name__ = 'stock.alert.production'
    create_ = StateAction('production.act_production_list')

    def do_create_(self, action):
        Production = Pool().get('production')
        lines = self._get_lines()
        productions = []
        for line in lines:
            if not line.product.producible or not line.warehouse:
                raise AlertError(gettext(
                        'stock_alert_supply.msg_production_not_producible',
                        product=line.product.rec_name))
            bom = line.product.get_bom()
            production = Production(
                company=line.alert.company, product=line.product,
                quantity=line.quantity, unit=line.unit,
                warehouse=line.warehouse,
                location=line.warehouse.production_location,
                bom=bom.bom if bom else None,
                planned_date=self.start.supply_date,
                planned_start_date=self.start.supply_date)
            productions.append(production)
        Production.save(productions)
        Production.set_moves(productions)
        return self._finish(action, lines, productions)
