"""Documents in and out, in the same confined child: a Word file as a draft, a draft as Word or PDF.

The libraries for it are large and the work may be long: neither is for the server's own process.
"""

from __future__ import annotations

import base64
import json
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any, Final

from casefile.errors import BusyError
from casefile.sandbox.extraction import command, converse
from casefile.sandbox.limits import MEBIBYTE, Limits
from casefile.sandbox.reasons import ExtractionError, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

DRAFT_BYTES: Final = 16 * MEBIBYTE
STEP: Final = 1 << 20
_DRAFT = Limits(
    input_bytes=DRAFT_BYTES,
    unpacked_bytes=128 * MEBIBYTE,
    memory_bytes=768 * MEBIBYTE,
    characters=400_000,
    cpu_seconds=20,
    seconds=40.0,
)
_MANUSCRIPT = Limits(characters=60_000_000, cpu_seconds=30, seconds=60.0)
_PAPER = Limits(
    memory_bytes=1536 * MEBIBYTE,
    characters=60_000_000,
    cpu_seconds=90,
    seconds=120.0,
    threads=True,
)
# One at a time for each process: the others go on working.
_PRESS = BoundedSemaphore(1)
BUSY: Final = (
    "Somebody else is making a document just now. Nothing was lost; try again in a moment."
)


def draft(content: bytes) -> str:
    """Return the words of a Word file as Markdown.

    Raises ExtractionError with the reason when the file cannot or must not be read.
    """
    return "\n\n".join(converse(command("draft", _DRAFT), _blocks(content), _DRAFT))


def manuscript(
    blocks: Sequence[Mapping[str, Any]], language: str, *, limits: Limits = _MANUSCRIPT
) -> bytes:
    """Return a Word file of these blocks; `reader.manuscript` says what a block is."""
    return _made("manuscript", {"blocks": blocks, "language": language}, limits)


def paper(html: str, stylesheet: str, *, limits: Limits = _PAPER) -> bytes:
    """Return a page as PDF. It loads nothing: what it shows is in these two.

    Raises ExtractionError; NOT_STARTED where the library, or libpango below it, is missing.
    """
    return _made("paper", {"html": html, "stylesheet": stylesheet}, limits)


def _made(kind: str, told: Mapping[str, Any], limits: Limits) -> bytes:
    plain = json.dumps(told, ensure_ascii=False).encode(errors="replace")
    if not _PRESS.acquire(blocking=False):
        raise BusyError(BUSY)
    try:
        pages = converse(command(kind, limits), _blocks(plain), limits)
    finally:
        _PRESS.release()
    try:
        return base64.b64decode("".join(pages), validate=True)
    except ValueError as error:
        raise ExtractionError(Reason.CRASHED) from error


def _blocks(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), STEP):
        yield content[start : start + STEP]
