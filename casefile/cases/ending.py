"""A seat that its own holder ends: they look no more, and the next request of a lead makes a new key."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import update

from casefile import audit
from casefile.cases import seats
from casefile.cases.models import CaseSeat
from casefile.policy import Seat

if TYPE_CHECKING:
    from casefile.cases.access import OpenCase
    from casefile.uow import UnitOfWork


def end_mine(uow: UnitOfWork, case: OpenCase) -> None:
    """End the reader's seat of whoever acts, now. Another kind of seat stays as it is.

    Who leaves must not make the key that comes next, so that waits for somebody who stays.
    """
    members = seats.members_of(uow, case)
    mine = next((one for one in members if one.user_id == uow.actor_id), None)
    if mine is None or mine.role is not Seat.READER:
        return
    ended = [replace(one, ends_at=uow.now) if one is mine else one for one in members]
    uow.session.execute(
        update(CaseSeat)
        .where(CaseSeat.case_id == case.id, CaseSeat.user_id == uow.actor_id)
        .values(ends_at=uow.now)
    )
    uow.session.expire_all()
    seats.write_manifest(uow, case, ended)
    audit.record(
        uow, "seat.changed", subject_id=uow.actor_id, case=case, detail={"role": mine.role.value}
    )
