# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.model import DeactivableMixin, ModelSQL, ModelView, fields, tree
from trytond.pool import PoolMeta
from trytond.pyson import Eval
from trytond.transaction import Transaction


class Department(DeactivableMixin, tree(), ModelSQL, ModelView):
    __name__ = 'company.department'

    name = fields.Char("Name", required=True, translate=True)
    company = fields.Many2One('company.company', "Company", required=True)
    parent = fields.Many2One(
        'company.department', "Parent",
        domain=[('company', '=', Eval('company', -1))])
    children = fields.One2Many(
        'company.department', 'parent', "Children",
        domain=[('company', '=', Eval('company', -1))])
    head = fields.Many2One(
        'company.employee', "Head",
        domain=[('company', '=', Eval('company', -1))],
        help="The employee who decides for the department.")
    employees = fields.One2Many(
        'company.employee', 'department', "Employees",
        domain=[('company', '=', Eval('company', -1))])

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls._order.insert(0, ('name', 'ASC'))

    @classmethod
    def default_company(cls):
        return Transaction().context.get('company')

    @property
    def head_used(self):
        "The head of the department, or of the nearest above that has one"
        department = self
        while department:
            if department.head:
                return department.head
            department = department.parent


class Employee(metaclass=PoolMeta):
    __name__ = 'company.employee'

    department = fields.Many2One(
        'company.department', "Department", ondelete='RESTRICT',
        domain=[('company', '=', Eval('company', -1))],
        help="The department for which the employee works.")
