# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""The benchmark, run in small on a PostgreSQL cluster of its own."""
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from . import ROOT

from tools.postgresql import (  # noqa: E402 isort:skip
    PostgreSQLMissing, find_binaries)

BENCHMARK = [sys.executable, str(ROOT / 'scripts' / 'benchmark')]
PLAIN, RAW = 'plain Tryton', 'raw SQL'
# The sides of each workload and to what their ratios are
WORKLOADS = {
    'order_to_cash': ({PLAIN, 'jxc'}, PLAIN),
    'procure_to_receive': ({PLAIN, 'jxc'}, PLAIN),
    'return': ({PLAIN, 'jxc'}, PLAIN),
    'list_orders': ({PLAIN, 'jxc'}, PLAIN),
    'on_hand': ({PLAIN, 'jxc', RAW}, RAW),
    'on_hand_page': ({PLAIN, 'jxc', RAW}, RAW),
    'on_hand_one': ({PLAIN, 'jxc', RAW}, RAW),
    'approve': ({PLAIN, 'jxc'}, PLAIN),
    'list_approvals': ({PLAIN, 'jxc'}, PLAIN),
    'alerts': ({'jxc', RAW}, RAW),
    'budget_on_change': ({PLAIN, 'jxc'}, PLAIN),
    }
# Seconds
TIMEOUT = 900


def benchmark(*options):
    return subprocess.run(
        [*BENCHMARK, *options], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=TIMEOUT)


class BenchmarkTestCase(unittest.TestCase):
    "Test the benchmark"

    def test_quick(self):
        "Test that each workload runs on all sides with the same end"
        try:
            find_binaries()
        except PostgreSQLMissing as error:
            self.skipTest(str(error))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / 'benchmark.json'
            result = benchmark('--quick', '--json', str(path))
            self.assertEqual(
                result.returncode, 0, result.stdout + result.stderr)
            lines = json.loads(path.read_text())

        self.assertIn(
            "Both sides ended with the same documents", result.stdout)
        # Three orders for each of two workloads and the page of drafts
        for text in [
                '86 sales', '3 done deliveries', '3 done receipts',
                '3 done customer returns', '3 paid invoices',
                '3 posted invoices']:
            self.assertIn(text, result.stdout)
        self.assertEqual({l['workload'] for l in lines}, WORKLOADS.keys())
        for workload, (sides, reference) in WORKLOADS.items():
            with self.subTest(workload):
                found = {
                    l['side']: l for l in lines if l['workload'] == workload}
                self.assertEqual(found.keys(), sides)
                for line in found.values():
                    self.check_line(line, found[reference])

    def check_line(self, line, reference):
        self.assertEqual(line['runs'], 2)
        self.assertGreater(line['median_seconds'], 0)
        self.assertGreaterEqual(line['spread_seconds'], 0)
        self.assertEqual(line['ratio_to'], reference['side'])
        self.assertAlmostEqual(
            line['ratio'],
            line['median_seconds'] / reference['median_seconds'])
        if line['side'] != RAW:
            self.assertGreater(line['statements'], 0)
        self.assertTrue(line['machine'])
        self.assertRegex(line['date'], r'^\d{4}-\d\d-\d\d$')
        self.assertIn('trytond', line['versions'])
        self.assertIn('PostgreSQL', line['versions'])

    def test_unknown_workload(self):
        "Test that an unknown workload is named before anything is made"
        result = benchmark('order_to_moon')
        self.assertEqual(result.returncode, 2)
        self.assertIn("no workload 'order_to_moon'", result.stderr)
        self.assertIn('order_to_cash', result.stderr)

    def test_missing_folder(self):
        "Test that the file of the results is checked first"
        result = benchmark('--json', '/nonexistent/benchmark.json')
        self.assertEqual(result.returncode, 2)
        self.assertIn('/nonexistent/benchmark.json', result.stderr)
