from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from casefile.policy import Seat
from tests import cast as scenes
from tests.access_matrix import ROWS, fill
from tests.cast import change_seat, give_seat, take_seat
from tests.intruder import actions, case_row, writing

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.cast import Cast, Clock
    from tests.strict_browser import Browse, StrictBrowser

IN_A_CASE = [(method, url) for method, url, _answers in ROWS if "{case}" in url]


def _learns_nothing(browser: StrictBrowser, cast: Cast) -> None:
    browser.get(f"{cast.case.url}/", 404)
    for page in ("/", "/cases/", "/search?q=pier", f"/search?q=pier&case={cast.case.id}"):
        seen = browser.get(page)
        assert cast.case.codename not in seen.html
        assert "pier" not in seen.main.replace("Take this filter away", "").lower()
    assert browser.get("/search/complete?q=pie").json == []


@pytest.mark.parametrize(("method", "url"), IN_A_CASE)
def test_a_removed_seat_is_gone_at_once_on_every_route(
    app: Flask, browse: Browse, cast: Cast, method: str, url: str
) -> None:
    browser = browse(cast.eva)
    browser.get(f"{cast.case.url}/")

    take_seat(app, cast.ann, cast.case.id, cast.eva)

    if method == "GET":
        browser.get(fill(url, cast), 404)
    else:
        browser.post(fill(url, cast), 404)


def test_a_removed_seat_is_gone_from_desk_lists_and_search(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    browser = browse(cast.eva)
    assert cast.case.codename in browser.get("/").html
    assert browser.get("/search?q=pier").find("//*[@data-total='0']") == []

    browse(cast.ann).post(f"{cast.case.url}/members/{cast.case.seats['eva']}/delete")

    _learns_nothing(browser, cast)
    assert "seat.removed" in actions(app)


def test_a_removed_seat_is_gone_at_once_in_every_process(
    make_app: Callable[..., Flask], browse: Browse, cast: Cast
) -> None:
    here, there = browse(cast.eva), browse(cast.eva).on(make_app())
    for browser in (here, there):
        browser.get(f"{cast.case.url}/")
        browser.get(f"{cast.case.url}/evidence/{cast.case.evidence}/content")
        assert browser.get("/search?q=pier").find("//*[@data-total='0']") == []

    browse(cast.ann).post(f"{cast.case.url}/members/{cast.case.seats['eva']}/delete")

    for browser in (there, here):
        _learns_nothing(browser, cast)
        browser.get(f"{cast.case.url}/evidence/{cast.case.evidence}/content", 404)


def test_whoever_belongs_to_the_grants_is_behind_the_wall_again_without_a_seat(
    browse: Browse, cast: Cast
) -> None:
    cleo = browse(cast.cleo)
    assert cast.case.codename in cleo.get("/").html

    browse(cast.ann).post(f"{cast.case.url}/members/{cast.case.seats['cleo']}/delete")

    assert cleo.get("/", 303).location == "/notices/"
    for path in (f"{cast.case.url}/", "/cases/", "/search?q=pier", "/search/complete?q=pie"):
        cleo.get(path, 404)


def test_an_ended_seat_opens_nothing_and_the_case_gets_a_new_key(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    give_seat(app, cast.ann, cast.case.id, cast.dan, Seat.REPORTER, _in(hours=1))
    browse(cast.dan).get(f"{cast.case.url}/")

    clock.forward(hours=1, minutes=1)

    browse(cast.dan, fresh=True).get(f"{cast.case.url}/", 404)
    assert cast.case.codename not in browse(cast.dan).get("/").html
    assert cast.case.codename not in browse(cast.dan).get("/search?q=pier").html
    browse(cast.ann, fresh=True).get(f"{cast.case.url}/notes/")
    with writing(app) as session:
        assert case_row(session, cast.case.id).generation == 2
    assert "seat.expired" in actions(app)
    assert (
        "Dan"
        not in browse(cast.ann)
        .get(f"{cast.case.url}/members/")
        .find("//main//ul")[0]
        .text_content()
    )


def test_a_seat_ends_at_the_end_of_its_last_day_where_the_lead_is(
    browse: Browse, cast: Cast, clock: Clock
) -> None:
    today = (clock() + timedelta(hours=6)).date()
    browse(cast.ann).post(
        f"{cast.case.url}/members/",
        username="dan",
        role="reader",
        ends_at=today.isoformat(),
    )

    left = datetime.combine(today, datetime.min.time(), UTC) + timedelta(hours=18) - clock()
    clock.forward(seconds=left.total_seconds() - 60)
    browse(cast.dan, fresh=True).get(f"{cast.case.url}/")
    clock.forward(seconds=120)
    browse(cast.dan).get(f"{cast.case.url}/", 404)


def test_a_weaker_seat_is_weaker_at_once(app: Flask, browse: Browse, cast: Cast) -> None:
    browse(cast.ben).get(f"{cast.case.url}/notes/new")

    change_seat(app, cast.ann, cast.case.id, cast.case.seats["ben"], Seat.READER)

    browse(cast.ben).get(f"{cast.case.url}/notes/new", 403)
    browse(cast.ben).post(f"{cast.case.url}/notes/", 403, title="Late", body="Late")
    browse(cast.ben).get(f"{cast.case.url}/notes/{cast.case.note}")


def test_a_disabled_person_is_out_at_once_in_every_process(
    make_app: Callable[..., Flask], browse: Browse, cast: Cast
) -> None:
    here, there = browse(cast.ben), browse(cast.ben).on(make_app())
    here.get(f"{cast.case.url}/")
    there.get(f"{cast.case.url}/")

    browse(cast.ada).post(f"/admin/people/{cast.ben.id}/disable")

    for browser in (here, there):
        assert browser.get(f"{cast.case.url}/", 302).location.startswith("/sign-in")
        assert browser.get("/", 302).location.startswith("/sign-in")


def test_enabling_a_person_does_not_bring_their_old_sessions_back(
    browse: Browse, cast: Cast
) -> None:
    browse(cast.ben).get("/")
    browse(cast.ada).post(f"/admin/people/{cast.ben.id}/disable")
    browse(cast.ada).post(f"/admin/people/{cast.ben.id}/enable")

    browse(cast.ben).get("/", 302)
    browse(cast.ben, fresh=True).get("/")


def test_a_disabled_person_cannot_be_given_a_seat(browse: Browse, cast: Cast) -> None:
    browse(cast.ada).post(f"/admin/people/{cast.dan.id}/disable")

    browse(cast.ann).post(f"{cast.case.url}/members/", 422, username="dan", role="reader")


def _in(**time: float) -> datetime:
    return scenes.Clock()() + timedelta(**time)
