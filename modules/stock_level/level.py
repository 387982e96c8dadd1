# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from sql import Column
from sql.aggregate import Min, Sum
from sql.functions import Abs

from trytond.model import ModelSQL, ModelView, fields
from trytond.pool import Pool
from trytond.pyson import Eval

from .entry import EPSILON


class Level(ModelSQL, ModelView):
    "The quantity of a product that is at a location"
    __name__ = 'stock.level'
    company = fields.Many2One('company.company', "Company")
    product = fields.Many2One(
        'product.product', "Product",
        context={
            'company': Eval('company', -1),
            },
        depends={'company'})
    location = fields.Many2One('stock.location', "Location")
    warehouse = fields.Function(fields.Many2One(
            'stock.location', "Warehouse"),
        'on_change_with_warehouse', searcher='search_warehouse')
    quantity = fields.Float("Quantity", digits='unit')
    unit = fields.Many2One('product.uom', "Unit")

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls._order = [
            ('product', 'ASC'), ('location', 'ASC'), ('id', 'ASC')]

    @fields.depends('location')
    def on_change_with_warehouse(self, name=None):
        return self.location.warehouse if self.location else None

    @classmethod
    def search_warehouse(cls, name, clause):
        pool = Pool()
        Location = pool.get('stock.location')
        _, _, field = clause[0].partition('.')
        if not field:
            field = 'rec_name' if isinstance(clause[2], str) else 'id'
        warehouses = Location.search([
                (field, *clause[1:]), ('type', '=', 'warehouse')])
        return [
            ('location', 'child_of', [w.id for w in warehouses], 'parent')]

    @classmethod
    def table_query(cls):
        "The sums of the entries of storage locations"
        pool = Pool()
        Entry = pool.get('stock.level.entry')
        Location = pool.get('stock.location')
        Product = pool.get('product.product')
        Template = pool.get('product.template')
        entry, location, product, template = (
            M.__table__() for M in [Entry, Location, Product, Template])
        keys = [Column(entry, k) for k in Entry.keys()]
        return (entry
            .join(location, condition=entry.location == location.id)
            .join(product, condition=entry.product == product.id)
            .join(template, condition=product.template == template.id)
            .select(
                Min(entry.id).as_('id'),
                *[k.as_(k.name) for k in keys],
                Sum(entry.quantity).as_('quantity'),
                template.default_uom.as_('unit'),
                where=location.type == 'storage',
                group_by=[*keys, template.default_uom],
                having=Abs(Sum(entry.quantity)) > EPSILON))
