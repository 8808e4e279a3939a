"""Notes nobody wrote, in English, Russian and Kyrgyz: the same ones for the same seed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Iterator

FUNCTION_WORDS = {
    "en": "the of and to in a is that for it was on with as by at from this be are or not".split(),
    "ru": "и в не на что с по как это из у за от для о к его так но они был была при или также".split(),
    "ky": "жана менен үчүн деп бул ал бир да болгон жок бар эле кийин боюнча анын эмес ошол биз".split(),
}
_SYLLABLES = {
    "en": (
        "bar bel cor dan der fen gil hol jas kel lor mar nel por quin ran sel tor vin wel".split()
    ),
    "ru": (
        "ба бор вел гор дар жил зор кал лом мер нор пел рад сол тур фил хол чер шат цим".split()
    ),
    "ky": ("ак бал кур дөң жыл күл мүн кор сар таң өр төл үч кан бек жол сыр чоң эл ат".split()),
}
_ENDINGS = {
    "en": ("", "s", "ed", "ing", "er", "ers", "ly", "ness"),
    "ru": ("", "а", "у", "ом", "е", "ы", "ов", "ам", "ами", "ах", "ный", "ного", "ной"),
    "ky": ("", "дын", "га", "ды", "да", "дан", "лар", "лардын", "ларга", "ым", "ы", "сы", "дуу"),
}
_ENDING_WEIGHTS = (10, 6, 5, 4, 4, 3, 3, 2, 2, 1, 1, 1, 1)
_ROOTS = {"en": 900, "ru": 1_100, "ky": 950}
_LANGUAGE_WEIGHTS = {"en": 20, "ru": 45, "ky": 35}
_FUNCTION_SHARE = 0.3
_EPOCH = datetime(2021, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Note:
    id: UUID
    case_id: UUID
    author_id: UUID
    author: str
    title: str
    text: str
    language: str
    created_at: datetime
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of one language and, added up, how often each is drawn."""

    words: list[str]
    weights: list[float]


class Corpus:
    """`notes(case)` gives the notes of one case; any case can be asked for alone."""

    def __init__(self, notes: int, cases: int, *, seed: int = 1) -> None:
        self.seed = seed
        self.sizes = [notes // cases + (number < notes % cases) for number in range(cases)]
        chance = Random(seed)
        self.case_ids = [UUID(int=chance.getrandbits(128), version=4) for _ in range(cases)]
        self.languages = list(_ROOTS)
        self.vocabularies = {code: _vocabulary(code, chance) for code in self.languages}
        self.surnames = _surnames(chance)
        self.authors = [
            (UUID(int=chance.getrandbits(128), version=4), name)
            for name in dict.fromkeys(chance.choices(self.surnames, k=40))
        ]

    def notes(self, case: int) -> Iterator[Note]:
        chance = Random(f"{self.seed} {case}")
        authors = chance.sample(self.authors, k=min(6, len(self.authors)))
        spoken = chance.choices(self.languages, weights=list(_LANGUAGE_WEIGHTS.values()))[0]
        for _ in range(self.sizes[case]):
            language = spoken if chance.random() < 0.8 else chance.choice(self.languages)
            author_id, author = chance.choice(authors)
            yield Note(
                id=UUID(int=chance.getrandbits(128), version=4),
                case_id=self.case_ids[case],
                author_id=author_id,
                author=author,
                title=self._sentence(chance, language, chance.randint(3, 7)).rstrip("."),
                text=self._text(chance, language),
                language=language,
                created_at=_EPOCH + timedelta(minutes=chance.randrange(5 * 365 * 24 * 60)),
                tags=tuple(chance.sample(("bank", "court", "land", "tender", "travel"), k=1)),
            )

    def _text(self, chance: Random, language: str) -> str:
        left = chance.randint(40, 120)
        sentences = []
        while left > 0:
            length = min(left, chance.randint(6, 16))
            sentences.append(self._sentence(chance, language, length))
            left -= length
        return " ".join(sentences)

    def _sentence(self, chance: Random, language: str, length: int) -> str:
        vocabulary = self.vocabularies[language]
        words = chance.choices(vocabulary.words, cum_weights=vocabulary.weights, k=length)
        if chance.random() < 0.4:
            words[chance.randrange(length)] = chance.choice(self.surnames)
        words[0] = words[0].capitalize()
        return " ".join(words) + "."


def _vocabulary(language: str, chance: Random) -> Vocabulary:
    syllables = _SYLLABLES[language]
    roots = list(
        dict.fromkeys(
            "".join(chance.choices(syllables, k=chance.choice((2, 3, 3, 3))))
            for _ in range(_ROOTS[language])
        )
    )
    words: list[str] = []
    weights: list[float] = []
    # Zipf's law with its top cut: even the commonest root is rare beside a function word.
    for rank, root in enumerate(roots):
        likely = 1 / (rank + 60) ** 0.9
        for ending, share in zip(_ENDINGS[language], _ENDING_WEIGHTS, strict=False):
            words.append(root + ending)
            weights.append(likely * share)
    among = sum(1 / (rank + 3) for rank in range(len(FUNCTION_WORDS[language])))
    scale = sum(weights) * _FUNCTION_SHARE / (1 - _FUNCTION_SHARE) / among
    for rank, word in enumerate(FUNCTION_WORDS[language]):
        words.append(word)
        weights.append(scale / (rank + 3))
    return Vocabulary(words, list(accumulate(weights)))


def _surnames(chance: Random) -> list[str]:
    stems = dict.fromkeys(
        "".join(chance.choices(_SYLLABLES["ru"], k=2)).capitalize() for _ in range(300)
    )
    return [stem + ending for stem in stems for ending in ("ов", "ова", "ову", "баев", "баевдин")]
