"""Markdown as people read it: no raw HTML, no pictures from elsewhere, evidence as links."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from casefile.cases import mentions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from markdown_it.rules_core import StateCore

    from casefile.cases.mentions import Member

CITATION = re.compile(r"\[E-(\d{1,9})\]")
TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol",
    "p", "pre", "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "title"},
    "ol": {"start"},
    "span": {"class", "id", "title"},
    "td": {"align"},
    "th": {"align"},
}


def _unlinked(children: Sequence[Token]) -> Iterator[tuple[Token, bool]]:
    """Yield what stands in a block, and of each whether it is text outside of links and code."""
    inside = 0
    for token in children:
        inside += token.nesting if token.type in {"link_open", "link_close"} else 0
        yield token, token.type == "text" and not inside


def _link_citations(state: StateCore) -> None:
    base = state.env.get("evidence_url", "")
    for block in state.tokens:
        if block.type != "inline" or not block.children:
            continue
        children: list[Token] = []
        for token, is_text in _unlinked(block.children):
            if is_text and CITATION.search(token.content):
                children.extend(_split(token.content, base))
            else:
                children.append(token)
        block.children = children


def _show_mentions(state: StateCore) -> None:
    """Set apart who is named, where the page knows the people of its case."""
    people: Mapping[str, Member] = state.env.get("people", {})
    seen: Counter[str] = Counter()
    for block in state.tokens:
        if not people or block.type != "inline" or not block.children:
            continue
        children: list[Token] = []
        for token, is_text in _unlinked(block.children):
            if is_text and "@" in token.content:
                children.extend(_name(token.content, people, seen))
            else:
                children.append(token)
        block.children = children


def _name(text: str, people: Mapping[str, Member], seen: Counter[str]) -> Iterator[Token]:
    for piece in mentions.pieces(text, people, seen):
        if not piece.name:
            yield Token("text", "", 0, content=piece.text)
            continue
        attrs: dict[str, str | int | float]
        attrs = {"class": "mention", "id": piece.anchor, "title": piece.name}
        yield Token("mention_open", "span", 1, attrs=attrs)
        yield Token("text", "", 0, content=piece.text)
        yield Token("mention_close", "span", -1)


def _split(text: str, base: str) -> list[Token]:
    pieces: list[Token] = []
    end = 0
    for found in CITATION.finditer(text):
        pieces.append(Token("text", "", 0, content=text[end : found.start()]))
        pieces.append(Token("link_open", "a", 1, attrs={"href": f"{base}{found[1]}"}))
        pieces.append(Token("text", "", 0, content=f"E-{found[1]}"))
        pieces.append(Token("link_close", "a", -1))
        end = found.end()
    pieces.append(Token("text", "", 0, content=text[end:]))
    return pieces


def _lower_headings(state: StateCore) -> None:
    """Begin with <h2>: the page has its one <h1>."""
    for token in state.tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(6, int(token.tag[1]) + 1)}"


def make_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False})
    parser.enable(["table", "strikethrough"]).disable("image")
    parser.core.ruler.push("citations", _link_citations)
    parser.core.ruler.push("mentions", _show_mentions)
    parser.core.ruler.push("headings", _lower_headings)
    return parser


PARSER = make_parser()


def named(text: str) -> Counter[str]:
    """Count how often a text names each username, outside of links and code."""
    found: Counter[str] = Counter()
    if "@" in text:
        for block in PARSER.parse(text, {}):
            for token, is_text in _unlinked(block.children or ()):
                if is_text:
                    found += mentions.named(token.content)
    return found


def render(text: str, evidence_url: str, people: Mapping[str, Member] | None = None) -> Markup:
    """Return safe HTML; `[E-12]` becomes a link to `evidence_url` + 12.

    With the `people` of the case, those it names with @ stand out.
    """
    html = PARSER.render(text, {"evidence_url": evidence_url, "people": people or {}})
    cleaned = nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noreferrer noopener",
    )
    return Markup(cleaned)  # noqa: S704
