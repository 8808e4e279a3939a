"""What each person last saw of the trail, so that a trail cut or rewritten behind them is noticed.

Sealed with the person's own keys: whoever writes into the database can neither read nor make one.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, func, select

from casefile import keys
from casefile.audit import checkpoints, tree
from casefile.audit.chain import record
from casefile.audit.merkle import consistency_proof, continues, root
from casefile.audit.models import Checkpoint, Entry, Memory
from casefile.db import Identity, table
from casefile.errors import DamagedError

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.keys import Bundle
    from casefile.uow import Resources, UnitOfWork

_KEY, _SIZE, _ROOT = 32, 8, 32
_MEMORY = table(Memory)
# A column that refers to another table learns its type from there, after this is read.
_ALARM = select(_MEMORY.c.alarm).where(_MEMORY.c.user_id == bindparam("user_id", type_=Identity()))


@dataclass(frozen=True, slots=True)
class Seen:
    """The newsroom's key, the size and the root that somebody saw."""

    public: bytes
    size: int
    root: bytes

    def seal(self, bundle: Bundle, user_id: UUID) -> bytes:
        plain = self.public + self.size.to_bytes(_SIZE, "big") + self.root
        return keys.wrap(bundle.derive("trail memory"), plain, "audit_memory", user_id)

    @classmethod
    def open(cls, sealed: bytes, bundle: Bundle, user_id: UUID) -> Seen:
        plain = keys.unwrap(bundle.derive("trail memory"), sealed, "audit_memory", user_id)
        size = int.from_bytes(plain[_KEY : _KEY + _SIZE], "big")
        return cls(plain[:_KEY], size, plain[_KEY + _SIZE :])


def now(session: Session, resources: Resources) -> Seen:
    """Return the trail as it is. MissingError when entries are gone that the tree needs."""
    size = tree.size(session)
    public = checkpoints.signer(resources).verifier.public
    return Seen(public, size, root(size, tree.hashes_of(session)))


def compare(session: Session, resources: Resources, seen: Seen) -> str:
    """Say what is wrong with the trail for somebody who saw this of it; empty when nothing is.

    `key`: signed with another key. `shorter`: entries at its end are gone. `changed`: no
    continuation (RFC 6962, 2.1.2) of what was seen.
    """
    try:
        present = now(session, resources)
        if seen.public != present.public:
            return "key"
        if seen.size > present.size:
            return "shorter"
        if not seen.size:
            return ""
        proof = consistency_proof(seen.size, present.size, tree.hashes_of(session))
    except tree.MissingError:
        return "changed"
    fits = continues(seen.size, present.size, seen.root, present.root, proof)
    return "" if fits else "changed"


def meet(uow: UnitOfWork, user_id: UUID, bundle: Bundle) -> None:
    """Somebody comes or goes: compare the trail with what they last saw, and remember it anew.

    What does not fit is entered in the trail and stays remembered until they accept it.
    """
    uow.session.flush()
    checkpoints.sign_when_due(uow)
    kept = uow.session.get(Memory, user_id)
    if kept is None:
        found = "removed" if _was_here(uow.session, user_id) else ""
    elif kept.alarm:
        return
    else:
        try:
            seen = Seen.open(kept.sealed, bundle, user_id)
        except DamagedError:
            found = "unreadable"
        else:
            found = compare(uow.session, uow.resources, seen)
    if not found and not remember(uow, user_id, bundle):
        found = "changed"
    if found:
        raise_alarm(uow, user_id, found)


def raise_alarm(uow: UnitOfWork, user_id: UUID, found: str) -> None:
    """Enter that the trail is not what this person saw, and show it to them from now on."""
    kept = uow.session.get(Memory, user_id)
    if kept is None:
        uow.session.add(Memory(user_id=user_id, sealed=b"", alarm=found))
    else:
        kept.alarm = found
    uow.session.flush()
    record(uow, "trail.mistrusted", subject_id=user_id, detail={"found": found})


def remember(uow: UnitOfWork, user_id: UUID, bundle: Bundle) -> bool:
    """Remember the trail as it is now; False when entries are missing, so that it is no whole."""
    try:
        sealed = now(uow.session, uow.resources).seal(bundle, user_id)
    except tree.MissingError:
        return False
    kept = uow.session.get(Memory, user_id)
    if kept is None:
        uow.session.add(Memory(user_id=user_id, sealed=sealed, alarm=""))
    else:
        kept.sealed, kept.alarm = sealed, ""
    uow.session.flush()
    return True


def accept(uow: UnitOfWork, user_id: UUID, bundle: Bundle) -> None:
    """Go on from the trail as it is: the person has looked into what did not fit.

    With a hole in the trail there is nothing to go on from: the next sign-in says so again.
    """
    record(uow, "trail.accepted", subject_id=user_id)
    kept = uow.session.get(Memory, user_id)
    if not remember(uow, user_id, bundle) and kept is not None:
        kept.alarm = ""


def alarm(session: Session, user_id: UUID) -> str:
    """Return what did not fit for this person and is not accepted yet."""
    return session.execute(_ALARM, {"user_id": user_id}).scalar() or ""


def memory_of_browser(session: Session, resources: Resources, bundle: Bundle, user_id: UUID) -> str:
    """Write the trail as it is down for the person's browser; nothing when entries are missing."""
    try:
        seen = now(session, resources)
    except tree.MissingError:
        return ""
    return base64.urlsafe_b64encode(seen.seal(bundle, user_id)).decode()


def seen_by_browser(text: str, bundle: Bundle, user_id: UUID) -> Seen | None:
    """Read what a browser remembers; None when it is not this person's."""
    try:
        return Seen.open(base64.b64decode(text, altchars=b"-_", validate=True), bundle, user_id)
    except (binascii.Error, ValueError, DamagedError):
        return None


def _was_here(session: Session, user_id: UUID) -> bool:
    """Say whether somebody without a memory must have had one: they came after the first checkpoint.

    The entry of the session that is just being opened does not count.
    """
    first = session.scalar(select(func.min(Checkpoint.size)))
    if first is None:
        return False
    came = session.scalar(
        select(func.count())
        .select_from(Entry)
        .where(
            Entry.subject_id == user_id, Entry.action == "session.opened", Entry.sequence >= first
        )
    )
    return (came or 0) > 1
