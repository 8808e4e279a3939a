"""Budgets, expenditure and amendments, done by the people of the grant side."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from casefile.grants import agreements, amendments, budgets, spending
from casefile.grants.award_models import Award
from casefile.grants.budget_forms import read_lines
from casefile.grants.budget_models import Amendment, Budget, Expenditure
from casefile.grants.budget_states import AmendmentKind
from casefile.grants.models import FundingAgreement
from casefile.uow import UnitOfWork
from tests.grant_cast import (
    TODAY,
    Team,
    version,
)

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from casefile.uow import Resources
    from tests.cast import Actor

LINES = """
People | Reporter | 10 | month | 60.00
People | Editor | 0.5 | month | 0.01
Travel | Trips | 3 | trip | 100.00
"""


def do(resources: Resources, actor: Actor, verb: Any, *given: Any, **named: Any) -> Any:
    with UnitOfWork(resources, actor.id, actor.bundle) as uow:
        made = verb(uow, *given, **named)
        return getattr(made, "id", made)


def prepared(resources: Resources, actor: Actor, award_id: UUID, lines: str = LINES) -> UUID:
    with UnitOfWork(resources, actor.id, actor.bundle) as uow:
        award = uow.session.get_one(Award, award_id)
        return budgets.prepare(uow, award, read_lines(lines)).id


def approved(resources: Resources, team: Team, award_id: UUID, lines: str = LINES) -> UUID:
    made = prepared(resources, team.mira, award_id, lines)
    do(resources, team.dora, budgets.approve, made, version(resources, Budget, made))
    return made


def spend(
    resources: Resources,
    team: Team,
    award_id: UUID,
    amount: str,
    currency: str = "USD",
    *,
    heading: str = "People",
    on: date = TODAY,
    check: bool = True,
) -> UUID:
    with resources.database.reading() as session:
        budget = budgets.current(session, session.get_one(Award, award_id))
        assert budget is not None
        thread = next(
            one.thread_id for one in budgets.headings(session, budget.id) if one.title == heading
        )
    values = {
        "thread_id": thread,
        "spent_on": on,
        "title": "Work",
        "reference": "V-1",
        "amount": Decimal(amount),
        "currency": currency,
    }
    row_id = do(resources, team.mira, spending.record, award_id, values)
    if check:
        base = version(resources, Expenditure, row_id)
        do(resources, team.fiona, spending.check, row_id, base)
    assert not isinstance(row_id, int)
    return row_id


def agreement(resources: Resources, team: Team, **more: Any) -> None:
    """Let a donor's rules count for the programme."""
    with UnitOfWork(resources, team.mira.id) as uow:
        row = FundingAgreement(
            programme_id=team.programme,
            state="active",
            reference="",
            title="Rules",
            currency="USD",
            starts_precision="",
            ends_precision="",
            rate_method="",
            **more,
        )
        from casefile.grants import keeping

        keeping.add(uow, row, "agreement.created")


def rate(resources: Resources, team: Team, value: str, on: date) -> None:
    values = {
        "base": "USD",
        "quote": "KGS",
        "value": Decimal(value),
        "valid_on": on,
        "source": "NB",
    }
    do(resources, team.mira, agreements.record_rate, values)


def rows(resources: Resources, award_id: UUID) -> dict[str, spending.Row]:
    with resources.database.reading() as session:
        award = session.get_one(Award, award_id)
        budget = budgets.current(session, award)
        assert budget is not None
        return {row.title: row for row in spending.compared(session, award, budget)}


def propose(resources: Resources, actor: Actor, award_id: UUID, kind: str, **more: Any) -> UUID:
    wanted = amendments.Wanted(AmendmentKind(kind), "Because.", **more)
    made = do(resources, actor, amendments.propose, award_id, wanted)
    assert not isinstance(made, int)
    return made


def sign_both(resources: Resources, team: Team, amendment_id: UUID) -> None:
    for actor, ours in ((team.dora, True), (team.max, False)):
        base = version(resources, Amendment, amendment_id)
        do(resources, actor, amendments.sign, amendment_id, base, ours=ours)
