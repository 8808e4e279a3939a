"""The form of the child's answer: length-prefixed frames, believed only while they make sense.

READY, then any number of PAGE, then either FAILED with a reason or DONE with the page count.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

from casefile.sandbox.reasons import Reason

if TYPE_CHECKING:
    from casefile.sandbox.limits import Limits

READY = b"R"
PAGE = b"P"
FAILED = b"F"
DONE = b"D"

COUNT = struct.Struct(">I")

_HEADER = struct.Struct(">cI")
_LONGEST_CHARACTER = 4
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def frame(kind: bytes, body: bytes = b"") -> bytes:
    return _HEADER.pack(kind, len(body)) + body


class NonsenseError(Exception):
    """The child said something the reader never says, so nothing it said counts."""


class Answer:
    """What the child has said so far. The child may be in a stranger's hands: check everything."""

    def __init__(self, limits: Limits) -> None:
        self.pages: list[str] = []
        self.ready = False
        self.done = False
        self.reason: Reason | None = None
        self._limits = limits
        self._characters_left = limits.characters
        self._unread = bytearray()

    @property
    def complete(self) -> bool:
        return self.done and not self._unread

    def feed(self, received: bytes) -> None:
        self._unread += received
        while len(self._unread) >= _HEADER.size:
            kind, length = _HEADER.unpack_from(self._unread)
            if length > self._longest(kind):
                raise NonsenseError
            end = _HEADER.size + length
            if len(self._unread) < end:
                return
            body = bytes(memoryview(self._unread)[_HEADER.size : end])
            del self._unread[:end]
            self._take(kind, body)

    def _longest(self, kind: bytes) -> int:
        """The length this frame may have here; a frame out of turn may have none."""
        if self.done or self.reason:
            raise NonsenseError
        if kind == READY and not self.ready:
            return 0
        if not self.ready:
            raise NonsenseError
        if kind == PAGE and len(self.pages) < self._limits.pages:
            return self._characters_left * _LONGEST_CHARACTER
        if kind == FAILED:
            return max(map(len, Reason.__members__))
        if kind == DONE:
            return COUNT.size
        raise NonsenseError

    def _take(self, kind: bytes, body: bytes) -> None:
        if kind == READY:
            self.ready = True
        elif kind == PAGE:
            self._take_page(body)
        elif kind == FAILED:
            self._take_reason(body)
        elif body == COUNT.pack(len(self.pages)):
            self.done = True
        else:
            raise NonsenseError

    def _take_page(self, body: bytes) -> None:
        try:
            page = body.decode()
        except UnicodeDecodeError as error:
            raise NonsenseError from error
        self._characters_left -= len(page)
        if self._characters_left < 0 or _CONTROL.search(page):
            raise NonsenseError
        self.pages.append(page)

    def _take_reason(self, body: bytes) -> None:
        try:
            reason = Reason[body.decode("ascii")]
        except (KeyError, UnicodeDecodeError) as error:
            raise NonsenseError from error
        # Who says this has started, and would be started again and again.
        if reason is Reason.NOT_STARTED:
            raise NonsenseError
        self.reason = reason
