"""Folds a spelling to the form words are compared in: width, case, accents, look-alike letters."""

import re
import unicodedata

# Left out of a term wherever they stand inside a word. The last range is the variation selectors
# that lie outside the plane which is scanned.
MARKS = (
    "".join(
        chr(code)
        for code in range(0x10000)
        if unicodedata.category(chr(code)) in {"Mn", "Mc", "Me"}
    )
    + "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
    + "\U000e0100-\U000e01ef"
)
APOSTROPHES = "'\u2019\u2018\u02bc\u02bb\u02b9\u00b4\u0060\u2032\uff07"
LONGEST = 64

POSSESSIVE = re.compile(f"[{APOSTROPHES}][sS]$")
_PLAIN_CYRILLIC = re.compile("[а-яА-ЯөүңӨҮҢ]+").fullmatch
_YO = str.maketrans("ё", "е")
_BREVE = "\u0306"

# Typed in one script but meant for the other; seen in registers that were keyed in by hand.
_LATIN_LOOK = "ABCEHKMOPTXYaceopxy"
_CYRILLIC_LOOK = "АВСЕНКМОРТХУасеорху"
_TO_CYRILLIC = str.maketrans(_LATIN_LOOK, _CYRILLIC_LOOK)
_TO_LATIN = str.maketrans(_CYRILLIC_LOOK, _LATIN_LOOK)
_LATIN_LETTER = re.compile("[A-Za-z]")
_CYRILLIC_LETTER = re.compile("[\u0400-\u052f]")
_ODD_LATIN = re.compile(f"(?![{_LATIN_LOOK}])[A-Za-z]")
_ODD_CYRILLIC = re.compile(f"(?![{_CYRILLIC_LOOK}])[\u0400-\u052f]")
_STAND_INS = str.maketrans({"ѳ": "ө", "ӊ": "ң", "ҥ": "ң", "ӈ": "ң", "ӛ": "ә"})


def fold(word: str) -> str:
    """Letters and digits only; empty when the word has neither."""
    # Sorting a long run of accents takes time by its square.
    word = word[: 4 * LONGEST]
    if _PLAIN_CYRILLIC(word):
        return word.lower()[:LONGEST]
    if word.isascii():
        if word.isalnum():
            return word.lower()[:LONGEST]
    else:
        word = one_script(unicodedata.normalize("NFKC", word))
    folded = unicodedata.normalize("NFKD", POSSESSIVE.sub("", word).casefold())
    letters: list[str] = []
    for character in folded:
        if character == _BREVE and letters and letters[-1] == "и":
            letters[-1] = "й"
        elif character.isalnum() and not "\u02b0" <= character <= "\u02ff":
            letters.append(_term_character(character))
    composed = unicodedata.normalize("NFC", "".join(letters)[:LONGEST])
    return composed.translate(_STAND_INS).translate(_YO)


def one_script(word: str) -> str:
    """A word that mixes Latin and Cyrillic look-alikes, in the script it was meant in."""
    if not (_LATIN_LETTER.search(word) and _CYRILLIC_LETTER.search(word)):
        return word
    if not _ODD_LATIN.search(word):
        return word.translate(_TO_CYRILLIC)
    if not _ODD_CYRILLIC.search(word):
        return word.translate(_TO_LATIN)
    return word


def latin_look(word: str) -> str:
    """Number plates and register numbers look the same in both scripts."""
    return fold(word.upper().translate(_TO_LATIN))


def _term_character(character: str) -> str:
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    # SQLite's tables know no letter younger than its own release: what came after Unicode 3.2
    # is spelled by its number, so no release can cut a term in two.
    if unicodedata.ucd_3_2_0.category(character)[0] in "LN":
        return character
    return f"u{ord(character):x}"
