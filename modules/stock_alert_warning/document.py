# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Documents to which the rules are applied before they go on."""
import hashlib
from collections import defaultdict, namedtuple
from functools import wraps
from itertools import groupby

from sql import Cast, Column, Literal, Null, Window
from sql.aggregate import Sum

from trytond.i18n import gettext
from trytond.model import ModelView, fields
from trytond.modules.stock_alert.kind import Scope
from trytond.pool import Pool
from trytond.transaction import Transaction, without_check_access

from .exceptions import StockAlertError, StockAlertWarning

Breach = namedtuple(
    'Breach', 'document action subject product value threshold')


class DocumentScope(Scope):
    """The documents that a kind looks at.

    :param documents: records of one model and company
    """

    def __init__(self, company, today, documents):
        super().__init__(company, today)
        self.documents = documents
        self.model = documents[0].__class__
        self.products = self.model.get_alert_products(documents)

    def claim(self, model, ids):
        """Write the records as they are.

        Who decides by the same ones at the same time does not see what this
        transaction is about to take: they wait for it and begin anew.
        """
        table = Pool().get(model).__table__()
        Transaction().connection.cursor().execute(*table.update(
                [table.write_uid], [table.write_uid],
                where=fields.SQL_OPERATORS['in'](table.id, sorted(ids))))

    def has_document(self, column):
        "Return the clause that it is one of the documents"
        ids = [d.id for d in self.documents]
        return fields.SQL_OPERATORS['in'](column, ids)

    def asked(self):
        """Return what the documents take or bring of each product.

        What several documents of one call ask for adds up, the older first.

        :return: query with document, product, template, warehouse, unit and
            quantity in the unit, which is the default one
        """
        line = self.model.sql_alert_lines(self)
        keys = [
            line.document, line.product, line.template, line.warehouse,
            line.unit]
        each = line.select(
            *[k.as_(k.name) for k in keys],
            Sum(line.quantity).as_('quantity'),
            where=line.warehouse != Null, group_by=keys)
        total = Window(
            [each.product, each.warehouse], order_by=[each.document])
        return each.select(
            *[Column(each, k.name).as_(k.name) for k in keys],
            Sum(each.quantity, window=total).as_('quantity'))


class DocumentKind:
    """A kind of rules as it is applied to documents.

    Its rows have the document beside what the kind needs.
    """

    def claim(self, scope):
        "Keep others from deciding by the same figures at the same time"

    def breaches(self, scope):
        """Return what of the documents is wrong by the rules that apply.

        :return: list of Breach with ids of document and product
        """
        Rule = Pool().get('stock.alert.rule')
        row = self.rows(scope)
        from_, rule = Rule.sql_applicable(
            row, self.name, scope.company, self.uses)
        from_ = self.join(from_, row, rule, scope)
        from_, threshold, _ = Rule.sql_threshold(
            from_, row, rule, self, scope.company)
        found = from_.select(
            row.document.as_('document'),
            rule.on_document.as_('action'),
            self.subject(row).as_('subject'),
            row.product.as_('product'),
            Cast(self.value(row, rule), 'FLOAT').as_('value'),
            Cast(threshold, 'FLOAT').as_('threshold'),
            where=(rule.on_document != 'none') & self.where(row, rule))
        cursor = Transaction().connection.cursor()
        cursor.execute(*found.select(
                *[Column(found, n) for n in Breach._fields],
                where=self.is_wrong(found.value, found.threshold),
                order_by=[found.document, found.subject, found.value]))
        return [Breach(*values) for values in cursor]


class AlertedMixin:
    "A document that is checked by the rules"
    __slots__ = ()

    @classmethod
    def get_alert_kinds(cls):
        "Return the classes of the kinds that are checked by name"
        return {}

    @classmethod
    def get_alert_products(cls, documents):
        "Return the ids of the products of the documents"
        raise NotImplementedError

    @classmethod
    def sql_alert_lines(cls, scope):
        """Return the lines of the documents of the scope.

        :return: query with document, product, template, warehouse, unit and
            quantity in the unit, which is the default one
        """
        raise NotImplementedError

    @classmethod
    @without_check_access
    def check_alert_rules(cls, documents, actions=('refuse', 'warn')):
        """Apply the rules to the documents.

        What happens by itself is not checked.

        :param actions: what the rules may do now
        :raises StockAlertError: a rule refuses what a document would do
        :raises StockAlertWarning: a rule warns of it
        """
        pool = Pool()
        Date = pool.get('ir.date')
        Rule = pool.get('stock.alert.rule')
        if not Transaction().user:
            return
        found = []
        for company, records in groupby(
                sorted(documents, key=lambda d: d.company.id),
                key=lambda d: d.company):
            on_document = Rule.get_on_document(company)
            kinds = {
                name: kind for name, kind in cls.get_alert_kinds().items()
                if name in on_document}
            if not kinds:
                continue
            with Transaction().set_context(company=company.id):
                scope = DocumentScope(company, Date.today(), list(records))
                for name, Kind in kinds.items():
                    kind = Kind()
                    if 'refuse' in on_document[name]:
                        kind.claim(scope)
                    breaches = defaultdict(list)
                    for breach in kind.breaches(scope):
                        key = (breach.action, breach.document)
                        breaches[key].append(breach)
                    found.extend(
                        (action, kind, cls(document), records)
                        for (action, document), records in breaches.items())
        # What is refused needs no confirmation of anything else before
        for action in actions:
            for found_action, kind, document, breaches in found:
                if found_action == action:
                    cls._tell_breaches(action, kind, document, breaches)

    @classmethod
    def _tell_breaches(cls, action, kind, document, breaches):
        Warning = Pool().get('res.user.warning')
        message = gettext(
            f'stock_alert_warning.msg_{kind.name}', document=document.rec_name)
        details = '\n'.join(
            dict.fromkeys(_describe(kind, b) for b in breaches))
        if action == 'refuse':
            raise StockAlertError(message, '\n'.join([
                        details,
                        gettext('stock_alert_warning.msg_way_out')]))
        # What has changed since is asked again
        content = hashlib.md5(
            '|'.join(sorted(
                    f'{b.subject},{b.value:.6f},{b.threshold:.6f}'
                    for b in breaches)).encode()).hexdigest()
        key = Warning.format(
            f'stock_alert_{kind.name}.{content}', [document])
        if Warning.check(key):
            raise StockAlertWarning(key, message, details)


def checked(state, *args, **kwargs):
    """Apply the rules before the documents go to the state.

    :param state: to which the method brings those that may go there
    :param args, kwargs: of check_alert_rules
    """
    def decorator(func):
        @wraps(func)
        def wrapper(cls, documents):
            documents = list(documents)
            cls.check_alert_rules([
                    d for d in documents
                    if (getattr(d, cls._transition_state), state)
                    in cls._transitions], *args, **kwargs)
            return func(cls, documents)
        return wrapper
    return decorator


class OrderMixin(AlertedMixin):
    "An order that is checked before it is quoted and confirmed"
    __slots__ = ()

    @classmethod
    def get_alert_products(cls, orders):
        return list({
                l.product.id for o in orders for l in o.lines if l.product})

    @classmethod
    def sql_alert_lines(cls, scope):
        return order_lines(
            cls.__name__, lambda order: scope.has_document(order.id))

    @classmethod
    @ModelView.button
    @checked('quotation')
    def quote(cls, orders):
        super().quote(orders)

    @classmethod
    @ModelView.button
    @checked('confirmed')
    def confirm(cls, orders):
        super().confirm(orders)


def _describe(kind, breach):
    "Return the line of the message about it"
    pool = Pool()
    Lang = pool.get('ir.lang')
    Product = pool.get('product.product')
    lang = Lang.get()
    product = Product(breach.product) if breach.product else None
    model, _, id_ = breach.subject.partition(',')
    names = [product.rec_name] if product else []
    if model in {'party.party', 'stock.lot'}:
        names.append(pool.get(model)(int(id_)).rec_name)

    def number(value):
        if kind.measure == 'quantity':
            unit = product.default_uom
            return lang.format_number_symbol(
                value + 0., unit, digits=unit.digits)
        digits = 1 if kind.measure == 'percent' else 0
        return ' '.join([
                lang.format_number(value + 0., digits),
                gettext(f'stock_alert.msg_measure_{kind.measure}')])

    return gettext(
        'stock_alert_warning.msg_breach', subject=' / '.join(names),
        value=number(breach.value), threshold=number(breach.threshold))


def order_lines(order_model, clause):
    """Return what is ordered by the orders of the clause.

    :param order_model: 'sale.sale' or 'purchase.purchase'
    :param clause: function that returns the one for the table of orders
    :return: query with document, product, template, warehouse, unit and
        quantity in the unit, which is the default one
    """
    pool = Pool()
    name, _, _ = order_model.partition('.')
    Order = pool.get(order_model)
    Line = pool.get(f'{name}.line')
    Product = pool.get('product.product')
    Template = pool.get('product.template')
    Uom = pool.get('product.uom')
    order, line, product, template, unit, default_unit = (
        M.__table__() for M in [Order, Line, Product, Template, Uom, Uom])
    return (line
        .join(order, condition=Column(line, name) == order.id)
        .join(product, condition=line.product == product.id)
        .join(template, condition=product.template == template.id)
        .join(unit, condition=line.unit == unit.id)
        .join(default_unit, condition=template.default_uom == default_unit.id)
        .select(
            order.id.as_('document'),
            product.id.as_('product'),
            template.id.as_('template'),
            order.warehouse.as_('warehouse'),
            template.default_uom.as_('unit'),
            (line.quantity * unit.factor / default_unit.factor
                ).as_('quantity'),
            where=(line.type == 'line') & (line.quantity > 0)
            & (template.type == 'goods')
            & (template.consumable == Literal(False))
            & clause(order)))
