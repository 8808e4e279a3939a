"""A programme at a glance: awards by milestones, the money, and what waits for whom. Few queries."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import BigInteger, cast, func, or_, select

from casefile.grants import milestones, programmes
from casefile.grants.award_models import Award, Milestone, Payment
from casefile.grants.award_states import (
    COMMITTED,
    MET,
    OPEN_MILESTONE,
    AwardState,
    MilestoneState,
    PaymentState,
)
from casefile.grants.models import Programme
from casefile.grants.money import HUNDRED, Money
from casefile.notices.calendars import Deadline
from casefile.policy import Permission, roles_may

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement, ScalarSelect, Select
    from sqlalchemy.orm import Session

    from casefile.accounts.models import User
    from casefile.web import Person

SOON: Final = timedelta(days=30)
SORTS: Final[Mapping[str, Any]] = {
    "codename": (Award.codename.asc(),),
    "ends": (Award.ends_on.asc(), Award.codename.asc()),
    "amount": (Award.amount.desc(), Award.codename.asc()),
    "newest": (Award.created_at.desc(), Award.codename.asc()),
    "state": (Award.state.asc(), Award.codename.asc()),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One milestone in the grid: met, submitted, late, due, later, or out."""

    id: UUID
    number: int
    title: str
    due_on: date
    look: str
    state: str


@dataclass(frozen=True, slots=True)
class Line:
    """One award in the grid."""

    award: Award
    cells: Sequence[Cell]
    paid: Money
    share: int

    @property
    def total(self) -> Money:
        return Money(self.award.amount, self.award.currency)


@dataclass(slots=True)
class Sums:
    """What stands, in one currency. Never added to another's."""

    currency: str
    awarded: Decimal = Decimal()
    due: Decimal = Decimal()
    paid: Decimal = Decimal()
    awards: int = 0

    @property
    def left(self) -> Decimal:
        return self.awarded - self.paid - self.due

    def money(self, name: str) -> Money:
        return Money(getattr(self, name), self.currency)

    def percent(self, name: str) -> int:
        """Return a width for a bar."""
        return int(getattr(self, name) * HUNDRED / self.awarded) if self.awarded else 0


def look_of(milestone: Milestone, today: date) -> str:
    if milestone.state in MET:
        return "met"
    if milestone.state == MilestoneState.SUBMITTED:
        return "submitted"
    if milestone.state in {MilestoneState.NOT_ACHIEVABLE, MilestoneState.CANCELLED}:
        return "out"
    if milestones.is_late(milestone, today):
        return "late"
    if milestone.state in OPEN_MILESTONE and milestone.due_on <= today + SOON:
        return "due"
    return "later"


def _cents(column: Any) -> ColumnElement[int]:
    """Add up whole cents: SQLite's own sums of decimals are not exact."""
    return func.coalesce(func.sum(cast(func.round(column * 100), BigInteger)), 0)


def paid_cents() -> ScalarSelect[int]:
    """Return what was paid of an award, in whole cents, beside its row."""
    return (
        select(_cents(Payment.amount))
        .where(Payment.award_id == Award.id, Payment.state == PaymentState.PAID)
        .correlate(Award)
        .scalar_subquery()
    )


def _visible(seen: set[UUID] | None, programme_id: UUID | None) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [Award.voided_at.is_(None)]
    if seen is not None:
        wanted.append(Award.programme_id.in_(seen))
    if programme_id is not None:
        wanted.append(Award.programme_id == programme_id)
    return wanted


def sums(session: Session, person: Person, programme_id: UUID | None = None) -> list[Sums]:
    """Return awarded, due, paid and left for each currency. Of an ended award what was paid is left."""
    visible = _visible(programmes.seen_by(person, session), programme_id)
    wanted = [*visible, Award.state.in_([state.value for state in COMMITTED])]
    found: dict[str, Sums] = {}
    for currency, cents, count in session.execute(
        select(Award.currency, _cents(Award.amount), func.count())
        .where(*wanted)
        .group_by(Award.currency)
        .order_by(Award.currency)
    ):
        found[currency] = Sums(currency, Decimal(cents) / 100, awards=count)
    for currency, state, cents in session.execute(
        select(Payment.currency, Payment.state, _cents(Payment.amount))
        .join(Award, Award.id == Payment.award_id)
        .where(*wanted, or_(Payment.state == PaymentState.PAID, is_due()))
        .group_by(Payment.currency, Payment.state)
    ):
        sum_ = found.setdefault(currency, Sums(currency))
        if state == PaymentState.PAID:
            sum_.paid += Decimal(cents) / 100
        else:
            sum_.due += Decimal(cents) / 100
    for currency, cents in session.execute(
        select(Payment.currency, _cents(Payment.amount))
        .join(Award, Award.id == Payment.award_id)
        .where(*visible, Award.state == AwardState.TERMINATED, Payment.state == PaymentState.PAID)
        .group_by(Payment.currency)
    ):
        sum_ = found.setdefault(currency, Sums(currency))
        sum_.awarded += Decimal(cents) / 100
        sum_.paid += Decimal(cents) / 100
    return list(found.values())


def is_due() -> ColumnElement[bool]:
    return Payment.due_on.is_not(None) & Payment.state.not_in(
        (PaymentState.PAID, PaymentState.CANCELLED)
    )


def waits(payment: Payment) -> bool:
    """Say of one payment what `is_due` says in a query."""
    settled = {PaymentState.PAID, PaymentState.CANCELLED}
    return payment.due_on is not None and payment.state not in settled


def awards_query(
    session: Session,
    person: Person,
    *,
    programme_id: UUID | None = None,
    state: str = "",
    text: str = "",
) -> Select[Award]:
    query = select(Award).where(*_visible(programmes.seen_by(person, session), programme_id))
    if state in set(AwardState):
        query = query.where(Award.state == state)
    if text:
        sought = text.casefold().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        query = query.where(
            or_(
                Award.codename.like(f"%{sought}%", escape="\\"),
                func.lower(Award.reference).like(f"%{sought}%", escape="\\"),
            )
        )
    return query


def count(session: Session, query: Select[Award]) -> int:
    counted = query.with_only_columns(func.count(), maintain_column_froms=True).order_by(None)
    return session.scalar(counted) or 0


def grid(
    session: Session,
    query: Select[Award],
    today: date,
    *,
    sort: str = "",
    offset: int = 0,
    limit: int = 25,
) -> list[Line]:
    """Return one page of awards with their milestones: three queries, however many there are."""
    ordered = query.order_by(*SORTS.get(sort, SORTS["codename"])).offset(offset).limit(limit)
    awards = session.scalars(ordered).all()
    ids = [award.id for award in awards]
    by_award: dict[UUID, list[Cell]] = defaultdict(list)
    for milestone in session.scalars(
        select(Milestone).where(Milestone.award_id.in_(ids)).order_by(Milestone.number)
    ):
        by_award[milestone.award_id].append(
            Cell(
                milestone.id,
                milestone.number,
                milestone.title,
                milestone.due_on,
                look_of(milestone, today),
                milestone.state,
            )
        )
    sums_ = session.execute(
        select(Payment.award_id, _cents(Payment.amount))
        .where(Payment.award_id.in_(ids), Payment.state == PaymentState.PAID)
        .group_by(Payment.award_id)
    )
    paid: dict[UUID, int] = {row[0]: row[1] for row in sums_}
    return [
        Line(
            award,
            by_award[award.id],
            Money(Decimal(paid.get(award.id, 0)) / 100, award.currency),
            int(paid.get(award.id, 0) / award.amount),
        )
        for award in awards
    ]


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing in somebody's queue."""

    kind: str
    label: str
    url: str
    on: date
    note: str = ""
    money: Money | None = None


def month(
    session: Session, person: Person, first: date, last: date, today: date
) -> dict[date, list[Waiting]]:
    """Return the milestones due in a stretch of days, by day."""
    found: dict[date, list[Waiting]] = defaultdict(list)
    rows = session.execute(
        select(Milestone, Award.codename)
        .join(Award, Award.id == Milestone.award_id)
        .where(
            *_visible(programmes.seen_by(person, session), None),
            Award.state.in_([state.value for state in COMMITTED]),
            Milestone.due_on.between(first, last),
        )
        .order_by(Milestone.due_on, Award.codename, Milestone.number)
    )
    for milestone, codename in rows:
        found[milestone.due_on].append(
            Waiting(
                look_of(milestone, today),
                f"{codename} M{milestone.number}",
                f"/grants/milestones/{milestone.id}",
                milestone.due_on,
                milestone.title,
            )
        )
    return found


def deadlines(session: Session, user: User, now: datetime) -> list[Deadline]:
    """Give a calendar of a grant manager the days of all milestones: codename and number."""
    from casefile.accounts.service import roles_of  # noqa: PLC0415 - keeps this module's needs small

    if not roles_may(roles_of(user.roles), Permission.AWARD_READ):
        return []
    rows = session.execute(
        select(Milestone.id, Milestone.number, Milestone.due_on, Milestone.state, Award.codename)
        .join(Award, Award.id == Milestone.award_id)
        .where(
            Award.state.in_([state.value for state in COMMITTED]),
            Milestone.due_on >= now.date() - timedelta(days=180),
            Milestone.state.not_in((MilestoneState.CANCELLED, MilestoneState.NOT_ACHIEVABLE)),
        )
        .order_by(Milestone.due_on)
        .limit(2000)
    )
    return [
        Deadline(row.id, f"{row.codename} M{row.number}", row.due_on, row.state in MET)
        for row in rows
    ]


def programme_names(session: Session, person: Person) -> list[tuple[str, str]]:
    seen = programmes.seen_by(person, session)
    query = (
        select(Programme.id, Programme.code, Programme.title_en)
        .where(Programme.voided_at.is_(None))
        .order_by(Programme.code)
    )
    if seen is not None:
        query = query.where(Programme.id.in_(seen))
    return [(str(row.id), f"{row.code} {row.title_en}".strip()) for row in session.execute(query)]
