from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from wtforms import SelectChoice

from casefile import audit
from casefile.accounts import service as accounts
from casefile.accounts.forms import put_error
from casefile.cases import restoring, seats, service, travel
from casefile.cases.access import OpenCase, requires
from casefile.cases.forms import (
    SEAT_NAMES,
    STATUS_NAMES,
    CaseEditForm,
    CaseForm,
    NewSeatForm,
    SeatForm,
)
from casefile.cases.trail import QUIET, latest, lines
from casefile.errors import ConflictError, InvalidError
from casefile.evidence import service as evidence
from casefile.notes import service as notes
from casefile.policy import Permission, Seat
from casefile.web import (
    current,
    database_session,
    end_of_day,
    last_day,
    newsroom,
    pager,
    requires_role,
    resources,
    unit_of_work,
)

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue

bp = Blueprint("cases", __name__, url_prefix="/cases")
PAGE = 50
LATEST = 8
LATELY = 10


@bp.get("/")
@newsroom
def index() -> ResponseReturnValue:
    asked = {name: request.args.get(name, "") for name in ("status", "sort", "q")}
    now, text = resources().clock(), asked["q"][:200]
    _found, total = service.mine(
        database_session(), current(), now, status=asked["status"], text=text, limit=0
    )
    where = pager(total, PAGE)
    cases, _total = service.mine(
        database_session(),
        current(),
        now,
        status=asked["status"],
        text=text,
        sort=asked["sort"],
        offset=where.offset,
        limit=PAGE,
    )
    return render_template(
        "cases/index.html",
        cases=cases,
        pager=where,
        status=asked["status"],
        sort=asked["sort"] or "changed",
        query=text,
        statuses=STATUS_NAMES,
    )


@bp.get("/new")
@requires_role(Permission.CASE_CREATE)
def new() -> ResponseReturnValue:
    return render_template("cases/new.html", form=CaseForm())


@bp.post("/")
@requires_role(Permission.CASE_CREATE)
def create() -> ResponseReturnValue:
    form = CaseForm()
    if not form.validate():
        return render_template("cases/new.html", form=form), HTTPStatus.UNPROCESSABLE_ENTITY
    with unit_of_work() as uow:
        case_id = service.create(
            uow, title=(form.title.data or "").strip(), summary=form.summary.data or ""
        )
    flash(_("The case is open. Give colleagues a seat under Members."))
    return redirect(url_for("cases.show", case_id=case_id), HTTPStatus.SEE_OTHER)


@bp.get("/<uuid:case_id>/")
@requires(Permission.CASE_READ)
def show(case: OpenCase) -> ResponseReturnValue:
    session, now = database_session(), resources().clock()
    members = seats.listed(session, case, now)
    return render_template(
        "cases/show.html",
        case=case,
        notes=notes.latest(session, case, LATEST),
        evidence=evidence.latest(session, case, LATEST),
        seats=members,
        ceremony_at=restoring.last_ceremony(session, case, now),
        seat_names=SEAT_NAMES,
        counts={"notes": case.note_count, "evidence": case.evidence_count, "seats": len(members)},
        activity=[
            line for line, _case in latest(session, {case.id: case}, without=QUIET, limit=LATELY)
        ],
    )


@bp.get("/<uuid:case_id>/edit")
@requires(Permission.CASE_EDIT)
def edit(case: OpenCase) -> ResponseReturnValue:
    form = CaseEditForm(
        title=case.title, summary=case.summary, status=case.status, version=case.record_version
    )
    return render_template("cases/edit.html", case=case, form=form)


@bp.post("/<uuid:case_id>/edit")
@requires(Permission.CASE_EDIT)
def update(case: OpenCase) -> ResponseReturnValue:
    form = CaseEditForm()
    if not form.validate():
        page = render_template("cases/edit.html", case=case, form=form)
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    if form.version.data != case.record_version:
        form.version.raw_data, form.version.data = None, case.record_version
        page = render_template("cases/edit.html", case=case, form=form, theirs=case)
        return page, HTTPStatus.CONFLICT
    with unit_of_work() as uow:
        service.describe(
            uow,
            case,
            title=(form.title.data or "").strip(),
            summary=form.summary.data or "",
            status=form.status.data,
            version=form.version.data or 0,
        )
    flash(_("Saved."))
    return redirect(url_for("cases.show", case_id=case.id), HTTPStatus.SEE_OTHER)


@bp.get("/<uuid:case_id>/members/")
@requires(Permission.MEMBER_READ)
def members(case: OpenCase) -> ResponseReturnValue:
    form = _new_seat_form()
    form.role.data = Seat.REPORTER.value
    return _members_page(case, form)


def _new_seat_form() -> NewSeatForm:
    form = NewSeatForm()
    form.username.choices = [
        SelectChoice("", _("Choose a person")),
        *(
            SelectChoice(username, f"{name} ({username})")
            for _id, name, username in accounts.seatable(database_session(), resources().clock())
        ),
    ]
    return form


def _members_page(case: OpenCase, form: NewSeatForm) -> str:
    session = database_session()
    views = seats.listed(session, case, resources().clock())
    renewed = restoring.renewed(session, current().bundle.anchor, case)
    return render_template(
        "cases/members.html",
        case=case,
        seats=views,
        warnings=seats.warnings(session, case, views, {one.user_id for one in renewed}),
        renewed=renewed,
        ceremony_at=restoring.last_ceremony(session, case, resources().clock()),
        form=form,
        seat_names=SEAT_NAMES,
        seat_forms={
            view.id: SeatForm(role=view.role, ends_at=last_day(view.ends_at), formdata=None)
            for view in views
        },
    )


@bp.post("/<uuid:case_id>/members/")
@requires(Permission.MEMBER_MANAGE)
def member_create(case: OpenCase) -> ResponseReturnValue:
    form = _new_seat_form()
    if not form.validate():
        return _members_page(case, form), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with unit_of_work() as uow:
            service.hold(uow, case, Permission.MEMBER_MANAGE)
            seats.add(
                uow,
                case,
                username=form.username.data,
                role=Seat(form.role.data),
                ends_at=end_of_day(form.ends_at.data),
            )
    except (InvalidError, ConflictError) as error:
        put_error(form, "ends_at" if "day" in error.message else "username", error)
        return _members_page(case, form), error.status
    flash(_("The seat was given. They can open the case now."))
    return redirect(url_for("cases.members", case_id=case.id), HTTPStatus.SEE_OTHER)


@bp.post("/<uuid:case_id>/members/<uuid:seat_id>")
@requires(Permission.MEMBER_MANAGE)
def member_update(case: OpenCase, seat_id: UUID) -> ResponseReturnValue:
    form = SeatForm()
    if not form.validate():
        for problems in form.errors.values():
            flash(" ".join(str(problem) for problem in problems), "error")
        return _members_page(case, _new_seat_form()), HTTPStatus.UNPROCESSABLE_ENTITY
    with unit_of_work() as uow:
        service.hold(uow, case, Permission.MEMBER_MANAGE)
        seats.change(
            uow, case, seat_id, role=Seat(form.role.data), ends_at=end_of_day(form.ends_at.data)
        )
    flash(_("Saved."))
    return redirect(url_for("cases.members", case_id=case.id), HTTPStatus.SEE_OTHER)


@bp.post("/<uuid:case_id>/members/<uuid:seat_id>/delete")
@requires(Permission.MEMBER_MANAGE)
def member_delete(case: OpenCase, seat_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as uow:
        service.hold(uow, case, Permission.MEMBER_MANAGE)
        seats.remove(uow, case, seat_id)
    flash(_("The seat was taken away, and the case has a new key."))
    return redirect(url_for("cases.members", case_id=case.id), HTTPStatus.SEE_OTHER)


@bp.post("/<uuid:case_id>/members/<uuid:seat_id>/readmit")
@requires(Permission.MEMBER_MANAGE)
def member_readmit(case: OpenCase, seat_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as uow:
        service.hold(uow, case, Permission.MEMBER_MANAGE)
        travel.bring_back(uow, case, seat_id)
    flash(_("They have the keys of this case again."))
    return redirect(url_for("cases.members", case_id=case.id), HTTPStatus.SEE_OTHER)


@bp.get("/<uuid:case_id>/activity/")
@requires(Permission.ACTIVITY_READ)
def activity(case: OpenCase) -> ResponseReturnValue:
    where = pager(audit.count(database_session(), case_id=case.id), PAGE)
    return render_template(
        "cases/activity.html",
        case=case,
        entries=lines(database_session(), case, offset=where.offset, limit=PAGE),
        pager=where,
        standing=audit.standing(database_session(), resources()),
    )
