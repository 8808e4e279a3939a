"""Colleagues named with @ in what people of a case write to each other, and telling them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from flask_babel import gettext as _
from sqlalchemy import bindparam, or_, select

from casefile.accounts.models import User
from casefile.cases.access import open_manifest
from casefile.cases.models import Case, CaseSeat
from casefile.db import table
from casefile.errors import DamagedError
from casefile.notices import service as notices
from casefile.notices.models import Notice
from casefile.policy import Seat

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.uow import UnitOfWork

KIND = "mention.made"
# Not in ann@example.org, nor in @ann@example.org; a Kyrgyz ending may follow: @ann-га, @annга.
NAME = re.compile(r"(?<![\w@./+\-])@((?>(?a:\w[\w.\-]{1,62}\w)))(?!@\w)")
MOST_NAMED = 20
_SEAT, _USER, _CASE = table(CaseSeat), table(User), table(Case)
_MEMBERS = (
    select(_USER.c.id, _USER.c.username, _USER.c.name)
    .join_from(_SEAT, _USER, _USER.c.id == _SEAT.c.user_id)
    .where(
        _SEAT.c.case_id == bindparam("case_id"),
        or_(_SEAT.c.ends_at.is_(None), _SEAT.c.ends_at > bindparam("now")),
        _USER.c.disabled_at.is_(None),
        or_(_USER.c.ends_at.is_(None), _USER.c.ends_at > bindparam("now")),
    )
    .order_by(_USER.c.name)
)
_MANIFEST = select(
    _CASE.c.id,
    _CASE.c.generation,
    _CASE.c.manifest,
    _CASE.c.manifest_generation,
    _CASE.c.manifest_version,
).where(_CASE.c.id == bindparam("case_id"))


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who can be named: with a seat that lasts and an account that does."""

    id: UUID
    username: str
    name: str
    role: Seat


class Piece(NamedTuple):
    """A stretch of a text; `name` is whom it names, `anchor` where it stands on the page."""

    text: str
    name: str = ""
    anchor: str = ""


def members(session: Session, case: OpenCase, now: datetime) -> dict[str, Member]:
    """Return who is on a case, by username: those that rows and the sealed list name alike."""
    asked = {"case_id": case.id, "now": now}
    try:
        listed = open_manifest(session.execute(_MANIFEST, asked).one(), case.keys)
    except DamagedError:
        return {}
    return {
        row.username: Member(row.id, row.username, row.name, Seat(listed[str(row.id)][0] or ""))
        for row in session.execute(_MEMBERS, asked)
        if str(row.id) in listed
    }


def among(session: Session, case: OpenCase, now: datetime, *texts: str | None) -> dict[str, Member]:
    """Return whom these texts may name; nobody is asked for where no text has an @."""
    return members(session, case, now) if any("@" in (text or "") for text in texts) else {}


def others(session: Session, case: OpenCase, now: datetime, me: UUID) -> list[Member]:
    """Return whom somebody can name on a case."""
    return [one for one in members(session, case, now).values() if one.id != me]


def named(text: str) -> Counter[str]:
    """Count how often a text names each username."""
    return Counter(found[1].lower() for found in NAME.finditer(text))


def pieces(
    text: str,
    people: Mapping[str, Member],
    seen: Counter[str] | None = None,
    prefix: str = "",
) -> list[Piece]:
    """Cut a text where it names somebody of the case; `seen` goes on counting over several texts."""
    found: list[Piece] = []
    seen = Counter() if seen is None else seen
    end = 0
    for name in NAME.finditer(text):
        member = people.get(name[1].lower())
        if member is None:
            continue
        seen[member.username] += 1
        found.append(Piece(text[end : name.start()]))
        place = anchor(prefix, member.username, seen[member.username])
        found.append(Piece(name[0], member.name, place))
        end = name.end()
    found.append(Piece(text[end:]))
    return [piece for piece in found if piece.text]


def anchor(prefix: str, username: str, number: int) -> str:
    """Name the place of somebody's first, second … mention on a page."""
    return f"{prefix}at-{username}-{number}"


def tell(
    uow: UnitOfWork,
    case: OpenCase,
    thing: notices.Thing,
    said: Mapping[str, int],
    prefix: str = "",
) -> None:
    """Tell those whom a text names; who was told of that many mentions of theirs hears nothing more.

    `prefix` sets the texts of one page apart.
    """
    people = members(uow.session, case, uow.now) if said else {}
    told = _told(uow, case, f"{thing.path}#{prefix}at-") if people else {}
    for username in sorted(said.keys() & people.keys()):
        number = said[username]
        if number > told.get(username, 0):
            place = f"{thing.path}#{anchor(prefix, username, number)}"
            notices.tell(
                uow, [people[username].id], KIND, notices.Thing(thing.label, place, case.id)
            )


def _told(uow: UnitOfWork, case: OpenCase, beginning: str) -> dict[str, int]:
    found: dict[str, int] = {}
    wanted = select(Notice.path).where(
        Notice.case_id == case.id,
        Notice.kind == KIND,
        Notice.path.startswith(beginning, autoescape=True),
    )
    for path in uow.session.scalars(wanted):
        username, _dash, number = path.removeprefix(beginning).rpartition("-")
        if number.isdigit():
            found[username] = max(found.get(username, 0), int(number))
    return found


def unreached(session: Session, case: OpenCase, now: datetime, said: Iterable[str]) -> str:
    """Say whose mention reached nobody; nothing when all did.

    It is the same for people without a seat and for names that nobody has.
    """
    known = members(session, case, now) if said else {}
    missing = sorted(f"@{name}" for name in said if name not in known)
    if not missing:
        return ""
    shown = ", ".join(missing[:MOST_NAMED]) + (" …" if len(missing) > MOST_NAMED else "")
    said_so: str = _(
        "Nobody on this case goes by %(names)s, so nobody was told. "
        "Usernames stand on the page of the members.",
        names=shown,
    )
    return said_so
