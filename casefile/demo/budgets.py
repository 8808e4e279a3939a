"""Budgets of the sample's awards: spent in two currencies, and one of them amended."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from casefile.grants import agreements, amendments, budgets, spending
from casefile.grants.award_models import Award
from casefile.grants.budget_models import Amendment, Budget, Expenditure
from casefile.grants.budget_states import AmendmentKind
from casefile.grants.models import ExchangeRate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from casefile.demo.awards import Awards

# Heading, what, quantity, unit, thousandths of the award for one.
PLAN = (
    ("People", "Reporter", "6", "month", 70),
    ("People", "Editor", "3", "month", 60),
    ("Travel", "Trips to the provinces", "8", "trip", 25),
    ("Documents", "Fees of registers", "40", "extract", 3),
    ("Checking", "Lawyer before publication", "1", "reading", 80),
)
PLANNED = tuple(one[4] for one in PLAN)
AMENDED = (70, 60, 23, 3, 95)
# Heading, what for, currency, amount in thousandths of the award, or in som, days ago, how far.
SPENT = (
    ("People", "Fee of a month", "", 70, 60, "eligible"),
    ("People", "Fee of a month", "", 70, 30, "checked"),
    ("Travel", "Fuel", "KGS", 4350, 40, "eligible"),
    ("Travel", "Guest house", "KGS", 6200, 38, "checked"),
    ("Documents", "Extracts of the land register", "KGS", 2800, 20, "recorded"),
    ("Travel", "Taxi", "KGS", 900, 15, "ineligible"),
)


RATED = 45


class Budgets:
    """Makes them through the services people use, by the people the awards are made by."""

    def __init__(self, awards: Awards) -> None:
        self.by, self.loader, self.today = awards, awards.loader, awards.today

    def _plan(self, award_id: UUID, costs: tuple[int, ...] = PLANNED) -> UUID:
        with self.loader.at(self.by.age, self.by.manager) as uow:
            award = uow.session.get_one(Award, award_id)
            lines = [
                budgets.Line(heading, title, Decimal(count), unit, self._part(award, cost))
                for (heading, title, count, unit, _cost), cost in zip(PLAN, costs, strict=True)
            ]
            return budgets.prepare(uow, award, lines).id

    @staticmethod
    def _part(award: Award, thousandths: int) -> Decimal:
        return (award.amount * thousandths / 1000).quantize(Decimal("0.01"))

    def _do(self, who: Any, verb: Callable[..., Any], model: Any, row_id: UUID, *more: Any) -> None:
        with self.loader.at(self.by.age, who) as uow:
            verb(uow, row_id, uow.session.get_one(model, row_id).version, *more)

    def histories(self) -> list[Iterator[timedelta]]:
        return [self._spent(), self._waiting()]

    def _spent(self) -> Iterator[timedelta]:
        """An award with a budget in force, expenditure in two currencies and a small move since."""
        yield from self.by.wait(63)
        award_id = self.by.made[0]
        self._do(self.by.director, budgets.approve, Budget, self._plan(award_id))
        rated = False
        for told in sorted(SPENT, key=lambda one: -one[4]):
            if told[4] < RATED and not rated:
                yield from self.by.wait(RATED)
                self._rate(award_id)
                rated = True
            yield from self.by.wait(told[4])
            self._spend(award_id, *told)
        yield from self.by.wait(12)
        moved = self._plan(award_id, AMENDED)
        why = "Cheaper trips, and the lawyer reads longer."
        with self.loader.at(self.by.age, self.by.manager) as uow:
            wanted = amendments.Wanted(AmendmentKind.BUDGET, why, budget_id=moved)
            row_id = amendments.propose(uow, award_id, wanted).id
        yield from self.by.wait(10)
        self._do(self.by.director, amendments.acknowledge, Amendment, row_id)

    def _waiting(self) -> Iterator[timedelta]:
        """An award whose budget is a draft and which asks for more time."""
        yield from self.by.wait(6)
        award_id = self.by.made[1]
        self._plan(award_id)
        with self.loader.at(self.by.age, self.by.manager) as uow:
            ends_on = uow.session.get_one(Award, award_id).ends_on + timedelta(days=60)
            why = "The court sits again only in spring."
            wanted = amendments.Wanted(AmendmentKind.EXTENSION, why, ends_on=ends_on)
            amendments.propose(uow, award_id, wanted)

    def _rate(self, award_id: UUID) -> None:
        """Without a rate nothing is converted: have one from before the first expenditure."""
        day = self.today - timedelta(days=RATED)
        with self.loader.at(self.by.age, self.by.manager) as uow:
            quote = uow.session.get_one(Award, award_id).currency
            there = uow.session.scalar(
                select(ExchangeRate.id).where(
                    ExchangeRate.base == quote,
                    ExchangeRate.quote == "KGS",
                    ExchangeRate.valid_on <= day,
                )
            )
            if there is None and quote != "KGS":
                told = {"base": quote, "quote": "KGS", "value": Decimal("87.45"), "valid_on": day}
                agreements.record_rate(uow, {**told, "source": "National Bank (sample)"})

    def _spend(
        self, award_id: UUID, heading: str, title: str, currency: str, much: int, days: int, to: str
    ) -> None:
        with self.loader.at(self.by.age, self.by.manager) as uow:
            award = uow.session.get_one(Award, award_id)
            budget = budgets.current(uow.session, award)
            assert budget is not None  # noqa: S101 - approved just before
            threads = {one.title: one.thread_id for one in budgets.headings(uow.session, budget.id)}
            values = {
                "thread_id": threads[heading],
                "spent_on": self.today - timedelta(days=days),
                "title": title,
                "reference": f"V-{days:03}",
                "amount": Decimal(much) if currency else self._part(award, much),
                "currency": currency or award.currency,
            }
            row_id = spending.record(uow, award_id, values).id
        if to == "recorded":
            return
        self._do(self.by.finance, spending.check, Expenditure, row_id)
        if to != "checked":
            why = "There is no voucher." if to == "ineligible" else ""
            self._do(self.by.finance, spending.judge, Expenditure, row_id, to, why)
