"""Members on a journey: they hold no key, and somebody who does must stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from casefile.cases.models import CaseSeat
from casefile.errors import ConflictError
from casefile.policy import Seat

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from casefile.cases.access import OpenCase
    from casefile.cases.seats import Member
    from casefile.uow import UnitOfWork


def travelling_on(uow: UnitOfWork, case: OpenCase) -> set[UUID]:
    """Return who has given up their keys for a journey: they get no new ones before they return."""
    return set(
        uow.session.scalars(
            select(CaseSeat.user_id).where(
                CaseSeat.case_id == case.id, CaseSeat.travel_until.is_not(None)
            )
        )
    )


def check_somebody_here(uow: UnitOfWork, case: OpenCase, members: Sequence[Member]) -> None:
    """Travellers hold no key: somebody else must, and be able to let them in again."""
    travelling = travelling_on(uow, case)
    if travelling and not any(
        m.role in {Seat.LEAD, Seat.EDITOR} and m.ends_at is None and m.user_id not in travelling
        for m in members
    ):
        msg = (
            "Whoever is travelling needs somebody here to let them in again. Keep a lead or editor "
            "without a last day on the case until they are back."
        )
        raise ConflictError(msg)
