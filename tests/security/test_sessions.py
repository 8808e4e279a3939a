from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from casefile.accounts.models import SignInSession, User
from tests.intruder import read, user_row, writing
from tests.strict_browser import COOKIE, StrictBrowser

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.cast import Cast, Clock
    from tests.strict_browser import Browse


def _is_out(browser: StrictBrowser) -> bool:
    return browser.get("/", status=None).status == 302


def test_signing_in_gives_a_cookie_that_nobody_could_have_planted(app: Flask, cast: Cast) -> None:
    planted = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    victim, thief = StrictBrowser(app, planted), StrictBrowser(app, planted)

    victim.sign_in(cast.ben)

    assert victim.cookie != planted
    assert not _is_out(victim)
    assert _is_out(thief)


def test_signing_in_again_gives_another_cookie(app: Flask, cast: Cast) -> None:
    browser = StrictBrowser(app)
    browser.sign_in(cast.ben)
    first = browser.cookie
    browser.sign_in(cast.ben)

    assert browser.cookie != first


def test_a_stolen_database_opens_no_session(app: Flask, browse: Browse, cast: Cast) -> None:
    browse(cast.ann).get("/")
    row = read(app, select(SignInSession))[0]

    for stolen in (
        row.cookie_digest,
        row.sealed_bundle[:32],
        row.sealed_bundle[-32:],
        row.id.bytes * 2,
    ):
        cookie = base64.urlsafe_b64encode(stolen).decode()
        assert _is_out(StrictBrowser(app, cookie))


def test_a_session_row_changed_in_the_database_opens_nothing(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    for actor in (cast.ada, cast.ann):
        browse(actor).get("/")
    with writing(app) as session:
        rows = {row.user_id: row for row in session.scalars(select(SignInSession))}
        rows[cast.ada.id].user_id = cast.ann.id
        rows[cast.ann.id].sealed_bundle = rows[cast.ada.id].sealed_bundle

    assert _is_out(browse(cast.ada))
    assert _is_out(browse(cast.ann))


def test_a_session_ends_after_half_an_hour_without_a_request(
    browse: Browse, cast: Cast, clock: Clock
) -> None:
    browse(cast.ben).get("/")
    clock.forward(minutes=29)
    browse(cast.ben).get("/")
    clock.forward(minutes=29)
    browse(cast.ben).get("/")
    clock.forward(minutes=31)

    assert _is_out(browse(cast.ben))


def test_a_session_ends_after_twelve_hours_however_busy(
    browse: Browse, cast: Cast, clock: Clock
) -> None:
    browse(cast.ben).get("/account/alive", 204)
    for _ in range(28):
        clock.forward(minutes=25)
        browse(cast.ben).get("/account/alive", 204)
    clock.forward(minutes=25)

    assert _is_out(browse(cast.ben))


def test_signing_out_ends_the_session_itself_and_not_only_the_cookie(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    cookie = browse(cast.ben).cookie
    browse(cast.ben).get(f"{cast.case.url}/")

    page = browse(cast.ben).post("/sign-out")

    assert page.location == "/sign-in"
    assert browse(cast.ben).cookie is None
    assert _is_out(StrictBrowser(app, cookie))


def test_signing_out_everywhere_ends_every_session(browse: Browse, cast: Cast) -> None:
    phone, laptop = browse(cast.ben), browse(cast.ben, fresh=True)
    other = browse(cast.ann)
    phone.get("/")

    laptop.post("/account/sessions/delete")

    assert _is_out(phone)
    assert _is_out(laptop)
    assert not _is_out(other)


def test_one_session_can_be_ended_from_another(browse: Browse, cast: Cast) -> None:
    lost = browse(cast.ben)
    lost.get("/")
    here = browse(cast.ben, fresh=True)
    buttons = here.get("/account/sessions").find(
        "//form[contains(@action, '/account/sessions/')][contains(@action, '/delete')]/@action"
    )
    other = next(action for action in buttons if action != "/account/sessions/delete")

    here.post(other)

    assert _is_out(lost) != _is_out(here)


def test_somebody_elses_session_cannot_be_ended(app: Flask, browse: Browse, cast: Cast) -> None:
    browse(cast.ann).get("/")
    theirs = read(app, select(SignInSession.id).where(SignInSession.user_id == cast.ann.id))[0]

    browse(cast.ben).post(f"/account/sessions/{theirs}/delete", 404)

    assert not _is_out(browse(cast.ann))


def test_a_raised_epoch_ends_every_session_of_a_person(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    browse(cast.ben).get("/")
    with writing(app) as session:
        user_row(session, cast.ben).auth_epoch += 1

    assert _is_out(browse(cast.ben))


def test_a_new_password_ends_every_other_session_and_the_old_password(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    phone, laptop = browse(cast.ben), browse(cast.ben, fresh=True)
    before = laptop.cookie

    laptop.post(
        "/account/password",
        current=cast.ben.password,
        password="a quite new sentence",
        password_again="a quite new sentence",
    )

    assert laptop.cookie != before
    laptop.get(f"{cast.case.url}/notes/{cast.case.note}")
    assert _is_out(phone)
    StrictBrowser(app).post("/sign-in", 422, username="ben", password=cast.ben.password)
    StrictBrowser(app).post("/sign-in", username="ben", password="a quite new sentence")


def test_a_role_written_into_the_database_opens_no_case(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    with writing(app) as session:
        user_row(session, cast.dan).roles = "admin editor reporter director"

    browse(cast.dan).get(f"{cast.case.url}/", 404)
    assert cast.case.codename not in browse(cast.dan).get("/cases/").html


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "x",
        "=",
        "A" * 43,
        "A" * 44,
        "%00",
        "ё" * 44,
        "A" * 4000,
        base64.b64encode(b"\xff" * 32).decode(),
    ],
)
def test_a_cookie_that_makes_no_sense_is_nobody(app: Flask, cookie: str) -> None:
    client = app.test_client()
    for path, status in (("/", 302), ("/sign-in", 200)):
        answer = client.get(
            path,
            base_url="http://localhost",
            headers={
                "Cookie": f"{COOKIE}={cookie}; {COOKIE}-notice={cookie}".encode().decode("latin-1")
            },
        )
        assert answer.status_code == status


def test_the_cookie_is_of_this_host_only_where_https_stands_in_front(
    make_app: Callable[..., Flask],
) -> None:
    app = make_app(trusted_proxies=1, allowed_hosts="casefile.example")
    answer = app.test_client().get(
        "/sign-in",
        base_url="http://127.0.0.1:8000",
        headers={"X-Forwarded-Proto": "https", "X-Forwarded-Host": "casefile.example"},
    )

    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-casefile=")
    assert "Secure" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    assert "max-age=" in answer.headers["Strict-Transport-Security"]


def test_on_loopback_the_cookie_works_without_https(app: Flask) -> None:
    answer = app.test_client().get("/sign-in", base_url="http://localhost")

    assert answer.headers["Set-Cookie"].startswith("casefile=")
    assert "Secure" not in answer.headers["Set-Cookie"]
    assert "Strict-Transport-Security" not in answer.headers


def test_passwords_and_private_keys_lie_nowhere_in_clear(app: Flask, cast: Cast) -> None:
    for user in read(app, select(User)):
        kept = b"".join(
            value if isinstance(value, bytes) else str(value).encode()
            for value in (getattr(user, column.key) for column in User.__table__.columns)
        )
        actor = getattr(cast, user.username)
        assert actor.password.encode() not in kept
        assert actor.bundle.to_bytes()[:128] not in kept
        assert user.password_memory_kib >= 64 * 1024
