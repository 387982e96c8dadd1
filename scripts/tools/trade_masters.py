# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The products, the customers and the suppliers of a trade."""
from collections import Counter, defaultdict
from decimal import Decimal

from .trade_classification import Buyer
from .trade_server import Refused
from .trade_supply import average_price

# SQLite can not check the unique codes of more products at once
SLICE = 25


class Masters:
    """What the documents refer to, by what the file calls it.

    :ivar products: id by code
    :ivar names: name of the product by code
    :ivar costs: cost price by code
    :ivar parties: id by Buyer or by name of the supplier
    :ivar addresses: id by (id of the party, code of the country)
    :ivar return_reason: id of the reason of all returns
    """

    def __init__(self, server, trade_map):
        self.server = server
        self.map = trade_map
        self.products, self.names, self.costs = {}, {}, {}
        self.parties, self.addresses = {}, {}
        defaults = server.call(
            'sale.sale', 'default_get',
            ['company', 'currency', 'warehouse'], False)
        self.company = defaults.get('company')
        self.currency = defaults.get('currency')
        self.warehouse = defaults.get('warehouse')
        self.unit = server.call(
            'product.template', 'default_get', ['default_uom'], False,
            )['default_uom']
        configuration = server.call(
            'account.configuration', 'read', [1],
            ['default_customer_payment_term'])
        self.payment_term = (
            configuration[0]['default_customer_payment_term']
            if configuration else None)
        reasons = server.records(
            'stock.return.reason', [
                ('code', '=', trade_map.return_reason),
                ('customer', '=', True)], ['code'])
        if not reasons:
            raise Refused(
                f"there is no reason {trade_map.return_reason!r} for returns "
                "from customers")
        self.return_reason = reasons[0]['id']
        if not self.company or not self.warehouse:
            raise Refused("the user has no company or no warehouse")
        place, = server.call(
            'stock.location', 'read', [self.warehouse],
            ['storage_location', 'input_location', 'output_location'])
        self.storage = place['storage_location']
        self.input = place['input_location']
        self.has_zones = self.storage != place['output_location']

    def party_name(self, customer):
        if isinstance(customer, str):
            return customer
        template = self.map.parties['customer' if customer.number else 'cash']
        return template.format(
            customer=customer.number, country=customer.country).strip()

    def find_parties(self, customers):
        """Find the customers or suppliers that are in the database already.

        :param customers: iterable of Buyer and names of suppliers
        """
        wanted = defaultdict(list)
        for customer in customers:
            if customer not in self.parties:
                wanted[self.party_name(customer)].append(customer)
        rows = self.server.records_in(
            'party.party', 'name', wanted, [], ['name', 'addresses'])
        found = {}
        for row in rows:
            # The first one when a person has made another of the name
            found.setdefault(row['name'], row)
        for name, row in found.items():
            for customer in wanted[name]:
                self.parties[customer] = row['id']
        ids = [row['id'] for row in found.values()]
        for address in self.server.records_in(
                'party.address', 'party', ids, [],
                ['party', 'country.code']):
            country = (address['country.'] or {}).get('code')
            self.addresses.setdefault(
                (address['party'], country), address['id'])

    def address(self, customer):
        "Return the id of the address of the customer in the country"
        return self.addresses[
            self.parties[customer], self.map.country_code(customer.country)]

    def purchase_key(self, cost):
        "Return what tells the purchase of a Cost from the others"
        return cost.reference, cost.date, self.parties.get(cost.supplier)

    def create_parties(self, customers, progress):
        """Create the customers and suppliers that are not there.

        :param progress: called with the number of those made
        """
        self.find_parties(customers)
        codes = {
            self.map.country_code(c.country)
            for c in customers if isinstance(c, Buyer)} - {None}
        countries = {
            r['code']: r['id'] for r in self.server.records_in(
                'country.country', 'code', codes, [], ['code'])}
        if missing := codes - countries.keys():
            raise Refused(
                f"the database lacks the countries {', '.join(missing)}")
        # A customer can have an address in each of several countries
        todo = defaultdict(dict)
        for customer in sorted(customers, key=str):
            code = (
                self.map.country_code(customer.country)
                if isinstance(customer, Buyer) else None)
            party = self.parties.get(customer)
            if (party, code) not in self.addresses:
                todo[self.party_name(customer)][code] = customer
        names = sorted(todo)
        for start in range(0, len(names), SLICE):
            batch = names[start:start + SLICE]

            def create(server):
                new = []
                for name in batch:
                    values = [
                        {'country': countries.get(code)} if code else {}
                        for code in sorted(todo[name], key=str)]
                    party = next((
                            self.parties[c] for c in todo[name].values()
                            if c in self.parties), None)
                    if party:
                        server.call(
                            'party.party', 'write', [party],
                            {'addresses': [('create', values)]})
                    else:
                        new.append({
                                'name': name,
                                'addresses': [('create', values)]})
                if new:
                    server.call('party.party', 'create', new)

            self.server.run(create)
            progress(len(batch))
        self.find_parties(customers)

    def find_products(self, codes):
        "Find the products that are in the database already"
        wanted = [c for c in codes if c not in self.products]
        for row in self.server.records_in(
                'product.product', 'code', wanted, [],
                ['code', 'template.name', 'cost_price']):
            self.products[row['code']] = row['id']
            self.names[row['code']] = row['template.']['name']
            self.costs[row['code']] = row['cost_price'] or Decimal(0)

    def create_products(self, lines, progress):
        """Create the products of the lines that are not there.

        Codes that differ in letter case only are one product. Its name is
        the text that most of the lines with a price give it, its list price
        the price of most of them, and its cost price a share of the average.

        :param lines: accepted lines
        :param progress: called with the number of those made
        """
        texts, prices = defaultdict(Counter), defaultdict(list)
        codes = {}
        for line in lines:
            codes[line.code] = True
            if line.price > 0 and line.kind != 'discount':
                if line.description:
                    texts[line.code][line.description] += 1
                prices[line.code].append(line.price)
        self.find_products(codes)
        defaults = self.server.call(
            'product.template', 'default_get',
            ['default_uom', 'account_category'], False)
        service = self._service_category()
        todo = sorted(c for c in codes if c not in self.products)
        for start in range(0, len(todo), SLICE):
            values = []
            for code in todo[start:start + SLICE]:
                name = texts[code].most_common(1)
                list_price = Counter(prices[code]).most_common(1)
                is_service = bool(self.map.is_service(code))
                cost = round(
                    average_price(prices[code]) * self.map.cost_share, 4)
                values.append({
                        'name': name[0][0] if name else code,
                        'code': code,
                        'type': 'service' if is_service else 'goods',
                        'default_uom': defaults['default_uom'],
                        'sale_uom': defaults['default_uom'],
                        'purchase_uom': defaults['default_uom'],
                        'salable': True,
                        'purchasable': True,
                        'list_price': (
                            list_price[0][0] if list_price else Decimal(0)),
                        'account_category': (
                            service if is_service
                            else defaults.get('account_category')),
                        'products': [('create', [{
                                        'cost_price': (
                                            Decimal(0) if is_service
                                            else cost),
                                        }])],
                        })
            self.server.call('product.template', 'create', values)
            progress(len(values))
        self.find_products(codes)

    def _service_category(self):
        "Return the accounting category of new services, if there is one"
        name = 'default_service_account_category'
        fields = self.server.call('product.configuration', 'fields_get', None)
        if name not in fields:
            return None
        rows = self.server.call('product.configuration', 'read', [1], [name])
        return rows[0][name] if rows else None


def customers_of(lines, trade_map):
    "Return the set of customers and suppliers that the lines need"
    found = {trade_map.parties['supplier']}
    for line in lines:
        if line.reason:
            continue
        if line.kind == 'cost':
            found.add(trade_map.cost_supplier(line.code))
        elif line.kind != 'correction':
            found.add(line.buyer)
    return found
