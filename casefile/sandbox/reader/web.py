"""HTML: the words a person would see, line by line, without scripts and styles."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lxml import etree

from casefile.sandbox.charsets import texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from io import BytesIO

    from casefile.sandbox.reader.output import Output

_DECLARATION_WITHIN = 4096
_DECLARED = re.compile(
    rb"<(?:meta|\?xml)\b[^>]{0,500}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE
)
_SPACES = re.compile(r"[ \t\r\n\f]+")

_SILENT = frozenset({"script", "style", "template"})
_CELLS = frozenset({"td", "th"})
_BLOCKS = frozenset(
    {
        *("address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd"),
        *("details", "dialog", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer"),
        *("form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "legend", "li", "main"),
        *("nav", "ol", "option", "p", "pre", "section", "select", "summary", "table", "tbody"),
        *("textarea", "tfoot", "thead", "title", "tr", "ul"),
    }
)


def extract(file: BytesIO, output: Output) -> None:
    content = file.getbuffer()
    found = _DECLARED.search(content[:_DECLARATION_WITHIN])
    declared = found.group(1).decode("ascii", "replace") if found else None
    read_html(texts(content, declared), output.write)


def read_html(pieces: Iterable[str], write: Callable[[str], object]) -> None:
    """No tree is built: libxml2 drops a document whole when its tree gets too deep or too large."""
    words: Any = _Words(write)  # the stubs ask for methods that lxml does not need
    parser = etree.HTMLParser(
        target=words, encoding="utf-8", no_network=True, huge_tree=False, recover=True
    )
    parser.feed(b" ")
    for piece in pieces:
        parser.feed(piece.replace("\0", "").encode("utf-8", "replace"))
    parser.close()


class _Words:
    """Takes the parser's events as they come."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._silent = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BLOCKS:
            self._write("\n")
        elif tag == "img" and (words := attributes.get("alt")):
            self.data(f" {words} ")

    def end(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent -= 1
        elif tag in _CELLS:
            self._write("\t")
        elif tag in _BLOCKS:
            self._write("\n")

    def data(self, text: str) -> None:
        if not self._silent:
            self._write(_SPACES.sub(" ", text))

    def close(self) -> None:
        """Nothing is kept, so nothing is given back."""
