"""What a case wants done that needs a key: ended seats taken away, travellers let in again.

There is no clock that could do it: nobody holds keys while nobody is there. So the next request of
somebody on the case does it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select
from sqlalchemy.orm import aliased

from casefile.accounts.models import User
from casefile.cases import seats, travel
from casefile.cases.models import CaseSeat
from casefile.db import table
from casefile.policy import Permission

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.uow import UnitOfWork

AT_ONCE = 5
_SEAT, _USER = table(CaseSeat), table(User)


def wait(case: OpenCase) -> bool:
    """Say whether whoever opened this case has something to do for it first."""
    return case.returning > 0 or (case.ended_seats > 0 and case.can(Permission.MEMBER_MANAGE))


def run(uow: UnitOfWork, case: OpenCase) -> None:
    """Do it. Whoever has returned gets the old keys, and the new one if one is made."""
    if case.returning:
        travel.bring_back(uow, case)
    if case.ended_seats and case.can(Permission.MEMBER_MANAGE):
        seats.remove_expired(uow, case)


def waiting(session: Session, user_id: UUID, now: datetime) -> list[UUID]:
    """Return cases of this person that have something to be done, not opened yet."""
    mine, other = aliased(CaseSeat), aliased(CaseSeat)
    return list(
        session.scalars(
            select(mine.case_id)
            .distinct()
            .join(other, other.case_id == mine.case_id)
            .join(User, User.id == other.user_id)
            .where(
                mine.user_id == user_id,
                other.user_id != user_id,
                or_(
                    other.ends_at <= now,
                    (other.travel_until <= now) & User.disabled_at.is_(None),
                ),
            )
            .limit(AT_ONCE)
        )
    )


def ending_soon(
    session: Session, case_ids: Sequence[UUID], user_id: UUID, now: datetime, until: datetime
) -> Sequence[Any]:
    """Return (case_id, name, ends_at) of others' seats on these cases that end before `until`."""
    if not case_ids:
        return []
    return session.execute(
        select(_SEAT.c.case_id, _USER.c.name, _SEAT.c.ends_at)
        .join_from(_SEAT, _USER, _USER.c.id == _SEAT.c.user_id)
        .where(
            _SEAT.c.case_id.in_(case_ids),
            _SEAT.c.user_id != user_id,
            _SEAT.c.ends_at > now,
            _SEAT.c.ends_at <= until,
        )
    ).all()
