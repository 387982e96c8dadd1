# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""What processes that run at the same time do one after the other."""
import fcntl
from contextlib import contextmanager


@contextmanager
def locked(path):
    "Let nobody else who asks for the same path go on"
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
