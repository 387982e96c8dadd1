# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
import logging

from sql import Column, Literal, Union
from sql.aggregate import Count, Max, Sum
from sql.functions import Abs

from trytond import backend
from trytond.model import Index, ModelSQL, fields
from trytond.pool import Pool
from trytond.transaction import Transaction

logger = logging.getLogger(__name__)
# Quantities are floating point numbers: what is less is no difference
EPSILON = 1e-6


class Entry(ModelSQL):
    """A part of the quantity of a product at a location.

    The database adds entries when a stock move gets done or a done one
    changes, and never updates one: nobody waits for somebody else. The
    quantity is the sum of the entries, which are replaced by their sum
    from time to time.
    """
    __name__ = 'stock.level.entry'
    # No foreign keys: the move has them, and to check them again would lock
    # the products that it moves
    company = fields.Integer("Company", required=True)
    product = fields.Integer("Product", required=True)
    location = fields.Integer("Location", required=True)
    quantity = fields.Float(
        "Quantity", required=True,
        help="What the entry adds, in the default unit of the product.")
    moves = fields.Integer(
        "Moves", required=True,
        help="How many moves the entry adds.\n"
        "Without any there is no quantity, not even of zero.")

    @classmethod
    def __setup__(cls):
        super().__setup__()
        table = cls.__table__()
        cls._sql_indexes.add(
            Index(
                table,
                (table.product, Index.Range()),
                (table.location, Index.Range()),
                include=[table.company, table.quantity, table.moves]))

    @classmethod
    def __register__(cls, module):
        super().__register__(module)
        cls.install()

    @classmethod
    def keys(cls):
        "Return the names of the columns for which quantities are kept"
        return ['company', 'product', 'location']

    @classmethod
    def move_keys(cls):
        "Return the names of those that are columns of the moves as well"
        return [k for k in cls.keys() if k != 'location']

    @classmethod
    def install(cls):
        """Let the database keep the entries.

        The moves are counted when it did not do it yet. Nothing happens as
        long as a column is missing, for which a module registers later.
        """
        pool = Pool()
        Move = pool.get('stock.move')
        transaction = Transaction()
        table_h = cls.__table_handler__()
        if not all(map(table_h.column_exist, cls.keys())):
            return
        installed = cls._has_triggers(Move._table)
        if not installed and transaction.database.has_select_for():
            # What is done until the end of the transaction must be counted
            transaction.connection.cursor().execute(
                f'LOCK TABLE "{Move._table}" IN SHARE ROW EXCLUSIVE MODE')
        for statement in cls._triggers(Move._table):
            transaction.connection.cursor().execute(statement)
        if not installed:
            logger.info("counting the stock moves")
            differences = cls.correct()
            logger.info("%s stock levels counted", len(differences))

    @classmethod
    def _has_triggers(cls, table):
        cursor = Transaction().connection.cursor()
        if backend.name == 'postgresql':
            cursor.execute(
                "SELECT COUNT(*) FROM pg_trigger "
                "WHERE tgrelid = CAST(%s AS regclass) "
                "AND tgname LIKE 'stock_level_%%'", (table,))
        else:
            cursor.execute(
                "SELECT COUNT(*) FROM sqlite_master "
                "WHERE type = 'trigger' AND tbl_name = ? "
                "AND name LIKE 'stock_level_%'", (table,))
        count, = cursor.fetchone()
        return count >= len(_EVENTS)

    @classmethod
    def _triggers(cls, table):
        "Return the statements that make the triggers of the table of moves"
        names = cls.move_keys()

        def insert(row):
            columns = ', '.join(f'"{n}"' for n in [
                    *names, 'location', 'quantity', 'moves'])
            values = ', '.join(f'{row}."{n}"' for n in names)
            in_, out, count = ('', '-', '1') if row == 'NEW' else (
                '-', '', '-1')
            return (
                f'INSERT INTO "{cls._table}" ({columns}) VALUES '
                f'({values}, {row}.to_location, '
                f'{in_}{row}.internal_quantity, {count}), '
                f'({values}, {row}.from_location, '
                f'{out}{row}.internal_quantity, {count});')

        watched = [
            'state', 'from_location', 'to_location', 'internal_quantity',
            *names]
        distinct = (
            'IS DISTINCT FROM' if backend.name == 'postgresql' else 'IS NOT')
        changed = ' OR '.join(
            f'OLD."{n}" {distinct} NEW."{n}"' for n in watched)
        conditions = {
            'INSERT': "NEW.state = 'done'",
            'UPDATE':
                f"(OLD.state = 'done' OR NEW.state = 'done') AND ({changed})",
            'DELETE': "OLD.state = 'done'",
            }
        if backend.name == 'postgresql':
            yield f'''
                CREATE OR REPLACE FUNCTION stock_level_count()
                RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF TG_OP <> 'INSERT' AND OLD.state = 'done' THEN
                        {insert('OLD')}
                    END IF;
                    IF TG_OP <> 'DELETE' AND NEW.state = 'done' THEN
                        {insert('NEW')}
                    END IF;
                    RETURN NULL;
                END $$'''
        for event in _EVENTS:
            name = f'stock_level_{event.lower()}'
            if backend.name == 'postgresql':
                yield f'DROP TRIGGER IF EXISTS {name} ON "{table}"'
                yield (
                    f'CREATE TRIGGER {name} AFTER {event} ON "{table}" '
                    f'FOR EACH ROW WHEN ({conditions[event]}) '
                    f'EXECUTE FUNCTION stock_level_count()')
                continue
            # A trigger of SQLite has no branches, thus two for an update
            yield f'DROP TRIGGER IF EXISTS {name}'
            yield f'DROP TRIGGER IF EXISTS {name}_new'
            rows = {'INSERT': ['NEW'], 'DELETE': ['OLD'],
                'UPDATE': ['OLD', 'NEW']}[event]
            for row in rows:
                suffix = '_new' if event == 'UPDATE' and row == 'NEW' else ''
                yield (
                    f'CREATE TRIGGER {name}{suffix} AFTER {event} '
                    f'ON "{table}" WHEN ({conditions[event]}) '
                    f"AND {row}.state = 'done' BEGIN {insert(row)} END")

    @classmethod
    def compact(cls):
        """Replace the entries of the same keys by their sum.

        Only what is committed already: who works meanwhile is not disturbed.
        """
        cursor = Transaction().connection.cursor()
        table = cls.__table__()
        cursor.execute(*table.select(Max(table.id)))
        last, = cursor.fetchone()
        if last is None:
            return
        keys = [Column(table, k) for k in cls.keys()]
        # Those of a product together, which spares to compare each key
        several = table.select(
            table.product,
            where=table.id <= last,
            group_by=keys,
            having=(Count(table.id) > 1) | (Sum(table.moves) == 0))
        cursor.execute(*several)
        products = list({p for p, in cursor.fetchall()})
        for start in range(0, len(products), 1000):
            where = (
                fields.SQL_OPERATORS['in'](
                    table.product, products[start:start + 1000])
                & (table.id <= last))
            cursor.execute(*table.select(
                    *keys, Sum(table.quantity).as_('quantity'),
                    Sum(table.moves).as_('moves'),
                    where=where, group_by=keys,
                    having=Sum(table.moves) != 0))
            rows = cursor.fetchall()
            cursor.execute(*table.delete(where=where))
            cls._insert(rows)

    @classmethod
    def _insert(cls, rows):
        "Add entries, each a row of the keys, the quantity and the moves"
        cursor = Transaction().connection.cursor()
        table = cls.__table__()
        columns = [Column(table, k) for k in [
                *cls.keys(), 'quantity', 'moves']]
        for start in range(0, len(rows), 1000):
            cursor.execute(*table.insert(
                    columns, [list(r) for r in rows[start:start + 1000]]))

    @classmethod
    def differences(cls):
        """Compare the entries with the moves.

        It is one statement: what others commit meanwhile is in both or none.

        :return: list of tuples of the keys, the quantity kept and that of
            the moves, how many moves were counted and how many there are
        """
        pool = Pool()
        Move = pool.get('stock.move')
        cursor = Transaction().connection.cursor()
        keys = cls.keys()
        entry = cls.__table__()
        parts = [entry.select(
                *[Column(entry, k).as_(k) for k in keys],
                entry.quantity.as_('kept'), Literal(0.).as_('moved'),
                entry.moves.as_('counted'), Literal(0).as_('moves'))]
        for sign, place in [(1, 'to_location'), (-1, 'from_location')]:
            move = Move.__table__()
            parts.append(move.select(
                    *[Column(move, place if k == 'location' else k).as_(k)
                        for k in keys],
                    Literal(0.).as_('kept'),
                    (move.internal_quantity * sign).as_('moved'),
                    Literal(0).as_('counted'), Literal(1).as_('moves'),
                    where=move.state == 'done'))
        union = Union(*parts, all_=True)
        columns = [Column(union, k) for k in keys]
        kept, moved, counted, moves = (
            Sum(Column(union, n)) for n in [
                'kept', 'moved', 'counted', 'moves'])
        cursor.execute(*union.select(
                *columns, kept.as_('kept'), moved.as_('moved'),
                counted.as_('counted'), moves.as_('moves'),
                group_by=columns,
                having=(Abs(kept - moved) > EPSILON) | (counted != moves)))
        return list(map(tuple, cursor.fetchall()))

    @classmethod
    def correct(cls):
        """Make the quantities those of the moves, while others go on.

        :return: the differences that there were, see differences
        """
        pool = Pool()
        Model = pool.get('ir.model')
        model = Model.__table__()
        # Of two at the same time the second would correct it again: that
        # both write a row makes the second start anew
        Transaction().connection.cursor().execute(*model.update(
                [model.name], [model.name],
                where=model.name == cls.__name__))
        differences = cls.differences()
        cls._insert([
                (*keys, moved - kept, moves - counted)
                for *keys, kept, moved, counted, moves in differences])
        return differences


_EVENTS = ['INSERT', 'UPDATE', 'DELETE']
