# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.model import (
    DeactivableMixin, ModelSQL, ModelView, fields, sequence_ordered)
from trytond.pyson import Bool, Eval, If
from trytond.transaction import Transaction

from .reason import CLASSES

CONDITIONS = [
    ('unopened', "Unopened"),
    ('opened', "Opened"),
    ('used', "Used"),
    ('damaged', "Damaged"),
    ]
RESULTS = [
    ('allow', "Allow"),
    ('approve', "Needs Approval"),
    ('refuse', "Refuse"),
    ]


class PolicyMixin(
        sequence_ordered(), DeactivableMixin, ModelSQL, ModelView):
    """A rule for what is returned.

    The first one whose conditions are all met decides.
    """
    __slots__ = ()

    name = fields.Char("Name", required=True)
    company = fields.Many2One(
        'company.company', "Company",
        help="Leave empty for all companies.")
    category = fields.Many2One(
        'product.category', "Product Category",
        context={'company': Eval('company', -1)}, depends={'company'},
        help="Only products of the category or of one below it.")
    reason_class = fields.Selection(
        [(None, "")] + CLASSES, "Class of Reason", sort=False,
        states={'invisible': Bool(Eval('reason'))})
    reason = fields.Many2One('stock.return.reason', "Reason")
    condition = fields.Selection(
        [(None, "")] + CONDITIONS, "Condition", sort=False,
        help="Of the goods.")
    days = fields.Integer(
        "More than Days",
        domain=[If(Bool(Eval('days')), ('days', '>=', 0), ())],
        help="Only what was moved more than this number of days ago.")
    shelf_life = fields.Integer(
        "Shelf Life of at most Days",
        help="Only lots that expire within this number of days.")
    share = fields.Numeric(
        "More than Share", digits=(1, 4),
        domain=['OR',
            ('share', '=', None),
            [('share', '>=', 0), ('share', '<=', 1)],
            ],
        help="Only if the party returns more than this share of what was "
        "traded with it during the last year, in value.")
    without_original = fields.Boolean(
        "Without Original",
        help="Only what is returned without its original delivery.")
    result = fields.Selection(
        RESULTS, "Result", required=True, sort=False)
    result_string = result.translated('result')
    text = fields.Text(
        "Text", translate=True,
        states={'required': Eval('result') == 'refuse'},
        help="What is told to who asks for the return.")
    valid_days = fields.Integer(
        "Valid for Days",
        domain=[If(Bool(Eval('valid_days')), ('valid_days', '>', 0), ())],
        states={'invisible': Eval('result') == 'refuse'},
        help="How long the goods can be given back after the approval.\n"
        "Leave empty for any time.")

    @classmethod
    def default_company(cls):
        return Transaction().context.get('company')

    @classmethod
    def default_result(cls):
        return 'allow'

    @classmethod
    def default_without_original(cls):
        return False

    def match(self, facts):
        """Test if all conditions are met.

        :param facts: dictionary of a line with

            categories: set of the categories of the product and of those
                above them
            reason: record or None
            condition: of the goods or None
            days: since the goods were moved, None without original
            shelf_life: days until the lot expires, None if it does not
            share: Decimal, of the trade of the last year, callable
            without_original: whether there is no original
        """
        if self.category and self.category not in facts['categories']:
            return False
        if self.reason:
            if self.reason != facts['reason']:
                return False
        elif self.reason_class and (
                not facts['reason']
                or facts['reason'].class_ != self.reason_class):
            return False
        if self.condition and self.condition != facts['condition']:
            return False
        if self.without_original and not facts['without_original']:
            return False
        if self.days is not None and (
                facts['days'] is None or facts['days'] <= self.days):
            return False
        if self.shelf_life is not None and (
                facts['shelf_life'] is None
                or facts['shelf_life'] > self.shelf_life):
            return False
        if self.share is not None and facts['share']() <= self.share:
            return False
        return True
