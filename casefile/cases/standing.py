"""Whether a seat still stands, asked outside a request: between the parts of a long download."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, exists, or_, select

from casefile import policy
from casefile.accounts.models import SignInSession, User
from casefile.cases.models import CaseSeat
from casefile.db import table
from casefile.policy import Permission, Seat

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.uow import Resources


_SEAT, _USER, _SESSION = table(CaseSeat), table(User), table(SignInSession)
_STANDS = (
    select(_SEAT.c.role, _SEAT.c.ends_at)
    .join_from(_SEAT, _USER, _USER.c.id == _SEAT.c.user_id)
    .where(
        _SEAT.c.case_id == bindparam("case_id"),
        _SEAT.c.user_id == bindparam("user_id"),
        _SEAT.c.travel_until.is_(None),
        _USER.c.disabled_at.is_(None),
        _USER.c.ends_at.is_(None) | (_USER.c.ends_at > bindparam("now")),
        exists().where(
            _SESSION.c.id == bindparam("session_id", type_=_SESSION.c.id.type),
            _SESSION.c.user_id == _USER.c.id,
            _SESSION.c.auth_epoch == _USER.c.auth_epoch,
        ),
    )
)


def seated(session: Session, user_id: UUID, now: datetime) -> Sequence[UUID]:
    """Return on which cases a person has a seat that is not over or given up for a journey."""
    return session.scalars(
        select(_SEAT.c.case_id).where(
            _SEAT.c.user_id == user_id,
            or_(_SEAT.c.ends_at.is_(None), _SEAT.c.ends_at > now),
            or_(_SEAT.c.travel_until.is_(None), _SEAT.c.travel_until <= now),
        )
    ).all()


def sign_in_of(session: Session, cookie_digest: bytes) -> UUID | None:
    """Return what stays of a session when the password is given again and the cookie changes."""
    wanted = select(_SESSION.c.id).where(_SESSION.c.cookie_digest == cookie_digest)
    return session.scalar(wanted)


def still_seated(
    resources: Resources,
    case_id: UUID,
    user_id: UUID,
    session_id: UUID | None,
    permission: Permission,
) -> bool:
    """Say whether this person, in this session of theirs, may still do this on this case."""
    now = resources.clock()
    asked = {"case_id": case_id, "user_id": user_id, "session_id": session_id, "now": now}
    with resources.database.reading() as session:
        row = session.execute(_STANDS, asked).first()
    if row is None or (row.ends_at is not None and row.ends_at <= now):
        return False
    return policy.seat_may(Seat(row.role), permission)
