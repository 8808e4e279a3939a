from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from casefile.accounts import invitations
from casefile.accounts.models import Invitation, User
from casefile.policy import Role
from casefile.uow import UnitOfWork
from tests.cast import resources_of
from tests.intruder import actions, read, user_row, writing
from tests.strict_browser import StrictBrowser

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast, Clock
    from tests.strict_browser import Browse

PASSWORD = "plain bread and mountain honey"


def _day(clock: Clock, days: int) -> str:
    return (clock() + timedelta(days=days)).date().isoformat()


def _guest(app: Flask, browse: Browse, cast: Cast, clock: Clock, days: int) -> StrictBrowser:
    page = browse(cast.ada).post(
        "/admin/invitations", 200, name="Gulnara", roles=["juror"], ends_at=_day(clock, days)
    )
    link = str(page.find("//*[@id='link']")[0].text_content()).strip()
    guest = StrictBrowser(app)
    guest.post(
        link.removeprefix("http://localhost"),
        200,
        username="gulnara",
        name="Gulnara",
        password=PASSWORD,
        password_again=PASSWORD,
    )
    return guest


def test_a_guest_is_out_at_the_end_of_the_last_day_and_cannot_sign_in(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    guest = _guest(app, browse, cast, clock, 3)
    guest.get("/")
    browse(cast.ada).get("/admin/")
    [ends_at] = read(app, select(User.ends_at).where(User.username == "gulnara"))

    clock.forward(seconds=(ends_at - clock()).total_seconds() - 5)
    guest = StrictBrowser(app)
    guest.post("/sign-in", username="gulnara", password=PASSWORD)
    guest.get("/")
    clock.forward(seconds=6)

    guest.get("/", 302)
    page = StrictBrowser(app).post("/sign-in", 422, username="gulnara", password=PASSWORD)
    assert "The username or the password is wrong" in page.text
    assert "Ended" in browse(cast.ada, fresh=True).get("/admin/").text
    assert "gulnara" not in browse(cast.ann, fresh=True).get(f"{cast.case.url}/members/").html
    browse(cast.ann).post(f"{cast.case.url}/members/", 422, username="gulnara", role="reader")


def test_an_end_is_shown_a_week_before_and_an_administrator_can_move_it(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    guest = _guest(app, browse, cast, clock, 20)
    [person] = read(app, select(User.id).where(User.username == "gulnara"))
    assert "Your account ends soon" not in guest.get("/").text
    assert "guest until" in browse(cast.ada).get("/admin/").text
    clock.forward(days=15)
    guest = StrictBrowser(app)
    guest.post("/sign-in", username="gulnara", password=PASSWORD)
    assert "Your account ends soon" in guest.get("/").text
    clock.forward(days=10)

    ada = browse(cast.ada, fresh=True)
    assert "This account ended on" in ada.get(f"/admin/people/{person}").text
    ada.post(f"/admin/people/{person}/end", ends_at=_day(clock, 30))

    guest.get("/", 302)
    guest = StrictBrowser(app)
    guest.post("/sign-in", username="gulnara", password=PASSWORD)
    guest.get("/")
    ada.post(f"/admin/people/{person}/end", ends_at="")
    assert read(app, select(User.ends_at).where(User.id == person)) == [None]
    assert actions(app).count("account.end_changed") == 2


@pytest.mark.parametrize("day", ["2001-01-01", "9999-12-31", "tomorrow", "2150-01-01"])
def test_an_impossible_last_day_is_shown_again(browse: Browse, cast: Cast, day: str) -> None:
    ada = browse(cast.ada)
    ada.post("/admin/invitations", 422, name="G", roles=["juror"], ends_at=day)
    ada.post(f"/admin/people/{cast.cleo.id}/end", 422, ends_at=day)


def test_nobody_ends_their_own_account(browse: Browse, cast: Cast, clock: Clock) -> None:
    browse(cast.ada).post(f"/admin/people/{cast.ada.id}/end", 403, ends_at=_day(clock, 3))


@pytest.mark.parametrize("ends_in", [None, 400])
def test_an_end_changed_in_the_row_of_an_invitation_is_noticed(
    app: Flask, cast: Cast, clock: Clock, ends_in: int | None
) -> None:
    with UnitOfWork(resources_of(app), cast.ada.id, cast.ada.bundle) as uow:
        made, token = invitations.create(
            uow, name="G", roles=[Role.JUROR], account_ends_at=clock() + timedelta(days=3)
        )
        invitation_id = made.id
    with writing(app) as session:
        row = session.get_one(Invitation, invitation_id)
        row.account_ends_at = None if ends_in is None else clock() + timedelta(days=ends_in)

    page = StrictBrowser(app).get(f"/invitations/{token}", 503)

    assert "changed in the database" in page.text


def test_an_end_ends_open_sessions_of_every_kind(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    browse(cast.ben).get(f"{cast.case.url}/")
    with writing(app) as session:
        user_row(session, cast.ben).ends_at = clock()

    browse(cast.ben).get(f"{cast.case.url}/", 302)
    browse(cast.ben).post(f"{cast.case.url}/notes/", 302, title="A", body="B")
