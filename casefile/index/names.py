"""One folded key for the spellings of a name: Latin or Cyrillic, and whatever its case ending.

A key is letters only. It forgets what clerks disagree about: ж and дж, х and kh, й and y, doubled
letters, soft signs, -ov and -off, a woman's -ova, and Russian and Kyrgyz case endings.
"""

import re
import unicodedata
from functools import partial
from itertools import product

from casefile.index.folding import LONGEST, POSSESSIVE, one_script
from casefile.index.kyrgyz_endings import case_endings, kind_of
from casefile.index.name_parts import GIVEN, LAST_PARTS, WHOLE_ENDS

SHORTEST = 3
MOST = 3

# A key is spelled with c for ч, x for ш and щ, j for ж and дж, h for х; y is only on the way.
_CYRILLIC = str.maketrans(
    dict(zip("абвгдежзийклмнопрстуф", "abvgdejziyklmnoprstuf", strict=True))
    | dict(zip("өүңғқҳһәіїєґұўҷӣӯёхчшщыэ", "oungkhhaiiegujjiuehcxxie", strict=True))
    | {"ц": "ts", "ю": "yu", "я": "ya", "ъ": "", "ь": ""}
)
_ACCENTED = str.maketrans(
    dict.fromkeys("šşșŝ", "sh")
    | dict.fromkeys("čçćĉ", "ch")
    | dict.fromkeys("žżź", "zh")
    | dict(zip("əäıłđøæğ", "aaildoeg", strict=True))
)
_SPELLINGS = (
    "shch:x tsch:c sch:x dzh:j tzh:tj tch:c sh:x ch:c cz:c zh:j dj:j kh:h gh:g ph:f th:t"
    " tz:ts ck:k cc:k qu:kv ou:u ohn:on ff:f q:k w:v"
)
_SOUNDS = dict(pair.split(":") for pair in _SPELLINGS.split())
# Letters whose sound the spelling does not tell (C is a c before e, i, y): the name is kept under
# each.
_UNSURE = {"j": ("j", "y"), "x": ("ks", "h"), "c": ("k", "ts"), "C": ("s", "ts")}
_SOFT_C = re.compile("c(?=[eiy])")
_SIGNS = re.compile("|".join((*_SOUNDS, "[jxcC]")))

_CASE = "(?:[dtn][iu]n?|[gk][aeo]|[dt][aeo]n?)"
_FAMILY = f"(?:a|e|i|o?u|oi|ei|im|ih|imi|s|a?(?:[ldt][aeo]r)?{_CASE}|[ldt][aeo]r)?"
_ENDINGS = (
    (re.compile("(.{2,})[eo]vic(?:a|u|em|om|e|i|ei|am|ami|ah)?"), "vic"),
    (re.compile("(.{2,})[eo]vn(?:a|i|e|u|oi|am|ami|ah)"), "vn"),
    (re.compile(f"(.{{2,}})[eo]v{_FAMILY}"), "v"),
    (re.compile(f"(.{{2,}})sk(?:ii?|ogo|omu|om|im|a|aia|oi|ui?u|e|ih|imi)(?:{_CASE})?"), "sk"),
    (re.compile("(.{2,})in(?:a|e|i|u|oi|im|ih|imi)?"), "in"),
)
_NASAL = re.compile("ng+")
_GLIDE_BEFORE_E = re.compile("[iy]+[eo]")
_GLIDE_ALONE = re.compile("(?<![aeou])[iy]+(?=[au])")
_AFTER_A = re.compile("(?<=..a)(?:i[au]?|e[mi]?)$")
_OBLIQUE = re.compile("(?<=....)[eo]m$|(?<=...)[eo](?:go|mu)$")
_LAST_VOWELS = re.compile("(?<=..)[aeiou]+$")
_SWALLOWED = re.compile("(?<=..[bdfgklmnptvxz])e(?=[rl]$)")
_DOUBLED = re.compile(r"(.)\1+")


def keys(surface: str) -> tuple[str, ...]:
    """Usually one; more when a Latin letter can stand for two sounds; none for two letters."""
    word = POSSESSIVE.sub(
        "", one_script(unicodedata.normalize("NFKC", surface[:LONGEST]))
    ).casefold()
    word = word.translate(_ACCENTED)
    if any("\u0400" <= letter <= "\u052f" for letter in word):
        letters = "".join(letter for letter in word if "\u0400" <= letter <= "\u052f")
        sounds = [_without_case(letters.replace("ё", "е")).translate(_CYRILLIC)]
    else:
        plain = unicodedata.normalize("NFKD", word)
        sounds = _latin("".join(letter for letter in plain if "a" <= letter <= "z"))
    found = dict.fromkeys(_key(sound) for sound in sounds if len(sound) >= SHORTEST)
    return tuple(key for key in found if key.isascii() and key.isalpha())[:MOST]


def _latin(word: str) -> list[str]:
    if word.endswith(("off", "eff")):
        word = word[:-2] + "v"
    elif word.endswith(("ah", "eh")):
        word = word[:-1]
    elif word.endswith("j"):
        word = word[:-1] + "y"
    word = _SOFT_C.sub("C", word)
    unsure = sorted(_UNSURE.keys() & set(_SIGNS.findall(word)))
    found = []
    for sounds in product(*(_UNSURE[sign] for sign in unsure)):
        heard = dict(zip(unsure, sounds, strict=True)) | _SOUNDS
        found.append(_SIGNS.sub(partial(_heard, heard), word))
    return found


def _heard(sounds: dict[str, str], sign: re.Match[str]) -> str:
    return sounds[sign[0]]


def _key(sound: str) -> str:
    sound = sound.replace("dj", "j")
    sound = _NASAL.sub("n", sound)
    sound = _GLIDE_BEFORE_E.sub("e", sound)
    sound = _GLIDE_ALONE.sub("", sound).replace("y", "i")
    for ending, mark in _ENDINGS:
        match = ending.fullmatch(sound)
        if match:
            return _DOUBLED.sub(r"\1", match[1] + mark)
    if _AFTER_A.search(sound):
        root = _AFTER_A.sub("i", sound)
    else:
        root = _LAST_VOWELS.sub("", _OBLIQUE.sub("", sound))
    root = _SWALLOWED.sub("", root)
    if len(root) < SHORTEST:
        root += "a"
    return _DOUBLED.sub(r"\1", root)


def _without_case(word: str) -> str:
    """A Cyrillic name without a Kyrgyz case ending, where that can hardly be the name's own end."""
    if word in GIVEN or word.endswith(WHOLE_ENDS):
        return word
    endings, longest = case_endings()
    for cut in range(max(len(word) - longest, SHORTEST), len(word) - 1):
        root, ending = word[:cut], word[cut:]
        if endings.get(ending, 0) & kind_of(root) and _is_case(root, ending):
            return root
    return word


def _is_case(root: str, ending: str) -> bool:
    if root in GIVEN or root.endswith(LAST_PARTS):
        return True
    if ending[0] in "лдт" and "р" in ending[2:3]:
        return len(root) > SHORTEST
    if ending.endswith("н") and ending[1] in "ыуүи":
        return len(root) > SHORTEST + (ending[1] == "и") and ending != "нин"
    return len(root) > SHORTEST + 1 and root[-1] not in "аеиоуыэюяөүс"
