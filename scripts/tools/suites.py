# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Find the suites of tests and run them, each in a process of its own."""
import ast
import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from .database import SETUP_OPTIONS
from .environment import PYTHON, ROOT, say
from .process import bound, stop

MODULE_BACKENDS = ['sqlite', 'postgresql']
CLIENTS = ['browser', 'desktop']
# Modules whose suites start from what those of another one leave
LANES = {'jxc_erp': 'jxc'}
# Seconds after which nobody is believed to use a cache of other sources
CACHE_LIFE = 4 * 60 * 60


class SuiteError(Exception):
    "Raised when what is asked for does not exist"


class Suite(NamedTuple):
    """What unittest loads by name.

    :param name: dotted name
    :param backends: of the databases on which it runs
    :param module: in which it is, None for those of the whole
    :param client: that it drives, None for most
    :param lane: name of those that run one after the other, because they
        start from the same database
    """
    name: str
    backends: list
    module: str = None
    client: str = None
    lane: str = None


class Step(NamedTuple):
    """What a process does.

    :param title: what is printed
    :param backend: of the databases
    :param arguments: of tests.runner
    :param seconds: that it is supposed to take when it never ran
    """
    title: str
    backend: str
    arguments: list
    seconds: int = 60


def find_suites(root=ROOT):
    "Return the suites of each module and of the whole"
    suites = []
    for path in sorted(root.glob('modules/*/tests/test_*.py')):
        module = path.parent.parent.name
        # Views, access and translations are the same on every database
        backends = (
            ['sqlite'] if path.stem == 'test_module' else MODULE_BACKENDS)
        suites.append(_suite(
                path, f'trytond.modules.{module}.tests.{path.stem}',
                backends, module=module, lane=LANES.get(module, module)))
    for path in sorted(root.glob('tests/test_*.py')):
        suites.append(_suite(path, f'tests.{path.stem}', ['sqlite']))
    for client in CLIENTS:
        for path in sorted(root.glob(f'tests/{client}/test_*.py')):
            suites.append(_suite(
                    path, f'tests.{client}.{path.stem}', ['sqlite'],
                    client=client))
    return suites


def _suite(path, name, backends, lane=None, **values):
    "Return the suite with what it says about itself, without importing it"
    said = {}
    for node in ast.parse(path.read_text(encoding='utf-8')).body:
        if isinstance(node, ast.Assign):
            constant = getattr(node.targets[0], 'id', None)
            if constant in {'BACKENDS', 'LANE'}:
                said[constant] = ast.literal_eval(node.value)
    return Suite(
        name, said.get('BACKENDS', backends),
        lane=said.get('LANE', lane or name), **values)


def select(suites, names, clients):
    """Return the suites that the names mean.

    :param suites: list of suites
    :param names: of modules, suites or their tests; all when empty
    :param clients: whose suites to run when no name is given
    :raises SuiteError: a name means nothing
    """
    if not names:
        return [s for s in suites if not s.client or s.client in clients]
    selected = []
    for name in names:
        if name.endswith('.py'):
            name = name.removesuffix('.py').replace('/', '.')
        found = [s for s in suites if name in {s.module, s.name}]
        found += [
            s._replace(name=name) for s in suites
            if name.startswith(s.name + '.')]
        if not found:
            raise SuiteError(
                f"{name!r} is neither a module nor a suite: there are "
                + ', '.join(sorted(
                        {s.module for s in suites if s.module}
                        | {s.name for s in suites if not s.module})))
        selected += [s for s in found if s not in selected]
    return selected


def fingerprint():
    "Return a digest of all on which the database of a module depends"
    digest = hashlib.sha256()
    for path in sorted((ROOT / 'modules').rglob('*')):
        parts = path.relative_to(ROOT).parts
        if (path.suffix in {'.py', '.xml', '.cfg', '.po', '.svg', '.fodt'}
                and not path.name.startswith(('test_', 'scenario_'))
                and 'doc' not in parts):
            digest.update(repr(parts).encode())
            digest.update(path.read_bytes())
    for distribution in sorted(
            f'{d.name} {d.version}'
            for d in importlib.metadata.distributions()
            if d.name.startswith(('trytond', 'proteus'))):
        digest.update(distribution.encode())
    return digest.hexdigest()[:16]


class Run:
    """One run of the tests.

    :param folder: for what is kept: the cache, the logs
    :param patterns: of unittest's -k
    :param failfast: stop at the first failure
    :param timeout: seconds that a process may take
    """

    def __init__(self, folder, patterns=None, failfast=False, timeout=1800):
        self.folder = folder
        self.options = [
            f'-k{p}' if '*' in p else f'-k*{p}*' for p in patterns or []]
        self.failfast = failfast
        if failfast:
            self.options.append('--failfast')
        self.timeout = timeout
        self.log = folder / 'log'
        self.log.mkdir(parents=True, exist_ok=True)
        self.cache = _open_cache(folder / 'cache')
        self._servers = {}
        self._lacks = {}
        self._times_file = folder / 'times.json'
        try:
            self._times = json.loads(self._times_file.read_text())
        except (FileNotFoundError, ValueError):
            self._times = {}
        self._count = 0
        self._done = 0
        self.passed = 0
        self.failed = []
        self.skipped = []

    def use(self, backend, uri):
        "Run on the backend, its server has the URI"
        self._servers[backend] = uri

    def lack(self, backend, reason):
        "Report what should run on the backend as skipped"
        self._lacks[backend] = reason

    def __call__(self, suites, jobs):
        """Run the suites, those that take longest first.

        :param suites: list of suites
        :param jobs: how many processes at the same time
        """
        lanes = sorted(
            self._plan(suites), key=lambda lane: sum(
                self._times.get(f'{s.backend} {s.title}', s.seconds)
                for s in lane),
            reverse=True)
        total = sum(map(len, lanes))
        running = {}
        try:
            with tempfile.TemporaryDirectory() as folder:
                while lanes or running:
                    while lanes and len(running) < jobs:
                        lane = iter(lanes.pop(0))
                        self._start(lane, running, folder)
                    for process in list(running):
                        lane, step, start, outcome = running[process]
                        late = time.monotonic() - start > self.timeout
                        if process.poll() is None and not late:
                            continue
                        stop(process)
                        del running[process]
                        self._finish(
                            step, time.monotonic() - start, total,
                            self._read(step, process, outcome, late))
                        if self.failfast and self.failed:
                            return
                        self._start(lane, running, folder)
                    time.sleep(0.1)
        finally:
            for process in running:
                stop(process)
            self._times_file.write_text(json.dumps(self._times))

    def _plan(self, suites):
        """Return lists of steps.

        Steps of a list share a cached database and must follow each other.
        """
        lanes = defaultdict(list)
        for backend in self._servers:
            for suite in suites:
                if backend not in suite.backends:
                    continue
                lane = lanes[backend, suite.lane]
                if suite.module:
                    activation = Step(
                        f'activation of {suite.module}', backend,
                        ['--activate', suite.module])
                    if activation not in lane:
                        lane.append(activation)
                lane.append(Step(
                        suite.name, backend, [suite.name, *self.options],
                        60 if suite.module else 300))
        for backend, reason in self._lacks.items():
            self.skipped += [
                (f'{s.name} on {backend}', reason) for s in suites
                if backend in s.backends]
        return list(lanes.values())

    def _start(self, lane, running, folder):
        "Start the next step of the lane if there is one"
        step = next(lane, None)
        if not step:
            return
        self._count += 1
        outcome = Path(folder) / f'{self._count}.json'
        with open(self._log(step), 'wb') as log:
            process = subprocess.Popen([
                    str(PYTHON), '-m', 'tests.runner', str(outcome),
                    *step.arguments],
                cwd=ROOT, env=self._environ(step), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
                preexec_fn=bound())
        running[process] = lane, step, time.monotonic(), outcome

    def _log(self, step):
        name = step.title.replace(' ', '_')
        return self.log / f'{step.backend}-{name}.log'

    def _environ(self, step):
        "Return the environment of the process, nobody else's settings in it"
        environ = {
            name: value for name, value in os.environ.items()
            if not name.startswith(('TRYTOND_', 'DB_', 'PG'))}
        environ.update(
            PYTHONUTF8='1',
            TEST_BACKEND=step.backend,
            TEST_CACHE=str(self.cache),
            TEST_FOLDER=str(self.folder),
            TRYTOND_DATABASE_URI=self._servers[step.backend])
        if step.backend == 'sqlite':
            environ.update(DB_NAME=':memory:', DB_CACHE=str(self.cache))
        else:
            environ.update(
                DB_NAME=f'test_jxc_{os.getpid()}_{self._count}',
                DB_CACHE='postgresql://',
                PGOPTIONS=(
                    SETUP_OPTIONS if '--activate' in step.arguments
                    else '-c jit=off'))
        return environ

    def _read(self, step, process, outcome, late):
        "Return what the process wrote, or how it ended"
        if late:
            reason = f"It took longer than {self.timeout:.0f} seconds."
        elif outcome.exists():
            return json.loads(outcome.read_text(encoding='utf-8'))
        else:
            reason = f"It ended with code {process.returncode}."
        lines = self._log(step).read_text(errors='replace').splitlines()
        return {
            'passed': 0, 'skipped': [],
            'failed': [(step.title, '\n'.join([*lines[-30:], reason]))]}

    def _finish(self, step, seconds, total, outcome):
        self._times[f'{step.backend} {step.title}'] = seconds
        self._done += 1
        self.passed += outcome['passed']
        for name in ['failed', 'skipped']:
            getattr(self, name).extend(
                (f'{test} on {step.backend}', text)
                for test, text in outcome[name])
        counts = [f"{outcome['passed']} passed"]
        counts += [
            f"{len(outcome[n])} {n}" for n in ['failed', 'skipped']
            if outcome[n]]
        say(
            f"[{self._done:3}/{total}] {seconds:7.1f} s  "
            f"{step.backend:10}  {step.title}: {', '.join(counts)}")
        for test, text in outcome['failed']:
            _say_failure(f'{test} on {step.backend}', text)

    def report(self):
        """Print the failures, the skipped and the summary.

        :return: exit code
        """
        for name, text in self.failed:
            _say_failure(name, text)
        if self.skipped:
            say("")
        for name, reason in self.skipped:
            say(f"SKIPPED {name}: {reason}")
        nothing = not (self.passed or self.failed or self.skipped)
        if nothing:
            say("\nNo test has such a name.")
        say(
            f"\n{self.passed} passed, {len(self.failed)} failed, "
            f"{len(self.skipped)} skipped")
        return int(bool(self.failed or nothing))


def _say_failure(name, text):
    say(f"\n{'=' * 70}\nFAILED {name}\n{'-' * 70}\n{text.rstrip()}")


def _open_cache(folder):
    "Return the cache of the present sources, without those of past ones"
    cache = folder / fingerprint()
    cache.mkdir(parents=True, exist_ok=True)
    os.utime(cache)
    for other in folder.iterdir():
        if time.time() - other.stat().st_mtime > CACHE_LIFE:
            shutil.rmtree(other, ignore_errors=True)
    return cache
