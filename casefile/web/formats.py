from __future__ import annotations

import functools
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime

from casefile.web.reader import reader
from casefile.web.rendering import gettext as _
from casefile.web.rendering import ngettext
from casefile.web.visit import timezone

if TYPE_CHECKING:
    from flask import Flask

KIBI = 1024
MINUTE, HOUR, DAY = 60, 3600, 86_400
WEEK = 7


@functools.lru_cache(maxsize=4096)
def _moment(value: datetime, zone: str, locale: str) -> str:
    return format_datetime(value, "d MMM y, HH:mm", tzinfo=ZoneInfo(zone), locale=locale)


@functools.lru_cache(maxsize=4096)
def _day(value: date, locale: str) -> str:
    return format_date(value, "d MMM y", locale=locale)


def moment(value: datetime) -> str:
    """Write a time in the reader's zone and language."""
    minute = value.replace(second=0, microsecond=0)
    return _moment(minute, reader().zone.key, reader().language)


def day(value: date | datetime) -> str:
    """Write a day in the reader's zone and language."""
    if isinstance(value, datetime):
        value = value.astimezone(reader().zone).date()
    return _day(value, reader().language)


def ago(value: datetime) -> str:
    """Write how long ago something was, and the day once that is more than a week."""
    here = reader()
    seconds = int((here.now - value).total_seconds())
    if seconds < -MINUTE:
        return day(value)
    return day(value) if seconds >= WEEK * DAY else _ago(here.language, seconds // MINUTE)


@functools.lru_cache(maxsize=4096)
def _ago(_language: str, minutes: int) -> str:
    if minutes < 1:
        return _("just now")
    if minutes < HOUR // MINUTE:
        return ngettext("%(num)s minute ago", "%(num)s minutes ago", minutes)
    hours = minutes * MINUTE // HOUR
    if hours < DAY // HOUR:
        return ngettext("%(num)s hour ago", "%(num)s hours ago", hours)
    days = hours * HOUR // DAY
    return ngettext("%(num)s day ago", "%(num)s days ago", days)


def filesize(size: int) -> str:
    """Write a number of bytes the way people read it (binary units, IEC 80000-13)."""
    if size < KIBI:
        return ngettext("%(num)s byte", "%(num)s bytes", size)
    amount = float(size)
    for unit in ("KiB", "MiB", "GiB"):
        amount /= KIBI
        if amount < KIBI or unit == "GiB":
            break
    return f"{amount:.1f} {unit}" if amount < 10 else f"{amount:.0f} {unit}"  # noqa: PLR2004


def end_of_day(day: date | None) -> datetime | None:
    """Return the moment the given last day is over, where the reader is."""
    if day is None:
        return None
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=timezone())


def last_day(ends_at: datetime | None) -> date | None:
    """Return the last whole or begun day before this moment, where the reader is."""
    return (ends_at - timedelta(seconds=1)).astimezone(timezone()).date() if ends_at else None


def add_filters(app: Flask) -> None:
    """Make the formats known to templates."""
    for filter_ in (moment, day, ago, filesize):
        app.add_template_filter(filter_)
