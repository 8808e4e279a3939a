from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.test_seats import give_seat, open_case

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Newsstand

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def press(page: Page, question: str, answer: str, **fields: str) -> None:
    """Open a question and answer it."""
    asked = page.locator("main details.confirm").filter(
        has=page.locator("summary", has_text=question)
    )
    asked.first.locator("summary").click()
    for label, text in fields.items():
        asked.first.get_by_label(label).fill(text)
    asked.first.get_by_role("button", name=answer).click()


def test_an_award_is_released_accepted_and_paid(visit: Newsstand) -> None:  # noqa: PLR0915
    """Hanna manages, Rustam keeps the books, Meerim directs; Jamilya edits a case that Daria leads."""
    hanna, rustam, meerim = (visit(name, fresh=True) for name in ("hanna", "rustam", "meerim"))
    daria, jamilya = visit("daria", fresh=True), visit("jamilya", fresh=True)
    case, codename = open_case(daria, "The well behind the school")
    give_seat(daria, case, "jamilya", "editor")
    hanna.goto("/grants/awards/new")
    hanna.get_by_label("Codename").fill("calm plum walk")
    hanna.get_by_label("Amount").fill("1 000,00")
    hanna.get_by_label("First day").fill("2026-01-01")
    hanna.get_by_label("Last day").fill("2027-12-31")
    hanna.locator("#steps").fill("2027-06-01 | 100 | E2 | Work | An editor attests it")
    hanna.get_by_role("button", name="Save the draft").click()
    expect(hanna.get_by_role("heading", level=1)).to_have_text("calm-plum-walk")
    award = hanna.url
    press(hanna, "Send for approval", "Yes, send it")
    meerim.goto("/grants/")
    meerim.get_by_role("link", name="calm-plum-walk").click()
    press(meerim, "Approve", "Yes, approve")
    hanna.goto(award)
    press(hanna, "Record the signatures", "Yes, both have")
    press(hanna, "Let the work begin", "Yes, begin")
    expect(hanna.get_by_role("link", name="M1 Work")).to_be_visible()

    jamilya.goto(f"{case}milestones/")
    jamilya.get_by_label("Codename of the award").fill("calm-plum-walk")
    jamilya.get_by_role("button", name="Link it").click()
    jamilya.get_by_role("link", name="M1 Work").click()
    jamilya.get_by_role("link", name="Prepare the release").click()
    expect(jamilya.get_by_role("heading", level=1)).to_have_text("Prepare the release")
    for point in jamilya.locator("main input[name=points]").all():
        point.check()
    jamilya.get_by_label("In your own words").fill("Ahead of time.")
    jamilya.get_by_role("button", name="Show me what they will see").click()
    preview = jamilya.locator("[data-preview] .released").inner_text()
    press(jamilya, "Release it", "Yes, release exactly this")
    expect(jamilya.get_by_text("Released. The grant manager sees exactly")).to_be_visible()

    hanna.goto("/notices/")
    line = hanna.locator("main .row-line", has_text="calm-plum-walk M1").filter(has_text="released")
    line.get_by_role("link", name="Open").click()
    assert hanna.locator(".released").inner_text() == preview
    assert codename not in hanna.content()
    press(hanna, "Accept", "Yes, accept")
    expect(hanna.get_by_text("Accepted. Its payment is due.")).to_be_visible()

    hanna.goto(f"{award}/bank")
    for label in ("Account holder", "Bank", "Account number or IBAN"):
        hanna.get_by_label(label, exact=True).fill("KG00 1234")
    hanna.get_by_role("button", name="Save").click()
    rustam.goto(f"{award}/bank")
    press(rustam, "Confirm it", "Yes, it is theirs")
    hanna.goto("/grants/")
    hanna.get_by_role("link", name="calm-plum-walk P1").click()
    payment = hanna.url
    press(hanna, "Ask for it", "Yes, ask")
    for page, question, answer in (
        (rustam, "Checked", "Yes, they are"),
        (meerim, "Approve", "Yes, approve"),
        (rustam, "Paid", "Yes, it has"),
    ):
        page.goto(payment)
        press(page, question, answer)
    expect(rustam.get_by_text("The payment is on record.")).to_be_visible()

    hanna.goto(award)
    expect(hanna.locator("main")).to_contain_text("1,000.00 сом")
    expect(hanna.locator("main .row-line", has_text="P1")).to_contain_text("Paid")
    jamilya.goto("/notices/")
    expect(jamilya.locator("main")).to_contain_text("A milestone was accepted")
