"""When a password or a key is lost: pages for the person, the administrator and the members."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from casefile import audit, keys
from casefile.accounts import recovery, renewing, service, sessions
from casefile.accounts.factors import service as factors
from casefile.accounts.forms import KeptForm, put_error
from casefile.accounts.routes import code_page, take_new_cookie
from casefile.cases import restoring
from casefile.cases import service as cases
from casefile.cases.access import requires
from casefile.errors import InvalidError
from casefile.policy import Permission
from casefile.recovery.forms import (
    ForgottenForm,
    NewCodeForm,
    NewPasswordForm,
    TryCodeForm,
)
from casefile.web import (
    current,
    database_session,
    public,
    requires_role,
    resources,
    signed_in,
    unit_of_work,
)

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue

    from casefile.accounts.models import Renewal, User
    from casefile.cases.access import OpenCase

bp = Blueprint("recovery", __name__)


@bp.get("/forgotten-password")
@public
def forgotten() -> ResponseReturnValue:
    return render_template("recovery/forgotten.html", form=ForgottenForm())


@bp.post("/forgotten-password")
@public
def forgotten_update() -> ResponseReturnValue:
    form = ForgottenForm()
    if not form.validate():
        page = render_template("recovery/forgotten.html", form=form)
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        code = recovery.reset_password(
            resources(),
            username=form.username.data or "",
            typed=form.code.data or "",
            password=form.password.data or "",
            address=request.remote_addr or "",
        )
    except InvalidError as error:
        put_error(form, "code" if "recovery code" in error.message else "password", error)
        page = render_template("recovery/forgotten.html", form=form)
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    return code_page(code, (form.username.data or "").strip().casefold(), after_loss=True)


@bp.get("/account/recovery-code")
@signed_in
def code() -> ResponseReturnValue:
    return _page()


def _page(
    *,
    new: NewCodeForm | None = None,
    tried: TryCodeForm | None = None,
    kept: KeptForm | None = None,
) -> str:
    return render_template(
        "recovery/account.html",
        state=recovery.state(database_session(), current().person.id),
        new=new or NewCodeForm(formdata=None),
        tried=tried or TryCodeForm(formdata=None),
        kept=kept,
    )


@bp.post("/account/recovery-code")
@signed_in
def code_create() -> ResponseReturnValue:
    form = NewCodeForm()
    if not form.validate():
        return _page(new=form), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        made = recovery.renew(resources(), current(), password=form.current.data or "")
    except InvalidError as error:
        put_error(form, "current", error)
        return _page(new=form), HTTPStatus.UNPROCESSABLE_ENTITY
    me = current()
    proof = recovery.keeping_proof(me.cache_key, me.person.id, made)
    return code_page(made, me.person.username, proof=proof)


@bp.post("/account/recovery-code/kept")
@signed_in
def code_kept() -> ResponseReturnValue:
    form = KeptForm()
    if not form.validate():
        return _page(kept=form), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with unit_of_work() as uow:
            recovery.confirm(
                uow, current(), typed=form.group.data or "", proof=form.proof.data or ""
            )
    except InvalidError as error:
        put_error(form, "group", error)
        return _page(kept=form), HTTPStatus.UNPROCESSABLE_ENTITY
    flash(_("Good. Keep the recovery code where nobody else looks and you will still find it."))
    return redirect(url_for("desk.index"), HTTPStatus.SEE_OTHER)


@bp.post("/account/recovery-code/try")
@signed_in
def code_try() -> ResponseReturnValue:
    form = TryCodeForm()
    if not form.validate():
        return _page(tried=form), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        recovery.rehearse(resources(), current(), typed=form.code.data or "")
    except InvalidError as error:
        put_error(form, "code", error)
        return _page(tried=form), HTTPStatus.UNPROCESSABLE_ENTITY
    flash(_("The code works. Nothing was changed; keep it where it was."))
    return redirect(url_for("recovery.code"), HTTPStatus.SEE_OTHER)


@bp.post("/admin/people/<uuid:person_id>/renewal")
@requires_role(Permission.PERSON_MANAGE)
def renewal_create(person_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as uow:
        made, token = renewing.create(uow, person_id)
        name = service.get(uow.session, person_id).name
    link = url_for("recovery.renewal", token=token, _external=True)
    return render_template(
        "recovery/renewal_made.html", link=link, expires_at=made.expires_at, name=name
    )


@bp.get("/renewals/<token>")
@public
def renewal(token: str) -> ResponseReturnValue:
    row, user, _secret = renewing.find(database_session(), token, resources().clock())
    return _renewal_page(NewPasswordForm(), row, user)


def _renewal_page(form: NewPasswordForm, row: Renewal, user: User) -> str:
    names = service.names(database_session(), [row.maker_id])
    return render_template(
        "recovery/renewal.html",
        form=form,
        maker_name=names.get(row.maker_id, ""),
        username=user.username,
    )


@bp.post("/renewals/<token>")
@public
def renewal_accept(token: str) -> ResponseReturnValue:
    form, opened = NewPasswordForm(), resources()
    row, user, _secret = renewing.find(database_session(), token, opened.clock())
    if not form.validate():
        return _renewal_page(form, row, user), HTTPStatus.UNPROCESSABLE_ENTITY
    bundle, chosen = keys.Bundle.create(row.anchor), form.password.data or ""
    try:
        sealed = service.seal_bundle(opened, user.id, user.username, chosen, bundle)
    except InvalidError as error:
        put_error(form, "password", error)
        return _renewal_page(form, row, user), HTTPStatus.UNPROCESSABLE_ENTITY
    with unit_of_work() as uow:
        renewed = renewing.accept(uow, token, sealed=sealed, bundle=bundle)
        restoring.drop_grants(uow, renewed.id)
        made = recovery.make(uow, renewed.id, bundle)
        factors.end(uow, renewed.id)
        audit.remember(uow, renewed.id, bundle)
        secret = sessions.begin(uow, renewed, bundle, agent=request.user_agent.string)
    proof = take_new_cookie(secret, renewed.id, made)
    flash(_("You have new keys. The members of your cases can now give you access again."))
    return code_page(made, user.username, proof=proof)


@bp.post("/cases/<uuid:case_id>/members/<uuid:seat_id>/restore")
@requires(Permission.MEMBER_MANAGE)
def restore(case: OpenCase, seat_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as uow:
        cases.hold(uow, case, Permission.MEMBER_MANAGE)
        restoring.restore(uow, case, seat_id)
    flash(_("Access is restored. They can open the case again."))
    return redirect(url_for("cases.members", case_id=case.id), HTTPStatus.SEE_OTHER)
