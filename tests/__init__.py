# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What concerns the whole distribution.

``scripts/test`` runs each ``tests/test_*.py``. A suite runs on SQLite only
unless it says ``BACKENDS = ['sqlite', 'postgresql']`` at the top level; then
``tests.tools`` gives it databases of the one that is its turn. ``ENGINE``
names the tests that depend on the engine, the others run on SQLite alone. The
suites of the modules run on both unless they say otherwise. Suites with the
same ``LANE`` run one after the other: the first makes the database from which
all of them start.
"""
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# The scripts import their tools as ``tools``
sys.path.insert(0, str(ROOT / 'scripts'))
