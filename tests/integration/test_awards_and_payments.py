from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from casefile.errors import CasefileError, ConflictError, DamagedError, ForbiddenError, InvalidError
from casefile.grants import awards, keeping, payments
from casefile.grants import milestones as grant_milestones
from casefile.grants.award_models import Award, BankAccount, Milestone, Payment
from casefile.notices.ticking import tick
from casefile.uow import UnitOfWork
from tests.grant_cast import (
    BANK,
    TODAY,
    Team,
    act,
    active,
    draft,
    give_bank,
    milestone_ids,
    payment_of,
    step,
    version,
)

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask

    from casefile.uow import Resources
    from tests.cast import Clock
    from tests.strict_browser import Browse


@pytest.fixture(autouse=True)
def _today(clock: Clock) -> None:
    from datetime import UTC, datetime

    clock.standing = datetime(TODAY.year, TODAY.month, TODAY.day, 6, tzinfo=UTC)


def to_paid(resources: Resources, team: Team, award_id: UUID) -> UUID:
    """Take the first tranche to where somebody pays it."""
    give_bank(resources, team, award_id)
    first = milestone_ids(resources, award_id)[0]
    act(resources, team.mira, grant_milestones.accept_contract, first)
    payment = payment_of(resources, first).id
    act(resources, team.mira, payments.request, payment)
    act(resources, team.fiona, payments.check, payment)
    act(resources, team.dora, payments.approve, payment)
    return payment


def test_an_award_goes_from_draft_to_paid_by_four_people(
    browse: Browse, resources: Resources, team: Team
) -> None:
    mira, fiona, dora = browse(team.mira), browse(team.fiona), browse(team.dora)
    award = f"/grants/awards/{draft(resources, team)}"

    def press(page: Any, url: str, path: str, who: Any, **more: str) -> None:
        base = page.get(url).find(
            f"//form[contains(@action,'{path}')]//input[@name='version']/@value"
        )
        assert base, f"{url} offers no {path}"
        who.post(f"{url}/{path}", version=base[0], **more)

    press(mira, award, "steps/submit", mira)
    press(dora, award, "approve", dora)
    press(mira, award, "sign", mira, on=TODAY.isoformat())
    press(mira, award, "steps/activate", mira)
    mira.post(f"{award}/bank", version="", **BANK)
    press(fiona, f"{award}/bank", "confirm", fiona)
    award_id = award.rpartition("/")[2]
    from uuid import UUID

    first = milestone_ids(resources, UUID(award_id))[0]
    press(mira, f"/grants/milestones/{first}", "met", mira)
    paying = f"/grants/payments/{payment_of(resources, first).id}"
    press(mira, paying, "request", mira)
    press(fiona, paying, "check", fiona)
    press(dora, paying, "approve", dora)
    press(fiona, paying, "pay", fiona, on=TODAY.isoformat(), reference="B-77")

    page = mira.get(award)
    assert "$400.00" in page.text
    assert "B-77" in mira.get(paying).text
    assert "Paid" in mira.get("/grants/overview").text
    assert fiona.get("/grants/exports/payments.csv").content.startswith(b"\xef\xbb\xbfPayment")
    assert fiona.get("/grants/exports/milestones.xlsx").content.startswith(b"PK")


def test_nobody_does_two_things_that_two_people_must_do(resources: Resources, team: Team) -> None:
    award_id = draft(resources, team)
    act(resources, team.mira, awards.submit_for_approval, award_id)
    with pytest.raises(ForbiddenError, match="You prepared"):
        act(resources, team.mira, awards.approve, award_id)
    act(resources, team.dora, awards.approve, award_id)
    act(resources, team.mira, awards.sign, award_id, TODAY)
    act(resources, team.mira, awards.activate, award_id)
    with UnitOfWork(resources, team.mira.id) as uow:
        payments.enter_bank(uow, award_id, None, BANK)
    with resources.database.reading() as session:
        bank = session.scalars(select(BankAccount)).one().version
    for person in (team.mira, team.fiona):
        if person is team.mira:
            with pytest.raises(ForbiddenError), UnitOfWork(resources, person.id) as uow:
                payments.confirm_bank(uow, award_id, bank)
        else:
            with UnitOfWork(resources, person.id) as uow:
                payments.confirm_bank(uow, award_id, bank)
    first = milestone_ids(resources, award_id)[0]
    act(resources, team.mira, grant_milestones.accept_contract, first)
    payment = payment_of(resources, first).id
    act(resources, team.mira, payments.request, payment)
    with pytest.raises(ForbiddenError, match="You asked for"):
        act(resources, team.mira, payments.check, payment)
    act(resources, team.fiona, payments.check, payment)
    for person in (team.fiona, team.mira):
        with pytest.raises(ForbiddenError):
            act(resources, person, payments.approve, payment)
    act(resources, team.dora, payments.approve, payment)
    for person in (team.mira, team.dora):
        with pytest.raises(ForbiddenError, match="somebody else pays"):
            act(resources, person, payments.pay, payment, paid_on=TODAY, reference="")
    act(resources, team.max, payments.pay, payment, paid_on=TODAY, reference="")


def test_two_managers_pay_at_once_and_it_is_paid_once(
    app: Flask, resources: Resources, team: Team
) -> None:
    payment = to_paid(resources, team, active(resources, team))
    base, told = version(resources, Payment, payment), []
    both_ready = threading.Barrier(2)

    def pay(person: Any) -> None:
        both_ready.wait()
        try:
            with UnitOfWork(resources, person.id, person.bundle) as uow:
                payments.pay(uow, payment, base, paid_on=TODAY, reference=person.username)
        except CasefileError as error:
            told.append((person.username, error))

    threads = [threading.Thread(target=pay, args=(one,)) for one in (team.max, team.fiona)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(told) == 1
    loser, error = told[0]
    assert isinstance(error, ConflictError)
    assert "just made by somebody else" in error.message
    with resources.database.reading() as session:
        row = session.get_one(Payment, payment)
        events = [one.after for one in keeping.events(session, payment)]
    assert row.reference != loser
    assert events.count("paid") == 1


def test_nothing_is_paid_without_a_confirmed_account_a_met_milestone_and_a_running_award(
    resources: Resources, team: Team
) -> None:
    award_id = active(resources, team)
    first, second = milestone_ids(resources, award_id)[:2]
    later = payment_of(resources, milestone_ids(resources, award_id)[2]).id
    with pytest.raises(ConflictError, match="neither accepted nor waived"):
        act(resources, team.mira, payments.request, later)
    act(resources, team.mira, grant_milestones.accept_contract, first)
    payment = payment_of(resources, first).id
    act(resources, team.mira, payments.request, payment)
    with pytest.raises(ConflictError, match="bank account"):
        act(resources, team.fiona, payments.check, payment)
    give_bank(resources, team, award_id)
    act(resources, team.mira, awards.suspend, award_id, "The server was seized.")
    with pytest.raises(ConflictError, match="not active"):
        act(resources, team.fiona, payments.check, payment)
    with pytest.raises(ConflictError, match="rest"):
        act(resources, team.mira, grant_milestones.propose_waiver, second, "Why")


def test_a_changed_bank_account_stops_what_was_approved(resources: Resources, team: Team) -> None:
    award_id = active(resources, team)
    payment = to_paid(resources, team, award_id)
    with resources.database.reading() as session:
        base = session.scalars(select(BankAccount.version)).one()
    with UnitOfWork(resources, team.fiona.id) as uow:
        payments.enter_bank(uow, award_id, base, {**BANK, "account": "KG99 elsewhere"})

    with pytest.raises(ConflictError, match="bank account"):
        act(resources, team.max, payments.pay, payment, paid_on=TODAY, reference="")


def test_bank_details_are_sealed_to_their_place_and_version(
    browse: Browse, resources: Resources, team: Team
) -> None:
    award_id, other = active(resources, team), active(resources, team)
    give_bank(resources, team, award_id)
    with resources.database.reading() as session:
        old = session.scalars(select(BankAccount)).one()
        assert b"3456" not in old.record
    with UnitOfWork(resources, team.mira.id) as uow:
        payments.enter_bank(uow, other, None, {**BANK, "holder": "Mallory"})
    with UnitOfWork(resources, None) as uow:
        rows = {row.award_id: row for row in uow.session.scalars(select(BankAccount))}
        rows[award_id].record = rows[other].record
        swapped = rows[award_id]
    with pytest.raises(DamagedError):
        payments.open_bank(resources, swapped)
    browse(team.fiona).get(f"/grants/awards/{award_id}/bank", 503)


def test_a_waiver_wants_two_signatures(resources: Resources, team: Team) -> None:
    award_id = active(resources, team)
    third = milestone_ids(resources, award_id)[2]
    with pytest.raises(ConflictError, match="Nobody has proposed"):
        act(resources, team.dora, grant_milestones.waive, third)
    with pytest.raises(InvalidError):
        act(resources, team.mira, grant_milestones.propose_waiver, third, "  ")
    act(resources, team.mira, grant_milestones.propose_waiver, third, "The flood.")
    with pytest.raises(ForbiddenError, match="second signature"):
        act(resources, team.mira, grant_milestones.waive, third)
    act(resources, team.dora, grant_milestones.waive, third)

    assert payment_of(resources, third).due_on == TODAY
    with resources.database.reading() as session:
        last = keeping.events(session, third)[0]
    assert (last.after, last.actor_id, last.reason) == ("waived", team.dora.id, "The flood.")


def test_what_cannot_be_achieved_calls_its_payment_off(resources: Resources, team: Team) -> None:
    award_id = active(resources, team)
    third = milestone_ids(resources, award_id)[2]
    with pytest.raises(InvalidError, match="Choose why"):
        act(resources, team.mira, grant_milestones.cannot_be_achieved, third, "because", "x")
    act(resources, team.mira, grant_milestones.cannot_be_achieved, third, "safety", "Too risky.")

    assert payment_of(resources, third).state == "cancelled"


def test_a_save_over_a_newer_draft_shows_both(
    browse: Browse, resources: Resources, team: Team
) -> None:
    award_id = draft(resources, team)
    url = f"/grants/awards/{award_id}/edit"
    mine, theirs = browse(team.mira).get(url), browse(team.max).get(url)
    fields = {
        name: mine.value(name)
        for name in (
            "programme_id", "codename", "reference", "contract_type", "amount", "currency", "starts_on",
            "ends_on", "exclusion", "steps", "conditions",
        )
    }  # fmt: skip
    browse(team.max).post(
        url, **{**fields, "conditions": "Theirs"}, version=theirs.value("version")
    )

    page = browse(team.mira).post(
        url, 409, **{**fields, "conditions": "Mine"}, version=mine.value("version")
    )

    assert "Nothing was overwritten" in page.text
    assert page.value("conditions") == "Mine"
    browse(team.mira).post(url, **{**fields, "conditions": "Mine"}, version=page.value("version"))


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ("2026-12-01 | 50 | E2 | Half | Seen", "add up to 50 percent"),
        ("2026-12-01 | 100 | E9 | All | Seen", "no class E9"),
        ("2026-12-01 | 100 | E2 | All", "4 parts instead of 5"),
        ("someday | 100 | E2 | All | Seen", "write its day"),
        ("2026-12-01 | -1 | E2 | All | Seen", "share in percent"),
        ("2026-12-01 | NaN | E2 | All | Seen", "share in percent"),
        ("2026-12-01 | 100 | E2 | All | ", "how it is verified"),
        ("2036-12-01 | 100 | E2 | All | Seen", "lies outside"),
    ],
)
def test_milestones_that_cannot_be_come_back_with_the_line(
    browse: Browse, resources: Resources, team: Team, steps: str, says: str
) -> None:
    page = browse(team.mira).get("/grants/awards/new")
    sent = {
        "programme_id": str(team.programme), "codename": "amber test", "reference": "", "contract_type": "grant",
        "amount": "1000", "currency": "USD", "starts_on": "2026-11-01", "ends_on": "2027-10-31",
        "exclusion": "totals", "conditions": "",
    }  # fmt: skip
    assert page.find("//select[@name='programme_id']/option")

    again = browse(team.mira).post("/grants/awards/", 422, **sent, steps=steps)

    assert says in again.problems()
    assert again.value("steps") == steps
    for amount in ("-5", "0", "1e9", "1,234", "99999999999999999"):
        browse(team.mira).post("/grants/awards/", 422, **{**sent, "amount": amount}, steps="")


def test_reminders_come_before_the_day_and_once_when_it_is_over(
    browse: Browse, resources: Resources, team: Team, clock: Clock
) -> None:
    award_id = active(resources, team, [step("Work", 100, "E2", days=10)])
    milestone = milestone_ids(resources, award_id)[0]
    clock.forward(days=8)
    assert tick(resources).reminders == 2
    assert "A milestone is due soon" in browse(team.mira).get("/notices/").text
    clock.forward(days=4)
    tick(resources)
    page = browse(team.max, fresh=True).get("/notices/")
    assert "A milestone is late" in page.text
    assert f"/grants/milestones/{milestone}" in page.html
    with resources.database.reading() as session:
        row = session.get_one(Milestone, milestone)
        assert grant_milestones.is_late(row, clock().date())


def test_an_old_page_settles_nothing(resources: Resources, team: Team) -> None:
    award_id = draft(resources, team)
    old = version(resources, Award, award_id)
    act(resources, team.mira, awards.submit_for_approval, award_id)

    with pytest.raises(keeping.ChangedError), UnitOfWork(resources, team.dora.id) as uow:
        awards.approve(uow, award_id, old)


def test_tranches_changed_in_the_database_stop_the_award(resources: Resources, team: Team) -> None:
    award_id = draft(resources, team)
    with UnitOfWork(resources, None) as uow:
        uow.session.execute(
            update(Milestone).where(Milestone.number == 1).values(tranche=Decimal("999.00"))
        )

    with pytest.raises(ConflictError, match="tranches add up"):
        act(resources, team.mira, awards.submit_for_approval, award_id)


def test_a_terminated_award_calls_off_what_is_open_and_keeps_what_was_paid(
    resources: Resources, team: Team
) -> None:
    award_id = active(resources, team)
    paid = to_paid(resources, team, award_id)
    act(resources, team.max, payments.pay, paid, paid_on=TODAY - timedelta(days=1), reference="x")
    act(resources, team.mira, awards.terminate, award_id, "The outlet closed.")

    with resources.database.reading() as session:
        states = sorted(one.state for one in payments.of_award(session, award_id))
        milestones = {one.state for one in awards.milestones_of(session, award_id)}
    assert states == ["cancelled"] * 4 + ["paid"]
    assert milestones == {"accepted", "cancelled"}
