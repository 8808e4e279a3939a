from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.test_seats import give_seat, open_case

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Newsstand

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
NAME = "Бурулай Сатыбалдиева"


def add_source(page: Page, case: str) -> str:
    """Add a source by its form; returns the codename."""
    page.goto(case)
    page.get_by_role("navigation", name="Sections of the case").get_by_role(
        "link", name="Sources"
    ).click()
    page.get_by_role("main").get_by_role("link", name="Add source").first.click()
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Contacts").fill("Only in the tea house")
    page.get_by_label("May be quoted for").fill("a neighbour")
    page.get_by_role("button", name="Add source").click()
    expect(page.get_by_text("The source is added.")).to_be_visible()
    return page.get_by_role("heading", level=1).inner_text()


def test_a_source_is_added_shown_handed_on_found_and_shredded(visit: Newsstand) -> None:
    lead, member = visit("jamilya", fresh=True), visit("nigora", fresh=True)
    case, _codename = open_case(lead, "The canal keeper")
    give_seat(lead, case, "nigora", "reporter")

    codename = add_source(lead, case)
    source = lead.url
    assert re.fullmatch(r"[a-z]+-[a-z]+(-\d+)?", codename)
    expect(lead.locator("main")).not_to_contain_text(NAME)
    expect(lead.get_by_text("You are the only one who can open the identity.")).to_be_visible()
    lead.get_by_role("button", name="Show identity").click()
    expect(lead.get_by_role("heading", level=1)).to_have_text("Identity")
    expect(lead.get_by_text(NAME)).to_be_visible()
    expect(lead.get_by_text("This look is written down")).to_be_visible()
    lead.get_by_role("link", name="Close").click()

    member.goto(source)
    expect(member.get_by_role("heading", level=1)).to_have_text(codename)
    expect(member.get_by_role("button", name="Show identity")).to_have_count(0)
    member.goto("/search?q=Satybaldieva")
    expect(member.locator("[data-total]")).to_have_attribute("data-total", "0")

    lead.get_by_text("Add a handler or hand over").click()
    lead.get_by_label("Person").select_option(label="Nigora Yulchieva")
    lead.get_by_role("button", name="Give the key").click()
    expect(lead.get_by_text("They are a handler of this source now.")).to_be_visible()
    member.reload()
    expect(member.locator("[data-total]")).to_have_attribute("data-total", "1")
    member.locator(".hit-title a").click()
    member.get_by_role("button", name="Show identity").click()
    expect(member.get_by_text(NAME)).to_be_visible()

    lead.goto(source)
    expect(lead.get_by_text("Since your last look, others looked at the identity:")).to_be_visible()
    lead.get_by_role("link", name="Shred this source").click()
    lead.get_by_label("Codename").fill(codename)
    lead.get_by_role("button", name=f"Shred {codename}").click()
    expect(lead.get_by_text("The source is shredded.")).to_be_visible()
    expect(lead.get_by_text("Shredded", exact=True)).to_be_visible()

    member.goto("/search?q=Satybaldieva")
    expect(member.locator("[data-total]")).to_have_attribute("data-total", "0")
    member.goto("/")
    expect(member.get_by_text(f"shredded the source {codename}, which you handled")).to_be_visible()
    member.goto(source)
    expect(member.get_by_role("button", name="Show identity")).to_have_count(0)


def test_the_preview_of_a_note_says_that_it_gives_a_source_away(visit: Newsstand) -> None:
    lead = visit("jamilya")
    case, _codename = open_case(lead, "The second canal")
    codename = add_source(lead, case)

    lead.goto(f"{case}notes/new")
    lead.get_by_label("Title").fill("Tea house")
    lead.locator("#body").fill("Burulay Satybaldieva was there.")
    lead.get_by_role("tab", name="Preview").click()
    expect(lead.locator("#panel-preview")).to_contain_text(f"The name of {codename} stands in this")
    lead.get_by_role("tab", name="Write").click()
    lead.get_by_role("button", name="Add note").click()
    expect(lead.get_by_text("this note gives away who a source is")).to_be_visible()
    lead.locator("#body").fill(f"{codename} was there.")
    lead.get_by_role("button", name="Add note").click()
    expect(lead.get_by_role("heading", level=1)).to_have_text("Tea house")
    expect(lead.get_by_role("region", name="Sources behind it")).to_contain_text(codename)
