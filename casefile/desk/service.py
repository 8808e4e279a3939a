"""The start page: one's cases, what happened on them, and what waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from casefile.accounts import recovery
from casefile.cases import chores, restoring, trail
from casefile.cases import service as case_service
from casefile.evidence import service as evidence
from casefile.policy import Permission
from casefile.sources import attention

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.web import Visit

BUSY_CASES = 5
SHOWN = 12
ENDS_SOON = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Activity:
    """Something that happened on one of my cases."""

    line: trail.Line
    case: OpenCase

    def __getattr__(self, name: str) -> object:
        return getattr(self.line, name)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that wants my attention."""

    kind: str
    text: str
    url: str
    at: datetime


def activity(session: Session, cases: Sequence[OpenCase]) -> list[Activity]:
    """Return the latest of what happened on the cases that changed last."""
    busy = {case.id: case for case in cases[:BUSY_CASES]}
    found = trail.latest(session, busy, without=trail.QUIET, limit=SHOWN)
    return [Activity(line, case) for line, case in found]


def keys_waiting(
    session: Session,
    opened: Visit,
    cases: Sequence[OpenCase],
    now: datetime,
    *,
    damaged: bool = False,
) -> list[Waiting]:
    """Return what waits about keys: a code to make or confirm, access lost or to be restored."""
    code, page = recovery.state(session, opened.person.id), "/account/recovery-code"
    found = []
    if code is None:
        found.append(Waiting("code", _("Make a recovery code for your account"), page, now))
    elif code.kept_at is None:
        text = _("Confirm that you kept your recovery code")
        found.append(Waiting("code", text, page, code.made_at))
    lost = restoring.my_lost_seats(session, opened.person.id, now)
    if lost:
        text = ngettext(
            "One of your cases opens again when somebody who leads it restores your access",
            "%(num)s of your cases open again when somebody who leads them restores your access",
            lost,
        )
        found.append(Waiting("access", text, "/cases/", now))
    if damaged:
        text = _(
            "A key stored for you was changed outside Casefile and was not used: tell whoever leads "
            "that case and the administrator"
        )
        found.append(Waiting("damage", text, "/cases/", now))
    found += [
        Waiting(
            "restore",
            _(
                "%(name)s has new keys: restore access to %(codename)s",
                name=one.name,
                codename=one.codename,
            ),
            f"/cases/{one.case_id}/members/",
            now,
        )
        for one in restoring.to_restore(session, cases, now)
    ]
    return found


def waiting(
    session: Session, opened: Visit, cases: Sequence[OpenCase], now: datetime
) -> list[Waiting]:
    """Return what waits for whoever visits, oldest first."""
    found = about_me(opened, now)
    found += [
        Waiting(
            "seat",
            _("Your seat on %(codename)s ends soon", codename=case.codename),
            f"/cases/{case.id}/members/",
            case.seat_ends_at,
        )
        for case in cases
        if case.seat_ends_at and case.seat_ends_at - now < ENDS_SOON
    ]
    managed = {case.id: case for case in cases if case.can(Permission.MEMBER_MANAGE)}
    found += [
        Waiting(
            "seat",
            _(
                "The seat of %(name)s on %(codename)s ends soon",
                name=row.name,
                codename=managed[row.case_id].codename,
            ),
            f"/cases/{row.case_id}/members/",
            row.ends_at,
        )
        for row in chores.ending_soon(
            session, list(managed), opened.person.id, now, now + ENDS_SOON
        )
    ]
    busy = {case.id: case for case in cases[:BUSY_CASES]}
    found += [
        Waiting(
            "evidence",
            _(
                "No text could be read from %(name)s: %(reason)s",
                name=item.name,
                reason=_(item.state_reason),
            ),
            item.url,
            item.added_at,
        )
        for item in evidence.unreadable(session, busy, opened.person.id, SHOWN)
    ]
    found.sort(key=lambda entry: entry.at)
    return found[:SHOWN]


SOURCE_WORDS = {
    "shredded": _l("%(name)s shredded the source %(codename)s, which you handled"),
    "last_handler_ends": _l(
        "Only %(name)s can open the source %(codename)s, and their time here ends soon: hand it over"
    ),
    "no_handler": _l("Nobody can open the source %(codename)s at the moment"),
    "handler_waits": _l(
        "%(name)s holds no key to the source %(codename)s: see whether to restore it"
    ),
}


def about_sources(
    session: Session, opened: Visit, cases: Sequence[OpenCase], now: datetime
) -> list[Waiting]:
    """Return what waits about the sources of whoever visits, also in cases that are not shown."""
    known = {case.id: case for case in cases}

    def opening(case_ids: Sequence[UUID]) -> list[OpenCase]:
        more = case_service.some_mine(
            session, opened, now, [one for one in case_ids if one not in known]
        )
        return [*more, *(known[one] for one in case_ids if one in known)]

    return [
        Waiting(
            "source",
            str(SOURCE_WORDS[one.kind] % {"name": one.name, "codename": one.codename}),
            one.url,
            one.at,
        )
        for one in attention.of(session, opened.person.id, now, opening)
    ]


def about_me(opened: Visit, now: datetime) -> list[Waiting]:
    """Say what is about to happen to my account, or has."""
    me, found = opened.person, []
    if me.travel_until is not None:
        text = _("You are travelling: your cases stay closed")
        found.append(Waiting("travel", text, "/account/travel", me.travel_until))
    if me.ends_at is not None and me.ends_at - now < ENDS_SOON:
        text = _("Your account ends soon; an administrator can let it last longer")
        found.append(Waiting("account", text, "/account/", me.ends_at))
    return found
