"""Whether a seat still stands, asked outside a request: between the parts of a long download."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from casefile import policy
from casefile.accounts.models import User
from casefile.cases.models import CaseSeat
from casefile.policy import Permission, Seat

if TYPE_CHECKING:
    from uuid import UUID

    from casefile.uow import Resources


def still_seated(
    resources: Resources, case_id: UUID, user_id: UUID, permission: Permission
) -> bool:
    """Say whether this person may still do this on this case."""
    with resources.database.reading() as session:
        row = session.execute(
            select(CaseSeat.role, CaseSeat.ends_at)
            .join(User, User.id == CaseSeat.user_id)
            .where(
                CaseSeat.case_id == case_id,
                CaseSeat.user_id == user_id,
                User.disabled_at.is_(None),
            )
        ).first()
    if row is None or (row.ends_at is not None and row.ends_at <= resources.clock()):
        return False
    return policy.seat_may(Seat(row.role), permission)
