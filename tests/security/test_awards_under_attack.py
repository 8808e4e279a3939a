"""What people tried against awards, money, milestones and notices, and what must come of it."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from casefile.accounts.models import User
from casefile.errors import ConflictError, ForbiddenError, InvalidError
from casefile.grants import award_overview, awards, budgets, exports, keeping, payments
from casefile.grants import milestones as grant_milestones
from casefile.grants.award_forms import read_classes
from casefile.grants.award_models import Award, Payment
from casefile.grants.award_states import EvidenceClass
from casefile.grants.budget_forms import read_lines
from casefile.grants.forms import PercentField
from casefile.notices.ticking import tick
from casefile.policy import Role
from casefile.uow import UnitOfWork
from casefile.web import Person
from tests import newsdesk
from tests.grant_cast import (
    BANK,
    TODAY,
    Team,
    act,
    active,
    add_person,
    draft,
    give_bank,
    link,
    milestone_ids,
    payment_of,
    release,
    step,
    terms,
    version,
)
from tests.security.test_grant_histories import call_of

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask

    from casefile.uow import Resources
    from tests.cast import Cast, Clock
    from tests.strict_browser import Browse


@pytest.fixture(autouse=True)
def _today(clock: Clock) -> None:
    clock.standing = datetime(TODAY.year, TODAY.month, TODAY.day, 6, tzinfo=UTC)


def approved(resources: Resources, team: Team, award_id: UUID) -> UUID:
    """Take the first tranche to where somebody pays it."""
    give_bank(resources, team, award_id)
    first = milestone_ids(resources, award_id)[0]
    act(resources, team.mira, grant_milestones.accept_contract, first)
    payment = payment_of(resources, first).id
    act(resources, team.mira, payments.request, payment)
    act(resources, team.fiona, payments.check, payment)
    act(resources, team.dora, payments.approve, payment)
    return payment


def terminated(resources: Resources, team: Team, **more: Any) -> UUID:
    """Pay the first tranche of 400, then end the award."""
    award_id = active(resources, team, **more)
    payment = approved(resources, team, award_id)
    act(resources, team.max, payments.pay, payment, paid_on=TODAY, reference="")
    act(resources, team.mira, awards.terminate, award_id, "The outlet closed.")
    return award_id


def test_nobody_approves_the_award_they_wrote_though_another_sent_it_in(
    resources: Resources, cast: Cast, team: Team
) -> None:
    both = add_person(resources, cast, "bela", [Role.GRANT_MANAGER, Role.DIRECTOR])
    with UnitOfWork(resources, both.id, both.bundle) as uow:
        award_id = awards.create(uow, terms(team)).id
    act(resources, team.mira, awards.submit_for_approval, award_id)
    with pytest.raises(ForbiddenError, match="You prepared"):
        act(resources, both, awards.approve, award_id)
    act(resources, team.dora, awards.send_back, award_id, "Too dear.")
    base = version(resources, Award, award_id)
    with UnitOfWork(resources, team.dora.id) as uow:
        codename = keeping.get(uow.session, Award, award_id).codename
        values = terms(team, codename=codename, amount=Decimal("900.00"))
        awards.save(uow, award_id, base, values, [step("All", 100)])
    act(resources, team.mira, awards.submit_for_approval, award_id)
    with pytest.raises(ForbiddenError, match="You prepared"):
        act(resources, team.dora, awards.approve, award_id)


def test_nobody_approves_the_budget_they_wrote_though_another_changed_it(
    resources: Resources, team: Team
) -> None:
    award_id = draft(resources, team)
    lines = [budgets.Line("Travel", "Bus", Decimal(1), "", Decimal("100.00"))]
    with UnitOfWork(resources, team.dora.id) as uow:
        budget_id = budgets.prepare(uow, keeping.get(uow.session, Award, award_id), lines).id
    with UnitOfWork(resources, team.mira.id) as uow:
        budgets.save(uow, budget_id, 1, lines)
    with (
        pytest.raises(ForbiddenError, match="You prepared"),
        UnitOfWork(resources, team.dora.id) as uow,
    ):
        budgets.approve(uow, budget_id, 2)


def test_what_an_ended_award_was_paid_stays_in_the_sums_and_out_of_the_envelope(
    resources: Resources, team: Team
) -> None:
    call_id = call_of(resources, team, envelope="1500.00", maximum="1000.00")
    terminated(resources, team, call_id=call_id)
    draft(resources, team, call_id=call_id, amount=Decimal("1000.00"))
    with pytest.raises(InvalidError, match=r"Only 100[.]00 USD"):
        draft(resources, team, call_id=call_id, amount=Decimal("100.01"))

    manager = Person(team.mira.id, "mira", "Mira", frozenset({Role.GRANT_MANAGER}), "auto", "")
    with resources.database.reading() as session:
        [sum_] = award_overview.sums(session, manager)
    assert (sum_.paid, sum_.awarded, sum_.due, sum_.left) == (400, 400, 0, 0)


@pytest.mark.parametrize("typed", ["2026-02-30", "31.12.2026", "tomorrow"])
def test_a_day_that_cannot_be_read_is_not_taken_for_today(
    browse: Browse, resources: Resources, team: Team, typed: str
) -> None:
    payment = approved(resources, team, active(resources, team))
    paying = f"/grants/payments/{payment}"
    base = str(version(resources, Payment, payment))

    browse(team.max).post(f"{paying}/pay", 422, version=base, on=typed, reference="x")
    with resources.database.reading() as session:
        assert session.get_one(Payment, payment).state == "approved"
    browse(team.max).post(f"{paying}/pay", version=base, on="", reference="x")
    other = draft(resources, team)
    act(resources, team.mira, awards.submit_for_approval, other)
    act(resources, team.dora, awards.approve, other)
    base = str(version(resources, Award, other))
    browse(team.mira).post(f"/grants/awards/{other}/sign", 422, version=base, on=typed)


def test_nothing_was_paid_before_the_award_was_signed(resources: Resources, team: Team) -> None:
    payment = approved(resources, team, active(resources, team))

    with pytest.raises(InvalidError, match="signed"):
        act(
            resources,
            team.max,
            payments.pay,
            payment,
            paid_on=TODAY - timedelta(days=2),
            reference="",
        )


def test_an_overlong_bank_reference_is_refused_and_not_cut(
    resources: Resources, team: Team
) -> None:
    payment = approved(resources, team, active(resources, team))

    with pytest.raises(InvalidError, match="100 characters"):
        act(resources, team.max, payments.pay, payment, paid_on=TODAY, reference="7" * 101)


@pytest.mark.parametrize("typed", ["٢٥", "1e1", "1_0", "0x10", "NaN", "Infinity", "+5", "２５"])
def test_a_share_is_written_in_plain_digits(
    app: Flask, browse: Browse, resources: Resources, team: Team, typed: str
) -> None:
    with pytest.raises(InvalidError):
        PercentField.read(None, typed)  # type: ignore[arg-type]
    with pytest.raises(InvalidError, match="Line 1: write the quantity"):
        read_lines(f"Travel | Bus | {typed} | km | 10")
    sent = {
        "programme_id": str(team.programme), "codename": "amber test", "reference": "", "contract_type": "grant",
        "amount": "1000", "currency": "USD", "starts_on": "2026-11-01", "ends_on": "2027-10-31",
        "exclusion": "totals", "conditions": "",
    }  # fmt: skip
    steps = f"2026-12-01 | {typed} | E2 | A | Seen\n2026-12-01 | 75 | E2 | B | Seen"
    again = browse(team.mira).post("/grants/awards/", 422, **sent, steps=steps)
    assert "write its share in percent" in again.problems()
    programme = {"code": "X", "title_en": "X", "status": "2", "sectors": f"15153 {typed}\n15150 75"}
    again = browse(team.mira).post("/grants/programmes/", 422, fields=programme)
    assert "cannot be read" in again.problems()


def test_a_workbook_opens_whatever_signs_somebody_typed() -> None:
    import openpyxl

    typed = "a\uffff\ufffe\x00\x0b\x1f_x0041_ \U0001f989 b"
    content = exports.write_xlsx([["Name"], [typed], ["=1+1"], ["\r=1"]], "List")

    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    found = [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert found[0] is not None
    assert found[0].endswith("\U0001f989 b")
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


@pytest.mark.parametrize(
    "typed",
    [
        "=1",
        "+1",
        "-1",
        "@a",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "\u00a0=1",
        "\u200b=1",
        "\ufeff=1",
        "＝1",
    ],
)
def test_no_cell_of_a_text_file_begins_as_a_formula(typed: str) -> None:
    written = b"".join(exports.write_csv([[typed]])).decode("utf-8-sig")

    assert written.lstrip('"').startswith("'"), repr(written)


def test_whose_role_was_taken_away_hears_and_sees_no_more_of_awards(
    browse: Browse, resources: Resources, team: Team, clock: Clock
) -> None:
    award_id = active(resources, team, [step("Work", 100, "E2", days=10)])
    with resources.database.reading() as session:
        codename = session.get_one(Award, award_id).codename
    clock.forward(days=8)
    tick(resources)
    assert codename in browse(team.max, fresh=True).get("/notices/").text
    with UnitOfWork(resources, None) as uow:
        uow.session.get_one(User, team.max.id).roles = Role.REPORTER
    clock.forward(days=4)
    tick(resources)

    page = browse(team.max, fresh=True).get("/notices/")
    assert codename not in page.text
    assert "milestone" not in page.main.casefold()
    assert codename in browse(team.mira, fresh=True).get("/notices/").text


def test_whoever_wrote_the_story_does_not_attest_it(
    app: Flask, resources: Resources, cast: Cast, team: Team
) -> None:
    award_id = active(resources, team, [step("Work", 100, "E2")])
    link(app, cast, award_id)
    milestone = milestone_ids(resources, award_id)[0]
    newsdesk.begin(app, cast, by=cast.eva)

    with pytest.raises(ForbiddenError, match="does not report"):
        release(app, cast, milestone)


def test_a_bank_account_changed_meanwhile_is_neither_overwritten_nor_confirmed(
    resources: Resources, team: Team
) -> None:
    award_id = active(resources, team)
    with UnitOfWork(resources, team.mira.id) as uow:
        payments.enter_bank(uow, award_id, None, BANK)
    with resources.database.reading() as session:
        seen = payments.bank_account(session, award_id)
        assert seen is not None
    with UnitOfWork(resources, team.mira.id) as uow:
        payments.enter_bank(uow, award_id, seen.version, {**BANK, "account": "KG99 elsewhere"})
    for base in (None, seen.version):
        with (
            pytest.raises(ConflictError, match="in between"),
            UnitOfWork(resources, team.max.id) as uow,
        ):
            payments.enter_bank(uow, award_id, base, BANK)
    with (
        pytest.raises(ConflictError, match="in between"),
        UnitOfWork(resources, team.fiona.id) as uow,
    ):
        payments.confirm_bank(uow, award_id, seen.version)


def test_payments_are_never_more_than_the_award(resources: Resources, team: Team) -> None:
    award_id = active(resources, team)
    give_bank(resources, team, award_id)
    first = milestone_ids(resources, award_id)[0]
    act(resources, team.mira, grant_milestones.accept_contract, first)
    payment = payment_of(resources, first).id
    act(resources, team.mira, payments.request, payment)
    with UnitOfWork(resources, None) as uow:
        uow.session.get_one(Payment, payment).amount = Decimal("400.01")
    with pytest.raises(ConflictError, match=r"would be 1000[.]01 USD"):
        act(resources, team.fiona, payments.check, payment)
    with UnitOfWork(resources, None) as uow:
        uow.session.get_one(Payment, payment).amount = Decimal("400.00")
    with (
        pytest.raises(ConflictError, match=r"would be 1000[.]01 USD"),
        UnitOfWork(resources, team.mira.id) as uow,
    ):
        payments.schedule(uow, uow.session.get_one(Award, award_id), None, Decimal("0.01"))


def test_every_class_of_evidence_can_be_asked_for() -> None:
    assert read_classes(1, "e0, E1 E2 E3 E4 E5 E6") == tuple(EvidenceClass)
    with pytest.raises(InvalidError, match="no class E7"):
        read_classes(2, "E7")


def test_no_payment_is_of_a_day_that_has_not_come(resources: Resources, team: Team) -> None:
    payment = approved(resources, team, active(resources, team))

    with pytest.raises(InvalidError, match="future"):
        act(
            resources,
            team.max,
            payments.pay,
            payment,
            paid_on=TODAY + timedelta(days=1),
            reference="",
        )


def test_what_the_newsroom_has_to_show_is_not_accepted_without_it(
    resources: Resources, team: Team
) -> None:
    contract, plan = milestone_ids(resources, active(resources, team))[:2]
    with pytest.raises(ConflictError):
        act(resources, team.mira, grant_milestones.accept_contract, plan)
    act(resources, team.mira, grant_milestones.accept_contract, contract)
    with pytest.raises(ConflictError):
        act(resources, team.mira, grant_milestones.accept_contract, contract)
