from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.keyboard import tab_round, tab_to
from tests.browser.paper import pdf, upload

if TYPE_CHECKING:
    from tests.browser.conftest import Newsroom, Newsstand

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
READ_WITHIN_MS = 30_000


def test_the_whole_main_job_is_done_without_a_mouse(visit: Newsstand, newsroom: Newsroom) -> None:
    person = newsroom.people["nigora"]
    page = visit()
    keys = page.keyboard
    page.on("filechooser", lambda _chooser: None)  # takes the dialog over before it first opens

    page.goto("/sign-in")
    expect(page.get_by_label("Username")).to_be_focused()
    keys.type(person.username)
    tab_to(page, page.get_by_label("Password", exact=True))
    keys.type(person.password)
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Desk")

    tab_to(page, page.get_by_role("link", name="Add evidence to").first)
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Add evidence")
    tab_to(page, page.locator("#files"))
    with page.expect_file_chooser() as chooser:
        keys.press("Enter")
    chooser.value.set_files([upload("lease.pdf", pdf("Lease of the northern quay", "thistledown"))])
    tab_to(page, page.get_by_label("What it shows"))
    keys.type("The quay was leased before the tender")
    tab_to(page, page.get_by_label("Note", exact=False))
    keys.type("Who signed for the harbour?")
    tab_to(page, page.get_by_role("button", name="Save"))
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("lease.pdf")
    expect(page.locator("#text-state")).to_contain_text("Text searchable", timeout=READ_WITHIN_MS)

    keys.press("/")
    keys.type("thistledown")
    keys.press("Enter")
    expect(page.locator("mark")).to_have_text(["thistledown"])
    tab_to(page, page.get_by_role("link", name="lease.pdf"))
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("lease.pdf")

    keys.press("g")
    keys.press("n")
    expect(page.get_by_role("heading", level=1)).to_have_text("Notes")
    tab_to(page, page.get_by_role("link", name="Who signed for the harbour?"))
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Who signed for the harbour?")


def test_the_first_stop_of_every_page_skips_to_its_content(visit: Newsstand) -> None:
    page = visit("daria")
    page.goto("/cases/")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")

    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


@pytest.mark.parametrize(
    "where", ["", "notes/", "notes/new", "evidence/", "evidence/new", "members/"]
)
def test_the_focus_is_seen_at_every_stop_of_a_case(
    where: str, visit: Newsstand, newsroom: Newsroom
) -> None:
    page = visit("daria")
    page.goto(f"{newsroom.people['daria'].case('lead')}/{where}")

    assert tab_round(page) == []


def test_the_list_of_shortcuts_opens_with_a_question_mark_and_gives_the_focus_back(
    visit: Newsstand, newsroom: Newsroom
) -> None:
    page = visit("daria")
    page.goto(f"{newsroom.people['daria'].case('lead')}/")
    page.get_by_role("link", name="Desk").focus()

    page.keyboard.press("?")

    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    for name in ("Search", "Add evidence", "Add a note", "Notes"):
        expect(dialog.get_by_text(name, exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("link", name="Desk")).to_be_focused()


def test_shortcuts_rest_while_somebody_types_and_can_be_switched_off(
    visit: Newsstand, newsroom: Newsroom
) -> None:
    page = visit("daria")
    page.goto(f"{newsroom.people['daria'].case('lead')}/notes/new")
    page.get_by_label("Title").fill("")
    page.get_by_label("Title").press_sequentially("? g n / what")
    expect(page.get_by_label("Title")).to_have_value("? g n / what")

    page.goto("/cases/")
    page.keyboard.press("?")
    page.get_by_label("Use keyboard shortcuts in this browser").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("/")

    expect(page.get_by_role("combobox", name="Search all your cases")).not_to_be_focused()
