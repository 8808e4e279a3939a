"""Days and hours as people write them, in a zone; the traps of clocks are refused or said."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from casefile.errors import InvalidError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

TOLERANCE = timedelta(minutes=5)
EASTERNMOST, WESTERNMOST = timedelta(hours=14), timedelta(hours=12)
FIRST_YEAR, LAST_YEAR = 2000, 2100
NO_SUCH_HOUR = (
    "That hour does not exist where you are: the clocks are put forward over it. "
    "Choose an hour before or after."
)
OUT_OF_REACH = "Write a day between the years 2000 and 2100."


def aware(local: datetime | None, zone: ZoneInfo) -> datetime | None:
    """Return the moment of a clock on somebody's wall.

    An hour that comes twice is the later one; InvalidError for an hour that never comes.
    """
    if local is None:
        return None
    if not FIRST_YEAR <= local.year <= LAST_YEAR:
        raise InvalidError(OUT_OF_REACH)
    moment = local.replace(tzinfo=zone, fold=1)
    if moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local:
        raise InvalidError(NO_SUCH_HOUR)
    return moment.astimezone(UTC)


def written(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat() if moment else ""


def read(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def check_past_day(day: date, now: datetime, message: str) -> None:
    """Refuse a day that has begun nowhere on earth yet: days are written without a zone."""
    if day > (now + EASTERNMOST).date():
        raise InvalidError(message)


def check_past(moment: datetime | None, now: datetime, message: str) -> None:
    """Refuse what is said to have happened and has not yet."""
    if moment is not None and moment > now + TOLERANCE:
        raise InvalidError(message)
