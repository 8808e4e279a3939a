"""Milestones as the grant side sees them: submitted by the newsroom, accepted or returned here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casefile.errors import ConflictError, InvalidError
from casefile.grants import awards, keeping, payments, teams
from casefile.grants.award_models import Award, Milestone
from casefile.grants.award_states import (
    MILESTONE_MOVES,
    OPEN_MILESTONE,
    RUNNING,
    MilestoneState,
    Obstacle,
)
from casefile.grants.separation import keep_apart
from casefile.notices import service as notices
from casefile.policy import Permission

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.uow import UnitOfWork

NOT_RUNNING = "The award is not active, so its milestones rest."


def get(session: Session, milestone_id: UUID) -> tuple[Award, Milestone]:
    milestone = keeping.get(session, Milestone, milestone_id)
    return keeping.get(session, Award, milestone.award_id), milestone


def _held(uow: UnitOfWork, milestone_id: UUID, base: int | None) -> tuple[Award, Milestone]:
    milestone = keeping.held(uow, Milestone, milestone_id, base)
    award = keeping.get(uow.session, Award, milestone.award_id)
    if award.state not in RUNNING:
        raise ConflictError(NOT_RUNNING)
    return award, milestone


def is_late(milestone: Milestone, today: date) -> bool:
    """Say whether the newsroom owes it since before today. Nobody sets this: it is computed."""
    return milestone.state in OPEN_MILESTONE and milestone.due_on < today


def submit(uow: UnitOfWork, milestone_id: UUID) -> None:
    """Take what the newsroom released. The event names nobody: the grant side knows a codename."""
    award, milestone = _held(uow, milestone_id, None)
    milestone.submitted_at = uow.now
    milestone.waiver_by_id, milestone.waiver_reason = None, ""
    actor, uow.actor_id = uow.actor_id, None
    try:
        keeping.move(
            uow, milestone, MilestoneState.SUBMITTED, MILESTONE_MOVES, "milestone.received"
        )
    finally:
        uow.actor_id = actor
    awards.forget_reminders(uow, award, milestone)
    people = teams.who_may(uow.session, Permission.MILESTONE_DECIDE, uow.now)
    notices.tell(uow, people, "milestone.released", awards.thing_of(award, milestone))


def accept(uow: UnitOfWork, milestone_id: UUID, base: int, attesters: list[UUID]) -> None:
    """Accept what was submitted: its payment is due. Whoever attested it may not."""
    award, milestone = _held(uow, milestone_id, base)
    keep_apart(
        uow.actor_id,
        attesters,
        "You attested this milestone for the newsroom, so somebody else accepts it. If nobody else may, an "
        "administrator can make a second person grant manager, or an independent verifier can be asked.",
    )
    _decide(uow, milestone, MilestoneState.ACCEPTED, "milestone.accepted")
    payments.make_due(uow, award, milestone)


def accept_contract(uow: UnitOfWork, milestone_id: UUID, base: int) -> None:
    """Accept a milestone that asks for nothing from the newsroom, such as the signed contract."""
    award, milestone = _held(uow, milestone_id, base)
    if milestone.classes or milestone.state != MilestoneState.DUE:
        raise ConflictError(keeping.CANNOT_FOLLOW)
    keeping.move(uow, milestone, MilestoneState.SUBMITTED, MILESTONE_MOVES, "milestone.received")
    _decide(uow, milestone, MilestoneState.ACCEPTED, "milestone.accepted")
    awards.forget_reminders(uow, award, milestone)
    payments.make_due(uow, award, milestone)


def accept_verified(uow: UnitOfWork, milestone_id: UUID, base: int, verifier_id: UUID) -> None:
    """Accept what an independent verifier found met, whether or not it was released: they decided it."""
    award, milestone = _held(uow, milestone_id, base)
    if milestone.state in OPEN_MILESTONE:
        milestone.waiver_by_id, milestone.waiver_reason = None, ""
        keeping.move(
            uow, milestone, MilestoneState.SUBMITTED, MILESTONE_MOVES, "milestone.received"
        )
    _decide(uow, milestone, MilestoneState.ACCEPTED, "milestone.accepted")
    milestone.decided_by_id = verifier_id
    awards.forget_reminders(uow, award, milestone)
    payments.make_due(uow, award, milestone)


def give_back(uow: UnitOfWork, milestone_id: UUID, base: int, reason: str) -> None:
    """Return it with a reason; what was submitted stays in the history."""
    award, milestone = _held(uow, milestone_id, base)
    _decide(uow, milestone, MilestoneState.RETURNED, "milestone.returned", reason)
    awards.remind(uow, award, milestone)


def propose_waiver(uow: UnitOfWork, milestone_id: UUID, base: int, reason: str) -> None:
    """Ask a second person to let a milestone go."""
    award, milestone = _held(uow, milestone_id, base)
    if MilestoneState.WAIVED not in MILESTONE_MOVES[MilestoneState(milestone.state)]:
        raise ConflictError(keeping.CANNOT_FOLLOW)
    milestone.waiver_reason = keeping.checked_reason(reason, wanted=True)
    milestone.waiver_by_id = uow.actor_id
    keeping.write_event(uow, milestone, "waiver", "", "proposed", milestone.waiver_reason)
    keeping.changed(uow, milestone, "waiver.proposed")
    people = teams.who_may(uow.session, Permission.AWARD_APPROVE, uow.now)
    notices.tell(uow, people, "milestone.waits", awards.thing_of(award, milestone))


def waive(uow: UnitOfWork, milestone_id: UUID, base: int) -> None:
    """Give the second signature to a waiver: the payment is due as if it had been met."""
    award, milestone = _held(uow, milestone_id, base)
    if milestone.waiver_by_id is None:
        msg = "Nobody has proposed to waive this milestone."
        raise ConflictError(msg)
    keep_apart(
        uow.actor_id,
        [milestone.waiver_by_id],
        "You proposed this waiver, so somebody else gives the second signature. If nobody else may, an "
        "administrator can make a second person director.",
    )
    _decide(uow, milestone, MilestoneState.WAIVED, "milestone.waived", milestone.waiver_reason)
    awards.forget_reminders(uow, award, milestone)
    payments.make_due(uow, award, milestone)


def refuse_waiver(uow: UnitOfWork, milestone_id: UUID, base: int, reason: str) -> None:
    _award, milestone = _held(uow, milestone_id, base)
    if milestone.waiver_by_id is None:
        raise ConflictError(keeping.CANNOT_FOLLOW)
    reason = keeping.checked_reason(reason, wanted=True)
    milestone.waiver_by_id, milestone.waiver_reason = None, ""
    keeping.write_event(uow, milestone, "waiver", "proposed", "", reason)
    keeping.changed(uow, milestone, "waiver.refused")


def cannot_be_achieved(
    uow: UnitOfWork, milestone_id: UUID, base: int, obstacle: str, reason: str
) -> None:
    """Record that it will not come about, and why in one word. Its payment is called off."""
    if obstacle not in set(Obstacle):
        msg = "Choose why: legal, safety, editorial or other."
        raise InvalidError(msg)
    award, milestone = _held(uow, milestone_id, base)
    milestone.obstacle = obstacle
    _decide(uow, milestone, MilestoneState.NOT_ACHIEVABLE, "milestone.dropped", reason)
    awards.forget_reminders(uow, award, milestone)
    payments.call_off(uow, milestone, milestone.reason)


def _decide(
    uow: UnitOfWork, milestone: Milestone, to: MilestoneState, action: str, reason: str = ""
) -> None:
    wanted = to is not MilestoneState.ACCEPTED
    milestone.reason = keeping.checked_reason(reason, wanted=wanted)
    milestone.decided_by_id, milestone.decided_at = uow.actor_id, uow.now
    keeping.move(uow, milestone, to, MILESTONE_MOVES, action, milestone.reason)
