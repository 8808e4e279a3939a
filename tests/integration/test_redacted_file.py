"""A file for the funder: only what is seen on its pages crosses, under another name."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

import docx
import pypdfium2 as pdfium
import pytest
from PIL import Image

from casefile.evidence.orphans import examine
from casefile.milestones import files, service
from casefile.milestones.content import Entered
from tests.cast import change
from tests.grant_cast import Team, active, link, milestone_ids, prepare, step

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask

    from casefile.uow import Resources
    from tests.cast import Cast
    from tests.strict_browser import Browse

SECRET = "Zamira Toktomatova"


@pytest.fixture
def milestone(app: Flask, resources: Resources, cast: Cast, team: Team) -> UUID:
    award_id = active(resources, team, [step("Work", 100, "E4")])
    link(app, cast, award_id)
    return milestone_ids(resources, award_id)[0]


def pdf() -> bytes:
    """A page with words on it, an author in its metadata, an attachment and a script."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length 44>>stream\nBT /F 24 Tf 20 100 Td (Zamira said so) Tj ET  \nendstream",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Author(Zamira Toktomatova)/Title(xylograph)>>",
    ]
    body = b"%PDF-1.4\n"
    places = []
    for number, one in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj" % number + one + b"endobj\n"
    table = b"xref\n0 7\n0000000000 65535 f \n" + b"".join(
        b"%010d 00000 n \n" % at for at in places
    )
    end = b"trailer<</Size 7/Root 1 0 R/Info 6 0 R>>startxref\n%d\n%%%%EOF" % len(body)
    document = pdfium.PdfDocument(body + table + end)
    document.new_attachment("xylograph.txt").set_data(SECRET.encode())
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def send(
    browse: Browse,
    cast: Cast,
    milestone: UUID,
    content: bytes,
    status: int = 303,
    name: str = "z.pdf",
) -> str:
    url = f"{cast.case.url}/milestones/{milestone}/file"
    page = browse(cast.ben).post(url, status, files=[(name, content)])
    return page.text if status != 303 else ""


def test_only_pictures_of_the_pages_cross_and_the_preview_is_what_crosses(
    app: Flask, browse: Browse, resources: Resources, cast: Cast, team: Team, milestone: UUID
) -> None:
    original = pdf()
    assert pdfium.PdfDocument(original).count_attachments() == 1
    with pytest.raises(Exception, match="made for the funder"):
        prepare(app, cast, milestone, Entered())
    send(browse, cast, milestone, original, name=f"{SECRET}.pdf")
    url = f"{cast.case.url}/milestones/{milestone}"
    seen = browse(cast.eva).get(f"{url}/file").content
    base = prepare(app, cast, milestone, Entered())
    grants = f"/grants/milestones/{milestone}/files/1"
    browse(team.mira).get(grants, 404)

    browse(cast.eva).post(f"{url}/release", version=str(base))

    got = browse(team.mira).get(grants)
    assert got.content == seen
    assert "-M1.pdf" in got.headers["Content-Disposition"]
    assert got.headers["Content-Disposition"].startswith("attachment")
    shown = browse(team.mira).get(f"/grants/milestones/{milestone}")
    assert hashlib.sha256(seen).hexdigest() in shown.html.replace("</span><span>", "")
    stripped = pdfium.PdfDocument(seen)
    assert stripped.get_metadata_dict()["Author"] == stripped.get_metadata_dict()["Title"] == ""
    assert stripped.count_attachments() == 0
    assert stripped[0].get_textpage().get_text_bounded() == ""
    for word in (b"Zamira", b"JavaScript", b"xylograph", b"OpenAction"):
        assert word not in seen
    for word in (SECRET, "xylograph"):
        assert word not in shown.html
    picture = stripped[0].render(scale=1)
    assert len(set(bytes(picture.buffer))) > 1, "the page is not blank"


def test_what_cannot_be_stripped_is_refused_with_what_to_do(
    browse: Browse, resources: Resources, cast: Cast, team: Team, milestone: UUID
) -> None:
    before = {name for name, _size, _at in resources.vault.names()}
    document = io.BytesIO()
    docx.Document().save(document)
    assert "Save as PDF" in send(browse, cast, milestone, document.getvalue(), 422, "a.docx")
    assert "Save it as PDF" in send(browse, cast, milestone, b"GIF89a not this", 422, "a.pdf")
    assert "new PDF" in send(browse, cast, milestone, b"%PDF-1.7 broken", 422)
    assert "new PDF" in send(browse, cast, milestone, b"\xff\xd8\xff broken", 422, "a.jpg")
    assert "Choose the file" in send(browse, cast, milestone, b"", 422)
    browse(cast.eva).get(f"{cast.case.url}/milestones/{milestone}/file", 404)
    assert {name for name, _size, _at in resources.vault.names()} == before


def test_another_file_after_the_preview_stops_the_release_and_the_older_one_is_gone(
    app: Flask, browse: Browse, resources: Resources, cast: Cast, team: Team, milestone: UUID
) -> None:
    send(browse, cast, milestone, pdf())
    first = files.objects(resources)
    base = prepare(app, cast, milestone, Entered())
    send(browse, cast, milestone, pdf())

    page = browse(cast.eva).post(
        f"{cast.case.url}/milestones/{milestone}/release", 409, version=str(base)
    )

    assert "changed since the preview" in page.text
    names = {name for name, _size, _at in resources.vault.names()}
    assert not first & names
    assert files.objects(resources) <= names
    base = prepare(app, cast, milestone, Entered())
    change(app, cast.eva, cast.case.id, lambda u, c: service.release(u, c, milestone, base))


def photograph() -> bytes:
    """A red picture whose file names its author and where they stood."""
    told = Image.Exif()
    told[0x013B] = SECRET
    told.get_ifd(0x8825).update({1: "N", 2: (42.0, 52.0, 29.0)})
    written = io.BytesIO()
    Image.new("RGB", (60, 40), (200, 20, 20)).save(written, "JPEG", exif=told, comment=SECRET)
    return written.getvalue()


def text() -> bytes:
    return f"Беш миллион сом. {'word ' * 40}\n<b>not bold</b>\n".encode()


@pytest.mark.slow
@pytest.mark.parametrize(("content", "name"), [(photograph(), "a.jpg"), (text(), "a.txt")])
def test_a_photograph_and_a_text_are_made_anew_as_pictures_too(
    browse: Browse, cast: Cast, team: Team, milestone: UUID, content: bytes, name: str
) -> None:
    send(browse, cast, milestone, content, name=name)

    seen = browse(cast.eva).get(f"{cast.case.url}/milestones/{milestone}/file").content

    document = pdfium.PdfDocument(seen)
    assert len(document) == 1
    assert document[0].get_textpage().get_text_bounded() == ""
    assert SECRET.encode() not in seen
    assert b"GPS" not in seen
    assert len(set(bytes(document[0].render(scale=1).buffer))) > 1, "the page is not blank"


def test_a_file_for_the_funder_that_is_gone_is_missed(
    browse: Browse, resources: Resources, cast: Cast, team: Team, milestone: UUID
) -> None:
    send(browse, cast, milestone, pdf())
    (name,) = files.objects(resources)
    known = {"file for a funder": files.objects(resources)}
    whole = examine(resources, also_known=known)
    assert (whole["missing"], whole["orphans"]) == ([], [])

    resources.vault.delete(name)

    found = examine(resources, also_known=known)
    assert found["missing"] == [name]
    assert found["kinds"] == {name: "file for a funder"}
