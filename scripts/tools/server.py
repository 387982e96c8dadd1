# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Run trytond and trytond-cron for one database on this machine only."""
import json
import signal
import socket
import subprocess
import time
import urllib.request

from .environment import BIN
from .process import bound, stop

HOST = '127.0.0.1'
# Seconds in which a server of all modules answers even on a busy machine
START_TIMEOUT = 120


class ServerError(Exception):
    "Raised with the reason why the server does not run"


def check_port(port):
    """Check that a server can listen on the port.

    :raises ServerError: it can not
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise ServerError(
                f"The server can not listen on port {port} "
                f"({error.strerror}): give another with --port.")


class Server:
    """The processes that serve a database.

    :param database: tools.database.Database
    :param config_file: configuration of trytond that listens on the port
    :param port: TCP port
    :param log: path of the file that takes what the processes say
    """

    def __init__(self, database, config_file, port, log):
        self.database = database
        self.config_file = config_file
        self.port = port
        self.log = log
        self._processes = []

    def __enter__(self):
        "Start and wait until the server answers"
        self.log.write_text('')
        try:
            self._start('trytond')
            self._wait_answer()
            # Later than trytond in order to leave it the processors
            self._start('trytond-cron', '-n', '1')
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception):
        for process in reversed(self._processes):
            stop(process)

    def wait(self):
        """Wait as long as trytond runs.

        :raises ServerError: it ended by itself
        """
        process = self._processes[0]
        process.wait()
        raise ServerError(self._obituary(process))

    def _start(self, program, *options):
        with open(self.log, 'a') as log:
            self._processes.append(subprocess.Popen([
                        str(BIN / program), '-v', '-c', str(self.config_file),
                        '-d', self.database.name, *options],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    start_new_session=True,
                    preexec_fn=bound(signal.SIGINT)))

    def _wait_answer(self):
        process, = self._processes
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise ServerError(self._obituary(process))
            if answers(self.port):
                return
            time.sleep(0.1)
        raise ServerError(
            f"trytond does not answer after {START_TIMEOUT} seconds: "
            f"see {self.log}")

    def _obituary(self, process):
        lines = self.log.read_text(errors='replace').splitlines()[-5:]
        return '\n'.join([
                *lines,
                f"trytond ended with code {process.returncode}: "
                f"see {self.log}"])


def answers(port):
    "Return the version of the server that answers on the port, or None"
    request = urllib.request.Request(
        f'http://{HOST}:{port}/rpc/',
        json.dumps({
                'id': 0, 'method': 'common.server.version', 'params': [],
                }).encode(),
        {'Content-Type': 'application/json'})
    # Whatever proxy the environment names does not lead to this machine
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=5) as response:
            return json.load(response)['result']
    except (OSError, ValueError, KeyError):
        return None
