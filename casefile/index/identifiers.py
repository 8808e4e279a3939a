"""Keys for what is written in groups: numbers, dates, telephones, registers, hyphenated names.

The same thing is typed as +996 555 12-34-56 and 0555123456, as 12.03.2024 and 12 марта 2024, as
KG-2021/045 and KG2021045, as Ак-Сай and Аксай. Its words are indexed as they stand; the key joins
them.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator

from casefile.index import names
from casefile.index.folding import fold, latin_look

_LETTER = r"[^\W\d_]"
_SIGN = r"[^\W_]"
_SPACE = "[ \u00a0\u2009\u202f]"
_DASH = "[-\u2010-\u2014]"
_GAP = rf"(?:{_SPACE}?{_DASH}{_SPACE}?|{_SPACE}?\(|\){_SPACE}?|{_SPACE}|[.,/])"
_MONTHS = ("янв", "фев", "мар", "апр", "ма[йя]", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")
_MONTHS_ENGLISH = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)
_MONTH = rf"(?i:{'|'.join((*_MONTHS, *_MONTHS_ENGLISH))})\w*\.?"

# Each pattern opens with the few signs it can start from, so that plain words cost next to nothing.
_NUMBERS = re.compile(
    rf"[+(\dA-Z](?<!{_SIGN}.)(?:"
    rf"(?P<written>(?<=\d)\d?{_SPACE}{_MONTH},?{_SPACE}\d{{4}}(?!\d)"
    rf"|(?<=\d)\d{{3}}-жыл\w*{_SPACE}\d{{1,2}}-{_MONTH})"
    rf"|(?P<number>(?:(?<=\+){_SPACE}?\(?\d|(?<=\()\d|(?<=\d))\d{{0,19}}(?:{_GAP}\d{{1,20}}){{1,12}}"
    rf"(?!\d|[./\\_]?{_SIGN}|-[\dA-ZА-Я]))"
    rf"|(?P<account>(?<=[A-Z])[A-Z]\d{{2}}(?:{_SPACE}[A-Z0-9]{{4}}){{2,7}}(?:{_SPACE}[A-Z0-9]{{1,3}})?"
    rf"(?!{_SIGN})))"
)
_LINK = re.compile(rf"[-_./\\\u2010-\u2013](?={_SIGN})")
_CHAIN = re.compile(rf"{_SIGN}+(?:[-_./\\\u2010-\u2013]{_SIGN}+)+")
_BROKEN = re.compile(rf"[-\u00ad\u2010]\r?\n[ \t]*(?={_LETTER}{{2}})")
_WORD_AFTER = re.compile(rf"{_LETTER}+")
_DATE = re.compile(
    r"(?<!\d)(?:(?P<day>\d{1,2})([./-])(?P<month>\d{1,2})\2(?P<year>\d{4}|(?<=[./])\d\d)"
    r"|(?P<year_first>\d{4})([./-])(?P<month_second>\d{1,2})\6(?P<day_last>\d{1,2}))(?!\d)"
)
_THOUSANDS = re.compile(rf"(?<!\d)[1-9]\d{{0,2}}({_SPACE}|[.,])\d{{3}}(?:\1\d{{3}})*(?!\d)")
_NOT_DIGIT = re.compile(r"\D+")
_TELLING = re.compile("[^abcehkmoptxy0-9]")
_DIGITS = re.compile(r"\d+")
_DASHES = re.compile(f"{_DASH}")

_SHORTEST, _LONGEST = 4, 40
_SUBSCRIBER = 9
_MONTHS_A_YEAR, _LONGEST_MONTH = 12, 31


def joined(text: str, *, typed: bool = False) -> Iterator[tuple[int, int, str]]:
    """Where something is written in groups, and its key. What is typed needs no capitals."""
    numbered: list[int] = []
    for match in _NUMBERS.finditer(text):
        numbered += match.span()
        for key in _keys(match.lastgroup, match[0], typed=typed):
            yield match.start(), match.end(), key
    done = 0
    for link in _LINK.finditer(text):
        if link.start() < done:
            continue
        start = _word_start(text, link.start())
        chain = _CHAIN.match(text, start)
        if chain:
            done = chain.end()
            if bisect_right(numbered, start) % 2 == 0:
                for key in _chain(chain[0], typed=typed):
                    yield start, done, key
    if "\n" in text:
        yield from _broken(text)


def _word_start(text: str, at: int) -> int:
    while at and text[at - 1].isalnum():
        at -= 1
    return at


def _broken(text: str) -> Iterator[tuple[int, int, str]]:
    """A word cut at the end of a line, as columns and scans have them."""
    for cut in _BROKEN.finditer(text):
        start = _word_start(text, cut.start())
        rest = _WORD_AFTER.match(text, cut.end())
        if rest and rest[0].islower() and cut.start() - start > 1:
            for key in names.keys(text[start : cut.start()] + rest[0]):
                yield start, rest.end(), key


def of_word(folded: str, *, typed: bool = False) -> tuple[str, ...]:
    """What a single word with digits is also known as."""
    if folded.isdigit():
        own = (folded,) if typed and len(folded) >= _SHORTEST else ()
        is_telephone = _SUBSCRIBER < len(folded) <= _SUBSCRIBER + 4
        return (*own, folded[-_SUBSCRIBER:]) if is_telephone else own
    key = latin_look(folded)
    if _SHORTEST <= len(folded) <= _LONGEST and (
        typed or key != folded or not _TELLING.search(key)
    ):
        return (key,)
    return ()


def _keys(kind: str | None, written: str, *, typed: bool) -> list[str]:
    if kind == "number":
        return _number(written, typed=typed)
    if kind == "written":
        return _written_date(written)
    if kind == "account":
        return [latin_look(written)]
    return []


def _number(written: str, *, typed: bool) -> list[str]:
    dates = [date for match in _DATE.finditer(written) if (date := _date(match))]
    if dates:
        return dates
    digits = _NOT_DIGIT.sub("", written)
    amounts = [_NOT_DIGIT.sub("", match[0]) for match in _THOUSANDS.finditer(written)]
    if not _SUBSCRIBER <= len(digits) <= _LONGEST:
        return amounts
    whole = (digits, *of_word(digits))
    return list(whole if typed or written[0] in "+(0" else dict.fromkeys((*amounts, *whole)))


def _date(match: re.Match[str]) -> str:
    year = match["year"] or match["year_first"]
    if len(year) == len("24"):
        year = f"20{year}"
    month, day = (
        int(match["month"] or match["month_second"]),
        int(match["day"] or match["day_last"]),
    )
    if month > _MONTHS_A_YEAR >= day:
        month, day = day, month
    is_date = 0 < month <= _MONTHS_A_YEAR and 0 < day <= _LONGEST_MONTH
    return f"{year}{month:02}{day:02}" if is_date else ""


def _written_date(written: str) -> list[str]:
    lowered = written.lower()
    year, day = sorted(_DIGITS.findall(lowered), key=len, reverse=True)
    for month, spellings in enumerate(zip(_MONTHS, _MONTHS_ENGLISH, strict=True), start=1):
        if re.search("|".join(rf"(?<!{_LETTER}){spelling}" for spelling in spellings), lowered):
            return [f"{year}{month:02}{int(day):02}"]
    return []


def _chain(written: str, *, typed: bool) -> list[str]:
    if _DIGITS.search(written):
        key = latin_look(written)
        is_one = typed or any(letter.isupper() for letter in written)
        return [key] if is_one and _SHORTEST <= len(key) <= _LONGEST and not key.isdigit() else []
    parts = _DASHES.split(written)
    if len(parts) > 1 and (typed or all(part[0].isupper() for part in parts)):
        return list(names.keys("".join(map(fold, parts))))
    return []
