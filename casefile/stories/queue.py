"""Which stories wait for somebody, over all their cases, oldest first, and what each still needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from casefile.accounts import service as accounts
from casefile.cases import service as cases
from casefile.policy import Permission
from casefile.stories import keeping, outline, statements
from casefile.stories.parts import Whole
from casefile.stories.records import DECISION, REPLY, TEXT
from casefile.stories.rules import APPROVED, DRAFT, FACT_CHECK, LEGAL, READY, VOID, Rules
from casefile.stories.standing import examine
from casefile.stories.supports import look_up

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.stories.standing import Blocker
    from casefile.web import Visit

SHOWN = 8
LOOKED_THROUGH, OPENED = 200, 8
# Where a story stands to what somebody with that permission does there, and on which page.
DOES = {
    FACT_CHECK: ("check", Permission.STORY_CHECK, "/claims/?verdict=unchecked"),
    LEGAL: ("clear", Permission.STORY_CLEAR, "/dossier"),
    READY: ("approve", Permission.STORY_DECIDE, "/decisions/"),
    APPROVED: ("publish", Permission.STORY_DECIDE, "/decisions/"),
}


@dataclass(slots=True)
class Waiting:
    """A story that waits for whoever visits. `what` says what for."""

    case: OpenCase
    whole: Whole
    what: str
    url: str
    who: str = ""
    reason: str = ""
    blocking: Sequence[Blocker] = ()

    @property
    def codename(self) -> str:
        return self.case.codename

    @property
    def number(self) -> int:
        return self.whole.number

    @property
    def title(self) -> str:
        return self.whole.head.title

    @property
    def at(self) -> datetime:
        return self.whole.changed_at


@dataclass(slots=True)
class Queue:
    """The first of what waits, and how much more there is."""

    shown: list[Waiting] = field(default_factory=list)
    more: int = 0


def waiting(session: Session, opened: Visit, rules: Rules, now: datetime) -> Queue:
    """Return what waits for whoever visits; how many cases they have costs nothing."""
    me = opened.person.id
    asked = {"user_id": me, "now": now, "limit": LOOKED_THROUGH}
    rows = session.execute(statements.WAITING, asked).all()
    known: dict[UUID, OpenCase] = {}
    found: list[Waiting] = []
    # Opening a case takes longer than anything here: no more of them than are shown.
    for start in range(0, len(rows), OPENED):
        some, left = rows[start : start + OPENED], rows[start + OPENED :]
        wanted = {row.case_id for row in some} - known.keys()
        opening = cases.some_mine(session, opened, now, list(wanted))
        known.update({case.id: case for case in opening})
        found += _waiting_among(session, known, some, me)
        if len(found) >= SHOWN:
            break
    else:
        left = []
    shown = found[:SHOWN]
    _say_what_blocks(session, known, shown, rules, now)
    _say_who(session, shown)
    return Queue(shown, len(found[SHOWN:]) + len(left))


def _waiting_among(
    session: Session, known: Mapping[UUID, OpenCase], rows: Sequence[Any], me: UUID
) -> list[Waiting]:
    kept = [row for row in rows if row.case_id in known]
    wholes = {row.id: _whole(known[row.case_id], row) for row in kept}
    _put_in(session, known, wholes, (DECISION,))
    found = [_waits(known[row.case_id], wholes[row.id], me) for row in kept]
    return [one for one in found if one is not None]


def _whole(case: OpenCase, row: Any) -> Whole:
    head = keeping.open_head(case, row)
    return Whole(
        row.id,
        row.case_id,
        row.number,
        row.state,
        row.version,
        row.created_by_id,
        row.created_at,
        row.changed_at,
        head,
        sound=head.state == row.state,
        parts={"claim": outline.read(case, row, row.created_at)},
    )


def _put_in(
    session: Session,
    known: Mapping[UUID, OpenCase],
    wholes: Mapping[UUID, Whole],
    kinds: Sequence[str],
) -> None:
    asked = {"story_ids": list(wholes), "kinds": list(kinds)}
    for row in session.execute(statements.PARTS_OF_MANY, asked):
        whole = wholes[row.story_id]
        whole.of(row.kind).append(keeping.open_part(known[whole.case_id], row))


def _waits(case: OpenCase, whole: Whole, me: UUID) -> Waiting | None:
    """Say what this person is to do about a story, or None."""
    url = f"/cases/{case.id}/stories/{whole.id}"
    decisions = [part.record for part in whole.of(DECISION) if part.record]
    last = decisions[-1] if decisions else None
    mine = str(me) in whole.head.authors
    came_back = last is not None and last.actor != str(me) and last.action in {"return", VOID}
    if mine and came_back and last is not None and whole.state in {DRAFT, FACT_CHECK}:
        what = "voided" if last.action == VOID else "returned"
        return Waiting(case, whole, what, url, who=last.actor, reason=last.reason)
    what, permission, page = DOES.get(whole.state, ("", Permission.STORY_DECIDE, ""))
    apart = what in {"check", "clear", "approve"}
    if not what or not case.can(permission) or (apart and mine):
        return None
    if last is not None and last.action == "override":
        if last.actor == str(me):
            return None
        return Waiting(case, whole, "second", url + page, who=last.actor, reason=last.reason)
    return Waiting(case, whole, what, url + page)


def _say_what_blocks(
    session: Session,
    known: Mapping[UUID, OpenCase],
    shown: Sequence[Waiting],
    rules: Rules,
    now: datetime,
) -> None:
    if not shown:
        return
    wholes = {one.whole.id: one.whole for one in shown}
    _put_in(session, known, wholes, (TEXT, REPLY))
    places: dict[UUID, list[Any]] = {story_id: [] for story_id in wholes}
    for place in session.execute(statements.PLACES_OF_MANY, {"story_ids": list(wholes)}):
        places[place.story_id].append(place)
    by_case: dict[UUID, list[Waiting]] = {}
    for one in shown:
        whole = one.whole
        whole.sound = whole.sound and keeping.ledger(places[whole.id]) == whole.head.ledger
        by_case.setdefault(one.case.id, []).append(one)
    for together in by_case.values():
        every = [part for one in together for part in one.whole.of("claim")]
        cards = look_up(session, together[0].case, every)
        for one in together:
            one.blocking = examine(one.whole, cards, rules, now).blocking


def _say_who(session: Session, shown: Sequence[Waiting]) -> None:
    names = accounts.names(session, {UUID(one.who) for one in shown if one.who})
    for one in shown:
        one.who = names.get(UUID(one.who), "") if one.who else ""
