"""Cuts a piece out of a text where the words looked for stand, and marks every form that matched."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from casefile.index.analysis import analyze, query_forms
from casefile.index.compile import NAME, STEM
from casefile.index.grammar import Parsed, parse
from casefile.index.records import Fragment, Query
from casefile.index.tree import Fuzzy, Pattern, Phrase, Prefix, Word, units

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from casefile.index.analysis import WordForms

Span = tuple[int, int]

LONGEST_LOOK = 200_000
LONGEST_ANALYSIS = 20_000
_MOST_PLACES = 200
_TRIES = 3
_LONGEST_CHUNK = 100
_REMEMBERED = 16_384
_CHUNK = re.compile(r"\S+")
_SENTENCE_END = re.compile(r"[.!?…]+[\"»”’)\]]*\s+|\n+")
_ANY_DAY = date(2000, 1, 1)


def snippet(text: str, query: Parsed | Query | str, *, size: int = 240) -> list[Fragment]:
    """About `size` characters around the best place, whole words only, from a sentence's start where
    one is near. Without a match, the beginning.
    """
    marker = _marker(query)
    for place in _likely_places(text, marker.hints, size)[:_TRIES]:
        start, end = _window(text, place, size)
        spans = marker.spans(text, start, end)
        if spans:
            return _fragments(text, start, end, spans)
    beginning = text[:LONGEST_ANALYSIS]
    spans = marker.spans(beginning, 0, len(beginning))
    start, end = _window(text, _densest(spans, size) if spans else (0, 0), size)
    return _fragments(text, start, end, [s for s in spans if start <= s[0] and s[1] <= end])


def highlight(parsed: Parsed | Query | str, text: str) -> list[Fragment]:
    """The whole text, marked as far as it is not huge: for titles and short notes."""
    end = min(len(text), LONGEST_ANALYSIS)
    return _fragments(text, 0, len(text), _marker(parsed).spans(text, 0, end))


@dataclass(slots=True)
class _Marker:
    """The forms a query looks for, as sets to be asked word by word."""

    forms: set[str] = field(default_factory=set)
    prefixes: tuple[str, ...] = ()
    spellings: list[Pattern | Fuzzy] = field(default_factory=list)
    phrases: list[tuple[WordForms, ...]] = field(default_factory=list)
    hints: list[re.Pattern[str]] = field(default_factory=list)
    known: dict[str, tuple[Span, ...]] = field(default_factory=dict)

    def add(self, unit: Word | Phrase | Prefix | Pattern | Fuzzy) -> None:
        match unit:
            case Phrase(words):
                self.phrases.append(words)
                self.hints.append(_hint(words[0].exact))
            case Prefix(text):
                self.prefixes = (*self.prefixes, text)
                self.hints.append(_hint(text, cut=False))
            case Pattern(glob):
                self.spellings.append(unit)
                start = glob.split("*")[0]
                if start:
                    self.hints.append(_hint(start, cut=False))
            case Word(forms) | Fuzzy(forms):
                self.forms |= _marked_forms(forms.exact, forms.stems, forms.names)
                self.hints.append(_hint(forms.exact))
                if isinstance(unit, Fuzzy):
                    self.spellings.append(unit)

    def spans(self, text: str, start: int, end: int) -> list[Span]:
        """Where in the window something matches."""
        found: list[Span] = []
        known = self.known
        for chunk in _CHUNK.finditer(text, start, end):
            written = chunk[0]
            fits = known.get(written)
            if fits is None:
                fits = tuple((w.start, w.end) for w in _words(written) if self._fits(w))
                if len(known) < _REMEMBERED and len(written) <= _LONGEST_CHUNK:
                    known[written] = fits
            if fits:
                at = chunk.start()
                found += [(at + left, at + right) for left, right in fits]
        if not self.phrases:
            return found
        return sorted({*found, *self._phrase_spans(text, start, end)})

    def _phrase_spans(self, text: str, start: int, end: int) -> Iterator[Span]:
        places: list[Span] = []
        words: list[_Read] = []
        for chunk in _CHUNK.finditer(text, start, end):
            for word in _words(chunk[0]):
                places.append((chunk.start() + word.start, chunk.start() + word.end))
                words.append(word)
        for phrase in self.phrases:
            first = {phrase[0].exact, *(STEM + stem for stem in phrase[0].stems)}
            for at in range(len(words) - len(phrase) + 1):
                if first.isdisjoint(words[at].forms):
                    continue
                if _stands(phrase, words[at : at + len(phrase)]):
                    yield from places[at : at + len(phrase)]

    def _fits(self, word: _Read) -> bool:
        return (
            not self.forms.isdisjoint(word.forms)
            or (bool(self.prefixes) and word.exact.startswith(self.prefixes))
            or any(spelling.matches(word.exact) for spelling in self.spellings)
        )


class _Read(NamedTuple):
    """A word of a text, with its stems in every language it could be in."""

    start: int
    end: int
    exact: str
    stems: tuple[str, ...]
    forms: frozenset[str]


def _marked_forms(exact: str, stems: Iterable[str], names: Iterable[str]) -> frozenset[str]:
    return frozenset((exact, *(STEM + stem for stem in stems), *(NAME + name for name in names)))


def _words(chunk: str) -> tuple[_Read, ...]:
    return _remembered(chunk) if len(chunk) <= _LONGEST_CHUNK else _read(chunk)


def _read(chunk: str) -> tuple[_Read, ...]:
    found = []
    for token in analyze(chunk):
        stems = query_forms(token.surface).stems
        forms = _marked_forms(token.exact, stems, token.names)
        found.append(_Read(token.start, token.end, token.exact, stems, forms))
    return tuple(found)


# Twenty pieces of text are cut for every page of results, and most words come again and again.
_remembered = lru_cache(maxsize=_REMEMBERED)(_read)


@lru_cache(maxsize=64)
def _marker_of(parsed: Parsed) -> _Marker:
    marker = _Marker()
    for unit in dict.fromkeys(units(parsed.tree)):
        marker.add(unit)
    return marker


def _marker(query: Parsed | Query | str) -> _Marker:
    return _marker_of(query if isinstance(query, Parsed) else parse(query, _ANY_DAY))


def _stands(phrase: Sequence[WordForms], words: Sequence[_Read]) -> bool:
    pairs = list(zip(phrase, words, strict=True))
    return all(asked.exact == word.exact for asked, word in pairs) or all(
        not set(asked.stems).isdisjoint(word.stems) for asked, word in pairs
    )


def _hint(word: str, *, cut: bool = True) -> re.Pattern[str]:
    """Finds quickly where a form of the word may begin. What it overlooks (another script, an
    irregular form) is found by reading the text word by word.
    """
    start = word[: max(3, -(-len(word) * 3 // 5))] if cut else word
    return re.compile(rf"(?<![^\W_]){re.escape(start)}".replace("е", "[её]"), re.IGNORECASE)


def _likely_places(text: str, hints: Iterable[re.Pattern[str]], size: int) -> list[Span]:
    """Stretches where many different words seem to stand close together, best first."""
    places: list[tuple[int, int]] = []
    for number, hint in enumerate(hints):
        for found, _ in zip(
            hint.finditer(text, 0, LONGEST_LOOK), range(_MOST_PLACES), strict=False
        ):
            places.append((found.start(), number))
    places.sort()
    best: list[tuple[int, int, int]] = []
    first = 0
    for last, (end, _) in enumerate(places):
        while end - places[first][0] > size * 2 // 3:
            first += 1
        together = {number for _, number in places[first : last + 1]}
        best.append((-len(together), places[first][0], end))
    best.sort()
    chosen: list[Span] = []
    for _, start, end in best:
        if not any(start <= other_end and other_start <= end for other_start, other_end in chosen):
            chosen.append((start, end))
            if len(chosen) == _TRIES:
                break
    return chosen


def _densest(spans: Sequence[Span], size: int) -> Span:
    """The stretch of at most the size that holds the most marked words."""
    best, first = (0, 0, 0), 0
    for last, (_, end) in enumerate(spans):
        while end - spans[first][0] > size and first < last:
            first += 1
        if last - first + 1 > best[0]:
            best = (last - first + 1, spans[first][0], end)
    return best[1], best[2]


def _window(text: str, place: Span, size: int) -> Span:
    """The piece to show around a place: from the start of a sentence or at least of a word."""
    first, last = place
    low = max(first - size // 2, 0)
    start = low
    if low:
        sentence = _SENTENCE_END.search(text, low, first)
        space = re.compile(r"\s+").search(text, low, first)
        start = sentence.end() if sentence else space.end() if space else low
    high = max(start + size, last)
    if high >= len(text):
        return start, len(text)
    word_end = re.compile(r"\s|$").search(text, last, min(last + size, len(text)))
    least = word_end.start() if word_end else last
    ends = [m.end() for m in _SENTENCE_END.finditer(text, max(least, start + size // 2), high)]
    if ends:
        return start, ends[-1]
    space_at = max(text.rfind(" ", least, high), text.rfind("\n", least, high))
    return start, max(space_at if space_at > start else high, least)


def _fragments(text: str, start: int, end: int, spans: Iterable[Span]) -> list[Fragment]:
    pieces: list[Fragment] = []
    at = start
    for left, right in spans:
        if left > at:
            pieces.append(Fragment(text[at:left], marked=False))
        pieces.append(Fragment(text[left:right], marked=True))
        at = right
    rest = text[at:end] if end == len(text) else text[at:end].rstrip()
    if rest:
        pieces.append(Fragment(rest, marked=False))
    if start > 0:
        pieces.insert(0, Fragment("… ", marked=False))
    if end < len(text):
        pieces.append(Fragment(" …", marked=False))
    return pieces
