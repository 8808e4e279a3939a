"""Reads a stranger's file in a child process that has nothing, and gives back its text."""

from __future__ import annotations

import base64
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import casefile
from casefile.sandbox.formats import READERS, REPAINTED
from casefile.sandbox.frames import Answer, NonsenseError
from casefile.sandbox.limits import Limits
from casefile.sandbox.reasons import ExtractionError, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_PIPE_BYTES = 1 << 16
_STANDARD = Limits()
_MAKING = Limits(input_bytes=64 << 20, characters=64_000_000, pages=200)

# Isolated Python does not look in the checkout, and must not: this loads the very package that is
# running here, from where it lies, and puts nothing else of that folder within reach of an import.
_START = """\
import sys
from importlib.util import module_from_spec, spec_from_file_location
folder = sys.argv[1]
spec = spec_from_file_location(
    "casefile", folder + "/__init__.py", submodule_search_locations=[folder]
)
sys.modules["casefile"] = module_from_spec(spec)
spec.loader.exec_module(sys.modules["casefile"])
from casefile.sandbox.reader import main
main(sys.argv[2:])
"""


def extract(media_type: str, blocks: Iterable[bytes], *, limits: Limits = _STANDARD) -> list[str]:
    """The text, page by page; kinds without pages come in parts of a few thousand words.

    A scanned page is an empty string. What `blocks` raises is raised here, and nothing returned.
    """
    if media_type not in READERS:
        raise ExtractionError(Reason.UNREADABLE_KIND)
    return converse(command(media_type, limits), blocks, limits)


def as_pictures(media_type: str, blocks: Iterable[bytes]) -> bytes:
    """Return a PDF made anew of what is seen of this file, without anything else that was in it."""
    maker = REPAINTED.get(media_type)
    if maker is None:
        raise ExtractionError(Reason.UNREADABLE_KIND)
    pieces = converse(command(maker, _MAKING), blocks, _MAKING)
    try:
        return b"".join(base64.b64decode(piece, validate=True) for piece in pieces)
    except ValueError as error:
        raise ExtractionError(Reason.CRASHED) from error


def command(media_type: str, limits: Limits) -> Sequence[str]:
    """Return how the child is started for this kind of work."""
    folder = str(Path(casefile.__file__).resolve().parent)
    settings = json.dumps(asdict(limits))
    python = [sys.executable, "-I", "-X", "utf8", "-c", _START]
    return [*python, folder, media_type, settings, str(os.getpid())]


def converse(command: Sequence[str], blocks: Iterable[bytes], limits: Limits) -> list[str]:
    """Give `command` the blocks, check its answer. It is dead when this returns or raises."""
    answer = Answer(limits)
    with _started(command) as child:
        try:
            status = _talk(child, _Feed(blocks, limits.input_bytes), answer, limits.seconds)
        except NonsenseError as error:
            raise ExtractionError(Reason.CRASHED) from error
    if answer.reason:
        raise ExtractionError(answer.reason)
    if answer.complete and status == 0:
        return answer.pages
    if status == -signal.SIGXCPU:
        raise ExtractionError(Reason.TOO_SLOW)
    raise ExtractionError(Reason.CRASHED if answer.ready else Reason.NOT_STARTED)


@contextmanager
def _started(command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    try:
        child = subprocess.Popen(  # noqa: S603  our own interpreter with fixed arguments
            command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={},
            close_fds=True,
            start_new_session=True,
        )
    except OSError as error:
        raise ExtractionError(Reason.NOT_STARTED) from error
    try:
        yield child
    finally:
        # Only before it is reaped: afterwards the number may belong to somebody else.
        if child.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.kill()
            child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe:
                pipe.close()


class _Feed:
    """Pushes the blocks into a pipe as fast as it takes them, and no faster."""

    def __init__(self, blocks: Iterable[bytes], limit: int) -> None:
        self._blocks = iter(blocks)
        self._left = limit
        self._pending = memoryview(b"")

    def push(self, pipe: int) -> bool:
        """False once there is nothing more to give, or nobody who takes it."""
        while not self._pending:
            block = next(self._blocks, None)
            if block is None:
                return False
            self._left -= len(block)
            if self._left < 0:
                raise ExtractionError(Reason.TOO_LARGE)
            self._pending = memoryview(block)
        try:
            written = os.write(pipe, self._pending[:_PIPE_BYTES])
        except BlockingIOError:
            return True
        except BrokenPipeError:
            return False
        self._pending = self._pending[written:]
        return True


def _talk(child: subprocess.Popen[bytes], feed: _Feed, answer: Answer, seconds: float) -> int:
    """Write and read by turns in this one thread, so neither side can block the other."""
    if child.stdin is None or child.stdout is None:
        raise ExtractionError(Reason.NOT_STARTED)
    deadline = time.monotonic() + seconds
    for pipe in (child.stdin, child.stdout):
        os.set_blocking(pipe.fileno(), False)
    with selectors.DefaultSelector() as ready:
        ready.register(child.stdin, selectors.EVENT_WRITE)
        ready.register(child.stdout, selectors.EVENT_READ)
        while True:
            events = {key.fd for key, _ in ready.select(deadline - time.monotonic())}
            if time.monotonic() >= deadline:
                raise ExtractionError(Reason.TOO_SLOW)
            if child.stdout.fileno() in events:
                received = os.read(child.stdout.fileno(), _PIPE_BYTES)
                if not received:
                    break
                answer.feed(received)
            if not child.stdin.closed and child.stdin.fileno() in events:
                asked = time.monotonic()
                if not feed.push(child.stdin.fileno()):
                    ready.unregister(child.stdin)
                    child.stdin.close()
                deadline += time.monotonic() - asked
    try:
        return child.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired as error:
        raise ExtractionError(Reason.TOO_SLOW) from error
