from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from casefile.errors import ConflictError, ForbiddenError, InvalidError
from casefile.grants import budgets, payments, spending
from casefile.grants import milestones as grant_milestones
from casefile.grants.award_models import Award, Payment
from casefile.grants.budget_forms import read_lines
from casefile.grants.budget_models import Budget
from tests.budget_scene import (
    LINES,
    agreement,
    approved,
    do,
    prepared,
    rate,
    rows,
    spend,
)
from tests.grant_cast import (
    TODAY,
    Team,
    act,
    active,
    draft,
    give_bank,
    milestone_ids,
    payment_of,
    step,
)

if TYPE_CHECKING:
    from uuid import UUID

    from casefile.uow import Resources
    from tests.cast import Clock
    from tests.strict_browser import Browse


@pytest.fixture(autouse=True)
def _today(clock: Clock) -> None:
    clock.standing = datetime(TODAY.year, TODAY.month, TODAY.day, 6, tzinfo=UTC)


def test_lines_are_rounded_half_up_and_add_up_to_their_version(
    resources: Resources, team: Team
) -> None:
    award_id = draft(resources, team)
    made = approved(resources, team, award_id)

    with resources.database.reading() as session:
        row = session.get_one(Budget, made)
        parts = budgets.parts(session, row)
        assert [(part.row.title, str(part.total.amount)) for part in parts] == [
            ("People", "600.01"),
            ("Travel", "300.00"),
        ]
        assert row.total == Decimal("900.01")
        assert row.state == "approved"
    with resources.database.reading() as session:
        award = session.get_one(Award, award_id)
    with pytest.raises(InvalidError, match=r"add up to 900\.01"):
        do(resources, team.mira, budgets.prepare, award, read_lines(LINES), stated=Decimal(900))
    with pytest.raises(InvalidError, match="more than the award"):
        prepared(resources, team.mira, award_id, "People | Reporter | 1 | year | 1000.01")
    for wrong in (
        "a | b | 1 | c",
        "a | b | 0 | c | 1",
        "a | b | 1 | c | -1",
        "a | b | NaN | c | 1",
    ):
        with pytest.raises(InvalidError, match="Line 1"):
            read_lines(wrong)


def test_whoever_prepared_a_budget_does_not_approve_it(resources: Resources, team: Team) -> None:
    award_id = draft(resources, team)
    made = prepared(resources, team.dora, award_id)

    with pytest.raises(ForbiddenError, match="You prepared this version"):
        do(resources, team.dora, budgets.approve, made, 1)
    do(resources, team.max, budgets.approve, made, 1)
    second = prepared(resources, team.mira, award_id)
    do(resources, team.dora, budgets.approve, second, 1)
    with resources.database.reading() as session:
        assert session.get_one(Budget, made).state == "superseded"
        first, later = (budgets.headings(session, one) for one in (made, second))
        assert [one.thread_id for one in first] == [one.thread_id for one in later]
    with pytest.raises(ConflictError, match="approved, so it stays"):
        do(resources, team.mira, budgets.save, made, 3, read_lines(LINES))


def test_expenditure_is_converted_by_the_rate_of_its_day_and_never_guessed(
    resources: Resources, team: Team
) -> None:
    award_id = active(resources, team)
    approved(resources, team, award_id)
    rate(resources, team, "80", TODAY - timedelta(days=10))
    rate(resources, team, "100", TODAY - timedelta(days=2))
    spend(resources, team, award_id, "8000.00", "KGS", on=TODAY - timedelta(days=5))
    spend(resources, team, award_id, "8000.00", "KGS", on=TODAY)
    spend(resources, team, award_id, "50.00", "USD", on=TODAY)
    spend(resources, team, award_id, "70.00", "EUR")
    spend(resources, team, award_id, "8000.00", "KGS", on=TODAY - timedelta(days=20))

    people = rows(resources, award_id)["People"]
    assert str(people.spent.amount) == "230.00"
    assert people.without_rate == 2
    assert not people.over
    spend(resources, team, award_id, "520.02", check=False)
    assert rows(resources, award_id)["People"].over
    assert str(rows(resources, award_id)["People"].most.amount) == "750.01"


def test_recorder_and_checker_are_two_people(resources: Resources, team: Team) -> None:
    award_id = active(resources, team)
    with pytest.raises(AssertionError):
        spend(resources, team, award_id, "1.00")
    approved(resources, team, award_id)
    row_id = spend(resources, team, award_id, "10.00", check=False)

    for verb, more in ((spending.check, ()), (spending.judge, ("eligible", ""))):
        with pytest.raises(ForbiddenError, match="You recorded"):
            do(resources, team.mira, verb, row_id, 1, *more)
    with pytest.raises(ConflictError):
        do(resources, team.fiona, spending.judge, row_id, 1, "eligible", "")
    do(resources, team.fiona, spending.check, row_id, 1)
    with pytest.raises(InvalidError, match="Say why"):
        do(resources, team.fiona, spending.judge, row_id, 2, "ineligible", "")
    do(resources, team.fiona, spending.judge, row_id, 2, "ineligible", "No voucher.")
    assert not rows(resources, award_id)["People"].spent
    do(resources, team.fiona, spending.void, row_id, 3, "Typed twice.")
    with pytest.raises(InvalidError, match="future"):
        spend(resources, team, award_id, "1.00", on=TODAY + timedelta(days=1))


def test_an_instalment_waits_until_what_was_paid_before_is_spent(
    browse: Browse, resources: Resources, team: Team
) -> None:
    rules = {
        "prefinancing_previous": Decimal(70),
        "prefinancing_earlier": Decimal(100),
        "prefinancing_most": Decimal(90),
    }
    agreement(resources, team, **rules)
    award_id = active(resources, team, [step("One", 40), step("Two", 55), step("Three", 5)])
    approved(resources, team, award_id, "A | a | 1 | x | 1000")
    give_bank(resources, team, award_id)
    pay(resources, team, award_id, 0)
    second = milestone_ids(resources, award_id)[1]
    act(resources, team.mira, grant_milestones.accept_contract, second)
    waiting = payment_of(resources, second).id

    with pytest.raises(ConflictError, match=r"280.00 USD are missing.*At most 90 %"):
        act(resources, team.mira, payments.request, waiting)
    page = browse(team.mira).get(f"/grants/payments/{waiting}")
    assert "280.00 USD are missing" in page.text
    refused = browse(team.mira).post(f"/grants/payments/{waiting}/request", 409, version="2")
    assert "280.00 USD are missing" in refused.text
    spend(resources, team, award_id, "279.99", heading="A")
    spend(resources, team, award_id, "5000.00", "EUR", heading="A")
    with pytest.raises(ConflictError, match=r"0.01 USD are missing.*1 without an exchange rate"):
        act(resources, team.mira, payments.request, waiting)
    row_id = spend(resources, team, award_id, "0.01", heading="A", check=False)
    with pytest.raises(ConflictError, match=r"0\.01 USD are missing"):
        act(resources, team.mira, payments.request, waiting)
    do(resources, team.fiona, spending.check, row_id, 1)
    with pytest.raises(ConflictError, match="At most 90 %") as refusal:
        act(resources, team.mira, payments.request, waiting)
    assert "missing" not in refusal.value.message


def pay(resources: Resources, team: Team, award_id: UUID, at: int) -> None:
    milestone = milestone_ids(resources, award_id)[at]
    act(resources, team.max, grant_milestones.accept_contract, milestone)
    payment = payment_of(resources, milestone).id
    act(resources, team.mira, payments.request, payment)
    act(resources, team.fiona, payments.check, payment)
    act(resources, team.dora, payments.approve, payment)
    paid = {"paid_on": TODAY, "reference": ""}
    act(resources, team.fiona, payments.pay, payment, **paid)
    with resources.database.reading() as session:
        assert session.get_one(Payment, payment).state == "paid"


def test_the_budget_the_spending_and_an_amendment_over_the_pages(
    browse: Browse, resources: Resources, team: Team
) -> None:
    mira, dora, fiona = browse(team.mira), browse(team.dora), browse(team.fiona)
    award_id = active(resources, team)
    award = f"/grants/awards/{award_id}"
    wrong = mira.post(f"{award}/budgets", 422, fields={"lines": "People | x", "years": "1"})
    assert "Line 1 has 2 parts" in wrong.text
    assert "People | x" in wrong.text
    fields = {"lines": LINES, "stated": "900.01", "years": "3"}
    budget = mira.post(f"{award}/budgets", fields=fields).location
    assert "Approve" not in mira.get(budget).main
    dora.post(f"{budget}/approve", version="1")
    assert "$300.01" in mira.get(budget).text
    form = mira.get(f"{award}/expenditures/new")
    thread = form.find("//select[@name='heading']/option/@value")[0]
    typed = {
        "heading": thread,
        "spent_on": TODAY.isoformat(),
        "title": "=1+1",
        "amount": "8 900,50",
        "currency": "KGS",
    }
    mira.post(f"{award}/expenditures/", 422, fields={**typed, "amount": "1,234"})
    row = mira.post(f"{award}/expenditures/", fields=typed).location
    assert "not stated" in mira.get(row).text
    rate(resources, team, "89", TODAY)
    assert "$100.01" in mira.get(row).text
    fiona.post(f"{row}/check", version="1")
    assert "$100.01 of $600.01 spent" in mira.get(award).text.replace("\n", " ")
    sheet = mira.get("/grants/exports/expenditures.csv").content.decode()
    assert "'=1+1" in sheet
    assert "100.01,USD" in sheet
    assert mira.get(f"{budget}/export.xlsx").content.startswith(b"PK")
    mira.get(f"{award}/amendments/new?kind=nothing", 422)
    far = (TODAY + timedelta(days=700)).isoformat()
    extension = {"kind": "extension", "ends_on": far, "reason": "Snow."}
    mira.post(f"{award}/amendments", 422, fields={**extension, "ends_on": TODAY.isoformat()})
    amendment = mira.post(f"{award}/amendments", fields=extension).location
    dora.post(f"{amendment}/sign", version="1")
    mira.post(f"{amendment}/countersign", version="2")
    assert "In effect" in mira.get(amendment).text
    for name in ("budgets", "expenditures", "amendments"):
        assert mira.get(f"/grants/{name}/").find("//tbody/tr")
        assert mira.get(f"/grants/exports/{name}.xlsx").content.startswith(b"PK")
    with resources.database.reading() as session:
        assert session.scalars(select(Award.ends_on).where(Award.id == award_id)).one() == (
            TODAY + timedelta(days=700)
        )
