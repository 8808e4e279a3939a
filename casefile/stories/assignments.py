"""Assignments: who is to write, check or clear what by when. They give no rights; seats do."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update

from casefile import audit
from casefile.cases import service as cases
from casefile.errors import ConflictError, DamagedError, ForbiddenError, InvalidError, NotFoundError
from casefile.policy import Permission
from casefile.stories import keeping, moments, statements, suited, telling
from casefile.stories.models import Assignment
from casefile.stories.records import CLAIM
from casefile.stories.rules import CLOSED
from casefile.stories.service import CLOSED_STORY
from casefile.stories.suited import CHECK, CLEAR, WRITE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from casefile.cases.access import OpenCase
    from casefile.stories.parts import Part, Whole
    from casefile.uow import UnitOfWork

OPEN, DONE, WITHDRAWN = "open", "done", "withdrawn"
# Which steps of a story settle what was to be done.
SETTLES: Final = {"submit": WRITE, "refer": CHECK, "pass": CHECK, "clear": CLEAR}
NO_ASSIGNMENT = "There is no such assignment on this story."
DAY_OVER = "That day is over. Choose today or a later one, or leave it empty."
ENDED = (
    "This is done or withdrawn already. Nothing was changed; assign it anew if it is needed again."
)
MOVED_ON = (
    "Somebody changed this assignment while you were at it. Nothing of theirs was overwritten."
)
NOT_YOURS = "Only whoever it is assigned to, or an editor of the case, can say that this is done."


class AssignmentChangedError(ConflictError):
    """The assignment has a newer version than the one before whoever changes it."""

    def __init__(self, theirs: Kept) -> None:
        super().__init__(MOVED_ON)
        self.theirs = theirs


@dataclass(frozen=True, slots=True)
class Job:
    """What is sealed of an assignment; the columns say the same for lists."""

    story: str
    part: str
    task: str
    person: str
    state: str
    due: str
    reason: str
    by: str
    at: str
    ended_by: str = ""
    ended_at: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """An assignment as it lies there; `job` is None when its row does not say what was sealed."""

    id: UUID
    story_id: UUID
    part_id: UUID | None
    version: int
    state: str
    job: Job | None


def columns(job: Job) -> dict[str, Any]:
    """Return what lists need of an assignment."""
    return {
        "story_id": UUID(job.story),
        "part_id": UUID(job.part) if job.part else None,
        "task": job.task,
        "person_id": UUID(job.person) if job.person else None,
        "state": job.state,
        "due_at": moments.read(job.due),
        "made_by_id": UUID(job.by),
        "made_at": moments.read(job.at),
        "ended_by_id": UUID(job.ended_by) if job.ended_by else None,
        "ended_at": moments.read(job.ended_at),
    }


def open_row(case: OpenCase, row: Any) -> Kept:
    """Open an assignment and compare its row with what was sealed."""
    job: Job | None
    try:
        key = case.key(row.generation)
        job = Job(**json.loads(key.open(row.record, "assignment", row.id, "record", row.version)))
    except DamagedError:
        job = None
    if job is not None and any(getattr(row, name) != told for name, told in columns(job).items()):
        job = None
    return Kept(row.id, row.story_id, row.part_id, row.version, row.state, job)


def _sealed(case: OpenCase, assignment_id: UUID, version: int, job: Job) -> dict[str, Any]:
    told = {name: getattr(job, name) for name in Job.__slots__}
    plain = json.dumps(told, ensure_ascii=False).encode()
    record = case.newest.seal(plain, "assignment", assignment_id, "record", version)
    return {
        **columns(job),
        "version": version,
        "generation": case.generation,
        "record": record,
    }


def assign(
    uow: UnitOfWork,
    case: OpenCase,
    story_id: UUID,
    *,
    task: str,
    numbers: Sequence[int],
    person_id: UUID,
    due_at: datetime | None,
    reason: str,
) -> None:
    """Give somebody something to do; with the task `claim`, these claims, all of them or none.

    Raises InvalidError for somebody who may not do it, ConflictError where it is assigned already.
    """
    whole = _story(uow, case, story_id)
    parts = suited.claims(whole, numbers) if task == CLAIM else [None]
    _check_due(uow, due_at)
    member = suited.person(uow, case, whole, task, parts, person_id)
    _check_free(uow, case, whole, task, parts)
    for part in parts:
        job = Job(
            story=str(story_id),
            part=part.key if part else "",
            task=task,
            person=str(member.id),
            state=OPEN,
            due=moments.written(due_at),
            reason=reason,
            by=str(uow.actor_id),
            at=moments.written(uow.now),
        )
        made = uuid4()
        uow.session.execute(
            insert(Assignment), {"id": made, "case_id": case.id, **_sealed(case, made, 1, job)}
        )
        detail = _detail(whole, part, member.name)
        audit.record(uow, "assignment.made", subject_id=story_id, case=case, detail=detail)
    telling.assigned(uow, case, whole, task, parts, [member.id])
    telling.mentioned(uow, case, whole, reason, place_of(made), telling.ASSIGNMENTS)
    _remind(uow, case, whole)


def place_of(assignment_id: UUID) -> str:
    """Set what one assignment says apart from the others of its page."""
    return f"{assignment_id.hex[:8]}-"


def _story(uow: UnitOfWork, case: OpenCase, story_id: UUID) -> Whole:
    cases.hold(uow, case, Permission.STORY_ASSIGN)
    whole = keeping.load(uow.session, case, story_id)
    if not whole.sound:
        raise DamagedError(keeping.TAMPERED)
    if whole.state in CLOSED:
        raise ConflictError(CLOSED_STORY)
    return whole


def _check_due(uow: UnitOfWork, due_at: datetime | None, before: str = "") -> None:
    if due_at is not None and due_at <= uow.now and moments.written(due_at) != before:
        raise InvalidError(DAY_OVER)


def _check_free(
    uow: UnitOfWork, case: OpenCase, whole: Whole, task: str, parts: Sequence[Part | None]
) -> None:
    wanted = {part.id if part else None for part in parts}
    for row in _open_rows(uow, case, [whole.id]):
        if row.task == task and row.part_id in wanted:
            part = next((one for one in parts if one and one.id == row.part_id), None)
            what = f"C-{part.number}" if part else "This"
            msg = f"{what} is assigned already. Change that assignment instead; it stands in the list."
            raise ConflictError(msg)


def _open_rows(uow: UnitOfWork, case: OpenCase, story_ids: Collection[UUID]) -> list[Any]:
    asked = {"case_id": case.id, "story_ids": list(story_ids)}
    return list(uow.session.execute(statements.OPEN_ASSIGNMENTS, asked))


def _detail(whole: Whole, part: Part | None, person: str = "") -> dict[str, Any]:
    detail: dict[str, Any] = {"label": whole.head.title}
    if part:
        detail["claim"] = part.number
    if person:
        detail["person"] = person
    return detail


def _get(uow: UnitOfWork, case: OpenCase, story_id: UUID, assignment_id: UUID) -> Kept:
    row = uow.session.execute(
        select(*Assignment.__table__.c).where(
            Assignment.case_id == case.id,
            Assignment.story_id == story_id,
            Assignment.id == assignment_id,
        )
    ).first()
    if row is None:
        raise NotFoundError(NO_ASSIGNMENT)
    return open_row(case, row)


def _take(
    uow: UnitOfWork, case: OpenCase, story_id: UUID, assignment_id: UUID, version: int
) -> tuple[Kept, Job]:
    kept = _get(uow, case, story_id, assignment_id)
    if kept.version != version:
        raise AssignmentChangedError(kept)
    if kept.job is None:
        raise DamagedError(keeping.TAMPERED)
    if kept.state != OPEN:
        raise ConflictError(ENDED)
    return kept, kept.job


def _write(uow: UnitOfWork, case: OpenCase, kept: Kept, job: Job) -> None:
    uow.session.execute(
        update(Assignment)
        .where(Assignment.id == kept.id)
        .values(_sealed(case, kept.id, kept.version + 1, job))
    )


def change(
    uow: UnitOfWork,
    case: OpenCase,
    story_id: UUID,
    assignment_id: UUID,
    *,
    person_id: UUID,
    due_at: datetime | None,
    reason: str,
    version: int,
) -> None:
    """Give an assignment to somebody else, another day or another reason.

    Raises AssignmentChangedError when somebody changed it since `version`.
    """
    whole = _story(uow, case, story_id)
    kept, job = _take(uow, case, story_id, assignment_id, version)
    part = whole.get(CLAIM, UUID(job.part)) if job.part else None
    _check_due(uow, due_at, job.due)
    member = suited.person(uow, case, whole, job.task, [part], person_id)
    told = replace(job, person=str(person_id), due=moments.written(due_at), reason=reason)
    if told == job:
        return
    _write(uow, case, kept, told)
    detail = _detail(whole, part, member.name)
    audit.record(uow, "assignment.changed", subject_id=story_id, case=case, detail=detail)
    if told.person != job.person:
        telling.assigned(uow, case, whole, job.task, [part], [member.id])
    if told.reason != job.reason:
        telling.mentioned(uow, case, whole, reason, place_of(kept.id), telling.ASSIGNMENTS)
    _remind(uow, case, whole)


def finish(
    uow: UnitOfWork, case: OpenCase, story_id: UUID, assignment_id: UUID, version: int
) -> None:
    """Say that an assignment is done: whoever has it, or an editor."""
    cases.hold(uow, case, Permission.STORY_READ)
    whole = keeping.load(uow.session, case, story_id)
    kept, job = _take(uow, case, story_id, assignment_id, version)
    if job.person != str(uow.actor_id) and not case.can(Permission.STORY_ASSIGN):
        raise ForbiddenError(NOT_YOURS)
    _end(uow, case, whole, [(kept, job)], DONE)


def withdraw(
    uow: UnitOfWork, case: OpenCase, story_id: UUID, assignment_id: UUID, version: int
) -> None:
    """Take an assignment back."""
    cases.hold(uow, case, Permission.STORY_ASSIGN)
    whole = keeping.load(uow.session, case, story_id)
    _end(uow, case, whole, [_take(uow, case, story_id, assignment_id, version)], WITHDRAWN)


def settle(
    uow: UnitOfWork, case: OpenCase, whole: Whole, step: str, part: Part | None = None
) -> None:
    """End what a step of the story, or a verdict on a claim, has done; what is closed withdraws all."""
    closes = whole.state in CLOSED
    task = CLAIM if part else SETTLES.get(step, "")
    if not task and not closes:
        return
    found = [open_row(case, row) for row in _open_rows(uow, case, [whole.id])]
    ending = [
        (kept, kept.job)
        for kept in found
        if kept.job is not None
        and (closes or (kept.job.task == task and kept.part_id == (part.id if part else None)))
    ]
    _end(uow, case, whole, ending, WITHDRAWN if closes else DONE)


def _end(
    uow: UnitOfWork,
    case: OpenCase,
    whole: Whole,
    ending: Iterable[tuple[Kept, Job]],
    state: str,
) -> None:
    ended = {"ended_by": str(uow.actor_id), "ended_at": moments.written(uow.now)}
    known = {part.key: part for part in whole.of(CLAIM)}
    done = list(ending)
    for kept, job in done:
        _write(uow, case, kept, replace(job, state=state, **ended))
        action = "assignment.completed" if state == DONE else "assignment.withdrawn"
        audit.record(
            uow, action, subject_id=whole.id, case=case, detail=_detail(whole, known.get(job.part))
        )
    if done:
        _remind(uow, case, whole)


def drop(
    uow: UnitOfWork, case: OpenCase, user_ids: Collection[UUID], tasks: Collection[str]
) -> None:
    """Take these tasks from people who can do them no more; the editors see that nobody has them."""
    asked = {"case_id": case.id, "user_ids": list(user_ids)}
    found = [open_row(case, row) for row in uow.session.execute(statements.ASSIGNED_TO, asked)]
    stories: dict[UUID, Whole] = {}
    for kept in found:
        if kept.job is None or kept.job.task not in tasks:
            continue
        if kept.story_id not in stories:
            stories[kept.story_id] = keeping.load(uow.session, case, kept.story_id)
        whole = stories[kept.story_id]
        _write(uow, case, kept, replace(kept.job, person=""))
        part = next((one for one in whole.of(CLAIM) if one.key == kept.job.part), None)
        audit.record(
            uow,
            "assignment.dropped",
            subject_id=whole.id,
            case=case,
            detail=_detail(whole, part),
        )
    for whole in stories.values():
        telling.unassigned(uow, case, whole, user_ids)
        _remind(uow, case, whole)


def _remind(uow: UnitOfWork, case: OpenCase, whole: Whole) -> None:
    """Have each told once when what they still have to do about a story is due."""
    rows = _open_rows(uow, case, [whole.id])
    jobs = [kept.job for kept in (open_row(case, row) for row in rows) if kept.job]
    due = {(UUID(job.person), job.due) for job in jobs if job.person and job.due}
    telling.due(uow, case, whole, sorted(due))
