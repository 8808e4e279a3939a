from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.http import dump_options_header

from casefile.errors import ConflictError, InvalidError
from casefile.grants import (
    applications,
    applying,
    award_beginning,
    calls,
    interests,
    keeping,
    lists,
    organisations,
    ranking,
    reviewing,
    scoring,
)
from casefile.grants.access import requires
from casefile.grants.application_models import Application
from casefile.grants.applications import STAFF_STATES
from casefile.grants.call_models import Call
from casefile.grants.form_routes import Sheet, list_page, press_form, save, show, told
from casefile.grants.forms import (
    InterestForm,
    MoveForm,
    OrganisationChoiceForm,
    ReasonForm,
    TextForm,
)
from casefile.grants.states import APPLICATION_MOVES, NEEDS_REASON, ApplicationState
from casefile.policy import Permission
from casefile.web import FILE_POLICY, current, database_session, resources, unit_of_work

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from werkzeug.datastructures import MultiDict

    from casefile.uow import UnitOfWork

bp = Blueprint("applications", __name__, url_prefix="/grants")
NOT_APPLICABLE = "na"
LONGEST = 20_000


@bp.get("/applications/")
@requires(Permission.APPLICATION_READ)
def index() -> ResponseReturnValue:
    return list_page(lists.APPLICATIONS, _("Applications"))


@bp.get("/calls/<uuid:call_id>/applications")
@requires(Permission.APPLICATION_READ)
def of_call(call_id: UUID) -> ResponseReturnValue:
    row = keeping.get(database_session(), Call, call_id)
    heading = _("Applications of %(code)s", code=row.code)
    return list_page(
        lists.APPLICATIONS, heading, parent=row.id, endpoint_values={"call_id": row.id}
    )


@bp.get("/applications/<uuid:application_id>")
@requires(Permission.APPLICATION_READ)
def application_show(application_id: UUID) -> ResponseReturnValue:
    session, person, now = database_session(), current().person, resources().clock()
    opened = applications.read(session, person, application_id, now)
    row = opened.row
    choice = OrganisationChoiceForm(formdata=None, version=row.version)
    choice.organisation.choices = [("", _("Not known")), *organisations.choices(session)]
    choice.organisation.data = str(row.organisation_id or "")
    names = [annex["id"] for annex in opened.says["annexes"]] if opened.named else []
    return render_template(
        "grants/application.html",
        opened=opened,
        item=row,
        requested=opened.requested,
        contact=applications.contact(resources(), row) if opened.named else {},
        annexes=names,
        messages=applying.messages(session, row.id),
        reviews=reviewing.seen(session, person, opened),
        criteria=calls.criteria(session, row.call_id),
        decision=ranking.decisions(session, [row.id]).get(row.id),
        made=award_beginning.made_of(session, [row.id]),
        shown=scoring.shown,
        following=sorted(APPLICATION_MOVES[ApplicationState(row.state)] & STAFF_STATES),
        need_reason=NEEDS_REASON,
        move_form=MoveForm(formdata=None, version=row.version),
        ask_form=TextForm(formdata=None, version=row.version),
        choice_form=choice,
        **told(row),
    )


@bp.post("/applications/<uuid:application_id>/move")
@requires(Permission.APPLICATION_CHECK)
def move(application_id: UUID) -> ResponseReturnValue:
    row = keeping.get(database_session(), Application, application_id)
    form = MoveForm()

    def act(uow: UnitOfWork) -> None:
        to = keeping.state_named(ApplicationState, form.to.data)
        base, why = form.version.data or 0, form.reason.data or ""
        applications.move(uow, current().person, row.id, base, to, why)

    where = url_for("applications.application_show", application_id=row.id)
    return press_form(form, act, where, _("Done."))


@bp.post("/applications/<uuid:application_id>/questions")
@requires(Permission.APPLICATION_CHECK)
def ask(application_id: UUID) -> ResponseReturnValue:
    row = keeping.get(database_session(), Application, application_id)
    form = TextForm()
    return press_form(
        form,
        lambda uow: applications.ask(
            uow, current().person, row.id, form.version.data or 0, form.text.data.strip()
        ),
        url_for("applications.application_show", application_id=row.id),
        _("The question stands on the applicant's page."),
    )


@bp.post("/applications/<uuid:application_id>/continue")
@requires(Permission.APPLICATION_CHECK)
def go_on(application_id: UUID) -> ResponseReturnValue:
    row = keeping.get(database_session(), Application, application_id)
    form = ReasonForm()
    return press_form(
        form,
        lambda uow: applications.go_on(uow, current().person, row.id, form.version.data or 0),
        url_for("applications.application_show", application_id=row.id),
        _("The review goes on."),
    )


@bp.post("/applications/<uuid:application_id>/organisation")
@requires(Permission.APPLICATION_CHECK)
def organisation_update(application_id: UUID) -> ResponseReturnValue:
    row = keeping.get(database_session(), Application, application_id)
    form = OrganisationChoiceForm()
    form.organisation.choices = organisations.choices(database_session())
    return press_form(
        form,
        lambda uow: applications.name_organisation(
            uow, current().person, row.id, form.version.data or 0, UUID(form.organisation.data)
        ),
        url_for("applications.application_show", application_id=row.id),
        _("Saved."),
    )


@bp.get("/applications/<uuid:application_id>/annexes/<uuid:file_id>")
@requires(Permission.REVIEW_WRITE)
def annex(application_id: UUID, file_id: UUID) -> ResponseReturnValue:
    person = current().person
    name, file = applications.annex(
        resources(), database_session(), person, application_id, file_id
    )
    with unit_of_work() as uow:
        applying.note_look(uow, file_id)
    return send(name, file)


def send(name: str, file: Any) -> Response:
    """Send a sealed file as something to be saved, never to be shown."""
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    value = dump_options_header("attachment", {"filename": plain})
    headers = {
        "Content-Disposition": f"{value}; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Length": str(file.size),
        "Content-Security-Policy": FILE_POLICY,
    }
    return Response(file.blocks(), headers=headers, mimetype="application/octet-stream")


@bp.get("/reviews/")
@requires(Permission.REVIEW_WRITE)
def review_index() -> ResponseReturnValue:
    found = reviewing.tasks(database_session(), current().person.id)
    return render_template("grants/reviews.html", tasks=found, clear=interests.CLEAR)


def _interest_sheet(application_id: UUID) -> Sheet:
    action = url_for("applications.declare", application_id=application_id)
    intro = _(
        "Before anything of the application is shown, say whether you have an interest in it: family, work, "
        "money, friendship or a quarrel with the applicant or a partner. What you say is kept."
    )
    back = url_for("applications.review_index")
    return Sheet(_("Declare your interests"), action, _("Declare"), back, intro)


@bp.get("/applications/<uuid:application_id>/interests")
@requires(Permission.REVIEW_WRITE)
def interests_new(application_id: UUID) -> ResponseReturnValue:
    row = _to_review(application_id)
    return show(InterestForm(formdata=None), _interest_sheet(row.id))


def _to_review(application_id: UUID) -> Application:
    session = database_session()
    row = keeping.get(session, Application, application_id)
    if not row.revision or not calls.is_reviewer(session, row.call_id, current().person.id):
        raise keeping.missing()
    return row


@bp.post("/applications/<uuid:application_id>/interests")
@requires(Permission.REVIEW_WRITE)
def declare(application_id: UUID) -> ResponseReturnValue:
    row = _to_review(application_id)
    form = InterestForm()
    outcome = [""]

    def act(uow: UnitOfWork) -> str:
        conflict, reason = form.conflict.data == "yes", form.reason.data or ""
        outcome[0] = interests.declare(uow, row.id, conflict=conflict, reason=reason)
        if outcome[0] == interests.CLEAR:
            return url_for("applications.review_edit", application_id=row.id)
        return url_for("applications.review_index")

    return save(form, _interest_sheet(row.id), act, _("Your declaration is kept."))


@bp.get("/applications/<uuid:application_id>/review")
@requires(Permission.REVIEW_WRITE)
def review_edit(application_id: UUID) -> ResponseReturnValue:
    row = _to_review(application_id)
    session, me = database_session(), current().person.id
    aside = interests.stands_aside(session, row, me)
    if not aside and interests.declaration(session, row.id, me) is None:
        where = url_for("applications.interests_new", application_id=row.id)
        return redirect(where, HTTPStatus.SEE_OTHER)
    return _review_page(row.id)


def _review_page(
    application_id: UUID, problem: str = "", typed: MultiDict[str, str] | None = None
) -> str:
    session, person, now = database_session(), current().person, resources().clock()
    opened = applications.read(session, person, application_id, now)
    mine = reviewing.own(session, opened.row.id, person.id)
    scores = reviewing.scores_of(session, [mine.id])[mine.id] if mine else {}
    return render_template(
        "grants/review.html",
        opened=opened,
        item=opened.row,
        requested=opened.requested,
        mine=mine,
        version=mine.version if mine else 0,
        sent=mine is not None
        and mine.state == "submitted"
        and mine.revision_id == opened.revision.id,
        given=_typed(typed) if typed is not None else _kept(scores),
        texts=typed if typed is not None else mine,
        criteria=calls.criteria(session, opened.call.id),
        recommendations=reviewing.RECOMMENDATIONS,
        reviews=reviewing.seen(session, person, opened),
        shown=scoring.shown,
        problem=problem,
    )


def _kept(scores: dict[UUID, int | None]) -> dict[str, str]:
    return {
        str(key): NOT_APPLICABLE if score is None else str(score) for key, score in scores.items()
    }


def _typed(typed: MultiDict[str, str]) -> dict[str, str]:
    return {
        name.removeprefix("score-"): value
        for name, value in typed.items()
        if name.startswith("score-")
    }


def _given(session: Any, call_id: UUID) -> reviewing.Given:
    scores: dict[UUID, int | None] = {}
    for row in calls.criteria(session, call_id):
        text = request.form.get(f"score-{row.id}", "")
        if text == NOT_APPLICABLE:
            scores[row.id] = None
        elif text in {"0", "1", "2", "3", "4", "5"}:
            scores[row.id] = int(text)
    feedback, remarks = (
        request.form.get(name, "").replace("\r\n", "\n").strip() for name in ("feedback", "remarks")
    )
    if max(len(feedback), len(remarks)) > LONGEST:
        msg = f"Shorten each text to at most {LONGEST} characters."
        raise InvalidError(msg)
    return reviewing.Given(scores, feedback, remarks, request.form.get("recommendation", "")[:32])


@bp.post("/applications/<uuid:application_id>/review")
@requires(Permission.REVIEW_WRITE)
def review_update(application_id: UUID) -> ResponseReturnValue:
    row = _to_review(application_id)
    send_in = request.form.get("send") == "1"
    base = request.form.get("version", "0")
    try:
        with unit_of_work() as uow:
            given = _given(uow.session, row.call_id)
            number = int(base) if base.isascii() and base.isdigit() and len(base) < 10 else 0  # noqa: PLR2004
            reviewing.save(uow, current().person, row.id, number, given, send=send_in)
    except (InvalidError, ConflictError) as error:
        return _review_page(row.id, _(error.message), request.form), error.status
    flash(_("Your review is in.") if send_in else _("Your draft is saved."))
    where = url_for("applications.review_edit", application_id=row.id)
    return redirect(where, HTTPStatus.SEE_OTHER)
