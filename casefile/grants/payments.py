"""Payments: scheduled, requested, checked, approved, paid; each step by the person whose it is."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from casefile import audit
from casefile.errors import ConflictError, InvalidError
from casefile.grants import keeping, prefinancing, sealed, teams
from casefile.grants.award_models import Award, BankAccount, Milestone, Payment
from casefile.grants.award_states import (
    COUNTED,
    MET,
    PAYMENT_MOVES,
    RUNNING,
    PaymentState,
)
from casefile.grants.money import Money
from casefile.grants.separation import keep_apart
from casefile.notices import service as notices
from casefile.policy import Permission

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from sqlalchemy.orm import Session

    from casefile.uow import Resources, UnitOfWork

BANK_FIELDS: Final = ("holder", "bank", "account", "code")
LONGEST_FIELD: Final = 140
LONGEST_REFERENCE: Final = 100
WAY_OUT = "If the team is too small, an administrator can give a second person the role."


def of_award(session: Session, award_id: UUID) -> Sequence[Payment]:
    return session.scalars(
        select(Payment).where(Payment.award_id == award_id).order_by(Payment.number)
    ).all()


def schedule(
    uow: UnitOfWork, award: Award, milestone: Milestone | None, amount: Decimal | None = None
) -> Payment:
    """Plan a payment: the tranche of a milestone, or an amount of its own."""
    wanted = milestone.tranche if milestone is not None and amount is None else amount
    if wanted is None or wanted <= 0:
        msg = "The amount must be above nought."
        raise InvalidError(msg)
    Money(wanted, award.currency)
    check_within(uow.session, award, more=wanted)
    last = uow.session.scalar(select(func.max(Payment.number)).where(Payment.award_id == award.id))
    payment = Payment(
        id=uuid4(),
        award_id=award.id,
        milestone_id=milestone.id if milestone is not None else None,
        number=(last or 0) + 1,
        amount=wanted,
        currency=award.currency,
        state=PaymentState.SCHEDULED.value,
        reference="",
    )
    keeping.add(uow, payment, "payment.scheduled")
    keeping.write_event(uow, payment, "state", "", PaymentState.SCHEDULED.value)
    return payment


def check_within(session: Session, award: Award, more: Decimal = Decimal()) -> None:
    """Raise ConflictError when the award's payments would be more than the award."""
    counted = session.scalars(
        select(Payment.amount).where(
            Payment.award_id == award.id,
            Payment.state.in_([state.value for state in COUNTED]),
            Payment.voided_at.is_(None),
        )
    ).all()
    whole = sum(counted, Decimal()) + more
    if whole > award.amount:
        msg = (
            f"The payments of this award would be {whole} {award.currency}, and it is "
            f"{award.amount} {award.currency}. Cancel one first."
        )
        raise ConflictError(msg)


def make_due(uow: UnitOfWork, award: Award, milestone: Milestone) -> None:
    """Say that the tranche of a milestone that was met can be asked for."""
    for payment in uow.session.scalars(
        select(Payment).where(
            Payment.milestone_id == milestone.id,
            Payment.state == PaymentState.SCHEDULED,
        )
    ):
        payment.due_on = _today(uow)
        keeping.changed(uow, payment, "payment.opened")
        _tell(uow, award, payment, "payment.due", Permission.PAYMENT_REQUEST)


def call_off(uow: UnitOfWork, milestone: Milestone, reason: str) -> None:
    """Cancel what was planned for a milestone that will not be met."""
    for payment in uow.session.scalars(select(Payment).where(Payment.milestone_id == milestone.id)):
        if PaymentState.CANCELLED in PAYMENT_MOVES[PaymentState(payment.state)]:
            keeping.move(
                uow, payment, PaymentState.CANCELLED, PAYMENT_MOVES, "payment.cancelled", reason
            )


def page_of(payment: Payment) -> str:
    return f"/grants/payments/{payment.id}"


def _tell(
    uow: UnitOfWork, award: Award, payment: Payment, kind: str, permission: Permission
) -> None:
    people = teams.who_may(uow.session, permission, uow.now)
    label = f"{award.codename} P{payment.number}"
    notices.tell(uow, people, kind, notices.Thing(label, page_of(payment)))


def _today(uow: UnitOfWork) -> date:
    return uow.now.astimezone(ZoneInfo(uow.resources.settings.timezone)).date()


def _open(uow: UnitOfWork, payment_id: UUID, base: int) -> tuple[Award, Payment]:
    """Return a payment of a running award whose milestone is met."""
    payment = keeping.held(uow, Payment, payment_id, base)
    award = keeping.get(uow.session, Award, payment.award_id)
    if award.state not in RUNNING:
        msg = "The award is not active, so nothing is paid for it now."
        raise ConflictError(msg)
    check_milestone(uow.session, payment)
    prefinancing.check(uow.session, award, payment)
    return award, payment


def check_milestone(session: Session, payment: Payment) -> None:
    if payment.milestone_id is None:
        return
    milestone = keeping.get(session, Milestone, payment.milestone_id)
    if milestone.state not in MET:
        msg = f"Milestone {milestone.number} is neither accepted nor waived, so nothing is paid for it yet."
        raise ConflictError(msg)


def request(uow: UnitOfWork, payment_id: UUID, base: int) -> None:
    award, payment = _open(uow, payment_id, base)
    payment.requested_by_id = uow.actor_id
    payment.checked_by_id = payment.approved_by_id = None
    _move(uow, payment, PaymentState.REQUESTED, "payment.requested")
    _tell(uow, award, payment, "payment.waits", Permission.PAYMENT_CHECK)


def check(uow: UnitOfWork, payment_id: UUID, base: int) -> None:
    """Say that amount, milestone and bank account are right. Whoever asked for it may not."""
    award, payment = _open(uow, payment_id, base)
    keep_apart(
        uow.actor_id,
        [payment.requested_by_id],
        f"You asked for this payment, so somebody else checks it. {WAY_OUT}",
    )
    check_bank(uow.session, award)
    check_within(uow.session, award)
    payment.checked_by_id = uow.actor_id
    _move(uow, payment, PaymentState.CHECKED, "payment.checked")
    _tell(uow, award, payment, "payment.waits", Permission.PAYMENT_APPROVE)


def approve(uow: UnitOfWork, payment_id: UUID, base: int) -> None:
    """Approve a checked payment. Whoever asked for or checked it may not."""
    award, payment = _open(uow, payment_id, base)
    keep_apart(
        uow.actor_id,
        [payment.checked_by_id, payment.requested_by_id],
        f"You asked for or checked this payment, so somebody else approves it. {WAY_OUT}",
    )
    check_bank(uow.session, award)
    payment.approved_by_id = uow.actor_id
    _move(uow, payment, PaymentState.APPROVED, "payment.approved")
    _tell(uow, award, payment, "payment.waits", Permission.PAYMENT_PAY)


def pay(uow: UnitOfWork, payment_id: UUID, base: int, *, paid_on: date, reference: str) -> None:
    """Record that the money went out.

    Whoever accepted the milestone or approved the payment may not. Two at once: the first one
    wins, the other hears that it is paid.
    """
    payment = keeping.held(uow, Payment, payment_id)
    if payment.state == PaymentState.PAID:
        msg = "This payment was just made by somebody else. It is paid once; nothing more was recorded."
        raise ConflictError(msg)
    award, payment = _open(uow, payment_id, base)
    check_bank(uow.session, award)
    check_within(uow.session, award)
    if paid_on > _today(uow):
        msg = "The day of the payment lies in the future."
        raise InvalidError(msg)
    if award.signed_on is not None and paid_on < award.signed_on:
        msg = f"The award was signed on {award.signed_on}; nothing was paid before. Look at the day again."
        raise InvalidError(msg)
    if len(reference.strip()) > LONGEST_REFERENCE:
        msg = f"Shorten the reference of the bank to at most {LONGEST_REFERENCE} characters."
        raise InvalidError(msg)
    milestone = (
        keeping.get(uow.session, Milestone, payment.milestone_id) if payment.milestone_id else None
    )
    keep_apart(
        uow.actor_id,
        [payment.approved_by_id, milestone.decided_by_id if milestone else None],
        f"You accepted the milestone or approved the payment, so somebody else pays. {WAY_OUT}",
    )
    payment.paid_by_id, payment.paid_on = uow.actor_id, paid_on
    payment.reference = reference.strip()
    _move(uow, payment, PaymentState.PAID, "payment.paid")
    _tell(uow, award, payment, "payment.paid", Permission.PAYMENT_REQUEST)


def fail(uow: UnitOfWork, payment_id: UUID, base: int, reason: str) -> None:
    """Record that the bank sent an approved payment back."""
    payment = keeping.held(uow, Payment, payment_id, base)
    award = keeping.get(uow.session, Award, payment.award_id)
    _move(uow, payment, PaymentState.FAILED, "payment.failed", reason, wanted=True)
    _tell(uow, award, payment, "payment.failed", Permission.PAYMENT_REQUEST)


def put_back(uow: UnitOfWork, payment_id: UUID, base: int, reason: str) -> None:
    """Send a payment back to be asked for again."""
    payment = keeping.held(uow, Payment, payment_id, base)
    payment.checked_by_id = payment.approved_by_id = payment.requested_by_id = None
    _move(uow, payment, PaymentState.SCHEDULED, "payment.returned", reason, wanted=True)


def cancel(uow: UnitOfWork, payment_id: UUID, base: int, reason: str) -> None:
    payment = keeping.held(uow, Payment, payment_id, base)
    _move(uow, payment, PaymentState.CANCELLED, "payment.cancelled", reason, wanted=True)


def _move(
    uow: UnitOfWork,
    payment: Payment,
    to: PaymentState,
    action: str,
    reason: str = "",
    *,
    wanted: bool = False,
) -> None:
    reason = keeping.checked_reason(reason, wanted=wanted)
    keeping.move(uow, payment, to, PAYMENT_MOVES, action, reason)


def bank_account(session: Session, award_id: UUID) -> BankAccount | None:
    return session.scalar(select(BankAccount).where(BankAccount.award_id == award_id))


def enter_bank(
    uow: UnitOfWork, award_id: UUID, base: int | None, fields: Mapping[str, str]
) -> None:
    """Write down where an award is paid to. It counts once somebody else has confirmed it."""
    for name in BANK_FIELDS:
        if len(fields[name]) > LONGEST_FIELD:
            msg = f"Shorten this to at most {LONGEST_FIELD} characters."
            raise InvalidError(msg)
    keeping.get(uow.session, Award, award_id)
    row = bank_account(uow.session, award_id)
    if uow.actor_id is None:
        msg = "a bank account by nobody"
        raise RuntimeError(msg)
    if (row.version if row else None) != base:
        msg = "Somebody changed the bank account in between. Look at it again; nothing was overwritten."
        raise ConflictError(msg)
    if row is None:
        row = BankAccount(id=uuid4(), award_id=award_id, record=b"", record_version=0)
        row.entered_by_id = uow.actor_id
        keeping.add(uow, row, "bank.entered")
    row.record_version += 1
    row.record = _seal(uow, row, fields)
    row.entered_by_id, row.confirmed_by_id, row.confirmed_at = uow.actor_id, None, None
    keeping.write_event(uow, row, "bank", "", "entered")
    keeping.changed(uow, row, "bank.changed")


def _field(row: BankAccount) -> str:
    return f"record {row.award_id} {row.record_version}"


def _seal(uow: UnitOfWork, row: BankAccount, fields: Mapping[str, str]) -> bytes:
    value = {name: fields[name].strip() for name in BANK_FIELDS}
    return sealed.seal(uow.resources, "bank_account", row.id, _field(row), value)


def open_bank(resources: Resources, row: BankAccount) -> dict[str, Any]:
    """Open a bank account. DamagedError when it was changed, swapped or put back in the database."""
    opened: dict[str, Any] = sealed.unseal(
        resources, "bank_account", row.id, _field(row), row.record
    )
    return opened


def look_at_bank(uow: UnitOfWork, award_id: UUID) -> dict[str, Any]:
    """Open a bank account for a person, and leave an entry that they saw it."""
    row = bank_account(uow.session, award_id)
    if row is None:
        return {}
    audit.record(uow, "bank.viewed", subject_id=row.id)
    return open_bank(uow.resources, row)


def confirm_bank(uow: UnitOfWork, award_id: UUID, base: int) -> None:
    """Confirm by another way that this is their account. Whoever typed it may not."""
    row = bank_account(uow.session, award_id)
    if row is None or row.version != base:
        msg = "The bank account was changed in between. Look at it again before you confirm it."
        raise ConflictError(msg)
    keep_apart(
        uow.actor_id,
        [row.entered_by_id],
        f"You typed this bank account in, so somebody else confirms it. {WAY_OUT}",
    )
    open_bank(uow.resources, row)
    row.confirmed_by_id, row.confirmed_at = uow.actor_id, uow.now
    keeping.write_event(uow, row, "bank", "entered", "confirmed")
    keeping.changed(uow, row, "bank.confirmed")


def check_bank(session: Session, award: Award) -> None:
    row = bank_account(session, award.id)
    if row is None or row.confirmed_by_id is None or row.confirmed_by_id == row.entered_by_id:
        msg = "The bank account of this award is missing or not confirmed by a second person yet."
        raise ConflictError(msg)
