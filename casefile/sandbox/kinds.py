"""What kind of file this is, by its bytes; the name only chooses between kinds that look alike."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from casefile.sandbox.containers import ole_type, zip_type
from casefile.sandbox.formats import EXTRACTABLE
from casefile.sandbox.signatures import signature_type
from casefile.sandbox.textual import text_type

if TYPE_CHECKING:
    from casefile.sandbox.containers import Read

UNKNOWN = "application/octet-stream"

_HEAD_BYTES = 4096
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PDF = b"%PDF-"
_PDF_WITHIN = 1024
_MAY_PRECEDE_PDF = b"\xef\xbb\xbf \t\r\n\0"
_SURE_BYTES = 4
_WELL_FORMED = re.compile(r"(?:application|audio|chemical|font|image|model|video)/[\w.+-]+")


def media_type(head: bytes, name: str, read: Read | None = None, *, size: int | None = None) -> str:
    """Never raises. `head` is the first few KiB; `read(start, stop)` gives any other part.

    With `size` the directory at the end of a ZIP is read too, which a few rare writers make
    necessary; without it the members are walked from the front.
    """
    try:
        return _by_content(bytes(head), name, read, size) or UNKNOWN
    except Exception:  # noqa: BLE001  an unknown kind harms nobody, a lost upload would
        return UNKNOWN


def _by_content(head: bytes, name: str, read: Read | None, size: int | None) -> str | None:
    head = head[:_HEAD_BYTES]
    if head.startswith(_ZIP):
        return zip_type(head, name, read, size)
    if head.startswith(_OLE):
        return ole_type(head, name, read)
    if head.lstrip(_MAY_PRECEDE_PDF).startswith(_PDF):
        return "application/pdf"
    return (
        signature_type(head)
        or text_type(head, name)
        or ("application/pdf" if _PDF in head[:_PDF_WITHIN] else None)
        or _by_database(head)
    )


def _by_database(head: bytes) -> str | None:
    """What puremagic knows beyond our own list, unless a byte or two could have come by chance."""
    # A database of 1,500 kinds: not loaded until a file asks for it, and never in the child.
    from puremagic import PureError, magic_string  # noqa: PLC0415

    try:
        found = magic_string(head)
    except (PureError, ValueError):
        return None
    sure = {
        (-len(match.byte_match), match.mime_type.lower())
        for match in found
        if match.offset >= 0 and len(match.byte_match) >= _SURE_BYTES
    }
    # What we can read has been looked for above, and more closely.
    if any(kind in EXTRACTABLE for _, kind in sure):
        return None
    return min((each for each in sure if _WELL_FORMED.fullmatch(each[1])), default=(0, None))[1]
