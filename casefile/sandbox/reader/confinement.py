"""What the child gives up before it sees the first byte of a stranger's file."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from casefile.sandbox.limits import Limits

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38

_OPEN_FILES = 32
_NICENESS = 10


def die_with(parent: int) -> None:
    _control(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # The parent may have gone before the line above: then nobody is left to send the signal.
    if os.getppid() != parent:
        os._exit(1)


def confine(limits: Limits) -> None:
    os.nice(_NICENESS)
    _control(_PR_SET_NO_NEW_PRIVS, 1)
    _control(_PR_SET_DUMPABLE, 0)
    _bound(resource.RLIMIT_CORE, 0)
    _bound(resource.RLIMIT_FSIZE, 0)
    if not limits.threads:
        _bound(resource.RLIMIT_NPROC, 0)
    _bound(resource.RLIMIT_NOFILE, _OPEN_FILES)
    _bound(resource.RLIMIT_AS, limits.memory_bytes)
    # A second more before the hard limit: the soft one's signal tells the parent what happened.
    _bound(resource.RLIMIT_CPU, limits.cpu_seconds, spare=1)


def _bound(what: int, most: int, *, spare: int = 0) -> None:
    _, ceiling = resource.getrlimit(what)
    hard = most + spare if ceiling == resource.RLIM_INFINITY else min(most + spare, ceiling)
    resource.setrlimit(what, (min(most, hard), hard))


def _control(option: int, value: int) -> None:
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), *[ctypes.c_ulong(0)] * 3):
        raise OSError(ctypes.get_errno(), "prctl")
