"""Awards: prepared, approved inside, offered, signed, active, closed."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from casefile.errors import ConflictError, InvalidError
from casefile.grants import award_beginning, keeping, ladders, payments, teams
from casefile.grants.award_models import Award, Milestone, Payment
from casefile.grants.award_states import (
    AWARD_MOVES,
    COMMITTED,
    MILESTONE_MOVES,
    OPEN_MILESTONE,
    PAYMENT_MOVES,
    RUNNING,
    AwardState,
    MilestoneState,
    PaymentState,
)
from casefile.grants.call_models import Call
from casefile.grants.models import Programme
from casefile.grants.money import Money, split_by
from casefile.grants.separation import keep_apart
from casefile.notices import service as notices
from casefile.policy import Permission

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from casefile.uow import UnitOfWork

CONTRACT_TYPES: Final = ("grant", "service", "in_kind")
EXCLUSIONS: Final = ("totals", "codename", "public")
REMIND_BEFORE: Final = (timedelta(days=14), timedelta(days=3))
LATE_AFTER: Final = timedelta(days=1)
CODENAME_TAKEN = "There is an award with this codename already. Open that one, or choose another."
NOT_A_DRAFT = (
    "This award is no longer a draft, so its terms stand. Before it is signed it can be sent back; after "
    "that they do not change."
)
LATE: Final = 9  # o'clock, when a reminder is due


def create(
    uow: UnitOfWork, values: Mapping[str, Any], steps: Sequence[ladders.Step] | None = None
) -> Award:
    """Prepare an award; without steps it gets the default ladder."""
    _check_terms(uow.session, values)
    award_beginning.check(uow.session, values)
    award = Award(id=uuid4(), state=AwardState.DRAFT.value, prepared_by_id=uow.actor_id, **values)
    _check_codename(uow.session, award.id, award.codename)
    check_amount(uow.session, award, award.amount)
    keeping.add(uow, award, "award.created")
    keeping.write_event(uow, award, "state", "", AwardState.DRAFT.value)
    _put_steps(
        uow, award, ladders.lay_out(award.starts_on, award.ends_on) if steps is None else steps
    )
    return award


def save(
    uow: UnitOfWork,
    award_id: UUID,
    base: int,
    values: Mapping[str, Any],
    steps: Sequence[ladders.Step],
) -> None:
    """Change a draft: its terms and its milestones together, so that they always add up."""
    _check_terms(uow.session, values)
    award = keeping.held(uow, Award, award_id, base)
    if award.state != AwardState.DRAFT:
        raise ConflictError(NOT_A_DRAFT)
    _check_codename(uow.session, award.id, values["codename"])
    for name, value in values.items():
        setattr(award, name, value)
    award.prepared_by_id = uow.actor_id
    amount = Money(award.amount, award.currency)
    award_beginning.check_decided(uow.session, award.application_id, amount)
    check_amount(uow.session, award, award.amount)
    _put_steps(uow, award, steps)
    keeping.write_terms(uow, award)
    keeping.changed(uow, award, "award.changed")


def _check_codename(session: Session, award_id: UUID, codename: str) -> None:
    there = session.scalar(select(Award.id).where(Award.codename == codename))
    if there is not None and there != award_id:
        raise ConflictError(CODENAME_TAKEN)


def _check_terms(session: Session, values: Mapping[str, Any]) -> None:
    Money(values["amount"], values["currency"])
    if values["amount"] <= 0:
        msg = "The amount must be above nought."
        raise InvalidError(msg)
    if values["ends_on"] <= values["starts_on"]:
        msg = "The last day must lie after the first."
        raise InvalidError(msg)
    if values["contract_type"] not in CONTRACT_TYPES or values["exclusion"] not in EXCLUSIONS:
        msg = "Choose one of the listed contract types and levels."
        raise InvalidError(msg)
    keeping.live(session, Programme, values["programme_id"])


def check_amount(session: Session, award: Award, value: Decimal) -> None:
    """Hold an amount of an award against its call: ≤ maximum, and all awards together ≤ envelope."""
    if award.call_id is None:
        return
    call = keeping.get(session, Call, award.call_id)
    amount = Money(value, award.currency)
    most = Money.of(call.maximum, call.currency)
    if most is not None and amount > most:
        msg = f"The call allows at most {most.amount} {most.currency} for one award."
        raise InvalidError(msg)
    envelope = Money.of(call.envelope, call.currency)
    if envelope is None:
        return
    taken = Money(_taken(session, call.id, award.id), call.currency)
    if taken + amount > envelope:
        left = envelope - taken
        msg = f"Only {left.amount} {left.currency} of the call's envelope are left for this award."
        raise InvalidError(msg)


def _taken(session: Session, call_id: UUID, but: UUID) -> Decimal:
    """Add up what other awards of a call take: all of what is promised, and what an ended one was paid."""
    inside = (Award.call_id == call_id, Award.id != but, Award.voided_at.is_(None))
    ended = (AwardState.DECLINED, AwardState.TERMINATED)
    promised = session.scalars(select(Award.amount).where(*inside, Award.state.not_in(ended)))
    paid = session.scalars(
        select(Payment.amount)
        .join(Award, Award.id == Payment.award_id)
        .where(*inside, Award.state.in_(ended), Payment.state == PaymentState.PAID)
    )
    return sum([*promised, *paid], Decimal())


def _put_steps(uow: UnitOfWork, award: Award, steps: Sequence[ladders.Step]) -> None:
    """Write the milestones of a draft. Their tranches are the award, cut by the shares to the cent."""
    ladders.check(award, steps)
    for old in milestones_of(uow.session, award.id):
        uow.session.delete(old)
    uow.session.flush()
    tranches = split_by(Money(award.amount, award.currency), [step.share for step in steps])
    for number, (step, tranche) in enumerate(zip(steps, tranches, strict=True), start=1):
        milestone = Milestone(
            id=uuid4(),
            award_id=award.id,
            number=number,
            title=step.title,
            due_on=step.due_on,
            method=step.method,
            classes=list(step.classes),
            share=step.share,
            tranche=tranche.amount,
            state=MilestoneState.PLANNED.value,
            reason="",
            obstacle="",
            waiver_reason="",
            version=1,
            created_at=uow.now,
            created_by_id=uow.actor_id,
            changed_at=uow.now,
        )
        uow.session.add(milestone)
    uow.session.flush()


def milestones_of(session: Session, award_id: UUID) -> Sequence[Milestone]:
    return session.scalars(
        select(Milestone).where(Milestone.award_id == award_id).order_by(Milestone.number)
    ).all()


def page_of(award_id: UUID) -> str:
    return f"/grants/awards/{award_id}"


def submit_for_approval(uow: UnitOfWork, award_id: UUID, base: int) -> None:
    award = keeping.held(uow, Award, award_id, base)
    check_sum(uow.session, award)
    award.prepared_by_id = uow.actor_id
    _move(uow, award, AwardState.INTERNAL_APPROVAL, "award.submitted")
    approvers = teams.who_may(uow.session, Permission.AWARD_APPROVE, uow.now)
    notices.tell(uow, approvers, "award.waits", notices.Thing(award.codename, page_of(award.id)))


def check_sum(session: Session, award: Award) -> None:
    """Raise ConflictError unless the tranches are exactly the award."""
    whole = sum((one.tranche for one in milestones_of(session, award.id)), Decimal())
    if whole != award.amount:
        msg = (
            f"The tranches add up to {whole} {award.currency}, the award is {award.amount} "
            f"{award.currency}. Nothing goes on until they are the same."
        )
        raise ConflictError(msg)


def approve(uow: UnitOfWork, award_id: UUID, base: int) -> None:
    """Approve an award inside the house and offer it. Whoever prepared it may not."""
    award = keeping.held(uow, Award, award_id, base)
    keep_apart(
        uow.actor_id,
        {award.prepared_by_id, *keeping.hands(uow.session, award)},
        "You prepared this award, so somebody else approves it. If nobody else may, an administrator "
        "can make a second person director.",
    )
    check_sum(uow.session, award)
    check_amount(uow.session, award, award.amount)
    award.approved_by_id = uow.actor_id
    _move(uow, award, AwardState.OFFERED, "award.offered")


def send_back(uow: UnitOfWork, award_id: UUID, base: int, reason: str) -> None:
    """Make it a draft again, with a reason."""
    award = keeping.held(uow, Award, award_id, base)
    award.approved_by_id = None
    _move(uow, award, AwardState.DRAFT, "award.returned", reason, wanted=True)


def sign(uow: UnitOfWork, award_id: UUID, base: int, signed_on: date) -> None:
    """Record that both sides have signed."""
    award = keeping.held(uow, Award, award_id, base)
    if signed_on > uow.now.astimezone(_zone(uow)).date():
        msg = "The day of the signature lies in the future."
        raise InvalidError(msg)
    award.signed_on = signed_on
    _move(uow, award, AwardState.SIGNED, "award.signed")


def decline(uow: UnitOfWork, award_id: UUID, base: int, reason: str) -> None:
    award = keeping.held(uow, Award, award_id, base)
    _move(uow, award, AwardState.DECLINED, "award.declined", reason, wanted=True)
    _call_off(uow, award, reason)


def activate(uow: UnitOfWork, award_id: UUID, base: int) -> None:
    """Let the work begin: milestones are due on their days, and a payment waits for each tranche."""
    award = keeping.held(uow, Award, award_id, base)
    check_sum(uow.session, award)
    _move(uow, award, AwardState.ACTIVE, "award.activated")
    for milestone in milestones_of(uow.session, award.id):
        keeping.move(uow, milestone, MilestoneState.DUE, MILESTONE_MOVES, "milestone.opened")
        remind(uow, award, milestone)
        if milestone.tranche:
            payments.schedule(uow, award, milestone)


def _zone(uow: UnitOfWork) -> ZoneInfo:
    return ZoneInfo(uow.resources.settings.timezone)


def remind(uow: UnitOfWork, award: Award, milestone: Milestone) -> None:
    """Have the grant managers told before the day, and once it is over."""
    thing = thing_of(award, milestone)
    forget_reminders(uow, award, milestone)
    due = datetime.combine(milestone.due_on, time(LATE), tzinfo=_zone(uow))
    times = [("milestone.due", due - before) for before in REMIND_BEFORE]
    times.append(("milestone.overdue", due + LATE_AFTER))
    people = teams.who_may(uow.session, Permission.MILESTONE_DECIDE, uow.now)
    for kind, at in times:
        if at > uow.now or kind == "milestone.overdue":
            for person_id in people:
                notices.remind(uow, person_id, kind, thing, at)


def forget_reminders(uow: UnitOfWork, award: Award, milestone: Milestone) -> None:
    thing = thing_of(award, milestone)
    notices.forget_reminders(uow, thing.path, thing.label, "milestone.due", "milestone.overdue")


def thing_of(award: Award, milestone: Milestone) -> notices.Thing:
    """Name a milestone where it may be read by anybody: codename and number."""
    return notices.Thing(
        f"{award.codename} M{milestone.number}", f"/grants/milestones/{milestone.id}"
    )


def suspend(uow: UnitOfWork, award_id: UUID, base: int, reason: str) -> None:
    award = keeping.held(uow, Award, award_id, base)
    _move(uow, award, AwardState.SUSPENDED, "award.suspended", reason)


def resume(uow: UnitOfWork, award_id: UUID, base: int) -> None:
    award = keeping.held(uow, Award, award_id, base)
    if award.state not in {AwardState.SUSPENDED, AwardState.CLOSING}:
        raise ConflictError(keeping.CANNOT_FOLLOW)
    _move(uow, award, AwardState.ACTIVE, "award.resumed")


def begin_closing(uow: UnitOfWork, award_id: UUID, base: int) -> None:
    award = keeping.held(uow, Award, award_id, base)
    _move(uow, award, AwardState.CLOSING, "award.ended")


def close(uow: UnitOfWork, award_id: UUID, base: int) -> None:
    """Close an award of which nothing is open any more."""
    award = keeping.held(uow, Award, award_id, base)
    waiting = [
        one.number
        for one in milestones_of(uow.session, award.id)
        if one.state in {*OPEN_MILESTONE, MilestoneState.SUBMITTED, MilestoneState.PLANNED}
    ]
    if waiting:
        numbers = ", ".join(f"M{number}" for number in waiting)
        msg = f"These milestones are still open: {numbers}. Settle each one first."
        raise ConflictError(msg)
    unpaid = uow.session.scalar(
        select(func.count())
        .select_from(Payment)
        .where(
            Payment.award_id == award.id,
            Payment.state.not_in((PaymentState.PAID, PaymentState.CANCELLED)),
        )
    )
    if unpaid:
        msg = "Payments of this award are neither made nor cancelled. Settle them first."
        raise ConflictError(msg)
    _move(uow, award, AwardState.CLOSED, "award.closed")


def terminate(uow: UnitOfWork, award_id: UUID, base: int, reason: str) -> None:
    """End an award early: what is open is cancelled with it, what was paid stays on record."""
    award = keeping.held(uow, Award, award_id, base)
    _move(uow, award, AwardState.TERMINATED, "award.terminated", reason)
    _call_off(uow, award, reason)


def _call_off(uow: UnitOfWork, award: Award, reason: str) -> None:
    for milestone in milestones_of(uow.session, award.id):
        if MilestoneState.CANCELLED in MILESTONE_MOVES[MilestoneState(milestone.state)]:
            keeping.move(
                uow,
                milestone,
                MilestoneState.CANCELLED,
                MILESTONE_MOVES,
                "milestone.cancelled",
                reason,
            )
            forget_reminders(uow, award, milestone)
    for payment in payments.of_award(uow.session, award.id):
        if PaymentState.CANCELLED in PAYMENT_MOVES[PaymentState(payment.state)]:
            keeping.move(
                uow, payment, PaymentState.CANCELLED, PAYMENT_MOVES, "payment.cancelled", reason
            )


def _move(
    uow: UnitOfWork,
    award: Award,
    to: AwardState,
    action: str,
    reason: str = "",
    *,
    wanted: bool = False,
) -> None:
    reason = keeping.checked_reason(reason, wanted=wanted)
    keeping.move(uow, award, to, AWARD_MOVES, action, reason)


def is_open(award: Award, milestone: Milestone) -> bool:
    """Say whether the newsroom can submit it now."""
    return award.state in RUNNING and milestone.state in OPEN_MILESTONE


def find_by_codename(session: Session, codename: str) -> Award | None:
    """Return the signed award of this codename; a draft is nobody's business yet."""
    return session.scalar(
        select(Award).where(
            Award.codename == codename.strip().casefold(),
            Award.state.in_([state.value for state in COMMITTED]),
            Award.voided_at.is_(None),
        )
    )
