"""Entries: append-only, each bound to the one before it by SHA-256 and a leaf of the tree."""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import (
    bindparam,
    desc,
    func,
    insert,
    select,
    union_all,
)

from casefile import keys
from casefile.audit import tree
from casefile.audit.models import Entry
from casefile.db import table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import CompoundSelect, Row, Select
    from sqlalchemy.orm import Session

    from casefile.audit.models import EntryRow
    from casefile.uow import UnitOfWork

FIRST = b"\0" * 32
DETAIL_LABEL = "audit-detail"


class CaseKeys(Protocol):
    """What the trail needs of a case: its id and its keys by generation."""

    @property
    def id(self) -> UUID: ...
    @property
    def generation(self) -> int: ...
    def key(self, generation: int) -> keys.CaseKey: ...


@dataclass(frozen=True, slots=True)
class Broken:
    """Where the chain does not hold, and how."""

    sequence: int
    reason: str


_ENTRY = table(Entry)
_LAST = select(_ENTRY.c.sequence, _ENTRY.c.hash).order_by(_ENTRY.c.sequence.desc()).limit(1)
_APPEND = insert(_ENTRY)


def record(
    uow: UnitOfWork,
    action: str,
    *,
    subject_id: UUID | None = None,
    case: CaseKeys | None = None,
    case_id: UUID | None = None,
    detail: Mapping[str, Any] | None = None,
) -> int:
    """Append one entry to the trail in this change and return its sequence number.

    The detail of an entry in a case is sealed under the case's audit-detail key.
    """
    session = uow.session
    last = session.execute(_LAST).first()
    sequence, previous = (last.sequence + 1, last.hash) if last else (1, FIRST)
    generation = case.generation if case and detail else None
    sealed = _seal(sequence, case, detail) if detail else None
    row: dict[str, Any] = {
        "sequence": sequence,
        "at": uow.now,
        "actor_id": uow.actor_id,
        "action": action,
        "case_id": case.id if case else case_id,
        "subject_id": subject_id,
        "generation": generation,
        "detail": sealed,
        "previous_hash": previous,
    }
    hashed = entry_hash(**row)
    session.execute(_APPEND, {**row, "hash": hashed})
    tree.append(session, sequence, hashed, previous)
    return sequence


def _seal(sequence: int, case: CaseKeys | None, detail: Mapping[str, Any]) -> bytes:
    plain = json.dumps(detail, ensure_ascii=False, separators=(",", ":")).encode()
    if case is None:
        return plain
    key = case.key(case.generation).derive(DETAIL_LABEL)
    return keys.wrap(key, plain, "audit_entry", sequence, case.id)


def open_detail(entry: EntryRow, case: CaseKeys) -> dict[str, Any]:
    """Return what an entry of this case was about, for somebody who holds its key."""
    if entry.detail is None or entry.generation is None:
        return {}
    key = case.key(entry.generation).derive(DETAIL_LABEL)
    opened = json.loads(keys.unwrap(key, entry.detail, "audit_entry", entry.sequence, case.id))
    return opened if isinstance(opened, dict) else {}


def entry_hash(
    *,
    sequence: int,
    at: datetime,
    actor_id: UUID | None,
    action: str,
    case_id: UUID | None,
    subject_id: UUID | None,
    generation: int | None,
    detail: bytes | None,
    previous_hash: bytes,
) -> bytes:
    """Hash every field of an entry, each with its length before it, and the hash before."""
    parts = (
        b"casefile audit 1",
        str(sequence).encode(),
        at.astimezone(UTC).isoformat(timespec="microseconds").encode(),
        actor_id.bytes if actor_id else b"",
        action.encode(),
        case_id.bytes if case_id else b"",
        subject_id.bytes if subject_id else b"",
        b"" if generation is None else str(generation).encode(),
        detail or b"",
        previous_hash,
    )
    hashed = hashlib.sha256()
    for part in parts:
        hashed.update(len(part).to_bytes(8, "big"))
        hashed.update(part)
    return hashed.digest()


def verify(
    session: Session,
    *,
    batch: int = 2000,
    show: Callable[[Sequence[Entry]], object] | None = None,
) -> Iterator[Broken | int]:
    """Walk the whole chain; yield every break found, and the running count after each batch.

    Each batch is shown to whoever else wants to look at every entry.
    """
    expected, previous, after = 1, FIRST, 0
    while True:
        entries = session.scalars(
            select(Entry).where(Entry.sequence > after).order_by(Entry.sequence).limit(batch)
        ).all()
        if not entries:
            break
        for entry in entries:
            if entry.sequence != expected:
                yield Broken(expected, f"missing up to {entry.sequence - 1}")
            if entry.previous_hash != previous:
                yield Broken(entry.sequence, "does not follow from the entry before it")
            if entry.hash != hash_of(entry):
                yield Broken(entry.sequence, "was changed after it was written")
            expected, previous, after = entry.sequence + 1, entry.hash, entry.sequence
        if show is not None:
            show(entries)
        session.expunge_all()
        yield after


def holds(newest_first: Sequence[EntryRow]) -> bool:
    """Say whether entries that stand side by side are unchanged and follow from one another."""
    return all(entry.hash == hash_of(entry) for entry in newest_first) and all(
        (later.sequence, later.previous_hash) == (earlier.sequence + 1, earlier.hash)
        for later, earlier in pairwise(newest_first)
    )


def hash_of(entry: EntryRow) -> bytes:
    return entry_hash(
        sequence=entry.sequence,
        at=entry.at,
        actor_id=entry.actor_id,
        action=entry.action,
        case_id=entry.case_id,
        subject_id=entry.subject_id,
        generation=entry.generation,
        detail=entry.detail,
        previous_hash=entry.previous_hash,
    )


def entries(
    session: Session,
    *,
    case_id: UUID | None = None,
    subject_id: UUID | None = None,
    offset: int = 0,
    limit: int = 50,
) -> Sequence[EntryRow]:
    """Return entries newest first: of one case, of one thing in it, or of all."""
    wanted = _newest(of_case=case_id is not None, of_subject=subject_id is not None)
    asked = {"case_id": case_id, "subject_id": subject_id, "offset": offset, "limit": limit}
    return session.execute(wanted, asked).all()


@functools.cache
def _newest(*, of_case: bool, of_subject: bool) -> Select[*tuple[Any, ...]]:
    wanted = select(_ENTRY).order_by(_ENTRY.c.sequence.desc())
    if of_case:
        wanted = wanted.where(_ENTRY.c.case_id == bindparam("case_id"))
    if of_subject:
        wanted = wanted.where(_ENTRY.c.subject_id == bindparam("subject_id"))
    return wanted.offset(bindparam("offset")).limit(bindparam("limit"))


def latest(
    session: Session, case_ids: Sequence[UUID], *, without: Iterable[str], limit: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the newest entries over several cases, except for these actions."""
    if not case_ids:
        return []
    asked = {f"case_{number}": case_id for number, case_id in enumerate(case_ids)}
    wanted = _newest_over(len(case_ids), tuple(sorted(without)))
    return session.execute(wanted, {**asked, "limit": limit}).all()


@functools.cache
def _newest_over(
    cases: int, without: tuple[str, ...]
) -> Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]:
    """Merge the entries of each case, which an index gives in order, until there are enough."""
    each = [
        select(_ENTRY).where(
            _ENTRY.c.case_id == bindparam(f"case_{number}"),
            *(_ENTRY.c.action != action for action in without),
        )
        for number in range(cases)
    ]
    every = union_all(*each) if cases > 1 else each[0]
    return every.order_by(desc("sequence")).limit(bindparam("limit"))


def count(session: Session, *, case_id: UUID | None = None) -> int:
    """Count entries of one case or of all."""
    wanted = select(func.count()).select_from(Entry)
    if case_id is not None:
        wanted = wanted.where(Entry.case_id == case_id)
    return session.scalar(wanted) or 0
