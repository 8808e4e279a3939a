"""A photograph or a scan painted anew on the pages of a PDF: what is not seen in it stays behind.

The colours of every pixel are read and written as a new picture; nothing else of the file is taken.
"""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import TYPE_CHECKING

import pypdfium2 as pdfium
from PIL import (
    Image,
    ImageOps,
    ImageSequence,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from casefile.sandbox.reader.output import UnreadableError
from casefile.sandbox.reader.pictures import MOST_PAGES, MOST_PIXELS, give_back
from casefile.sandbox.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from casefile.sandbox.reader.output import Output

KINDS = ("JPEG", "PNG", "TIFF", "WEBP")
# All that Pillow would otherwise look for on the disk once the file is there.
LOADED = (JpegImagePlugin, MpoImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin)
TO_READ = 120_000_000
QUALITY = 88
POINTS_PER_PIXEL = 72 / 150
LONGEST_SIDE = 842
# A smaller copy or a mask beside the picture itself, which no program shows.
NOT_A_PAGE = 0b101
SUBFILE_KIND = 254
PLAIN = frozenset({"1", "L", "P", "RGB", "CMYK", "YCbCr", "LAB", "HSV", "RGBX"})
SEE_THROUGH = frozenset({"RGBA", "LA", "PA", "La", "RGBa"})
DEEP = "I;16"

Image.preinit()
Image.MAX_IMAGE_PIXELS = TO_READ


def extract(file: BytesIO, output: Output) -> None:
    """Give back the new file, in base64, piece by piece."""
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    made, count = pdfium.PdfDocument.new(), 0
    try:
        for picture in _pages(file):
            count += 1
            if count > MOST_PAGES:
                raise UnreadableError(Reason.TOO_MANY_PAGES)
            _paint(picture, made)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnreadableError(Reason.TOO_LARGE) from error
    except (OSError, SyntaxError, ValueError, KeyError, TypeError, pdfium.PdfiumError) as error:
        raise UnreadableError(Reason.DAMAGED) from error
    if not count:
        raise UnreadableError(Reason.DAMAGED)
    give_back(made, output)


def _pages(file: BytesIO) -> Iterator[Image.Image]:
    """Go through the pages of a TIFF; of all else, which may move, through the first picture."""
    opened = Image.open(file, formats=KINDS)
    if not isinstance(opened, TiffImagePlugin.TiffImageFile):
        opened.draft("RGB", _fitting(opened.size))
        yield opened
        return
    for frame in ImageSequence.Iterator(opened):
        kind = opened.tag_v2.get(SUBFILE_KIND, 0)
        if not isinstance(kind, int) or not kind & NOT_A_PAGE:
            yield frame


def _fitting(size: tuple[int, int]) -> tuple[int, int]:
    width, height = size
    if width * height > TO_READ:
        raise UnreadableError(Reason.TOO_LARGE)
    share = min(1.0, (MOST_PIXELS / max(1, width * height)) ** 0.5)
    return max(1, round(width * share)), max(1, round(height * share))


def _paint(picture: Image.Image, made: pdfium.PdfDocument) -> None:
    seen = _seen(ImageOps.exif_transpose(picture))
    size = _fitting(seen.size)
    # A new canvas: what a picture carries with it would be written with it.
    canvas = Image.new("RGB", size, "white")
    canvas.paste(seen if size == seen.size else seen.resize(size, Image.Resampling.LANCZOS))
    written = BytesIO()
    canvas.save(written, "JPEG", quality=QUALITY)
    scale = min(POINTS_PER_PIXEL, LONGEST_SIDE / max(size))
    width, height = (max(1.0, side * scale) for side in size)
    page, image = made.new_page(width, height), pdfium.PdfImage.new(made)
    image.load_jpeg(written, inline=True)
    image.set_matrix(pdfium.PdfMatrix().scale(width, height))
    page.insert_obj(image)
    page.gen_content()
    page.close()


def _seen(picture: Image.Image) -> Image.Image:
    """Return what is seen: colours below glass that lets nothing through are not."""
    _fitting(picture.size)
    if picture.mode.startswith(DEEP):
        return picture.point(lambda level: level * (1 / 256)).convert("L").convert("RGB")
    if picture.mode in SEE_THROUGH or "transparency" in picture.info:
        over = picture.convert("RGBA")
        ground = Image.new("RGBA", over.size, "white")
        ground.alpha_composite(over)
        return ground.convert("RGB")
    if picture.mode not in PLAIN:
        raise UnreadableError(Reason.UNREADABLE_KIND)
    return picture.convert("RGB")
