"""Whether a seat still stands, asked outside a request: between the parts of a long download."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from casefile import policy
from casefile.accounts.models import User
from casefile.cases.models import CaseSeat
from casefile.db import table
from casefile.policy import Permission, Seat

if TYPE_CHECKING:
    from uuid import UUID

    from casefile.uow import Resources


_SEAT, _USER = table(CaseSeat), table(User)
_STANDS = (
    select(_SEAT.c.role, _SEAT.c.ends_at)
    .join_from(_SEAT, _USER, _USER.c.id == _SEAT.c.user_id)
    .where(
        _SEAT.c.case_id == bindparam("case_id"),
        _SEAT.c.user_id == bindparam("user_id"),
        _USER.c.disabled_at.is_(None),
    )
)


def still_seated(
    resources: Resources, case_id: UUID, user_id: UUID, permission: Permission
) -> bool:
    """Say whether this person may still do this on this case."""
    with resources.database.reading() as session:
        row = session.execute(_STANDS, {"case_id": case_id, "user_id": user_id}).first()
    if row is None or (row.ends_at is not None and row.ends_at <= resources.clock()):
        return False
    return policy.seat_may(Seat(row.role), permission)
