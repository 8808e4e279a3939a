from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Newsroom, Newsstand, Player

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def sign_in(page: Page, person: Player, password: str | None = None) -> None:
    page.get_by_label("Username").fill(person.username)
    page.get_by_label("Password", exact=True).fill(password or person.password)
    page.get_by_role("button", name="Sign in").click()


def test_a_wrong_password_is_refused_and_the_name_is_kept(
    visit: Newsstand, newsroom: Newsroom
) -> None:
    page = visit()
    page.goto("/sign-in")

    sign_in(page, newsroom.people["daria"], "not-her-password-at-all")

    expect(page.get_by_role("alert")).to_contain_text("That did not work")
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_label("Username")).to_have_value("daria")
    expect(page.get_by_label("Password", exact=True)).to_have_value("")
    assert page.url.endswith("/sign-in")


def test_the_right_password_leads_to_the_desk(visit: Newsstand, newsroom: Newsroom) -> None:
    page = visit()
    page.goto("/")
    assert page.url.endswith("/sign-in")
    expect(page.get_by_label("Username")).to_be_focused()

    sign_in(page, newsroom.people["daria"])

    expect(page.get_by_role("heading", level=1)).to_have_text("Desk")
    expect(page.get_by_role("heading", name="My cases")).to_be_visible()
    secrets = [cookie for cookie in page.context.cookies() if cookie["name"] == "casefile"]
    assert [cookie["httpOnly"] for cookie in secrets] == [True]


def test_whoever_followed_a_link_lands_there_after_signing_in(
    visit: Newsstand, newsroom: Newsroom
) -> None:
    page, person = visit(), newsroom.people["daria"]
    page.goto(f"{person.case('lead')}/notes/?sort=title")

    sign_in(page, person)

    expect(page.get_by_role("heading", level=1)).to_have_text("Notes")
    assert page.url.endswith("/notes/?sort=title")


def test_an_outsider_cannot_tell_a_case_from_one_that_is_not_there(
    visit: Newsstand, newsroom: Newsroom
) -> None:
    page = visit("ermek")
    seen = []
    for address in (newsroom.people["daria"].case("lead"), f"/cases/{uuid4()}"):
        answer = page.goto(f"{address}/")
        assert answer is not None
        seen.append((answer.status, page.locator("main").inner_text(), page.title()))

    assert seen[0] == seen[1]
    assert seen[0][0] == 404
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing here")
    expect(page.get_by_role("link", name="Go to the desk")).to_be_visible()


def test_signing_out_ends_the_session_here_and_in_other_tabs(visit: Newsstand) -> None:
    page = visit("ermek", fresh=True)
    other = page.context.new_page()
    other.goto("/cases/")
    page.get_by_text("Your account").locator("xpath=..").click()

    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    other.reload()
    expect(other.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
