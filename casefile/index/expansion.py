"""Finds the words of a shard that a wildcard or a misspelt word stands for.

A word at most k letters from the one asked for keeps at least one of its k + 1 parts whole: the first
part is a prefix and the last an ending, and both are ranges of a sorted list, FTS5's own vocabulary
and the same words spelt backwards. What the ranges bring goes through whoosh's automaton. Stepping
through the vocabulary by the automaton alone took a statement for each step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from casefile.index.compile import LAST
from casefile.index.tree import Fuzzy, Pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from casefile.index.sealed import Connection

MOST_TERMS = 250
_LONGEST = 1_000

_FORWARDS = "SELECT term FROM vocabulary WHERE term >= ? AND term <= ?"
_BACKWARDS = "SELECT backwards FROM ending WHERE backwards >= ? AND backwards <= ?"
_INSIDE = "SELECT backwards FROM ending WHERE instr(backwards, ?)"


def expand(connection: Connection, unit: Pattern | Fuzzy) -> tuple[list[str], bool]:
    """The words meant, at most `MOST_TERMS`, and whether these are all."""
    found: dict[str, None] = {}
    for word in _candidates(connection, unit):
        if word not in found and unit.matches(word):
            if len(found) == MOST_TERMS:
                return list(found), False
            found[word] = None
    return list(found), True


def _candidates(connection: Connection, unit: Pattern | Fuzzy) -> Iterator[str]:
    if isinstance(unit, Fuzzy):
        yield from _near(connection, unit.forms.exact, unit.distance)
        return
    first, *inner, last = unit.glob.split("*")
    least = len(unit.glob.replace("*", ""))
    if first and len(first) >= min(len(last), 3):
        yield from _between(connection, _FORWARDS, first, last, least)
    elif last:
        for word in _between(connection, _BACKWARDS, last[::-1], first[::-1], least):
            yield word[::-1]
    else:
        for (word,) in connection.execute(_INSIDE, (max(inner, key=len)[::-1],)):
            yield word[::-1]


def _near(connection: Connection, word: str, distance: int) -> Iterator[str]:
    if not distance:
        return
    lengths = (len(word) - distance, len(word) + distance)
    # The ends get the longer parts: the longer, the shorter the range.
    middle = len(word) // 3 if distance > 1 else 0
    half = (len(word) - middle + 1) // 2
    first, inner, last = word[:half], word[half : half + middle], word[half + middle :]
    yield from _between(connection, _FORWARDS, first, "", *lengths)
    for found in _between(connection, _BACKWARDS, last[::-1], "", *lengths):
        yield found[::-1]
    if inner:
        measured = f"{_INSIDE} AND length(backwards) BETWEEN ? AND ?"
        for (found,) in connection.execute(measured, (inner[::-1], *lengths)):
            yield found[::-1]


def _between(
    connection: Connection,
    statement: str,
    start: str,
    end: str,
    least: int,
    most: int = _LONGEST,
) -> Iterator[str]:
    """Words that start and end so, of so many letters; told apart in SQL as far as it can."""
    column = "term" if statement is _FORWARDS else "backwards"
    measured = f"{statement} AND length({column}) BETWEEN ? AND ?"
    values: tuple[object, ...] = (start, start + LAST, least, most)
    if end:
        measured += f" AND substr({column}, ?) = ?"
        values += (-len(end), end)
    for (word,) in connection.execute(measured, values):
        yield word
