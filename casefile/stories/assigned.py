"""Assignments as people see them: of one story, and all that somebody has to do, most urgent first."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from casefile.accounts import service as accounts
from casefile.cases import mentions
from casefile.cases import service as cases
from casefile.errors import NotFoundError
from casefile.stories import assignments, keeping, statements, suited
from casefile.stories.telling import ASSIGNMENTS, WHERE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.stories.assignments import Job
    from casefile.stories.parts import Whole
    from casefile.web import Visit

SHOWN, LOOKED_THROUGH = 8, 200
PAGE, BESIDE = 50, 6


@dataclass(slots=True)
class AssignmentView:
    """Something to be done. `sound` is false where its row does not say what was sealed."""

    id: UUID
    case: OpenCase
    story_id: UUID
    story_number: int
    task: str
    claim_id: UUID | None
    claim_number: int
    state: str
    version: int
    person_id: UUID | None
    person_name: str
    due_at: datetime | None
    reason: str
    made_by_name: str
    made_at: datetime
    ended_by_name: str
    ended_at: datetime | None
    overdue: bool
    sound: bool
    mine: bool = False
    wrote_it: bool = False
    title: str = ""

    @property
    def place(self) -> str:
        return assignments.place_of(self.id)

    @property
    def last_day(self) -> datetime | None:
        return self.due_at - timedelta(seconds=1) if self.due_at else None

    @property
    def code(self) -> str:
        claim = f" C-{self.claim_number}" if self.claim_id else ""
        return f"S-{self.story_number}{claim}"

    @property
    def story_url(self) -> str:
        return f"/cases/{self.case.id}/stories/{self.story_id}"

    @property
    def url(self) -> str:
        """Where it is done; what nobody has is given to somebody on the page of the assignments."""
        if self.person_id is None or not self.sound:
            return self.story_url + ASSIGNMENTS
        if self.claim_id:
            return f"{self.story_url}/claims/{self.claim_id}"
        return self.story_url + WHERE.get(self.task, "")


@dataclass(slots=True)
class Desk:
    """What somebody has to do, the first of it, and how much more there is."""

    shown: list[AssignmentView] = field(default_factory=list)
    more: int = 0


def count(session: Session, case: OpenCase, story_id: UUID) -> int:
    """Count the assignments of a story, those that are over too."""
    asked = {"case_id": case.id, "story_id": story_id}
    return session.scalar(statements.ASSIGNMENT_COUNT, asked) or 0


def of_story(
    session: Session, case: OpenCase, story_id: UUID, now: datetime, *, me: UUID, offset: int = 0
) -> list[AssignmentView]:
    """Return a page of the assignments of a story: open ones first, the most urgent at the top."""
    asked = {"case_id": case.id, "story_id": story_id, "offset": offset, "limit": PAGE}
    rows = session.execute(statements.ASSIGNMENTS, asked).all()
    return _views(session, {case.id: case}, rows, now, me)


def to_do(
    session: Session,
    case: OpenCase,
    story_id: UUID,
    now: datetime,
    *,
    me: UUID,
    claim_id: UUID | None = None,
) -> list[AssignmentView]:
    """Return the most urgent of what is to be done about a story; of one claim, if asked."""
    asked = {"case_id": case.id, "story_id": story_id, "claim_id": claim_id, "limit": BESIDE}
    wanted = statements.TO_DO_ABOUT_CLAIM if claim_id else statements.TO_DO
    rows = session.execute(wanted, asked).all()
    return _views(session, {case.id: case}, rows, now, me)


def one(
    session: Session,
    case: OpenCase,
    story_id: UUID,
    assignment_id: UUID,
    now: datetime,
    *,
    me: UUID,
) -> AssignmentView:
    """Return one assignment of a story; NotFoundError when there is none."""
    asked = {"case_id": case.id, "story_id": story_id, "assignment_id": assignment_id}
    rows = session.execute(statements.ONE_ASSIGNMENT, asked).all()
    if not rows:
        raise NotFoundError(assignments.NO_ASSIGNMENT)
    return _views(session, {case.id: case}, rows, now, me)[0]


def _views(
    session: Session,
    known: Mapping[UUID, OpenCase],
    rows: Sequence[Any],
    now: datetime,
    me: UUID,
) -> list[AssignmentView]:
    kept = [(row, assignments.open_row(known[row.case_id], row).job) for row in rows]
    others = {row.case_id for row, job in kept if job and job.person not in {"", str(me)}}
    people = {UUID(one) for _row, job in kept if job for one in _people(job) if one}
    names = accounts.names(session, people)
    # Whoever asks has a seat: their own assignments need no look at who else has.
    here = {case_id: {me} for case_id in known}
    for case_id in others:
        found = mentions.members(session, known[case_id], now).values()
        here[case_id] |= {member.id for member in found}
    return [
        _view(known[row.case_id], row, job, names, here[row.case_id], now, me) for row, job in kept
    ]


def _people(job: Job) -> tuple[str, str, str]:
    return job.person, job.by, job.ended_by


def _view(
    case: OpenCase,
    row: Any,
    job: Job | None,
    names: Mapping[UUID, str],
    here: set[UUID],
    now: datetime,
    me: UUID,
) -> AssignmentView:
    person = UUID(job.person) if job and job.person else None
    if row.state == assignments.OPEN and person not in here:
        person = None  # the seat is over, and no lead was here yet to settle what that leaves
    return AssignmentView(
        id=row.id,
        case=case,
        story_id=row.story_id,
        story_number=row.story_number,
        task=row.task,
        claim_id=row.part_id,
        claim_number=row.claim_number or 0,
        state=row.state,
        version=row.version,
        person_id=person,
        person_name=names.get(person, "") if person else "",
        due_at=row.due_at,
        reason=job.reason if job else "",
        made_by_name=names.get(UUID(job.by), "") if job else "",
        made_at=row.made_at,
        ended_by_name=names.get(UUID(job.ended_by), "") if job and job.ended_by else "",
        ended_at=row.ended_at,
        overdue=row.state == assignments.OPEN and row.due_at is not None and row.due_at <= now,
        sound=job is not None,
        mine=person == me,
    )


def mark_own(session: Session, whole: Whole, shown: Sequence[AssignmentView]) -> None:
    """Mark what somebody was given to check and has written since."""
    claims = {part.id: part for part in whole.of("claim")}
    for view in shown:
        if view.state != assignments.OPEN or view.person_id is None:
            continue
        about = [claims[view.claim_id]] if view.claim_id in claims else []
        view.wrote_it = bool(suited.own_among(session, view.person_id, about))


def mine(session: Session, opened: Visit, now: datetime) -> Desk:
    """Return what whoever visits has to do, over all their cases; how many of these costs nothing."""
    me = opened.person.id
    asked = {"user_id": me, "now": now, "limit": LOOKED_THROUGH}
    rows = session.execute(statements.MY_ASSIGNMENTS, asked).all()
    if not rows:
        return Desk()
    opening = cases.some_mine(session, opened, now, list({row.case_id for row in rows[:SHOWN]}))
    known = {case.id: case for case in opening}
    some = [row for row in rows[:SHOWN] if row.case_id in known]
    # A row that somebody planted says nothing that was sealed, and gives nobody anything to do.
    shown = [view for view in _views(session, known, some, now, me) if view.sound]
    _put_titles(session, known, shown)
    return Desk(shown, max(0, len(rows) - SHOWN))


def _put_titles(
    session: Session, known: Mapping[UUID, OpenCase], shown: Sequence[AssignmentView]
) -> None:
    for case_id, case in known.items():
        wanted = list({view.story_id for view in shown if view.case.id == case_id})
        asked = {"case_id": case_id, "story_ids": wanted}
        titles = {
            row.id: keeping.open_head(case, row).title
            for row in session.execute(statements.MANY, asked)
        }
        for view in shown:
            view.title = titles.get(view.story_id, view.title)
