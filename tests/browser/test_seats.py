from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Newsstand

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def open_case(page: Page, title: str) -> tuple[str, str]:
    """Open a case and return its address and codename."""
    page.goto("/cases/new")
    page.get_by_label("Title").fill(title)
    page.get_by_role("button", name="Open the case").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    return page.url, page.locator(".rail .codename").inner_text()


def give_seat(page: Page, case: str, username: str, seat: str) -> None:
    page.goto(f"{case}members/")
    giving = page.get_by_role("region", name="Give a seat")
    giving.get_by_label("Person").select_option(username)
    giving.get_by_label("Seat").select_option(seat)
    giving.get_by_role("button", name="Give the seat").click()
    expect(page.get_by_text("The seat was given.")).to_be_visible()


def test_a_removed_seat_is_gone_at_once_in_an_open_browser(visit: Newsstand) -> None:
    lead, member = visit("jamilya"), visit("nigora")
    case, codename = open_case(lead, "The warehouse by the station")
    give_seat(lead, case, "nigora", "reporter")
    member.goto(f"{case}notes/new")
    member.get_by_label("Title").fill("Seen on Monday")
    member.locator("#body").fill("A forklift named zephyrine stood there.")
    member.get_by_role("button", name="Add note").click()
    expect(member.get_by_role("heading", level=1)).to_have_text("Seen on Monday")
    note = member.url
    member.goto("/search?q=zephyrine")
    expect(member.locator("[data-total]")).to_have_attribute("data-total", "1")

    lead.goto(f"{case}members/")
    row = lead.locator(".seat").filter(has_text="nigora")
    row.locator("summary", has_text="Remove").click()
    expect(row).to_contain_text("loses this case at once")
    row.get_by_role("button", name="Yes, remove the seat").click()
    expect(lead.locator(".seat").filter(has_text="nigora")).to_have_count(0)

    member.reload()
    expect(member.locator("[data-total]")).to_have_attribute("data-total", "0")
    for address in (case, note, f"{case}evidence/", f"{case}members/"):
        answer = member.goto(address)
        assert answer is not None
        assert answer.status == 404
    member.goto("/")
    expect(member.get_by_role("heading", level=1)).to_have_text("Desk")
    assert codename not in member.locator("body").inner_text()
    lead.goto(note)
    expect(lead.get_by_text("A forklift named zephyrine stood there.")).to_be_visible()


def test_a_seat_is_changed_and_the_person_sees_it_at_once(visit: Newsstand) -> None:
    lead, member = visit("jamilya"), visit("ermek")
    case, _codename = open_case(lead, "The dry canal")
    give_seat(lead, case, "ermek", "reader")
    member.goto(case)
    expect(member.get_by_role("link", name="Add evidence")).to_have_count(0)

    row = lead.locator(".seat").filter(has_text="ermek")
    row.locator("summary", has_text="Change").click()
    row.get_by_label("Seat").select_option("reporter")
    row.get_by_role("button", name="Save").click()
    expect(lead.locator(".seat").filter(has_text="ermek")).to_contain_text("Reporter")

    member.reload()
    expect(
        member.get_by_role("main").get_by_role("link", name="Add evidence").first
    ).to_be_visible()


def test_a_reader_is_offered_nothing_that_would_be_refused(visit: Newsstand) -> None:
    lead, reader = visit("jamilya"), visit("saadat")
    case, _codename = open_case(lead, "The orchard road")
    give_seat(lead, case, "saadat", "reader")

    for place in ("", "notes/", "evidence/", "members/"):
        reader.goto(f"{case}{place}")
        expect(reader.get_by_role("heading", level=1)).to_be_visible()
        offers = reader.locator(
            "main form[method=post], main a[href$='/new'], main a[href$='/edit']"
        )
        expect(offers).to_have_count(0)


def test_somebody_invited_makes_an_account_and_finds_an_empty_desk(visit: Newsstand) -> None:
    admin, newcomer = visit("timur"), visit()
    admin.goto("/admin/invitations/new")
    admin.get_by_label("Name").fill("Meerim from the south desk")
    admin.get_by_label("Reporter").check()
    admin.get_by_role("button", name="Make the link").click()
    expect(admin.get_by_role("heading", level=1)).to_have_text("The invitation is ready")
    link = admin.locator("#link").inner_text()

    newcomer.goto(link)
    expect(newcomer.get_by_role("heading", level=1)).to_have_text("Your invitation")
    newcomer.locator("#name").fill("Meerim Asanova")
    newcomer.locator("#username").fill("meerim.south")
    newcomer.locator("#password").fill("plain-bread-and-mountain-honey")
    newcomer.locator("#password_again").fill("plain-bread-and-mountain-honey")
    newcomer.get_by_role("button", name="Create my account").click()

    expect(newcomer.get_by_role("heading", level=1)).to_have_text("Your recovery code")
    expect(newcomer.get_by_role("button", name="Print this page")).to_be_visible()
    newcomer.locator("#group").fill(newcomer.locator("#code").inner_text().strip()[-4:])
    newcomer.get_by_role("button", name="I have kept it").click()
    expect(newcomer.get_by_role("heading", level=1)).to_have_text("Desk")
    expect(newcomer.get_by_role("heading", name="Open your first case")).to_be_visible()
    again = visit()
    answer = again.goto(link)
    assert answer is not None
    assert answer.status == 404
    expect(again.get_by_text("Ask whoever invited you for a new one.")).to_be_visible()
