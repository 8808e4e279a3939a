"""Who is told that a story waits for them: by codename and number, never what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import bindparam, or_, select

from casefile.cases import mentions
from casefile.cases.models import CaseSeat
from casefile.db import table
from casefile.notices import service as notices
from casefile.policy import Seat
from casefile.stories import moments
from casefile.stories.records import REPLY
from casefile.stories.rules import CLOSED, FACT_CHECK, LEGAL, OUT, READY, VOID

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from casefile.cases.access import OpenCase
    from casefile.stories.parts import Part, Whole
    from casefile.stories.records import Decision
    from casefile.uow import UnitOfWork

OVERDUE, DUE = "story.reply_overdue", "assignment.overdue"
ASSIGNMENTS = "/assignments/"
# Where what was assigned is done.
WHERE = {"write": "", "check": "/claims/?verdict=unchecked", "clear": "/dossier"}
EDITORS = frozenset({Seat.EDITOR, Seat.LEAD})
# Where a story has come to, what is told then and to whom; where there is none, to the editors.
ARRIVED = {
    FACT_CHECK: ("story.check", frozenset({Seat.FACT_CHECKER})),
    LEGAL: ("story.clear", frozenset({Seat.LAWYER})),
    READY: ("story.ready", EDITORS),
}
_SEAT = table(CaseSeat)
_SEATED = select(_SEAT.c.user_id, _SEAT.c.role).where(
    _SEAT.c.case_id == bindparam("case_id"),
    or_(_SEAT.c.ends_at.is_(None), _SEAT.c.ends_at > bindparam("now")),
)


def decided(uow: UnitOfWork, case: OpenCase, whole: Whole, decision: Decision) -> None:
    """Tell those for whom a story waits now that it was moved on."""
    thing = notices.Thing(f"{case.codename} S-{whole.number}", _path(case, whole), case.id)
    authors = {UUID(one) for one in whole.head.authors}
    if decision.action in {"return", VOID}:
        kind = "story.voided" if decision.action == VOID else "story.returned"
        notices.tell(uow, authors & set(_seated(uow, case)), kind, thing)
    elif decision.action == "override":
        notices.tell(uow, _of(uow, case, EDITORS) - authors, "story.second", thing)
    elif decision.after in ARRIVED and decision.after != decision.before:
        kind, roles = ARRIVED[decision.after]
        people = _of(uow, case, roles) or _of(uow, case, EDITORS)
        notices.tell(uow, people - authors, kind, thing)
    elif decision.after in OUT and decision.before not in OUT:
        for follow in uow.resources.publication_followers:
            follow(uow, case)
    elif decision.after in CLOSED:
        for part in whole.of(REPLY):
            _forget(uow, case, whole, part)


def asked(uow: UnitOfWork, case: OpenCase, whole: Whole, part: Part) -> None:
    """Have the leads told when a deadline passes without an answer; an answer calls that off."""
    _forget(uow, case, whole, part)
    deadline = moments.read(part.record.deadline)
    if deadline is None or part.record.answer or part.record.used:
        return
    for person in _of(uow, case, frozenset({Seat.LEAD})):
        notices.remind(uow, person, OVERDUE, _request(case, whole, part), deadline)


def mentioned(
    uow: UnitOfWork, case: OpenCase, whole: Whole, text: str, prefix: str, page: str = ""
) -> None:
    """Tell those whom a text names with @; `prefix` sets it apart from others on its page."""
    said = mentions.named(text)
    if said:
        label = f"{case.codename} S-{whole.number}"
        thing = notices.Thing(label, f"{_path(case, whole)}{page}", case.id)
        mentions.tell(uow, case, thing, said, prefix)


def assigned(
    uow: UnitOfWork,
    case: OpenCase,
    whole: Whole,
    task: str,
    parts: Sequence[Part | None],
    people: Iterable[UUID],
) -> None:
    """Tell people that they were given something to do, and lead them to where it is done."""
    claims = [part for part in parts if part]
    label, page = f"{case.codename} S-{whole.number}", WHERE.get(task, ASSIGNMENTS)
    if len(claims) == 1:
        label, page = f"{label} C-{claims[0].number}", f"/claims/{claims[0].id}"
    thing = notices.Thing(label, f"{_path(case, whole)}{page}", case.id)
    notices.tell(uow, people, "assignment.given", thing)


def unassigned(uow: UnitOfWork, case: OpenCase, whole: Whole, gone: Collection[UUID]) -> None:
    """Tell the editors that something has nobody to do it any more."""
    people = _of(uow, case, EDITORS) - set(gone)
    notices.tell(uow, people, "assignment.dropped", _list(case, whole))


def due(uow: UnitOfWork, case: OpenCase, whole: Whole, waiting: Iterable[tuple[UUID, str]]) -> None:
    """Have each told when their day is over; what is called off meanwhile is told nobody."""
    thing = _list(case, whole)
    notices.forget_reminders(uow, thing.path, thing.label, DUE)
    for person, until in waiting:
        moment = moments.read(until)
        if moment is not None and moment > uow.now:
            notices.remind(uow, person, DUE, thing, moment)


def _list(case: OpenCase, whole: Whole) -> notices.Thing:
    return notices.Thing(
        f"{case.codename} S-{whole.number}", f"{_path(case, whole)}{ASSIGNMENTS}", case.id
    )


def _forget(uow: UnitOfWork, case: OpenCase, whole: Whole, part: Part) -> None:
    thing = _request(case, whole, part)
    notices.forget_reminders(uow, thing.path, thing.label, OVERDUE)


def _request(case: OpenCase, whole: Whole, part: Part) -> notices.Thing:
    label = f"{case.codename} S-{whole.number} R-{part.number}"
    return notices.Thing(label, f"{_path(case, whole)}/replies/{part.id}/edit", case.id)


def _path(case: OpenCase, whole: Whole) -> str:
    return f"/cases/{case.id}/stories/{whole.id}"


def _seated(uow: UnitOfWork, case: OpenCase) -> dict[UUID, str]:
    found = uow.session.execute(_SEATED, {"case_id": case.id, "now": uow.now})
    return {row.user_id: row.role for row in found}


def _of(uow: UnitOfWork, case: OpenCase, roles: Iterable[Seat]) -> set[UUID]:
    wanted = set(roles)
    return {person for person, role in _seated(uow, case).items() if role in wanted}
