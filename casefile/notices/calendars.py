"""Deadlines as a calendar that other programs fetch by a secret address: codename and number only."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from casefile import audit, keys
from casefile.accounts.models import User
from casefile.errors import NotFoundError
from casefile.notices.models import CalendarFeed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.uow import UnitOfWork

NO_CALENDAR = (
    "There is nothing here, or it is not yours to see. Check the address, or start from the desk."
)
TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Deadline:
    """A day by which something is due: "amber-heron M3"."""

    id: UUID
    label: str
    day: date
    done: bool = False


def _digest(secret: bytes) -> bytes:
    return keys.digest(b"casefile calendar 1" + secret)


def renew(uow: UnitOfWork) -> str:
    """Make my calendar's address anew and return its token; the one before stops working."""
    if uow.actor_id is None:
        msg = "a calendar of nobody"
        raise RuntimeError(msg)
    secret = keys.random_key()
    row = uow.session.get(CalendarFeed, uow.actor_id)
    if row is None:
        row = CalendarFeed(user_id=uow.actor_id)
        uow.session.add(row)
    row.token_digest, row.made_at = _digest(secret), uow.now
    uow.session.flush()
    audit.record(uow, "calendar.made", subject_id=uow.actor_id)
    return base64.urlsafe_b64encode(secret).decode().rstrip("=")


def end(uow: UnitOfWork) -> None:
    """Close my calendar's address."""
    row = uow.session.get(CalendarFeed, uow.actor_id)
    if row is not None:
        uow.session.delete(row)
        uow.session.flush()
        audit.record(uow, "calendar.ended", subject_id=uow.actor_id)


def made_at(session: Session, user_id: UUID) -> datetime | None:
    return session.scalar(select(CalendarFeed.made_at).where(CalendarFeed.user_id == user_id))


def owner(session: Session, token: str, now: datetime) -> User:
    """Return whose calendar this is. NotFoundError for every other token and a closed account."""
    try:
        secret = base64.b64decode(token + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    user = session.scalar(
        select(User)
        .join(CalendarFeed, CalendarFeed.user_id == User.id)
        .where(
            CalendarFeed.token_digest == _digest(secret),
            User.disabled_at.is_(None),
            User.ends_at.is_(None) | (User.ends_at > now),
        )
    )
    if user is None or len(secret) != TOKEN_BYTES:
        raise NotFoundError(NO_CALENDAR)
    return user


def deadlines(
    sources: Iterable[Callable[[Session, User, datetime], Iterable[Deadline]]],
    session: Session,
    user: User,
    now: datetime,
) -> list[Deadline]:
    """Ask every feature for this person's deadlines."""
    found = [one for source in sources for one in source(session, user, now)]
    return sorted(found, key=lambda one: (one.day, one.label))


def as_ics(found: Iterable[Deadline], now: datetime) -> bytes:
    """Write deadlines as a calendar of whole days (RFC 5545)."""
    from icalendar import Calendar, Event  # noqa: PLC0415

    calendar = Calendar()
    calendar.add("prodid", "-//Casefile//Deadlines//EN")
    calendar.add("version", "2.0")
    for one in found:
        event = Event()
        event.add("uid", f"{one.id}@casefile")
        event.add("dtstamp", now)
        event.add("dtstart", one.day)
        event.add("dtend", one.day + timedelta(days=1))
        event.add("summary", f"{one.label} ✓" if one.done else one.label)
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written
