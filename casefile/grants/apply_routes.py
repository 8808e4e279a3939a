"""The applicant's side: plain pages behind a link, without an account."""

from __future__ import annotations

import functools
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from casefile.errors import ConflictError, InvalidError, NotFoundError
from casefile.grants import (
    applying,
    beginning,
    calls,
    limits,
    lists,
    ranking,
    reviewing,
    sealed,
    submitting,
)
from casefile.grants.application_models import ApplicationAttachment
from casefile.grants.application_routes import send
from casefile.grants.call_models import Call
from casefile.grants.dates import local_in
from casefile.grants.form_routes import first_problem, refuse
from casefile.grants.forms import ApplyForm, ReasonForm, TextForm
from casefile.grants.keeping import ChangedError, events, get, missing
from casefile.grants.money import Money
from casefile.grants.questions import canonical
from casefile.grants.states import ApplicationState
from casefile.grants.typed_lines import pairs_of
from casefile.uow import UnitOfWork
from casefile.web import (
    Mark,
    accept_files,
    check_forgery,
    database_session,
    empty_upload,
    keep_uploads,
    public,
    resources,
    sealed_upload,
    set_mark,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from flask.typing import ResponseReturnValue, RouteCallable

    from casefile.grants.application_models import Application
    from casefile.vault import SealedUpload

bp = Blueprint("apply", __name__, url_prefix="/apply")
MOST_BYTES = 60 * 1024 * 1024
LONGEST_ANSWER = 10_000
DONE = frozenset({ApplicationState.AWARDED, ApplicationState.RESERVE, ApplicationState.REJECTED})


def with_link(limit: str = "", *, files: bool = False) -> Callable[[RouteCallable], RouteCallable]:
    """Give the view the application behind the link. Wrong links are counted and lead nowhere."""

    def decorate(view: RouteCallable) -> RouteCallable:
        @functools.wraps(view)
        def guarded(token: str, **given: Any) -> ResponseReturnValue:
            row = _behind(token)
            if limit:
                limits.count(resources(), limit, str(row.id))
            if files:
                accept_files(row.id)
                request.max_content_length = MOST_BYTES
            check_forgery()
            return view(row=row, token=token, **given)  # type: ignore[return-value]

        return set_mark(guarded, Mark("link"))

    return decorate


def _behind(token: str) -> Application:
    try:
        return applying.by_link(database_session(), resources(), token)
    except NotFoundError:
        limits.count(resources(), "link", request.remote_addr or "")
        raise


def _change() -> UnitOfWork:
    """Begin a change by an applicant, who is nobody with an account even if somebody is signed in."""
    return UnitOfWork(resources(), None)


@bp.get("/")
@public
def index() -> ResponseReturnValue:
    now = resources().clock()
    return render_template("apply/index.html", calls=beginning.open_calls(database_session(), now))


@bp.get("/calls/<code>")
@public
def call_show(code: str) -> ResponseReturnValue:
    return _call_page(beginning.public_call(database_session(), code))


def _call_page(call: Call, invited: str = "", name: str = "") -> str:
    now = resources().clock()
    asked = {"call_id": call.id}
    return render_template(
        "apply/call.html",
        item=call,
        title=lists.title(call),
        standing=calls.standing(call, now).value,
        closes=local_in(call.closes_at, call.zone) if call.closes_at else None,
        opens=local_in(call.opens_at, call.zone) if call.opens_at else None,
        minimum=Money.of(call.minimum, call.currency),
        maximum=Money.of(call.maximum, call.currency),
        envelope=Money.of(call.envelope, call.currency),
        questions=calls.form_of(database_session(), call),
        criteria=calls.criteria(database_session(), asked["call_id"]),
        moved=[one for one in events(database_session(), call.id) if one.what == "deadline"],
        invited=invited,
        name=name,
    )


@bp.post("/calls/<code>")
@public
def begin(code: str) -> ResponseReturnValue:
    call = beginning.public_call(database_session(), code)
    return _begin(call, None)


def _begin(call: Call, invited: str | None) -> ResponseReturnValue:
    limits.count(resources(), "begin", request.remote_addr or "")
    with _change() as uow:
        _row, token = beginning.begin(uow, call.id, invited)
    flash(_("Your draft has begun. Keep the address of this page: it is the only way back to it."))
    return redirect(url_for("apply.application", token=token), HTTPStatus.SEE_OTHER)


def _invitation(token: str) -> tuple[Any, Call]:
    found = beginning.invitation(database_session(), resources(), token)
    if found is None:
        limits.count(resources(), "link", request.remote_addr or "")
        raise NotFoundError(applying.NO_LINK)
    return found


@bp.get("/invitations/<token>")
@public
def invited(token: str) -> ResponseReturnValue:
    row, call = _invitation(token)
    return _call_page(call, token, row.name)


@bp.post("/invitations/<token>")
@public
def begin_invited(token: str) -> ResponseReturnValue:
    _row, call = _invitation(token)
    return _begin(call, token)


def _form(row: Application, call: Call, *, sent: bool = False) -> ApplyForm:
    if sent:
        form = ApplyForm()
    else:
        draft = applying.draft_of(database_session(), resources(), row)
        partners = "\n".join(f"{name} | {role}" for name, role in draft.partners)
        form = ApplyForm(formdata=None, obj=row, **draft.contact)
        form.partners.data = partners
    form.kind.choices = [("", _("Choose one")), *((kind, kind) for kind in call.kinds)]
    form.regions.choices = [(region, region) for region in call.regions]
    return form


def _page(
    row: Application,
    token: str,
    form: ApplyForm | None = None,
    problems: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
) -> str:
    session, now = database_session(), resources().clock()
    call = get(session, Call, row.call_id)
    last = submitting.latest_revision(session, row.id)
    changed = last is not None and last.sha256 != submitting.content_hash(
        submitting.content(session, resources(), row)
    )
    return render_template(
        "apply/application.html",
        item=row,
        call=call,
        title=lists.title(call),
        token=token,
        form=form or _form(row, call),
        answers=typed if typed is not None else row.answers,
        problems=problems or {},
        may_change=applying.may_change(row, call, now) or (form is not None and bool(form.errors)),
        withdrawable=row.state in applying.WITHDRAWABLE and row.voided_at is None,
        standing=calls.standing(call, now).value,
        closes=local_in(call.closes_at, call.zone) if call.closes_at else None,
        questions=calls.form_of(session, call, row.form_version),
        annexes=applying.annex_names(session, resources(), row.id),
        revisions=submitting.revisions(session, row.id),
        changed=changed,
        messages=applying.messages(session, row.id),
        decided=row.state in DONE,
        decision=ranking.decisions(session, [row.id]).get(row.id),
        feedback=reviewing.feedback(session, row) if row.state in DONE else [],
        answer_form=TextForm(formdata=None),
        withdraw_form=ReasonForm(formdata=None),
    )


@bp.get("/applications/<token>")
@with_link()
def application(row: Application, token: str) -> ResponseReturnValue:
    return _page(row, token)


def _draft(form: ApplyForm, answers: dict[str, str]) -> applying.Draft:
    texts = ("applicant", "legal_form", "title", "kind", "place")
    return applying.Draft(
        **{name: (form[name].data or "").strip() for name in texts},
        summary=(form.summary.data or "").replace("\r\n", "\n").strip(),
        requested=form.requested.data,
        regions=form.regions.data or (),
        answers=answers,
        partners=pairs_of(form.partners.data)[:20],
        contact={name: (form[name].data or "").strip() for name in ("name", "email", "phone")},
    )


@bp.post("/applications/<token>")
@with_link("save")
def update(row: Application, token: str) -> ResponseReturnValue:
    call = get(database_session(), Call, row.call_id)
    form = _form(row, call, sent=True)
    asked = calls.form_of(database_session(), call, row.form_version)
    answers = {
        one.key: request.form.get(f"answer-{one.key}", "")
        .replace("\r\n", "\n")
        .strip()[:LONGEST_ANSWER]
        for one in asked
    }
    if not form.validate():
        return _page(row, token, form, typed=answers), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with _change() as uow:
            applying.save(uow, row.id, form.version.data or 0, _draft(form, answers))
    except (ConflictError, InvalidError) as error:
        refuse(form, error)
        if isinstance(error, ChangedError):
            form.version.raw_data, form.version.data = None, error.theirs.version
        return _page(row, token, form, typed=answers), error.status
    if request.form.get("submit") == "1":
        return _submit(row, token)
    flash(_("Saved. It is not submitted yet."))
    return redirect(url_for("apply.application", token=token), HTTPStatus.SEE_OTHER)


def _submit(row: Application, token: str) -> ResponseReturnValue:
    try:
        with _change() as uow:
            revision, new = submitting.submit(uow, row.id)
    except submitting.SubmissionError as error:
        database_session().rollback()
        fresh = _behind(token)
        call = get(database_session(), Call, fresh.call_id)
        form = _form(fresh, call)
        for name, problem in error.problems.items():
            if name in form:
                form[name].errors = [_(problem)]
        refuse(form, error)
        return _page(fresh, token, form, dict(error.problems)), error.status
    except ConflictError as error:
        flash(_(error.message), "error")
        return redirect(url_for("apply.application", token=token), HTTPStatus.SEE_OTHER)
    if new:
        flash(_("Submitted. Your receipt is %(receipt)s.", receipt=revision.receipt))
    else:
        flash(
            _(
                "This is what you submitted before; the receipt stays %(receipt)s.",
                receipt=revision.receipt,
            ),
            "info",
        )
    return redirect(url_for("apply.application", token=token), HTTPStatus.SEE_OTHER)


def _chosen(row: Application) -> list[tuple[str, SealedUpload]]:
    found = []
    for part in request.files.getlist("files"):
        upload = sealed_upload(part)
        if upload is None and part.filename:
            upload = empty_upload(row.id)
        if upload is not None and part.filename:
            found.append((applying.file_label(part.filename), upload))
    return found


@bp.post("/applications/<token>/files")
@with_link("file", files=True)
def attach(row: Application, token: str) -> ResponseReturnValue:
    files = _chosen(row)
    where = redirect(url_for("apply.application", token=token), HTTPStatus.SEE_OTHER)
    if not files:
        flash(_("Choose at least one file."), "error")
        return where
    try:
        with _change() as uow:
            applying.attach(uow, row.id, files)
            uow.after_commit(keep_uploads)
    except (ConflictError, InvalidError) as error:
        flash(_(error.message), "error")
    else:
        flash(_("The files are sealed and kept with your draft."))
    return where


@bp.get("/applications/<token>/files/<uuid:file_id>")
@with_link()
def annex(row: Application, token: str, file_id: UUID) -> ResponseReturnValue:  # noqa: ARG001
    found = get(database_session(), ApplicationAttachment, file_id, application_id=row.id)
    record = sealed.open_record(resources(), found.id, found.record)
    return send(record["name"], sealed.open_file(resources(), row.id, found.id, record))


@bp.post("/applications/<token>/files/<uuid:file_id>/void")
@with_link("save")
def detach(row: Application, token: str, file_id: UUID) -> ResponseReturnValue:
    return _pressed(token, lambda uow: applying.detach(uow, row.id, file_id), _("Taken out."))


def _pressed(token: str, act: Callable[[UnitOfWork], object], done: str) -> ResponseReturnValue:
    try:
        with _change() as uow:
            act(uow)
    except (ConflictError, InvalidError) as error:
        flash(_(error.message), "error")
    else:
        flash(done)
    return redirect(url_for("apply.application", token=token), HTTPStatus.SEE_OTHER)


@bp.post("/applications/<token>/answers")
@with_link("save")
def answer(row: Application, token: str) -> ResponseReturnValue:
    form = TextForm()
    if not form.validate():
        flash(first_problem(form), "error")
        return redirect(url_for("apply.application", token=token), HTTPStatus.SEE_OTHER)
    text = form.text.data.replace("\r\n", "\n").strip()
    return _pressed(
        token, lambda uow: applying.answer(uow, row.id, text), _("Your answer is sent.")
    )


@bp.post("/applications/<token>/withdraw")
@with_link("save")
def withdraw(row: Application, token: str) -> ResponseReturnValue:
    form = ReasonForm()
    if not form.validate():
        flash(first_problem(form), "error")
        return redirect(url_for("apply.application", token=token), HTTPStatus.SEE_OTHER)
    why = form.reason.data or ""
    done = _("Your application is withdrawn. Nobody judges it any more.")
    return _pressed(token, lambda uow: applying.withdraw(uow, row.id, why), done)


@bp.get("/applications/<token>/receipts/<int(max=9999):number>.json")
@with_link()
def receipt(row: Application, token: str, number: int) -> ResponseReturnValue:  # noqa: ARG001
    found = submitting.revision(database_session(), row.id, number)
    if found is None:
        raise missing()
    answer = Response(canonical(found.content), mimetype="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="{found.receipt}.json"'
    return answer
