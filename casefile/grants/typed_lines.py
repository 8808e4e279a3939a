"""Boxes in which each line means something: regions, partners, sectors, criteria."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casefile.errors import InvalidError
from casefile.grants.columns import TITLE_LENGTH
from casefile.grants.money import read_percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal


def lines_of(text: str | None) -> list[str]:
    """Return the lines of a box, each once, without blanks around them."""
    return list(dict.fromkeys(line.strip() for line in (text or "").splitlines() if line.strip()))


def pairs_of(text: str | None) -> list[tuple[str, str]]:
    """Read lines of two parts with a bar between them."""
    found = []
    for line in (text or "").splitlines():
        first, _bar, second = (part.strip()[:TITLE_LENGTH] for part in line.partition("|"))
        if first:
            found.append((first, second))
    return found


def read_sectors(text: str | None) -> dict[str, Decimal]:
    """Read lines of a code and a percentage."""
    found: dict[str, Decimal] = {}
    for number, line in enumerate(lines_of(text), start=1):
        code, _blank, percent = line.replace("%", "").partition(" ")
        value = read_percent(percent)
        good = code.isascii() and code.isalnum() and len(code) <= 10 and code not in found  # noqa: PLR2004
        if not good or value is None:
            msg = f"Line {number} of the sectors cannot be read. Write a code and a percentage: 15153 60."
            raise InvalidError(msg)
        found[code] = value
    return found


def write_sectors(sectors: Mapping[str, Decimal]) -> str:
    return "\n".join(f"{code} {percent.normalize():f}" for code, percent in sectors.items())


def read_criteria(text: str | None) -> list[tuple[str, str, int]]:
    """Read lines of a weight, a title and, if any, guidance, with bars between them."""
    found: list[tuple[str, str, int]] = []
    for number, line in enumerate((text or "").splitlines(), start=1):
        if not line.strip():
            continue
        weight, title, guidance = ([part.strip() for part in line.split("|", 2)] + ["", ""])[:3]
        digits = weight.rstrip("% ")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 4 and title):  # noqa: PLR2004
            msg = f"Line {number} of the criteria cannot be read. Write: weight | title | guidance."
            raise InvalidError(msg)
        found.append((title[:TITLE_LENGTH], guidance, int(digits)))
    return found


def write_criteria(given: Sequence[tuple[str, str, int]]) -> str:
    return "\n".join(f"{weight} | {title} | {guidance}" for title, guidance, weight in given)
