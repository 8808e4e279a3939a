"""A PDF made anew of pictures of its pages: what is not seen on them is in it no more."""

from __future__ import annotations

import base64
from io import BytesIO
from typing import TYPE_CHECKING

import pypdfium2 as pdfium

from casefile.sandbox.reader.output import UnreadableError
from casefile.sandbox.reader.pdf import opened
from casefile.sandbox.reasons import Reason

if TYPE_CHECKING:
    from casefile.sandbox.reader.output import Output

DOTS = 150 / 72
MOST_PIXELS = 6_000_000
MOST_PAGES = 60
PART_BYTES = 3 << 18


def extract(file: BytesIO, output: Output) -> None:
    """Give back the new file, in base64, piece by piece."""
    document, made = opened(file), pdfium.PdfDocument.new()
    if len(document) > MOST_PAGES:
        raise UnreadableError(Reason.TOO_MANY_PAGES)
    try:
        for number in range(len(document)):
            _copy(document, number, made)
    except (pdfium.PdfiumError, ValueError) as error:
        raise UnreadableError(Reason.DAMAGED) from error
    give_back(made, output)


def give_back(made: pdfium.PdfDocument, output: Output) -> None:
    """Hand a new PDF out in base64, piece by piece."""
    written = BytesIO()
    made.save(written)
    content = written.getvalue()
    for start in range(0, len(content), PART_BYTES):
        output.page(base64.b64encode(content[start : start + PART_BYTES]).decode("ascii"))


def _copy(document: pdfium.PdfDocument, number: int, made: pdfium.PdfDocument) -> None:
    page = document[number]
    width, height = page.get_size()
    if width < 1 or height < 1:
        raise UnreadableError(Reason.DAMAGED)
    scale = min(DOTS, (MOST_PIXELS / (width * height)) ** 0.5)
    picture = page.render(scale=scale, rev_byteorder=False)
    fresh, image = made.new_page(width, height), pdfium.PdfImage.new(made)
    image.set_bitmap(picture)
    image.set_matrix(pdfium.PdfMatrix().scale(width, height))
    fresh.insert_obj(image)
    fresh.gen_content()
    page.close()
    picture.close()
