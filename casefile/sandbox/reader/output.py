"""What a reader may say: pages of clean text, within the limits, or why there is none."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from casefile.sandbox.frames import COUNT, DONE, FAILED, PAGE, READY, frame
from casefile.sandbox.reasons import Reason

if TYPE_CHECKING:
    from casefile.sandbox.limits import Limits

# Some 3,000 words: short enough to cut a snippet from quickly, long enough to hold a thought.
PART_CHARACTERS = 20_000

_NEWLINE = re.compile(r"\r\n?|[\f\v\x1c-\x1e\x85\u2028\u2029]")
_BLANK_LINES = re.compile(r"\n{3,}")
# Control characters, half surrogate pairs, non-characters; soft hyphens, because they split words.
_JUNK = re.compile(r"[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\xad\ud800-\udfff\ufeff\ufffe\uffff]")


class UnreadableError(Exception):
    """There is no text to be had, for this reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Output:
    """`page` for kinds that have pages, `write` for running text; never both in one file."""

    def __init__(self, pipe: int, limits: Limits) -> None:
        self.limits = limits
        self._pipe = pipe
        self._pages = 0
        self._characters = 0
        self._pieces: list[str] = []
        self._waiting = 0

    def ready(self) -> None:
        self._send(frame(READY))

    def page(self, text: str) -> None:
        text = _clean(text)
        self._characters += len(text)
        if self._characters > self.limits.characters:
            raise UnreadableError(Reason.TOO_MUCH_TEXT)
        if self._pages >= self.limits.pages:
            raise UnreadableError(Reason.TOO_MANY_PAGES)
        self._pages += 1
        self._send(frame(PAGE, text.encode()))

    def write(self, piece: str) -> None:
        self._pieces.append(piece)
        self._waiting += len(piece)
        if self._waiting > 2 * PART_CHARACTERS:
            self._flush(keep=PART_CHARACTERS)

    def finish(self) -> None:
        self._flush(keep=0)
        if not self._pages:
            self.page("")
        self._send(frame(DONE, COUNT.pack(self._pages)))

    def fail(self, reason: Reason) -> None:
        self._send(frame(FAILED, reason.name.encode()))

    def _flush(self, *, keep: int) -> None:
        text = "".join(self._pieces)
        start = 0
        while len(text) - start > keep:
            end = _part_end(text, start)
            if part := text[start:end].strip():
                self.page(part)
            start = end
        self._pieces = [text[start:]]
        self._waiting = len(text) - start

    def _send(self, message: bytes) -> None:
        unsent = memoryview(message)
        while unsent:
            unsent = unsent[os.write(self._pipe, unsent) :]


def _part_end(text: str, start: int) -> int:
    """Between two paragraphs if it can be had, else lines, else words."""
    end = start + PART_CHARACTERS
    if end >= len(text):
        return len(text)
    for border in ("\n\n", "\n", " "):
        found = text.rfind(border, start + PART_CHARACTERS // 2, end)
        if found > 0:
            return found + len(border)
    return end


def _clean(text: str) -> str:
    text = _JUNK.sub("", _NEWLINE.sub("\n", text))
    lines = (line.rstrip() for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n")
