from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from casefile.cases import service as cases
from casefile.evidence.models import Item
from casefile.policy import Seat
from casefile.uow import UnitOfWork
from tests.cast import add_evidence, add_note, give_seat, resources_of
from tests.intruder import case_row, writing

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Actor, Cast, Clock
    from tests.strict_browser import Browse, Page

ODD = ["-1", "0", "999999999999999999999", "1e3", "x", "", "\x00", "１", "../../x", "%", "' OR 1=1"]


def _open(app: Flask, actor: Actor, title: str) -> None:
    with UnitOfWork(resources_of(app), actor.id, actor.bundle) as uow:
        cases.create(uow, title=title, summary="")


def _links(page: Page, start: str) -> list[str]:
    return [link for link in page.find("//main//a/@href") if link.startswith(start)]


def test_the_first_day_says_where_to_begin(browse: Browse, cast: Cast) -> None:
    browse(cast.ann).post("/admin/invitations", 403)
    page = browse(cast.ada).get("/")

    assert page.find("//h1")
    assert not _links(page, "/cases/0")


def test_the_desk_shows_my_cases_and_what_happened_on_them(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    add_note(app, cast.ben, cast.case.id, "Seen by night", "Lorries without plates.")

    page = browse(cast.ann).get("/")

    assert cast.case.codename in page.main
    assert "The second pier" in page.main
    assert "Ben Writer added the note Seen by night" in page.main
    assert cast.other.codename not in page.html


def test_the_desk_tells_of_a_seat_that_ends_soon(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    give_seat(app, cast.ann, cast.case.id, cast.dan, Seat.READER, clock() + timedelta(days=3))

    assert f"Your seat on {cast.case.codename} ends soon" in browse(cast.dan).get("/").main


def test_the_desk_tells_whoever_added_a_file_that_it_could_not_be_read(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    item = add_evidence(app, cast.ben, cast.case.id, "scan.pdf", b"%PDF-1.4 nothing")
    with writing(app) as session:
        row = session.get_one(Item, item)
        row.state, row.state_reason = "failed", "the file is damaged"

    assert "No text could be read from scan.pdf" in browse(cast.ben).get("/").main
    assert "scan.pdf" not in browse(cast.dan).get("/").html


def test_cases_are_listed_sorted_and_filtered(app: Flask, browse: Browse, cast: Cast) -> None:
    for title in ("Weir", "Sluice"):
        _open(app, cast.ann, title)
    browse(cast.ann).post(
        f"{cast.case.url}/edit",
        fields={"title": "The second pier", "summary": "", "status": "closed", "version": "1"},
    )

    everything = browse(cast.ann).get("/cases/").main
    assert all(title in everything for title in ("Weir", "Sluice", "The second pier"))
    closed = browse(cast.ann).get("/cases/?status=closed").main
    assert "The second pier" in closed
    assert "Weir" not in closed
    found = browse(cast.ann).get("/cases/?q=SLUIC").main
    assert "Sluice" in found
    assert "Weir" not in found
    for sort in ("changed", "codename", "created", "status", "-codename", "title", "x", ""):
        for odd in ODD:
            browse(cast.ann).get("/cases/", query_string={"sort": sort, "page": odd, "status": odd})


def test_more_cases_than_a_page_holds_are_all_reached(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    for number in range(55):
        _open(app, cast.ann, f"Numbered {number:03}")

    titles: set[str] = set()
    for number in (1, 2):
        page = browse(cast.ann).get(f"/cases/?page={number}")
        titles |= {word for word in page.main.split() if word.isdigit() and len(word) == 3}
    assert len(titles) == 55


def test_notes_are_listed_sorted_filtered_and_paged(app: Flask, browse: Browse, cast: Cast) -> None:
    for number in range(53):
        add_note(app, cast.ann, cast.case.id, f"Entry {number:03}", f"Body {number:03}")
    url = f"{cast.case.url}/notes/"
    reached: set[str] = set()
    for number in (1, 2):
        reached |= set(_links(browse(cast.ben).get(f"{url}?page={number}"), url))

    assert str(f"{url}{cast.case.note}") in reached
    assert (
        len({link for link in reached if "?" not in link and not link.endswith(("/new", "/"))})
        == 54
    )
    page = browse(cast.ben).get(f"{url}?author={cast.ben.id}")
    assert "Pier" in page.main
    assert "Entry" not in page.main
    assert "Entry 007" in browse(cast.ben).get(f"{url}?q=body 007").main
    for sort in ("changed", "created", "oldest", "number", "title", "x"):
        browse(cast.ben).get(f"{url}?sort={sort}")
    for name in ("page", "author", "sort", "q", "bin"):
        for odd in ODD:
            browse(cast.ben).get(url, query_string={name: odd})


def test_evidence_is_listed_sorted_filtered_and_paged(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    for number in range(52):
        add_evidence(app, cast.ben, cast.case.id, f"photo-{number:03}.txt", b"x%d" % number)
    url = f"{cast.case.url}/evidence/"
    shown = "".join(browse(cast.ben).get(f"{url}?page={number}").main for number in (1, 2))

    assert all(f"photo-{number:03}.txt" in shown for number in range(52))
    assert "ledger.txt" in shown
    only = browse(cast.ben).get(f"{url}?q=PHOTO-007").main
    assert "photo-007.txt" in only
    assert "photo-008.txt" not in only
    for name in ("page", "sort", "q", "kind"):
        for odd in ("newest", "oldest", "name", "changed", "image", *ODD):
            browse(cast.ben).get(url, query_string={name: odd})


@pytest.mark.parametrize("number", ["1", "2", "0", "99999", "9" * 18, "9" * 19, "9" * 400])
def test_a_number_leads_to_its_evidence_or_nowhere(browse: Browse, cast: Cast, number: str) -> None:
    page = browse(cast.ben).get(
        f"{cast.case.url}/evidence/number/{number}", 302 if number == "1" else 404
    )

    if number == "1":
        assert page.location == f"{cast.case.url}/evidence/{cast.case.evidence}"


def test_activity_tells_in_sentences_what_happened(app: Flask, browse: Browse, cast: Cast) -> None:
    browser = browse(cast.ann)
    note = f"{cast.case.url}/notes/{cast.case.note}"
    browser.post(f"{note}/edit", title="Pier", body="Twice.", version="1")
    browser.post(f"{note}/delete")
    browser.post(f"{note}/restore")
    browser.get(f"{cast.case.url}/evidence/{cast.case.evidence}/content")
    browser.post(f"{cast.case.url}/evidence/{cast.case.evidence}/verify")
    browser.post(f"{cast.case.url}/evidence/{cast.case.evidence}/edit", shows="Pages", version="1")
    browser.post(f"{cast.case.url}/members/{cast.case.seats['eva']}", role="lawyer")
    browser.post(f"{cast.case.url}/members/{cast.case.seats['cleo']}/delete")
    for status, version in (("dormant", "1"), ("open", "2")):
        fields = {"title": "Pier", "summary": "", "status": status, "version": version}
        browser.post(f"{cast.case.url}/edit", fields=fields)

    page = browser.get(f"{cast.case.url}/activity/")

    for sentence in (
        "Ann Lead changed the note Pier",
        "Ann Lead deleted the note Pier",
        "Ann Lead brought back the note Pier",
        "Ann Lead downloaded ledger.txt",
        "Ann Lead took the seat of Cleo Reader",
        "Ann Lead changed the seat of Eva Editor",
        "Ben Writer added the evidence ledger.txt",
    ):
        assert sentence in page.main, sentence
    for raw in ("note.", "evidence.", "seat.", "case.", "None"):
        assert raw not in page.main, f"{raw} is shown as it is kept"


def test_activity_is_paged_and_nothing_is_left_out(app: Flask, browse: Browse, cast: Cast) -> None:
    for number in range(60):
        add_note(app, cast.ben, cast.case.id, f"Entry {number:03}", "x")

    shown = "".join(
        browse(cast.ben).get(f"{cast.case.url}/activity/?page={number}").main for number in (1, 2)
    )

    assert all(f"Entry {number:03}" in shown for number in range(60))
    for odd in ODD:
        browse(cast.ben).get(f"{cast.case.url}/activity/", query_string={"page": odd})


def test_counts_of_a_case_follow_what_is_in_it(app: Flask, browse: Browse, cast: Cast) -> None:
    note = add_note(app, cast.ben, cast.case.id, "Second", "x")
    browse(cast.ben).post(f"{cast.case.url}/notes/{note}/delete")
    browse(cast.ben).post(f"{cast.case.url}/notes/{note}/delete")

    with writing(app) as session:
        row = case_row(session, cast.case.id)
        assert (row.note_count, row.evidence_count) == (1, 1)
