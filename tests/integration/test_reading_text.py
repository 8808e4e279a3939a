from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING
from uuid import UUID

import docx
import pytest
from sqlalchemy import select

from casefile.evidence.models import Item
from tests.cast import add_evidence, resources_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.cast import Cast, Clock
    from tests.strict_browser import Browse

WITHIN_SECONDS = 40


def a_docx() -> bytes:
    document = docx.Document()
    document.add_heading("Келишим")
    document.add_paragraph("The heron signed the second contract.")
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def a_pdf() -> bytes:
    stream = b"BT /F1 12 Tf 20 100 Td (The heron was paid in cash.) Tj ET"
    objects = [
        b"<</Type /Catalog /Pages 2 0 R>>",
        b"<</Type /Pages /Kids [4 0 R] /Count 1>>",
        b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>",
        b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 5 0 R /Resources 6 0 R>>",
        b"<</Length %d>>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<</Font <</F1 3 0 R>>>>",
    ]
    content, places = bytearray(b"%PDF-1.7\n"), []
    for number, each in enumerate(objects, 1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = len(content)
    content += b"xref\n0 7\n0000000000 65535 f \n"
    content += b"".join(b"%010d 00000 n \n" % place for place in places)
    content += b"trailer\n<</Size 7 /Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % table
    return bytes(content)


FILES: dict[str, Callable[[], bytes]] = {
    "list.txt": lambda: "Цапля и heron: список.\n".encode("cp1251"),
    "page.html": lambda: b"<!DOCTYPE html><html><body><p>A <b>heron</b> landed.</p></body></html>",
    "letter.eml": lambda: (
        b"From: a@example.org\r\nTo: b@example.org\r\nSubject: Birds\r\nDate: Mon, 1 Jan 2024 "
        b"10:00:00 +0600\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nThe heron wrote.\r\n"
    ),
    "contract.docx": a_docx,
    "receipt.pdf": a_pdf,
}


def state(app: Flask, item: UUID) -> str:
    with resources_of(app).database.reading() as session:
        return session.scalars(select(Item.state).where(Item.id == item)).one()


def settled(app: Flask, item: UUID) -> str:
    """Wait until the worker is done with a file and return how it went."""
    until = time.monotonic() + WITHIN_SECONDS
    while (found := state(app, item)) in {"pending", "running"}:
        assert time.monotonic() < until, f"still {found}"
        time.sleep(0.05)
    return found


def send(browse: Browse, cast: Cast, name: str, content: bytes) -> str:
    return browse(cast.ben).post(f"{cast.case.url}/evidence/", files=[(name, content)]).location


def id_of(where: str) -> UUID:
    return UUID(where.rpartition("/")[2])


@pytest.mark.usefixtures("worker")
def test_what_a_file_says_is_found_by_search(app: Flask, browse: Browse, cast: Cast) -> None:
    sent = {name: send(browse, cast, name, make()) for name, make in FILES.items()}

    for where in sent.values():
        assert settled(app, id_of(where)) == "done", where

    page = browse(cast.cleo).get("/search?q=heron")
    assert page.find("//*[@data-total='5']")
    found = set(page.find("//article[@data-kind='evidence']/@data-id"))
    assert found == {str(id_of(where)) for where in sent.values()}
    assert [mark.lower() for mark in page.find("//mark/text()")] == ["heron"] * 5
    for name, where in sent.items():
        shown = browse(cast.ben).get(where)
        assert "Text searchable" in shown.main, name
        assert "The text was read" in shown.main
    assert browse(cast.cleo).get("/search?q=цапли").find("//*[@data-total='1']")
    assert browse(cast.cleo).get("/search?q=келишимдин").find("//*[@data-total='1']")
    assert not browse(cast.dan).get("/search?q=heron").find("//article")


@pytest.mark.usefixtures("worker")
def test_a_file_that_cannot_be_read_is_kept_and_says_why(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    ben, cut = browse(cast.ben), a_pdf()[:120]
    where = send(browse, cast, "cut.pdf", cut)

    assert settled(app, id_of(where)) == "failed"

    page = ben.get(where)
    assert "Text not read: the file is damaged" in page.main
    assert "The file itself is safe and unchanged." in page.main
    assert "The text could not be read" in page.main
    assert "cut.pdf" in ben.get("/").find("//*[@class='waiting']")[0].text_content()
    assert not browse(cast.eva).get("/").find("//*[@class='waiting']")
    assert ben.get(f"{where}/content").content == cut


@pytest.mark.usefixtures("worker")
def test_a_file_with_nothing_but_blanks_says_it_may_be_a_scan(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    where = send(browse, cast, "blank.html", b"<!DOCTYPE html><html><body> </body></html>")

    assert settled(app, id_of(where)) == "failed"
    assert "it may be a scan" in browse(cast.ben).get(where).main


def test_a_kind_without_text_is_not_waited_for(app: Flask, browse: Browse, cast: Cast) -> None:
    where = send(browse, cast, "noise.bin", bytes(range(256)) * 40)

    assert state(app, id_of(where)) == "none"
    assert "No text to read in this kind of file" in browse(cast.ben).get(where).main


@pytest.mark.parametrize("visit", ["item", "list", "search"])
def test_without_a_worker_a_file_waits_and_a_later_visit_offers_it(
    app: Flask, browse: Browse, cast: Cast, clock: Clock, visit: str
) -> None:
    where = send(browse, cast, "list.txt", FILES["list.txt"]())
    item = id_of(where)
    assert "Reading the text" in browse(cast.ben).get(where).main
    assert state(app, item) == "pending"
    clock.forward(minutes=5)
    jobs = resources_of(app).jobs
    jobs.start()
    try:
        assert state(app, item) == "pending"

        browse(cast.cleo).get(
            {"item": where, "list": f"{cast.case.url}/evidence/", "search": "/search?q=x"}[visit]
        )

        assert settled(app, item) == "done"
    finally:
        jobs.stop()
    assert browse(cast.ben).get("/search?q=heron").find("//*[@data-total='1']")


def test_work_of_a_worker_that_died_is_taken_up_again(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    item = add_evidence(app, cast.ben, cast.case.id, "list.txt", FILES["list.txt"]())
    with resources_of(app).database.writing() as session:
        row = session.get_one(Item, item)
        row.state, row.leased_until = "running", clock()
        session.commit()
    clock.forward(minutes=11)
    jobs = resources_of(app).jobs
    jobs.start()
    try:
        browse(cast.cleo).get(f"{cast.case.url}/evidence/{item}")

        assert settled(app, item) == "done"
    finally:
        jobs.stop()
