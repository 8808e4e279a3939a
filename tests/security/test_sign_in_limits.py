from __future__ import annotations

import base64
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from casefile.accounts import devices, limits, signing_in
from casefile.errors import InvalidError, TooManyRequestsError
from tests.cast import resources_of
from tests.intruder import actions
from tests.strict_browser import StrictBrowser

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Actor, Cast, Clock
    from tests.strict_browser import Page

TRIES = 3
DEVICE = "casefile-device"


@pytest.fixture(autouse=True)
def _few_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.TRIES, "both", TRIES)


def _try(
    app: Flask,
    username: str,
    password: str,
    status: int,
    address: str = "10.0.0.1",
    device: str | None = None,
) -> Page:
    browser = StrictBrowser(app)
    browser.token()
    browser.client.environ_base["REMOTE_ADDR"] = address
    if device is not None:
        browser.client.set_cookie(DEVICE, device)
    return browser.post("/sign-in", status, username=username, password=password)


def _words(page: Page) -> str:
    return re.sub(r'name="csrf_token" value="[^"]+"|value="(ben|nobody)"', "", page.html)


def test_the_answer_is_the_same_for_somebody_known_and_somebody_unknown(
    app: Flask, cast: Cast, clock: Clock
) -> None:
    assert limits.TRIES["both"] == TRIES
    known = [_words(_try(app, "ben", "wrong password here", 422)) for _ in range(TRIES)]
    unknown = [_words(_try(app, "nobody", "wrong password here", 422)) for _ in range(TRIES)]

    assert known == unknown
    assert "The username or the password is wrong" in known[0]
    clock.freeze()
    for name in ("ben", "nobody"):
        _try(app, name, "wrong password here", 422, address="10.0.0.9")
        _try(app, name, "wrong password here", 422, address="10.0.0.9")
        _try(app, name, "wrong password here", 422, address="10.0.0.9")
    refused = [_try(app, name, "wrong", 429, address="10.0.0.9") for name in ("ben", "nobody")]
    assert _words(refused[0]) == _words(refused[1])
    assert refused[0].headers["Retry-After"] == refused[1].headers["Retry-After"] == "5"


def test_after_too_many_tries_even_the_right_password_waits(
    app: Flask, cast: Cast, clock: Clock
) -> None:
    for _ in range(TRIES):
        _try(app, "ben", "wrong password here", 422)

    page = _try(app, "ben", cast.ben.password, 429)

    assert 0 < int(page.headers["Retry-After"]) <= limits.FIRST_WAIT
    assert "Too many tries" in page.text
    clock.forward(seconds=limits.FIRST_WAIT)
    _try(app, "ben", cast.ben.password, 303)


def test_each_try_more_waits_twice_as_long_up_to_a_ceiling(
    app: Flask, cast: Cast, clock: Clock
) -> None:
    clock.freeze()
    for _ in range(TRIES):
        _try(app, "ben", "wrong password here", 422)
    waits = []
    for _ in range(10):
        waits.append(int(_try(app, "ben", "wrong", 429).headers["Retry-After"]))
        clock.forward(seconds=waits[-1])
        _try(app, "ben", "wrong password here", 422)

    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]


def test_a_clock_set_back_makes_nobody_wait_for_it(app: Flask, cast: Cast, clock: Clock) -> None:
    clock.forward(hours=5)
    for _ in range(TRIES):
        _try(app, "ben", "wrong password here", 422)
    clock.forward(hours=-5)

    _try(app, "ben", cast.ben.password, 303)


def test_strangers_however_many_never_slow_down_a_browser_known_to_the_account(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(limits.TRIES, "account", 4)
    monkeypatch.setitem(limits.TRIES, "address", 6)
    mark = _known(app, cast.ben)
    for number in range(4):
        _try(app, "ben", "wrong password here", 422, address=f"10.0.3.{number}")
    _try(app, "ben", cast.ben.password, 429, address="10.0.3.9")

    for _ in range(3):
        _try(app, "ben", cast.ben.password, 303, address="10.0.3.1", device=mark)


def test_a_known_browser_waits_two_minutes_at_most(
    app: Flask, cast: Cast, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(limits.TRIES, "device", 1)
    mark = _known(app, cast.ben)
    clock.freeze()
    longest = 0
    for _ in range(9):
        _try(app, "ben", "wrong password here", 422, device=mark)
        longest = int(_try(app, "ben", "wrong", 429, device=mark).headers["Retry-After"])
        clock.forward(seconds=longest)

    assert longest == 120
    _try(app, "ben", cast.ben.password, 303, device=mark)


def test_the_mark_of_a_browser_is_of_one_account_says_nothing_and_opens_nothing(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(limits.TRIES, "account", 1)
    mark = _known(app, cast.ben)
    raw = base64.urlsafe_b64decode(mark)
    assert cast.ben.id.bytes not in raw
    assert b"ben" not in raw
    for other in (mark[:-8] + "AAAAAAA=", mark[4:], "", "x", base64.b64encode(b"\0" * 52).decode()):
        opened = resources_of(app)
        assert devices.known(opened, "ben", other, opened.clock()) is None

    _try(app, "ann", "wrong password here", 422, device=mark)
    _try(app, "ann", cast.ann.password, 429, device=mark)
    answer = app.test_client().get(
        "/", base_url="http://localhost", headers={"Cookie": f"{DEVICE}={mark}"}
    )
    assert answer.status_code == 302


def test_a_mark_lasts_half_a_year(app: Flask, cast: Cast, clock: Clock) -> None:
    mark, opened = _known(app, cast.ben), resources_of(app)

    assert devices.known(opened, "ben", mark, clock() + timedelta(days=179))
    assert not devices.known(opened, "ben", mark, clock() + timedelta(days=182))
    assert not devices.known(opened, "ben", mark, clock() - timedelta(days=3))


def _known(app: Flask, actor: Actor) -> str:
    page = _try(app, actor.username, actor.password, 303, address="10.0.2.1")
    [cookie] = [c for c in page.headers.getlist("Set-Cookie") if c.startswith(f"{DEVICE}=")]
    return cookie.split(";")[0].removeprefix(f"{DEVICE}=").strip('"')


def test_tries_against_one_person_keep_out_nobody_else(app: Flask, cast: Cast) -> None:
    for _ in range(TRIES):
        _try(app, "ben", "wrong password here", 422)

    _try(app, "ben", "wrong password here", 429)
    _try(app, "ben", cast.ben.password, 303, address="10.0.0.2")
    _try(app, "ann", cast.ann.password, 303)


def test_a_right_password_forgets_the_wrong_ones(app: Flask, cast: Cast) -> None:
    for _ in range(TRIES - 1):
        _try(app, "ben", "wrong password here", 422)
    _try(app, "ben", cast.ben.password, 303)
    for _ in range(TRIES - 1):
        _try(app, "ben", "wrong password here", 422)

    _try(app, "ben", cast.ben.password, 303)


def test_tries_side_by_side_all_count(app: Flask, cast: Cast) -> None:
    def guess(number: int) -> type[Exception] | None:
        try:
            signing_in.sign_in(
                resources_of(app), username="ben", password=f"guess {number}", address="10.0.0.1"
            )
        except (InvalidError, TooManyRequestsError) as error:
            return type(error)
        return None

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(guess, range(6)))

    assert outcomes.count(InvalidError) == TRIES
    assert outcomes.count(TooManyRequestsError) == 6 - TRIES


def test_the_spelling_of_a_username_makes_no_new_account_to_try(app: Flask, cast: Cast) -> None:
    for name in ("ben", "BEN", " Ben "):
        _try(app, name, "wrong password here", 422)

    _try(app, "bEN", "wrong password here", 429)


def test_a_whole_network_of_addresses_runs_into_the_limit_of_the_account(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(limits.TRIES, "account", 4)
    for number in range(4):
        _try(app, "ben", "wrong password here", 422, address=f"10.0.1.{number}")

    _try(app, "ben", "wrong password here", 429, address="10.0.1.99")
    _try(app, "ann", cast.ann.password, 303, address="10.0.1.99")


def test_one_address_runs_into_its_own_limit_over_all_accounts(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(limits.TRIES, "address", 4)
    for name in ("ann", "ben", "cleo", "dan"):
        _try(app, name, "wrong password here", 422)

    _try(app, "eva", cast.eva.password, 429)
    _try(app, "eva", cast.eva.password, 303, address="10.0.0.2")


def test_refused_and_limited_tries_are_entries(app: Flask, cast: Cast) -> None:
    for _ in range(TRIES):
        _try(app, "ben", "wrong password here", 422)
    for _ in range(5):
        _try(app, "ben", "wrong password here", 429)

    assert actions(app).count("session.refused") == TRIES
    assert actions(app).count("session.limited") == 1


def test_guessing_the_current_password_in_an_open_session_is_limited_too(
    app: Flask, cast: Cast
) -> None:
    browser = StrictBrowser(app)
    browser.post("/sign-in", username="ben", password=cast.ben.password)
    new = {"password": "another long sentence", "password_again": "another long sentence"}
    for number in range(TRIES):
        browser.post("/account/password", 422, current=f"guess {number}", **new)

    browser.post("/account/password", 429, current=cast.ben.password, **new)


def test_a_disabled_person_gets_the_same_answer_as_a_wrong_password(app: Flask, cast: Cast) -> None:
    admin = StrictBrowser(app)
    admin.post("/sign-in", username="ada", password=cast.ada.password)
    admin.post(f"/admin/people/{cast.ben.id}/disable")

    page = _try(app, "ben", cast.ben.password, 422)

    assert "The username or the password is wrong" in page.text
