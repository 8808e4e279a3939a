from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import Newsroom, Newsstand

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def box(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Search all your cases")


def total(page: Page) -> int:
    return int(page.locator("[data-total]").get_attribute("data-total") or "")


def test_a_word_inside_a_file_is_found_from_any_page_and_marked(
    visit: Newsstand, newsroom: Newsroom
) -> None:
    page = visit("bektur")
    page.goto(f"{newsroom.people['bektur'].case('lead')}/members/")

    page.keyboard.press("/")
    page.keyboard.type("брандмауэра")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Search")
    expect(page.get_by_role("link", name="sertifikat-pozharnogo-audita.pdf")).to_be_visible()
    expect(page.locator("mark").first).to_contain_text("брандмауэр")
    expect(box(page)).to_have_value("брандмауэра")
    assert "брандмауэр" not in page.title()


def test_completion_is_chosen_with_the_arrow_keys(visit: Newsstand) -> None:
    page = visit("bektur")
    page.goto("/cases/")
    page.keyboard.press("/")
    page.keyboard.type("серти")

    words = page.get_by_role("listbox", name="Suggestions").get_by_role("option")
    expect(words.first).to_be_visible()
    expect(box(page)).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    expect(words.first).to_have_attribute("aria-selected", "true")
    expect(box(page)).to_have_attribute(
        "aria-activedescendant", words.first.get_attribute("id") or ""
    )
    chosen = words.first.inner_text()
    expect(box(page)).to_have_value(chosen)
    page.keyboard.press("Escape")
    expect(box(page)).to_have_value("серти")
    expect(page.get_by_role("listbox", name="Suggestions")).to_be_hidden()

    page.keyboard.type("ф")
    expect(words.first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Search")
    expect(box(page)).to_have_value(chosen)
    assert total(page) > 0


def test_a_misspelt_word_is_answered_with_the_right_one(visit: Newsstand) -> None:
    page = visit("bektur")
    page.goto("/search?q=certifcate")

    page.locator(".suggestion").get_by_role("link", name="certificate").click()

    assert total(page) > 0
    expect(box(page)).to_have_value("certificate")


def test_facets_narrow_and_are_taken_away_again(visit: Newsstand) -> None:
    page = visit("bektur")
    page.goto("/search?q=market")
    everything = total(page)
    facet = page.get_by_role("navigation", name="Kind").get_by_role("link", name="Evidence")
    expected = int(facet.locator(".count").inner_text())

    facet.click()

    assert total(page) == expected < everything
    expect(page.locator("article")).not_to_have_count(0)
    expect(page.locator("article:not([data-kind=evidence])")).to_have_count(0)
    page.get_by_role("list", name="Filters in use").get_by_role("link").click()
    assert total(page) == everything


def test_what_cannot_be_parsed_is_still_an_answer(visit: Newsstand) -> None:
    page = visit("bektur")
    for query in ('"never closed', "((((", "kind:", "AND OR NOT", "*", "-", "after:yesterday"):
        page.goto("/cases/")
        box(page).fill(query)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Search")
        expect(page.locator("[data-total]")).to_be_visible()


def test_nobody_finds_or_completes_words_of_another_case(
    visit: Newsstand, newsroom: Newsroom
) -> None:
    page = visit("ermek")
    page.goto("/search?q=брандмауэр")
    assert total(page) == 0
    expect(page.get_by_text("Nothing found")).to_be_visible()
    expect(page.locator(".suggestion")).to_have_count(0)

    box(page).fill("")
    with page.expect_response("**/search/complete*") as answer:
        box(page).press_sequentially("брандм")

    assert answer.value.json() == []
    assert newsroom.people["bektur"].seats["lead"] not in page.content()
