from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from wtforms import SelectChoice

from casefile.accounts.forms import put_error
from casefile.cases import indexing
from casefile.cases.access import OpenCase, requires
from casefile.errors import CasefileError, ConflictError, InvalidError
from casefile.policy import Permission
from casefile.sources import (
    agreements,
    handlers,
    identities,
    links,
    looks,
    roster,
    service,
    witness,
)
from casefile.sources.forms import (
    KIND_NAMES,
    LEVEL_NAMES,
    AboutEditForm,
    AboutForm,
    AgreementForm,
    HandlerForm,
    IdentityFields,
    LinkForm,
    SourceForm,
)
from casefile.sources.opening import Holder
from casefile.web import current, database_session, pager, resources, timezone, unit_of_work

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue
    from flask_wtf import FlaskForm

bp = Blueprint("sources", __name__, url_prefix="/cases/<uuid:case_id>/sources")
PAGE = 50
LOOKS = 20


def holder() -> Holder:
    opened = current()
    return Holder(opened.person.id, opened.bundle)


def plain(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n").strip()


def _about(form: AboutForm) -> service.About:
    return service.About(
        form.protection.data,
        plain(form.reliability.data),
        plain(form.motive.data),
        plain(form.quotable.data),
    )


def identity_of(form: IdentityFields) -> identities.Identity:
    return identities.Identity(
        plain(form.name.data), plain(form.contacts.data), plain(form.circumstances.data)
    )


@bp.get("/")
@requires(Permission.SOURCE_READ)
def index(case: OpenCase) -> ResponseReturnValue:
    asked = {name: request.args.get(name, "")[:200] for name in ("q", "protection", "sort")}
    mine = request.args.get("mine") == "1"
    me, now = current().person.id, resources().clock()
    found = service.listed(
        database_session(),
        case,
        now,
        sort=asked["sort"],
        text=asked["q"],
        protection=asked["protection"] if asked["protection"] in LEVEL_NAMES else "",
        handler_id=me if mine else None,
    )
    where = pager(len(found), PAGE)
    return render_template(
        "sources/index.html",
        case=case,
        sources=found[where.offset : where.offset + PAGE],
        pager=where,
        me=me,
        mine=mine,
        query=asked["q"],
        protection=asked["protection"],
        sort=asked["sort"] or "changed",
        levels=LEVEL_NAMES,
    )


@bp.get("/new")
@requires(Permission.SOURCE_ADD)
def new(case: OpenCase) -> ResponseReturnValue:
    return render_template(
        "sources/new.html", case=case, form=SourceForm(protection="confidential")
    )


@bp.post("/")
@requires(Permission.SOURCE_ADD)
def create(case: OpenCase) -> ResponseReturnValue:
    form = SourceForm()
    if not form.validate():
        page = render_template("sources/new.html", case=case, form=form)
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    with unit_of_work() as uow:
        source_id = service.add(uow, case, _about(form), identity_of(form))
        indexing.follow(uow, case)
    flash(_("The source is added. Call them by the codename on this page, here and everywhere."))
    return to_source(case, source_id)


def to_source(case: OpenCase, source_id: UUID) -> ResponseReturnValue:
    where = url_for("sources.show", case_id=case.id, source_id=source_id)
    return redirect(where, HTTPStatus.SEE_OTHER)


@bp.get("/<uuid:source_id>")
@requires(Permission.SOURCE_READ)
def show(case: OpenCase, source_id: UUID) -> ResponseReturnValue:
    _tend(case, source_id)
    return source_page(case, source_id)


def _tend(case: OpenCase, source_id: UUID) -> None:
    """Do what a source waits for if whoever looks at it handles it; failing keeps nobody out."""
    session, now = database_session(), resources().clock()
    view = service.get(session, case, source_id, now)
    if not view.handled_by(current().person.id) or not case.can(Permission.SOURCE_HANDLE):
        return
    source = service.row(session, case, source_id)
    examined = handlers.examine(session, case, holder(), source, view.handlers)
    if examined.opened is None or not handlers.waits(examined.opened, view.handlers, now):
        return
    try:
        with unit_of_work() as uow:
            handlers.tend(uow, case, *handlers.open_for(uow, case, source_id))
    except CasefileError:
        return
    session.rollback()
    session.expire_all()


def source_page(case: OpenCase, source_id: UUID, **forms: FlaskForm) -> str:
    """Render a source; a form that wants mending takes the place of the empty one."""
    session, now, me = database_session(), resources().clock(), current().person.id
    view = service.get(session, case, source_id, now)
    mine = view.handled_by(me) and case.can(Permission.SOURCE_HANDLE)
    examined = handlers.Examined(None, [])
    if mine:
        source = service.row(session, case, source_id)
        examined = handlers.examine(session, case, holder(), source, view.handlers)
        g.damage_noticed = g.get("damage_noticed") or bool(examined.problems)
    agreed = agreements.listed(session, case, source_id)
    given: dict[str, Any] = {
        "agreement_form": agreement_form(agreed, bare=True),
        "link_form": LinkForm(formdata=None),
        "handler_form": handler_form(case, view, bare=True) if examined.opened else None,
        **forms,
    }
    return render_template(
        "sources/show.html",
        case=case,
        source=view,
        mine=mine,
        me=me,
        opened=examined.opened is not None,
        problems=examined.problems,
        only=roster.only_one(view.handlers),
        agreements=agreed,
        lost=max(0, witness.of(session, source_id).promises - len(agreed)),
        today=now.astimezone(timezone()).date(),
        links=links.of_source(session, case, source_id),
        looks=looks.of(session, source_id, me, now, LOOKS) if mine else None,
        kinds=KIND_NAMES,
        **given,
    )


def agreement_form(agreed: list[agreements.AgreementView], *, bare: bool = False) -> AgreementForm:
    form = AgreementForm(formdata=None) if bare else AgreementForm()
    if bare:
        form.agreed_on.data = resources().clock().astimezone(timezone()).date()
    form.supersedes.choices = [
        SelectChoice("", _("Nothing: it is a new promise")),
        *(
            SelectChoice(
                str(one.id), f"{KIND_NAMES[one.agreement.kind]}: {one.agreement.text[:60]}"
            )
            for one in agreed
            if not one.superseded
        ),
    ]
    return form


def handler_form(case: OpenCase, view: service.SourceView, *, bare: bool = False) -> HandlerForm:
    form = HandlerForm(formdata=None) if bare else HandlerForm()
    people = handlers.candidates(database_session(), case, view.handlers, resources().clock())
    form.person.choices = [
        SelectChoice("", _("Choose a person")),
        *(SelectChoice(str(one.user_id), one.name) for one in people),
    ]
    return form


@bp.get("/<uuid:source_id>/edit")
@requires(Permission.SOURCE_EDIT)
def edit(case: OpenCase, source_id: UUID) -> ResponseReturnValue:
    view = _whole(case, source_id)
    form = AboutEditForm(
        protection=view.protection,
        reliability=view.about.reliability,
        motive=view.about.motive,
        quotable=view.about.quotable,
        version=view.version,
    )
    return _edit_page(case, view, form)


def _whole(case: OpenCase, source_id: UUID) -> service.SourceView:
    return service.get(database_session(), case, source_id, resources().clock())


def _edit_page(
    case: OpenCase,
    view: service.SourceView,
    form: AboutEditForm,
    theirs: service.SourceView | None = None,
) -> str:
    return render_template(
        "sources/edit.html",
        case=case,
        source=view,
        form=form,
        theirs=theirs,
        handles=view.handled_by(current().person.id),
        levels=LEVEL_NAMES,
    )


@bp.post("/<uuid:source_id>/edit")
@requires(Permission.SOURCE_EDIT)
def update(case: OpenCase, source_id: UUID) -> ResponseReturnValue:
    view, form = _whole(case, source_id), AboutEditForm()
    if not form.validate():
        return _edit_page(case, view, form), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with unit_of_work() as uow:
            service.save(uow, case, source_id, _about(form), form.version.data or 0)
            indexing.follow(uow, case)
    except service.SourceChangedError as conflict:
        form.version.raw_data, form.version.data = None, conflict.theirs.version
        page = _edit_page(case, conflict.theirs, form, conflict.theirs)
        return page, HTTPStatus.CONFLICT
    flash(_("Saved."))
    return to_source(case, source_id)


@bp.post("/<uuid:source_id>/agreements")
@requires(Permission.SOURCE_EDIT)
def agreement_create(case: OpenCase, source_id: UUID) -> ResponseReturnValue:
    service.row(database_session(), case, source_id)
    form = agreement_form(agreements.listed(database_session(), case, source_id))
    if not form.validate():
        page = source_page(case, source_id, agreement_form=form)
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    told = agreements.Agreement(
        form.kind.data,
        plain(form.text.data),
        form.agreed_on.data.isoformat(),
        form.until.data.isoformat() if form.until.data else "",
    )
    instead = agreements.read_id(form.supersedes.data)
    try:
        with unit_of_work() as uow:
            source = service.row(uow.session, case, source_id)
            agreements.add(uow, case, source, told, supersedes_id=instead)
            indexing.follow(uow, case)
    except ConflictError as error:
        put_error(form, "text", error)
        return source_page(case, source_id, agreement_form=form), error.status
    flash(_("The promise is written down. Everybody on the case sees it."))
    return to_source(case, source_id)


@bp.post("/<uuid:source_id>/links")
@requires(Permission.SOURCE_EDIT)
def link_create(case: OpenCase, source_id: UUID) -> ResponseReturnValue:
    service.row(database_session(), case, source_id)
    form = LinkForm()
    if not form.validate():
        page = source_page(case, source_id, link_form=form)
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with unit_of_work() as uow:
            source = service.row(uow.session, case, source_id)
            links.add(uow, case, source, form.code.data or "", plain(form.passage.data))
    except (InvalidError, ConflictError) as error:
        put_error(form, "code", error)
        return source_page(case, source_id, link_form=form), error.status
    flash(_("Linked."))
    return to_source(case, source_id)


@bp.post("/<uuid:source_id>/links/<uuid:link_id>/delete")
@requires(Permission.SOURCE_EDIT)
def link_delete(case: OpenCase, source_id: UUID, link_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as uow:
        links.remove(uow, case, service.row(uow.session, case, source_id), link_id)
    flash(_("The link is gone; what was linked stays."))
    return to_source(case, source_id)
