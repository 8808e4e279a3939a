"""Did you mean, and what a word may become: from the words of the searcher's own shards only."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from casefile.index.analysis import fold
from casefile.index.compile import LAST, word_match
from casefile.index.expansion import expand
from casefile.index.tree import Fuzzy, Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from casefile.index.sealed import Connection
    from casefile.index.tree import Unit

SECONDS = 0.15
_SHORTEST = 3
_LONG_ENOUGH_FOR_TWO = 6
_MUCH_MORE = 10
_RARE = 2
_PER_SHARD = 60
_LAST_WORD = re.compile(r"(?P<head>.*?)(?P<word>[^\W_](?:[^\W_]|['’])*)", re.DOTALL).fullmatch


class DidYouMean:
    """Looks for a frequent neighbour of each word that is found nowhere or hardly."""

    def __init__(self, text: str, units: Iterable[Unit]) -> None:
        self.text = text
        self.words = [
            unit
            for unit in units
            if isinstance(unit, Word)
            and len(unit.forms.exact) >= _SHORTEST
            and unit.forms.exact.isalpha()
            and fold(text[unit.start : unit.end]) == unit.forms.exact
        ]
        self._held: Counter[Word] = Counter()
        self._near: dict[Word, Counter[tuple[int, str]]] = {word: Counter() for word in self.words}

    def look(self, connection: Connection) -> None:
        for word in self.words:
            (held,) = connection.execute(
                "SELECT count(*) FROM fts WHERE fts MATCH ?", (word_match(word.forms),)
            ).fetchone()
            self._held[word] += held
        # A word that turns out to be known needs no looking around in the shards that follow.
        self.words = [word for word in self.words if self._held[word] <= _RARE]
        for word in self.words:
            far = 2 if len(word.forms.exact) >= _LONG_ENOUGH_FOR_TWO else 1
            near, _ = expand(connection, Fuzzy(word.forms, far))
            for spelling in near:
                distance = 1 if far == 1 or Fuzzy(word.forms, 1).matches(spelling) else far
                if spelling != word.forms.exact:
                    self._near[word][distance, spelling] += _frequency(connection, spelling)

    def best(self) -> str | None:
        """The query with its unknown words put right, if any could be."""
        text, changed = self.text, False
        for word in sorted(self.words, key=lambda word: -word.start):
            found = [
                (distance, -count, spelling)
                for (distance, spelling), count in self._near[word].items()
                if count > self._held[word] * _MUCH_MORE
            ]
            if found:
                spelling = min(found)[2]
                if text[word.start].isupper():
                    spelling = spelling[0].upper() + spelling[1:]
                text = text[: word.start] + spelling + text[word.end :]
                changed = True
        return text if changed else None


def _frequency(connection: Connection, term: str) -> int:
    row = connection.execute("SELECT doc FROM vocabulary WHERE term = ?", (term,)).fetchone()
    return row[0] if row else 0


@dataclass(frozen=True, slots=True)
class Completion:
    """A query whose last word is still being typed."""

    head: str
    start: str

    @classmethod
    def of(cls, text: str) -> Completion | None:
        found = _LAST_WORD(text[-200:])
        start = fold(found["word"]) if found else ""
        return cls(text[: len(text) - len(found["word"])], start) if found and start else None

    def frequencies(self, connection: Connection) -> dict[str, int]:
        return dict(
            connection.execute(
                "SELECT term, doc FROM vocabulary WHERE term >= ? AND term <= ?"
                " ORDER BY doc DESC, term LIMIT ?",
                (self.start, self.start + LAST, _PER_SHARD),
            ).fetchall()
        )

    def best(self, found: Mapping[str, int], limit: int) -> list[str]:
        ordered = sorted(found, key=lambda word: (-found[word], word))
        return [self.head + word for word in ordered[:limit]]
