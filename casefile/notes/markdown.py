"""Markdown as people read it: no raw HTML, no pictures from elsewhere, evidence as links."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

if TYPE_CHECKING:
    from markdown_it.rules_core import StateCore

CITATION = re.compile(r"\[E-(\d{1,9})\]")
TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol",
    "p", "pre", "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "td": {"align"}, "th": {"align"}}


def _link_citations(state: StateCore) -> None:
    base = state.env.get("evidence_url", "")
    for block in state.tokens:
        if block.type != "inline" or not block.children:
            continue
        children: list[Token] = []
        inside = 0
        for token in block.children:
            inside += token.nesting if token.type in {"link_open", "link_close"} else 0
            if token.type != "text" or inside or not CITATION.search(token.content):
                children.append(token)
                continue
            children.extend(_split(token.content, base))
        block.children = children


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
    parser.core.ruler.push("headings", _lower_headings)
    return parser


PARSER = make_parser()


def render(text: str, evidence_url: str) -> Markup:
    """Return safe HTML; `[E-12]` becomes a link to `evidence_url` + 12."""
    html = PARSER.render(text, {"evidence_url": evidence_url})
    cleaned = nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noreferrer noopener",
    )
    return Markup(cleaned)  # noqa: S704
