"""A story came out: the editors of its case hear which commitments can be opened now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from casefile import policy
from casefile.cases.models import CaseSeat
from casefile.errors import DamagedError
from casefile.grants.award_models import Milestone
from casefile.grants.award_states import EvidenceClass
from casefile.milestones import content, links
from casefile.milestones.models import MilestoneOpening, MilestoneSecret, MilestoneSubmission
from casefile.notices import service as notices
from casefile.policy import Permission, Seat

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.grants.award_models import Award
    from casefile.uow import UnitOfWork

KIND: Final = "commitment.waits"


def follow(uow: UnitOfWork, case: OpenCase) -> None:
    """Tell who may open them, the one who published too. What is damaged keeps no story back."""
    try:
        award = links.linked(uow.session, case)
        waiting = _waiting(uow.session, case, award) if award is not None else []
    except DamagedError:
        return
    people = _openers(uow, case) if waiting else []
    for milestone in waiting:
        label = f"{award.codename} M{milestone.number}" if award else ""
        path = f"/cases/{case.id}/milestones/{milestone.id}"
        notices.tell(uow, people, KIND, notices.Thing(label, path, case.id), to_me_too=True)


def _waiting(session: Session, case: OpenCase, award: Award) -> list[Milestone]:
    """Return the milestones of this award with a commitment of this case that is closed still."""
    rows = session.execute(
        select(Milestone, MilestoneSubmission.content)
        .join(MilestoneSubmission, MilestoneSubmission.milestone_id == Milestone.id)
        .join(MilestoneSecret, MilestoneSecret.submission_id == MilestoneSubmission.id)
        .outerjoin(MilestoneOpening, MilestoneOpening.submission_id == MilestoneSubmission.id)
        .where(
            Milestone.award_id == award.id,
            MilestoneSecret.case_id == case.id,
            MilestoneOpening.submission_id.is_(None),
        )
        .order_by(Milestone.number)
    )
    found = {
        milestone.id: milestone
        for milestone, text in rows
        if content.read(text).part(EvidenceClass.COMMITMENT)
    }
    return list(found.values())


def _openers(uow: UnitOfWork, case: OpenCase) -> list[UUID]:
    seats = uow.session.execute(
        select(CaseSeat.user_id, CaseSeat.role).where(
            CaseSeat.case_id == case.id,
            CaseSeat.ends_at.is_(None) | (CaseSeat.ends_at > uow.now),
        )
    )
    return [
        seat.user_id
        for seat in seats
        if policy.seat_may(Seat(seat.role), Permission.MILESTONE_RELEASE)
    ]
