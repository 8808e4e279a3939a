from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.real_server import RealServer, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.browser.conftest import Newsroom, Newsstand

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("safeguards")]
SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["script", "no-script"])


@pytest.fixture(autouse=True)
def _sessions_are_ended_here(newsroom: Newsroom) -> Iterator[None]:
    """What these tests end is not to be used by others that share the newsroom."""
    yield
    newsroom.cookies.clear()


def _day(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def _sign_in(page: Page, username: str, password: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def _newcomer(visit: Newsstand, username: str) -> None:
    """Have the administrator invite somebody, who makes an account and signs out again."""
    admin, page = visit("timur", fresh=True), visit()
    admin.goto("/admin/invitations/new")
    admin.get_by_label("Name").fill(f"For {username}")
    admin.get_by_label("Reporter").check()
    admin.get_by_role("button", name="Make the link").click()
    page.goto(admin.locator("#link").inner_text())
    page.locator("#name").fill(f"Somebody {username.title()}")
    page.locator("#username").fill(username)
    for box in ("#password", "#password_again"):
        page.locator(box).fill("plain-bread-and-mountain-honey")
    page.get_by_role("button", name="Create my account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery code")
    admin.goto("/")  # certifies who has accepted


@SCRIPTS
def test_an_editor_locks_everything_with_two_clicks(visit: Newsstand, *, scripts: bool) -> None:
    editor = visit("viktor", fresh=True, java_script_enabled=scripts)
    other = visit("ermek", fresh=True)
    editor.goto("/")
    editor.locator(".menu-toggle").click()
    editor.get_by_role("link", name="Lock everything").click()
    expect(editor.get_by_role("heading", level=1)).to_have_text("Lock everything")

    editor.get_by_role("button", name="Yes, lock everything now").click()

    expect(editor.get_by_text("Everything is locked")).to_be_visible()
    other.goto("/")
    expect(other.get_by_role("heading", level=1)).to_have_text("Sign in")


@SCRIPTS
def test_keys_are_given_up_for_a_journey_and_given_back(visit: Newsstand, *, scripts: bool) -> None:
    username = f"traveller{'s' if scripts else 'n'}"
    _newcomer(visit, username)
    lead = visit("viktor", fresh=True, java_script_enabled=scripts)
    lead.goto("/cases/new")
    lead.get_by_label("Title").fill("The road over the pass")
    lead.get_by_role("button", name="Open the case").click()
    expect(lead.get_by_role("heading", level=1)).to_have_text("The road over the pass")
    case = lead.url
    lead.get_by_role("link", name="Members").first.click()
    lead.locator("#username").select_option(username)
    lead.locator("#role").select_option("reporter")
    lead.get_by_role("button", name="Give the seat").click()

    person = visit(java_script_enabled=scripts)
    _sign_in(person, username, "plain-bread-and-mountain-honey")
    person.goto(case)
    expect(person.get_by_role("heading", level=1)).to_have_text("The road over the pass")
    person.goto("/account/travel")
    person.get_by_label("Last day of the journey").fill(_day(9))
    person.get_by_role("button", name="Give up my keys now").click()
    expect(person.get_by_text("Your keys are given up.")).to_be_visible()

    _sign_in(person, username, "plain-bread-and-mountain-honey")
    expect(person.get_by_role("link", name="You are travelling")).to_be_visible()
    answer = person.goto(case)
    assert answer is not None
    assert answer.status == 404

    lead.goto(f"{case}members/")
    row = lead.locator(".seat").filter(has_text=username)
    expect(row).to_contain_text("travelling until")
    row.locator("summary", has_text="Let in again").click()
    row.get_by_role("button", name="Yes, give the keys back").click()
    expect(lead.get_by_text("They have the keys of this case again.")).to_be_visible()
    person.goto(case)
    expect(person.get_by_role("heading", level=1)).to_have_text("The road over the pass")


@SCRIPTS
def test_an_administrator_changes_roles_and_the_end_of_an_account(
    visit: Newsstand, *, scripts: bool
) -> None:
    username = f"guest{'s' if scripts else 'n'}"
    _newcomer(visit, username)
    admin = visit("timur", fresh=True, java_script_enabled=scripts)
    admin.goto("/admin/")
    admin.get_by_role("link", name=re.compile(f"Somebody {username}", re.IGNORECASE)).click()
    admin.get_by_label("Juror").check()
    admin.get_by_label("Reporter").uncheck()
    admin.get_by_role("button", name="Change the roles").click()
    expect(admin.get_by_text("The roles were changed.")).to_be_visible()
    expect(admin.get_by_label("Juror")).to_be_checked()
    expect(admin.get_by_label("Reporter")).not_to_be_checked()

    admin.get_by_label("Last day of the account").fill(_day(3))
    admin.get_by_role("button", name="Save").click()
    expect(admin.get_by_text("Saved.")).to_be_visible()

    guest = visit(java_script_enabled=scripts)
    _sign_in(guest, username, "plain-bread-and-mountain-honey")
    expect(guest.get_by_text("Your account ends soon")).to_be_visible()


@SCRIPTS
def test_sessions_show_their_browser_and_can_be_ended(visit: Newsstand, *, scripts: bool) -> None:
    here = visit("nigora", fresh=True, java_script_enabled=scripts)
    there = visit("nigora", fresh=True, user_agent="Mozilla/5.0 (Windows NT 10.0) Firefox/140.0")
    here.goto("/account/sessions")
    line = here.locator(".row-line").filter(has_text="Firefox on Windows")
    expect(here.locator(".row-line").filter(has_text="This one")).to_contain_text("Chrome on")

    line.get_by_role("button", name="End").click()

    expect(here.get_by_text("That browser was signed out.")).to_be_visible()
    there.goto("/")
    expect(there.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_a_sealed_server_shows_one_page_without_barriers(
    chromium: Browser, instance: Path, tmp_path: Path
) -> None:
    folder = instance
    assert run(folder, "seal").returncode == 0
    server = RealServer(folder, tmp_path)
    try:
        context = chromium.new_context(viewport={"width": 390, "height": 844})
        page = context.new_page()
        answer = page.goto(f"http://localhost:{server.port}/cases/")
        assert answer is not None
        assert answer.status == 503
        expect(page.get_by_role("heading", level=1)).to_have_text("Sealed")
        assert Axe().run(page).violations_count == 0
        context.close()
    finally:
        server.stop()
