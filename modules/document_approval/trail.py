# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Print who decided what on the documents."""
from trytond.report import Report
from trytond.transaction import Transaction


class Trail(Report):
    __name__ = 'document.approval.trail'

    @classmethod
    def get_context(cls, records, header, data):
        context = super().get_context(records, header, data)
        # As HTML writes it: zh-CN
        context['lang'] = Transaction().language.replace('_', '-')
        context['format_time'] = cls.format_time
        return context

    @classmethod
    def format_time(cls, approval, value):
        """Format a timestamp at the place of the company.

        :param approval: of the company
        :param value: datetime or None
        """
        if not value:
            return ''
        return cls.format_datetime(
            value, timezone=approval.company.timezone)
