from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from casefile.cases.models import Case, CaseGrant
from casefile.policy import Seat
from tests.cast import give_seat, take_seat
from tests.intruder import actions, read, seat_row, user_row, writing
from tests.strict_browser import StrictBrowser

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Actor, Cast, Clock
    from tests.strict_browser import Browse


def _day(clock: Clock, days: int) -> str:
    return (clock() + timedelta(days=days)).date().isoformat()


def _grants(app: Flask, actor: Actor) -> int:
    found = read(app, select(func.count()).where(CaseGrant.user_id == actor.id))
    return int(found[0])


def _leave(browse: Browse, clock: Clock, actor: Actor, days: int = 10) -> None:
    page = browse(actor).post("/account/travel", ends_at=_day(clock, days))
    assert page.location == "/sign-in"


def _with_password(app: Flask, actor: Actor) -> StrictBrowser:
    browser = StrictBrowser(app)
    browser.post("/sign-in", username=actor.username, password=actor.password)
    return browser


def test_even_the_password_opens_nothing_while_travelling(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    browse(cast.ben).get(f"{cast.case.url}/notes/")
    old = browse(cast.ben, fresh=True)
    old.get(f"{cast.case.url}/")

    _leave(browse, clock, cast.ben)

    old.get("/", 302)
    assert _grants(app, cast.ben) == 0
    at_the_border = _with_password(app, cast.ben)
    at_the_border.get(f"{cast.case.url}/", 404)
    at_the_border.get(f"{cast.case.url}/evidence/{cast.case.evidence}/content", 404)
    at_the_border.post(f"{cast.case.url}/notes/", 404, title="A", body="B")
    for page in ("/", "/cases/", "/search?q=pier"):
        assert cast.case.codename not in at_the_border.get(page).html
    assert "You are travelling" in at_the_border.get("/account/travel").text
    at_the_border.post("/account/travel", 409, ends_at=_day(clock, 1))
    members = browse(cast.ann).get(f"{cast.case.url}/members/")
    assert "travelling until" in members.text
    assert "Ben Writer" in members.text
    assert {"travel.begun", "seat.emptied"} <= set(actions(app))


def test_after_the_day_a_colleagues_visit_gives_the_keys_back(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    _leave(browse, clock, cast.ben, 2)
    take_seat(app, cast.ann, cast.case.id, cast.eva)
    assert _grants(app, cast.ben) == 0, "a new generation is not for somebody travelling"
    clock.forward(days=1)
    browse(cast.cleo, fresh=True).get(f"{cast.case.url}/")
    assert _grants(app, cast.ben) == 0
    clock.forward(days=3)
    ben = _with_password(app, cast.ben)
    ben.get(f"{cast.case.url}/", 404)

    browse(cast.cleo, fresh=True).get(f"{cast.case.url}/")

    assert _grants(app, cast.ben) == 2
    assert cast.case.codename in ben.get("/").html
    ben.get(f"{cast.case.url}/notes/{cast.case.note}")
    ben.post(f"{cast.case.url}/notes/", title="Back", body="Written after the journey.")
    assert "travelling" not in browse(cast.ann, fresh=True).get(f"{cast.case.url}/members/").text
    assert "You are travelling" not in ben.get("/").text


def test_a_visit_to_the_desk_is_enough(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    _leave(browse, clock, cast.ben, 1)
    clock.forward(days=3)

    browse(cast.cleo, fresh=True).get("/")

    assert _grants(app, cast.ben) == 1


def test_who_leads_the_case_can_let_them_in_again_before_the_day(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    _leave(browse, clock, cast.ben)
    url = f"{cast.case.url}/members/{cast.case.seats['ben']}/readmit"
    ben = _with_password(app, cast.ben)
    ben.post(url, 404)
    browse(cast.cleo).post(url, 403)
    browse(cast.dan).post(url, 404)

    browse(cast.eva).post(url)

    ben.get(f"{cast.case.url}/notes/{cast.case.note}")
    assert "seat.returned" in actions(app)
    browse(cast.eva).post(url, 409)


def test_a_case_is_never_left_with_nobody_who_has_its_keys(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    page = browse(cast.dan).post("/account/travel", 409, ends_at=_day(clock, 3))
    assert cast.other.codename in page.text
    assert _grants(app, cast.dan) == 1
    browse(cast.dan).get(f"{cast.other.url}/")

    give_seat(app, cast.dan, cast.other.id, cast.eva, Seat.EDITOR, clock() + timedelta(days=1))
    browse(cast.dan).post("/account/travel", 409, ends_at=_day(clock, 3))
    browse(cast.dan).post(f"{cast.other.url}/members/", username="ann", role="editor")
    _leave(browse, clock, cast.dan, 3)

    browse(cast.ann).post("/account/travel", 409, ends_at=_day(clock, 3))
    seat = next(iter(read(app, select(Case.id).where(Case.id == cast.other.id))))
    with writing(app) as session:
        anns = seat_row(session, seat, cast.ann).id
    page = browse(cast.ann).post(f"{cast.other.url}/members/{anns}/delete", 409)
    assert "let them in again" in page.text


def test_two_who_lead_a_case_cannot_leave_at_the_same_moment(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    browsers = [browse(cast.ann), browse(cast.eva)]
    for browser in browsers:
        browser.token()
    found: list[int] = []
    start = threading.Barrier(2)

    def leave(browser: StrictBrowser) -> None:
        start.wait()
        answer = browser.client.post(
            "/account/travel",
            base_url="http://localhost",
            data={"ends_at": _day(clock, 5), "csrf_token": browser.token()},
        )
        found.append(answer.status_code)

    threads = [threading.Thread(target=leave, args=(browser,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(found) == [303, 409]


@pytest.mark.parametrize("what", ["day", "record", "other seat", "generation"])
def test_a_journey_shortened_in_the_database_brings_nobody_back(
    app: Flask, browse: Browse, cast: Cast, clock: Clock, what: str
) -> None:
    _leave(browse, clock, cast.ben)
    _leave(browse, clock, cast.cleo, 1)
    clock.forward(days=3)
    with writing(app) as session:
        seat, other = (seat_row(session, cast.case.id, who) for who in (cast.ben, cast.cleo))
        seat.travel_until = clock() - timedelta(days=1)
        if what == "record":
            seat.travel_record = None
        elif what == "other seat":
            seat.travel_record = other.travel_record
        elif what == "generation":
            seat.travel_generation = 7

    browse(cast.ann, fresh=True).get(f"{cast.case.url}/")
    browse(cast.ann).get(f"{cast.case.url}/")

    assert _grants(app, cast.ben) == 0
    assert _grants(app, cast.cleo) == 1
    assert actions(app).count("seat.mistrusted") == 1
    _with_password(app, cast.ben).get(f"{cast.case.url}/", 404)


def test_a_planted_seat_that_returns_gets_no_key(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    with writing(app) as session:
        ben = seat_row(session, cast.case.id, cast.ben)
        planted = type(ben)(
            case_id=cast.case.id,
            user_id=cast.dan.id,
            role="reader",
            granted_by_id=cast.ann.id,
            granted_at=clock(),
            travel_until=clock() - timedelta(days=1),
        )
        session.add(planted)

    browse(cast.ben).get(f"{cast.case.url}/")
    browse(cast.ann).get(f"{cast.case.url}/")

    found = read(app, select(func.count()).where(CaseGrant.case_id == cast.case.id))
    assert found == [4]
    browse(cast.dan).get(f"{cast.case.url}/", 404)


def test_a_clock_set_back_brings_nobody_back_earlier(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    _leave(browse, clock, cast.ben, 2)
    clock.forward(days=-30)

    browse(cast.ann, fresh=True).get(f"{cast.case.url}/")

    assert _grants(app, cast.ben) == 0


@pytest.mark.parametrize("day", ["", "2001-01-01", "2200-01-01", "soon"])
def test_an_impossible_day_gives_nothing_up(
    app: Flask, browse: Browse, cast: Cast, day: str
) -> None:
    browse(cast.ben).post("/account/travel", 422, ends_at=day)

    assert _grants(app, cast.ben) == 1
    browse(cast.ben).get(f"{cast.case.url}/")


def test_somebody_travelling_takes_no_new_seat(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    _leave(browse, clock, cast.ben)

    page = browse(cast.dan).post(f"{cast.other.url}/members/", 422, username="ben", role="reader")

    assert "travelling" in page.text
    assert user_row_until(app, cast) > datetime.now(UTC)


def user_row_until(app: Flask, cast: Cast) -> datetime:
    with writing(app) as session:
        until = user_row(session, cast.ben).travel_until
    assert until is not None
    return until
