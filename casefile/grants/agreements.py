"""Funding agreements and exchange rates: what donors promised, and what it is worth elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select

from casefile.errors import ConflictError, ForbiddenError, InvalidError
from casefile.grants import keeping
from casefile.grants.models import ExchangeRate, FundingAgreement, Programme
from casefile.grants.money import Money, Rate, checked_currency, total
from casefile.grants.programmes import check_order, fill
from casefile.grants.separation import keep_apart
from casefile.grants.states import AGREEMENT_MOVES, AgreementState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.grants.money import Totals
    from casefile.uow import UnitOfWork

SIGNED_BY_ANOTHER = (
    "Whoever wrote this agreement down or changed it does not sign it too. "
    "Ask a director or another grant manager."
)


@dataclass(frozen=True, slots=True)
class Converted:
    """An amount beside what it is worth in another currency, and by which rate; None: no rate known."""

    original: Money | None
    other: Money | None = None
    rate: Rate | None = None


def _today(uow: UnitOfWork) -> date:
    return uow.now.astimezone(ZoneInfo(uow.resources.settings.timezone)).date()


def create(uow: UnitOfWork, programme_id: UUID, values: Mapping[str, Any]) -> FundingAgreement:
    """Write down what a donor promised, as a draft."""
    keeping.held(uow, Programme, programme_id)
    check_order(values["starts_on"], values["ends_on"])
    row = FundingAgreement(programme_id=programme_id, state=AgreementState.DRAFT, **values)
    return keeping.add(uow, row, "agreement.created")


def save(uow: UnitOfWork, agreement_id: UUID, base: int, values: Mapping[str, Any]) -> None:
    """Change a draft. What is signed changes no more."""
    row = keeping.held(uow, FundingAgreement, agreement_id, base)
    if row.state != AgreementState.DRAFT:
        msg = (
            "This agreement is signed, so its terms stay as they are. Terminate it with a reason and "
            "write down the new one, if the donor agreed to other terms."
        )
        raise ForbiddenError(msg)
    check_order(values["starts_on"], values["ends_on"])
    fill(row, values)
    keeping.write_terms(uow, row)
    keeping.changed(uow, row, "agreement.changed")


def move(uow: UnitOfWork, agreement_id: UUID, base: int, to: AgreementState, reason: str) -> None:
    """Take an agreement to its next state. Who wrote it down does not sign it too."""
    row = keeping.held(uow, FundingAgreement, agreement_id, base)
    if to == AgreementState.SIGNED:
        keep_apart(uow.actor_id, keeping.hands(uow.session, row), SIGNED_BY_ANOTHER)
        row.signed_on = row.signed_on or _today(uow)
    keeping.move(uow, row, to, AGREEMENT_MOVES, "agreement.moved", reason)


def of_programme(session: Session, programme_id: UUID) -> Sequence[FundingAgreement]:
    return session.scalars(
        select(FundingAgreement)
        .where(FundingAgreement.programme_id == programme_id, FundingAgreement.voided_at.is_(None))
        .order_by(FundingAgreement.starts_on, FundingAgreement.created_at)
    ).all()


def promised(agreements: Iterable[FundingAgreement]) -> Totals:
    """Add up what is promised, each currency for itself."""
    return total(Money.of(row.amount, row.currency) for row in agreements)


def record_rate(uow: UnitOfWork, values: Mapping[str, Any]) -> ExchangeRate:
    """Write down a rate. One of the same pair and day is superseded by it, and stays."""
    base, quote = checked_currency(values["base"]), checked_currency(values["quote"])
    if base == quote:
        msg = "A rate stands between two currencies. Choose another one."
        raise InvalidError(msg)
    if values["valid_on"] > _today(uow):
        msg = "This day has not come yet. A rate is of today or before."
        raise InvalidError(msg)
    before = uow.session.scalars(
        select(ExchangeRate)
        .where(
            ExchangeRate.base == base,
            ExchangeRate.quote == quote,
            ExchangeRate.valid_on == values["valid_on"],
            ExchangeRate.superseded_at.is_(None),
        )
        .with_for_update()
    ).all()
    if any(row.value == values["value"] and row.source == values["source"] for row in before):
        msg = "This rate of this day and source is written down already."
        raise ConflictError(msg)
    row = ExchangeRate(**{**values, "base": base, "quote": quote})
    keeping.add(uow, row, "rate.recorded")
    for old in before:
        old.superseded_at, old.superseded_by_id = uow.now, row.id
        keeping.changed(uow, old, "rate.superseded")
    return row


def rate_on(session: Session, base: str, quote: str, day: date) -> Rate | None:
    """Return the latest rate known of that day, in either direction; None when there is none."""
    row = session.scalars(
        select(ExchangeRate)
        .where(
            or_(
                (ExchangeRate.base == base) & (ExchangeRate.quote == quote),
                (ExchangeRate.base == quote) & (ExchangeRate.quote == base),
            ),
            ExchangeRate.valid_on <= day,
            ExchangeRate.superseded_at.is_(None),
            ExchangeRate.voided_at.is_(None),
        )
        .order_by(ExchangeRate.valid_on.desc(), ExchangeRate.created_at.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    value = row.value if row.base == base else 1 / row.value
    return Rate(base, quote, value, row.valid_on)


def beside(session: Session, money: Money | None, currency: str | None, day: date) -> Converted:
    """Put an amount beside what it is worth in another currency on a day."""
    if money is None or not currency or money.currency == currency:
        return Converted(money)
    rate = rate_on(session, money.currency, currency, day)
    return Converted(money, rate.convert(money) if rate else None, rate)
