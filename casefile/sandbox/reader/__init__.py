"""The child process: loads one reader, gives up every right, then reads one file from its input.

A reader is a module named in `formats.READERS` with `extract(file, output)`. It is imported, with
all that Python will need, before the rights are given up; it sees the first byte of the file after.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING

from casefile.sandbox import charsets
from casefile.sandbox.formats import MAKERS, READERS
from casefile.sandbox.limits import Limits
from casefile.sandbox.reader import confinement
from casefile.sandbox.reader.output import Output, UnreadableError
from casefile.sandbox.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

_PIPE_BYTES = 1 << 16


def main(arguments: Sequence[str]) -> None:
    media_type, settings, parent = arguments
    limits = Limits(**json.loads(settings))
    confinement.die_with(int(parent))
    extract = import_module(f"{__name__}.{READERS.get(media_type) or MAKERS[media_type]}").extract
    charsets.load_tables()
    output = Output(_private_stdout(), limits)
    # Until here compiled modules may be cached for the next child; now nothing may be written.
    sys.dont_write_bytecode = True
    confinement.confine(limits)
    output.ready()
    try:
        extract(_received(), output)
        output.finish()
    except UnreadableError as refusal:
        output.fail(refusal.reason)
    except MemoryError:
        output.fail(Reason.TOO_MUCH_MEMORY)
    except RecursionError:
        output.fail(Reason.DAMAGED)
    except Exception:  # noqa: BLE001  whatever it was, the file did it, and the parent must hear
        output.fail(Reason.CRASHED)
    # No exit handlers: libraries that fall over while cleaning up would spoil a good answer.
    os._exit(0)


def _private_stdout() -> int:
    """Our answer goes out alone: what a library prints goes where its errors go."""
    answer = os.dup(1)
    os.dup2(2, 1)
    return answer


def _received() -> BytesIO:
    file = BytesIO()
    while block := os.read(0, _PIPE_BYTES):
        file.write(block)
    file.seek(0)
    return file
