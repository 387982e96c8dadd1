# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What customers return, seen from several sides."""
from trytond.modules.stock_return.reporting import (
    MonthMixin, PartyMixin, ProductMixin, ReasonMixin)
from trytond.pyson import PYSONEncoder
from trytond.wizard import StateAction, Wizard


class Product(ProductMixin):
    __name__ = 'sale.return.reporting.product'
    _order_name = 'sale'


class Customer(PartyMixin):
    __name__ = 'sale.return.reporting.customer'
    _order_name = 'sale'


class Reason(ReasonMixin):
    __name__ = 'sale.return.reporting.reason'
    _order_name = 'sale'


class Month(MonthMixin):
    __name__ = 'sale.return.reporting.month'
    _order_name = 'sale'


class Open(Wizard):
    "Open the lines of the returns that a record counts"
    __name__ = 'sale.return.reporting.open'
    _readonly = True

    start_state = 'open_'
    open_ = StateAction('sale_return.act_return_line_form')

    def do_open_(self, action):
        action['pyson_domain'] = PYSONEncoder().encode(
            ['OR', *[r.get_returns_domain() for r in self.records]])
        action['name'] += ' - ' + ', '.join(
            r.rec_name for r in self.records[:5])
        return action, {}
