"""Before money is paid in advance: what was paid before has to be spent, and something stays for the end."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from casefile.errors import ConflictError
from casefile.grants import rules, spending
from casefile.grants.award_models import Payment
from casefile.grants.award_states import PaymentState
from casefile.grants.money import HUNDRED, Money

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from casefile.grants.award_models import Award
    from casefile.grants.rules import Rules

ON_ITS_WAY: Final = frozenset(
    {PaymentState.REQUESTED, PaymentState.CHECKED, PaymentState.APPROVED, PaymentState.PAID}
)


def check(session: Session, award: Award, payment: Payment) -> None:
    """Raise ConflictError, saying all that is missing, while this payment may not be made."""
    found = missing(session, award, payment)
    if found:
        raise ConflictError(" ".join(found))


def missing(session: Session, award: Award, payment: Payment) -> list[str]:
    """Say what the agreement still wants before this payment."""
    asked = rules.of_award(session, award)
    others = session.scalars(
        select(Payment).where(
            Payment.award_id == award.id,
            Payment.id != payment.id,
            Payment.state != PaymentState.CANCELLED,
            Payment.voided_at.is_(None),
        )
    ).all()
    found = _unspent(session, award, asked, _before(payment, others))
    return found + _too_much(award, asked, payment, others)


def _before(payment: Payment, others: Sequence[Payment]) -> list[Payment]:
    """Return the instalments that come before this one, in their order: what is paid counts always."""
    before = [
        one
        for one in others
        if one.state == PaymentState.PAID
        or (one.state in ON_ITS_WAY and one.number < payment.number)
    ]
    return sorted(before, key=lambda one: (one.paid_on is None, one.paid_on, one.number))


def _unspent(session: Session, award: Award, asked: Rules, before: Sequence[Payment]) -> list[str]:
    if not before or (asked.previous is None and asked.earlier is None):
        return []
    previous, earlier = before[-1].amount, sum((one.amount for one in before[:-1]), Decimal())
    wanted = Money(previous, award.currency) * ((asked.previous or Decimal()) / HUNDRED)
    wanted += Money(earlier, award.currency) * ((asked.earlier or Decimal()) / HUNDRED)
    spent = spending.shown_spent(session, award)
    if spent.money >= wanted:
        return []
    short = wanted - spent.money
    said = (
        f"The agreement wants {_percent(asked.previous)} of the previous instalment and "
        f"{_percent(asked.earlier)} of earlier ones spent: {wanted.amount} {wanted.currency}. Checked so "
        f"far: {spent.money.amount} {wanted.currency}, so {short.amount} {wanted.currency} are missing. "
        "Record and check more expenditure first."
    )
    if spent.without_rate:
        said += f" {spent.without_rate} without an exchange rate are not counted: add the rate of their day."
    return [said]


def _percent(value: Decimal | None) -> str:
    return f"{(value or Decimal()).normalize():f} %"


def _too_much(award: Award, asked: Rules, payment: Payment, others: Sequence[Payment]) -> list[str]:
    """The last payment is the balance and no advance; all before it stay under the agreement's most."""
    if asked.most is None or all(one.state == PaymentState.PAID for one in others):
        return []
    on_its_way = sum((one.amount for one in others if one.state in ON_ITS_WAY), Decimal())
    most = Money(award.amount, award.currency) * (asked.most / HUNDRED)
    whole = Money(on_its_way + payment.amount, award.currency)
    if whole <= most:
        return []
    said = (
        f"At most {_percent(asked.most)} of the award are paid in advance: {most.amount} {most.currency}. "
        f"With this payment it would be {whole.amount} {whole.currency}. Settle the other payments "
        "first: the last one is the balance."
    )
    return [said]
