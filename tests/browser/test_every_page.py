from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.places import PLACES, Place, Scene

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.browser.conftest import Newsroom

pytestmark = pytest.mark.browser
# Each half is for one process, with a newsroom of its own.
HALVES = [
    pytest.param(place, marks=pytest.mark.xdist_group(f"every-page-{2 * number // len(PLACES)}"))
    for number, place in enumerate(PLACES)
]

EVERY_RULE: dict[str, Any] = {
    "resultTypes": ["violations"],
    "rules": {"target-size": {"enabled": True}},
}
# What is dark is built the same: only its colours want another look.
COLOURS: dict[str, Any] = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
}
WITHOUT_SENDING_IT_AGAIN = "null"
DESKTOP, PHONE = (1280, 900), (390, 844)
# 640 is a desktop at 200 %; 320 is what WCAG 1.4.10 asks for.
WIDTHS = (640, 390, 360, 320)
SIDEWAYS = """
() => {
  const root = document.scrollingElement, room = root.clientWidth;
  if (root.scrollWidth <= room) return [];
  const wide = [...document.body.querySelectorAll("*")].filter((element) => {
    const box = element.getBoundingClientRect();
    return box.width && box.right > room + 1 && getComputedStyle(element).visibility !== "hidden";
  });
  return [`${root.scrollWidth} in ${room}`, ...wide.slice(-4).map((e) => e.outerHTML.slice(0, 140))];
}
"""
SMALL_TARGETS = """
() => [...document.querySelectorAll(
    "button, summary, select, textarea, input:not([type=hidden]), .btn, nav a, .codename[href]")]
  .filter((element) => element.checkVisibility({opacityProperty: true, visibilityProperty: true}))
  .map((element) => [element, element.getBoundingClientRect()])
  .filter(([element, box]) => box.width > 1 && !element.matches("[type=radio], [type=checkbox]")
    && (box.height < 43.5 || box.width < 23.5))
  .map(([element, box]) => `${box.width}x${box.height} ${element.outerHTML.slice(0, 120)}`)
"""


def size(page: Page, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})


@pytest.fixture(scope="module", params=HALVES, ids=str)
def place(request: pytest.FixtureRequest) -> Place:
    chosen: Place = request.param
    return chosen


@pytest.fixture(scope="module")
def page(place: Place, newsroom: Newsroom, chromium: Browser, module_visit: Any) -> Iterator[Page]:
    """The page of a place, opened once for everything that is asked of it."""
    shown = module_visit(place.who or None)
    place.way(Scene(shown, newsroom, place.who))
    yield shown
    shown.context.close()


@pytest.mark.parametrize(
    ("scheme", "room", "rules"),
    [("light", DESKTOP, EVERY_RULE), ("dark", DESKTOP, COLOURS), ("light", PHONE, EVERY_RULE)],
    ids=["light", "dark", "phone"],
)
def test_every_page_is_without_barriers(
    page: Page, place: Place, scheme: Any, room: tuple[int, int], rules: dict[str, Any]
) -> None:
    page.emulate_media(color_scheme=scheme)
    size(page, *room)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    if place.heading:
        expect(page.get_by_role("heading", level=1)).to_have_text(place.heading)

    there = page.evaluate("'axe' in window")
    axe = Axe(WITHOUT_SENDING_IT_AGAIN) if there else Axe()
    found = axe.run(page, options=rules)

    assert found.violations_count == 0, found.generate_report()


def test_no_page_scrolls_sideways(page: Page) -> None:
    for width in WIDTHS:
        size(page, width, 800)
        assert page.evaluate(SIDEWAYS) == [], f"{width} wide"


def test_every_target_on_a_phone_is_big_enough_for_a_thumb(page: Page) -> None:
    size(page, *PHONE)
    assert page.evaluate(SMALL_TARGETS) == []


def test_no_page_complains_or_calls_anybody(page: Page, module_visit: Any) -> None:
    page.wait_for_load_state("networkidle")
    assert module_visit.complaints(page) == []
