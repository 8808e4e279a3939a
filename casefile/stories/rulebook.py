"""The rules in force: as an administrator set and signed them last, or as the settings have them.

Whoever writes into the database could let allegations pass with one support. So a row counts only
with the signature of somebody whose keys were certified as an administrator's, and only if the newest
entry of the trail about the rules is about it: planted, cut out or set back, it does not count, and
nothing is approved until an administrator has looked.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import bindparam, func, insert, select

from casefile import audit, keys
from casefile.accounts import certificates
from casefile.accounts import service as accounts
from casefile.accounts.models import User
from casefile.audit import Entry
from casefile.db import table
from casefile.errors import ConflictError, DamagedError, ForbiddenError, InvalidError
from casefile.notices import service as notices
from casefile.policy import Permission, roles_may
from casefile.stories.models import RuleBook
from casefile.stories.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from casefile.config import Settings
    from casefile.uow import UnitOfWork

CHANGED: Final = "rules.changed"
PLACE: Final = "/admin/story-rules"
# What the trail calls the rules, of which there is one set.
SUBJECT: Final = UUID("73746f72-7972-8000-8000-72756c657300")
NOT_CERTIFIED = (
    "Your keys are not certified as an administrator's, so nobody could tell that you changed the "
    "rules. Ask the founder to give you the role of administrator."
)
NOTHING_CHANGED = "These are the rules already. Nothing was changed."
_BOOK, _ENTRY = table(RuleBook), table(Entry)
_NEWEST = select(_BOOK).order_by(_BOOK.c.number.desc()).limit(1)
_LAST_ENTRY = (
    select(_ENTRY.c.detail)
    .where(_ENTRY.c.subject_id == bindparam("subject_id"), _ENTRY.c.action == CHANGED)
    .order_by(_ENTRY.c.sequence.desc())
    .limit(1)
)
_LISTED = (
    select(_BOOK)
    .order_by(_BOOK.c.number.desc())
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)
_COUNTED = select(func.count()).select_from(_BOOK)


class RulesChangedError(ConflictError):
    """Somebody changed the rules since the page was opened."""

    def __init__(self) -> None:
        super().__init__("Somebody changed the rules while you were at it. Theirs hold now.")


@dataclass(frozen=True, slots=True)
class Edition:
    """A set of rules as somebody put it into force. `proven` is false where nobody signed for it."""

    rules: Rules
    set_by_name: str
    set_at: datetime
    reason: str
    proven: bool


def in_force(session: Session, anchor: bytes, settings: Settings) -> Rules:
    """Return the rules that hold now; those of the settings, not `proven`, where that is in doubt."""
    row = session.execute(_NEWEST).first()
    last = session.execute(_LAST_ENTRY, {"subject_id": SUBJECT}).first()
    if row is None and last is None:
        return Rules.of(settings)
    if row is None or last is None or not _is_newest(row, last.detail):
        return replace(Rules.of(settings), proven=False)
    if not _is_signed(session, anchor, row):
        return replace(Rules.of(settings), proven=False)
    return _read(row)


def _is_newest(row: Any, detail: bytes | None) -> bool:
    try:
        told = json.loads(detail or b"{}")
    except ValueError:
        return False
    return bool(told == _detail(row))


def _detail(row: Any) -> dict[str, Any]:
    return {"number": row.number, "digest": keys.digest(_statement(row)).hex()}


def _statement(row: Any) -> bytes:
    return keys.packed(
        "casefile story rules",
        row.number,
        row.set_by_id,
        row.set_at.astimezone(UTC).isoformat(timespec="microseconds"),
        row.rules,
        row.reason,
    )


def _is_signed(session: Session, anchor: bytes, row: Any) -> bool:
    known = certificates.administrator_keys(session, anchor, row.set_by_id, row.certificate)
    for public in known:
        try:
            public.verify(row.signature, _statement(row))
        except DamagedError:
            continue
        return True
    return False


def _read(row: Any) -> Rules:
    told: dict[str, Any] = json.loads(row.rules)
    return Rules(**told, edition=row.number)


def editions(session: Session, anchor: bytes, *, offset: int = 0, limit: int = 20) -> list[Edition]:
    """Return what the rules were, newest first."""
    rows = session.execute(_LISTED, {"offset": offset, "limit": limit}).all()
    names = accounts.names(session, {row.set_by_id for row in rows})
    return [_edition(session, anchor, row, names.get(row.set_by_id, "")) for row in rows]


def _edition(session: Session, anchor: bytes, row: Any, name: str) -> Edition:
    proven = _is_signed(session, anchor, row)
    try:
        rules = _read(row)
    except (ValueError, TypeError):
        rules, proven = Rules(edition=row.number), False
    return Edition(rules, name, row.set_at, row.reason, proven)


def count(session: Session) -> int:
    return session.scalar(_COUNTED) or 0


def newest(session: Session) -> int:
    """Return the number of the newest edition, 0 when nobody set any."""
    row = session.execute(_NEWEST).first()
    return row.number if row else 0


def change(uow: UnitOfWork, rules: Rules, *, reason: str, base: int) -> None:
    """Put rules into force, signed, over edition `base`.

    Raises RulesChangedError when there is a newer one, ForbiddenError for somebody whose keys nobody
    certified as an administrator's.
    """
    if uow.bundle is None or uow.actor_id is None:
        raise ForbiddenError(NOT_CERTIFIED)
    session, anchor = uow.session, uow.bundle.anchor
    number = newest(session)
    if number != base:
        raise RulesChangedError
    now = in_force(session, anchor, uow.resources.settings)
    if now.proven and now.told() == rules.told():
        raise InvalidError(NOTHING_CHANGED)
    row = RuleBook(
        number=number + 1,
        rules=json.dumps(rules.told(), sort_keys=True),
        reason=reason,
        set_by_id=uow.actor_id,
        set_at=uow.now,
        certificate=session.scalar(select(User.certificate).where(User.id == uow.actor_id)) or b"",
    )
    row.signature = uow.bundle.sign(_statement(row))
    if not _is_signed(session, anchor, row):
        raise ForbiddenError(NOT_CERTIFIED)
    session.execute(insert(RuleBook), {column.key: getattr(row, column.key) for column in _BOOK.c})
    audit.record(uow, CHANGED, subject_id=SUBJECT, detail=_detail(row))
    notices.tell(uow, _newsroom(session), CHANGED, notices.Thing(f"{number + 1}", PLACE))


def _newsroom(session: Session) -> Sequence[UUID]:
    rows = session.execute(select(User.id, User.roles)).all()
    return [
        row.id for row in rows if roles_may(accounts.roles_of(row.roles), Permission.RULES_READ)
    ]
