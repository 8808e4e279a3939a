from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from casefile.sandbox import ExtractionError, Limits, Reason, extract
from tests.chromium import CHROMIUM, NO_CHROMIUM

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SHORT = Limits(seconds=20)


def pdf(objects: Iterable[bytes], trailer: bytes = b"") -> bytes:
    """Numbers the objects from 1 and writes the table; the first is the catalogue."""
    content = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, each in enumerate(objects, 1):
        offsets.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = len(content)
    content += b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1)
    content += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    content += b"trailer\n<</Size %d /Root 1 0 R %s>>\n" % (len(offsets) + 1, trailer)
    return bytes(content + b"startxref\n%d\n%%%%EOF\n" % table)


def shown(words: str, *, at: str = "20 100") -> bytes:
    stream = f"BT /F1 12 Tf {at} Td ({words}) Tj ET".encode("latin-1") if words else b""
    return b"<</Length %d>>\nstream\n%s\nendstream" % (len(stream), stream)


def pages(*streams: bytes, extra: bytes = b"", trailer: bytes = b"") -> bytes:
    kids = b" ".join(b"%d 0 R" % (4 + 2 * number) for number in range(len(streams)))
    objects = [
        b"<</Type /Catalog /Pages 2 0 R>>",
        b"<</Type /Pages /Kids [%s] /Count %d>>" % (kids, len(streams)),
        b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>",
    ]
    for number, stream in enumerate(streams):
        objects.append(
            b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents %d 0 R "
            b"/Resources <</Font <</F1 3 0 R>>>> %s>>" % (5 + 2 * number, extra)
        )
        objects.append(stream)
    return pdf(objects, trailer)


def read(content: bytes, limits: Limits = SHORT) -> list[str]:
    return extract("application/pdf", [content], limits=limits)


def refusal(content: bytes, limits: Limits = SHORT) -> Reason:
    with pytest.raises(ExtractionError) as caught:
        read(content, limits)
    return caught.value.reason


def test_each_page_has_its_text() -> None:
    assert read(pages(shown("first page"), shown("second page"))) == ["first page", "second page"]


def test_a_scanned_page_is_an_empty_string() -> None:
    assert read(pages(shown(""), shown("typed"), shown(""))) == ["", "typed", ""]


def test_text_laid_outside_the_visible_page_is_read_too() -> None:
    assert read(pages(shown("hidden", at="900 900"))) == ["hidden"]


def test_comments_and_what_was_typed_into_a_form_are_read() -> None:
    comment = "проверить".encode("utf-16-be").hex().encode()
    extra = (
        b"/Annots [<</Type /Annot /Subtype /Text /Rect [0 0 9 9] /Contents <feff%s>>> "
        b"<</Type /Annot /Subtype /Widget /FT /Tx /Rect [0 0 9 9] /T (a) /V (14 million)>>]"
        % comment
    )

    assert read(pages(shown("form"), extra=extra)) == ["form\nпроверить\n14 million"]


def test_a_protected_file_is_said_to_be_protected() -> None:
    lock = b"/Encrypt <</Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s>>> /ID [<00><00>]" % (
        b"ab" * 32,
        b"cd" * 32,
    )

    assert refusal(pages(shown("secret"), trailer=lock)) is Reason.ENCRYPTED


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"%PDF-1.7\n" + b"\0" * 500, b"no pdf"])
def test_a_damaged_file_is_said_to_be_damaged(content: bytes) -> None:
    assert refusal(content) is Reason.DAMAGED


@pytest.mark.slow
def test_a_file_cut_short_is_read_as_far_as_it_goes_or_refused() -> None:
    whole = pages(shown("first"), shown("second"))

    for cut in range(20, len(whole), 40):
        try:
            found = read(whole[:cut])
        except ExtractionError as error:
            found = [error.message]
        assert set(found) <= {"", "first", "second", str(Reason.DAMAGED)}


def test_a_hundred_thousand_pages_are_refused_quickly() -> None:
    kids = b"4 0 R " * 100_000
    content = pdf(
        [
            b"<</Type /Catalog /Pages 2 0 R>>",
            b"<</Type /Pages /Kids [%s] /Count 100000>>" % kids,
            b"<<>>",
            b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 9 9]>>",
        ]
    )
    started = time.monotonic()

    assert refusal(content) is Reason.TOO_MANY_PAGES
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("count", [b"-1", b"0", b"9", b"2147483647"])
def test_a_file_that_lies_about_its_number_of_pages_does_no_harm(count: bytes) -> None:
    content = pages(shown("one")).replace(b"/Count 1>>", b"/Count %s>>" % count)

    assert "".join(read(content)) == "one"


def test_too_much_text_on_one_page_is_refused() -> None:
    assert refusal(pages(shown("words " * 1000)), Limits(characters=100)) is Reason.TOO_MUCH_TEXT


def test_too_much_text_over_all_pages_is_refused() -> None:
    content = pages(*[shown("sixty characters " * 4)] * 10)

    assert refusal(content, Limits(characters=300)) is Reason.TOO_MUCH_TEXT


@pytest.mark.parametrize(
    "stream",
    [
        b"<</Length 9 /Filter /FlateDecode>>\nstream\nnot packed\nendstream",
        b"<</Length -5>>\nstream\nBT (x) Tj\nendstream",
        b"<</Length 30>>\nstream\n" + b"q " * 100_000 + b"\nendstream",
        b"<</Length 30>>\nstream\nBT /F9 1e38 Tf (x) Tj ET\nendstream",
        b"5 0 R",
        b"[" * 10_000,
    ],
)
def test_malformed_pages_are_empty_or_refused(stream: bytes) -> None:
    try:
        found = read(pages(stream))
    except ExtractionError:
        return
    assert "".join(found).strip("x") == ""


@pytest.mark.slow
def test_a_printed_page_in_kyrgyz_and_russian_is_read(tmp_path: Path) -> None:
    if CHROMIUM is None:
        pytest.skip(NO_CHROMIUM)
    (tmp_path / "page.html").write_text(
        "<meta charset=utf-8><p>Өкмөттүн чечими: жаңы жол.</p>"
        "<p style='width: 90px; hyphens: manual'>государ&shy;ствен&shy;ный контракт</p>"
        "<p style='break-before: page'>Вторая страница 😀</p>"
    )
    switches = (
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
        *("--disable-component-update", "--disable-sync", "--no-pdf-header-footer"),
    )
    subprocess.run(
        [
            *(str(CHROMIUM), *switches),
            f"--user-data-dir={tmp_path / 'profile'}",
            *(f"--print-to-pdf={tmp_path / 'page.pdf'}", str(tmp_path / "page.html")),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )

    first, second = read((tmp_path / "page.pdf").read_bytes())

    assert "Өкмөттүн чечими: жаңы жол." in first
    assert "государственный" in first
    assert second == "Вторая страница 😀"
