"""Reads the query language. Whatever cannot be read as syntax is words; nothing ever raises."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whoosh.qparser import syntax
from whoosh.qparser.default import QueryParser
from whoosh.qparser.plugins import GroupPlugin, OperatorsPlugin, Plugin
from whoosh.qparser.taggers import FnTagger

from casefile.index.analysis import analyze, fold, query_forms
from casefile.index.dates import first_day
from casefile.index.tree import And, Field, Fuzzy, Not, Or, Pattern, Phrase, Prefix, Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from casefile.index.records import Query
    from casefile.index.tree import Node

MAX_CHARACTERS = 4_000
MAX_WORDS = 50
MAX_DEPTH = 12

_KINDS = {
    "note": "note",
    "notes": "note",
    "evidence": "evidence",
    "file": "evidence",
    "source": "source",
    "sources": "source",
}
_LANGUAGES = {
    "en": "en",
    "eng": "en",
    "english": "en",
    "ru": "ru",
    "rus": "ru",
    "russian": "ru",
    "ky": "ky",
    "kg": "ky",
    "kir": "ky",
    "kyrgyz": "ky",
}
_FIELDS = {
    "author": "author",
    "by": "author",
    "kind": "kind",
    "case": "case",
    "tag": "tag",
    "lang": "language",
    "language": "language",
    "after": "after",
    "before": "before",
}
_QUOTED = r'"[^"]*"|“[^”]*”|«[^»]*»|„[^“”]*[“”]'
_QUOTES = '"“”«»„'
_OR = r"(?:OR|\|\|?)"
_FUZZY = re.compile(r"(.+?)~+(\d*)", re.DOTALL).fullmatch
_STARRED = re.compile(r"(?:[^\W_]|[*'’])+")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A query once read. `notices` say what was left out."""

    text: str
    tree: Node | None
    notices: tuple[str, ...]


class _Leaf(syntax.TextNode):
    """A stretch of the query that is not an operator or a parenthesis."""

    name = ""


class _LeafPlugin(Plugin):
    def taggers(self, _parser: object) -> list[tuple[FnTagger, int]]:
        return [
            (FnTagger(rf"(?P<name>[a-zA-Z]+):\s{{0,3}}(?P<text>{_QUOTED}|[^\s()]+)", _field), 10),
            (FnTagger(rf"(?P<text>{_QUOTED})", _quoted), 20),
            (FnTagger(rf"(?P<text>[^\s(){_QUOTES}]+|[{_QUOTES}])", _leaf), 200),
        ]


def _leaf(text: str, name: str = "") -> _Leaf:
    leaf = _Leaf(text)  # type: ignore[no-untyped-call]
    leaf.name = name
    return leaf


def _field(name: str, text: str) -> _Leaf | None:
    return _leaf(text, name.lower()) if name.lower() in _FIELDS else None


def _quoted(text: str) -> _Leaf:
    return _leaf(text, '"')


def _parser() -> QueryParser:
    operator: Any = OperatorsPlugin.OpTagger
    prefix = syntax.PrefixOperator
    operators = [
        (operator(r"(?:^|(?<=[\s(]))[-−](?=[^\s)])", syntax.NotGroup, prefix), 0),
        (operator(r"(?:^|(?<=[\s(]))NOT(?=[\s(])", syntax.NotGroup, prefix), 0),
        (operator(r"(?:^|(?<=[\s)]))AND(?=[\s(]|$)", syntax.AndGroup), 0),
        (operator(rf"(?:^|(?<=[\s)])){_OR}(?:\s+{_OR})*(?=[\s(]|$)", syntax.OrGroup), 0),
    ]
    plugins = [GroupPlugin(), OperatorsPlugin(operators, clean=True), _LeafPlugin()]
    return QueryParser(None, None, plugins=plugins)


_PARSER = _parser()


def parse(query: Query | str, today: date) -> Parsed:
    """The tree of a query: its text, and the filters of its form ANDed to it."""
    text = query if isinstance(query, str) else query.text
    reader = _Reader(today)
    clean = reader.cleaned(text)
    tree = reader.node(_PARSER.process(clean))
    if not isinstance(query, str):
        tree = _joined(And, [tree, *_filters(query)])
    return Parsed(clean, tree, tuple(dict.fromkeys(reader.notices)))


def _filters(query: Query) -> Iterator[Node]:
    asked = {
        "kind": query.kind,
        "case_id": query.case_id,
        "author_id": query.author_id,
        "after": query.after,
        "before": query.before,
        "language": query.language,
        "tag": query.tag,
    }
    for name, value in asked.items():
        if value is not None and value != "":
            yield Field(name, value)


def _joined(kind: type[And | Or], nodes: Iterable[Node | None]) -> Node | None:
    children: list[Node] = []
    for node in nodes:
        if isinstance(node, kind):
            children += node.children
        elif node is not None:
            children.append(node)
    return kind(tuple(children)) if len(children) > 1 else next(iter(children), None)


class _Reader:
    """One reading of one query; counts its words and collects what is to be said about it."""

    def __init__(self, today: date) -> None:
        self.today = today
        self.notices: list[str] = []
        self.words = 0

    def cleaned(self, text: str) -> str:
        """Text that whoosh's recursion and the rest of us can take."""
        if len(text) > MAX_CHARACTERS:
            text = text[:MAX_CHARACTERS]
            self.notices.append(
                f"The query is long: only its first {MAX_CHARACTERS:,} characters were used."
            )
        text = unicodedata.normalize("NFC", text)
        text = "".join(" " if unicodedata.category(c) in {"Cc", "Cs"} else c for c in text)
        return self._shallow(text)

    def _shallow(self, text: str) -> str:
        depth = deepest = 0
        kept = []
        for character in text:
            if character == ")":
                depth = max(depth - 1, 0)
                kept.append(character if depth < MAX_DEPTH else " ")
            elif character == "(":
                depth += 1
                deepest = max(deepest, depth)
                kept.append(character if depth <= MAX_DEPTH else " ")
            else:
                kept.append(character)
        if deepest > MAX_DEPTH:
            self.notices.append(f"Parentheses deeper than {MAX_DEPTH} were left out.")
        return "".join(kept)

    def node(self, node: object) -> Node | None:
        match node:
            case _Leaf():
                return self._leaf(node)
            case syntax.NotGroup():
                child = _joined(And, map(self.node, node))
                return None if child is None else Not(child)
            case syntax.OrGroup():
                return _joined(Or, map(self.node, node))
            case syntax.GroupNode():
                return _joined(And, map(self.node, node))
        return None

    def _leaf(self, leaf: _Leaf) -> Node | None:
        if leaf.name == '"':
            return self._phrase(leaf.text[1:-1])
        if leaf.name:
            value = leaf.text.strip(_QUOTES + ",;").strip()
            field = self._field(_FIELDS[leaf.name], value)
            if field is not None:
                return field
            self.notices.append(
                f"“{leaf.name}:{value}” is not a filter that can be used:"
                " it was searched for as words."
            )
            return self._words(f"{leaf.name} {value}", leaf.startchar)
        if found := _FUZZY(leaf.text):
            return self._fuzzy(found[1], int(found[2][:1] or 1), leaf.startchar)
        if "*" in leaf.text:
            return _joined(And, map(self._starred, _STARRED.findall(leaf.text)))
        return self._words(leaf.text, leaf.startchar)

    def _field(self, name: str, value: str) -> Field | None:
        if name == "kind":
            known = _KINDS.get(value.casefold())
        elif name == "language":
            known = _LANGUAGES.get(value.casefold())
        elif name in {"after", "before"}:
            day = first_day(value, self.today)
            return None if day is None else Field(name, day)
        else:
            known = value or None
        return None if known is None else Field(name, known)

    def _room(self) -> bool:
        self.words += 1
        if self.words == MAX_WORDS + 1:
            self.notices.append(f"Only the first {MAX_WORDS} words were searched for.")
        return self.words <= MAX_WORDS

    def _words(self, text: str, start: int) -> Node | None:
        """Words written without a space between them are looked for side by side."""
        found: list[Node] = []
        for part in re.finditer(r"\S+", text):
            tokens = [token for token in analyze(part[0]) if self._room()]
            if len(tokens) == 1:
                token, offset = tokens[0], start + part.start()
                forms = query_forms(token.surface)
                found.append(Word(forms, offset + token.start, offset + token.end))
            elif tokens:
                found.append(Phrase(tuple(query_forms(token.surface) for token in tokens)))
        return _joined(And, found)

    def _phrase(self, text: str) -> Node | None:
        tokens = [token for token in analyze(text) if self._room()]
        return Phrase(tuple(query_forms(token.surface) for token in tokens)) if tokens else None

    def _fuzzy(self, text: str, distance: int, start: int) -> Node | None:
        if "*" in text:
            return _joined(And, map(self._starred, _STARRED.findall(text)))
        tokens = analyze(text)
        if len(tokens) != 1 or not distance:
            return self._words(text, start)
        forms = query_forms(tokens[0].surface)
        # Two letters of three, or one of one, would make it any word.
        length = len(forms.exact)
        distance = min(distance, 2 if length > 3 else 1 if length > 1 else 0)  # noqa: PLR2004
        return Fuzzy(forms, distance) if self._room() else None

    def _starred(self, text: str) -> Node | None:
        parts = [fold(part) for part in re.split(r"\*+", text)]
        if not any(parts) or not self._room():
            return None
        if len(parts) == 1:
            return self._words(text, 0)
        if parts[1:] == [""]:
            return Prefix(parts[0])
        return Pattern("*".join(parts))
