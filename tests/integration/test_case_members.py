from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from casefile import audit
from casefile.cases.models import Case, CaseGrant
from tests.cast import open_case, resources_of

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Actor, Cast, Clock
    from tests.strict_browser import Browse


def generation(app: Flask, cast: Cast) -> int:
    with resources_of(app).database.reading() as session:
        return session.scalars(select(Case.generation).where(Case.id == cast.case.id)).one()


def grants(app: Flask, cast: Cast, person: Actor) -> int:
    with resources_of(app).database.reading() as session:
        wanted = select(CaseGrant).where(
            CaseGrant.case_id == cast.case.id, CaseGrant.user_id == person.id
        )
        return len(session.scalars(wanted).all())


def day(clock: Clock, ahead: int) -> str:
    return (clock() + timedelta(days=ahead)).date().isoformat()


@pytest.mark.parametrize(
    ("role", "may_write"),
    [
        ("reader", False),
        ("reporter", True),
        ("editor", True),
        ("lead", True),
        ("fact_checker", True),
        ("lawyer", True),
    ],
)
def test_a_seat_opens_the_case_at_once_for_what_it_allows(
    browse: Browse, cast: Cast, role: str, *, may_write: bool
) -> None:
    dan, case = browse(cast.dan), cast.case
    dan.get(f"{case.url}/", status=404)

    browse(cast.ann).post(f"{case.url}/members/", username="dan", role=role)

    assert "The second pier" in dan.get(f"{case.url}/").main
    written = dan.post(f"{case.url}/notes/", 303 if may_write else 403, title="Mine", body="Mine.")
    assert ("/notes/" in written.headers.get("Location", "")) == may_write
    assert "gave a seat to Dan Outsider" in dan.get(f"{case.url}/activity/").main


def test_changing_a_seat_changes_what_it_allows(browse: Browse, cast: Cast) -> None:
    ann, cleo, case = browse(cast.ann), browse(cast.cleo), cast.case
    cleo.get(f"{case.url}/notes/new", status=403)

    ann.post(f"{case.url}/members/{case.seats['cleo']}", role="reporter")

    cleo.get(f"{case.url}/notes/new")
    ann.post(f"{case.url}/members/{case.seats['cleo']}", role="reader")
    cleo.get(f"{case.url}/notes/new", status=403)


def test_whoever_has_a_seat_cannot_be_given_another(browse: Browse, cast: Cast) -> None:
    page = browse(cast.ann).post(f"{cast.case.url}/members/", 409, username="ben", role="reader")

    assert "has a seat on the case already" in page.problems()


@pytest.mark.parametrize(
    "wrong",
    [
        {"username": "nobody.here"},
        {"username": ""},
        {"role": "king"},
        {"ends_at": "yesterday"},
        {"ends_at": "2020-01-01"},
        {"ends_at": "9999-12-31"},
        {"ends_at": "0001-01-01"},
    ],
)
def test_a_seat_that_makes_no_sense_is_refused_with_a_reason(
    browse: Browse, cast: Cast, wrong: dict[str, str]
) -> None:
    given = {"username": "dan", "role": "reader", "ends_at": "", **wrong}

    page = browse(cast.ann).post(f"{cast.case.url}/members/", 422, fields=given)

    assert page.problems()
    browse(cast.dan).get(f"{cast.case.url}/", status=404)


@pytest.mark.parametrize(
    "wrong", [{"role": "king"}, {"ends_at": "soon"}, {"ends_at": "2020-01-01"}]
)
def test_a_change_that_makes_no_sense_changes_nothing(
    browse: Browse, cast: Cast, wrong: dict[str, str]
) -> None:
    path = f"{cast.case.url}/members/{cast.case.seats['ben']}"

    page = browse(cast.ann).post(path, 422, fields={"role": "reader", **wrong})

    assert page.problems()
    browse(cast.ben).get(f"{cast.case.url}/notes/new")


def test_a_change_that_names_no_seat_changes_nothing(browse: Browse, cast: Cast) -> None:
    browse(cast.ann).post(f"{cast.case.url}/members/{cast.case.seats['cleo']}", 422)

    browse(cast.cleo).get(f"{cast.case.url}/notes/new", status=403)


def test_the_last_lead_can_neither_leave_nor_step_down_nor_run_out(
    browse: Browse, cast: Cast, clock: Clock
) -> None:
    ann, path = browse(cast.ann), f"{cast.case.url}/members/{cast.case.seats['ann']}"

    for answer in (ann.post(f"{path}/delete", 409), ann.post(path, 409, role="reader")):
        assert "A case needs somebody who leads it" in answer.problems()

    ann.post(f"{cast.case.url}/members/{cast.case.seats['eva']}", role="lead")
    ann.post(f"{path}/delete")
    ann.get(f"{cast.case.url}/", status=404)
    browse(cast.eva).get(f"{cast.case.url}/edit")


def test_a_seat_lasts_to_the_end_of_its_last_day_where_the_lead_is(
    browse: Browse, cast: Cast, clock: Clock
) -> None:
    ann, cleo = browse(cast.ann), browse(cast.cleo)
    ann.post("/account/", name="Ann Lead", theme="auto", timezone="UTC")
    last = day(clock, 3)
    ann.post(f"{cast.case.url}/members/{cast.case.seats['cleo']}", role="reader", ends_at=last)
    assert ann.get(f"{cast.case.url}/members/").find(f"//input[@value='{last}']")
    midnight = clock().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=4)

    clock.forward(seconds=(midnight - clock()).total_seconds() - 60)
    cleo = browse(cast.cleo, fresh=True)
    cleo.get(f"{cast.case.url}/")
    clock.forward(seconds=120)

    cleo.get(f"{cast.case.url}/", status=404)
    assert cast.case.codename not in cleo.get("/notices/").html
    cleo.get("/search?q=pier", status=404)


def test_an_ended_seat_loses_its_keys_at_the_next_visit_of_the_lead(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    case = cast.case
    browse(cast.ann).post(
        f"{case.url}/members/{case.seats['cleo']}", role="reader", ends_at=day(clock, 1)
    )
    clock.forward(days=3)
    assert generation(app, cast) == 1
    assert grants(app, cast, cast.cleo) == 1

    browse(cast.ben).get(f"{case.url}/")
    assert generation(app, cast) == 1
    browse(cast.ann, fresh=True).get(f"{case.url}/notes/")

    assert generation(app, cast) == 2
    assert grants(app, cast, cast.cleo) == 0
    assert grants(app, cast, cast.ben) == 2
    page = browse(cast.ann).get(f"{case.url}/")
    assert "Cleo Reader" not in page.find("//main//*[contains(@class, 'seat')]")
    assert "The seat of Cleo Reader ended" in page.main
    ben = browse(cast.ben, fresh=True)
    ben.post(f"{case.url}/notes/", title="After", body="Written under a new key.")
    assert open_case(app, cast.ben, case.id).generation == 2
    assert ben.get("/search?q=pier").find("//article")
    assert ben.get("/search?q=written").find("//*[@data-total='1']")


def test_a_seat_taken_away_turns_the_key_and_leaves_a_trace(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    browse(cast.ann).post(f"{cast.case.url}/members/{cast.case.seats['cleo']}/delete")

    assert generation(app, cast) == 2
    assert grants(app, cast, cast.cleo) == 0
    with resources_of(app).database.reading() as session:
        actions = [entry.action for entry in audit.entries(session, case_id=cast.case.id)]
    assert "seat.removed" in actions


def test_a_seat_given_back_opens_the_old_and_the_new(browse: Browse, cast: Cast) -> None:
    ann, cleo, case = browse(cast.ann), browse(cast.cleo), cast.case
    ann.post(f"{case.url}/members/{case.seats['cleo']}/delete")
    new = ann.post(f"{case.url}/notes/", title="Meanwhile", body="While she was away.").location
    cleo.get(new, status=404)

    ann.post(f"{case.url}/members/", username="cleo", role="reader")

    assert "While she was away." in cleo.get(new).main
    assert "paid for twice" in cleo.get(f"{case.url}/notes/{case.note}").main
    assert cleo.get("/search?q=away").find("//*[@data-total='1']")
