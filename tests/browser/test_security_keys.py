from __future__ import annotations

import base64
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from casefile import keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from tests.browser.conftest import Newsroom, Newsstand

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

WHO = "ermek"
LIST = "/account/second-factor"
STEP = 30


@pytest.fixture
def page(visit: Newsstand, newsroom: Newsroom) -> Iterator[Page]:
    """Somebody without a second factor, who has none again afterwards."""
    opened = visit(WHO, fresh=True)
    yield opened
    opened.goto(LIST)
    for _ in range(5):
        remove = opened.locator("main .row-line .confirm summary")
        if not remove.count():
            break
        remove.first.click()
        opened.locator("main .row-line .confirm[open] .btn-danger").click()
        opened.wait_for_load_state()


def plug_in(page: Page, **options: Any) -> Any:
    """Give the browser a security key that answers by itself."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    given = {
        "protocol": "ctap2",
        "transport": "usb",
        "hasResidentKey": False,
        "hasUserVerification": False,
        "isUserVerified": False,
        "automaticPresenceSimulation": True,
        **options,
    }
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": given})
    return session, made["authenticatorId"]


PASSKEY = {
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
}


def without_barriers(page: Page) -> None:
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    assert found.violations_count == 0, found.generate_report()


def sign_out(page: Page) -> None:
    page.goto("/")
    page.get_by_text("Your account").locator("xpath=..").click()
    page.get_by_role("button", name="Sign out").click()


def password(page: Page, newsroom: Newsroom, where: str = "/sign-in") -> None:
    page.goto(where)
    person = newsroom.people[WHO]
    page.get_by_label("Username").fill(person.username)
    page.get_by_label("Password", exact=True).fill(person.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Second factor")


def fresh_code(secret: bytes, after: int = 0) -> tuple[str, int]:
    """Wait for the app to show a code of a later step, and look at it."""
    while int(time.time()) // STEP <= after:
        time.sleep(0.5)
    step = int(time.time()) // STEP
    return keys.app_code(secret, step), step


def add_app(page: Page) -> tuple[bytes, int]:
    page.goto(LIST)
    page.get_by_role("link", name="Add an app").click()
    shown = re.sub(r"\s", "", page.locator("#secret").inner_text())
    secret = base64.b32decode(shown)
    expect(page.locator("img.qr")).to_be_visible()
    assert page.locator("img.qr").evaluate("(image) => image.naturalWidth") > 100
    without_barriers(page)
    code, step = fresh_code(secret)
    page.get_by_label("Code that the app shows now").fill(f"{code[:3]} {code[3:]}")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("Second factor added.")).to_be_visible()
    return secret, step


@pytest.mark.parametrize("options", [{}, PASSKEY], ids=["key", "passkey"])
def test_a_key_or_passkey_is_added_and_signs_in(
    page: Page, newsroom: Newsroom, options: dict[str, Any]
) -> None:
    session, authenticator = plug_in(page, **options)
    page.goto(LIST)
    without_barriers(page)
    page.get_by_role("link", name="Add a security key").click()
    without_barriers(page)
    page.get_by_label("Name").fill("Blue key")
    page.get_by_role("button", name="Touch the key").click()
    expect(page.get_by_text("Second factor added.")).to_be_visible()
    expect(page.locator("main")).to_contain_text("Blue key")
    without_barriers(page)
    sign_out(page)

    password(page, newsroom, "/sign-in?next=/cases/")
    without_barriers(page)
    page.get_by_role("button", name="Use a security key").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Cases")
    told = session.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})
    assert len(told["credentials"]) == 1
    assert told["credentials"][0]["signCount"] >= 2


def test_a_key_is_not_added_twice_and_a_key_that_is_not_touched_says_so(page: Page) -> None:
    session, authenticator = plug_in(page)
    page.goto(f"{LIST}/key/new")
    page.get_by_role("button", name="Touch the key").click()
    expect(page.get_by_text("Second factor added.")).to_be_visible()

    page.goto(f"{LIST}/key/new")
    page.get_by_role("button", name="Touch the key").click()
    expect(page.get_by_role("alert")).to_contain_text("one of your second factors already")
    session.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": authenticator})
    page.goto(f"{LIST}/key/new")
    page.evaluate(
        "() => { navigator.credentials.create ="
        " () => Promise.reject(new DOMException('no', 'NotAllowedError')); }"
    )
    page.get_by_role("button", name="Touch the key").click()
    expect(page.get_by_role("alert")).to_contain_text("The key did not answer")
    expect(page.get_by_role("button", name="Touch the key")).to_be_enabled()


def test_an_app_signs_in_and_codes_on_paper_stand_in_for_it(page: Page, newsroom: Newsroom) -> None:
    secret, step = add_app(page)
    page.get_by_role("button", name="Make codes").click()
    expect(page.get_by_role("button", name="Print")).to_be_visible()
    codes = page.locator(".codes code").all_inner_texts()
    assert len(codes) == 10
    without_barriers(page)
    sign_out(page)

    password(page, newsroom)
    page.get_by_label("Code").fill(keys.app_code(secret, step))
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("alert")).to_contain_text("used already")
    without_barriers(page)
    page.get_by_label("Code").fill(codes[0])
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Desk")
    sign_out(page)

    password(page, newsroom)
    page.get_by_label("Code").fill(fresh_code(secret, step)[0])
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Desk")


def test_an_app_is_added_and_signs_in_without_a_script(
    visit: Newsstand, newsroom: Newsroom, page: Page
) -> None:
    plain = visit(WHO, fresh=True, java_script_enabled=False)
    plain.goto(f"{LIST}/app/new")
    secret = base64.b32decode(re.sub(r"\s", "", plain.locator("#secret").inner_text()))
    code, step = fresh_code(secret)
    plain.get_by_label("Code that the app shows now").fill(code)
    plain.get_by_role("button", name="Add", exact=True).click()
    expect(plain.get_by_text("Second factor added.")).to_be_visible()
    plain.goto(f"{LIST}/key/new")
    expect(plain.get_by_text("A security key needs JavaScript")).to_be_visible()

    password(page, newsroom)
    page.get_by_label("Code").fill(fresh_code(secret, step)[0])
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Desk")


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_the_pages_fit_every_screen(
    page: Page, width: int, newsroom: Newsroom, record: Callable[[Page, str], None]
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    plug_in(page)
    for path in (LIST, f"{LIST}/app/new", f"{LIST}/key/new", "/account/confirm"):
        page.goto(path)
        overflow = "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"
        assert page.evaluate(overflow) <= 0, path
        record(page, f"{path.strip('/').replace('/', '-')}-{width}")


@pytest.fixture
def record() -> Callable[[Page, str], None]:
    """Keep a picture where somebody has asked for one."""
    import os
    from pathlib import Path

    folder = os.environ.get("PICTURES")

    def keep(page: Page, name: str) -> None:
        if folder:
            page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    return keep
