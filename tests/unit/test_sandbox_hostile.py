"""Whatever the bytes are: an answer or a reason, soon, and nothing left behind."""

from __future__ import annotations

import io
import os
import zipfile
from email.message import EmailMessage
from importlib import import_module
from typing import TYPE_CHECKING

import docx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from casefile.sandbox import ExtractionError, Limits, Reason, extract
from casefile.sandbox.formats import READERS
from casefile.sandbox.reader.output import Output, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterable

pytestmark = pytest.mark.slow

SMALL = Limits(
    input_bytes=1 << 20,
    unpacked_bytes=1 << 20,
    memory_bytes=512 << 20,
    characters=100_000,
    pages=100,
    cpu_seconds=5,
    seconds=15,
)
# PDFium is left out here: it is not Python, and a crash would end the test run itself.
PYTHON_READERS = sorted(set(READERS.values()) - {"pdf"})


def tries(number: int) -> settings:
    slow = [HealthCheck.too_slow]
    return settings(max_examples=number, deadline=None, suppress_health_check=slow)


def document() -> bytes:
    file = io.BytesIO()
    written = docx.Document()
    written.add_paragraph("Договор")
    written.save(file)
    return file.getvalue()


def body(xml: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(
            "_rels/.rels",
            '<Relationships><Relationship Type="/officeDocument" Target="a"/></Relationships>',
        )
        archive.writestr("a", xml)
    return file.getvalue()


def letter() -> bytes:
    message = EmailMessage()
    message["From"], message["Subject"] = "ann@example.org", "Договор"
    message.set_content("Подписан.")
    message.add_alternative("<p>Подписан.", subtype="html")
    message.add_attachment(b"x", maintype="image", subtype="png", filename="фото.png")
    return message.as_bytes()


PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1"
    b">>endobj 3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>endobj 4 0 obj"
    b"<</Length 9>>stream\nBT (x) Tj ET\nendstream endobj trailer<</Root 1 0 R>>"
)
SAMPLES = (
    PDF,
    document(),
    letter(),
    "<table><tr><td>Договор<script>x</script></table>".encode("cp1251"),
    "id;имя\r\n".encode("utf-16"),
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A sound file with some bytes changed, a piece cut out, or a piece said twice."""
    content = bytearray(draw(st.sampled_from(SAMPLES)))
    place = st.integers(0, len(content) - 1)
    for _ in range(draw(st.integers(0, 8))):
        content[draw(place)] = draw(st.integers(0, 255))
    start, stop = sorted((draw(place), draw(place)))
    how = draw(st.sampled_from(["keep", "cut", "twice"]))
    if how == "cut":
        del content[start:stop]
    elif how == "twice":
        content[start:start] = content[start:stop]
    return bytes(content)


def answered(kind: str, blocks: Iterable[bytes]) -> bool:
    try:
        pages = extract(kind, blocks, limits=SMALL)
    except ExtractionError as error:
        return error.reason not in {Reason.NOT_STARTED, Reason.TOO_SLOW}
    return len(pages) <= SMALL.pages and sum(map(len, pages)) <= SMALL.characters


ANYTHING = st.one_of(st.binary(max_size=3000), damaged(), st.binary(max_size=300).map(body))


@pytest.mark.parametrize("reader", PYTHON_READERS)
@tries(150)
@given(content=ANYTHING)
@example(content=b"PK\x05\x06" + bytes(18))
@example(content=b"\xff\xfe\x00\x00")
def test_a_reader_gives_text_or_one_of_our_reasons(reader: str, content: bytes) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    output = Output(nowhere, SMALL)
    try:
        import_module(f"casefile.sandbox.reader.{reader}").extract(io.BytesIO(content), output)
        output.finish()
    except UnreadableError:
        pass
    finally:
        os.close(nowhere)


@pytest.mark.parametrize(
    "kind", sorted({reader: kind for kind, reader in READERS.items()}.values())
)
@tries(12)
@given(content=ANYTHING, block=st.integers(1, 1000))
def test_any_bytes_as_any_kind_are_answered_in_time(kind: str, content: bytes, block: int) -> None:
    blocks = (content[start : start + block] for start in range(0, len(content), block))

    assert answered(kind, blocks)


@tries(30)
@given(content=damaged())
def test_a_damaged_pdf_is_answered_in_time(content: bytes) -> None:
    assert answered("application/pdf", [content])
