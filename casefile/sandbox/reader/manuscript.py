"""A draft as a Word file.

A block is {kind, level, runs} where kind is heading, paragraph, bullet, number, quote, code or rule, or
{kind: table, rows} with runs in each cell; `first` begins a numbered list anew. A run is {text, bold,
italic, strike, code, raised, link}.
"""

from __future__ import annotations

import base64
import json
import re
from io import BytesIO
from typing import TYPE_CHECKING, Any

import docx
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt

if TYPE_CHECKING:
    from casefile.sandbox.reader.output import Output

# XML 1.0 has no place for these.
NO_LETTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
STYLES = {"bullet": "List Bullet", "number": "List Number", "quote": "Quote"}
DEEPEST_LIST = 3
INDENT = Pt(18)


def extract(file: BytesIO, output: Output) -> None:
    told: dict[str, Any] = json.load(file)
    document = docx.Document()
    about = document.core_properties
    # The library signs its template with its own name; a manuscript names nobody.
    about.author = about.last_modified_by = about.title = about.comments = ""
    about.language = told["language"]
    writer = Writer(document)
    for block in told["blocks"]:
        writer.add(block)
    made = BytesIO()
    document.save(made)
    output.page(base64.b64encode(made.getvalue()).decode())


class Writer:
    """Puts blocks into a document, one after the other."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self._numbering: int | None = None

    def add(self, block: dict[str, Any]) -> None:
        kind, level = block["kind"], min(int(block.get("level", 0)), 9)
        if kind == "table":
            self._table(block["rows"])
        elif kind == "heading":
            self._fill(self.document.add_heading("", max(1, level)), block["runs"])
        elif kind == "rule":
            self.document.add_paragraph("⁂").alignment = 1
        else:
            paragraph = self.document.add_paragraph(style=self._style(kind, level))
            if kind == "number":
                self._count(paragraph, anew=bool(block.get("first")))
            elif kind == "paragraph" and level:
                paragraph.paragraph_format.left_indent = INDENT * level
            self._fill(paragraph, block["runs"])

    def _style(self, kind: str, level: int) -> str | None:
        name = STYLES.get(kind)
        if kind in {"bullet", "number"} and level > 1:
            return f"{name} {min(level, DEEPEST_LIST)}"
        return name

    def _count(self, paragraph: Any, *, anew: bool) -> None:
        """Number a list from one: Word would go on counting where the last one ended."""
        if anew or self._numbering is None:
            numbering = self.document.part.numbering_part.element
            known = paragraph.style.element.pPr.numPr.numId.val
            abstract = numbering.num_having_numId(known).abstractNumId.val
            fresh = numbering.add_num(abstract)
            fresh.add_lvlOverride(0).add_startOverride(1)
            self._numbering = fresh.numId
        place = paragraph._p.get_or_add_pPr().get_or_add_numPr()  # noqa: SLF001
        place.get_or_add_numId().val = self._numbering
        place.get_or_add_ilvl().val = 0

    def _table(self, rows: list[list[list[dict[str, Any]]]]) -> None:
        width = max((len(row) for row in rows), default=0)
        if not width:
            return
        table = self.document.add_table(len(rows), width, style="Table Grid")
        for line, row in zip(table.rows, rows, strict=True):
            for cell, runs in zip(line.cells, row, strict=False):
                self._fill(cell.paragraphs[0], runs)

    def _fill(self, paragraph: Any, runs: list[dict[str, Any]]) -> None:
        for told in runs:
            run = paragraph.add_run(NO_LETTERS.sub("", told["text"]))
            run.bold = told.get("bold") or None
            run.italic = told.get("italic") or None
            run.font.strike = told.get("strike") or None
            run.font.superscript = told.get("raised") or None
            if told.get("code"):
                run.font.name = "Consolas"
            if told.get("link"):
                self._link(paragraph, run, told["link"])

    def _link(self, paragraph: Any, run: Any, address: str) -> None:
        kind = RELATIONSHIP_TYPE.HYPERLINK
        address = NO_LETTERS.sub("", address)
        link = OxmlElement("w:hyperlink")
        link.set(qn("r:id"), paragraph.part.relate_to(address, kind, is_external=True))
        run.font.underline = True
        paragraph._p.append(link)  # noqa: SLF001
        link.append(run._r)  # noqa: SLF001
