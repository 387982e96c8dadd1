# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.model import DeactivableMixin, ModelSQL, ModelView, Unique, fields

CLASSES = [
    ('quality', "Quality"),
    ('damage', "Damaged in Transport"),
    ('wrong', "Wrong Goods"),
    ('excess', "Too Many"),
    ('late', "Too Late"),
    ('expiry', "Expired or Near Expiry"),
    ('mind', "Change of Mind"),
    ('other', "Other"),
    ]


class Reason(DeactivableMixin, ModelSQL, ModelView):
    __name__ = 'stock.return.reason'

    code = fields.Char("Code", required=True)
    name = fields.Char("Name", required=True, translate=True)
    class_ = fields.Selection(
        CLASSES, "Class", required=True, sort=False,
        help="What the policies distinguish.")
    class_string = class_.translated('class_')
    customer = fields.Boolean(
        "From Customers", help="Check if customers return goods for it.")
    supplier = fields.Boolean(
        "To Suppliers", help="Check if goods go back to suppliers for it.")

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.code.search_unaccented = False
        t = cls.__table__()
        cls._sql_constraints += [
            ('code_unique', Unique(t, t.code),
                'stock_return.msg_reason_code_unique'),
            ]
        cls._order = [('code', 'ASC'), ('id', 'ASC')]

    @classmethod
    def default_class_(cls):
        return 'other'

    @classmethod
    def default_customer(cls):
        return True

    @classmethod
    def default_supplier(cls):
        return True

    def get_rec_name(self, name):
        return f'[{self.code}] {self.name}'

    @classmethod
    def search_rec_name(cls, name, clause):
        _, operator, value = clause
        code_value = value
        if operator.endswith('like'):
            code_value = value.lstrip('%')
        return [
            'AND' if operator.startswith(('!', 'not')) else 'OR',
            ('code', operator, code_value),
            ('name', operator, value),
            ]
