"""Single entries for others to check: each with its way up to a signed checkpoint, no other with it."""

from __future__ import annotations

import base64
from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from casefile.audit import checkpoints, tree
from casefile.audit.exports import proof_text, to_json
from casefile.audit.merkle import inclusion_proof
from casefile.audit.models import Checkpoint, Entry, Stamp
from casefile.db import table
from casefile.errors import DamagedError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.audit.models import EntryRow
    from casefile.uow import Resources

_ENTRY = table(Entry)


def entries_of(
    session: Session, case_id: UUID, subject_ids: Collection[UUID], until: int
) -> Sequence[EntryRow]:
    """Return what happened to these things of a case up to an entry, oldest first."""
    wanted = (
        select(_ENTRY)
        .where(
            _ENTRY.c.case_id == case_id,
            _ENTRY.c.subject_id.in_(subject_ids),
            _ENTRY.c.sequence <= until,
        )
        .order_by(_ENTRY.c.sequence)
    )
    return session.execute(wanted).all()


class Extract:
    """Proves entries under one checkpoint, or under an earlier one that an authority has time-stamped.

    The earliest stamped checkpoint after an entry tells best by when it was there.
    """

    def __init__(self, session: Session, resources: Resources, note: str) -> None:
        self.verifier = checkpoints.signer(resources).verifier
        self.size = checkpoints.read(note, self.verifier).size
        self.notes = {self.size: note}
        self.stamps: dict[int, bytes] = {}
        self.used: set[int] = set()
        rows = session.execute(
            select(Stamp.size, Stamp.answer, Checkpoint.note)
            .join(Checkpoint, Checkpoint.size == Stamp.size)
            .where(Stamp.state == "done", Stamp.size <= self.size)
        )
        for row in rows:
            if row.answer and self._is_ours(row.size, row.note):
                self.notes[row.size], self.stamps[row.size] = row.note, row.answer
        self._stamped = sorted(self.stamps)
        self._known: dict[tuple[int, int], bytes] = {}

    def _is_ours(self, size: int, note: str) -> bool:
        try:
            return checkpoints.read(note, self.verifier).size == size
        except DamagedError:
            return False

    def prove(self, session: Session, entry: EntryRow) -> dict[str, Any]:
        """Return an entry with its path to a checkpoint; without one where the trail has a hole."""
        place = bisect_left(self._stamped, entry.sequence)
        size = self._stamped[place] if place < len(self._stamped) else self.size
        found: dict[str, Any] = {"entry": to_json(entry), "checkpoint": size, "path": None}
        try:
            path = inclusion_proof(entry.sequence - 1, size, self._hashes(session))
        except tree.MissingError:
            return found
        self.used.add(size)
        return {**found, "path": [base64.b64encode(hashed).decode() for hashed in path]}

    def proof_text(self, session: Session, sequence: int) -> str:
        """Return the proof of one entry in a form of its own (c2sp.org/tlog-proof)."""
        entry = session.execute(select(_ENTRY).where(_ENTRY.c.sequence == sequence)).one()
        found = self.prove(session, entry)
        return proof_text(found["entry"], found["path"] or (), self.notes[found["checkpoint"]])

    def _hashes(self, session: Session) -> Any:
        look_up = tree.hashes_of(session)

        def hash_of(level: int, position: int) -> bytes:
            place = (level, position)
            if place not in self._known:
                self._known[place] = look_up(level, position)
            return self._known[place]

        return hash_of
