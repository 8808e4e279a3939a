from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.paper import pdf, upload

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Newsroom, Newsstand

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
READ_WITHIN = 60


@pytest.fixture
def page(visit: Newsstand) -> Page:
    return visit("viktor", fresh=True, java_script_enabled=False)


@pytest.fixture
def case(newsroom: Newsroom) -> str:
    return newsroom.people["viktor"].case("editor")


def test_a_note_is_written_and_changed_without_a_script(page: Page, case: str) -> None:
    page.goto(f"{case}/notes/new")
    expect(page.get_by_role("tab")).to_have_count(0)
    page.get_by_label("Title").fill("By hand")
    page.locator("#body").fill("Written **without** a script.")
    page.get_by_role("button", name="Add note").click()

    expect(page.get_by_text("Note added.")).to_be_visible()
    expect(page.locator("article strong")).to_have_text("without")
    page.get_by_role("link", name="Edit", exact=True).click()
    page.locator("#body").fill("Changed without a script.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Changed without a script.")).to_be_visible()
    expect(page.get_by_role("link", name="2 versions")).to_be_visible()


def test_files_are_logged_and_found_without_a_script(page: Page, case: str) -> None:
    page.goto("/")
    page.goto(f"{case}/evidence/new")
    page.locator("#files").set_input_files(
        [upload("permit.pdf", pdf("Permit", "marigold terrace")), upload("list.txt", b"one, two")]
    )
    page.get_by_label("What it shows").fill("The permit came later")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_text("2 files are on record")).to_be_visible()
    page.get_by_role("link", name="permit.pdf").click()
    expect(page.locator("#sha256")).to_be_visible()
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    for _try in range(READ_WITHIN):
        if "Text searchable" in page.locator("#text-state").inner_text():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(page.locator("#text-state")).to_contain_text("Text searchable")
    page.get_by_role("searchbox", name="Search all your cases").fill("marigold")
    page.keyboard.press("Enter")
    expect(page.locator("article mark")).to_have_text("marigold")
    expect(page.get_by_role("link", name="permit.pdf")).to_be_visible()


def test_a_form_that_wants_mending_keeps_what_was_typed_without_a_script(
    page: Page, case: str
) -> None:
    page.goto(f"{case}/notes/new")
    page.locator("#body").fill("A text without a title")
    page.locator("#title").fill("   ")
    page.get_by_role("button", name="Add note").click()

    expect(page.get_by_role("alert")).to_contain_text("Title")
    expect(page.locator("#body")).to_have_value("A text without a title")


def test_a_conflict_is_settled_without_a_script(
    page: Page, case: str, visit: Newsstand, newsroom: Newsroom
) -> None:
    colleague = visit("viktor")
    page.goto(f"{case}/notes/new")
    page.get_by_label("Title").fill("Shared")
    page.locator("#body").fill("One line.")
    page.get_by_role("button", name="Add note").click()
    page.get_by_role("link", name="Edit", exact=True).click()
    colleague.goto(page.url)
    colleague.locator("#body").fill("One line, by somebody else.")
    colleague.get_by_role("button", name="Save").click()
    expect(colleague.get_by_text("One line, by somebody else.")).to_be_visible()

    page.locator("#body").fill("One line, by me.")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Somebody saved first")
    expect(page.locator("main")).to_contain_text("One line, by somebody else.")
    expect(page.locator("#body")).to_have_value("One line, by me.")
    page.get_by_role("button", name="Save as the next version").click()
    expect(page.get_by_role("link", name="3 versions")).to_be_visible()


def test_seats_are_given_and_taken_without_a_script(page: Page) -> None:
    page.goto("/cases/new")
    page.get_by_label("Title").fill("Without a script")
    page.get_by_role("button", name="Open the case").click()
    page.get_by_role("link", name="Members").first.click()
    page.locator("#username").select_option("nigora")
    page.locator("#role").select_option("reporter")
    page.get_by_role("button", name="Give the seat").click()
    expect(page.get_by_text("The seat was given.")).to_be_visible()

    row = page.locator(".seat").filter(has_text="nigora")
    row.locator("summary", has_text="Remove").click()
    row.get_by_role("button", name="Yes, remove the seat").click()

    expect(page.get_by_text("The seat was taken away")).to_be_visible()
    expect(page.locator(".seat")).to_have_count(1)


def test_filters_menus_and_signing_out_work_without_a_script(page: Page, case: str) -> None:
    page.goto(f"{case}/notes/")
    page.get_by_label("Words in the title or text").fill("nothing like this anywhere")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("No note fits")).to_be_visible()
    page.get_by_role("link", name="Show all notes").click()
    expect(page.locator(".note-row").first).to_be_visible()
    expect(page.get_by_role("button", name="Keyboard shortcuts")).to_have_count(0)

    page.locator(".menu-toggle").click()
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
