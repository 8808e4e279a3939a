"""What waits for a person of the grant side, oldest first, and what comes soon."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import or_, select

from casefile.grants import call_queue, milestones
from casefile.grants.award_models import Award, Milestone, Payment
from casefile.grants.award_overview import SOON, Waiting, is_due
from casefile.grants.award_states import OPEN_MILESTONE, AwardState, MilestoneState, PaymentState
from casefile.grants.budget_models import Amendment, Budget, Expenditure
from casefile.grants.budget_states import AmendmentState, BudgetState, ExpenditureState
from casefile.grants.budgets import BEFORE_SIGNED
from casefile.grants.money import Money
from casefile.policy import Permission

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from sqlalchemy.orm import Session

    from casefile.web import Person

QUEUE: Final = 200


@dataclass(slots=True)
class Queue:
    """What waits for a person, oldest first, and what comes soon."""

    mine: list[Waiting] = field(default_factory=list)
    soon: list[Waiting] = field(default_factory=list)


def queue(session: Session, person: Person, now: datetime, today: date) -> Queue:
    """Return what this person can do something about now."""
    found = Queue()
    call_queue.waiting(session, person, now, found)
    if person.may(Permission.MILESTONE_DECIDE) or person.may(Permission.AWARD_APPROVE):
        _milestones_waiting(session, person, today, found)
    if person.may(Permission.AWARD_READ):
        _payments_waiting(session, person, found)
        _awards_waiting(session, person, found)
        _changes_waiting(session, person, found)
        _spending_waiting(session, person, found)
    found.mine.sort(key=lambda one: (one.on, one.label))
    found.soon.sort(key=lambda one: (one.on, one.label))
    return found


def _milestones_waiting(session: Session, person: Person, today: date, found: Queue) -> None:
    decides = person.may(Permission.MILESTONE_DECIDE)
    rows = session.execute(
        select(Milestone, Award.codename)
        .join(Award, Award.id == Milestone.award_id)
        .where(
            Award.state.in_((AwardState.ACTIVE, AwardState.CLOSING)),
            or_(
                Milestone.state == MilestoneState.SUBMITTED,
                Milestone.waiver_by_id.is_not(None) & Milestone.state.in_(OPEN_MILESTONE),
                Milestone.state.in_(OPEN_MILESTONE) & (Milestone.due_on <= today + SOON),
            ),
        )
        .order_by(Milestone.due_on)
        .limit(QUEUE)
    )
    for milestone, codename in rows:
        label = f"{codename} M{milestone.number}"
        url = f"/grants/milestones/{milestone.id}"
        waived = milestone.waiver_by_id is not None and milestone.state in OPEN_MILESTONE
        if waived and person.may(Permission.AWARD_APPROVE):
            found.mine.append(Waiting("waiver", label, url, milestone.due_on, milestone.title))
        elif decides and milestone.state == MilestoneState.SUBMITTED:
            on = milestone.submitted_at.date() if milestone.submitted_at else milestone.due_on
            found.mine.append(Waiting("submitted", label, url, on, milestone.title))
        elif decides and milestones.is_late(milestone, today):
            found.mine.append(Waiting("late", label, url, milestone.due_on, milestone.title))
        elif decides and milestone.state in OPEN_MILESTONE:
            found.soon.append(Waiting("due", label, url, milestone.due_on, milestone.title))


STEPS: Final[Mapping[str, tuple[Permission, str]]] = {
    PaymentState.SCHEDULED: (Permission.PAYMENT_REQUEST, "pay-request"),
    PaymentState.FAILED: (Permission.PAYMENT_REQUEST, "pay-request"),
    PaymentState.REQUESTED: (Permission.PAYMENT_CHECK, "pay-check"),
    PaymentState.CHECKED: (Permission.PAYMENT_APPROVE, "pay-approve"),
    PaymentState.APPROVED: (Permission.PAYMENT_PAY, "pay-pay"),
}


def _payments_waiting(session: Session, person: Person, found: Queue) -> None:
    rows = session.execute(
        select(Payment, Award.codename)
        .join(Award, Award.id == Payment.award_id)
        .where(Award.state.in_((AwardState.ACTIVE, AwardState.CLOSING)), is_due())
        .order_by(Payment.due_on)
        .limit(QUEUE)
    )
    for payment, codename in rows:
        permission, kind = STEPS[payment.state]
        hands = {payment.requested_by_id, payment.checked_by_id, payment.approved_by_id} - {None}
        if not person.may(permission) or person.id in hands:
            continue
        found.mine.append(
            Waiting(
                kind,
                f"{codename} P{payment.number}",
                f"/grants/payments/{payment.id}",
                payment.due_on or payment.created_at.date(),
                money=Money(payment.amount, payment.currency),
            )
        )


def _awards_waiting(session: Session, person: Person, found: Queue) -> None:
    wanted = {}
    if person.may(Permission.AWARD_APPROVE):
        wanted[AwardState.INTERNAL_APPROVAL.value] = "award-approve"
    if person.may(Permission.AWARD_EDIT):
        wanted[AwardState.OFFERED.value] = "award-sign"
        wanted[AwardState.SIGNED.value] = "award-activate"
    for award in session.scalars(
        select(Award)
        .where(Award.state.in_(wanted), Award.voided_at.is_(None))
        .order_by(Award.changed_at)
        .limit(QUEUE)
    ):
        if award.state == AwardState.INTERNAL_APPROVAL and award.prepared_by_id == person.id:
            continue
        found.mine.append(
            Waiting(
                wanted[award.state],
                award.codename,
                f"/grants/awards/{award.id}",
                award.changed_at.date(),
                money=Money(award.amount, award.currency),
            )
        )


def _changes_waiting(session: Session, person: Person, found: Queue) -> None:
    """Add budgets and amendments that want somebody else's agreement."""
    if not person.may(Permission.AWARD_APPROVE):
        return
    budgets = session.execute(
        select(Budget, Award.codename)
        .outerjoin(Award, Award.id == Budget.award_id)
        .where(
            Budget.state == BudgetState.DRAFT,
            Budget.prepared_by_id != person.id,
            or_(Budget.award_id.is_(None), Award.state.in_(BEFORE_SIGNED)),
        )
        .order_by(Budget.changed_at)
        .limit(QUEUE)
    )
    for row, codename in budgets:
        label = f"{codename or ''} B{row.number}".strip()
        money = Money(row.total, row.currency)
        url, on = f"/grants/budgets/{row.id}", row.changed_at.date()
        found.mine.append(Waiting("budget-approve", label, url, on, money=money))
    amendments = session.execute(
        select(Amendment, Award.codename)
        .join(Award, Award.id == Amendment.award_id)
        .where(Amendment.state == AmendmentState.PROPOSED)
        .order_by(Amendment.created_at)
        .limit(QUEUE)
    )
    for change, codename in amendments:
        if person.id in {change.proposed_by_id, change.our_signer_id, change.their_signer_id}:
            continue
        label, url = f"{codename} A{change.number}", f"/grants/amendments/{change.id}"
        found.mine.append(Waiting("amendment", label, url, change.created_at.date()))


def _spending_waiting(session: Session, person: Person, found: Queue) -> None:
    """Add expenditure that somebody else recorded."""
    if not person.may(Permission.EXPENDITURE_CHECK):
        return
    rows = session.execute(
        select(Expenditure, Award.codename)
        .join(Award, Award.id == Expenditure.award_id)
        .where(
            Expenditure.state == ExpenditureState.RECORDED,
            Expenditure.recorded_by_id != person.id,
        )
        .order_by(Expenditure.created_at)
        .limit(QUEUE)
    )
    for row, codename in rows:
        money = Money(row.amount, row.currency)
        url, on = f"/grants/expenditures/{row.id}", row.created_at.date()
        label = f"{codename} E{row.number}"
        found.mine.append(Waiting("spend-check", label, url, on, row.title, money))
