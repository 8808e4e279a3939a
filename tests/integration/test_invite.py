from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from casefile.accounts.models import User
from tests.cast import resources_of

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast, Clock
    from tests.strict_browser import Browse, Page, StrictBrowser

PASSWORD = "a quiet ferry leaves before dawn"
ACCEPTED = {
    "username": "fay",
    "name": "Fay Guest",
    "password": PASSWORD,
    "password_again": PASSWORD,
}


def invite(browser: StrictBrowser, name: str = "Fay", *roles: str) -> str:
    """Make an invitation and return the path of its link."""
    page = browser.post("/admin/invitations", 200, name=name, roles=list(roles) or ["reporter"])
    return urlsplit(page.find("//*[@id='link']")[0].text_content().strip()).path


def accept(browser: StrictBrowser, link: str, status: int = 200, **other: str) -> Page:
    browser.get(link)
    return browser.post(link, status, fields={**ACCEPTED, **other})


def certified(app: Flask, username: str) -> bool:
    with resources_of(app).database.reading() as session:
        found = session.scalar(select(User.certificate).where(User.username == username))
    return found is not None


def test_from_invitation_to_an_opened_case(app: Flask, browse: Browse, cast: Cast) -> None:
    link = invite(browse(cast.ada))
    fay = browse()

    page = accept(fay, link)

    assert "Your account is ready" in page.text
    assert not certified(app, "fay")
    refused = browse(cast.ann).post(
        f"{cast.case.url}/members/", 422, username="fay", role="reporter"
    )
    assert "Not a valid choice" in refused.problems()

    browse(cast.ada).get("/")

    assert certified(app, "fay")
    browse(cast.ann).post(f"{cast.case.url}/members/", username="fay", role="reporter")
    assert cast.case.codename in fay.get("/").main
    assert "The pier was paid for twice" in fay.get(f"{cast.case.url}/notes/{cast.case.note}").main
    fay.post(f"{cast.case.url}/notes/", title="From Fay", body="I saw the second bill.")
    assert fay.get("/search?q=bill").find("//*[@data-total='1']")


def test_somebody_new_can_open_a_case_of_their_own_once_certified(
    browse: Browse, cast: Cast
) -> None:
    fay, link = browse(), invite(browse(cast.ada))
    accept(fay, link)
    browse(cast.ada).get("/")

    page = fay.post("/cases/", title="First of mine", summary="")

    assert "First of mine" in fay.get(page.location).main


def test_somebody_not_certified_yet_is_told_whom_to_ask(browse: Browse, cast: Cast) -> None:
    fay, link = browse(), invite(browse(cast.ada))
    accept(fay, link)

    page = fay.post("/cases/", 503, title="Too early", summary="")

    assert "Ask the administrator who invited them to sign in once" in page.text


def test_the_link_names_who_invites_and_as_what(browse: Browse, cast: Cast) -> None:
    page = browse().get(invite(browse(cast.ada), "Fay", "reporter", "editor"))

    assert cast.ada.name in page.main
    assert "Reporter" in page.main
    assert "Editor" in page.main
    assert page.value("name") == "Fay"


def test_a_link_works_once(browse: Browse, cast: Cast) -> None:
    link = invite(browse(cast.ada))
    accept(browse(), link)

    page = browse(None, fresh=True).get(link, status=404)

    assert "Ask whoever invited you for a new one" in page.text


def test_a_link_stops_working_after_a_week(browse: Browse, cast: Cast, clock: Clock) -> None:
    link = invite(browse(cast.ada))
    clock.forward(days=7, minutes=1)

    browse().get(link, status=404)


def test_a_withdrawn_link_stops_working(browse: Browse, cast: Cast) -> None:
    ada = browse(cast.ada)
    link = invite(ada)
    withdraw = next(
        path for path in ada.get("/admin/").find("//form/@action") if "/invitations/" in path
    )

    ada.post(withdraw)

    browse().get(link, status=404)
    assert "Withdrawn" in ada.get("/admin/").main


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"username": "ben"}, "This username is taken."),
        ({"username": "BEN"}, "This username is taken."),
        ({"username": "f"}, "3 to 64 Latin letters"),
        ({"username": "фая"}, "3 to 64 Latin letters"),
        ({"username": "fay/../ada"}, "3 to 64 Latin letters"),
        ({"username": ""}, "Fill this in."),
        ({"name": ""}, "Fill this in."),
        ({"password_again": "another one"}, "The two passwords differ."),
        ({"password": "short", "password_again": "short"}, "Choose at least 12 characters."),
        ({"password": "fay is here ok", "password_again": "fay is here ok"}, "Leave your username"),
    ],
)
def test_what_will_not_do_is_said_beside_its_field_and_the_link_still_works(
    browse: Browse, cast: Cast, other: dict[str, str], said: str
) -> None:
    link, fay = invite(browse(cast.ada)), browse()

    page = accept(fay, link, 422, **other)

    assert said in page.problems()
    assert PASSWORD not in page.html
    accept(fay, link)


def test_an_invitation_without_a_role_is_shown_again(browse: Browse, cast: Cast) -> None:
    page = browse(cast.ada).post("/admin/invitations", 422, name="Fay")

    assert "Choose at least one role." in page.problems()
    assert page.value("name") == "Fay"


def test_a_role_nobody_knows_is_refused(browse: Browse, cast: Cast) -> None:
    browse(cast.ada).post("/admin/invitations", 422, name="Fay", roles=["emperor"])


def test_a_closed_account_is_signed_out_and_can_be_opened_again(browse: Browse, cast: Cast) -> None:
    ben, ada = browse(cast.ben), browse(cast.ada)
    ben.get("/")

    ada.post(f"/admin/people/{cast.ben.id}/disable")

    ben.get("/", status=302)
    ben.post("/sign-in", 422, username="ben", password=cast.ben.password)
    ada.post(f"/admin/people/{cast.ben.id}/enable")
    ben.post("/sign-in", username="ben", password=cast.ben.password)
    assert cast.case.codename in ben.get("/").main


def test_an_administrator_cannot_close_their_own_account(browse: Browse, cast: Cast) -> None:
    page = browse(cast.ada).post(f"/admin/people/{cast.ada.id}/disable", 403)

    assert "Ask another administrator" in page.text
