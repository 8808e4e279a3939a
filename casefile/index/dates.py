"""Reads the dates people write: 2024, 2024-05, 2024-05-01, 01.05.2024, today."""

from __future__ import annotations

import re
from datetime import date, timedelta

_YEAR_FIRST = re.compile(r"(\d{4})(?:[-./](\d{1,2})(?:[-./](\d{1,2}))?)?").fullmatch
_DAY_FIRST = re.compile(r"(?:(\d{1,2})[./-])?(\d{1,2})[./-](\d{4})").fullmatch


def first_day(text: str, today: date) -> date | None:
    """The first day of the day, month or year written, or nothing."""
    written = text.strip().casefold()
    if written == "today":
        return today
    if written == "yesterday":
        return today - timedelta(days=1)
    if found := _YEAR_FIRST(written):
        year, month, day = found.groups()
    elif found := _DAY_FIRST(written):
        day, month, year = found.groups()
    else:
        return None
    try:
        return date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None
