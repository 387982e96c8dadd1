# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What goes back to suppliers, seen from several sides."""
from trytond.modules.stock_return.reporting import (
    MonthMixin, PartyMixin, ProductMixin, ReasonMixin)
from trytond.pyson import PYSONEncoder
from trytond.wizard import StateAction, Wizard


class Product(ProductMixin):
    __name__ = 'purchase.return.reporting.product'
    _order_name = 'purchase'


class Supplier(PartyMixin):
    __name__ = 'purchase.return.reporting.supplier'
    _order_name = 'purchase'


class Reason(ReasonMixin):
    __name__ = 'purchase.return.reporting.reason'
    _order_name = 'purchase'


class Month(MonthMixin):
    __name__ = 'purchase.return.reporting.month'
    _order_name = 'purchase'


class Open(Wizard):
    "Open the lines of the returns that a record counts"
    __name__ = 'purchase.return.reporting.open'
    _readonly = True

    start_state = 'open_'
    open_ = StateAction('purchase_return.act_return_line_form')

    def do_open_(self, action):
        action['pyson_domain'] = PYSONEncoder().encode(
            ['OR', *[r.get_returns_domain() for r in self.records]])
        action['name'] += ' - ' + ', '.join(
            r.rec_name for r in self.records[:5])
        return action, {}
