from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from flask_babel import gettext as _

from casefile import keys, policy
from casefile.accounts.factors import opening, pending, proving, service, setups
from casefile.accounts.factors.forms import (
    AppForm,
    CodeForm,
    ConfirmForm,
    KeyForm,
    NameForm,
    TouchForm,
)
from casefile.accounts.forms import put_error
from casefile.accounts.routes import known_device, remember_device
from casefile.errors import InvalidError
from casefile.policy import Permission
from casefile.web import (
    confirm as confirm_password,
)
from casefile.web import (
    confirmed,
    current,
    database_session,
    own_page,
    public,
    requires_role,
    resources,
    signed_in,
    unit_of_work,
    visit,
)

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue
    from flask_wtf import FlaskForm

    from casefile.web import VisitSession

bp = Blueprint("factors", __name__)


def _site() -> keys.Site:
    host = request.host
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    return keys.Site(name, f"{request.scheme}://{host}")


def _pending() -> pending.Pending | None:
    secret = cast("VisitSession", session).secret
    return pending.find(database_session(), secret, resources().clock())


def _to_sign_in() -> ResponseReturnValue:
    if visit() is None:
        flash(_(pending.TOO_LATE), "warning")
    where = request.values.get("next") or None
    return redirect(url_for("accounts.sign_in", next=where), HTTPStatus.SEE_OTHER)


def _prove_page(waiting: pending.Pending, code: CodeForm, touch: TouchForm) -> str:
    found = opening.of(database_session(), waiting.user_id, waiting.bundle)
    site = _site()
    here = proving.keys_at(found, site) if site.takes_keys else []
    known = [bytes.fromhex(factor.secrets["credential"]) for factor in here]
    options = keys.request_options(site, challenge=waiting.challenge, known=known) if here else None
    apps, papers = found.of_kind(opening.APP), found.of_kind(opening.PAPER)
    helps = {
        (True, True): _("Six digits from your app, or a code on paper."),
        (True, False): _("Six digits from your app."),
        (False, True): _("A code on paper."),
    }
    return render_template(
        "factors/prove.html",
        code=code,
        key_form=touch,
        options=options,
        found=found,
        by_code=bool(apps or papers),
        code_help=helps.get((bool(apps), bool(papers)), ""),
        elsewhere=sorted({one.secrets["host"] for one in found.of_kind(opening.KEY)} - {site.host}),
        now=resources().clock(),
    )


@bp.get("/sign-in/factor")
@public
def prove() -> ResponseReturnValue:
    waiting = _pending()
    if waiting is None:
        return _to_sign_in()
    where = request.args.get("next", "")
    return _prove_page(waiting, CodeForm(next=where), TouchForm(next=where))


@bp.post("/sign-in/factor")
@public
def prove_code() -> ResponseReturnValue:
    waiting, form = _pending(), CodeForm()
    if waiting is None:
        return _to_sign_in()
    if form.validate():
        try:
            return _enter(waiting, proving.read_code(form.code.data or ""), form.next.data)
        except InvalidError as error:
            put_error(form, "code", error)
    page = _prove_page(waiting, form, TouchForm(formdata=None, next=form.next.data))
    return page, HTTPStatus.UNPROCESSABLE_ENTITY


@bp.post("/sign-in/factor/key")
@public
def prove_key() -> ResponseReturnValue:
    waiting, form = _pending(), TouchForm()
    if waiting is None:
        return _to_sign_in()
    if form.validate():
        touch = proving.Touch(_site(), waiting.challenge, form.answer.data or "")
        try:
            return _enter(waiting, touch, form.next.data)
        except InvalidError as error:
            put_error(form, "answer", error)
    page = _prove_page(waiting, CodeForm(formdata=None, next=form.next.data), form)
    return page, HTTPStatus.UNPROCESSABLE_ENTITY


def _enter(
    waiting: pending.Pending, proof: proving.Code | proving.Touch, where: str | None
) -> ResponseReturnValue:
    secret = pending.prove(
        resources(),
        waiting,
        proof,
        address=request.remote_addr or "",
        agent=request.user_agent.string,
    )
    cast("VisitSession", session).begin(secret)
    g.visit = None
    remember_device(waiting.username, known_device(waiting.username))
    return redirect(own_page(where), HTTPStatus.SEE_OTHER)


@bp.get("/account/confirm")
@signed_in
def confirm() -> ResponseReturnValue:
    form = ConfirmForm(next=request.args.get("next", ""))
    return render_template("factors/confirm.html", form=form)


@bp.post("/account/confirm")
@signed_in
def confirm_create() -> ResponseReturnValue:
    form = ConfirmForm()
    if form.validate():
        try:
            confirm_password(form.password.data or "")
            return redirect(own_page(form.next.data), HTTPStatus.SEE_OTHER)
        except InvalidError as error:
            put_error(form, "password", error)
    return render_template("factors/confirm.html", form=form), HTTPStatus.UNPROCESSABLE_ENTITY


@bp.get("/account/second-factor")
@signed_in
def index() -> ResponseReturnValue:
    me, rule = current(), resources().settings.second_factor
    found = opening.of(database_session(), me.person.id, me.bundle)
    by = service.name_of(database_session(), found.removal.by_id) if found.removal else ""
    return render_template(
        "factors/index.html",
        found=found,
        removed_by=by,
        required=policy.must_have_factor(rule, me.person.roles),
        must_enrol=me.must_enrol,
    )


@bp.get("/account/second-factor/app/new")
@signed_in
@confirmed
def app_new() -> ResponseReturnValue:
    return _app_page(AppForm(name=_("Authenticator app")))


def _app_page(form: AppForm) -> str:
    me, now = current(), resources().clock()
    try:
        secret = setups.secret_of(me, opening.APP, form.setup.data or "", now)
    except InvalidError:
        form.setup.data, secret = setups.begin(me, opening.APP, now)
    import segno  # noqa: PLC0415 - a drawing library that only this page needs

    address = keys.app_address(secret, account=me.person.username, issuer="Casefile")
    picture = segno.make(address, error="m").svg_data_uri(scale=5, border=4, light="#fff")
    text = keys.app_secret_text(secret)
    return render_template("factors/app_new.html", form=form, picture=picture, secret=text)


@bp.post("/account/second-factor/app")
@signed_in
@confirmed
def app_create() -> ResponseReturnValue:
    form, me = AppForm(), current()
    if form.validate():
        try:
            code = proving.read_code(form.code.data or "")
            with unit_of_work() as uow:
                secret = setups.secret_of(me, opening.APP, form.setup.data or "", uow.now)
                kept, step = setups.app_secrets(uow, secret, code.text)
                name = (form.name.data or "").strip()
                service.add(uow, me, kind=opening.APP, name=name, secrets=kept, counter=step)
            return _added()
        except InvalidError as error:
            put_error(form, "code", error)
    return _app_page(form), HTTPStatus.UNPROCESSABLE_ENTITY


def _added() -> ResponseReturnValue:
    flash(_("Second factor added. From now on it is asked for when you sign in."))
    return redirect(url_for("factors.index"), HTTPStatus.SEE_OTHER)


@bp.get("/account/second-factor/key/new")
@signed_in
@confirmed
def key_new() -> ResponseReturnValue:
    return _key_page(KeyForm(name=_("Security key")))


def _key_page(form: KeyForm) -> str:
    me, site, options = current(), _site(), None
    if site.takes_keys:
        found = opening.of(database_session(), me.person.id, me.bundle)
        form.setup.data, challenge = setups.begin(me, opening.KEY, resources().clock())
        options = keys.creation_options(
            site,
            challenge=challenge,
            handle=setups.handle(me),
            username=me.person.username,
            name=me.person.name,
            known=[
                bytes.fromhex(one.secrets["credential"]) for one in proving.keys_at(found, site)
            ],
        )
    return render_template(
        "factors/key_new.html", form=form, options=options, named=_named_address()
    )


def _named_address() -> str:
    """Return this address with a name in it, where one is known to lead here too."""
    settings = resources().settings
    return f"http://localhost:{settings.port}" if settings.plain_http else ""


@bp.post("/account/second-factor/key")
@signed_in
@confirmed
def key_create() -> ResponseReturnValue:
    form, me = KeyForm(), current()
    if form.validate():
        try:
            challenge = setups.secret_of(
                me, opening.KEY, form.setup.data or "", resources().clock()
            )
            kept, counter = setups.key_secrets(_site(), challenge, form.answer.data or "")
            with unit_of_work() as uow:
                name = (form.name.data or "").strip()
                service.add(uow, me, kind=opening.KEY, name=name, secrets=kept, counter=counter)
            return _added()
        except InvalidError as error:
            put_error(form, "answer", error)
    form.answer.data = ""
    return _key_page(form), HTTPStatus.UNPROCESSABLE_ENTITY


@bp.post("/account/second-factor/codes")
@signed_in
@confirmed
def codes_create() -> ResponseReturnValue:
    with unit_of_work() as uow:
        codes = service.make_codes(uow, _("Codes on paper"))
    return render_template("factors/codes.html", codes=codes, now=resources().clock())


@bp.get("/account/second-factor/<uuid:factor_id>/edit")
@signed_in
@confirmed
def edit(factor_id: UUID) -> ResponseReturnValue:
    factor = service.get(database_session(), current(), factor_id)
    return _edit_page(NameForm(name=factor.name), factor)


def _edit_page(form: FlaskForm, factor: opening.Factor) -> str:
    return render_template("factors/edit.html", form=form, factor=factor)


@bp.post("/account/second-factor/<uuid:factor_id>")
@signed_in
@confirmed
def update(factor_id: UUID) -> ResponseReturnValue:
    form = NameForm()
    if not form.validate():
        factor = service.get(database_session(), current(), factor_id)
        return _edit_page(form, factor), HTTPStatus.UNPROCESSABLE_ENTITY
    with unit_of_work() as uow:
        service.rename(uow, factor_id, (form.name.data or "").strip())
    flash(_("Saved."))
    return redirect(url_for("factors.index"), HTTPStatus.SEE_OTHER)


@bp.post("/account/second-factor/<uuid:factor_id>/delete")
@signed_in
@confirmed
def delete(factor_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as uow:
        service.remove(uow, current(), factor_id)
    flash(_("That second factor was removed."))
    return redirect(url_for("factors.index"), HTTPStatus.SEE_OTHER)


@bp.post("/account/second-factor/repair")
@signed_in
@confirmed
def repair() -> ResponseReturnValue:
    with unit_of_work() as uow:
        service.set_right(uow)
    flash(_("Set right: only what you added yourself is left."))
    return redirect(url_for("factors.index"), HTTPStatus.SEE_OTHER)


@bp.post("/admin/people/<uuid:person_id>/second-factor/delete")
@requires_role(Permission.PERSON_MANAGE)
@confirmed
def person_delete(person_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as uow:
        service.take_away(uow, person_id)
    flash(_("Removed. The person is told at the next sign-in, and adds another one then."))
    return redirect(url_for("accounts.people"), HTTPStatus.SEE_OTHER)
