"""Dates of which only a part may be known, and local times in a zone that sets its clocks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from babel.dates import format_date

from casefile.errors import InvalidError
from casefile.grants.states import Precision

WRITTEN = re.compile(r"([12]\d{3})(?:-(?:[Qq]([1-4])|(\d{2})(?:-(\d{2}))?))?", re.ASCII)
FIRST_YEAR, LAST_YEAR = 1900, 2100
HOW = "Write what is known of the date: 2024, 2024-Q3, 2024-05 or 2024-05-31."
PATTERNS = {
    Precision.DAY: "d MMM y",
    Precision.MONTH: "LLLL y",
    Precision.QUARTER: "QQQ y",
    Precision.YEAR: "y",
}


@dataclass(frozen=True, slots=True)
class PartialDate:
    """The first day of what is known, and how much that is."""

    day: date
    precision: Precision

    @classmethod
    def read(cls, text: str | None) -> PartialDate | None:
        """Read 2024, 2024-Q3, 2024-05 or 2024-05-31; nothing typed is not known."""
        cleaned = (text or "").strip()
        if not cleaned:
            return None
        found = WRITTEN.fullmatch(cleaned)
        if found is None or not FIRST_YEAR <= int(found[1]) <= LAST_YEAR:
            raise InvalidError(HOW)
        year, quarter, month, day = (int(part) if part else 0 for part in found.groups())
        precision = Precision.YEAR
        if quarter:
            precision, month = Precision.QUARTER, 3 * quarter - 2
        elif day:
            precision = Precision.DAY
        elif month:
            precision = Precision.MONTH
        try:
            return cls(date(year, month or 1, day or 1), precision)
        except ValueError as error:
            raise InvalidError(HOW) from error

    @classmethod
    def of(cls, day: date | None, precision: str) -> PartialDate | None:
        return None if day is None else cls(day, Precision(precision or Precision.DAY))

    @property
    def code(self) -> str:
        """The date as it is typed and exported."""
        if self.precision == Precision.YEAR:
            return f"{self.day.year}"
        if self.precision == Precision.QUARTER:
            return f"{self.day.year}-Q{(self.day.month + 2) // 3}"
        whole = self.day.isoformat()
        return whole if self.precision == Precision.DAY else whole[:7]

    def written(self, locale: str) -> str:
        """Write the date for readers of this language, no more exactly than it is known."""
        return format_date(self.day, PATTERNS[self.precision], locale=locale)

    @property
    def last_day(self) -> date:
        """The last day it could mean."""
        if self.precision == Precision.DAY:
            return self.day
        months = {Precision.MONTH: 1, Precision.QUARTER: 3, Precision.YEAR: 12}[self.precision]
        return add_months(self.day, months) - timedelta(days=1)


def add_months(day: date, months: int) -> date:
    """Return the same day so many months later, or the last day of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for number in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, number)
        except ValueError:
            continue
    raise InvalidError(HOW)


def checked_zone(name: str) -> str:
    if name not in available_timezones():
        msg = "Choose a time zone by its place, such as Asia/Bishkek."
        raise InvalidError(msg)
    return name


def moment_in(local: datetime, zone: str) -> datetime:
    """Return the moment of a time on the clocks of a zone, in UTC.

    A time that the clocks leap over is refused; of one that comes twice, the later is meant, so
    that a deadline never comes earlier than somebody reads it.
    """
    there = ZoneInfo(checked_zone(zone))
    moment = local.replace(tzinfo=there, fold=1).astimezone(UTC)
    if moment.astimezone(there).replace(tzinfo=None) != local:
        msg = (
            "On that day the clocks of this zone leap over this time, so it never comes. "
            "Choose a time an hour earlier or later."
        )
        raise InvalidError(msg)
    return moment


def local_in(moment: datetime, zone: str) -> datetime:
    """Return what the clocks of a zone show."""
    return moment.astimezone(ZoneInfo(zone))
