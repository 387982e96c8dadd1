# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.modules.company.tests import CompanyTestMixin
from trytond.tests.test_tryton import ModuleTestCase


class NotificationWebhookTestCase(CompanyTestMixin, ModuleTestCase):
    "Test Notification Webhook module"
    module = 'notification_webhook'


del ModuleTestCase
