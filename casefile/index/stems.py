"""Stems of a folded word: English and Russian by Snowball, Kyrgyz by our own stripper."""

import re
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec

from whoosh.lang.snowball.english import EnglishStemmer
from whoosh.lang.snowball.russian import RussianStemmer

from casefile.index import english_forms, russian_forms
from casefile.index.kyrgyz import strip as kyrgyz

__all__ = ["ENGINE", "english", "kyrgyz", "russian", "snowball"]

ENGINE = "pystemmer" if find_spec("Stemmer") else "whoosh"

_FLEETING = re.compile("(?<=..)(?<=[бвгджзклмнпрстфхцчшщ])[ое](?=[кц]$)")
_SOFT_BEFORE_LAST = re.compile("ь(?=[кц]$)")
_COUNTRY = re.compile("(?<=..)стан(?:а|у|ом|е)?$")
# Snowball takes -ан off some cases of a noun as if off a participle: орган, органа, but органу.
_LAST_N = re.compile("([аеиоуыэюя].*[ая])н$")
_DOING = re.compile("(?<=...)(ир|из)ован?$|(?<=...)ова$")


def english(word: str) -> str:
    return snowball("english", ENGINE)(english_forms.ENGLISH.get(word, word))


def russian(word: str) -> str:
    """Snowball's stem, brought together where Russian drops a vowel or changes the verb's tail."""
    if word in russian_forms.STEMS:
        return russian_forms.STEMS[word]
    if _COUNTRY.search(word):
        return _COUNTRY.sub("стан", word)
    stem = snowball("russian", ENGINE)(russian_forms.WORDS.get(word, word))
    stem = _SOFT_BEFORE_LAST.sub("", _FLEETING.sub("", stem))
    return _LAST_N.sub(r"\1", _DOING.sub(r"\1", stem))


@cache
def snowball(language: str, engine: str) -> Callable[[str], str]:
    stem: Callable[[str], str]
    if engine == "pystemmer":
        from Stemmer import Stemmer  # noqa: PLC0415, an extra: Whoosh's own stemmers are slower

        # Without a cache of its own: the analysis remembers what it has seen.
        stem = Stemmer(language, 0).stemWord
    else:
        stem = (EnglishStemmer if language == "english" else RussianStemmer)().stem
    return stem
