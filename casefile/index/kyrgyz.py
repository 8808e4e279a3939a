"""A light stripper of Kyrgyz endings, for nouns and verbs.

Endings come off only in chains the grammar allows, where vowel harmony and the joint of consonants
fit. A root on our lists wins over one that is guessed.
"""

from functools import lru_cache

from casefile.index.kyrgyz_endings import (
    HARMONY,
    KINDS,
    LOW,
    VOWELS,
    kind_of,
    tables,
    verb_makers,
)
from casefile.index.kyrgyz_roots import BENT_ROOTS, BENT_WORDS, VERBS, WORDS

SHORTEST = 3

_HARDENED = {"б": "п", "г": "к"}
_ROUNDED_LOW = ("оо", "өө")
_ROUNDED_HIGH = ("уу", "үү")
_MADE_TO = (
    *("дыр", "дир", "дур", "дүр", "тыр", "тир", "тур", "түр", "кыз", "киз", "куз", "күз"),
    *("гыз", "гиз", "гуз", "гүз", "ыр", "ир", "ур", "үр", "ын", "ин", "ун", "үн", "н", "т"),
)
_DONE_BY_MANY = ("ыш", "иш", "уш", "үш", "ш", "ыл", "ил", "ул", "үл", "л")
_PASSIVE_AFTER_L = ("лын", "лин", "лун", "лүн")
_PASSIVE_AFTER_LA = ("лан", "лен", "лон", "лөн")
_FINAL_PAIRS = frozenset(
    (
        *("рт", "рк", "рс", "рп", "рч", "рд", "рм", "рн", "рл", "рз", "лт", "лк", "лп", "лч", "лд"),
        *("лм", "нт", "нк", "нч", "нс", "нд", "нг", "ст", "ск", "йт", "йк", "йр", "йл", "йм", "йн"),
        *("йс", "йз", "кт", "кс", "пт", "пс", "фт", "мп", "мс", "тр", "др", "бр", "гр", "вр", "кр"),
        *("пр", "зм", "зд", "ңк", "ңг", "шк", "шт", "хт", "вт"),
    )
)


def strip(word: str) -> str:
    """The root as far as it can be told; forms of one word should meet here, others should not."""
    word = word.replace("ь", "")
    if word in BENT_WORDS:
        return BENT_WORDS[word]
    if word in WORDS or len(word) < SHORTEST:
        return word
    known = _known(word)
    if not known and ("я" in word or "ю" in word):
        # й and the vowel of the ending are one letter: кой, коюп.
        known = _known(word[0] + word[1:].replace("я", "йа").replace("ю", "йу"))
    return known or (_guessed(word) if len(word) > SHORTEST else word)


def is_declined(word: str) -> bool:
    """Whether this is a root we know with an ending on it, and so hardly a Russian word."""
    found = "" if word in WORDS else _known(word)
    return len(word) - len(found) > 1 < len(found)


# Asked twice for one word: by the guess of the language, then for the stem.
@lru_cache(maxsize=256)
def _known(word: str) -> str:
    """The longest root on our lists that leaves a chain of endings; risky chains come last."""
    endings, longest = tables()
    risky = word if word in VERBS else ""
    for cut in range(len(word) - 1, max(len(word) - longest, 2) - 1, -1):
        ending = word[cut:]
        if ending not in endings:
            continue
        root = word[:cut]
        kind = kind_of(root)
        noun, verb = endings[ending]
        found = _noun(root, ending) if noun & kind else ""
        if found:
            return found
        found = _verb(root, ending) if verb & kind else ""
        if found and verb & kind << KINDS:
            return found
        risky = risky or found
    return risky


def _noun(root: str, ending: str) -> str:
    if root in BENT_ROOTS:
        return BENT_ROOTS[root]
    hard = _hard(root) if ending[0] in VOWELS else root
    return next((word for word in (hard, root) if word in WORDS), "")


def _verb(root: str, ending: str) -> str:
    if ending[0] not in VOWELS:
        return _verb_root(root)
    if ending.startswith(_ROUNDED_LOW):
        return _verb_root(_restored(root))
    found = _verb_root(_hard(root)) or _verb_root(root)
    if not found and ending.startswith(_ROUNDED_HIGH):
        # оку and -уу are written окуу.
        return _verb_root(root + ending[0])
    return found


def _verb_root(root: str) -> str:
    """The verb this is a form of: the passive and the plural of doing are forms, causing is not."""
    if root in VERBS or _is_from_noun(root):
        return root
    for voice in _DONE_BY_MANY:
        if root.endswith(voice) and len(root) > len(voice) + 1:
            found = _verb_root(_hard(root[: -len(voice)]))
            if found:
                return found
    if root.endswith(_PASSIVE_AFTER_L) and root[:-2] in VERBS:
        return root[:-2]
    if root.endswith(_PASSIVE_AFTER_LA) and (root[:-1] in VERBS or _is_from_noun(root[:-1])):
        return root[:-1]
    return root if any(_is_made_to(root, voice) for voice in _MADE_TO) else ""


def _is_made_to(root: str, voice: str) -> bool:
    if not root.endswith(voice) or len(root) < len(voice) + 2:
        return False
    rest = root[: -len(voice)]
    return (
        rest in VERBS
        or _hard(rest) in VERBS
        or _is_from_noun(rest)
        or (rest[-1] == "ш" and bool(_verb_root(rest)))
    )


def _is_from_noun(root: str) -> bool:
    noun = root[:-2]
    return noun in WORDS and bool(verb_makers().get(root[-2:], 0) & kind_of(noun))


def _guessed(word: str) -> str:
    """The shortest root that looks like one."""
    endings, longest = tables()
    for cut in range(max(len(word) - longest, SHORTEST), len(word)):
        ending = word[cut:]
        if ending not in endings:
            continue
        root = word[:cut]
        noun, verb = endings[ending]
        if (noun | verb) >> KINDS & kind_of(root) and _is_plausible(root, ending):
            if ending.startswith(_ROUNDED_LOW):
                return _restored(root)
            if not noun & kind_of(root):
                root = _without_voice(root)
            return _shortened(_hard(root) if ending[0] in VOWELS else root)
    return _shortened(word)


def _without_voice(root: str) -> str:
    """A verb nobody listed, made passive or plural after its last vowel: жумшал is жумша."""
    return root[:-1] if root[-1] in "лш" and root[-2] in "аеоө" and len(root) > SHORTEST else root


def _is_plausible(root: str, ending: str) -> bool:
    before, last = root[-2], root[-1]
    if ending.startswith(_ROUNDED_LOW):
        return last not in VOWELS and any(letter in VOWELS for letter in root)
    if last in VOWELS:
        # Rather магазин, магазини than магази, магазини; whoever does a thing may well end in -чы.
        is_short = last in "ыиуү" and before not in VOWELS and before != "ч"
        return ending[0] != "н" or not (is_short or root.endswith(("ио", "ео")))
    if last == "с" and ending.startswith(("ты", "ти", "ту", "тү")):
        return False
    if before in VOWELS:
        # к and п turn soft between vowels: жүрөк, жүрөгү.
        return not (last in "кп" and ending[0] in VOWELS)
    return root[-2:] in _FINAL_PAIRS


def _shortened(root: str) -> str:
    """A last high vowel may be the root's own or a possessive: without a list, neither is kept."""
    if len(root) > SHORTEST and root[-1] in "ыиуү" and root[-2] not in VOWELS:
        return _hard(root[:-1])
    return root


def _hard(root: str) -> str:
    return root[:-1] + _HARDENED[root[-1]] if root[-1] in _HARDENED else root


def _restored(root: str) -> str:
    """The vowel that -оо and -өө swallowed: тергөө is терге, ойлоо is ойло, баалоо is баала."""
    for letter in reversed(root):
        if letter in HARMONY:
            return root + LOW[HARMONY[letter]]
    return root
