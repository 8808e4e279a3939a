from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from casefile import config
from casefile.accounts import agents
from casefile.accounts.models import SignInSession
from casefile.errors import ConfigError
from tests.cast import resources_of
from tests.intruder import read, writing
from tests.strict_browser import StrictBrowser

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask

    from tests.cast import Cast, Clock

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
AGENTS = {
    FIREFOX: "Firefox on Windows",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 "
    "Safari/537.36": "Chrome on Linux",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 "
    "Safari/537.36 Edg/142.0": "Edge on Windows",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.5 Mobile/15E148 Safari/604.1": "Safari on iPhone",
    "Mozilla/5.0 (Linux; Android 15; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) "
    "SamsungBrowser/28.0 Chrome/130.0 Mobile Safari/537.36": "Samsung Internet on Android",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Safari/605.1.15": "Safari on macOS",
    "Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0 "
    "YaBrowser/25.8 Mobile Safari/537.36": "Yandex Browser on Android",
    "curl/8.14": "",
    "<script>alert(1)</script>": "",
    "": "",
}


@pytest.mark.parametrize(("agent", "said"), AGENTS.items())
def test_a_browser_is_described_from_a_closed_list_of_words(agent: str, said: str) -> None:
    assert agents.described(agent) == said


def _signed_in(app: Flask, cast: Cast, agent: str) -> StrictBrowser:
    browser = StrictBrowser(app)
    browser.client.environ_base["HTTP_USER_AGENT"] = agent
    browser.post("/sign-in", username="ben", password=cast.ben.password)
    return browser


def test_sessions_are_listed_with_their_browser_which_lies_sealed(app: Flask, cast: Cast) -> None:
    here, there = _signed_in(app, cast, FIREFOX), _signed_in(app, cast, "curl/8.14")

    page = here.get("/account/sessions")

    assert "Firefox on Windows" in page.text
    assert "A browser that does not say what it is" in page.text
    assert page.text == there.get("/account/sessions").text or "This one" in page.text
    for row in read(app, select(SignInSession)):
        kept = b"".join(v for v in vars(row).values() if isinstance(v, bytes))
        assert b"Firefox" not in kept
        assert b"127.0.0.1" not in kept


def test_a_browser_swapped_in_the_database_is_not_shown(app: Flask, cast: Cast) -> None:
    here, _there = _signed_in(app, cast, FIREFOX), _signed_in(app, cast, "Opera on Linux")
    with writing(app) as session:
        first, second = session.scalars(select(SignInSession)).all()
        first.sealed_device, second.sealed_device = second.sealed_device, first.sealed_device

    page = here.get("/account/sessions")

    assert page.text.count("A browser that does not say what it is") == 2
    assert "Firefox" not in page.text


def test_idle_and_absolute_limits_are_settings(
    make_app: Callable[..., Flask], cast: Cast, clock: Clock
) -> None:
    app = make_app(session_idle_minutes=5, session_hours=1)
    browser = _signed_in(app, cast, FIREFOX)
    assert "after 5 minutes without use" in browser.get("/account/sessions").text
    for _ in range(14):
        clock.forward(minutes=4)
        browser.get("/account/alive", 204)
    clock.forward(minutes=4, seconds=30)
    browser.get("/", 302)

    idle = _signed_in(app, cast, FIREFOX)
    clock.forward(minutes=6)
    idle.get("/", 302)
    assert resources_of(app).settings.session_hours == 1


@pytest.mark.parametrize(
    "given",
    [
        {"SESSION_IDLE_MINUTES": "4"},
        {"SESSION_IDLE_MINUTES": "481"},
        {"SESSION_IDLE_MINUTES": "half"},
        {"SESSION_HOURS": "0"},
        {"SESSION_HOURS": "73"},
        {"SESSION_IDLE_MINUTES": "90", "SESSION_HOURS": "1"},
        {"PEPPER_SOURCE": "cloud"},
    ],
)
def test_limits_out_of_bounds_stop_the_start(given: dict[str, str], tmp_path: Path) -> None:
    environment = {f"CASEFILE_{name}": value for name, value in given.items()}
    with pytest.raises(ConfigError, match=next(iter(given)).lower()):
        config.load({"CASEFILE_INSTANCE": str(tmp_path), **environment})
