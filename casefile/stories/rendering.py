"""A draft as people read it: marked words stand out, each with the number of its claim beside it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import nh3
from markdown_it.rules_inline import link
from markdown_it.token import Token
from markupsafe import Markup

from casefile.notes import markdown
from casefile.stories import markers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline

OURS = re.compile(r"c:", re.IGNORECASE)
TAGS = markdown.TAGS | {"mark", "sup"}
ATTRIBUTES = {**markdown.ATTRIBUTES, "mark": {"id", "class", "data-verdict"}, "sup": {"class"}}


class Row(NamedTuple):
    """A block of a draft and the numbers of the claims marked in it."""

    html: Markup
    claims: list[int]


def _link(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
    """Read a link, and note the claim when it is a mark as `markers` sees it.

    Markdown knows more ways to write the same address; words marked by one of those would look
    checked, and no claim would know of them.
    """
    start, before = state.pos, len(state.tokens)
    if not link(state, silent):
        return False
    if not silent:
        opening = next(one for one in state.tokens[before:] if one.type == "link_open")
        opening.meta["claim"] = _marked(state).get((start, state.pos), 0)
    return True


def _marked(state: StateInline) -> dict[tuple[int, int], int]:
    known = state.env.get("marked")
    if known is None or known[0] != state.src:
        found = {(mark.start, mark.end): mark.number for mark in markers.marks(state.src)}
        known = state.env["marked"] = (state.src, found)
    marked: dict[tuple[int, int], int] = known[1]
    return marked


def _mark_claims(state: StateCore) -> None:
    env = state.env
    seen, verdicts = env.setdefault("seen", set()), env.get("verdicts", {})
    for block in state.tokens:
        if block.type != "inline" or not block.children:
            continue
        ends: list[int | None] = []
        children: list[Token] = []
        for token in block.children:
            if token.type == "link_open":
                number = token.meta.get("claim") or None
                plain = OURS.match(str(token.attrGet("href") or "")) is not None
                ends.append(number or (0 if plain else None))
                if number:
                    children.append(_open(number, env, seen, verdicts))
                if number or plain:
                    continue
            elif token.type == "link_close" and ends:
                number = ends.pop()
                if number:
                    block.meta.setdefault("claims", []).append(number)
                    children += _close(number, env["margin"])
                if number is not None:
                    continue
            children.append(token)
        block.children = children


def _open(number: int, env: object, seen: set[int], verdicts: Mapping[int, str]) -> Token:
    attrs: dict[str, str | int | float] = {"class": "claim"}
    attrs["data-verdict"] = verdicts.get(number, "unknown")
    if number not in seen:
        attrs["id"] = f"{env['prefix']}{number}"  # type: ignore[index]
        seen.add(number)
    return Token("mark_open", "mark", 1, attrs=attrs)


def _close(number: int, margin: str) -> list[Token]:
    return [
        Token("mark_close", "mark", -1),
        Token("sup_open", "sup", 1, attrs={"class": "claim-number"}),
        Token("link_open", "a", 1, attrs={"href": f"{margin}{number}"}),
        Token("text", "", 0, content=str(number)),
        Token("link_close", "a", -1),
        Token("sup_close", "sup", -1),
    ]


def _parser() -> MarkdownIt:
    parser = markdown.make_parser()
    parser.inline.ruler.at("link", _link)
    parser.core.ruler.push("claims", _mark_claims)
    return parser


PARSER = _parser()


def rows(
    body: str,
    *,
    evidence_url: str,
    verdicts: Mapping[int, str],
    prefix: str = "c",
    margin: str = "#claim-",
) -> list[Row]:
    """Return a draft block by block, safe to show, with the claims that stand in each."""
    env = {
        "evidence_url": evidence_url,
        "verdicts": verdicts,
        "prefix": prefix,
        "margin": margin,
    }
    tokens = PARSER.parse(body, env)
    found: list[Row] = []
    start, depth = 0, 0
    for place, token in enumerate(tokens):
        depth += token.nesting
        if depth == 0:
            block = tokens[start : place + 1]
            html = PARSER.renderer.render(block, PARSER.options, env)
            claims = [number for one in block for number in one.meta.get("claims", ())]
            found.append(Row(_clean(html), list(dict.fromkeys(claims))))
            start = place + 1
    return found


def _clean(html: str) -> Markup:
    cleaned = nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noreferrer noopener",
    )
    return Markup(cleaned)  # noqa: S704
