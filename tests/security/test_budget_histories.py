"""Random people spend, move and amend at random; what must always hold is looked at after each step."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from casefile.errors import CasefileError
from casefile.grants import amendments, budgets, keeping, payments, prefinancing, spending
from casefile.grants import milestones as grant_milestones
from casefile.grants.amended_milestones import Change
from casefile.grants.award_models import Award, Milestone, Payment
from casefile.grants.budget_models import Amendment, Budget, BudgetHeading, BudgetLine, Expenditure
from casefile.grants.budget_states import (
    AMENDMENT_MOVES,
    BUDGET_MOVES,
    EXPENDITURE_MOVES,
    AmendmentKind,
    AmendmentState,
    BudgetState,
    ExpenditureState,
)
from casefile.grants.budgets import Line
from casefile.grants.models import FundingAgreement, GrantsEvent
from casefile.grants.money import Money, half_up
from casefile.uow import UnitOfWork
from tests.grant_cast import TODAY, Team, active, give_bank, make_team, step

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.uow import Resources
    from tests.cast import Actor, Cast, Clock

STEPS = 110
ON_THE_WAY = {"requested", "checked", "approved", "paid"}
MOVES: dict[str, Any] = {
    "budget": (BudgetState, BUDGET_MOVES),
    "expenditure": (ExpenditureState, EXPENDITURE_MOVES),
    "amendment": (AmendmentState, AMENDMENT_MOVES),
}


def check(session: Session) -> None:
    for award in session.scalars(select(Award)):
        milestones = session.scalars(select(Milestone).where(Milestone.award_id == award.id)).all()
        assert sum((one.tranche for one in milestones), Decimal()) == award.amount
        planned = session.scalars(select(Payment).where(Payment.award_id == award.id)).all()
        paid = [one.amount for one in planned if one.state in ON_THE_WAY]
        assert sum(paid, Decimal()) <= award.amount
        tranches = {one.id: one.tranche for one in milestones}
        for one in planned:
            if one.state != "cancelled" and one.milestone_id:
                assert one.amount == tranches[one.milestone_id]
        in_force = [one for one in budgets.versions(session, award) if one.state == "approved"]
        assert len(in_force) <= 1
        for one in in_force:
            assert one.total <= award.amount
            _check_headings(session, award, one)
    for row in session.scalars(select(Budget)):
        lines = session.scalars(
            select(BudgetLine)
            .join(BudgetHeading, BudgetHeading.id == BudgetLine.heading_id)
            .where(BudgetHeading.budget_id == row.id)
        ).all()
        assert sum((line.amount for line in lines), Decimal()) == row.total
        assert all(line.amount == half_up(line.quantity * line.unit_cost) for line in lines)
        assert row.approved_by_id is None or row.approved_by_id != row.prepared_by_id
        assert row.approved_by_id is None or row.approved_by_id not in keeping.hands(session, row)
    _check_hands(session)
    _check_events(session)


def _check_headings(session: Session, award: Award, budget: Budget) -> None:
    """Whatever was spent under a heading still has that heading, and nothing is added without a rate."""
    known = {one.thread_id for one in budgets.headings(session, budget.id)}
    for row in spending.of_award(session, award.id):
        if row.state in {"recorded", "checked", "eligible"}:
            assert row.thread_id in known
    for line in spending.compared(session, award, budget):
        rows = [
            one
            for one in spending.of_award(session, award.id)
            if one.thread_id == line.thread_id and one.state in {"recorded", "checked", "eligible"}
        ]
        own = [one.amount for one in rows if one.currency == award.currency]
        assert line.spent == Money(sum(own, Decimal()), award.currency)
        assert line.without_rate == len(rows) - len(own)


def _check_hands(session: Session) -> None:
    for row in session.scalars(select(Expenditure)):
        assert row.recorded_by_id not in {row.checked_by_id, row.judged_by_id}
    for change in session.scalars(select(Amendment)):
        if change.our_signer_id is not None:
            assert change.our_signer_id not in {change.proposed_by_id, change.their_signer_id}
        if change.state == "in_effect" and change.form == "addendum":
            assert change.our_signer_id is not None
            assert change.their_signer_id is not None
        if change.state == "in_effect" and change.form == "notification":
            assert change.kind == "budget"
            _check_within(session, change)


def _check_within(session: Session, change: Amendment) -> None:
    """What was only told stays within a quarter of what both sides last signed."""
    budget = session.get_one(Budget, change.budget_id)
    signed = [
        one
        for one in budgets.versions(session, session.get_one(Award, change.award_id))
        if one.state != "draft" and not one.notified and one.approved_at <= budget.approved_at
    ]
    agreed = max(signed, key=lambda one: (one.approved_at, one.number))
    old = {one.row.thread_id: one.total.amount for one in budgets.parts(session, agreed)}
    new = {one.row.thread_id: one.total.amount for one in budgets.parts(session, budget)}
    assert old.keys() == new.keys()
    assert all(abs(new[one] - old[one]) * 4 <= old[one] for one in old)


def _check_events(session: Session) -> None:
    histories: dict[UUID, list[GrantsEvent]] = defaultdict(list)
    for event in session.scalars(select(GrantsEvent).order_by(GrantsEvent.number)):
        if event.what == "state" and event.subject_kind in MOVES:
            histories[event.subject_id].append(event)
    for events in histories.values():
        states, moves = MOVES[events[0].subject_kind]
        for event in events:
            assert event.actor_id is not None
            if event.before:
                assert states(event.after) in moves[states(event.before)]
            if event.after in {"void", "ineligible", "withdrawn"}:
                assert event.reason


class History:
    """One award, and four people who try whatever comes to their mind."""

    def __init__(self, resources: Resources, team: Team, seed: int, clock: Clock) -> None:
        self.resources, self.team, self.clock = resources, team, clock
        self.chance = random.Random(seed)
        self.people = [team.mira, team.max, team.fiona, team.dora]
        steps = [step("One", 40), step("Two", 30, days=60), step("Three", 30, days=90)]
        self.award_id = active(resources, team, steps)
        give_bank(resources, team, self.award_id)
        self.done = 0
        with UnitOfWork(resources, team.mira.id) as uow:
            rules = FundingAgreement(
                programme_id=team.programme,
                state="active",
                reference="",
                title="Rules",
                currency="USD",
                starts_precision="",
                ends_precision="",
                rate_method="",
                heading_flexibility=Decimal(25),
                prefinancing_previous=Decimal(70),
                prefinancing_earlier=Decimal(100),
                prefinancing_most=Decimal(90),
            )
            keeping.add(uow, rules, "agreement.created")

    def step(self) -> None:
        acts = [
            self.prepare, self.approve, self.approve, self.spend, self.spend, self.check, self.check,
            self.judge, self.void, self.amend, self.amend, self.agree, self.agree, self.agree, self.agree,
            self.withdraw, self.meet, self.pay, self.pay, self.pay, self.pay,
        ]  # fmt: skip
        self.clock.forward(hours=1)
        try:
            with UnitOfWork(self.resources, self._who().id) as uow:
                self.chance.choice(acts)(uow)
            self.done += 1
        except CasefileError:
            pass

    def _who(self) -> Actor:
        return self.chance.choice(self.people)

    def _any(self, uow: UnitOfWork, model: type[Any], *, newest: bool = False) -> Any:
        rows = list(uow.session.scalars(select(model).order_by(model.created_at.desc())))
        if not rows:
            raise keeping.missing()
        return rows[0] if newest else self.chance.choice(rows)

    def prepare(self, uow: UnitOfWork) -> None:
        first = self.chance.choice([300, 350, 375, 376, 400, 450])
        names = self.chance.choice([("A", "B"), ("A", "B"), ("A", "B"), ("A", "C")])
        amounts = (Decimal(first), Decimal(self.chance.choice([600, 700])) - first)
        lines = [
            Line(name, "x", Decimal("0.5"), "unit", amount * 2)
            for name, amount in zip(names, amounts, strict=True)
        ]
        budgets.prepare(uow, uow.session.get_one(Award, self.award_id), lines)

    def approve(self, uow: UnitOfWork) -> None:
        row = self._any(uow, Budget, newest=True)
        budgets.approve(uow, row.id, row.version)

    def spend(self, uow: UnitOfWork) -> None:
        heading = self._any(uow, BudgetHeading)
        values = {
            "thread_id": heading.thread_id,
            "spent_on": TODAY,
            "title": "x",
            "reference": "",
            "amount": Decimal(self.chance.choice(["0.01", "120.00", "280.00"])),
            "currency": self.chance.choice(["USD", "USD", "USD", "KGS"]),
        }
        spending.record(uow, self.award_id, values)

    def check(self, uow: UnitOfWork) -> None:
        row = self._any(uow, Expenditure)
        spending.check(uow, row.id, row.version)

    def judge(self, uow: UnitOfWork) -> None:
        row = self._any(uow, Expenditure)
        to = self.chance.choice(["eligible", "ineligible", "void"])
        spending.judge(uow, row.id, row.version, to, self.chance.choice(["", "why"]))

    def void(self, uow: UnitOfWork) -> None:
        row = self._any(uow, Expenditure)
        spending.void(uow, row.id, row.version, self.chance.choice(["", "", "why"]))

    def amend(self, uow: UnitOfWork) -> None:
        kind = self.chance.choice(list(AmendmentKind))
        budget = uow.session.scalars(
            select(Budget).where(Budget.state == "draft").order_by(Budget.number.desc())
        ).first()
        amount = Decimal(self.chance.choice([900, 1000, 1100, 1200]))
        third = amount - self.chance.choice([700, 700, 650])
        change = Change(3, TODAY + timedelta(days=80), third, ("E2",), "Three", "Seen")
        wanted = amendments.Wanted(
            kind,
            "why",
            ends_on=TODAY + timedelta(days=self.chance.choice([10, 400, 500])),
            amount=amount,
            milestones=[change] if kind in {"amount", "milestones"} else [],
            budget_id=budget.id if budget else None,
        )
        amendments.propose(uow, self.award_id, wanted)

    def agree(self, uow: UnitOfWork) -> None:
        row = self._any(uow, Amendment, newest=True)
        if row.form == "notification":
            amendments.acknowledge(uow, row.id, row.version)
        else:
            amendments.sign(uow, row.id, row.version, ours=self.chance.random() < 0.5)

    def withdraw(self, uow: UnitOfWork) -> None:
        row = self._any(uow, Amendment, newest=True)
        if self.chance.random() < 0.3:
            amendments.withdraw(uow, row.id, row.version, self.chance.choice(["", "why"]))

    def meet(self, uow: UnitOfWork) -> None:
        row = self._any(uow, Milestone)
        grant_milestones.accept_contract(uow, row.id, row.version)

    def pay(self, uow: UnitOfWork) -> None:
        row = self._any(uow, Payment)
        verbs = {
            "scheduled": payments.request,
            "requested": payments.check,
            "checked": payments.approve,
        }
        award = uow.session.get_one(Award, self.award_id)
        waits = prefinancing.missing(uow.session, award, row)
        if row.state == "approved":
            payments.pay(uow, row.id, row.version, paid_on=TODAY, reference="")
        else:
            verbs.get(row.state, payments.request)(uow, row.id, row.version)
        assert not waits, "money went on although something was missing"


@pytest.mark.parametrize("seed", range(4))
def test_no_history_breaks_what_must_hold(
    resources: Resources, cast: Cast, clock: Clock, seed: int
) -> None:
    history = History(resources, make_team(resources, cast), seed, clock)
    for _turn in range(STEPS):
        history.step()
        with resources.database.reading() as session:
            check(session)
    assert history.done > STEPS // 6


AMOUNTS = st.decimals(min_value=0, max_value=10_000, places=2)
QUANTITIES = st.decimals(min_value=Decimal("0.001"), max_value=1000, places=3)


@given(given_lines=st.lists(st.tuples(QUANTITIES, AMOUNTS), min_size=1, max_size=30))
@settings(max_examples=100, deadline=None)
def test_lines_add_up_to_the_cent_whatever_they_are(
    given_lines: list[tuple[Decimal, Decimal]],
) -> None:
    lines = [Line("H", "x", quantity, "", cost) for quantity, cost in given_lines]
    cents = sum(int(half_up(quantity * cost) * 100) for quantity, cost in given_lines)
    if cents:
        assert budgets.added_up(lines, "USD") == Money(Decimal(cents) / 100, "USD")
