from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from uuid import UUID

from flask import Blueprint, flash, render_template, request
from flask_babel import gettext as _

from casefile.accounts.forms import put_error
from casefile.cases import indexing
from casefile.cases.access import OpenCase, requires
from casefile.errors import ConflictError, InvalidError
from casefile.policy import Permission
from casefile.sources import agreements, handlers, identities, opening, service, shredding
from casefile.sources.forms import WAY_NAMES, ContactForm, IdentityForm, ShredForm
from casefile.sources.routes import (
    handler_form,
    holder,
    identity_of,
    plain,
    source_page,
    to_source,
)
from casefile.web import (
    confirmed,
    current,
    database_session,
    resources,
    timezone,
    unit_of_work,
)

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = Blueprint("source_handlers", __name__, url_prefix="/cases/<uuid:case_id>/sources")


def _view(case: OpenCase, source_id: UUID) -> service.SourceView:
    """Return a source of which whoever asks is a handler."""
    view = service.get(database_session(), case, source_id, resources().clock())
    source = service.row(database_session(), case, source_id)
    opening.open_source(
        database_session(),
        case,
        holder(),
        source,
        listed=view.handled_by(current().person.id),
    )
    return view


@bp.post("/<uuid:source_id>/identity")
@requires(Permission.SOURCE_HANDLE)
@confirmed
def identity(case: OpenCase, source_id: UUID) -> ResponseReturnValue:
    view = _view(case, source_id)
    with unit_of_work() as uow:
        source = service.row(uow.session, case, source_id)
        shown = identities.show(uow, case, source, holder(), listed=True)
    return render_template(
        "sources/identity.html", case=case, source=view, shown=shown, ways=WAY_NAMES
    )


@bp.get("/<uuid:source_id>/identity/edit")
@requires(Permission.SOURCE_HANDLE)
@confirmed
def identity_edit(case: OpenCase, source_id: UUID) -> ResponseReturnValue:
    view = _view(case, source_id)
    with unit_of_work() as uow:
        source = service.row(uow.session, case, source_id)
        latest = identities.show(uow, case, source, holder(), listed=True).latest
    form = IdentityForm(obj=latest.identity, version=latest.number)
    return render_template("sources/identity_edit.html", case=case, source=view, form=form)


@bp.post("/<uuid:source_id>/identity/edit")
@requires(Permission.SOURCE_HANDLE)
@confirmed
def identity_update(case: OpenCase, source_id: UUID) -> ResponseReturnValue:
    view, form = _view(case, source_id), IdentityForm()
    if not form.validate():
        page = render_template("sources/identity_edit.html", case=case, source=view, form=form)
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with unit_of_work() as uow:
            source, opened = handlers.open_for(uow, case, source_id)
            written = identity_of(form)
            identities.save(uow, case, source, opened, written, form.version.data or 0)
    except identities.IdentityChangedError as conflict:
        with unit_of_work() as uow:  # theirs is shown beside mine, and that is a look
            identities.record_look(uow, case, service.row(uow.session, case, source_id))
        form.version.raw_data, form.version.data = None, conflict.theirs.number
        page = render_template(
            "sources/identity_edit.html",
            case=case,
            source=view,
            form=form,
            theirs=conflict.theirs,
        )
        return page, HTTPStatus.CONFLICT
    flash(_("Saved. Only the handlers can read it."))
    return to_source(case, source_id)


@bp.get("/<uuid:source_id>/contacts/new")
@requires(Permission.SOURCE_HANDLE)
def contact_new(case: OpenCase, source_id: UUID) -> ResponseReturnValue:
    form = ContactForm(corrects=request.args.get("corrects", "")[:36])
    form.met_on.data = resources().clock().astimezone(timezone()).date()
    view = _view(case, source_id)
    return render_template("sources/contact_new.html", case=case, source=view, form=form)


@bp.post("/<uuid:source_id>/contacts")
@requires(Permission.SOURCE_HANDLE)
def contact_create(case: OpenCase, source_id: UUID) -> ResponseReturnValue:
    view, form = _view(case, source_id), ContactForm()
    if not form.validate():
        page = render_template("sources/contact_new.html", case=case, source=view, form=form)
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    with unit_of_work() as uow:
        source, opened = handlers.open_for(uow, case, source_id)
        identities.log_contact(
            uow,
            case,
            source,
            opened,
            identities.Contact(
                form.met_on.data.isoformat(),
                form.how.data,
                plain(form.where.data),
                plain(form.summary.data),
            ),
            corrects_id=agreements.read_id(form.corrects.data),
        )
    flash(_("The contact is written down. Only the handlers can read it."))
    return to_source(case, source_id)


@bp.post("/<uuid:source_id>/handlers")
@requires(Permission.SOURCE_HANDLE)
@confirmed
def handler_create(case: OpenCase, source_id: UUID) -> ResponseReturnValue:
    form = handler_form(case, _view(case, source_id))
    if not form.validate():
        page = source_page(case, source_id, handler_form=form)
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    act = handlers.hand_over if form.leave.data else handlers.add
    try:
        with unit_of_work() as uow:
            source, opened = handlers.open_for(uow, case, source_id)
            act(uow, case, source, opened, UUID(form.person.data))
            indexing.follow(uow, case)
    except (InvalidError, ConflictError) as error:
        put_error(form, "person", error)
        return source_page(case, source_id, handler_form=form), error.status
    if form.leave.data:
        flash(_("The source is handed over. You cannot open its identity any more."))
    else:
        flash(_("They are a handler of this source now."))
    return to_source(case, source_id)


@bp.post("/<uuid:source_id>/handlers/<uuid:person_id>/delete")
@requires(Permission.SOURCE_HANDLE)
@confirmed
def handler_delete(case: OpenCase, source_id: UUID, person_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as uow:
        source, opened = handlers.open_for(uow, case, source_id)
        handlers.remove(uow, case, source, opened, person_id)
        indexing.follow(uow, case)
    flash(_("They are a handler no more, and the source has a new key."))
    return to_source(case, source_id)


@bp.post("/<uuid:source_id>/handlers/<uuid:person_id>/restore")
@requires(Permission.SOURCE_HANDLE)
@confirmed
def handler_restore(case: OpenCase, source_id: UUID, person_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as uow:
        source, opened = handlers.open_for(uow, case, source_id)
        handlers.restore(uow, case, source, opened, person_id)
    flash(_("They can open the identity again."))
    return to_source(case, source_id)


@bp.get("/<uuid:source_id>/shred")
@requires(Permission.SOURCE_HANDLE)
def shred_new(case: OpenCase, source_id: UUID) -> ResponseReturnValue:
    return _shred_page(case, source_id, ShredForm())


def _shred_page(case: OpenCase, source_id: UUID, form: ShredForm) -> str:
    view = shredding.may_shred(
        database_session(), case, source_id, current().person.id, resources().clock()
    )
    others = [one for one in view.handlers if one.user_id != current().person.id]
    return render_template("sources/shred.html", case=case, source=view, form=form, others=others)


@bp.post("/<uuid:source_id>/shred")
@requires(Permission.SOURCE_HANDLE)
@confirmed
def shred(case: OpenCase, source_id: UUID) -> ResponseReturnValue:
    form = ShredForm()
    if not form.validate():
        return _shred_page(case, source_id, form), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with unit_of_work() as uow:
            shredding.shred(uow, case, source_id, form.codename.data or "")
            indexing.follow(uow, case)
    except InvalidError as error:
        put_error(form, "codename", error)
        return _shred_page(case, source_id, form), error.status
    flash(_("The source is shredded. Nobody can open its identity any more."))
    return to_source(case, source_id)
