"""Checkpoints: what the trail was at a size, signed by the newsroom (c2sp.org/tlog-checkpoint)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from casefile import keys
from casefile.audit import stamps, tree
from casefile.audit.chain import hash_of, record
from casefile.audit.merkle import Growing, leaf_hash, root
from casefile.audit.models import Checkpoint, Entry
from casefile.db import table
from casefile.errors import ConflictError, DamagedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy.orm import Session

    from casefile.keys import NoteSigner, NoteVerifier
    from casefile.uow import Resources, UnitOfWork

EVERY = timedelta(minutes=10)
ENTRIES_BETWEEN = 1000
BATCH = 500
# More entries than this since the last checkpoint are not looked through for a page.
SHOWN_ENTRIES = 300

_ENTRY, _CHECKPOINT = table(Entry), table(Checkpoint)
_NEWEST = select(_CHECKPOINT).order_by(_CHECKPOINT.c.size.desc())


@dataclass(frozen=True, slots=True)
class Head:
    """How many entries there are, and the root of the tree over them."""

    size: int
    root: bytes

    @property
    def root_text(self) -> str:
        return base64.b64encode(self.root).decode()

    def text(self, origin: str) -> str:
        return f"{origin}\n{self.size}\n{self.root_text}\n"

    @classmethod
    def of(cls, text: str, origin: str) -> Head:
        """Read the text of a checkpoint. DamagedError when it is none of this newsroom."""
        lines = text.split("\n")
        try:
            found = cls(int(lines[1]), base64.b64decode(lines[2], validate=True))
        except (IndexError, ValueError, binascii.Error):
            raise DamagedError(_NO_CHECKPOINT) from None
        if found.text(origin) != text:
            raise DamagedError(_NO_CHECKPOINT)
        return found


class MismatchError(Exception):
    """The trail is not what it was, and where that shows."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a page says about the trail."""

    holds: bool
    size: int
    checkpoint: Head | None = None
    last_at: datetime | None = None
    """When the last entry under the checkpoint was made."""


def signer(resources: Resources) -> NoteSigner:
    """Return the newsroom's signing key, which follows from the pepper and lies in no database."""
    return keys.NoteSigner("casefile", keys.derive(resources.pepper, "checkpoint"))


def read(note: str, verifier: NoteVerifier) -> Head:
    """Return what a checkpoint says. DamagedError when the newsroom did not sign it."""
    return Head.of(verifier.open(note), verifier.name)


def newest(session: Session, verifier: NoteVerifier) -> tuple[Head, str, datetime] | None:
    """Return the newest checkpoint that the newsroom signed, its text, and when; others are planted."""
    for row in session.execute(_NEWEST):
        try:
            head = read(row.note, verifier)
        except DamagedError:
            continue
        if head.size == row.size:
            return head, row.note, row.signed_at
    return None


def grown(session: Session, since: Head | None, *, most: int | None = None) -> Growing:
    """Return the tree as it is, from a checkpoint's root on through every entry made since.

    Raises MismatchError when the subtrees do not give that root, or an entry since does not hold.
    """
    try:
        hashes = tree.hashes_of(session)
        now = Growing(since.size, hashes) if since else Growing()
        last = _hash_at(session, now.size)
    except tree.MissingError as missing:
        msg = f"entry {missing} is missing"
        raise MismatchError(msg) from None
    if since and now.root != since.root:
        msg = f"the first {since.size} entries are not those that were signed"
        raise MismatchError(msg)
    for row in _entries(session, now.size, most):
        fits = (row.sequence, row.previous_hash, row.hash) == (now.size + 1, last, hash_of(row))
        if not fits:
            msg = f"entry {now.size + 1} does not follow from the one before it"
            raise MismatchError(msg)
        now.add(leaf_hash(row.hash))
        last = row.hash
    return now


def _hash_at(session: Session, sequence: int) -> bytes:
    if not sequence:
        return bytes(32)
    found = session.scalar(select(_ENTRY.c.hash).where(_ENTRY.c.sequence == sequence))
    if found is None:
        raise tree.MissingError(sequence)
    return bytes(found)


def _entries(session: Session, after: int, most: int | None) -> Iterator[Entry]:
    left = most
    while left is None or left > 0:
        rows = session.execute(
            select(_ENTRY)
            .where(_ENTRY.c.sequence > after)
            .order_by(_ENTRY.c.sequence)
            .limit(BATCH if left is None else min(BATCH, left))
        ).all()
        if not rows:
            return
        yield from rows  # type: ignore[misc]
        after = rows[-1].sequence
        left = None if left is None else left - len(rows)


def sign(uow: UnitOfWork, *, anew: bool = False) -> str:
    """Sign the trail as it is and keep the checkpoint; return its text.

    Raises ConflictError when the trail is not a continuation of the newest checkpoint: a log that
    signs two histories is worth nothing. `anew`, after a break was looked into, makes the tree
    again out of the entries, says so in the trail, and signs that.
    """
    own = signer(uow.resources)
    if anew:
        now = _resume(uow, own.verifier)
    else:
        last = newest(uow.session, own.verifier)
        try:
            now = grown(uow.session, last[0] if last else None)
        except MismatchError as found:
            msg = (
                f"The trail is not a continuation of its newest checkpoint: {found}. Nothing was signed. "
                "Keep a copy of the instance folder and run `casefile audit verify`; once you know what "
                "happened, `casefile audit checkpoint --anew` goes on from what is there."
            )
            raise ConflictError(msg) from None
        if last and last[0].size == now.size:
            return last[1]
    note = own.sign(Head(now.size, now.root).text(own.verifier.name))
    uow.session.execute(delete(_CHECKPOINT).where(_CHECKPOINT.c.size == now.size))
    uow.session.execute(insert(_CHECKPOINT), {"size": now.size, "note": note, "signed_at": uow.now})
    stamps.ask_for(uow, now.size)
    return note


def _resume(uow: UnitOfWork, verifier: NoteVerifier) -> Growing:
    """Make the tree again and set aside, in the trail, the checkpoints that do not fit it."""
    try:
        now = tree.rebuild(uow.session)
    except tree.MissingError as missing:
        msg = (
            f"Entry {missing} is missing, so there is no whole trail to sign. Restore a backup that has "
            "it; nothing was changed."
        )
        raise ConflictError(msg) from None
    hashes, aside = tree.hashes_of(uow.session), []
    for row in uow.session.execute(_NEWEST).all():
        try:
            head = read(row.note, verifier)
        except DamagedError:
            head = None
        if head and head.size == row.size <= now.size and root(head.size, hashes) == head.root:
            continue
        aside.append(row)
    sizes = [row.size for row in aside]
    uow.session.execute(delete(_CHECKPOINT).where(_CHECKPOINT.c.size.in_(sizes)))
    stamps.set_aside(uow, sizes)
    detail = {"set_aside": sizes, "newest": aside[0].note if aside else ""}
    record(uow, "trail.resumed", detail=detail)
    return grown(uow.session, Head(now.size, now.root))


def sign_when_due(uow: UnitOfWork) -> None:
    """Sign when the newest checkpoint is ten minutes or a thousand entries old. Never refuses."""
    last = newest(uow.session, signer(uow.resources).verifier)
    if last is not None:
        head, _note, at = last
        few = tree.size(uow.session) - head.size < ENTRIES_BETWEEN
        if few and timedelta() <= uow.now - at < EVERY:
            return
    try:
        sign(uow)
    except ConflictError:
        return  # whoever compares says so to the person


def standing(session: Session, resources: Resources) -> Standing:
    """Say for a page whether the trail holds: the newest checkpoint, and what came after it."""
    size = tree.size(session)
    last = newest(session, signer(resources).verifier)
    if last is None:
        return Standing(holds=True, size=size)
    head = last[0]
    at = session.scalar(select(Entry.at).where(Entry.sequence == head.size))
    try:
        grown(session, head, most=SHOWN_ENTRIES)
    except MismatchError:
        return Standing(holds=False, size=size, checkpoint=head, last_at=at)
    return Standing(holds=True, size=size, checkpoint=head, last_at=at)


_NO_CHECKPOINT = "This is not a checkpoint of this newsroom. Run `casefile audit verify`."
