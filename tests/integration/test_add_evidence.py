from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from casefile.evidence.models import Item
from tests.cast import LEDGER, resources_of
from tests.raw_form import send

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse, Page, StrictBrowser


def upload(browser: StrictBrowser, cast: Cast, name: str, content: bytes, **more: str) -> Page:
    made = browser.post(f"{cast.case.url}/evidence/", files=[(name, content)], **more)
    return browser.get(made.location)


def upload_named(browser: StrictBrowser, cast: Cast, written: bytes) -> Page:
    answer = send(browser, cast, 303, (written, b"some text"))
    return browser.get(answer.headers["Location"])


def shown_name(page: Page) -> str:
    name: str = page.find("//h1")[0].text_content()
    return name


def test_a_file_is_shown_with_its_hashes_its_origin_and_its_custody(
    browse: Browse, cast: Cast
) -> None:
    content = os.urandom(300_000)

    page = upload(
        browse(cast.ben),
        cast,
        "scan.bin",
        content,
        shows="The second bill",
        obtained_at="2024-02-29",
        obtained_from="Registry office",
        obtained_how="Copied at the counter",
        tags="bill, pier",
    )

    assert "1 file is on record." in page.text
    assert shown_name(page) == "scan.bin"
    assert "E-2" in page.main
    together = page.main.replace(" ", "")
    assert hashlib.sha256(content).hexdigest() in together
    assert hashlib.sha512(content).hexdigest() in together
    for words in ("The second bill", "29 Feb 2024", "Registry office", "Copied at the counter"):
        assert words in page.main
    assert "300,000 bytes" in page.main
    custody = page.find("//section[@aria-labelledby='custody']")[0].text_content()
    assert "Ben Writer added the file" in " ".join(custody.split())
    assert browse(cast.cleo).get("/search?q=counter").find("//article[@data-kind='evidence']")
    assert browse(cast.cleo).get("/search?q=scan").find("//*[@data-total='1']")


def test_several_files_at_once_each_get_a_number(browse: Browse, cast: Cast) -> None:
    ben = browse(cast.ben)
    files = [(f"page {number}.txt", b"Page %d" % number) for number in range(5)]

    made = ben.post(f"{cast.case.url}/evidence/", files=files, shows="All of one letter")

    assert made.location == f"{cast.case.url}/evidence/"
    page = ben.get(made.location)
    assert "5 files are on record." in page.text
    codes = [cell.text_content() for cell in page.find("//td[@class='cell-code']")]
    assert codes == ["E-6", "E-5", "E-4", "E-3", "E-2", "E-1"]
    assert page.main.count("All of one letter") == 5


def test_a_note_sent_along_cites_the_files(browse: Browse, cast: Cast) -> None:
    ben = browse(cast.ben)

    ben.post(
        f"{cast.case.url}/evidence/",
        files=[("a.txt", b"a"), ("b.txt", b"b")],
        note="## Two bills\r\n\r\nThe first is [E-2].",
        tags="bills",
    )

    listed = ben.get(f"{cast.case.url}/notes/?sort=created")
    title = listed.find("//a[@class='note-row-title']")[0]
    assert title.text_content() == "Two bills"
    note = ben.get(title.get("href"))
    cited = note.find("//section[@aria-labelledby='cited']//*[@class='number']/text()")
    assert cited == ["E-2", "E-3"]
    assert note.find("//article//a/text()") == ["E-2", "E-3"]
    assert note.find("//*[@class='tag']/text()") == ["bills"]


def test_the_same_file_again_is_pointed_out_and_kept(browse: Browse, cast: Cast) -> None:
    ben = browse(cast.ben)

    page = upload(ben, cast, "ledger again.txt", LEDGER)

    assert "byte for byte, is on this case more than once" in page.text
    assert "ledger.txt" in page.find("//*[@class='notice']")[0].text_content()
    first = ben.get(f"{cast.case.url}/evidence/{cast.case.evidence}")
    assert "ledger again.txt" in first.find("//*[@class='notice']")[0].text_content()


def test_the_same_file_in_another_case_says_nothing_in_either(browse: Browse, cast: Cast) -> None:
    ben, dan = browse(cast.ben), browse(cast.dan)

    made = dan.post(f"{cast.other.url}/evidence/", files=[("mine.txt", LEDGER)])

    assert "more than once" not in dan.get(made.location).text
    first = ben.get(f"{cast.case.url}/evidence/{cast.case.evidence}")
    assert "more than once" not in first.text


def test_equal_files_of_two_cases_have_nothing_in_common_in_the_database(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    browse(cast.dan).post(f"{cast.other.url}/evidence/", files=[("mine.txt", LEDGER)])
    upload(browse(cast.ben), cast, "again.txt", LEDGER)

    with resources_of(app).database.reading() as session:
        prints = session.scalars(select(Item.fingerprint)).all()
        files = session.scalars(select(Item.file_key)).all()
    assert len(prints) == 4
    assert len(set(prints)) == 3
    assert len(set(files)) == 4


def test_an_empty_file_is_evidence_too(browse: Browse, cast: Cast) -> None:
    ben = browse(cast.ben)

    page = upload(ben, cast, "empty.txt", b"")

    assert shown_name(page) == "empty.txt"
    assert "0 bytes" in page.main
    assert hashlib.sha256(b"").hexdigest() in page.main.replace(" ", "")
    path = page.find("//a[contains(@href, '/content')]/@href")[0]
    assert ben.get(path).content == b""
    ben.post(path.replace("/content", "/verify"))
    assert "Verified" in ben.get(path.replace("/content", "")).text


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("ы" * 251 + ".txt", "ы" * 251 + ".txt"),
        ("l" * 400 + ".txt", "l" * 255),
        ("bill\u202efdp.exe", "bill fdp.exe"),
        ("a\u200b\ufeffb.txt", "a b.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\\\Users\\\\eva\\\\bill.txt", "bill.txt"),
        ("/home/ben/", "unnamed"),
        (" \t ", "unnamed"),
        ("Эсеп №5 «көпүрө».pdf", "Эсеп №5 «көпүрө».pdf"),
        ("e\u0301.txt", "é.txt"),
        ("🜁.txt", "🜁.txt"),
        ("a\x07\x1b[31mb.txt", "a [31mb.txt"),
        ("<img src=x>.txt", "<img src=x>.txt"),
        ("%00%0d%0aSet-Cookie: a=b.txt", "%00%0d%0aSet-Cookie: a=b.txt"),
        (".hidden", ".hidden"),
        ("CON", "CON"),
    ],
    ids=lambda text: ascii(text)[:24],
)
def test_any_name_is_shown_as_what_it_is(
    browse: Browse, cast: Cast, written: str, shown: str
) -> None:
    ben = browse(cast.ben)

    page = upload_named(ben, cast, written.encode())

    assert shown_name(page) == shown
    path = page.find("//a[contains(@href, '/content')]/@href")[0]
    file = ben.get(path)
    assert file.headers["Content-Disposition"].startswith("attachment; filename=")
    assert "\n" not in file.headers["Content-Disposition"]
    listed = ben.get(f"{cast.case.url}/evidence/?sort=name")
    assert shown in [name.text_content() for name in listed.find("//a[@class='file-name']")]


@pytest.mark.parametrize("written", [".", "..", "...", "a/..", ". . ."])
def test_a_name_of_dots_only_is_no_name_of_a_folder(
    browse: Browse, cast: Cast, written: str
) -> None:
    ben = browse(cast.ben)

    page = upload_named(ben, cast, written.encode())

    assert shown_name(page).strip(". ")
    path = page.find("//a[contains(@href, '/content')]/@href")[0]
    assert '"."' not in ben.get(path).headers["Content-Disposition"]
    assert '".."' not in ben.get(path).headers["Content-Disposition"]


def test_a_name_does_not_decide_what_a_file_is(browse: Browse, cast: Cast) -> None:
    ben = browse(cast.ben)

    page = upload(ben, cast, "holiday.jpg", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n")

    kinds = [code.text_content() for code in page.find("//dd/code")]
    assert "application/pdf" in kinds
    assert "image/jpeg" not in kinds


def test_a_script_is_told_where_the_file_went(browse: Browse, cast: Cast) -> None:
    ben = browse(cast.ben)

    made = ben.post(
        f"{cast.case.url}/evidence/",
        201,
        files=[("a.txt", b"a")],
        headers={"X-Requested-With": "XMLHttpRequest", "X-CSRFToken": ben.token()},
        token="",
    )

    page = ben.get(made.location)
    assert shown_name(page) == "a.txt"
    assert "1 file is on record." in page.text


def test_sixty_files_at_once_are_taken(browse: Browse, cast: Cast) -> None:
    ben = browse(cast.ben)
    files = [(f"{number}.bin", b"\x00%d" % number) for number in range(60)]

    ben.post(f"{cast.case.url}/evidence/", files=files)

    assert "61" in ben.get(f"{cast.case.url}/evidence/").find("//*[@class='pager-count']")[0].text
