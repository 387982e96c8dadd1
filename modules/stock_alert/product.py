# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.pool import Pool, PoolMeta
from trytond.transaction import Transaction


class Product(metaclass=PoolMeta):
    __name__ = 'product.product'

    @classmethod
    def scan_stock_alerts(cls, products, subjects):
        """Open, update and resolve the alerts of products and documents.

        :param subjects: references of the documents that were touched
        """
        pool = Pool()
        Company = pool.get('company.company')
        Rule = pool.get('stock.alert.rule')
        Scan = pool.get('stock.alert.scan')
        for company in Company.search([], order=[('id', 'ASC')]):
            if Rule.get_scopes(company):
                with Transaction().set_context(company=company.id):
                    Scan.run(
                        company, products=[p.id for p in products],
                        subjects=subjects)
