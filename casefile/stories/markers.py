"""Claims in a text: `[the words](c:12)` marks them. It is Markdown, so it survives any editor."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIGN = re.compile(r"\\.|[\[\]]", re.DOTALL)
TARGET = re.compile(r"\(c:(\d{0,6}|new)\)")
NUMBERED = re.compile(r"\]\(c:(\d{1,6})\)")
WORD = re.compile(r"\w+(?:[’'\-]\w+)*")
LINK = re.compile(r"\[([^\[\]]*)\]\([^)\s]*\)")
ADDRESS = re.compile(r"\]\((?!c:)([^)\s]+)")
CITATION = re.compile(r"\[E-\d{1,9}\]")
FENCE = re.compile(r" {0,3}(```|~~~)")
CONTINUES = re.compile(r"\s|[-*+>|]|\d+[.)]\s")
MARKUP = str.maketrans("", "", "*_`#>|")
CLAIMS_PER_PART, LETTERS_PER_PART = 12, 12_000


class Mark(NamedTuple):
    """Marked words: where they begin and end with their signs, the claim's number, the words."""

    start: int
    end: int
    number: int
    words: str


def marks(text: str) -> Iterator[Mark]:
    """Yield the marked words of a text in one walk; number 0 is a claim that has none yet.

    Marks do not stand inside of one another, as links in Markdown do not: the inner one counts.
    """
    opened: list[int] = []
    for sign in SIGN.finditer(text):
        if sign[0] == "[":
            opened.append(sign.start())
        elif sign[0] == "]" and opened:
            start = opened.pop()
            target = TARGET.match(text, sign.end())
            if target:
                number = int(target[1]) if target[1].isdigit() else 0
                opened.clear()
                yield Mark(start, target.end(), number, text[start + 1 : sign.start()])


def passages(text: str) -> dict[int, str]:
    """Return the words marked with each claim; words in several places are joined."""
    found: dict[int, list[str]] = {}
    for mark in marks(text):
        found.setdefault(mark.number, []).append(bare(mark.words))
    return {number: " … ".join(words) for number, words in found.items()}


def numbers(text: str) -> set[int]:
    """Return the numbers of the claims that a text marks."""
    return {int(found) for found in NUMBERED.findall(text)}


def bare(text: str) -> str:
    """Return words without Markdown's signs."""
    shown = LINK.sub(r"\1", CITATION.sub("", text))
    return " ".join(shown.translate(MARKUP).split())


def without_marks(text: str) -> str:
    """Return a text with the words of its claims, but not their signs."""
    pieces, end = [], 0
    for mark in marks(text):
        pieces += [text[end : mark.start], mark.words]
        end = mark.end
    return "".join([*pieces, text[end:]])


def said(text: str) -> str:
    """Return the words of a text as one reads them, whatever signs stand between, then its addresses."""
    return "\n".join([bare(without_marks(text)), *ADDRESS.findall(text)])


def count_words(text: str) -> int:
    return len(WORD.findall(bare(without_marks(text))))


def number_new(text: str, take: Callable[[str], int]) -> str:
    """Give a number to every claim that has none; `take` is told the words and returns it."""
    pieces, end = [], 0
    for mark in marks(text):
        if mark.number == 0:
            pieces += [text[end : mark.start], f"[{mark.words}](c:{take(bare(mark.words))})"]
            end = mark.end
    return "".join([*pieces, text[end:]])


def mark_words(text: str, words: str, number: int) -> str | None:
    """Mark the first place where these words stand outside of any mark; None when there is none."""
    pattern = re.compile(r"\s+".join(map(re.escape, words.split())))
    free = 0
    for start, end in [*((mark.start, mark.end) for mark in marks(text)), (len(text), len(text))]:
        found = pattern.search(text, free, start)
        if found:
            return f"{text[: found.start()]}[{found[0]}](c:{number}){text[found.end() :]}"
        free = end
    return None


def parts(text: str) -> list[str]:
    """Cut a long text between paragraphs, so that a page of it shows in a blink."""
    if len(text) <= LETTERS_PER_PART and text.count("](c:") <= CLAIMS_PER_PART:
        return [text]
    found: list[str] = []
    lines: list[str] = []
    fenced, letters, claims = False, 0, 0
    after_blank = False
    for line in text.splitlines(keepends=True):
        full = letters > LETTERS_PER_PART or claims >= CLAIMS_PER_PART
        if full and after_blank and not fenced and line.strip() and not CONTINUES.match(line):
            found.append("".join(lines))
            lines, letters, claims = [], 0, 0
        fenced ^= FENCE.match(line) is not None
        lines.append(line)
        letters += len(line)
        claims += line.count("](c:")
        after_blank = not line.strip()
    return [*found, "".join(lines)]
