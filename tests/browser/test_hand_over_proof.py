from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.bag_scene import read_bag

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Newsroom, Newsstand

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def give_password(page: Page, password: str) -> None:
    if "/account/confirm" in page.url:
        page.locator("main #password").fill(password)
        page.locator("main .form-actions button[type=submit]").click()


def test_an_editor_hands_over_proof_and_finds_the_hash_of_it(
    visit: Newsstand, newsroom: Newsroom
) -> None:
    viktor = newsroom.people["viktor"]
    page = visit("viktor", fresh=True)
    page.goto(f"{viktor.case('editor')}/")
    page.get_by_role("link", name="Export", exact=True).click()
    page.get_by_label("These numbers only").check()
    page.get_by_label("Numbers", exact=False).last.fill("E-1–E-2")
    page.get_by_role("button", name="Show what would be in it").click()
    give_password(page, viktor.password)
    expect(page.get_by_role("heading", level=1)).to_have_text("What would be in the bag")
    expect(page.locator("main")).to_contain_text("2 original files")

    page.get_by_label("For whom and why").fill("For the court")
    if page.locator("#looked").count():
        page.locator("#looked").check()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download the bag").click()
    content = Path(waiting.value.path()).read_bytes()

    bag = read_bag(content)
    assert bag.wrong == []
    assert len([path for path in bag.payload if path.startswith("data/evidence/")]) == 2
    page.get_by_role("link", name="Export", exact=True).click()
    row = page.locator("main .rows li").first
    expect(row).to_contain_text("For the court")
    expect(row).to_contain_text("Sent whole")
    shown = row.locator("code").inner_text().replace("\n", "").replace(" ", "")
    assert shown == hashlib.sha256(content).hexdigest()
