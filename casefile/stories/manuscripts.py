"""A draft as it leaves the newsroom: as blocks for a Word file or as rows of HTML, with its claims below."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from casefile.stories import markers, rendering
from casefile.stories.supports import EVIDENCE, GONE, LIVE, SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from markdown_it.token import Token

    from casefile.stories.rendering import Row
    from casefile.stories.service import TextView
    from casefile.stories.views import ClaimView, StoryView, SupportView

CITED = re.compile(r"\[(E-\d{1,9})\]")
CITED_WITH_SPACE = re.compile(r"[ \t]?\[E-\d{1,9}\]")
ANCHOR = "#claim-"
# What a page may lead to. Word opens whatever an address names, and one of ours names a case.
OUTWARD = re.compile(r"(https?|mailto|tel):", re.IGNORECASE)
RAISED = {"strong": "bold", "em": "italic", "s": "strike", "sup": "raised"}


@dataclass(frozen=True, slots=True)
class Footnote:
    """What stands below a draft about one claim in it."""

    number: int
    statement: str
    verdict: str
    rests_on: Sequence[str]


def footnotes(
    story: StoryView, text: TextView, verdicts: Mapping[str, str], *, codenames: bool
) -> list[Footnote]:
    """Return a note for each claim marked in this draft; sources by codename only when asked for."""
    marked = markers.numbers(text.body)
    return [
        Footnote(
            claim.number,
            claim.statement,
            verdicts[claim.verdict],
            [support_words(one, codenames=codenames) for one in _distinct(claim)],
        )
        for claim in story.claims
        if claim.number in marked
    ]


def _distinct(claim: ClaimView) -> list[SupportView]:
    return list({(one.kind, one.thing_id, one.page): one for one in claim.supports}.values())


def support_words(one: SupportView, *, codenames: bool) -> str:
    """Name what a claim rests on by its code."""
    if one.kind == SOURCE:
        words = one.code if codenames else _("a source")
    elif one.kind == EVIDENCE and one.page:
        words = _("%(code)s, p. %(number)s", code=one.code, number=one.page)
    else:
        words = one.code
    if one.state == LIVE:
        return words
    gone = _("gone") if one.state == GONE else _("withdrawn")
    return f"{words} ({gone})"


def plain(text: TextView, notes: Sequence[Footnote]) -> str:
    """Return every word of an export, to look for protected sources in it."""
    told = [text.title, markers.without_marks(text.body)]
    for note in notes:
        told += [note.statement, *note.rests_on]
    return "\n".join(told)


def body_of(text: TextView, *, claims: bool) -> str:
    """Return the Markdown that is exported: with marks and codes for those inside, without for all."""
    if claims:
        return CITED.sub(r"(\1)", text.body)
    return CITED_WITH_SPACE.sub("", markers.without_marks(text.body))


def rows(text: TextView, *, claims: bool) -> list[Row]:
    """Return a draft as safe HTML, block by block."""
    body = body_of(text, claims=claims)
    return rendering.rows(body, evidence_url="", verdicts={}, margin=ANCHOR)


def blocks(text: TextView, notes: Sequence[Footnote], *, claims: bool) -> list[dict[str, Any]]:
    """Return a draft and the notes below it as the writer of Word files takes them."""
    env = {"evidence_url": "", "verdicts": {}, "prefix": "c", "margin": ANCHOR}
    tokens = rendering.PARSER.parse(body_of(text, claims=claims), env)
    found = [_block("heading", 1, [{"text": text.title}]), *Walk(tokens).blocks()]
    if notes:
        found.append(_block("heading", 2, [{"text": _("Claims")}]))
    for note in notes:
        said: list[dict[str, Any]] = [{"text": f"{note.number}  ", "bold": True}]
        said.append({"text": note.statement})
        rests = ", ".join(note.rests_on) or _("nothing yet")
        under = f"{note.verdict}. {_('Rests on: %(what)s.', what=rests)}"
        found += [_block("paragraph", 0, said), _block("paragraph", 1, [{"text": under}])]
    return found


def _block(kind: str, level: int, runs: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"kind": kind, "level": level, "runs": runs, **more}


class Walk:
    """Goes through the tokens of a text once, knowing the lists and quotes it is inside of."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._lists: list[str] = []
        self._first = False
        self._begun = False
        self._quoted = 0
        self._heading = 0
        self._rows: list[list[list[dict[str, Any]]]] | None = None

    def blocks(self) -> Iterator[dict[str, Any]]:
        for token in self._tokens:
            found = self._step(token)
            if found is not None:
                yield found

    def _step(self, token: Token) -> dict[str, Any] | None:
        kind = token.type
        if kind == "inline":
            return self._inline(token)
        if kind in {"fence", "code_block"}:
            lines = token.content.rstrip("\n")
            return _block("code", 0, [{"text": lines, "code": True}])
        if kind == "hr":
            return _block("rule", 0, [])
        if kind == "table_close" and self._rows is not None:
            made, self._rows = self._rows, None
            return {"kind": "table", "rows": made}
        self._enter(token, kind)
        return None

    def _enter(self, token: Token, kind: str) -> None:
        if kind in {"bullet_list_open", "ordered_list_open"}:
            self._lists.append("number" if kind.startswith("ordered") else "bullet")
            self._first = True
        elif kind in {"bullet_list_close", "ordered_list_close"}:
            self._lists.pop()
        elif kind == "list_item_open":
            self._begun = True
        elif kind in {"blockquote_open", "blockquote_close"}:
            self._quoted += token.nesting
        elif kind in {"heading_open", "heading_close"}:
            self._heading = int(token.tag[1]) if token.nesting > 0 else 0
        elif kind == "table_open":
            self._rows = []
        elif kind == "tr_open" and self._rows is not None:
            self._rows.append([])

    def _inline(self, token: Token) -> dict[str, Any] | None:
        found = list(runs(token.children or ()))
        if self._rows is not None:
            self._rows[-1].append(found)
            return None
        if self._heading:
            return _block("heading", self._heading, found)
        if self._lists and self._begun:
            first, self._begun, self._first = self._first, False, False
            return _block(self._lists[-1], len(self._lists), found, first=first)
        if self._quoted:
            return _block("quote", 0, found)
        return _block("paragraph", len(self._lists), found)


def runs(tokens: Sequence[Token]) -> Iterator[dict[str, Any]]:
    """Give the stretches of a line that look alike."""
    looks: dict[str, Any] = {}
    for token in tokens:
        name = token.type.removesuffix("_open").removesuffix("_close")
        if token.nesting and name in RAISED:
            looks[RAISED[name]] = token.nesting > 0
        elif name == "link":
            address = str(token.attrGet("href") or "") if token.nesting > 0 else ""
            looks["link"] = address if OUTWARD.match(address) else ""
        elif token.type in {"softbreak", "hardbreak"}:
            yield {**looks, "text": " " if token.type == "softbreak" else "\n"}
        elif token.content:
            code = {"code": True} if token.type == "code_inline" else {}
            yield {**looks, **code, "text": token.content}
