"""Milestones as an amendment changes them: days, words, tranches, and the payments planned for them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Self
from uuid import UUID, uuid4

from sqlalchemy import select

from casefile.errors import ConflictError, InvalidError
from casefile.grants import awards, keeping, ladders, payments
from casefile.grants.award_models import Award, Milestone, Payment
from casefile.grants.award_states import (
    MILESTONE_MOVES,
    PAYMENT_MOVES,
    AwardState,
    EvidenceClass,
    MilestoneState,
    PaymentState,
)
from casefile.grants.columns import TITLE_LENGTH
from casefile.grants.money import HUNDRED, Money, half_up

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from casefile.uow import UnitOfWork

OPEN: Final = frozenset({MilestoneState.PLANNED, MilestoneState.DUE, MilestoneState.RETURNED})
CALLED_OFF: Final = frozenset({MilestoneState.NOT_ACHIEVABLE, MilestoneState.CANCELLED})
SETTLED_PAYMENT: Final = frozenset(
    {PaymentState.REQUESTED, PaymentState.CHECKED, PaymentState.APPROVED, PaymentState.PAID}
)
AFTER_THE_END: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Change:
    """A milestone as it is to stand: a number the award has, or the next one."""

    number: int
    due_on: date
    tranche: Decimal
    classes: tuple[str, ...]
    title: str
    method: str

    def as_dict(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "due_on": self.due_on.isoformat(),
            "tranche": str(half_up(self.tranche)),
            "classes": list(self.classes),
        }

    @classmethod
    def of(cls, kept: dict[str, Any]) -> Self:
        return cls(
            kept["number"],
            date.fromisoformat(kept["due_on"]),
            Decimal(kept["tranche"]),
            tuple(kept["classes"]),
            kept["title"],
            kept["method"],
        )

    @classmethod
    def now(cls, row: Milestone) -> Self:
        return cls(row.number, row.due_on, row.tranche, tuple(row.classes), row.title, row.method)


@dataclass(frozen=True, slots=True)
class Terms:
    """The award as it would stand after the amendment."""

    award_id: UUID
    amount: Decimal
    currency: str
    starts_on: date
    ends_on: date


def changeable(session: Session, award: Award) -> list[Change]:
    """Return the milestones that an amendment may still change, to be edited."""
    return [Change.now(one) for one in awards.milestones_of(session, award.id) if one.state in OPEN]


def standing(session: Session, award: Award, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """Return how these milestones stand now."""
    return [
        Change.now(one).as_dict()
        for one in awards.milestones_of(session, award.id)
        if one.number in numbers
    ]


def check(session: Session, terms: Terms, changes: Sequence[Change]) -> None:
    """Raise, naming the milestone, unless these changes may be made and all tranches add up."""
    rows = {one.number: one for one in awards.milestones_of(session, terms.award_id)}
    tranches = {number: one.tranche for number, one in rows.items()}
    following = len(rows)
    seen: set[int] = set()
    for change in changes:
        _check_words(terms, change)
        if change.number in seen:
            msg = f"Milestone {change.number} stands there twice."
            raise InvalidError(msg)
        seen.add(change.number)
        row = rows.get(change.number)
        if row is None:
            following += 1
            if change.number != following:
                msg = f"Milestone {change.number}: a new one has the next number, {following}."
                raise InvalidError(msg)
        else:
            _check_row(session, row, change)
        tranches[change.number] = change.tranche
    if len(tranches) > ladders.MOST_RUNGS:
        msg = f"An award has between 1 and {ladders.MOST_RUNGS} milestones."
        raise InvalidError(msg)
    whole = sum(tranches.values(), Decimal())
    if whole != terms.amount:
        msg = (
            f"The tranches would add up to {whole} {terms.currency}, and the award is "
            f"{terms.amount} {terms.currency}. Make them the same."
        )
        raise InvalidError(msg)


def _check_words(terms: Terms, change: Change) -> None:
    name = f"Milestone {change.number}"
    if not change.title or not change.method:
        msg = f"{name}: say what it is and how it is verified."
        raise InvalidError(msg)
    if max(len(change.title), len(change.method)) > TITLE_LENGTH:
        msg = f"{name}: shorten title and method to {TITLE_LENGTH} characters."
        raise InvalidError(msg)
    if not terms.starts_on <= change.due_on <= terms.ends_on + AFTER_THE_END:
        msg = f"{name}: its day lies outside the award and the year after it."
        raise InvalidError(msg)
    if change.tranche < 0 or set(change.classes) - set(EvidenceClass):
        msg = f"{name}: its tranche is not below nought and its classes are among E0 to E6."
        raise InvalidError(msg)
    Money(change.tranche, terms.currency)


def _check_row(session: Session, row: Milestone, change: Change) -> None:
    if row.state in CALLED_OFF:
        same = Change.now(row)
        if (change.due_on, change.title, change.method, change.classes) != (
            same.due_on,
            same.title,
            same.method,
            same.classes,
        ):
            msg = f"Milestone {row.number} was called off: only its tranche can go to another one."
            raise ConflictError(msg)
    elif row.state not in OPEN:
        msg = f"Milestone {row.number} is submitted or settled, so it stays as it is."
        raise ConflictError(msg)
    if change.tranche != row.tranche and any(
        one.state in SETTLED_PAYMENT for one in _payments(session, row)
    ):
        msg = f"The payment for milestone {row.number} is on its way, so its tranche stays."
        raise ConflictError(msg)


def _payments(session: Session, row: Milestone) -> Sequence[Payment]:
    return session.scalars(
        select(Payment).where(
            Payment.milestone_id == row.id, Payment.state != PaymentState.CANCELLED
        )
    ).all()


def put(uow: UnitOfWork, award: Award, changes: Sequence[Change], why: str) -> None:
    """Change the milestones, then their payments: first what gets smaller, then what gets larger."""
    rows = {one.number: one for one in awards.milestones_of(uow.session, award.id)}
    touched = [
        _change(uow, award, rows[change.number], change, why)
        if change.number in rows
        else _add(uow, award, change)
        for change in sorted(changes, key=lambda one: one.number)
    ]
    for row in awards.milestones_of(uow.session, award.id):
        row.share = half_up(row.tranche * HUNDRED / award.amount)
    for row in touched:
        _shrink(uow, row, why)
    for row in touched:
        _grow(uow, award, row, why)


def _change(uow: UnitOfWork, award: Award, row: Milestone, change: Change, why: str) -> Milestone:
    keeping.write_event(uow, row, "amended", str(row.tranche), str(change.tranche), why)
    row.due_on, row.tranche = change.due_on, change.tranche
    row.title, row.method, row.classes = change.title, change.method, list(change.classes)
    keeping.changed(uow, row, "milestone.amended")
    if row.state in OPEN and award.state != AwardState.SIGNED:
        awards.remind(uow, award, row)
    return row


def _add(uow: UnitOfWork, award: Award, change: Change) -> Milestone:
    row = Milestone(
        id=uuid4(),
        award_id=award.id,
        number=change.number,
        title=change.title,
        due_on=change.due_on,
        method=change.method,
        classes=list(change.classes),
        share=Decimal(),
        tranche=change.tranche,
        state=MilestoneState.PLANNED.value,
        reason="",
        obstacle="",
        waiver_reason="",
    )
    keeping.add(uow, row, "milestone.added")
    if award.state != AwardState.SIGNED:
        keeping.move(uow, row, MilestoneState.DUE, MILESTONE_MOVES, "milestone.opened")
        awards.remind(uow, award, row)
    return row


def _shrink(uow: UnitOfWork, row: Milestone, why: str) -> None:
    for payment in _payments(uow.session, row):
        if payment.amount == row.tranche:
            continue
        if not row.tranche:
            keeping.move(
                uow, payment, PaymentState.CANCELLED, PAYMENT_MOVES, "payment.cancelled", why
            )
        elif row.tranche < payment.amount:
            _set(uow, payment, row, why)


def _grow(uow: UnitOfWork, award: Award, row: Milestone, why: str) -> None:
    if award.state == AwardState.SIGNED or row.state not in OPEN or not row.tranche:
        return
    planned = _payments(uow.session, row)
    if not planned:
        payments.schedule(uow, award, row)
    for payment in planned:
        if row.tranche > payment.amount:
            _set(uow, payment, row, why)
            payments.check_within(uow.session, award)


def _set(uow: UnitOfWork, payment: Payment, row: Milestone, why: str) -> None:
    keeping.write_event(uow, payment, "amended", str(payment.amount), str(row.tranche), why)
    payment.amount = row.tranche
    keeping.changed(uow, payment, "payment.amended")
