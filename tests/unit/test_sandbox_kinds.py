from __future__ import annotations

import io
import struct
import wave
import zipfile
from email.message import EmailMessage

import docx
import openpyxl  # type: ignore[import-untyped]
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from casefile.sandbox import EXTRACTABLE, media_type

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
OCTETS = "application/octet-stream"
EXECUTABLE = "application/vnd.microsoft.portable-executable"
PROGRAM = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff" + bytes(100) + b"PE\0\0"


def kind(content: bytes, name: str = "file", *, sized: bool = True) -> str:
    size = len(content) if sized else None
    return media_type(content[:4096], name, lambda start, stop: content[start:stop], size=size)


def zipped(*names: str, first: bytes = b"", pad: int = 0) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        if first:
            archive.writestr("mimetype", first, zipfile.ZIP_STORED)
        if pad:
            archive.writestr("padding", bytes(range(256)) * (pad // 256), zipfile.ZIP_STORED)
        for name in names:
            archive.writestr(name, "<x/>")
    return file.getvalue()


def word() -> bytes:
    file = io.BytesIO()
    docx.Document().save(file)
    return file.getvalue()


def excel() -> bytes:
    file = io.BytesIO()
    openpyxl.Workbook().save(file)
    return file.getvalue()


def letter() -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "ann@example.org", "b@example.org", "Битум"
    message["Message-ID"] = "<1@example.org>"
    message.set_content("Договор подписан.")
    return message.as_bytes()


def ole(stream: str) -> bytes:
    header = bytearray(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0"))
    header[30:32] = struct.pack("<H", 9)
    header[48:52] = struct.pack("<I", 20)
    directory = b"".join(
        name.encode("utf-16-le").ljust(64, b"\0")
        + struct.pack("<H", 2 * len(name) + 2).ljust(64, b"\0")
        for name in ("Root Entry", stream)
    )
    return bytes(header) + bytes(20 * 512) + directory.ljust(512, b"\0")


def sound() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(8000)
        writer.writeframes(bytes(100))
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"%PDF-1.7\n", "application/pdf"),
        (b"\r\n%PDF-1.7\n", "application/pdf"),
        (b"\xff\x00\x01 printer noise \x1b%PDF-1.4\n", "application/pdf"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "image/png"),
        (b"GIF89a\x01\x00\x01\x00", "image/gif"),
        (b"II*\x00\x08\x00\x00\x00", "image/tiff"),
        (b"MM\x00*\x00\x00\x00\x08", "image/tiff"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"BM" + struct.pack("<IHHII", 70, 0, 0, 54, 40) + bytes(40), "image/bmp"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "image/heic"),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic", "image/heic"),
        (b"\x00\x00\x00\x14ftypavif\x00\x00\x00\x00avif", "image/avif"),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00isommp42", "video/mp4"),
        (b"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  ", "video/quicktime"),
        (b"\x00\x00\x00\x18ftyp3gp4\x00\x00\x00\x00isom3gp4", "video/3gpp"),
        (b"\x00\x00\x00\x18ftypM4A \x00\x00\x00\x00M4A mp42", "audio/mp4"),
        (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01\x42\x82\x84webm", "video/webm"),
        (b"ID3\x04\x00\x00\x00\x00\x00\x23TSSE", "audio/mpeg"),
        ((b"\xff\xfb\x90\x00" + bytes(413)) * 3, "audio/mpeg"),
        (b"OggS\x00\x02" + bytes(22) + b"\x01\x13OpusHead", "audio/ogg"),
        (b"#!AMR\n\x3c\x91", "audio/amr"),
        (b"Rar!\x1a\x07\x01\x00\x33\x92", "application/vnd.rar"),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "application/x-7z-compressed"),
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00", "application/gzip"),
        (b"BZh91AY&SY\x00\x00", "application/x-bzip2"),
        (b"\xfd7zXZ\x00\x00\x04", "application/x-xz"),
        (b"a.txt".ljust(257, b"\0") + b"ustar\x0000", "application/x-tar"),
        (b"SQLite format 3\x00\x10\x00", "application/vnd.sqlite3"),
        (b"{\\rtf1\\ansi\\ansicpg1251", "application/rtf"),
        (b"\x7fELF\x02\x01\x01\x00", "application/x-executable"),
        (PROGRAM, EXECUTABLE),
        (bytes(200), OCTETS),
        (b"<?xml \x00\x01\x02\xff", OCTETS),
        (b"", OCTETS),
        (b"\xff\xfb\x90\x00 three lucky bits \x00\x01", OCTETS),
    ],
)
def test_a_file_is_known_by_its_first_bytes(content: bytes, expected: str) -> None:
    assert kind(content) == expected


def test_a_sound_file_is_told_from_other_riff_files() -> None:
    assert kind(sound()) == "audio/vnd.wave"


def test_a_program_named_like_a_photo_is_a_program() -> None:
    assert kind(PROGRAM, "photo.jpg") == EXECUTABLE


def test_a_text_that_begins_like_a_program_is_a_text() -> None:
    assert kind(b"MZ is how programs for Windows begin.\n", "note.txt") == "text/plain"


@pytest.mark.parametrize("sized", [True, False])
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (word(), DOCX),
        (excel(), XLSX),
        (zipped("[Content_Types].xml", "ppt/presentation.xml"), PPTX),
        (zipped("[Content_Types].xml", "word/document.xml", pad=9000), DOCX),
        (
            zipped("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
            "application/vnd.ms-word.document.macroenabled.12",
        ),
        (zipped("[Content_Types].xml", "word\\document.xml"), DOCX),
        (
            zipped("content.xml", first=b"application/vnd.oasis.opendocument.text"),
            "application/vnd.oasis.opendocument.text",
        ),
        (zipped("OEBPS/a.xhtml", first=b"application/epub+zip"), "application/epub+zip"),
        (zipped("AndroidManifest.xml", "x"), "application/vnd.android.package-archive"),
        (zipped("word/document.xml"), "application/zip"),
        (zipped("photo.jpg"), "application/zip"),
        (zipped("a", first=b"text/html"), "application/zip"),
        (zipped(), "application/zip"),
    ],
    ids=lambda value: value if isinstance(value, str) else "zip",
)
def test_the_members_of_a_zip_say_what_it_is(content: bytes, expected: str, *, sized: bool) -> None:
    assert kind(content, sized=sized) == expected


def test_an_archive_with_a_document_in_it_is_an_archive() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("report.docx", word())

    assert kind(file.getvalue()) == "application/zip"
    assert kind(file.getvalue(), sized=False) == "application/zip"


def test_a_zip_is_known_from_its_head_when_nothing_else_can_be_read() -> None:
    assert media_type(word()[:4096], "x.bin", None) == DOCX


class Unseekable(io.RawIOBase):
    def __init__(self) -> None:
        self.content = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, content: bytes) -> int:  # type: ignore[override]
        self.content += content
        return len(content)


@pytest.mark.parametrize("sized", [True, False])
def test_a_zip_whose_sizes_come_after_its_members_is_read_too(*, sized: bool) -> None:
    stream = Unseekable()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        archive.writestr("xl/workbook.xml", "<x/>")

    assert kind(bytes(stream.content), sized=sized) == XLSX


def test_a_reader_that_fails_costs_only_precision() -> None:
    def broken(start: int, stop: int) -> bytes:
        raise OSError(start, stop)

    content = zipped("[Content_Types].xml", "word/document.xml", pad=9000)

    assert media_type(content[:4096], "a.zip", broken, size=len(content)) == "application/zip"


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        ("WordDocument", "application/msword"),
        ("Workbook", "application/vnd.ms-excel"),
        ("PowerPoint Document", "application/vnd.ms-powerpoint"),
        ("__properties_version1.0", "application/vnd.ms-outlook"),
        ("EncryptedPackage", "application/x-ole-storage"),
        ("Something", "application/x-ole-storage"),
    ],
)
def test_the_streams_of_an_old_office_file_say_what_it_is(stream: str, expected: str) -> None:
    assert kind(ole(stream), "list.xls") == expected


def test_an_old_office_file_cut_before_its_directory_is_known_by_its_name() -> None:
    assert media_type(ole("Workbook")[:4096], "list.xls", None) == "application/vnd.ms-excel"
    assert media_type(ole("Workbook")[:4096], "list", None) == "application/x-ole-storage"


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("Договор № 15", "note.txt", "text/plain"),
        ("Өкмөт эң чоң сатып алуу", "note", "text/plain"),
        ("a;b\n1;2\n", "list.CSV", "text/csv"),
        ("a\tb\n", "list.tsv", "text/tab-separated-values"),
        ("# Отчёт\n", "README.md", "text/markdown"),
        ("<p align=center>Отчёт</p>\n", "README.md", "text/markdown"),
        ('{"a": 1}', "a.json", "application/json"),
        ('{"a": 1}', "a.txt", "text/plain"),
        ("  <!DOCTYPE html><html>", "page", "text/html"),
        ("<!-- saved -->\n<HTML>", "page.txt", "text/html"),
        ('<?xml version="1.0"?>\n<!DOCTYPE html>', "page.xml", "text/html"),
        ("<div class=a>Отчёт</div>", "page", "text/html"),
        ("<html><table>", "list.csv", "text/html"),
        ('<?xml version="1.0"?><a/>', "a", "application/xml"),
        ('<svg xmlns="http://www.w3.org/2000/svg"/>', "a.png", "image/svg+xml"),
        ("BEGIN:VCARD\r\nVERSION:3.0\r\n", "a", "text/vcard"),
        ("BEGIN:VCALENDAR\r\n", "a", "text/calendar"),
        ("From: Ann\nTo: Ben\nSubject: road\n\nhello", "a.txt", "text/plain"),
        ("From: Ann\nTo: Ben\nSubject: road\n\nhello", "a.eml", "message/rfc822"),
        ("Received: from a\n\tby b\nFrom: x@example.org\nDate: today\n\nhi", "a", "message/rfc822"),
        ("From x@example.org Mon\nMessage-ID: <1>\nFrom: x\n\nhi", "a", "message/rfc822"),
        ("Total: 5\nReceived: yes\nthank you\n", "a", "text/plain"),
        ("\x1b[31mERROR\x1b[0m нет связи\n", "app.log", "text/plain"),
    ],
)
def test_texts_with_a_form_of_their_own_are_recognised(text: str, name: str, expected: str) -> None:
    assert kind(text.encode(), name) == expected


def test_a_letter_is_recognised() -> None:
    assert kind(letter(), "photo.jpg") == "message/rfc822"


def test_a_letter_with_more_headers_than_the_head_shows_is_recognised() -> None:
    received = b"".join(b"Received: from relay%d by relay\n" % number for number in range(300))

    assert kind(received + b"From: x@example.org\n\nhi") == "message/rfc822"


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "cp866", "utf-16", "utf-16-le", "utf-8"])
@pytest.mark.parametrize("text", ["Привет\r\n", "Сумма договора составила 14 млн сомов. " * 200])
def test_russian_is_text_however_it_is_written(text: str, encoding: str) -> None:
    assert kind(text.encode(encoding), "note") == "text/plain"


def test_a_character_cut_by_the_end_of_the_head_does_not_matter() -> None:
    assert kind(b"a" + "ж".encode() * 4000) == "text/plain"


def test_packed_bytes_are_not_text() -> None:
    assert kind(bytes(range(128, 256)) + b"\x01\x02", "note.txt") == OCTETS


def test_kinds_beyond_our_own_list_come_from_the_database() -> None:
    assert kind(b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00" + bytes(16)).startswith("application/")
    assert kind(b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(40)).startswith("image/")


@given(st.binary(max_size=600), st.text(max_size=20))
@example(b"PK\x03\x04", "")
@example(b"PK\x03\x04" + b"\xff" * 40, "a.docx")
@example(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 600, "")
def test_any_bytes_under_any_name_have_some_kind(head: bytes, name: str) -> None:
    found = media_type(head, name, lambda start, stop: head[start:stop], size=len(head))

    assert found.count("/") == 1
    assert found == media_type(head, name, lambda start, stop: head[start:stop], size=len(head))


@given(st.binary(min_size=1, max_size=300))
def test_no_picture_or_program_is_given_to_a_text_reader(tail: bytes) -> None:
    for beginning in (PROGRAM, b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"\x7fELF\x00"):
        assert media_type(beginning + tail, "note.txt", None) not in EXTRACTABLE
