"""Who is told that a story waits for them: by codename and number, never what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import bindparam, or_, select

from casefile.cases.models import CaseSeat
from casefile.db import table
from casefile.notices import service as notices
from casefile.policy import Seat
from casefile.stories import moments
from casefile.stories.records import REPLY
from casefile.stories.rules import CLOSED, FACT_CHECK, LEGAL, OUT, READY, VOID

if TYPE_CHECKING:
    from collections.abc import Iterable

    from casefile.cases.access import OpenCase
    from casefile.stories.parts import Part, Whole
    from casefile.stories.records import Decision
    from casefile.uow import UnitOfWork

OVERDUE = "story.reply_overdue"
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
