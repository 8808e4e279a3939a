from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.paper import upload

if TYPE_CHECKING:
    from typing import Any

    from playwright.sync_api import Page

    from tests.browser.conftest import Newsroom, Newsstand

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-stories")]


def fill(page: Page, /, **fields: str) -> None:
    for name, text in fields.items():
        page.locator(f"main #{name}").fill(text)


def send(page: Page, name: str) -> None:
    page.get_by_role("main").get_by_role("button", name=name, exact=True).click()
    page.wait_for_load_state()


def decide(page: Page, name: str, newsroom: Newsroom, username: str) -> None:
    """Take a step from the page of decisions, giving the password again where it is asked for."""
    page.get_by_role("main").get_by_role("link", name="Decisions").click()
    send(page, name)
    password = page.locator("input[name=confirm_password]")
    if password.count():
        password.fill(newsroom.people[username].password)
        send(page, "Go on")


def put_on_record(writer: Page, case: str) -> str:
    """Add a file as evidence; returns its code."""
    writer.goto(f"{case}/evidence/new")
    files: Any = [upload("weighing.txt", b"The rolls weigh 36 grams, not 50.\n")]
    writer.locator("main #files").set_input_files(files)
    fill(writer, shows="What the rolls weigh")
    writer.locator("main .form-actions button[type=submit]").first.click()
    expect(writer.get_by_role("heading", level=1)).to_have_text("weighing.txt")
    return writer.locator("main .eyebrow .number").inner_text()


def test_from_evidence_to_a_claim_to_published(visit: Newsstand, newsroom: Newsroom) -> None:
    people = newsroom.people
    case = people["aizada"].case("lead")
    writer, checker = visit("aizada"), visit("bektur")
    lawyer, editor = visit("saadat"), visit("jamilya")

    code = put_on_record(writer, case)

    writer.goto(f"{case}/stories/")
    writer.get_by_role("main").get_by_role("link", name="Begin a story").click()
    fill(writer, title="What a roll weighs", body="They look small. The rolls weigh 36 grams.")
    writer.locator("main #language").select_option("en")
    writer.evaluate(
        "() => { const text = document.querySelector('#body');"
        " text.focus(); text.setSelectionRange(17, text.value.length); }"
    )
    writer.get_by_role("button", name="Mark the chosen words as a claim").click()
    expect(writer.locator("#body")).to_have_value(
        "They look small. [The rolls weigh 36 grams.](c:)"
    )
    send(writer, "Begin the story")
    expect(writer.locator("#claim-1")).to_be_visible()
    story = writer.url
    writer.locator("#claim-1 .margin-text a").click()
    fill(writer, what=code, page="1", passage="weigh 36 grams")
    send(writer, "Add")
    expect(writer.get_by_text("One document").first).to_be_visible()
    writer.goto(story)
    decide(writer, "Send to fact-check", newsroom, "aizada")

    checker.goto(f"{story}/claims/?verdict=unchecked")
    checker.locator("main .note-row-title").click()
    checker.locator(".supports a.file-name").click()
    expect(checker.get_by_role("heading", level=1)).to_contain_text("What claim 1 rests on")
    expect(checker.locator("#passage")).to_have_text("weigh 36 grams", timeout=30_000)
    checker.get_by_role("link", name="Back to the claim").click()
    fill(checker, reasoning="It says so.")
    send(checker, "Give the verdict")
    expect(checker.locator(".page-head .badge-state")).to_contain_text("Verified")
    checker.get_by_role("link", name="Where it stands").click()
    expect(checker.locator("mark#c1")).to_have_attribute("data-verdict", "verified")
    decide(checker, "Send to the lawyer", newsroom, "bektur")
    lawyer.goto(story)
    decide(lawyer, "Cleared: it is ready", newsroom, "saadat")

    editor.goto(story)
    expect(editor.locator("#blocks")).to_have_text("Nothing blocks")
    decide(editor, "Approve", newsroom, "jamilya")
    expect(editor.locator("main .eyebrow .badge-state")).to_have_text("Approved")
    editor.get_by_role("main").get_by_role("link", name="Decisions").click()
    fill(
        editor,
        **{
            "publish-url": "https://outlet.example/roll",
            "publish-outlet": "Tal Daily",
            "publish-at": "2026-01-02T10:00",
            "publish-saved_page": code,
        },
    )
    send(editor, "It is published")
    expect(editor.locator("main .eyebrow .badge-state")).to_have_text("Published")
    editor.get_by_role("link", name="Publication").click()
    expect(editor.get_by_text("https://outlet.example/roll")).to_be_visible()

    writer.goto(f"{case}/evidence/number/{code.removeprefix('E-')}")
    writer.locator("section[aria-labelledby=resting] .note-row-title").click()
    expect(writer.get_by_role("heading", level=1)).to_have_text(re.compile("rolls weigh 36"))


def test_a_change_of_an_approved_story_ends_the_approval(
    visit: Newsstand, newsroom: Newsroom
) -> None:
    page = visit("aizada")
    page.goto(f"{newsroom.people['aizada'].case('lead')}/stories/?state=approved")
    page.locator("main .note-row-title").first.click()
    expect(page.locator("mark")).to_have_count(4)
    page.get_by_role("main").get_by_role("link", name=re.compile("^Edit")).click()
    expect(page.get_by_text("Saving a change ends the approval")).to_be_visible()
    page.locator("main #body").press("End")
    page.locator("main #body").type(" ")
    page.locator("main #body").evaluate("(box) => { box.value += '\\n\\nOne more line.'; }")
    send(page, "Save")

    expect(page.locator("main .eyebrow .badge-state")).to_have_text("Fact-check")
    page.get_by_role("main").get_by_role("link", name="Decisions").click()
    expect(page.get_by_text("and the approval ended")).to_be_visible()
