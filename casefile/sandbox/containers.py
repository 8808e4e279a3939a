"""A look inside ZIP and OLE files, which Office, e-books and programs for telephones all are.

Only names are read, nothing is unpacked.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from pathlib import PurePath

from casefile.sandbox.formats import DOCM, DOCX

Read = Callable[[int, int], bytes]

ZIP = "application/zip"
OLE = "application/x-ole-storage"

_OPEN_XML = "application/vnd.openxmlformats-officedocument."
_XLSX = f"{_OPEN_XML}spreadsheetml.sheet"
_PPTX = f"{_OPEN_XML}presentationml.presentation"
_BY_EXTENSION = {".docx": DOCX, ".docm": DOCM, ".xlsx": _XLSX, ".pptx": _PPTX}

# The first that fits: a name that is there, or a folder that has something in it.
_BY_MEMBER = (
    ("word/vbaProject.bin", DOCM),
    ("word/", DOCX),
    ("xl/workbook.bin", "application/vnd.ms-excel.sheet.binary.macroenabled.12"),
    ("xl/vbaProject.bin", "application/vnd.ms-excel.sheet.macroenabled.12"),
    ("xl/", _XLSX),
    ("ppt/vbaProject.bin", "application/vnd.ms-powerpoint.presentation.macroenabled.12"),
    ("ppt/", _PPTX),
    ("visio/", "application/vnd.ms-visio.drawing.main+xml"),
)
_WITHOUT_CONTENT_TYPES = (
    ("AndroidManifest.xml", "application/vnd.android.package-archive"),
    ("META-INF/MANIFEST.MF", "application/java-archive"),
    ("doc.kml", "application/vnd.google-earth.kmz"),
)
_STATED = re.compile(rb"application/(?:vnd\.oasis\.opendocument\.[a-z-]+|epub\+zip)")

_LOCAL = struct.Struct("<4s5H3I2H")
_LOCAL_MARK = b"PK\x03\x04"
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_CENTRAL_MARK = b"PK\x01\x02"
_END = struct.Struct("<4s4H2IH")
_END_MARK = b"PK\x05\x06"
_END_WITHIN = _END.size + 0xFFFF
_SIZES_COME_LATER = 8
_MOST_MEMBERS = 500
_MOST_DIRECTORY_BYTES = 1 << 20

_OLE_STREAMS = (
    ("EncryptedPackage", OLE),
    ("WordDocument", "application/msword"),
    ("Workbook", "application/vnd.ms-excel"),
    ("Book", "application/vnd.ms-excel"),
    ("PowerPoint Document", "application/vnd.ms-powerpoint"),
    ("__properties_version1.0", "application/vnd.ms-outlook"),
    ("VisioDocument", "application/vnd.visio"),
)
_OLE_HEADER_BYTES = 512
_OLE_ENTRY_BYTES = 128
_OLE_BY_EXTENSION = {
    ".doc": "application/msword",
    ".xls": "application/vnd.ms-excel",
    ".ppt": "application/vnd.ms-powerpoint",
    ".msg": "application/vnd.ms-outlook",
}


def zip_type(head: bytes, name: str, read: Read | None, size: int | None) -> str:
    if stated := _stated_type(head):
        return stated
    members = set(_directory(head, read, size or 0)) or set(_walk(head, read))
    if "[Content_Types].xml" not in members:
        return next((kind for key, kind in _WITHOUT_CONTENT_TYPES if key in members), ZIP)
    for key, kind in _BY_MEMBER:
        if key in members or (key.endswith("/") and any(each.startswith(key) for each in members)):
            return kind
    return _BY_EXTENSION.get(PurePath(name).suffix.lower(), ZIP)


def _stated_type(head: bytes) -> str | None:
    """OpenDocument and EPUB state their type in a first member that is not compressed."""
    start = _LOCAL.size + len(b"mimetype")
    if head[_LOCAL.size : start] != b"mimetype":
        return None
    extra = int.from_bytes(head[28:30], "little")
    found = _STATED.match(head, start + extra)
    return found.group().decode() if found else None


def _directory(head: bytes, read: Read | None, size: int) -> Iterator[str]:
    """Member names from the directory at the end, which is the one that counts."""
    tail_start = max(0, size - _END_WITHIN)
    tail = _part(head, read, tail_start, size - tail_start)
    at = tail.rfind(_END_MARK)
    if at < 0 or at + _END.size > len(tail):
        return
    _, _, _, _, count, length, start, _ = _END.unpack_from(tail, at)
    length = min(length, _MOST_DIRECTORY_BYTES, max(0, size - start))
    entries = _part(head, read, start, length)
    at = 0
    for _ in range(count):
        if at + _CENTRAL.size > len(entries) or entries[at : at + 4] != _CENTRAL_MARK:
            return
        name, extra, comment = _CENTRAL.unpack_from(entries, at)[10:13]
        yield _decoded(entries[at + _CENTRAL.size : at + _CENTRAL.size + name])
        at += _CENTRAL.size + name + extra + comment


def _walk(head: bytes, read: Read | None) -> Iterator[str]:
    """Member names from the front, skipping what each member says it holds."""
    at = 0
    for _ in range(_MOST_MEMBERS):
        header = _part(head, read, at, _LOCAL.size)
        if len(header) < _LOCAL.size or not header.startswith(_LOCAL_MARK):
            return
        fields = _LOCAL.unpack(header)
        flags, packed, name, extra = fields[2], fields[7], fields[9], fields[10]
        yield _decoded(_part(head, read, at + _LOCAL.size, name))
        at += _LOCAL.size + name + extra + packed
        if flags & _SIZES_COME_LATER and not packed:
            at = head.find(_LOCAL_MARK, at)
            if at < 0:
                return


def _part(head: bytes, read: Read | None, start: int, length: int) -> bytes:
    if start + length <= len(head):
        return head[start : start + length]
    try:
        return read(start, start + length) if read else b""
    except Exception:  # noqa: BLE001  past the end, or unreadable: what is known has to do
        return b""


def _decoded(name: bytes) -> str:
    return name.decode("utf-8", "replace").replace("\\", "/")


def ole_type(head: bytes, name: str, read: Read | None) -> str:
    streams = set(_ole_streams(head, read))
    for stream, kind in _OLE_STREAMS:
        if stream in streams:
            return kind
    return _OLE_BY_EXTENSION.get(PurePath(name).suffix.lower(), OLE) if not streams else OLE


def _ole_streams(head: bytes, read: Read | None) -> Iterator[str]:
    """Names in the first sector of the directory, where the main stream nearly always is."""
    if len(head) < _OLE_HEADER_BYTES:
        return
    sector = 1 << min(int.from_bytes(head[30:32], "little"), 12)
    start = (int.from_bytes(head[48:52], "little") + 1) * sector
    directory = _part(head, read, start, sector)
    for at in range(0, len(directory) - _OLE_ENTRY_BYTES + 1, _OLE_ENTRY_BYTES):
        length = min(int.from_bytes(directory[at + 64 : at + 66], "little"), 64)
        yield directory[at : at + max(0, length - 2)].decode("utf-16-le", "replace")
