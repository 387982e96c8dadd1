# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.pool import PoolMeta


class Cron(metaclass=PoolMeta):
    __name__ = 'ir.cron'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.method.selection.extend([
                ('notification.webhook|send_due', "Send Webhook Messages"),
                ('notification.webhook.message|archive',
                    "Archive Webhook Messages"),
                ])
