from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from wtforms import SelectChoice

from casefile.accounts.forms import put_error
from casefile.cases import mentions
from casefile.cases.access import OpenCase, requires
from casefile.errors import ConflictError, InvalidError
from casefile.policy import Permission, seat_may
from casefile.stories import assigned, assignments, keeping, suited
from casefile.stories.forms import AssignmentEditForm, AssignmentForm, VersionForm
from casefile.stories.routes import say_unreached
from casefile.web import (
    current,
    database_session,
    end_of_day,
    last_day,
    pager,
    resources,
    unit_of_work,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.typing import ResponseReturnValue

    from casefile.stories.assigned import AssignmentView
    from casefile.uow import UnitOfWork

bp = Blueprint(
    "assignments", __name__, url_prefix="/cases/<uuid:case_id>/stories/<uuid:story_id>/assignments"
)
NUMBERS = re.compile(r"(?:C-)?(\d{1,6})(?:\s*[-–]\s*(?:C-)?(\d{1,6}))?", re.ASCII | re.IGNORECASE)
NOT_NUMBERS = "Write the numbers of claims with commas between them, such as 3, 5-8."


@bp.get("/")
@requires(Permission.STORY_READ)
def index(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    asked = {name: request.args.get(name, "")[:20] for name in ("task", "claims")}
    form = AssignmentForm(formdata=None, **{name: text for name, text in asked.items() if text})
    return _page(case, story_id, form)


def _page(case: OpenCase, story_id: UUID, form: AssignmentForm, trouble: str = "") -> str:
    session, now, me = database_session(), resources().clock(), current().person.id
    whole = keeping.load(session, case, story_id)
    where = pager(assigned.count(session, case, story_id), assigned.PAGE)
    found = assigned.of_story(session, case, story_id, now, me=me, offset=where.offset)
    assigned.mark_own(session, whole, found)
    form.person.choices = [SelectChoice("", "–"), *_people(case, *suited.TASKS.values())]
    return render_template(
        "stories/assignments.html",
        case=case,
        story=whole,
        url=f"/cases/{case.id}/stories/{story_id}",
        found=found,
        pager=where,
        form=form,
        trouble=trouble,
        members=mentions.others(session, case, now, me),
        people=mentions.among(session, case, now, *(one.reason for one in found)),
    )


def _people(case: OpenCase, *permissions: Permission) -> list[SelectChoice]:
    """Offer those whose seat allows one of these; the service looks again at which."""
    found = mentions.members(database_session(), case, resources().clock()).values()
    return [
        SelectChoice(str(one.id), f"{one.name} (@{one.username})")
        for one in found
        if any(seat_may(one.role, permission) for permission in permissions)
    ]


@bp.post("/")
@requires(Permission.STORY_ASSIGN)
def create(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    form = AssignmentForm()
    form.version.data = 0
    if not form.validate():
        return _page(case, story_id, form), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with unit_of_work() as uow:
            assignments.assign(
                uow,
                case,
                story_id,
                task=form.task.data,
                numbers=_numbers(form.claims.data or ""),
                person_id=_person(form),
                due_at=end_of_day(form.due.data),
                reason=_reason(form),
            )
    except (InvalidError, ConflictError) as error:
        put_error(form, _field(form, error), error)
        return _page(case, story_id, form), error.status
    flash(_("It is assigned."))
    say_unreached(case, form.reason.data)
    return _to(case, story_id)


def _numbers(text: str) -> list[int]:
    """Read `3, 5-8` and `C-3`; InvalidError for anything else."""
    found: list[int] = []
    for piece in filter(None, (piece.strip() for piece in re.split(r"[,;\s]+(?![-–])", text))):
        numbers = NUMBERS.fullmatch(piece)
        if numbers is None:
            raise InvalidError(NOT_NUMBERS)
        first, last = int(numbers[1]), int(numbers[2] or numbers[1])
        if not 0 <= last - first < suited.MOST_AT_ONCE:
            raise InvalidError(NOT_NUMBERS)
        found += range(first, last + 1)
    return found


def _person(form: AssignmentEditForm) -> UUID:
    try:
        return UUID(form.person.data or "")
    except ValueError as error:
        raise InvalidError(suited.NOT_ON_CASE) from error


def _reason(form: AssignmentEditForm) -> str:
    return (form.reason.data or "").replace("\r\n", "\n").strip()


def _field(form: AssignmentEditForm, error: InvalidError | ConflictError) -> str:
    """Name the field that a refusal is about."""
    if error.message == assignments.DAY_OVER:
        return "due"
    about_claims = isinstance(form, AssignmentForm) and form.task.data == "claim"
    if about_claims and ("claim" in error.message.lower() or error.message == NOT_NUMBERS):
        return "claims"
    return "task" if isinstance(form, AssignmentForm) and error.status == 409 else "person"  # noqa: PLR2004


def _to(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    where = url_for("assignments.index", case_id=case.id, story_id=story_id)
    return redirect(where, HTTPStatus.SEE_OTHER)


def _one(case: OpenCase, story_id: UUID, assignment_id: UUID) -> AssignmentView:
    me, now = current().person.id, resources().clock()
    return assigned.one(database_session(), case, story_id, assignment_id, now, me=me)


@bp.get("/<uuid:assignment_id>/edit")
@requires(Permission.STORY_ASSIGN)
def edit(case: OpenCase, story_id: UUID, assignment_id: UUID) -> ResponseReturnValue:
    view = _one(case, story_id, assignment_id)
    form = AssignmentEditForm(
        person=str(view.person_id or ""),
        due=last_day(view.due_at),
        reason=view.reason,
        version=view.version,
    )
    return _edit_page(case, view, form)


def _edit_page(
    case: OpenCase,
    view: AssignmentView,
    form: AssignmentEditForm,
    theirs: AssignmentView | None = None,
) -> str:
    form.person.choices = [SelectChoice("", "–"), *_people(case, suited.TASKS[view.task])]
    return render_template(
        "stories/assignment.html", case=case, view=view, form=form, theirs=theirs
    )


@bp.post("/<uuid:assignment_id>/edit")
@requires(Permission.STORY_ASSIGN)
def update(case: OpenCase, story_id: UUID, assignment_id: UUID) -> ResponseReturnValue:
    form, view = AssignmentEditForm(), _one(case, story_id, assignment_id)
    if not form.validate():
        return _edit_page(case, view, form), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with unit_of_work() as uow:
            assignments.change(
                uow,
                case,
                story_id,
                assignment_id,
                person_id=_person(form),
                due_at=end_of_day(form.due.data),
                reason=_reason(form),
                version=form.version.data or 0,
            )
    except assignments.AssignmentChangedError as conflict:
        put_error(form, "person", conflict)
        form.version.raw_data, form.version.data = None, view.version
        return _edit_page(case, view, form, view), conflict.status
    except (InvalidError, ConflictError) as error:
        put_error(form, _field(form, error), error)
        return _edit_page(case, view, form), error.status
    flash(_("Saved."))
    say_unreached(case, form.reason.data)
    return _to(case, story_id)


def _end(
    case: OpenCase,
    story_id: UUID,
    act: Callable[[UnitOfWork, int], object],
    said: str,
) -> ResponseReturnValue:
    """End an assignment; when somebody changed it first, the list as it is now says so."""
    form, again = VersionForm(), AssignmentForm(formdata=None)
    if not form.validate():
        return _page(case, story_id, again), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with unit_of_work() as uow:
            act(uow, form.version.data or 0)
    except ConflictError as error:
        return _page(case, story_id, again, error.message), error.status
    flash(said)
    return _to(case, story_id)


@bp.post("/<uuid:assignment_id>/done")
@requires(Permission.STORY_READ)
def finish(case: OpenCase, story_id: UUID, assignment_id: UUID) -> ResponseReturnValue:
    return _end(
        case,
        story_id,
        lambda uow, version: assignments.finish(uow, case, story_id, assignment_id, version),
        _("Done."),
    )


@bp.post("/<uuid:assignment_id>/withdraw")
@requires(Permission.STORY_ASSIGN)
def withdraw(case: OpenCase, story_id: UUID, assignment_id: UUID) -> ResponseReturnValue:
    return _end(
        case,
        story_id,
        lambda uow, version: assignments.withdraw(uow, case, story_id, assignment_id, version),
        _("The assignment is withdrawn."),
    )
