from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from casefile.cases import service as cases
from casefile.evidence import service as evidence
from casefile.notes import service as notes
from casefile.uow import UnitOfWork
from casefile.vault import SealedUpload
from tests.cast import change, resources_of

if TYPE_CHECKING:
    from flask import Flask

    from casefile.cases.access import OpenCase
    from tests.cast import Cast
    from tests.strict_browser import Browse, Page, StrictBrowser

MANY = 54


def many_notes(app: Flask, cast: Cast) -> None:
    def write(uow: UnitOfWork, case: OpenCase) -> None:
        for number in range(MANY):
            text = notes.Text(f"Note {number:02}", f"About {'odd' if number % 2 else 'even'}.")
            notes.add(uow, case, text)

    change(app, cast.eva, cast.case.id, write)


def many_files(app: Flask, cast: Cast) -> None:
    opened = resources_of(app)

    def put(uow: UnitOfWork, case: OpenCase) -> None:
        files = []
        for number in range(MANY):
            upload = SealedUpload(opened.vault, case.id, limit=1000)
            upload.write(b"%PDF-1.7 " if number % 2 else b"some words")
            upload.finish()
            files.append((f"file {number:02}.txt", upload))
        evidence.add(uow, case, files, evidence.Origin(shows="One of many"))

    change(app, cast.eva, cast.case.id, put)


def walk(browser: StrictBrowser, path: str, what: str) -> list[list[str]]:
    """Return what stands on each page of a list, following its links."""
    found = []
    while True:
        page = browser.get(path)
        found.append([thing.text_content().strip() for thing in page.find(what)])
        following = page.find("//a[@rel='next']/@href")
        if not following:
            return found
        path = following[0]


def joined(pages: list[list[str]]) -> list[str]:
    return [thing for page in pages for thing in page]


def sizes(pages: list[list[str]]) -> list[int]:
    return [len(page) for page in pages]


NOTE, FILE = "//a[@class='note-row-title']", "//main//a[@class='file-name']"
CASE = "//tbody//a[@class='codename']"


def test_notes_are_paged_sorted_and_filtered(app: Flask, browse: Browse, cast: Cast) -> None:
    many_notes(app, cast)
    ben, path = browse(cast.ben), f"{cast.case.url}/notes/"

    everything = walk(ben, path, NOTE)
    assert sizes(everything) == [50, 5]
    assert len(set(joined(everything))) == 55
    by_title = joined(walk(ben, f"{path}?sort=title", NOTE))
    assert by_title == sorted(by_title)
    assert walk(ben, f"{path}?sort=oldest", NOTE)[0][0] == "Pier"
    assert walk(ben, f"{path}?sort=number", NOTE)[0][0] == "Note 53"
    assert sizes(walk(ben, f"{path}?q=ODD", NOTE)) == [27]
    assert walk(ben, f"{path}?author={cast.ben.id}", NOTE) == [["Pier"]]
    filtered = walk(ben, f"{path}?author={cast.eva.id}&sort=title", NOTE)
    assert sizes(filtered) == [50, 4]
    assert filtered[1][-1] == "Note 53"
    assert ben.get(f"{path}?author={cast.eva.id}").value("author") == str(cast.eva.id)
    assert "No note fits" in ben.get(f"{path}?q=nothinglikeit").main
    assert "1–50 of 55" in ben.get(path).main


def test_evidence_is_paged_sorted_and_filtered(app: Flask, browse: Browse, cast: Cast) -> None:
    many_files(app, cast)
    ben, path = browse(cast.ben), f"{cast.case.url}/evidence/"

    everything = walk(ben, path, FILE)
    assert sizes(everything) == [50, 5]
    assert everything[0][0] == "file 53.txt"
    assert walk(ben, f"{path}?sort=oldest", FILE)[0][0] == "ledger.txt"
    by_name = joined(walk(ben, f"{path}?sort=name", FILE))
    assert by_name == sorted(by_name)
    assert sizes(walk(ben, f"{path}?kind=application/pdf", FILE)) == [27]
    assert sizes(walk(ben, f"{path}?kind=text/", FILE)) == [28]
    assert sizes(walk(ben, f"{path}?q=one+of+MANY&kind=text/", FILE)) == [27]
    assert walk(ben, f"{path}?q=E-17", FILE) == [["file 15.txt"]]
    assert "No file fits" in ben.get(f"{path}?kind=video/").main


def test_cases_are_paged_sorted_and_filtered(app: Flask, browse: Browse, cast: Cast) -> None:
    for number in range(MANY):
        with UnitOfWork(resources_of(app), cast.ben.id, cast.ben.bundle) as uow:
            cases.create(uow, title=f"Harbour {number:02}", summary="")
    ben = browse(cast.ben)

    everything = walk(ben, "/cases/", CASE)
    assert sizes(everything) == [50, 5]
    assert len(set(joined(everything))) == 55
    by_name = joined(walk(ben, "/cases/?sort=codename", CASE))
    assert by_name == sorted(by_name)
    assert sizes(walk(ben, "/cases/?q=harbour", CASE)) == [50, 4]
    assert walk(ben, f"/cases/?q={cast.case.codename}", CASE) == [[cast.case.codename]]
    assert walk(ben, "/cases/?q=harbour+17", CASE)[0]
    assert sizes(walk(ben, "/cases/?status=open", CASE)) == [50, 5]
    assert "No case fits" in ben.get("/cases/?status=archived").main


def test_activity_is_paged_newest_first(app: Flask, browse: Browse, cast: Cast) -> None:
    many_notes(app, cast)

    pages = walk(browse(cast.ben), f"{cast.case.url}/activity/", "//li[@class='log-entry']")

    assert len(pages) == 2
    assert len(pages[0]) == 50
    assert "Note 53" in pages[0][0]
    assert "opened the case" in pages[1][-1]


def test_the_administrators_trail_is_paged_and_names_nothing_of_a_case(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    many_notes(app, cast)
    ada = browse(cast.ada)

    rows = joined(walk(ada, "/admin/audit", "//tbody/tr"))

    assert len(rows) > 60
    for text in (" ".join(row.split()) for row in rows):
        assert "note" not in text.lower()
        assert cast.case.codename not in text


def current(page: Page) -> str:
    return str(
        page.find("//a[@aria-current='page'][ancestor::*[@class='pager']]")[0]
        .text_content()
        .split()[-1]
    )


@pytest.mark.parametrize(
    ("asked", "shown"),
    [("2", "2"), ("99", "2"), ("0", "1"), ("-5", "1"), ("x", "1"), ("1e9", "1"), ("9" * 80, "1"),
     ("٢", "1"), ("", "1"), ("1&page=2", "1")],
)  # fmt: skip
def test_a_page_number_that_makes_no_sense_shows_a_page_there_is(
    app: Flask, browse: Browse, cast: Cast, asked: str, shown: str
) -> None:
    many_notes(app, cast)

    for path in (f"{cast.case.url}/notes/", f"{cast.case.url}/activity/"):
        assert current(browse(cast.ben).get(f"{path}?page={asked}")) == shown


@pytest.mark.parametrize("path", ["/cases/", "{case}/notes/", "{case}/evidence/"])
@pytest.mark.parametrize(
    "asked", ["sort=bogus", "author=nobody", "status=lost", "kind=%FF", "bin=2", "sort=&status="]
)
def test_filters_that_make_no_sense_are_left_out(
    browse: Browse, cast: Cast, path: str, asked: str
) -> None:
    browse(cast.ben).get(f"{path.format(case=cast.case.url)}?{asked}")


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("notes/", "Write down what you know"),
        ("evidence/", "Drop in the first document"),
        ("notes/?bin=1", "The bin is empty"),
    ],
)
def test_an_empty_list_says_what_to_do_next(
    browse: Browse, cast: Cast, path: str, says: str
) -> None:
    ben = browse(cast.ben)
    case = ben.post("/cases/", title="Empty", summary="").location

    assert says in ben.get(case + path).main
