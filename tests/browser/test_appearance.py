from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Newsstand

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

LIGHTNESS = """
() => {
  const [red, green, blue] = getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g);
  return (Number(red) + Number(green) + Number(blue)) / 3;
}
"""


def is_dark(page: Page) -> bool:
    return float(page.evaluate(LIGHTNESS)) < 80


def choose(page: Page, appearance: str) -> None:
    page.goto("/account/")
    page.get_by_label(appearance, exact=True).check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()


def test_pages_follow_the_device_until_somebody_chooses(visit: Newsstand) -> None:
    page = visit("hanna")
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        page.goto("/")
        assert is_dark(page) == (scheme == "dark")

    choose(page, "Dark")
    page.goto("/")
    assert is_dark(page)
    page.emulate_media(color_scheme="dark")
    choose(page, "Light")
    assert not is_dark(page)
    choose(page, "As the device is set")
    assert is_dark(page)


def test_times_stand_in_the_zone_somebody_chooses(visit: Newsstand) -> None:
    page = visit("hanna")

    def offset() -> str:
        page.goto("/account/sessions")
        title = page.locator(".row-line .meta time").first
        return title.inner_text() + "|" + (title.get_attribute("datetime") or "")

    page.goto("/account/")
    page.get_by_label("Time zone").select_option("Pacific/Auckland")
    page.get_by_role("button", name="Save").click()
    far = offset()
    page.goto("/account/")
    page.get_by_label("Time zone").select_option("")
    page.get_by_role("button", name="Save").click()
    near = offset()

    assert far.split("|")[0] != near.split("|")[0]
    assert far.split("|")[1] == near.split("|")[1]


def test_a_printed_note_is_paper_without_menus(visit: Newsstand) -> None:
    page = visit("daria")
    page.emulate_media(media="print", color_scheme="dark")
    page.goto("/cases/")
    page.locator("main .codename").first.click()
    page.goto(f"{page.url}notes/")
    page.locator(".note-row-title").first.click()

    expect(page.get_by_role("article")).to_be_visible()
    expect(page.get_by_role("banner")).to_be_hidden()
    expect(page.locator(".btn").first).to_be_hidden()


@pytest.mark.parametrize("scripts", [True, False])
def test_on_a_phone_the_open_tab_is_in_sight(visit: Newsstand, *, scripts: bool) -> None:
    page = visit("hanna", viewport=PHONE, java_script_enabled=scripts)
    for name in ("Account", "Sessions", "Travel"):
        page.goto(f"/account/{name.lower() if name != 'Account' else ''}")
        expect(page.locator(".tabs [aria-current]")).to_be_in_viewport(ratio=0.9)
