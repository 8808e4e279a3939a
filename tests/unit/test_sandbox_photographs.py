"""A photograph handed over carries what is seen in it, and nothing else that its file knew."""

from __future__ import annotations

import io
import re
import zlib
from typing import TYPE_CHECKING

import pypdfium2 as pdfium
import pytest
from PIL import Image, PngImagePlugin, TiffImagePlugin

from casefile.sandbox import ExtractionError, Reason, as_pictures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WORD = "Xylograph"
RED, BLUE = (200, 20, 20), (20, 20, 200)


def exif(thumbnail: bytes = b"") -> bytes:
    """Every drawer of EXIF: who took it, where, with which camera, and words of their own."""
    told = Image.Exif()
    told[0x010E] = told[0x013B] = told[0x8298] = told[0x0110] = WORD
    told[0x9C9C] = f"{WORD}\0".encode("utf-16-le")
    told.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0" + WORD.encode()
    told.get_ifd(0x8769)[0xA431] = WORD
    told.get_ifd(0x8825).update({1: "N", 2: (42.0, 52.0, 29.0), 27: WORD.encode()})
    return told.tobytes() + thumbnail


def xmp() -> bytes:
    return (
        f"<x:xmpmeta xmlns:x='adobe:ns:meta/'><dc:creator>{WORD}</dc:creator></x:xmpmeta>".encode()
    )


def written(kind: str, picture: Image.Image | None = None, **more: object) -> bytes:
    file = io.BytesIO()
    (picture or Image.new("RGB", (80, 60), RED)).save(file, kind, **more)
    return file.getvalue()


def jpeg() -> bytes:
    small = written("JPEG", Image.new("RGB", (16, 12), RED), comment=WORD)
    whole = written(
        "JPEG", exif=exif(small), xmp=xmp(), comment=WORD, icc_profile=b"\0" * 40 + WORD.encode()
    )
    return whole + WORD.encode()


def png() -> bytes:
    told = PngImagePlugin.PngInfo()
    told.add_text("Author", WORD)
    told.add_text("Comment", WORD, zip=True)
    told.add_itxt("XML:com.adobe.xmp", xmp().decode())
    told.add_itxt("Title", WORD, zip=True)
    whole = written("PNG", pnginfo=told, exif=exif(), icc_profile=b"\0" * 40 + WORD.encode())
    return whole + WORD.encode()


def tiff() -> bytes:
    told = TiffImagePlugin.ImageFileDirectory_v2()
    told[270] = told[315] = told[33432] = WORD
    told[700] = xmp()
    return written("TIFF", tiffinfo=told, icc_profile=b"\0" * 40 + WORD.encode())


def webp() -> bytes:
    return written("WEBP", exif=exif(), xmp=xmp(), icc_profile=b"\0" * 40 + WORD.encode())


def everything(content: bytes) -> bytes:
    """Return a file with all that is packed in it unpacked."""
    found = [content]
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", content, re.DOTALL):
        try:
            found.append(zlib.decompress(stream))
        except zlib.error:
            continue
    return b"".join(found)


def says(content: bytes) -> bool:
    return any(WORD.encode(how) in everything(content) for how in ("ascii", "utf-16-le"))


def pages(media_type: str, content: bytes) -> list[Image.Image]:
    document = pdfium.PdfDocument(as_pictures(media_type, [content]))
    return [page.render(scale=1).to_pil().convert("RGB") for page in document]


def near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(abs(a - b) < 30 for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("media_type", "make"),
    [("image/jpeg", jpeg), ("image/png", png), ("image/tiff", tiff), ("image/webp", webp)],
)
def test_words_planted_in_every_drawer_of_a_picture_stay_behind(
    media_type: str, make: Callable[[], bytes]
) -> None:
    content = make()
    assert says(content)

    made = as_pictures(media_type, [content])

    assert not says(made)
    assert not re.search(rb"Exif|photoshop|adobe|ICC_PROFILE|DateTime|GPS", everything(made))
    document = pdfium.PdfDocument(made)
    told = {key for key, value in document.get_metadata_dict().items() if value}
    assert told <= {"CreationDate", "Creator", "Producer"}, "when and by which library it was made"
    assert near(document[0].render().to_pil().convert("RGB").getpixel((5, 5)), RED)
    taken_out = io.BytesIO()
    next(iter(document[0].get_objects())).extract(taken_out)
    with Image.open(taken_out) as picture:
        assert not picture.getexif()
        assert not picture.info.keys() & {"exif", "comment", "icc_profile", "xmp", "photoshop"}


def test_what_lies_below_full_transparency_is_not_seen_and_does_not_cross() -> None:
    picture = Image.new("RGBA", (60, 60), (*BLUE, 0))

    (page,) = pages("image/png", written("PNG", picture))

    assert page.getextrema() == ((255, 255),) * 3


def test_a_photograph_stands_the_way_it_is_looked_at() -> None:
    picture = Image.new("RGB", (120, 60), RED)
    picture.paste(BLUE, (60, 0, 120, 60))
    turned = Image.Exif()
    turned[0x0112] = 6

    (page,) = pages("image/jpeg", written("JPEG", picture, exif=turned, quality=95))

    assert page.height > page.width
    assert near(page.getpixel((page.width // 2, 3)), RED)
    assert near(page.getpixel((page.width // 2, page.height - 4)), BLUE)


def frames() -> Iterator[Image.Image]:
    yield Image.new("RGB", (40, 40), RED)
    yield Image.new("RGB", (40, 40), BLUE)
    small = Image.new("RGB", (10, 10), BLUE)
    small.encoderinfo = {"tiffinfo": {254: 1}}
    yield small


def test_every_page_of_a_scan_crosses_but_not_the_small_copy_beside_it() -> None:
    first, *others = frames()

    seen = pages("image/tiff", written("TIFF", first, save_all=True, append_images=others))

    assert len(seen) == 2
    assert near(seen[0].getpixel((5, 5)), RED)
    assert near(seen[1].getpixel((5, 5)), BLUE)


def test_of_a_moving_picture_only_the_first_one_crosses() -> None:
    first, second, _small = frames()

    (seen,) = pages("image/webp", written("WEBP", first, save_all=True, append_images=[second]))

    assert near(seen.getpixel((5, 5)), RED)


def test_a_scan_with_sixteen_bits_of_grey_is_not_washed_out() -> None:
    (seen,) = pages("image/png", written("PNG", Image.new("I;16", (40, 40), 30_000)))

    assert near(seen.getpixel((5, 5)), (117, 117, 117))


def bomb() -> bytes:
    head = b"IHDR" + (60_000).to_bytes(4) + (60_000).to_bytes(4) + bytes([8, 2, 0, 0, 0])
    return (
        b"\x89PNG\r\n\x1a\n"
        + (13).to_bytes(4)
        + head
        + zlib.crc32(head).to_bytes(4)
        + written("PNG")[33:]
    )


@pytest.mark.parametrize(
    ("media_type", "content", "reason"),
    [
        ("image/jpeg", written("JPEG")[:200], Reason.DAMAGED),
        ("image/png", bomb(), Reason.TOO_LARGE),
        ("image/tiff", b"II*\0" + b"\xff" * 40, Reason.DAMAGED),
        ("image/gif", written("GIF"), Reason.UNREADABLE_KIND),
    ],
)
def test_what_cannot_be_painted_anew_is_refused_with_the_reason(
    media_type: str, content: bytes, reason: Reason
) -> None:
    with pytest.raises(ExtractionError) as caught:
        as_pictures(media_type, [content])

    assert caught.value.reason is reason
