"""Every chain of Kyrgyz endings, spelled out for each kind of root it may follow.

The grammar is written in signs: A and I are the low and the high vowel that follow the harmony of
the root, O and U the two that are always rounded; N, D, L, G and B are consonants that follow its
last sound. A chain that starts with a vowel follows a consonant, one marked with - follows a vowel.
"""

from collections.abc import Iterable, Iterator
from functools import cache

HARMONY = dict(zip("аяыоёуюеэиөү", "aaaoouueeeöö", strict=True))
VOWELS = frozenset(HARMONY)
LOW = {"a": "а", "o": "о", "u": "а", "e": "е", "ö": "ө"}
_VOWEL_SIGNS = {
    "A": LOW,
    "I": {"a": "ы", "o": "у", "u": "у", "e": "и", "ö": "ү"},
    "O": {"a": "о", "o": "о", "u": "о", "e": "ө", "ö": "ө"},
    "U": {"a": "у", "o": "у", "u": "у", "e": "ү", "ö": "ү"},
}
# After a vowel, after р or й, after another voiced consonant, after a voiceless one.
_JOINTS = {"N": "нддт", "D": "дддт", "L": "ллдт", "G": "гггк", "B": "бббп"}
_JOINT_AFTER = dict.fromkeys(VOWELS, 0) | dict.fromkeys("рй", 1) | dict.fromkeys("кпстчшфхцщ", 3)
_VOICED = 2
_HARMONIES = "aoueö"
KINDS = 4 * len(_HARMONIES)

_CASES = ("", "NIн", "NI", "GA", "DA", "DAн", "DAгI", "DAгIлAр", "NIкI", "GAчA")
_MY_CASES = ("", "DIн", "DI", "A", "GA", "DA", "DAн", "DAгI")
_HIS_CASES = ("", "нIн", "н", "нA", "нDA", "нAн", "нDAгI", "нDAгIлAр", "нDAй")
_OUR_CASES = ("", "DIн", "DI", "GA", "DA", "DAн", "DAгI")
_POSSESSIVES = (
    ("Iм", "-м", _MY_CASES),
    ("Iң", "-ң", _MY_CASES),
    ("I", "-сI", _HIS_CASES),
    ("IбIз", "-бIз", _OUR_CASES),
    ("IңIз", "-ңIз", _OUR_CASES),
    ("IңAр", "-ңAр", _OUR_CASES),
    ("IңIздAр", "-ңIздAр", _OUR_CASES),
)
_CLITICS = ("BI", "DAй", "чA", "мIн", "сIң", "IрAAк", "-рAAк")
_WHO = ("", "мIн", "сIң", "сIз", "бIз", "сIңAр", "сIздAр")
_WHO_NOW = (*_WHO[1:], "т", "м")
_DID = ("", "м", "ң", "ңIз", "к", "ңAр", "ңIздAр")

# Too short, or too much like the end of plain words, to be taken off anything but a root we know.
_RISKY = frozenset(
    (
        *("Iп", "-п", "IпчI", "-пчI", "Aр", "-р", "Iш", "-ш", "Aт", "Aм", "A", "-й", "чI", "DIк"),
        *("сA", "сAк", "сAм", "сAң", "сAңIз", "сIн", "BAс", "BAсA", "BAй", "GIлA", "GAнI"),
        *("IшI", "-шI", "IшIн", "-шIн", "IшIнA", "-шIнA", "IшAт", "-шAт", "IштI", "-штI"),
        *("IшкAн", "-шкAн", "IшсA", "-шсA", "IңIз", "-ңIз", "IңIздAр", "-ңIздAр"),
        *("AсIз", "AсIң", "AмIн", "AбIз", "BAбIз", "BAсIз", "DIм", "DIң", "DIңIз", "DIңAр"),
        *("ABI", "-йBI", "AйIн", "-йIн", "AлI", "-йлI"),
        *(owner + case for owner in ("Iм", "-м", "Iң", "-ң") for case in _MY_CASES),
        *_CLITICS,
    )
)


@cache
def tables() -> tuple[dict[str, tuple[int, int]], int]:
    """Written ending -> the kinds of noun and the kinds of verb it may follow; the longest.

    Kinds are bits; the upper half says where the root need not be a known one.
    """
    nouns, verbs = _table(_nouns()), _table(_verbs())
    both = {ending: (nouns.get(ending, 0), verbs.get(ending, 0)) for ending in (*nouns, *verbs)}
    return both, max(map(len, both))


@cache
def verb_makers() -> dict[str, int]:
    """What makes a noun a verb: эсеп, эсепте."""
    return _table(("LA",))


@cache
def case_endings() -> tuple[dict[str, int], int]:
    """What a name is declined with."""
    cases = ("NIн", "NI", "GA", "DA", "DAн", "DAгI")
    table = _table((*cases, "LAр", *(f"LAр{case}" for case in cases)))
    return table, max(map(len, table))


def kind_of(root: str) -> int:
    """The kind of root, as a bit that the tables can be asked for."""
    for letter in reversed(root):
        if letter in _KINDS_OF_LETTER:
            return _KINDS_OF_LETTER[letter][_joint(root[-1])]
    return 0


def _nouns() -> Iterator[str]:
    for plural in ("", "LAр"):
        yield from (plural + case for case in _CASES)
        for possessive, _, cases in _POSSESSIVES:
            yield from (f"{plural}{possessive}{case}" for case in cases)
    for _, possessive, cases in _POSSESSIVES:
        yield from (f"{possessive}{case}" for case in cases)
    yield from _CLITICS


def _verbs() -> Iterator[str]:
    yield from _finite()
    yield from _participles()
    for joint in ("I", "-"):
        yield from (f"{joint}п{end}" for end in ("", "тIр", "тIрмIн", "чI"))
        yield from (f"{joint}ш{end}" for end in ("", "Aт", "тI", "кAн", "сA", "пAйт", "Aр"))
        yield from (f"{joint}шI{case}" for case in _HIS_CASES)
        yield from (f"{joint}ңIз", f"{joint}ңIздAр")
    after_vowel = [noun.lstrip("-") for noun in _nouns() if not noun.startswith("I")]
    for name in ("UU", "UUчI", "OO", "OOчI"):
        yield from (name + noun for noun in after_vowel)


def _finite() -> Iterator[str]:
    for joint in ("A", "-й"):
        yield from (f"{joint}{who}" for who in ("", "BI", *_WHO_NOW))
        yield from (f"{joint}{who}BI" for who in _WHO_NOW)
    yield from (f"DI{who}BI" for who in _DID)
    yield from (f"BAй{who}" for who in ("", "BI", *_WHO_NOW, "IнчA"))
    yield from (f"{joint}р{who}" for who in _WHO for joint in "A-")
    yield from ("BAс", "BAсмIн", "BAсA", "BAптIр", "BAстAн", "BAстIк", "GIлA", "мAкчI", "чI")
    yield from ("GAнBI", "AйIн", "-йIн", "AлI", "-йлI")


def _participles() -> Iterator[str]:
    after_consonant = [noun for noun in _nouns() if noun and not noun.startswith("-")]
    for no in ("", "BA"):
        yield from (f"{no}DI{who}" for who in _DID)
        yield from (f"{no}GAн{who}" for who in _WHO)
        yield from (f"{no}GAн{noun}" for noun in after_consonant)
        yield from (f"{no}GAндI{end}" for end in ("к", "ктAн", "гI", "гIн", "гIнA", "гIнAн"))
        yield from (f"{no}сA{who}" for who in _DID)
        yield from (f"{no}сIн", f"{no}GAнчA", f"{no}GAнI")


def _joint(letter: str) -> int:
    return _JOINT_AFTER.get(letter, _VOICED)


def _written(chain: str, harmony: str, joint: int) -> str:
    """One chain as it is spelled after this kind of root; empty when it cannot follow it."""
    if (chain[0] == "-" and joint) or (chain[0] in _VOWEL_SIGNS and not joint):
        return ""
    letters: list[str] = []
    for sign in chain.removeprefix("-"):
        if sign in _VOWEL_SIGNS:
            letter = _VOWEL_SIGNS[sign][harmony]
        else:
            letter = _JOINTS[sign][joint] if sign in _JOINTS else sign
        letters.append(letter)
        harmony = HARMONY.get(letter, harmony)
        joint = _joint(letter)
    return "".join(letters)


def _kind(harmony: str, joint: int) -> int:
    return 1 << (_HARMONIES.index(harmony) * 4 + joint)


# е may stand for ё, which is folded away: актердун, самолетто.
_KINDS_OF_LETTER = {
    letter: [_kind(own, joint) | (_kind("o", joint) if letter == "е" else 0) for joint in range(4)]
    for letter, own in HARMONY.items()
}


def _table(chains: Iterable[str]) -> dict[str, int]:
    table: dict[str, int] = {}
    for chain in filter(None, dict.fromkeys(chains)):
        for harmony in _HARMONIES:
            for joint in range(4):
                written = _written(chain, harmony, joint)
                if written:
                    kind = _kind(harmony, joint)
                    mask = kind if chain in _RISKY else kind | kind << KINDS
                    table[written] = table.get(written, 0) | mask
    return table
