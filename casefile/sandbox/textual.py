"""Tells text from other bytes, and mail, HTML and their like from other text."""

from __future__ import annotations

import re
from pathlib import PurePath

from casefile.sandbox.charsets import cyrillic_encoding, unicode_encoding

# Escape colours logs, and the substitute sign ends texts from DOS: both belong to text.
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x19\x1c-\x1f\x7f]")
# So many bytes without one control character do not come about by chance.
_LONG_ENOUGH = 256
_MOSTLY_ASCII = 0.7
_LAST_ASCII = 0x7F

_BEFORE_HTML = re.compile(r"(?:<\?xml[^>]*>|<!--.*?-->|\s)*", re.DOTALL)
_HTML = re.compile(r"<!doctype\s+html|<(?:html|head|body|title|meta)[\s>/]", re.IGNORECASE)
_HTML_PERHAPS = re.compile(r"<(?:script|style|h[1-6]|div|p|table|font|a|br)[\s>/]", re.IGNORECASE)
_XML = re.compile(r"\s*(?:<\?xml\b|<[\w:-]+\s+xmlns[:=])")
_SVG = re.compile(r"<svg[\s>]")
_HEADER = re.compile(r"([!-9;-~]+):")
_MAIL_HEADERS = frozenset(
    {
        *("bcc", "cc", "content-type", "date", "delivered-to", "from", "message-id"),
        *("mime-version", "received", "reply-to", "return-path", "subject", "to"),
    }
)
# Anybody may begin a note with "From:" and "To:"; these are written by machines.
_MACHINE_HEADERS = frozenset(
    {"delivered-to", "message-id", "mime-version", "received", "return-path"}
)
_ENOUGH_HEADERS = 2

_BEGINNINGS = (("BEGIN:VCALENDAR", "text/calendar"), ("BEGIN:VCARD", "text/vcard"))
_BY_EXTENSION = {
    ".csv": "text/csv",
    ".markdown": "text/markdown",
    ".md": "text/markdown",
    ".tab": "text/tab-separated-values",
    ".tsv": "text/tab-separated-values",
}


def text_type(head: bytes, name: str) -> str | None:
    text = _as_text(head)
    if text is None:
        return None
    extension = PurePath(name).suffix.lower()
    if _is_mail(text, extension):
        return "message/rfc822"
    return _markup_type(text, extension) or _by_beginning(text, extension)


def _markup_type(text: str, extension: str) -> str | None:
    is_xml = _XML.match(text)
    if is_xml and _SVG.search(text):
        return "image/svg+xml"
    if _is_html(text, extension):
        return "text/html"
    return "application/xml" if is_xml else None


def _by_beginning(text: str, extension: str) -> str:
    text = text.lstrip()
    for beginning, kind in _BEGINNINGS:
        if text.upper().startswith(beginning):
            return kind
    if extension == ".json" and text.startswith(("{", "[")):
        return "application/json"
    return _BY_EXTENSION.get(extension, "text/plain")


def _as_text(head: bytes) -> str | None:
    if not head:
        return None
    content = memoryview(head)
    encoding = unicode_encoding(content, cut=True)
    wide = bool(encoding) and encoding not in {"utf-8", "utf-8-sig"}
    if not wide and _CONTROL.search(head):
        return None
    encoding = encoding or cyrillic_encoding(content) or _other_encoding(head)
    return head.decode(encoding, "replace").removeprefix("\ufeff") if encoding else None


def _other_encoding(head: bytes) -> str | None:
    plain = sum(1 for byte in head if byte <= _LAST_ASCII)
    return "latin-1" if len(head) >= _LONG_ENOUGH or plain > _MOSTLY_ASCII * len(head) else None


def _is_html(text: str, extension: str) -> bool:
    """Markdown may begin with a tag too; it says so by its name."""
    before = _BEFORE_HTML.match(text)
    start = before.end() if before else 0
    if _HTML.match(text, start):
        return True
    may_be = extension not in _BY_EXTENSION and not _XML.match(text)
    return may_be and bool(_HTML_PERHAPS.match(text, start))


def _is_mail(text: str, extension: str) -> bool:
    block, blank, _ = text.replace("\r\n", "\n").partition("\n\n")
    lines = block.split("\n")
    if not blank and len(lines) > 1:
        # Where the head of the file was cut off, the last line may have been cut as well.
        lines.pop()
    names: list[str] = []
    for line in lines[lines[0].startswith("From ") :]:
        if line[:1] in {" ", "\t"} and names:
            continue
        found = _HEADER.match(line)
        if not found:
            return False
        names.append(found.group(1).lower())
    enough = sum(name in _MAIL_HEADERS for name in names) >= _ENOUGH_HEADERS
    return enough and (extension == ".eml" or not _MACHINE_HEADERS.isdisjoint(names))
