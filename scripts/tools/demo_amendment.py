# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Changes to orders that are confirmed already."""


def amend(demo):
    "Amend an order of each side and prepare another amendment"
    demo.now = demo.today
    for model, state, login in [
            ('sale', 'waiting', 'sales_manager'),
            ('purchase', 'waiting', 'purchase_manager')]:
        orders = demo.model(f'{model}.{model}', login).find([
                ('state', '=', 'processing'),
                ('shipment_state', '=', state),
                ('invoice_state', '=', 'none'),
                ], order=[('id', 'ASC')], limit=2)
        amendments = [
            _more_of_the_first(demo, model, order, login)
            for order in orders]
        demo.click(amendments[:1], 'validate_amendment', login)


def _more_of_the_first(demo, model, order, login):
    "Return the amendment by which more of the first product is wanted"
    Amendment = demo.model(f'{model}.amendment', login)
    amendment = Amendment(description=demo.text(
            "More of the first product", "首行商品增加数量"))
    setattr(amendment, model, order)
    line = amendment.lines.new()
    line.action = 'line'
    line.line = order.lines[0]
    line.quantity = order.lines[0].quantity + 2
    amendment.save()
    return amendment
