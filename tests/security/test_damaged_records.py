"""Sealed records swapped, moved, cut and flipped in the database: shown as damaged, the rest readable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from casefile.audit import Entry
from casefile.evidence.models import Item, PageText
from casefile.notes.models import Note, NoteVersion
from tests.cast import add_evidence, add_note
from tests.intruder import case_row, flipped, read, writing

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from flask import Flask
    from sqlalchemy.orm import Session

    from tests.cast import Cast
    from tests.strict_browser import Browse

HARMS = {
    "flipped": flipped,
    "flipped at its start": lambda sealed: flipped(sealed, 0),
    "cut": lambda sealed: sealed[:-1],
    "cut to a stump": lambda sealed: sealed[:5],
    "emptied": lambda _sealed: b"",
    "lengthened": lambda sealed: sealed + b"\0",
    "in clear": lambda _sealed: b'["Planted", "Planted", []]',
}
PAGES = (
    "/",
    "/notes/",
    "/notes/?q=pier",
    "/notes/?sort=title",
    "/activity/",
    "/evidence/",
    "/notes/new",
)


@pytest.fixture
def second(app: Flask, cast: Cast) -> UUID:
    """A second note, which nothing happens to."""
    return add_note(app, cast.ben, cast.case.id, "Untouched", "The permits were in order.")


def _version(session: Session, note_id: UUID) -> NoteVersion:
    return session.get_one(NoteVersion, (note_id, 1))


def _everything_else_is_readable(browse: Browse, cast: Cast, second: UUID) -> None:
    for path in PAGES:
        browse(cast.ben).get(f"{cast.case.url}{path}")
    assert "permits were in order" in browse(cast.ben).get(f"{cast.case.url}/notes/{second}").text
    assert "Untouched" in browse(cast.ben).get(f"{cast.case.url}/notes/").text
    browse(cast.ben).get("/")
    found = browse(cast.ben).get("/search?q=permits").find("//article/@data-id")
    assert found == [str(second)]


@pytest.mark.parametrize("harm", HARMS)
def test_a_damaged_note_is_shown_as_damaged(
    app: Flask, browse: Browse, cast: Cast, second: UUID, harm: str
) -> None:
    with writing(app) as session:
        row = _version(session, cast.case.note)
        row.record = HARMS[harm](row.record)

    for path in ("", "/edit", "/versions/"):
        page = browse(cast.ben).get(f"{cast.case.url}/notes/{cast.case.note}{path}")
        assert "[damaged note]" in page.html
        assert "paid for twice" not in page.html
        assert "Planted" not in page.html
    _everything_else_is_readable(browse, cast, second)


def test_records_swapped_between_two_notes_are_shown_as_damaged(
    app: Flask, browse: Browse, cast: Cast, second: UUID
) -> None:
    with writing(app) as session:
        one, other = _version(session, cast.case.note), _version(session, second)
        one.record, other.record = other.record, one.record

    for note in (cast.case.note, second):
        page = browse(cast.ben).get(f"{cast.case.url}/notes/{note}")
        assert "[damaged note]" in page.text
        assert "permits" not in page.main
        assert "pier" not in page.main.lower()


def test_a_record_moved_in_from_another_case_is_shown_as_damaged(
    app: Flask, browse: Browse, cast: Cast, second: UUID
) -> None:
    with writing(app) as session:
        _version(session, cast.case.note).record = _version(session, cast.other.note).record

    page = browse(cast.ben).get(f"{cast.case.url}/notes/{cast.case.note}")
    assert "[damaged note]" in page.text
    assert "orchard" not in page.text.lower()
    _everything_else_is_readable(browse, cast, second)


def test_a_note_moved_into_another_case_by_its_row_is_damaged_there(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    with writing(app) as session:
        note = session.get_one(Note, cast.case.note)
        note.case_id, note.number = cast.other.id, 99

    page = browse(cast.dan).get(f"{cast.other.url}/notes/{cast.case.note}")
    assert "[damaged note]" in page.text
    assert "pier" not in page.main.lower()
    browse(cast.ben).get(f"{cast.case.url}/notes/{cast.case.note}", 404)


def test_an_older_version_put_back_as_the_newest_is_shown_as_damaged(
    app: Flask, browse: Browse, cast: Cast, second: UUID
) -> None:
    edit = f"{cast.case.url}/notes/{cast.case.note}/edit"
    browse(cast.ben).post(edit, title="Pier", body="Corrected: paid once.", version="1")
    with writing(app) as session:
        older = session.get_one(NoteVersion, (cast.case.note, 1)).record
        session.get_one(NoteVersion, (cast.case.note, 2)).record = older

    assert "[damaged note]" in browse(cast.ben).get(f"{cast.case.url}/notes/{cast.case.note}").text
    _everything_else_is_readable(browse, cast, second)


@pytest.mark.parametrize("generation", [0, 2, 999_999, -1])
def test_a_generation_nobody_was_granted_is_damage(
    app: Flask, browse: Browse, cast: Cast, second: UUID, generation: int
) -> None:
    with writing(app) as session:
        _version(session, cast.case.note).generation = generation

    assert "[damaged note]" in browse(cast.ben).get(f"{cast.case.url}/notes/{cast.case.note}").text
    _everything_else_is_readable(browse, cast, second)


def test_a_damaged_older_version_does_not_hide_the_newest(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    edit = f"{cast.case.url}/notes/{cast.case.note}/edit"
    browse(cast.ben).post(edit, title="Pier", body="Corrected: paid once.", version="1")
    with writing(app) as session:
        row = _version(session, cast.case.note)
        row.record = flipped(row.record)

    assert "paid once" in browse(cast.ben).get(f"{cast.case.url}/notes/{cast.case.note}").text
    page = browse(cast.ben).get(f"{cast.case.url}/notes/{cast.case.note}/versions/?from=1&to=2")
    assert "[damaged note]" in page.text


@pytest.mark.parametrize("harm", HARMS)
def test_a_damaged_record_of_evidence_is_shown_as_damaged(
    app: Flask, browse: Browse, cast: Cast, second: UUID, harm: str
) -> None:
    with writing(app) as session:
        item = session.get_one(Item, cast.case.evidence)
        item.record = HARMS[harm](item.record)

    page = browse(cast.ben).get(f"{cast.case.url}/evidence/{cast.case.evidence}")
    assert "[damaged record]" in page.text
    for path in ("/evidence/", "/evidence/?q=x", "/evidence/?sort=name", "/notes/new"):
        browse(cast.ben).get(f"{cast.case.url}{path}")
    browse(cast.ben).post(
        f"{cast.case.url}/evidence/{cast.case.evidence}/edit", 503, shows="x", version="1"
    )
    _everything_else_is_readable(browse, cast, second)


@pytest.mark.parametrize("harm", HARMS)
def test_a_damaged_file_key_opens_nothing_and_says_so(
    app: Flask, browse: Browse, cast: Cast, second: UUID, harm: str
) -> None:
    with writing(app) as session:
        item = session.get_one(Item, cast.case.evidence)
        item.file_key = HARMS[harm](item.file_key)

    url = f"{cast.case.url}/evidence/{cast.case.evidence}"
    browse(cast.ben).get(url)
    browse(cast.ben).get(f"{url}/content", 503)
    browse(cast.ben).post(f"{url}/verify")
    assert "NOT what was put in" in browse(cast.ben).get(url).problems()
    _everything_else_is_readable(browse, cast, second)


def test_file_keys_swapped_between_two_files_open_neither(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    other = add_evidence(app, cast.ben, cast.case.id, "second.txt", b"Another file altogether.")
    with writing(app) as session:
        one, two = session.get_one(Item, cast.case.evidence), session.get_one(Item, other)
        one.file_key, two.file_key = two.file_key, one.file_key

    for item in (cast.case.evidence, other):
        browse(cast.ben).get(f"{cast.case.url}/evidence/{item}/content", 503)


def test_a_damaged_page_of_text_is_not_shown_and_hides_nothing_else(
    app: Flask, browse: Browse, cast: Cast, second: UUID, worker: None, until: Callable[..., None]
) -> None:
    browse(cast.ben).get(f"{cast.case.url}/evidence/")
    until(lambda: read(app, select(PageText.page)) != [])
    with writing(app) as session:
        for page in session.scalars(select(PageText)):
            page.sealed = flipped(page.sealed)

    browse(cast.ben).get("/search?q=ledger")
    browse(cast.ben).get(f"{cast.case.url}/evidence/{cast.case.evidence}")
    _everything_else_is_readable(browse, cast, second)


@pytest.mark.parametrize("harm", HARMS)
def test_a_damaged_case_record_leaves_the_case_usable(
    app: Flask, browse: Browse, cast: Cast, second: UUID, harm: str
) -> None:
    with writing(app) as session:
        row = case_row(session, cast.case.id)
        row.record = HARMS[harm](row.record)

    assert "[damaged record]" in browse(cast.ann).get(f"{cast.case.url}/").text
    browse(cast.ann).get("/cases/?q=pier")
    browse(cast.ann).get(f"{cast.case.url}/edit")
    _everything_else_is_readable(browse, cast, second)


def test_a_damaged_detail_of_the_trail_is_shown_without_its_detail(
    app: Flask, browse: Browse, cast: Cast, second: UUID
) -> None:
    with writing(app) as session:
        for entry in session.scalars(select(Entry).where(Entry.detail.is_not(None))):
            entry.detail = flipped(entry.detail or b"")

    browse(cast.ben).get(f"{cast.case.url}/activity/")
    browse(cast.ben).get(f"{cast.case.url}/evidence/{cast.case.evidence}")
    browse(cast.ada).get("/admin/audit")
    _everything_else_is_readable(browse, cast, second)


def test_the_administrators_page_says_that_the_chain_is_broken(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    assert "is whole" in browse(cast.ada).get("/admin/audit").text
    with writing(app) as session:
        session.scalars(select(Entry).order_by(Entry.sequence.desc())).first().action = "x.done"  # type: ignore[union-attr]

    assert "chain is broken" in browse(cast.ada).get("/admin/audit").text
