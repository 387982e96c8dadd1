# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.model import fields
from trytond.pool import Pool, PoolMeta
from trytond.pyson import Eval, Id


class Configuration(metaclass=PoolMeta):
    __name__ = 'purchase.configuration'

    return_sequence = fields.MultiValue(fields.Many2One(
            'ir.sequence', "Return Sequence", required=True,
            domain=[
                ('sequence_type', '=',
                    Id('purchase_return', 'sequence_type_return')),
                ('company', 'in', [
                        Eval('context', {}).get('company', -1), None]),
                ]))
    return_answer_days = fields.Integer(
        "Days to Answer Returns",
        domain=['OR',
            ('return_answer_days', '=', None),
            ('return_answer_days', '>', 0),
            ],
        help="How long suppliers have to answer returns, unless a policy "
        "says otherwise.")

    @classmethod
    def multivalue_model(cls, field):
        pool = Pool()
        if field == 'return_sequence':
            return pool.get('purchase.configuration.sequence')
        return super().multivalue_model(field)

    @classmethod
    def default_return_sequence(cls, **pattern):
        return cls.multivalue_model(
            'return_sequence').default_return_sequence()


class ConfigurationSequence(metaclass=PoolMeta):
    __name__ = 'purchase.configuration.sequence'

    return_sequence = fields.Many2One(
        'ir.sequence', "Return Sequence", required=True,
        domain=[
            ('sequence_type', '=',
                Id('purchase_return', 'sequence_type_return')),
            ('company', 'in', [Eval('company', -1), None]),
            ])

    @classmethod
    def default_return_sequence(cls):
        ModelData = Pool().get('ir.model.data')
        try:
            return ModelData.get_id('purchase_return', 'sequence_return')
        except KeyError:
            return None
