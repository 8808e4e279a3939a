from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Dialog, Page

    from tests.browser.conftest import Newsroom, Newsstand

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
LATER_MS = 6 * 60_000


def add_note(page: Page, case: str, title: str, body: str) -> str:
    """Write a note and return its address."""
    page.goto(f"{case}/notes/new")
    page.get_by_label("Title").fill(title)
    page.locator("#body").fill(body)
    page.get_by_role("button", name="Add note").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    return page.url


def test_two_editors_of_one_note_both_keep_their_text(visit: Newsstand, newsroom: Newsroom) -> None:
    case = newsroom.people["bektur"].case("lead")
    bektur, viktor = visit("bektur"), visit("viktor")
    note = add_note(bektur, case, "Night shift", "Three vans came.\n\nThe gate stood open.")
    for page in (bektur, viktor):
        page.goto(f"{note}/edit")

    viktor.locator("#body").fill("Three vans came at two.\n\nThe gate stood open.")
    viktor.get_by_role("button", name="Save").click()
    expect(viktor.get_by_role("heading", level=1)).to_have_text("Night shift")
    bektur.locator("#body").fill("Three vans came.\n\nThe gate stood open all night.")
    bektur.get_by_role("button", name="Save").click()

    expect(bektur.get_by_role("heading", level=1)).to_have_text("Somebody saved first")
    expect(bektur.get_by_role("region", name=re.compile("^Saved: version 2 by"))).to_contain_text(
        "Three vans came at two."
    )
    expect(bektur.get_by_role("region", name=re.compile("^Yours"))).to_contain_text(
        "The gate stood open all night."
    )
    expect(bektur.locator(".diff ins").first).to_be_visible()
    expect(bektur.locator("#body")).to_have_value(
        "Three vans came.\n\nThe gate stood open all night."
    )

    bektur.locator("#body").fill("Three vans came at two.\n\nThe gate stood open all night.")
    bektur.get_by_role("button", name="Save as the next version").click()
    expect(bektur.get_by_role("article")).to_contain_text("Three vans came at two.")
    bektur.get_by_role("link", name="3 versions").click()
    expect(bektur.get_by_role("rowheader")).to_have_count(3)
    bektur.goto(f"{note}/versions/?from=1&to=2")
    expect(bektur.locator(".diff")).to_contain_text("Three vans came at two.")


def test_two_versions_are_compared_word_by_word(visit: Newsstand, newsroom: Newsroom) -> None:
    page = visit("bektur")
    note = add_note(
        page, newsroom.people["bektur"].case("lead"), "Fees", "Each stall pays 1200 a month."
    )
    for body in ("Each stall pays 1500 a month.", "Each stall pays 1500 a month.\n\nNobody signs."):
        page.goto(f"{note}/edit")
        page.locator("#body").fill(body)
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Fees")

    page.get_by_role("link", name="3 versions").click()
    expect(page.locator(".diff")).to_contain_text("Nobody signs.")
    page.get_by_label("Compare from version 1").check()
    page.get_by_label("Compare to version 2").check()
    page.get_by_role("button", name="Compare").click()

    expect(page.get_by_role("heading", name="From version 1 to version 2")).to_be_visible()
    expect(page.locator(".diff del")).to_have_text("1200")
    expect(page.locator(".diff ins")).to_have_text("1500")


def test_the_preview_shows_what_the_note_will_be_and_runs_nothing(
    visit: Newsstand, newsroom: Newsroom
) -> None:
    page = visit("bektur")
    page.goto(f"{newsroom.people['bektur'].case('lead')}/notes/new")
    written = "# Gate\n\n**Open** all night, see [E-1].\n\n<img src=x onerror=alert(1)>"
    page.locator("#body").fill(written)

    page.get_by_role("tab", name="Preview").click()

    preview = page.get_by_role("tabpanel", name="Preview")
    expect(preview.get_by_role("heading", name="Gate")).to_be_visible()
    expect(preview.locator("strong")).to_have_text("Open")
    expect(preview.get_by_role("link", name="E-1")).to_be_visible()
    expect(preview.locator("img")).to_have_count(0)
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("tab", name="Write")).to_be_focused()
    expect(page.locator("#body")).to_have_value(written)


def test_evidence_is_cited_with_one_press_where_the_cursor_stands(
    visit: Newsstand, newsroom: Newsroom
) -> None:
    page = visit("bektur")
    page.goto(f"{newsroom.people['bektur'].case('lead')}/notes/new")
    page.get_by_label("Title").fill("The certificate")
    page.locator("#body").fill("Signed in one day")
    page.locator("#body").press("End")

    page.get_by_role("button", name="Put [E-2] into the text").click()

    expect(page.locator("#body")).to_have_value("Signed in one day [E-2]")
    expect(page.locator("#body")).to_be_focused()
    page.get_by_role("button", name="Add note").click()
    cited = page.get_by_role("region", name="Evidence cited here")
    expect(cited.get_by_role("link")).to_have_count(1)
    cited.get_by_role("link").click()
    expect(page.get_by_role("link", name="The certificate")).to_be_visible()


def test_leaving_a_half_written_note_asks_first(visit: Newsstand, newsroom: Newsroom) -> None:
    page = visit("bektur")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.goto(f"{newsroom.people['bektur'].case('lead')}/notes/new")
    page.get_by_role("link", name="Desk").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Desk")
    assert asked == []

    page.go_back()
    page.locator("#body").press_sequentially("Half a thought")
    page.get_by_role("link", name="Desk").click()

    expect(page.locator("#body")).to_have_value("Half a thought")
    assert asked == ["beforeunload"]


def test_a_session_that_ended_elsewhere_does_not_take_the_text_with_it(
    visit: Newsstand, newsroom: Newsroom
) -> None:
    person = newsroom.people["aizada"]
    page = visit("aizada", fresh=True)
    page.goto(f"{person.case('lead')}/notes/new")
    page.get_by_label("Title").fill("What the driver said")
    page.locator("#body").fill("He was paid in cash.")
    other = page.context.new_page()
    other.goto("/")
    other.locator(".menu-toggle").click()
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("heading", level=1)).to_have_text("Sign in")

    page.get_by_role("button", name="Add note").click()

    told = page.get_by_role("alert").filter(has_text="You have been signed out.")
    expect(told).to_be_visible()
    expect(told).to_be_in_viewport()
    expect(page.locator("#body")).to_have_value("He was paid in cash.")

    other.get_by_label("Username").fill(person.username)
    other.get_by_label("Password", exact=True).fill(person.password)
    other.get_by_role("button", name="Sign in").click()
    expect(other.get_by_role("heading", level=1)).to_have_text("Desk")
    page.get_by_role("button", name="Add note").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What the driver said")


def test_somebody_typing_for_long_hears_at_once_that_the_session_is_gone(
    visit: Newsstand, newsroom: Newsroom
) -> None:
    page = visit("aizada", fresh=True)
    page.clock.install()
    page.goto(f"{newsroom.people['aizada'].case('lead')}/notes/new")
    page.locator("#body").fill("The first words")
    page.context.clear_cookies()
    page.clock.fast_forward(LATER_MS)

    page.locator("#body").press_sequentially(" and more")

    expect(page.get_by_role("alert").filter(has_text="You have been signed out.")).to_be_visible()
    expect(page.locator("#body")).to_have_value("The first words and more")


def test_a_deleted_note_leaves_the_lists_and_can_be_brought_back(
    visit: Newsstand, newsroom: Newsroom
) -> None:
    page = visit("bektur")
    note = add_note(
        page, newsroom.people["bektur"].case("lead"), "A slip", "Written on the wrong case."
    )
    page.locator("summary", has_text="Delete this note").click()
    page.get_by_role("button", name="Yes, delete the note").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Notes")
    expect(page.get_by_role("link", name="A slip")).to_have_count(0)

    page.goto(note)
    page.get_by_role("button", name="Bring it back").click()

    expect(page.get_by_text("This note is deleted")).to_have_count(0)
    page.goto(f"{newsroom.people['bektur'].case('lead')}/notes/")
    expect(page.get_by_role("link", name="A slip")).to_be_visible()


def test_a_colleague_is_named_with_the_keyboard_alone(visit: Newsstand, newsroom: Newsroom) -> None:
    page = visit("bektur")
    page.goto(f"{newsroom.people['bektur'].case('lead')}/notes/new")
    text, offered = page.locator("#body"), page.get_by_role("listbox", name="People on this case")

    text.press_sequentially("Ask @")
    expect(offered.get_by_role("option")).not_to_have_count(0)
    first = offered.get_by_role("option").first
    expect(first).to_have_attribute("aria-selected", "true")
    text.press("ArrowDown")
    second = offered.get_by_role("option").nth(1)
    expect(text).to_have_attribute("aria-activedescendant", str(second.get_attribute("id")))
    username = str(second.get_attribute("data-username"))
    text.press("Enter")
    expect(text).to_have_value(f"Ask @{username} ")
    expect(offered).to_be_hidden()

    text.press_sequentially("or @")
    text.press("Escape")
    expect(offered).to_be_hidden()
    text.press("Enter")
    expect(text).to_have_value(f"Ask @{username} or @\n")
    text.press_sequentially("post@")
    expect(offered).to_be_hidden()
