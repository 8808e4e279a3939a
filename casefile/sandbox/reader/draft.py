"""A Word file as Markdown: headings, paragraphs, lists, tables, bold, italic and links.

What was struck out under "track changes" stays out, what was put in stays. Macros are refused.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlsplit
from zipfile import ZipFile

import docx
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from casefile.sandbox.reader import word
from casefile.sandbox.reader.output import UnreadableError
from casefile.sandbox.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BytesIO

    from casefile.sandbox.reader.output import Output

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
MACROS = re.compile(r"vba(project|data)", re.IGNORECASE)
MACRO_KIND = b"macroEnabled"
SCHEMES = frozenset({"http", "https", "mailto", "tel"})
SIGNS = re.compile(r"[\\`*\[\]]|(?<!\w)_|_(?!\w)|~~|&(?=#|\w+;)")
BEGINNING = re.compile(r"^(\s*)(#{1,6}(?=\s|$)|[-+>](?=\s|$)|=+$|-{2,}|(\d{1,9})([.)])(?=\s|$))")
MARKED = re.compile(r"\\\[((?:[^\\\[\]]|\\[^\[\]])*)\\\]\((c:(?:\d{0,6}|new))\)")
CITED = re.compile(r"\\\[(E-\d{1,9})\\\]")
HEADING = re.compile(r"[Hh]eading ([1-9])")
THROUGH = frozenset(map(qn, ("w:ins", "w:moveTo", "w:smartTag", "w:fldSimple", "w:customXml")))
BLOCKS_THROUGH = frozenset(map(qn, ("w:customXml", "w:ins", "w:moveTo")))
INDENT = "    "


class Words(NamedTuple):
    """A stretch of words that look alike."""

    text: str
    bold: bool
    italic: bool
    link: str


def extract(file: BytesIO, output: Output) -> None:
    head = file.read()
    if head.startswith(OLE):
        raise UnreadableError(Reason.ENCRYPTED if ENCRYPTED in head else Reason.UNREADABLE_KIND)
    if not head.startswith(b"PK"):
        raise UnreadableError(Reason.UNREADABLE_KIND)
    file.seek(0)
    try:
        _refuse_macros(file, word.looked_over(file, output.limits.unpacked_bytes))
        reading = Reading(docx.Document(file))
    except word.DAMAGE as error:
        raise UnreadableError(Reason.DAMAGED) from error
    output.page(reading.markdown())


def _refuse_macros(file: BytesIO, names: list[str]) -> None:
    if any(MACROS.search(name) for name in names):
        raise UnreadableError(Reason.HAS_MACROS)
    with ZipFile(file) as archive:
        if "word/document.xml" not in names and "[Content_Types].xml" not in names:
            raise UnreadableError(Reason.UNREADABLE_KIND)
        if MACRO_KIND in archive.read("[Content_Types].xml"):
            raise UnreadableError(Reason.HAS_MACROS)
    file.seek(0)


class Reading:
    """One document on its way to Markdown."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self.part = document.part
        self._list_level = -1
        self._kinds: dict[tuple[int, int], bool] = {}

    def markdown(self) -> str:
        found = ""
        before = ""
        for kind, text in self._blocks(self.document.element.body):
            if text:
                near = kind == before == "list"
                found += ("\n" if near else "\n\n") + text if found else text
                before = kind
        return found

    def _blocks(self, parent: Any) -> Iterator[tuple[str, str]]:
        for element in parent.iterchildren():
            if element.tag == qn("w:p"):
                yield self._paragraph(Paragraph(element, self.document))
            elif element.tag == qn("w:tbl"):
                self._list_level = -1
                yield "table", self._table(element)
            elif element.tag == qn("w:sdt"):
                for content in element.iterchildren(qn("w:sdtContent")):
                    yield from self._blocks(content)
            elif element.tag in BLOCKS_THROUGH:
                yield from self._blocks(element)

    def _paragraph(self, paragraph: Any) -> tuple[str, str]:
        text = self._inline(paragraph)
        if not text.strip():
            return "empty", ""
        style = (paragraph.style.name if paragraph.style is not None else "") or ""
        heading = HEADING.match(style)
        if heading or style == "Title":
            self._list_level = -1
            level = min(int(heading[1]), 6) if heading else 1
            return (
                "heading",
                f"{'#' * level} {' '.join(text.replace(chr(92) + chr(10), ' ').split())}",
            )
        item = self._item(paragraph, style)
        if item:
            level, numbered = item
            self._list_level = level = min(level, self._list_level + 1)
            lead = INDENT * level
            words = text.replace("\n", f"\n{lead}{INDENT}")
            return "list", f"{lead}{'1.' if numbered else '-'} {words}"
        self._list_level = -1
        if "Quote" in style:
            return "quote", "\n".join(f"> {line}" for line in text.split("\n"))
        return "paragraph", text

    def _item(self, paragraph: Any, style: str) -> tuple[int, bool] | None:
        """Return level and whether it is numbered, when a paragraph is an item of a list."""
        place = paragraph._p.pPr.numPr if paragraph._p.pPr is not None else None  # noqa: SLF001
        number = place.numId.val if place is not None and place.numId is not None else None
        if number:
            level = place.ilvl.val if place is not None and place.ilvl is not None else 0
            return level, self._is_numbered(number, level)
        if number is None and style.startswith(("List Bullet", "List Number")):
            level = int(style[-1]) - 1 if style[-1].isdigit() else 0
            return level, style.startswith("List Number")
        return None

    def _is_numbered(self, number: int, level: int) -> bool:
        known = self._kinds.get((number, level))
        if known is None:
            try:
                kind = self._format(number, level)
            except (AttributeError, KeyError, IndexError, NotImplementedError):
                kind = "bullet"
            known = self._kinds[number, level] = kind not in {"bullet", "none"}
        return known

    def _format(self, number: int, level: int) -> str:
        numbering = self.part.numbering_part.element
        abstract = numbering.num_having_numId(number).abstractNumId.val
        wanted = (
            f'w:abstractNum[@w:abstractNumId="{abstract}"]/w:lvl[@w:ilvl="{level}"]/w:numFmt/@w:val'
        )
        return str(numbering.xpath(wanted)[0])

    def _table(self, table: Any) -> str:
        rows = [
            [
                " ".join(
                    self._inline(Paragraph(p, self.document)).replace("\\\n", " ")
                    for p in cell.iterchildren(qn("w:p"))
                )
                .replace("|", "\\|")
                .strip()
                for cell in row.iterchildren(qn("w:tc"))
            ]
            for row in table.iterchildren(qn("w:tr"))
        ]
        width = max((len(row) for row in rows), default=0)
        if not width:
            return ""
        lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in rows]
        return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])

    def _inline(self, paragraph: Any) -> str:
        pieces = []
        words = self._runs(paragraph._p, paragraph, "")  # noqa: SLF001
        for (bold, italic, link), group in groupby(words, key=lambda one: one[1:]):
            pieces.append(_dressed("".join(one.text for one in group), bold, italic, link))
        text = "".join(pieces).strip().replace("\n", "\\\n")
        text = "\n".join(_harmless_beginning(line) for line in text.split("\n"))
        return CITED.sub(r"[\1]", MARKED.sub(r"[\1](\2)", text))

    def _runs(self, parent: Any, paragraph: Any, link: str) -> Iterator[Words]:
        for element in parent.iterchildren():
            if element.tag == qn("w:r"):
                run = Run(element, paragraph)
                text = run.text.replace("\t", " ")
                if text:
                    named = run.style.name if run.style is not None else ""
                    bold = bool(run.bold) or named == "Strong"
                    yield Words(text, bold, bool(run.italic) or named == "Emphasis", link)
            elif element.tag == qn("w:hyperlink"):
                yield from self._runs(element, paragraph, self._address(element) or link)
            elif element.tag == qn("w:sdt"):
                for content in element.iterchildren(qn("w:sdtContent")):
                    yield from self._runs(content, paragraph, link)
            elif element.tag in THROUGH:
                yield from self._runs(element, paragraph, link)

    def _address(self, element: Any) -> str:
        """Return where a link leads, if that is somewhere a reader may be sent."""
        known = self.part.rels.get(element.get(qn("r:id"), ""))
        if known is None or not known.is_external:
            return ""
        try:
            fits = urlsplit(known.target_ref).scheme.lower() in SCHEMES
        except ValueError:
            return ""
        return quote(known.target_ref, safe="%/:?#@!$&'*+,;=~-._[]") if fits else ""


def _dressed(text: str, bold: bool, italic: bool, link: str) -> str:  # noqa: FBT001
    """Put the signs of Markdown around words, not around the white space beside them."""
    words = text.strip()
    if not words:
        return text
    before, _middle, after = text.partition(words)
    found = SIGNS.sub(lambda sign: f"\\{sign[0]}", words)
    if "\n" not in words:
        around = "*" * (2 * bold + italic)
        found = f"{around}{found}{around}"
        found = f"[{found}]({link})" if link else found
    return f"{before}{found}{after}"


def _harmless_beginning(line: str) -> str:
    """Keep what begins a line from becoming a heading, a list or a quote."""
    found = BEGINNING.match(line)
    if found is None:
        return line
    space, rest = found[1], line[len(found[1]) :]
    if found[3]:
        return f"{space}{found[3]}\\{rest[len(found[3]) :]}"
    return f"{space}\\{rest}"
