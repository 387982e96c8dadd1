# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Run Tryton as in production: gunicorn and a worker for the queue."""
import os
import socket
import subprocess
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

from .environment import BIN
from .process import bound, stop


class ServiceError(Exception):
    "Raised when a process ended or did not begin to answer"


def free_port():
    "Return a TCP port of the loopback that nobody uses"
    with socket.socket() as sock:
        sock.bind(('127.0.0.1', 0))
        return sock.getsockname()[1]


@contextmanager
def _process(command, log, **environ):
    with open(log, 'wb') as file:
        process = subprocess.Popen(
            command, env=os.environ | environ, stdin=subprocess.DEVNULL,
            stdout=file, stderr=subprocess.STDOUT, start_new_session=True,
            preexec_fn=bound())
    try:
        yield process
    finally:
        stop(process)


def _wait(process, port, log, timeout=120):
    "Wait until the process listens"
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        with socket.socket() as sock:
            if not sock.connect_ex(('127.0.0.1', port)):
                return
        time.sleep(0.1)
    raise ServiceError(
        "The server does not answer:\n" + Path(log).read_text()[-2000:])


@contextmanager
def serve(database, folder, **sections):
    """Serve a database on PostgreSQL with one web and one queue process.

    :param database: tools.database.Database
    :param folder: for the configuration and the logs
    :param sections: options of the configuration by section
    :yields: the URL
    """
    folder = Path(folder)
    sections.setdefault('queue', {})['worker'] = 'True'
    sections.setdefault('cache', {})['clean_timeout'] = '0'
    config = database.write_config(
        folder / f'{database.name}.conf', **sections)
    port = free_port()
    log = folder / f'{database.name}-web.log'
    with ExitStack() as stack:
        web = stack.enter_context(_process([
                    str(BIN / 'gunicorn'), '--no-control-socket',
                    '--worker-class', 'gthread', '--workers', '1',
                    '--threads', '2', '--timeout', '0',
                    '--keep-alive', '86400',
                    '--bind', f'127.0.0.1:{port}',
                    'trytond.application:app'],
                log, TRYTOND_CONFIG=str(config),
                TRYTOND_DATABASE_NAMES=database.name))
        stack.enter_context(_process([
                    str(BIN / 'trytond-worker'), '-c', str(config),
                    '-d', database.name, '-n', '1'],
                folder / f'{database.name}-worker.log'))
        _wait(web, port, log)
        yield f'http://127.0.0.1:{port}'
