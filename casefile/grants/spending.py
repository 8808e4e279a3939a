"""Expenditure of an award: recorded, checked by another, then eligible or not; and what it comes to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from casefile.errors import ConflictError, InvalidError
from casefile.grants import budgets, keeping, rules
from casefile.grants.award_models import Award
from casefile.grants.award_states import AwardState
from casefile.grants.budget_models import Budget, BudgetHeading, Expenditure
from casefile.grants.budget_states import (
    EXPENDITURE_MOVES,
    NEEDS_WHY,
    SHOWN_SPENT,
    SPENT,
    ExpenditureState,
)
from casefile.grants.money import HUNDRED, Money
from casefile.grants.rates import Rates
from casefile.grants.separation import keep_apart

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from casefile.grants.agreements import Converted
    from casefile.uow import UnitOfWork

RUNS: Final = frozenset({AwardState.ACTIVE, AwardState.SUSPENDED, AwardState.CLOSING})
NO_BUDGET = "This award has no approved budget yet, so there is no heading to record money under."
WAY_OUT = "If the team is too small, an administrator can give a second person the role."


@dataclass(frozen=True, slots=True)
class Spent:
    """What was shown to be spent in the award's currency, and how many amounts have no rate."""

    money: Money
    without_rate: int


@dataclass(frozen=True, slots=True)
class Row:
    """A heading: planned, spent, and whether it is more than the agreement lets it be."""

    thread_id: UUID
    title: str
    planned: Money
    spent: Money
    without_rate: int
    most: Money

    @property
    def left(self) -> Money:
        return self.planned - self.spent

    @property
    def over(self) -> bool:
        return self.spent > self.most

    @property
    def percent(self) -> int | None:
        return int(self.spent.amount * HUNDRED / self.planned.amount) if self.planned else None


def record(uow: UnitOfWork, award_id: UUID, values: Mapping[str, Any]) -> Expenditure:
    """Write down what was spent, in the currency it was spent in."""
    award = keeping.held(uow, Award, award_id)
    if award.state not in RUNS:
        msg = "The award is not running, so nothing is spent of it now."
        raise ConflictError(msg)
    _check(uow, award, values)
    last = uow.session.scalar(
        select(func.max(Expenditure.number)).where(Expenditure.award_id == award.id)
    )
    row = Expenditure(
        id=uuid4(),
        award_id=award.id,
        number=(last or 0) + 1,
        state=ExpenditureState.RECORDED.value,
        recorded_by_id=uow.actor_id,
        reason="",
        **values,
    )
    keeping.add(uow, row, "expenditure.recorded")
    keeping.write_event(uow, row, "state", "", ExpenditureState.RECORDED.value)
    return row


def _check(uow: UnitOfWork, award: Award, values: Mapping[str, Any]) -> None:
    if Money(values["amount"], values["currency"]).amount <= 0:
        msg = "The amount must be above nought."
        raise InvalidError(msg)
    today = uow.now.astimezone(ZoneInfo(uow.resources.settings.timezone)).date()
    if values["spent_on"] > today:
        msg = "The day of the expenditure lies in the future."
        raise InvalidError(msg)
    current = budgets.current(uow.session, award)
    if current is None:
        raise ConflictError(NO_BUDGET)
    known = {one.thread_id for one in budgets.headings(uow.session, current.id)}
    if values["thread_id"] not in known:
        msg = "Choose a heading of the budget in force."
        raise InvalidError(msg)


def check(uow: UnitOfWork, expenditure_id: UUID, base: int) -> None:
    """Say that date, amount and voucher agree. Whoever recorded it may not."""
    row = keeping.held(uow, Expenditure, expenditure_id, base)
    _apart(uow, row, "checks")
    row.checked_by_id = uow.actor_id
    _move(uow, row, ExpenditureState.CHECKED, "")


def judge(uow: UnitOfWork, expenditure_id: UUID, base: int, to: str, reason: str) -> None:
    """Say whether the award pays for it. Whoever recorded it may not."""
    if to not in {ExpenditureState.ELIGIBLE, ExpenditureState.INELIGIBLE}:
        raise InvalidError(keeping.NO_STATE)
    row = keeping.held(uow, Expenditure, expenditure_id, base)
    _apart(uow, row, "decides on")
    row.judged_by_id = uow.actor_id
    _move(uow, row, ExpenditureState(to), reason)


def void(uow: UnitOfWork, expenditure_id: UUID, base: int, reason: str) -> None:
    """Say that it was written down by mistake. It stays, with the reason, and counts no more."""
    row = keeping.held(uow, Expenditure, expenditure_id, base)
    _move(uow, row, ExpenditureState.VOID, reason)


def _apart(uow: UnitOfWork, row: Expenditure, what: str) -> None:
    keep_apart(
        uow.actor_id,
        [row.recorded_by_id],
        f"You recorded this expenditure, so somebody else {what} it. {WAY_OUT}",
    )


def _move(uow: UnitOfWork, row: Expenditure, to: ExpenditureState, reason: str) -> None:
    row.reason = keeping.checked_reason(reason, wanted=to in NEEDS_WHY)
    keeping.move(uow, row, to, EXPENDITURE_MOVES, f"expenditure.{to.value}", row.reason)


def of_award(session: Session, award_id: UUID) -> Sequence[Expenditure]:
    return session.scalars(
        select(Expenditure).where(Expenditure.award_id == award_id).order_by(Expenditure.number)
    ).all()


def beside(session: Session, award: Award, row: Expenditure) -> Converted:
    """Put the original beside its worth in the award's currency, by the rate of its day."""
    rates = Rates(session, award.currency, [row.currency])
    return rates.beside(Money(row.amount, row.currency), row.spent_on)


def shown_spent(session: Session, award: Award) -> Spent:
    """Add up what was checked, in the award's currency; what has no rate is counted, not guessed."""
    rows = [row for row in of_award(session, award.id) if row.state in SHOWN_SPENT]
    return _added(Rates(session, award.currency, {row.currency for row in rows}), rows)


def _added(rates: Rates, rows: Sequence[Expenditure]) -> Spent:
    worth = [rates.worth(Money(row.amount, row.currency), row.spent_on) for row in rows]
    known = [money for money in worth if money is not None]
    return Spent(sum(known, Money(Decimal(), rates.target)), len(worth) - len(known))


def compared(session: Session, award: Award, budget: Budget) -> list[Row]:
    """Return budget against actual by heading, with five queries however much was spent."""
    by_thread: dict[UUID, list[Expenditure]] = defaultdict(list)
    used: set[str] = set()
    for row in of_award(session, award.id):
        if row.state in SPENT:
            by_thread[row.thread_id].append(row)
            used.add(row.currency)
    rates = Rates(session, award.currency, used)
    flexibility = rules.of_award(session, award).flexibility
    found = []
    for part in budgets.parts(session, budget):
        spent = _added(rates, by_thread[part.row.thread_id])
        most = part.total * ((HUNDRED + flexibility) / HUNDRED)
        found.append(
            Row(
                part.row.thread_id,
                part.row.title,
                part.total,
                spent.money,
                spent.without_rate,
                most,
            )
        )
    return found


def heading_names(session: Session, thread_ids: set[UUID]) -> dict[UUID, str]:
    """Return what headings are called, by the latest version that has them."""
    rows = session.execute(
        select(BudgetHeading.thread_id, BudgetHeading.title)
        .where(BudgetHeading.thread_id.in_(thread_ids))
        .order_by(BudgetHeading.created_at)
    )
    return {row.thread_id: row.title for row in rows}
