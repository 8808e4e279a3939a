"""PDF: the text of each page as it lies there, and what people noted on it."""

from __future__ import annotations

import ctypes
import re
from typing import TYPE_CHECKING

import pypdfium2 as pdfium
import pypdfium2.raw as library

from casefile.sandbox.reader.output import UnreadableError
from casefile.sandbox.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BytesIO

    from casefile.sandbox.reader.output import Output

# The whole plane: text laid outside the visible page is text all the same.
_EVERYWHERE = {"left": -1e7, "bottom": -1e7, "right": 1e7, "top": 1e7}
# PDFium's mark for a hyphen at the end of a line, or the hyphen itself if the font has its own.
_WORD_DIVIDED = re.compile(r"\x02|\ufffe|(?<=\w)\u2010\s*\n(?=\w)")
_MOST_NOTES = 1_000
_MOST_NOTE_BYTES = 1 << 20
_EMPTY_NOTE_BYTES = 2


def extract(file: BytesIO, output: Output) -> None:
    document = opened(file)
    count = len(document)
    if count > output.limits.pages:
        raise UnreadableError(Reason.TOO_MANY_PAGES)
    broken = 0
    for number in range(count):
        try:
            output.page(_page_text(document, number, output.limits.characters))
        except pdfium.PdfiumError:
            broken += 1
            if broken == count:
                raise UnreadableError(Reason.DAMAGED) from None
            output.page("")


def opened(file: BytesIO) -> pdfium.PdfDocument:
    content = file.getbuffer()
    if not content:
        raise UnreadableError(Reason.DAMAGED)
    try:
        return pdfium.PdfDocument((ctypes.c_ubyte * len(content)).from_buffer(content))
    except pdfium.PdfiumError as error:
        locked = error.err_code in {library.FPDF_ERR_PASSWORD, library.FPDF_ERR_SECURITY}
        raise UnreadableError(Reason.ENCRYPTED if locked else Reason.DAMAGED) from error


def _page_text(document: pdfium.PdfDocument, number: int, most_characters: int) -> str:
    page = document[number]
    try:
        text_page = page.get_textpage()
        if text_page.count_chars() > most_characters:
            raise UnreadableError(Reason.TOO_MUCH_TEXT)
        text = text_page.get_text_bounded(**_EVERYWHERE).replace("\r\n", "\n")
        return "\n".join([_WORD_DIVIDED.sub("", text), *_notes(page)])
    finally:
        page.close()


def _notes(page: pdfium.PdfPage) -> Iterator[str]:
    """Comments, and what was typed into the fields of a form."""
    for number in range(min(library.FPDFPage_GetAnnotCount(page), _MOST_NOTES)):
        note = library.FPDFPage_GetAnnot(page, number)
        if not note:
            continue
        for key in (b"Contents", b"V"):
            size = library.FPDFAnnot_GetStringValue(note, key, None, 0)
            if _EMPTY_NOTE_BYTES < size <= _MOST_NOTE_BYTES:
                text = (library.FPDF_WCHAR * (size // 2))()
                library.FPDFAnnot_GetStringValue(note, key, text, size)
                yield bytes(text).decode("utf-16-le", "replace").rstrip("\0")
        library.FPDFPage_CloseAnnot(note)
