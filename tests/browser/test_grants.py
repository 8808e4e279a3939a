from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.real_server import run

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.conftest import Newsstand, Player

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
QUESTIONS = (
    "yes_no=yes | Is your newsroom registered here?\nparagraph* | What will people learn? | 500"
)
CRITERIA = "60 | Public interest | Who is better off?\n40 | Method"


def picture(page: Page, name: str) -> None:
    """Keep a picture where somebody asked for pictures."""
    folder = os.environ.get("PICTURES")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_a_call_goes_from_draft_to_decision_in_a_browser(  # noqa: PLR0915 - the whole way is the point
    visit: Newsstand,
    _sample: tuple[Path, dict[str, Player]],  # noqa: PT019 - the folder it lies in is used
) -> None:
    hanna = visit("hanna")
    hanna.goto("/grants/programmes/")
    hanna.get_by_role("link", name="TRACK: investigative journalism").click()
    picture(hanna, "programme")
    hanna.get_by_role("link", name="New call").click()
    now = datetime.now(UTC)
    for label, text in (
        ("Code", "BROWSER-1"),
        ("Title in English", "A round seen in a browser"),
        ("Opens", (now - timedelta(days=1)).strftime("%Y-%m-%dT09:00")),
        ("Closes", (now + timedelta(days=9)).strftime("%Y-%m-%dT18:00")),
        ("Currency", "EUR"),
        ("Envelope", "6 000"),
        ("Largest amount", "5000"),
        ("Reviews for each application", "1"),
    ):
        hanna.get_by_label(label).first.fill(text)
    hanna.get_by_role("button", name="Save the draft").click()
    hanna.get_by_role("link", name="Edit the questions").click()
    hanna.get_by_label("Lines").fill(QUESTIONS)
    hanna.get_by_role("button", name="Save").click()
    hanna.get_by_role("link", name="Edit the criteria").click()
    hanna.get_by_label("Lines").fill(CRITERIA.replace("40", "30"))
    hanna.get_by_role("button", name="Save").click()
    expect(hanna.get_by_role("alert")).to_contain_text("The weights add up to 90")
    hanna.get_by_label("Lines").fill(CRITERIA)
    hanna.get_by_role("button", name="Save").click()
    hanna.get_by_label("Person").select_option(label="Осмон Жекшенбаев")
    hanna.get_by_role("button", name="Add", exact=True).click()
    hanna.get_by_role("button", name="Publish").click()
    picture(hanna, "call")

    outside = visit()
    outside.goto("/apply/calls/BROWSER-1")
    picture(outside, "call-outside")
    outside.get_by_role("button", name="Begin an application").click()
    outside.get_by_label("Applicant").fill("Кыр Медиа")
    outside.get_by_label("Title of the project").fill("Кто держит пастбища")
    outside.get_by_label("Summary that may be made public").fill("Люди узнают, чьи это луга.")
    outside.get_by_label("Amount you ask for").fill("1,234")
    outside.get_by_role("button", name="Save and submit").click()
    expect(outside.get_by_role("alert")).to_contain_text("could be read in two ways")
    outside.get_by_label("Amount you ask for").fill("4500")
    outside.get_by_role("button", name="Save and submit").click()
    expect(outside.get_by_role("alert")).to_contain_text("Not submitted yet")
    outside.get_by_label("Is your newsroom registered here?").select_option("yes")
    outside.get_by_label("What will people learn?").fill("Чьи это луга.")
    outside.get_by_label("E-mail").fill("kyr@example.org")
    picture(outside, "application-outside")
    outside.get_by_role("button", name="Save and submit").click()
    expect(outside.get_by_text("Submitted. Your receipt is R-")).to_be_visible()

    past = (datetime.now(UTC) - timedelta(minutes=1)).strftime("%Y-%m-%d %H:%M:%S.000000")
    statement = f"UPDATE grant_call SET closes_at = '{past}' WHERE code = 'BROWSER-1'"
    moved = run(_sample[0], "database", "sql", statement, "--write")
    assert moved.returncode == 0, moved.stderr

    hanna.goto("/grants/applications/?q=Кыр")
    hanna.get_by_role("link", name="Кто держит пастбища").click()
    where = hanna.url
    step(hanna, "Eligible")
    hanna.goto("/grants/calls/?q=BROWSER-1")
    hanna.get_by_role("link", name="A round seen in a browser").click()
    hanna.get_by_role("button", name="Begin the review").click()
    hanna.goto(where)
    step(hanna, "In review")

    osmon = visit("osmon")
    osmon.goto("/grants/")
    picture(osmon, "juror")
    osmon.get_by_role("link", name="of the call BROWSER-1").click()
    osmon.get_by_label("Your interest in this application").select_option("no")
    osmon.get_by_role("button", name="Declare").click()
    osmon.get_by_label("Public interest").select_option("5")
    osmon.get_by_label("Method").select_option("na")
    osmon.get_by_label("You recommend").select_option("fund")
    osmon.get_by_label("To the applicant, without your name").fill("Clear and brave.")
    picture(osmon, "review")
    osmon.get_by_role("button", name="Send it in").click()
    expect(osmon.get_by_text("5.00").first).to_be_visible()

    hanna.goto(where)
    step(hanna, "Recommended")
    picture(hanna, "application")
    meerim = visit("meerim")
    meerim.goto("/grants/calls/?q=BROWSER-1")
    meerim.get_by_role("link", name="A round seen in a browser").click()
    meerim.get_by_role("link", name="Ranked list").click()
    meerim.get_by_label("Outcome").first.select_option("awarded")
    meerim.get_by_label("Reason").first.fill("The strongest.")
    meerim.get_by_label("Hanna Velander").check()
    picture(meerim, "decision")
    meerim.get_by_role("button", name="Decide what is chosen").click()
    expect(meerim.locator("main")).to_contain_text("Decided")
    outside.reload()
    expect(outside.locator("main")).to_contain_text("Awarded")
    expect(outside.locator("main")).to_contain_text("Clear and brave.")
    assert "Осмон" not in outside.content()
    picture(outside, "outcome")


def step(page: Page, name: str) -> None:
    page.locator("summary", has_text=re.compile(rf"^\s*{name}\s*$")).click()
    page.get_by_role("button", name=f"Yes: {name}", exact=True).click()
