from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from casefile.cases import service as cases
from casefile.policy import Seat
from casefile.uow import UnitOfWork
from tests.cast import add_evidence, give_seat, resources_of, take_seat
from tests.sources_scene import add_handler, new_source, shred

if TYPE_CHECKING:
    import pytest
    from flask import Flask

    from tests.cast import Cast, Clock
    from tests.strict_browser import Browse


def test_the_first_day_leads_to_a_first_case(app: Flask, browse: Browse, cast: Cast) -> None:
    take_seat(app, cast.ann, cast.case.id, cast.eva)
    eva = browse(cast.eva)

    page = eva.get("/")

    assert "Open your first case" in page.main
    [link] = page.find("//main//a/@href")
    assert "New case" in eva.get(link).main


def test_whoever_cannot_open_cases_is_told_whom_to_ask(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    take_seat(app, cast.ann, cast.case.id, cast.cleo)

    assert (
        browse(cast.cleo).get("/", 303).location == "/notices/"
    )  # their only role is of the grants
    for person in (cast.ada,):
        page = browse(person).get("/")
        assert "Ask the person who leads a case" in page.main
        assert not page.find("//main//a[@href='/cases/new']")


def test_evidence_is_two_clicks_from_the_desk(browse: Browse, cast: Cast) -> None:
    page = browse(cast.ben).get("/")

    assert f"{cast.case.url}/evidence/new" in page.find("//main//a/@href")
    assert f"{cast.case.url}/notes/new" in page.find("//main//a/@href")
    assert not [link for link in browse(cast.cleo).get("/").find("//a/@href") if "/new" in link]


def test_what_waits_about_a_source_stands_on_the_desk_from_however_many_cases(
    app: Flask, browse: Browse, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    add_handler(app, cast.ann, cast.case.id, at.id, cast.ben)
    shred(app, cast.ann, cast.case.id, at)
    with UnitOfWork(resources_of(app), cast.ben.id, cast.ben.bundle) as uow:
        cases.create(uow, title="A newer one", summary="")
    monkeypatch.setattr("casefile.desk.routes.CASES", 1)

    page = browse(cast.ben).get("/")

    assert "A newer one" in page.main
    assert f"Ann Lead shredded the source {at.codename}" in page.main
    take_seat(app, cast.ann, cast.case.id, cast.ben)
    assert at.codename not in browse(cast.ben).get("/").main


def test_what_others_did_stands_on_the_desk(browse: Browse, cast: Cast) -> None:
    browse(cast.eva).post(f"{cast.case.url}/notes/", title="News", body="Something new.")

    lately = browse(cast.ben).get("/").find("//section[@aria-labelledby='recent']")[0]

    words = " ".join(lately.text_content().split())
    assert "Eva Editor added the note News" in words
    assert cast.case.codename in words
    assert "News" not in browse(cast.dan).get("/").main


def test_looks_and_downloads_do_not_crowd_out_what_happened(browse: Browse, cast: Cast) -> None:
    ben, item = browse(cast.ben), f"{cast.case.url}/evidence/{cast.case.evidence}"
    browse(cast.eva).post(f"{cast.case.url}/notes/", title="News", body="Something new.")
    ben.get(item)
    for _ in range(25):
        ben.get(f"{item}/content")

    page = ben.get("/")

    assert "added the note News" in page.main
    assert "downloaded" not in page.main


def test_the_latest_cases_are_shown_and_the_rest_is_one_click_away(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    for number in range(12):
        with UnitOfWork(resources_of(app), cast.ben.id, cast.ben.bundle) as uow:
            cases.create(uow, title=f"Case {number}", summary="")

    page = browse(cast.ben).get("/")

    assert len(page.find("//li[@class='case-row']")) == 12
    assert page.find("//a[@href='/cases/'][contains(., 'All 13 cases')]")


def test_a_seat_that_ends_soon_waits_on_the_desk(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    give_seat(app, cast.dan, cast.other.id, cast.eva, Seat.READER, clock() + timedelta(days=5))

    page = browse(cast.eva).get("/")

    [waiting] = page.find("//*[@class='waiting']//a")
    assert f"Your seat on {cast.other.codename} ends soon" in waiting.text_content()
    assert waiting.get("href") == f"{cast.other.url}/members/"
    [told] = browse(cast.dan).get("/").find("//*[@class='waiting']//a")
    assert f"The seat of Eva Editor on {cast.other.codename} ends soon" in told.text_content()
    assert not browse(cast.ben).get("/").find("//*[@class='waiting']")


def test_a_seat_that_ends_later_does_not_wait_yet(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    give_seat(app, cast.dan, cast.other.id, cast.eva, Seat.READER, clock() + timedelta(days=30))

    assert not browse(cast.eva).get("/").find("//*[@class='waiting']")


def test_names_of_things_are_text_on_the_desk(app: Flask, browse: Browse, cast: Cast) -> None:
    add_evidence(app, cast.ben, cast.case.id, "<script>alert(1)</script>.bin", b"\x00")

    page = browse(cast.ben).get("/")

    assert "<script>alert(1)</script>.bin" in page.main or "script" in page.main
    assert not page.find("//main//script")
