"""E-mail: the headers people ask about, every text part, and the names of what was attached.

The parser keeps the bytes of header and body as they came. Decoding is ours: mail names its
character sets wrongly, or not at all, and the library would trust it.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from email.message import Message
from email.parser import BytesParser
from quopri import decodestring
from typing import TYPE_CHECKING

from casefile.sandbox.charsets import texts
from casefile.sandbox.reader.web import read_html

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BytesIO

    from casefile.sandbox.reader.output import Output

_HEADERS = (
    *("From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Date", "Subject", "Message-ID"),
    *("In-Reply-To", "Organization", "X-Originating-IP", "X-Mailer", "User-Agent", "Received"),
)
_MOST_HEADER_BYTES = 100_000
_FOLD = re.compile(rb"\r?\n[ \t]+|\r|\n")
_ENCODED_WORD = re.compile(rb"=\?([\w.:-]{1,40})(?:\*[\w-]*)?\?([BbQq])\?([^?\s]*)\?=")
_BETWEEN_WORDS = re.compile(rb"(\?=)\s+(?==\?)")


def extract(file: BytesIO, output: Output) -> None:
    message = BytesParser().parse(file)
    _write_headers(message, output)
    _write_parts(message, output)


def _write_headers(message: Message, output: Output) -> None:
    for name in _HEADERS:
        for value in _raw(message, name):
            output.write(f"{name}: {_decoded_header(value)}\n")
    output.write("\n")


def _write_parts(message: Message, output: Output) -> None:
    said: set[str] = set()
    for part in message.walk():
        if name := _file_name(part):
            output.write(f"\n{name}\n")
        if part.is_multipart():
            for inner in _enclosed(part):
                _write_headers(inner, output)
            said.clear()
        elif part.get_content_maintype() == "text":
            _write_text(part, output, said)


def _enclosed(part: Message) -> Iterator[Message]:
    """The letter inside a forwarded letter."""
    if part.get_content_maintype() == "message":
        inner = part.get_payload(0)
        if isinstance(inner, Message):
            yield inner


def _write_text(part: Message, output: Output, said: set[str]) -> None:
    body = part.get_payload(decode=True)
    if not isinstance(body, bytes):
        return
    pieces = texts(memoryview(body), part.get_content_charset())
    if part.get_content_subtype() != "html":
        text = "".join(pieces)
        said.update(text.split())
        output.write(text + "\n\n")
        return
    words: list[str] = []
    read_html(pieces, words.append)
    text = "".join(words)
    # Mostly the same letter twice; where the two differ, somebody will want to know.
    if not said.issuperset(text.split()):
        output.write(text + "\n\n")


def _raw(message: Message, name: str) -> Iterator[bytes]:
    for known, value in message.raw_items():
        if known.lower() == name.lower():
            yield _bytes(str(value))


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "surrogateescape")[:_MOST_HEADER_BYTES]


def _decoded_header(value: bytes) -> str:
    value = _BETWEEN_WORDS.sub(rb"\1", _FOLD.sub(b" ", value))
    pieces = []
    plain_from = 0
    for found in _ENCODED_WORD.finditer(value):
        pieces.append(_text(value[plain_from : found.start()], None))
        charset, how, encoded = found.groups()
        pieces.append(_text(_unpacked(how, encoded), charset.decode("ascii", "replace")))
        plain_from = found.end()
    pieces.append(_text(value[plain_from:], None))
    return "".join(pieces).strip()


def _unpacked(how: bytes, encoded: bytes) -> bytes:
    if how in b"Qq":
        return decodestring(encoded, header=True)
    try:
        return b64decode(encoded + b"=" * (-len(encoded) % 4))
    except Base64Error:
        return encoded


def _text(content: bytes, charset: str | None) -> str:
    return "".join(texts(memoryview(content), charset))


def _file_name(part: Message) -> str:
    try:
        name = part.get_filename()
    except (LookupError, TypeError, ValueError):
        return ""
    return _decoded_header(_bytes(name)) if name else ""
