"""The query as a tree, after reading and before it meets a shard."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from whoosh.automata.lev import levenshtein_automaton

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from casefile.index.analysis import WordForms


@dataclass(frozen=True, slots=True)
class Word:
    """A word in any of its forms; `start` and `end` say where in the query it was written."""

    forms: WordForms
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words one after another, as written or by stem. A single word in quotes has no name key."""

    words: tuple[WordForms, ...]


@dataclass(frozen=True, slots=True)
class Prefix:
    text: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """`*` stands for any run of letters, also none; it is at the front or inside."""

    glob: str

    def matches(self, exact: str) -> bool:
        first, *inner, last = self.glob.split("*")
        if len(exact) < len(first) + len(last) or not exact.startswith(first):
            return False
        at = len(first)
        for part in inner:
            at = exact.find(part, at)
            if at < 0:
                return False
            at += len(part)
        return exact.endswith(last) and at <= len(exact) - len(last)


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """A word in any of its forms, or any spelling at most `distance` letters away."""

    forms: WordForms
    distance: int

    def matches(self, exact: str) -> bool:
        if abs(len(exact) - len(self.forms.exact)) > self.distance:
            return False
        return _spelling_automaton(self.forms.exact, self.distance)(exact)


@dataclass(frozen=True, slots=True)
class Field:
    """Something asked of the record instead of its words."""

    name: str
    value: object


@dataclass(frozen=True, slots=True)
class And:
    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    child: Node


Unit: TypeAlias = "Word | Phrase | Prefix | Pattern | Fuzzy"
Node: TypeAlias = "Unit | Field | And | Or | Not"


def units(node: Node | None, *, wanted: bool = True) -> Iterator[Unit]:
    """The words and phrases a result should hold (or, with `wanted=False`, must not)."""
    match node:
        case None | Field():
            return
        case And(children) | Or(children):
            for child in children:
                yield from units(child, wanted=wanted)
        case Not(child):
            yield from units(child, wanted=not wanted)
        case _:
            if wanted:
                yield node


@lru_cache(maxsize=64)
def _spelling_automaton(word: str, distance: int) -> Callable[[str], bool]:
    automaton = levenshtein_automaton(word, distance).to_dfa()
    return lru_cache(maxsize=4_096)(automaton.accept)
