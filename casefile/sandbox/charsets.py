"""Finds out how a text is written down: Unicode first, then the Cyrillic code pages, then the rest.

charset-normalizer alone takes short or sparse cp1251 for Chinese and capitals in koi8-r for cp1251,
so Cyrillic is decided here, by how often Russian uses each letter.
"""

from __future__ import annotations

import codecs
import math
import re
from itertools import pairwise
from typing import TYPE_CHECKING

from charset_normalizer import from_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

_STEP = 1 << 16
_SAMPLE_WORDS = 4096
_WORD_BYTES = 64
_SNIFF_BYTES = 4096

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_CYRILLIC = ("cp1251", "koi8-r", "cp866", "iso8859-5", "mac-cyrillic")

# How often each stands among 10,000 letters of ordinary Russian.
_LETTERS = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё"
_COUNTS = (
    *(1098, 848, 799, 737, 670, 632, 547, 475, 453, 434, 349, 321, 298, 281, 262, 200, 190, 174),
    *(169, 164, 159, 145, 121, 97, 94, 72, 64, 49, 36, 33, 27, 4, 4),
)
_PER_10000 = {
    **dict(zip(_LETTERS, _COUNTS, strict=True)),
    **dict.fromkeys("«»—–№„“”…\u00a0", 20),
    **dict.fromkeys("іїєґ", 50),
    **dict.fromkeys("ўјљњћђџѓќ", 2),
}
_WEIGHTS = {sign: math.log(count / 10_000) for sign, count in _PER_10000.items()}
_STRANGE_SIGN = math.log(1 / 100_000)
_CAPITAL_INSIDE = -4.0
# Russian scores about -3.1, letters drawn by lot below -5.
_CYRILLIC_ENOUGH = -4.4
_MOST_LIKELY = 1.5
_TOO_FEW_TO_JUDGE = 3

_OTHERS = ["cp1252", "euc_jp", "euc_kr", "gb18030", "shift_jis"]
_OTHERS_BEFORE = 256
_TOO_FEW_TO_GUESS = 6
# These letters of Icelandic stand where Turkish has ğ, ı and ş, and Turkish is the likelier here.
_PERHAPS_TURKISH = frozenset("ðþýÐÞÝ")
# What old mail programs say about any eight-bit text: no better than saying nothing.
_SAYS_NOTHING = frozenset({"ascii", "iso8859-1", "cp1252"})
# Python knows many more names, some of which unpack, transform or take for ever.
_ALSO_DECLARED = (
    "utf-8 utf-16 utf-16-le utf-16-be utf-32 koi8-u cp855 ptcp154 kz1048 "
    "cp437 cp1250 cp1253 cp1254 cp1255 cp1256 cp1257 big5 gbk gb2312 cp932 cp949 iso2022_jp "
    "iso8859-2 iso8859-3 iso8859-4 iso8859-6 iso8859-7 iso8859-8 iso8859-9 iso8859-10 "
    "iso8859-13 iso8859-14 iso8859-15 iso8859-16"
)
_MAY_BE_DECLARED = frozenset({*_CYRILLIC, *_OTHERS, *_ALSO_DECLARED.split()})
_USED_BY_LIBRARIES = ("ascii", "cp437", "latin-1", "utf-8-sig")
_SEVEN_BIT = frozenset({"iso2022_jp"})

_LAST_ASCII = 0x7F
_HIGH_BYTE = re.compile(rb"[\x80-\xff]")
_HIGH_WORD = re.compile(rb"[\x80-\xff][A-Za-z\x80-\xff]*")
_LATIN = re.compile(rb"[A-Za-z]")


def load_tables() -> None:
    """Python reads each code page from disk when first asked; a confined process cannot."""
    for name in (*_MAY_BE_DECLARED, *_USED_BY_LIBRARIES):
        codecs.getincrementaldecoder(name)


def texts(content: memoryview, declared: str | None = None) -> Iterator[str]:
    """The text in handy pieces; a byte that means nothing becomes a replacement character."""
    decoder = codecs.getincrementaldecoder(encoding_of(content, declared))(errors="replace")
    for start in range(0, len(content), _STEP):
        yield decoder.decode(content[start : start + _STEP])
    yield decoder.decode(b"", final=True)


def encoding_of(content: memoryview, declared: str | None = None) -> str:
    declared = _declared(declared)
    if declared in _SEVEN_BIT:
        return declared
    if unicode := unicode_encoding(content):
        return unicode
    if declared and declared not in _SAYS_NOTHING:
        return declared
    words = _high_words(content)
    return _utf8_with_faults(words) or cyrillic_encoding(content) or _other(content)


def unicode_encoding(content: memoryview, *, cut: bool = False) -> str | None:
    """None if it is not Unicode from beginning to end; `cut` allows half a character at the end."""
    for mark, encoding in _MARKS:
        if content[: len(mark)] == mark:
            return encoding
    if _is_utf8(content, cut=cut):
        wide = _utf16_without_mark(bytes(content[:_SNIFF_BYTES]))
        return wide or "utf-8"
    return _utf16_without_mark(bytes(content[:_SNIFF_BYTES]))


def cyrillic_encoding(content: memoryview) -> str | None:
    """The code page in which this reads as Russian, if it does in any."""
    words = _high_words(content)
    latin = sum(1 for word in words if _LATIN.search(word))
    if sum(map(len, words)) < _TOO_FEW_TO_JUDGE or latin * 2 >= len(words):
        return None
    scores = {encoding: _russian(words, encoding) for encoding in _CYRILLIC}
    encoding, score = max(scores.items(), key=lambda each: each[1])
    return encoding if score > _CYRILLIC_ENOUGH else None


def _declared(name: str | None) -> str | None:
    try:
        known = codecs.lookup(name.strip()).name if name else None
    except (LookupError, ValueError):
        return None
    return known if known in _MAY_BE_DECLARED or known in _SAYS_NOTHING else None


def _is_utf8(content: memoryview, *, cut: bool) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(content), _STEP):
            decoder.decode(content[start : start + _STEP])
        decoder.decode(b"", final=not cut)
    except UnicodeDecodeError:
        return False
    return True


def _utf16_without_mark(head: bytes) -> str | None:
    """Every second byte is then nearly always the same: 0 for Latin letters, 4 for Cyrillic."""
    head = head[: len(head) // 2 * 2]
    for encoding, tops in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
        expected = tops.count(0) + tops.count(4)
        if tops.count(0) and expected > 0.9 * len(tops):
            text = head.decode(encoding, "replace")
            if all(sign.isprintable() or sign in "\t\r\n\f" for sign in text[:-1]):
                return encoding
    return None


def _high_words(content: memoryview) -> list[bytes]:
    words = []
    for found in _HIGH_WORD.finditer(content):
        word = found.group()[:_WORD_BYTES]
        before = bytes(content[found.start() - 1 : found.start()]) if found.start() else b""
        words.append(before + word if before.isalpha() else word)
        if len(words) == _SAMPLE_WORDS:
            break
    return words


def _utf8_with_faults(words: list[bytes]) -> str | None:
    """A log cut in the middle or with one bad line is still UTF-8 all the rest of the way."""
    text = b" ".join(words).decode("utf-8", "replace")
    faults = text.count("\ufffd")
    sound = sum(1 for sign in text if not sign.isascii()) - faults
    return "utf-8" if sound > 10 * faults else None


def _russian(words: list[bytes], encoding: str) -> float:
    # Initials alone decide nothing; then it matters that Windows wrote most of the files there are.
    score, signs = (_MOST_LIKELY if encoding == "cp1251" else 0.0), 0
    for word in words:
        text = word.decode(encoding, "replace")
        signs += len(text)
        score += sum(_WEIGHTS.get(sign, _STRANGE_SIGN) for sign in text.lower())
        score += _CAPITAL_INSIDE * sum(
            one.islower() and other.isupper() for one, other in pairwise(text)
        )
    return score / signs


def _other(content: memoryview) -> str:
    found = _HIGH_BYTE.search(content)
    start = max(0, found.start() - _OTHERS_BEFORE) if found else 0
    sample = bytes(content[start : start + _STEP])
    if sum(byte > _LAST_ASCII for byte in sample) < _TOO_FEW_TO_GUESS:
        return "cp1252"
    best = from_bytes(sample, cp_isolation=_OTHERS).best()
    if best and best.encoding != "cp1252":
        return best.encoding
    return "cp1252" if _PERHAPS_TURKISH.isdisjoint(sample.decode("cp1252", "replace")) else "cp1254"
