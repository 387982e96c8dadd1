# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Child processes that never outlive the script that started them."""
import ctypes
import os
import signal
import subprocess
import sys
from functools import partial

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == 'linux' else None


def _bind(parent, number):
    # A script started in the background ignores the interruption and would
    # pass that on
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if _libc:
        _libc.prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:
            os._exit(1)


def bound(number=signal.SIGKILL):
    """Return what a new child runs first in order to end with this process.

    On Linux the kernel sends the signal even when this process is killed;
    elsewhere this does nothing more than a child started as usual.

    :param number: the signal that ends the child
    :return: function for ``preexec_fn`` of ``subprocess.Popen``
    """
    return partial(_bind, os.getpid(), number)


def stop(process, timeout=5):
    """Interrupt a child that leads its own session, kill it if it resists.

    :param process: subprocess.Popen started with ``start_new_session``
    :param timeout: seconds to wait
    """
    try:
        process.send_signal(signal.SIGINT)
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        pass
    try:
        # It may have left children of its own
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
