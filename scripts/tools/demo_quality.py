# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Quality: what is controlled, what the inspections find."""
from proteus import Wizard

# Names, operation, category of the products, how often, then the points:
# technical name, label, type, tolerance
CONTROLS = [
    ("Receiving Inspection", "来料检验", 'stock.shipment.in:receive', None,
        0.25, [
            ('package', "Package Undamaged", "外包装完好", 'boolean', None),
            ('label', "Label Correct", "标签与条码正确", 'boolean', None),
            ('weight', "Weight Deviation (%)", "重量偏差（%）", 'float', (-3, 3)),
            ]),
    ("Electronics Inspection", "电子件全检", 'stock.shipment.in:receive',
        'ELE', 1, [
            ('voltage', "Voltage (V)", "电压（伏）", 'float', (1.45, 1.65)),
            ('mark', "Safety Mark Present", "有强制认证标志", 'boolean', None),
            ]),
    ("Final Inspection", "成品检验", 'production:do', None, 0.4, [
            ('seam', "Pull Strength (N)", "拉力（牛）", 'float', (70, 200)),
            ('small_parts', "No Small Parts", "无小零件脱落", 'boolean', None),
            ]),
    ("Return Inspection", "退货检验", 'stock.shipment.out.return:receive',
        None, 1, [
            ('resalable', "Fit for Sale", "可再销售", 'boolean', None),
            ]),
    ]
# Values of a good and of a bad piece by point
VALUES = {
    'package': (True, False), 'label': (True, True), 'weight': (0.4, -6.5),
    'voltage': (1.55, 1.2), 'mark': (True, True), 'seam': (96.0, 41.5),
    'small_parts': (True, True), 'resalable': (True, False),
    }
# Of so many inspections one fails
FAILURE = 8
# What is done on the way to where an alert is
WAYS = {
    'open': [],
    'processing': ['process'],
    'deferred': ['process', 'defer'],
    'resolved': ['process', 'resolve'],
    }


def make_controls(demo):
    "Define the controls"
    Control = demo.model('quality.control', 'quality')
    Category = demo.model('product.category', 'quality')
    controls = []
    for en, zh, operation, category, frequency, points in CONTROLS:
        control = Control(
            name=demo.text(en, zh), operations=[operation],
            frequency=frequency)
        if category:
            control.product_category, = Category.find(
                [('code', '=', category)])
        for name, label_en, label_zh, type_, tolerance in points:
            point = control.points.new(
                name=name, string=demo.text(label_en, label_zh), type_=type_)
            if tolerance:
                point.tolerance_lower, point.tolerance_upper = tolerance
        controls.append(control)
    Control.save(controls)
    demo.inspected = 0


def push(demo, records, button, login):
    "Push the button and inspect what it asks for"
    wizard = demo.click(records, button, login)
    while isinstance(wizard, Wizard):
        while wizard.state != wizard.end_state:
            _answer(demo, wizard, demo.inspected % FAILURE == FAILURE - 1)
            demo.inspected += 1
        _treat(demo, records, 'resolved')
        wizard = demo.click(records, button, login)


def _answer(demo, wizard, bad):
    "Enter what the inspection finds"
    wizard.form.points = {
        name: VALUES[name][bad] for name in wizard.form.points}
    wizard.execute('save')


def _treat(demo, records, end):
    "Bring the open alerts of the documents to their end"
    Alert = demo.model('quality.alert', 'quality')
    inspections = demo.read('quality.inspection', [
            ('origin', 'in', [str(record) for record in records]),
            ], ['id'], 'quality')
    alerts = Alert.find([
            ('state', '=', 'open'),
            ('origin', 'in', [
                    f"quality.inspection,{i['id']}" for i in inspections]),
            ])
    for alert in alerts:
        alert.title = demo.text(
            "Goods differ from the sample", "来货与封样不符")
        alert.description = demo.text(
            "Sorted at the supplier's expense.", "由供方承担挑选费用。")
    Alert.save(alerts)
    for button in WAYS[end]:
        demo.click(alerts, button, 'quality')


def inspect_last(demo, shipments):
    """Leave receipts in the middle of their inspection.

    :param shipments: three supplier shipments whose receipt is inspected:
        the first is not inspected yet, the alert of the second is open, the
        one of the third is processed
    """
    for shipment, end in zip(shipments, [None, 'open', 'processing']):
        wizard = demo.click([shipment], 'receive', 'keeper')
        if end:
            _answer(demo, wizard, True)
            _treat(demo, [shipment], end)
        else:
            wizard.execute('end')
