"""Turns text into the terms of the index: exact forms, tagged stems and folded name keys.

The exact form and the stem of a word stand at the same position. A stem begins with the letter of
its language: e, r, k, or x where there is nothing to stem. Terms hold letters and digits only, so
that no tokenizer further on can cut one. For words written together, such as KG-2021/045, +996 555
123456 or Ак-Сай, every part is a word and ``names`` holds a key for the whole.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from threading import Lock
from typing import Any, cast

from whoosh.analysis.filters import Filter
from whoosh.analysis.tokenizers import IDTokenizer

from casefile.index import folding, identifiers, language, names, stems
from casefile.index.folding import fold

__all__ = [
    "VERSION",
    "IndexTerms",
    "Token",
    "WordForms",
    "analyze",
    "fold",
    "index_terms",
    "languages",
    "query_forms",
]

# A shard written under another version is built anew: count it up when a word gets other terms.
VERSION = f"1 {stems.ENGINE}"

# Scripts that put no space between words: each sign is its own token, a run is found as a phrase.
_SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_SIGN = rf"[^\W_{_SPACELESS}]"
_WORD = re.compile(
    rf"{_SIGN}+(?:[{folding.MARKS}]+{_SIGN}*|[{folding.APOSTROPHES}]{_SIGN}+)*"
    rf"|[{_SPACELESS}](?![{folding.MARKS}])|[{_SPACELESS}][{folding.MARKS}]+"
)
_SENTENCE_END = re.compile(r"[.!?…\n](?:(?<=\n)|(?=\s))")
_CYRILLIC = re.compile("[\u0400-\u052f]")
_LATIN = re.compile("[a-z\u00df-\u024f]")
_DIGIT = re.compile("[0-9]")
_FAMILY_NAME = re.compile(
    "(?:[бкмнт][ае]ев|беков|кулов|[аи]лиев|матов|жанов)(?:а|у|ым|ой|е|[дг][аеиоу]н?)?$"
)

# Forms remembered, in each of two generations: some 28 MiB when both are full, which takes
# texts of a hundred thousand different words.
_REMEMBERED = 40_000
_LONGEST_REMEMBERED = 40


@dataclass(frozen=True, slots=True)
class Token:
    start: int
    end: int
    surface: str
    exact: str
    stem: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IndexTerms:
    exact: str
    stems: str
    names: str
    language: str
    length: int


@dataclass(frozen=True, slots=True)
class WordForms:
    exact: str
    stems: tuple[str, ...]
    names: tuple[str, ...]


class _Stemmed(Filter):
    def __init__(self, tag: str, stem: Callable[[str], str]) -> None:
        self.tag, self.stem = tag, stem

    def __call__(self, tokens: Iterable[Any]) -> Iterator[Any]:  # type: ignore[override]
        for token in tokens:
            token.text = self.tag + self.stem(token.text)
            yield token


_ENGLISH = IDTokenizer() | _Stemmed("e", stems.english)
_RUSSIAN = IDTokenizer() | _Stemmed("r", stems.russian)
_KYRGYZ = IDTokenizer() | _Stemmed("k", stems.kyrgyz)


def _through(pipeline: Any, word: str) -> str:
    return cast("str", next(iter(pipeline(word))).text)


class _Form:
    """What is known of one spelling of a word; a stem is empty until somebody needs it."""

    __slots__ = ("exact", "is_cyrillic", "is_latin", "kyrgyz", "lean", "names", "russian")

    def __init__(self, surface: str) -> None:
        self.exact = fold(surface)
        self.is_cyrillic = bool(_CYRILLIC.search(self.exact))
        self.is_latin = not self.is_cyrillic and bool(_LATIN.search(self.exact))
        self.lean = language.lean(self.exact) if self.is_cyrillic else 0
        if self.lean == -1 and surface[0].isupper():
            # Асанов is no genitive plural, and is Асанов in any language.
            self.lean = 0
        self.names = self._names(surface)
        self.russian = self.kyrgyz = ""
        if not self.is_cyrillic:
            stem = _through(_ENGLISH, self.exact) if self.is_latin else f"x{self.exact}"
            self.russian = self.kyrgyz = stem

    def _names(self, surface: str) -> tuple[str, ...]:
        if _DIGIT.search(self.exact):
            return identifiers.of_word(self.exact)
        if self.exact in language.FUNCTION_WORDS:
            return ()
        if surface[0].isupper() or (self.is_cyrillic and _FAMILY_NAME.search(self.exact)):
            return names.keys(surface)
        return ()

    def in_kyrgyz(self) -> str:
        if not self.kyrgyz:
            self.kyrgyz = _through(_KYRGYZ, self.exact)
        return self.kyrgyz

    def in_russian(self) -> str:
        """A word with ө, ү or ң is Kyrgyz in any sentence."""
        if not self.russian:
            is_sure = self.lean >= language.SURE
            self.russian = self.in_kyrgyz() if is_sure else _through(_RUSSIAN, self.exact)
        return self.russian


class _Forms(dict[str, _Form]):
    """A bounded memory of forms: when it is full it is set aside, and forgotten when full again."""

    def __init__(self) -> None:
        super().__init__()
        self._older: dict[str, _Form] = {}
        self._lock = Lock()

    def __missing__(self, surface: str) -> _Form:
        with self._lock:
            form = self._older.get(surface) or _Form(surface)
            if len(surface) <= _LONGEST_REMEMBERED:
                if len(self) >= _REMEMBERED:
                    self._older = self.copy()
                    self.clear()
                self[surface] = form
            return form


_forms = _Forms()

_EXACT, _LEAN, _NAMES = attrgetter("exact"), attrgetter("lean"), attrgetter("names")
_IN_RUSSIAN, _IN_KYRGYZ = attrgetter("russian"), attrgetter("kyrgyz")
_IS_LATIN, _IS_CYRILLIC = attrgetter("is_latin"), attrgetter("is_cyrillic")


def _sentences(text: str) -> tuple[list[tuple[list[_Form], bool]], str]:
    """The words of each sentence and whether it is Kyrgyz; then the language of the whole."""
    sentences: list[tuple[list[_Form], int]] = []
    total = latin = cyrillic = 0
    for sentence in _SENTENCE_END.split(text):
        words = list(map(_forms.__getitem__, _WORD.findall(sentence)))
        if not all(map(_EXACT, words)):
            words = [form for form in words if form.exact]
        evidence = sum(map(_LEAN, words))
        total += evidence
        latin += sum(map(_IS_LATIN, words))
        cyrillic += sum(map(_IS_CYRILLIC, words))
        sentences.append((words, evidence))
    mostly = total > 0
    decided = [(words, evidence > 0 if evidence else mostly) for words, evidence in sentences]
    kyrgyz = sum(sum(map(_IS_CYRILLIC, words)) for words, is_kyrgyz in decided if is_kyrgyz)
    return decided, language.majority(latin, cyrillic, kyrgyz)


def _stems(words: list[_Form], *, kyrgyz: bool) -> list[str]:
    found = list(map(_IN_KYRGYZ if kyrgyz else _IN_RUSSIAN, words))
    if all(found):
        return found
    return [form.in_kyrgyz() if kyrgyz else form.in_russian() for form in words]


def analyze(text: str) -> list[Token]:
    """Every word in the order of the text, with offsets into the text as it was given."""
    sentences, _ = _sentences(text)
    forms = list(chain.from_iterable(words for words, _ in sentences))
    stemmed = list(chain.from_iterable(_stems(words, kyrgyz=kyrgyz) for words, kyrgyz in sentences))
    found = [match for match in _WORD.finditer(text) if _forms[match[0]].exact]
    keys = [form.names for form in forms]
    starts = [match.start() for match in found]
    for start, end, key in identifiers.joined(text):
        for index in range(bisect_left(starts, start), bisect_left(starts, end)):
            keys[index] = (*keys[index], key)
    return [
        Token(match.start(), match.end(), match[0], form.exact, stem, own)
        for match, form, stem, own in zip(found, forms, stemmed, keys, strict=True)
    ]


def index_terms(text: str) -> IndexTerms:
    sentences, spoken = _sentences(text)
    exact: list[str] = []
    stemmed: list[str] = []
    keys: list[str] = []
    for words, kyrgyz in sentences:
        exact += map(_EXACT, words)
        stemmed += _stems(words, kyrgyz=kyrgyz)
        keys += chain.from_iterable(map(_NAMES, words))
    keys += [key for _, _, key in identifiers.joined(text)]
    return IndexTerms(" ".join(exact), " ".join(stemmed), " ".join(keys), spoken, len(exact))


def query_forms(word: str) -> WordForms:
    """What to look for when one word is typed, in whatever case and language.

    A word of several parts (KG-2021/045, Ак-Сай) has no stems: look for its parts as a phrase, or
    for its names.
    """
    parts = [part for part in _WORD.findall(word) if _forms[part].exact]
    keys = dict.fromkeys(key for _, _, key in identifiers.joined(word, typed=True))
    if len(parts) != 1:
        return WordForms(fold(word), (), tuple(keys))
    form = _forms[parts[0]]
    if _DIGIT.search(form.exact):
        found = identifiers.of_word(form.exact, typed=True)
    elif form.exact in language.FUNCTION_WORDS:
        found = ()
    else:
        found = names.keys(parts[0])
    either = dict.fromkeys((form.in_russian(), form.in_kyrgyz()))
    return WordForms(form.exact, tuple(either), (*found, *keys))


def languages(text: str) -> str:
    return _sentences(text)[1]
