from __future__ import annotations

import contextlib
import hashlib
import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.paper import pdf, upload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.browser.conftest import Newsroom, Newsstand

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

COUNT_CLICKS = """
document.addEventListener("click", (event) => {
  if (event.isTrusted) sessionStorage.clicks = Number(sessionStorage.clicks ?? 0) + 1;
}, true);
"""
DROP = """
(files) => {
  const transfer = new DataTransfer();
  for (const [name, text] of files) transfer.items.add(new File([text], name, {type: "text/plain"}));
  return transfer;
}
"""
MEBIBYTE = 1024 * 1024
READ_WITHIN_MS = 30_000


def bare_hash(page: Page, name: str) -> str:
    return page.locator(f"#{name}").inner_text().replace("\n", "").replace(" ", "")


def drop(page: Page, where: str, *files: tuple[str, str]) -> None:
    transfer = page.evaluate_handle(DROP, [list(file) for file in files])
    for event in ("dragenter", "dragover", "drop"):
        page.dispatch_event(where, event, {"dataTransfer": transfer})


@contextlib.contextmanager
def slow_line(page: Page, bytes_a_second: int) -> Iterator[None]:
    """Let this page send as slowly as from a village."""
    session = page.context.new_cdp_session(page)
    conditions: dict[str, Any] = {"offline": False, "latency": 0, "downloadThroughput": -1}
    session.send(
        "Network.emulateNetworkConditions", {**conditions, "uploadThroughput": bytes_a_second}
    )
    yield
    session.send("Network.emulateNetworkConditions", {**conditions, "uploadThroughput": -1})
    session.detach()


def test_a_pdf_with_a_note_is_logged_in_four_clicks_and_found_by_a_word_in_it(
    visit: Newsstand,
) -> None:
    content = pdf("Delivery note 212", "Counterweight serial Q7731", "signed by quillfeather")
    page = visit("daria")
    page.add_init_script(COUNT_CLICKS)
    page.goto("/")

    page.get_by_role("link", name="Add evidence to").first.click()
    page.locator("#files").set_input_files([upload("delivery-note.pdf", content)])  # a click
    page.keyboard.press("Tab")
    page.get_by_label("What it shows").fill("The counterweight was delivered twice")
    page.get_by_label("Note", exact=False).click()
    page.keyboard.type("Ask the driver about the second delivery.")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("delivery-note.pdf")
    assert int(page.evaluate("sessionStorage.clicks")) + 1 <= 4
    expect(page.get_by_text("1 file is on record")).to_be_visible()
    assert bare_hash(page, "sha256") == hashlib.sha256(content).hexdigest()
    assert bare_hash(page, "sha512") == hashlib.sha512(content).hexdigest()
    expect(
        page.get_by_role("link", name="Ask the driver about the second delivery.")
    ).to_be_visible()

    page.evaluate("window.neverReloaded = true")
    expect(page.locator("#text-state")).to_contain_text("Text searchable", timeout=READ_WITHIN_MS)
    assert page.evaluate("window.neverReloaded")

    page.keyboard.press("/")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("quillfeather")
    page.keyboard.press("Enter")

    found = page.locator("article[data-kind=evidence]")
    expect(found).to_have_count(1)
    expect(found.get_by_role("link", name="delivery-note.pdf")).to_be_visible()
    expect(found.locator("mark")).to_have_text("quillfeather")
    expect(page.locator("[data-total]")).to_have_attribute("data-total", "1")


def test_dropped_files_are_listed_and_go_on_record_together(
    visit: Newsstand, newsroom: Newsroom
) -> None:
    page = visit("daria")
    page.goto(f"{newsroom.people['daria'].case('lead')}/evidence/new")

    drop(page, ".drop-zone", ("gate-log.txt", "gate one"), ("gate-photo-list.txt", "gate two"))
    drop(page, "h1", ("beside.txt", "dropped beside the zone"))
    chosen = page.get_by_role("list", name="Chosen files").get_by_role("listitem")
    expect(chosen).to_have_count(3)
    page.get_by_role("button", name="Remove beside.txt").click()
    expect(chosen).to_have_count(2)
    page.get_by_label("What it shows").fill("Who passed the gate")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Evidence")
    expect(page.get_by_text("2 files are on record")).to_be_visible()
    expect(page.get_by_role("link", name="gate-log.txt")).to_be_visible()
    expect(page.get_by_role("link", name="gate-photo-list.txt")).to_be_visible()


def test_a_slow_upload_shows_how_far_it_is_and_can_be_stopped(
    visit: Newsstand, newsroom: Newsroom
) -> None:
    page = visit("daria")
    page.goto(f"{newsroom.people['daria'].case('lead')}/evidence/new")
    page.locator("#files").set_input_files([upload("heavy.txt", b"ballast " * MEBIBYTE)])
    page.get_by_label("What it shows").fill("How heavy it was")
    progress = page.get_by_role("progressbar", name="Sending")

    with slow_line(page, MEBIBYTE):
        page.get_by_role("button", name="Save").click()
        expect(progress).to_be_visible()
        expect(page.locator(".upload-text")).to_have_text(
            re.compile(r"[\d.]+ (MB|kB|byte) of 8 MB, [1-9]\d?%")
        )
        page.get_by_role("button", name="Stop").click()

    expect(page.get_by_role("alert").filter(has_text="Stopped. Nothing was saved.")).to_be_visible()
    expect(progress).to_be_hidden()
    expect(page.get_by_label("What it shows")).to_have_value("How heavy it was")
    expect(page.locator(".drop-file")).to_contain_text("heavy.txt")

    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("heavy.txt")


def test_an_upload_without_a_file_says_so_and_keeps_what_was_typed(
    visit: Newsstand, newsroom: Newsroom
) -> None:
    page = visit("daria")
    page.goto(f"{newsroom.people['daria'].case('lead')}/evidence/new")
    page.get_by_label("What it shows").fill("Nothing yet, I forgot the file")
    page.get_by_role("button", name="Save").click()
    assert page.evaluate("document.querySelector('[type=file]').validity.valueMissing")

    page.evaluate("document.querySelector('[type=file]').required = false")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("alert").filter(has_text="Choose at least one file.")).to_be_focused()
    expect(page.get_by_label("What it shows")).to_have_value("Nothing yet, I forgot the file")


def test_a_file_over_the_limit_is_pointed_out_before_and_after_sending(
    visit: Newsstand, newsroom: Newsroom, small_newsroom: Newsroom
) -> None:
    page = visit("daria")
    visit.addresses.add(small_newsroom.address.removeprefix("http://"))
    case = newsroom.people["daria"].case("lead")
    page.goto(f"{small_newsroom.address}{case}/evidence/new")
    page.get_by_label("What it shows").fill("A film of the whole day")
    page.locator("#files").set_input_files([upload("film.txt", b"frame " * MEBIBYTE)])
    expect(page.get_by_text("too large", exact=True)).to_be_visible()
    page.get_by_role("button", name="Save").click()
    assert page.evaluate("document.querySelector('[type=file]').validity.customError")

    page.evaluate("document.querySelector('[type=file]').setCustomValidity('')")
    page.get_by_role("button", name="Save").click()

    refused = page.locator("[data-upload-problem]")
    expect(refused).to_contain_text("larger than allowed")
    expect(refused).to_be_focused()
    expect(page.get_by_label("What it shows")).to_have_value("A film of the whole day")
    expect(page.locator(".drop-file")).to_contain_text("film.txt")


def test_the_same_file_twice_in_a_case_is_pointed_out(visit: Newsstand, newsroom: Newsroom) -> None:
    page = visit("daria")
    for name in ("first-copy.txt", "second-copy.txt"):
        page.goto(f"{newsroom.people['daria'].case('lead')}/evidence/new")
        page.locator("#files").set_input_files([upload(name, b"one and the same receipt")])
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)

    expect(page.get_by_text("The same file, byte for byte")).to_be_visible()
    expect(page.get_by_role("link", name="first-copy.txt")).to_be_visible()


def test_a_file_can_be_checked_and_downloaded_as_it_was(
    visit: Newsstand, newsroom: Newsroom
) -> None:
    content = b"weighbridge 08:14 truck 17\n" * 2000
    page = visit("daria")
    page.goto(f"{newsroom.people['daria'].case('lead')}/evidence/new")
    page.locator("#files").set_input_files([upload("weighbridge.txt", content)])
    page.get_by_role("button", name="Save").click()

    page.get_by_role("button", name="Check it now").click()
    expect(page.get_by_text("the stored file is exactly what was put in")).to_be_visible()
    with page.expect_download() as coming:
        page.get_by_role("link", name="Download").click()

    assert coming.value.suggested_filename == "weighbridge.txt"
    assert coming.value.path().read_bytes() == content
    page.reload()
    custody = page.get_by_role("region", name="Custody").get_by_role("listitem")
    expect(custody.filter(has_text="downloaded it")).to_have_count(1)
    expect(custody.filter(has_text="it is what was put in")).to_have_count(1)
