# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.model import dualmethod
from trytond.pool import PoolMeta


class PhantomBOMCrash(metaclass=PoolMeta):
    """Fill requested productions from bills of materials with phantoms.

    The standard takes the product of the phantom's line, which is empty, and
    the supply stops with an error.
    """
    __name__ = 'production'

    @dualmethod
    def set_moves(cls, productions):
        phantoms = [
            p for p in productions
            if p.bom and any(
                line.phantom_bom for line in p.bom.inputs + p.bom.outputs)]
        super().set_moves([p for p in productions if p not in phantoms])
        for production in phantoms:
            production.explode_bom()
            input_date, output_date = production._get_move_planned_date()
            for move in production.inputs:
                move.planned_date = input_date
            for move in production.outputs:
                move.planned_date = output_date
        cls.save(phantoms)
