"""Reading a file back: whole, in part, or only to see that it is still what was put in."""

from __future__ import annotations

import hashlib
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from casefile import vault
from casefile.errors import DamagedError, RangeError
from casefile.evidence import service

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from casefile.cases.access import OpenCase
    from casefile.evidence.models import Item
    from casefile.evidence.service import EvidenceView
    from casefile.uow import Resources

CHECK_EVERY = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a file, `start` included and `stop` not, and its blocks."""

    start: int
    stop: int
    size: int
    blocks: Iterator[bytes]


def open_part(
    resources: Resources,
    case: OpenCase,
    item: Item,
    *,
    start: int | None,
    stop: int | None,
    allowed: Callable[[], bool],
) -> Part:
    """Open a file for reading; a negative start counts from its end (RFC 9110, 14.1.2).

    The seat is looked at again every 8 MiB. Raises RangeError outside the file, DamagedError
    before the first byte when the file was cut or its key does not fit.
    """
    key = service.file_key(case, item)
    reader = vault.open_sealed(resources.vault, key, case.id, item.id)
    size = reader.size
    first = 0 if start is None else max(0, size + start) if start < 0 else start
    last = size if stop is None else min(stop, size)
    if start is not None and (first >= size or first >= last):
        msg = "The asked-for part lies outside the file."
        raise RangeError(msg, size)
    blocks = reader.blocks(first, last)
    head = next(blocks, b"")
    return Part(first, last, size, _watched(head, blocks, allowed))


def _watched(head: bytes, rest: Generator[bytes], allowed: Callable[[], bool]) -> Iterator[bytes]:
    sent = len(head)
    with closing(rest):
        yield head
        for block in rest:
            sent += len(block)
            if sent >= CHECK_EVERY:
                sent = 0
                if not allowed():
                    msg = "the seat ended during the download"
                    raise ConnectionAbortedError(msg)
            yield block


def is_unchanged(resources: Resources, case: OpenCase, item: Item, shown: EvidenceView) -> bool:
    """Read the whole file again and say whether it is what was put in."""
    hashed = hashlib.sha256()
    try:
        key = service.file_key(case, item)
        for block in vault.open_sealed(resources.vault, key, case.id, item.id).blocks():
            hashed.update(block)
    except DamagedError:
        return False
    return hashed.hexdigest() == shown.sha256
