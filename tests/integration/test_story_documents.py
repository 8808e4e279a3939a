from __future__ import annotations

import io
from typing import TYPE_CHECKING

import docx
import pypdfium2
import pytest
from sqlalchemy import select

from casefile.audit import Entry
from casefile.sandbox import making
from tests import newsdesk
from tests.cast import resources_of
from tests.unit.test_sandbox_word import rewritten, saved

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse, Page, StrictBrowser

DRAFT = """# The works

[The second pier was **paid for twice**.](c:) See [E-1] and [the minister](https://gov.example/m).

1. first
2. second

- a point
    - a point below

> Said at night.

| sum | for |
| --- | --- |
| 200 | pier |
"""


def written() -> bytes:
    document = docx.Document()
    document.add_heading("Отчёт о мосте", 1)
    paragraph = document.add_paragraph("The pier was ")
    paragraph.add_run("paid").bold = True
    paragraph.add_run(" for ")
    paragraph.add_run("twice").italic = True
    document.add_paragraph("one", style="List Bullet")
    document.add_paragraph("two", style="List Number")
    return saved(document)


def send(browser: StrictBrowser, path: str, content: bytes, status: int, **fields: str) -> Page:
    return browser.post(path, status, files=[("draft.docx", content)], **fields)


def actions(app: Flask, subject: UUID) -> list[str]:
    with resources_of(app).database.reading() as session:
        wanted = select(Entry.action).where(Entry.subject_id == subject)
        return list(session.scalars(wanted.order_by(Entry.sequence)))


def test_a_word_file_fills_the_draft_and_what_was_typed_stays(browse: Browse, cast: Cast) -> None:
    path = f"{cast.case.url}/stories/import"
    page = send(browse(cast.ben), path, written(), 200, language="ru", outlet="Weekly", body="Mine")

    assert page.value("body").strip() == (
        "Mine\n\n# Отчёт о мосте\n\nThe pier was **paid** for *twice*\n\n- one\n1. two"
    )
    assert (page.value("language"), page.value("outlet")) == ("ru", "Weekly")
    assert page.value("title") == "Отчёт о мосте"
    assert "nothing is saved yet" in page.main
    assert "No stories yet" in browse(cast.ben).get(f"{cast.case.url}/stories/").main


def test_a_word_file_goes_into_the_draft_of_a_story_and_is_saved_over_what_was_there(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.begin(app, cast)
    where, ben = f"{newsdesk.url(cast, story)}/texts/en", browse(cast.ben)
    page = send(ben, f"{where}/import", written(), 200, title="Kept", body="", version="1")
    assert page.value("title") == "Kept"

    ben.post(where, title="Kept", body=page.value("body"), version=page.value("version"))
    found = newsdesk.story(app, cast.ben, cast.case.id, story).text("en")
    assert found is not None
    assert found.version == 2
    assert "**paid**" in found.body


MACRO = rewritten(written(), lambda parts: parts.update({"word/vbaProject.bin": b"x"}))
MACRO_KIND = rewritten(
    written(),
    lambda parts: parts.update(
        {
            "[Content_Types].xml": parts["[Content_Types].xml"].replace(
                b"vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
                b"vnd.ms-word.document.macroEnabled.main+xml",
            )
        }
    ),
)
BOMB = rewritten(written(), lambda parts: parts.update({"word/media/a.png": bytes(140 << 20)}))
LOCKED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le")


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (MACRO, 422, "holds macros"),
        (MACRO_KIND, 422, "holds macros"),
        (BOMB, 422, "unpacks to far more"),
        (LOCKED, 422, "protected with a password"),
        (b"%PDF-1.7 a paper", 422, "not a Word file"),
        (written()[:-300], 422, "damaged"),
        (b"", 422, "Choose a Word file"),
        (saved(docx.Document()), 422, "no words"),
    ],
    ids=["vba", "kind", "bomb", "locked", "pdf", "cut", "none", "empty"],
)
def test_a_hostile_file_is_refused_and_the_form_comes_back(
    app: Flask, browse: Browse, cast: Cast, content: bytes, status: int, words: str
) -> None:
    path, kept = f"{cast.case.url}/stories/import", list(vault_files(app))
    page = send(browse(cast.ben), path, content, status, title="Mine", body="Typed", language="ky")

    assert words in page.problems()
    assert (page.value("title"), page.value("body")) == ("Mine", "Typed")
    assert page.value("language") == "ky"
    assert list(vault_files(app)) == kept


def test_a_file_that_is_too_large_is_not_opened(
    browse: Browse, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "DRAFT_BYTES", 1000)
    page = send(
        browse(cast.ben), f"{cast.case.url}/stories/import", written(), 413, title="A", body="B"
    )

    assert "larger than 16 MiB" in page.problems()
    assert page.value("body") == "B"


def vault_files(app: Flask) -> list[str]:
    folder = resources_of(app).settings.instance / "vault"
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def export(browser: StrictBrowser, where: str, status: int = 200, **asked: str) -> Page:
    return browser.post(f"{where}/export", status, **{"language": "en", "form": "docx", **asked})


def test_a_draft_is_exported_without_marks_or_with_its_claims_below(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.begin(app, cast, DRAFT)
    newsdesk.support(app, cast.ben, cast, story)
    newsdesk.check(app, cast.eva, cast, story)
    where, cleo = newsdesk.url(cast, story), browse(cast.cleo)

    page = export(cleo, where)
    document = docx.Document(io.BytesIO(page.content))
    told = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert page.headers["Content-Disposition"] == (
        f'attachment; filename="{cast.case.codename}-S-1.docx"'
    )
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert "The second pier was paid for twice. See and the minister." in told
    for sign in ("](", "E-1", "Claims", "**"):
        assert sign not in told
    assert document.core_properties.author == ""
    styles = {p.text: p.style.name for p in document.paragraphs if p.style is not None}
    assert styles["first"] == "List Number"
    assert styles["a point below"] == "List Bullet 2"
    assert styles["Said at night."] == "Quote"
    assert document.tables[0].cell(1, 1).text == "pier"

    page = export(cleo, where, claims="1")
    document = docx.Document(io.BytesIO(page.content))
    told = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert "1  The second pier was paid for twice." in told
    assert "Verified. Rests on: E-1, p. 1." in told

    html = export(cleo, where, form="html", claims="1")
    assert html.headers["Content-Disposition"].endswith('-S-1.html"')
    assert "Verified. Rests on: E-1, p. 1." in html.text
    assert not html.find("//script | //link | //img | //@style")
    assert html.find("//sup/a/@href") == ["#claim-1"]
    assert "c:1" not in export(cleo, where, form="html").html
    assert actions(app, story).count("story.exported") == 4


def test_the_pages_of_an_export_refuse_what_makes_no_sense(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.begin(app, cast)
    where, ben = newsdesk.url(cast, story), browse(cast.ben)

    assert "Export the draft" in ben.get(f"{where}/export?lang=xx").main
    export(ben, where, 422, form="exe")
    browse(cast.dan).post(f"{where}/export", 404, language="en", form="docx")
    assert "story.exported" not in actions(app, story)


def test_the_dossier_shows_claims_with_verdict_support_and_custody(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.approved(app, cast)
    page = browse(cast.cleo).get(f"{newsdesk.url(cast, story)}/dossier")

    for words in (
        "C-1 The second pier was paid for twice.",
        "Compared with the ledger.",
        "E-1 p. 1",
        "ledger.txt",
        "Ben Writer",
        "SHA-256",
        "Eva Editor approved it",
    ):
        assert words in page.main
    browse(cast.cleo).get(f"{newsdesk.url(cast, story)}/dossier")
    assert actions(app, story).count("story.dossier_opened") == 1


def test_the_dossier_comes_as_pdf_and_says_how_to_print_without_one(
    app: Flask, browse: Browse, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = newsdesk.approved(app, cast)
    where, cleo = f"{newsdesk.url(cast, story)}/dossier.pdf", browse(cast.cleo)
    page = cleo.get(where)
    opened = pypdfium2.PdfDocument(page.content)
    told = " ".join(opened[number].get_textpage().get_text_range() for number in range(len(opened)))
    opened.close()
    assert page.type == "application/pdf"
    assert "paid for twice" in told
    assert actions(app, story)[-1] == "story.exported"

    monkeypatch.setattr("casefile.sandbox.extraction._START", "raise ImportError")
    assert "choose Print in the browser" in cleo.get(where, 503).main
