"""Which award pays for a case: written on the newsroom's side only, by codename."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import select, update

from casefile import audit
from casefile.cases import service as cases
from casefile.errors import ConflictError, DamagedError, InvalidError, NotFoundError
from casefile.grants import awards, keeping
from casefile.grants.award_models import Award, Milestone
from casefile.milestones.models import AwardLink
from casefile.policy import Permission

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.uow import UnitOfWork

NO_AWARD = (
    "There is no award with this codename that could be linked. Ask the grant manager for it."
)
NO_LINK = "No award is linked to this case. An editor of the case can link one by its codename."


def link(uow: UnitOfWork, case: OpenCase, codename: str) -> None:
    """Say that an award pays for this case. The grant side learns that it is linked, and not to what."""
    cases.hold(uow, case, Permission.MILESTONE_RELEASE)
    award = awards.find_by_codename(uow.session, codename)
    taken = award is not None and uow.session.scalar(
        select(AwardLink.id).where(AwardLink.award_id == award.id, AwardLink.ended_at.is_(None))
    )
    if award is None or taken:
        raise InvalidError(NO_AWARD)
    if _row(uow.session, case) is not None:
        msg = "This case has an award already. End that link first."
        raise ConflictError(msg)
    row = AwardLink(
        id=uuid4(),
        case_id=case.id,
        award_id=award.id,
        generation=case.generation,
        linked_by_id=uow.actor_id,
        linked_at=uow.now,
    )
    row.record = case.newest.seal(award.id.bytes, "award_link", row.id, "award")
    uow.session.add(row)
    uow.session.flush()
    _tell_award(uow, award, "", "linked")
    audit.record(
        uow, "award.linked", subject_id=row.id, case=case, detail={"label": award.codename}
    )


def unlink(uow: UnitOfWork, case: OpenCase) -> None:
    """End the link. What was released stays released."""
    cases.hold(uow, case, Permission.MILESTONE_RELEASE)
    row, award = _row(uow.session, case), linked(uow.session, case)
    if row is None or award is None:
        raise NotFoundError(NO_LINK)
    uow.session.execute(update(AwardLink).where(AwardLink.id == row.id).values(ended_at=uow.now))
    _tell_award(uow, award, "linked", "")
    audit.record(
        uow, "award.unlinked", subject_id=row.id, case=case, detail={"label": award.codename}
    )


def _tell_award(uow: UnitOfWork, award: Award, before: str, after: str) -> None:
    actor, uow.actor_id = uow.actor_id, None  # the grant side learns of no person of the newsroom
    try:
        keeping.write_event(uow, award, "newsroom", before, after)
    finally:
        uow.actor_id = actor


def _row(session: Session, case: OpenCase) -> AwardLink | None:
    return session.scalar(
        select(AwardLink)
        .where(AwardLink.case_id == case.id, AwardLink.ended_at.is_(None))
        .order_by(AwardLink.linked_at.desc())
        .limit(1)
    )


def linked(session: Session, case: OpenCase) -> Award | None:
    """Return the award of this case. DamagedError when the link was not made by somebody on it."""
    row = _row(session, case)
    if row is None:
        return None
    told = case.key(row.generation).open(row.record, "award_link", row.id, "award")
    if told != row.award_id.bytes:
        msg = "The award of this case was changed outside Casefile. Tell the administrator."
        raise DamagedError(msg)
    return session.get(Award, row.award_id)


def milestone_of(session: Session, case: OpenCase, milestone_id: UUID) -> tuple[Award, Milestone]:
    """Return this milestone of this case's award; NotFoundError for every other one."""
    award = linked(session, case)
    milestone = (
        session.scalar(
            select(Milestone).where(Milestone.award_id == award.id, Milestone.id == milestone_id)
        )
        if award is not None
        else None
    )
    if award is None or milestone is None:
        raise NotFoundError(keeping.NOT_THERE)
    return award, milestone


def cases_of(session: Session, award_id: UUID) -> Sequence[UUID]:
    """Return the case an award is linked to: for telling its editors, and for nobody's page."""
    return session.scalars(
        select(AwardLink.case_id).where(
            AwardLink.award_id == award_id, AwardLink.ended_at.is_(None)
        )
    ).all()
