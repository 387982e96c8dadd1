# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Ways to the server, described so that a process can be told of them."""
import datetime as dt
import multiprocessing
import os
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass

from .trade_server import LocalServer, Refused, remote

# The modules hold more records of a transaction than the default keeps
CACHE = {'transaction': '50', 'record': '20000'}


@dataclass(frozen=True)
class Local:
    """A database in this process.

    :ivar config: path of the configuration file of trytond
    :ivar backend: 'sqlite' or 'postgresql'
    :ivar name: of the database
    :ivar processes: how many write, None for as many as it allows
    """
    config: str
    backend: str
    name: str
    processes: int = None

    @contextmanager
    def server(self):
        """Yield the connected server.

        :raises Refused: there is no such database or no company in it
        """
        yield LocalServer(self.proteus())

    def proteus(self):
        from proteus import config as proteus_config
        try:
            config = proteus_config.set_trytond(
                f'{self.backend}:///{self.name}', user='admin',
                config_file=str(self.config))
        except Exception as error:
            # Each driver has its own exceptions
            raise Refused(
                f"the database {self.name!r} can not be opened: "
                + str(error).strip().splitlines()[0]) from error
        User = config.get_proxy('res.user')
        config._context = User.get_preferences(True, {})
        config.skip_warning = True
        return config

    @property
    def workers(self):
        "SQLite lets one write at a time"
        if self.backend == 'sqlite':
            return 1
        return self.processes or min(2, os.cpu_count())


@dataclass(frozen=True)
class Remote:
    """A running server.

    :ivar url: ``http[s]://user@host[:port]/database``
    """
    url: str
    password: str
    workers: int = 1

    def server(self):
        return remote(self.url, self.password)

    def proteus(self):
        from proteus import config as proteus_config
        return proteus_config.get_config()


def create_database(
        database, password, edition, name, currency, first, last):
    """Make a database with a company ready to trade, or nothing.

    :param database: tools.database.Database that does not exist
    :param first: first day that the fiscal years cover
    :param last: last day
    :raises Refused: it can not be made
    """
    context = multiprocessing.get_context('spawn')
    try:
        with database.replaced() as draft:
            draft.activate([edition], password=password)
            # Nobody may be connected when it takes its place
            process = context.Process(
                target=_set_up, args=(
                    draft, name, currency, dt.date(first.year, 1, 1),
                    dt.date(last.year, 12, 31)))
            process.start()
            process.join()
            if process.exitcode:
                raise Refused("the company could not be set up")
    except subprocess.CalledProcessError as error:
        raise Refused(f"{edition} could not be activated") from error


def _set_up(database, name, currency, first, last):
    import tempfile
    from pathlib import Path

    from .company import connect, setup_company
    with tempfile.TemporaryDirectory() as folder:
        config = connect(
            database, database.write_config(Path(folder) / 'trytond.conf'))
        setup_company(
            config, name, currency, 'en', fiscalyears=(first, last),
            warehouses=[("Warehouse", 'WH', False)],
            cost_price_method='fixed', stock_accounting=False)
