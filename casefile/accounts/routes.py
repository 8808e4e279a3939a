from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, cast
from uuid import UUID, uuid4

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf

from casefile import audit, keys
from casefile.accounts import invitations, recovery, service, sessions, signing_in
from casefile.accounts.forms import (
    ROLE_NAMES,
    AccountForm,
    InvitationForm,
    InviteForm,
    KeptForm,
    PasswordForm,
    SignInForm,
    put_error,
)
from casefile.errors import ConflictError, InvalidError
from casefile.policy import Permission, Role
from casefile.web import (
    current,
    database_session,
    pager,
    public,
    requires_role,
    resources,
    signed_in,
    unit_of_work,
    visit,
)

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from casefile.accounts.models import Invitation
    from casefile.web import VisitSession

bp = Blueprint("accounts", __name__)
LINES = 50


def _local(path: str | None) -> str:
    """Return where to go after sign-in: a page of ours, whatever the link said."""
    if path and path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable():
        return path
    return url_for("desk.index")


def _new_cookie(secret: bytes) -> None:
    cast("VisitSession", session).begin(secret)
    g.visit = None


@bp.get("/sign-in")
@public
def sign_in() -> ResponseReturnValue:
    if visit() is not None:
        return redirect(_local(request.args.get("next")), HTTPStatus.SEE_OTHER)
    form = SignInForm(next=request.args.get("next", ""))
    return render_template("accounts/sign_in.html", form=form)


@bp.post("/sign-in")
@public
def sign_in_create() -> ResponseReturnValue:
    form = SignInForm()
    if not form.validate():
        page = render_template("accounts/sign_in.html", form=form)
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        secret = signing_in.sign_in(
            resources(),
            username=form.username.data or "",
            password=form.password.data or "",
            address=request.remote_addr or "",
        )
    except InvalidError as error:
        put_error(form, "password", error)
        page = render_template("accounts/sign_in.html", form=form)
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    _new_cookie(secret)
    return redirect(_local(form.next.data), HTTPStatus.SEE_OTHER)


@bp.post("/sign-out")
@signed_in
def sign_out() -> ResponseReturnValue:
    with unit_of_work() as uow:
        sessions.end(uow, current())
    cast("VisitSession", session).end()
    return redirect(url_for("accounts.sign_in"), HTTPStatus.SEE_OTHER)


@bp.get("/invitations/<token>")
@public
def invitation(token: str) -> ResponseReturnValue:
    found, _secret = invitations.find(database_session(), token, resources().clock())
    return _invitation_page(InvitationForm(name=found.name), found)


def _invitation_page(form: InvitationForm, found: Invitation) -> str:
    names = service.names(database_session(), [found.inviter_id])
    return render_template(
        "accounts/invitation.html",
        form=form,
        inviter_name=names.get(found.inviter_id, ""),
        roles=[ROLE_NAMES[role] for role in sorted(service.roles_of(found.roles))],
    )


@bp.post("/invitations/<token>")
@public
def invitation_accept(token: str) -> ResponseReturnValue:
    form, opened = InvitationForm(), resources()
    found, _secret = invitations.find(database_session(), token, opened.clock())
    if not form.validate():
        return _invitation_page(form, found), HTTPStatus.UNPROCESSABLE_ENTITY
    user_id, bundle = uuid4(), keys.Bundle.create(found.anchor)
    field = "username"
    try:
        username = service.clean_username(form.username.data or "")
        field = "password"
        sealed = service.seal_bundle(opened, user_id, username, form.password.data or "", bundle)
        field = "username"
        with unit_of_work() as uow:
            user = invitations.accept(
                uow,
                token,
                username=username,
                name=(form.name.data or "").strip(),
                sealed=sealed,
                bundle=bundle,
                user_id=user_id,
            )
            code = recovery.make(uow, user.id, bundle)
            secret = sessions.begin(uow, user, bundle)
    except (InvalidError, ConflictError) as error:
        put_error(form, field, error)
        return _invitation_page(form, found), HTTPStatus.UNPROCESSABLE_ENTITY
    proof = take_new_cookie(secret, user_id, code)
    flash(_("Welcome. Your account is ready; cases appear here once you are given a seat."))
    return code_page(code, username, proof=proof)


def take_new_cookie(secret: bytes, user_id: UUID, code: str) -> str:
    """Sign this browser in and return what the page that shows a code carries."""
    _new_cookie(secret)
    return recovery.keeping_proof(keys.derive(secret, "cache"), user_id, code)


def code_page(
    code: str, username: str, *, proof: str | None = None, after_loss: bool = False
) -> str:
    """Show a recovery code, once; with a proof, the person confirms here that they kept it."""
    return render_template(
        "recovery/code.html",
        code=code,
        username=username,
        made_at=resources().clock(),
        form=None if proof is None else KeptForm(proof=proof, formdata=None),
        after_loss=after_loss,
    )


@bp.get("/account/")
@signed_in
def account() -> ResponseReturnValue:
    me = current().person
    form = AccountForm(name=me.name, theme=me.theme, timezone=me.timezone)
    return _account_page(form)


def _account_page(form: AccountForm) -> str:
    fingerprint = current().bundle.public.fingerprint().hex()
    return render_template(
        "accounts/account.html", form=form, role_names=ROLE_NAMES, fingerprint=fingerprint
    )


@bp.post("/account/")
@signed_in
def update() -> ResponseReturnValue:
    form = AccountForm()
    if not form.validate():
        return _account_page(form), HTTPStatus.UNPROCESSABLE_ENTITY
    with unit_of_work() as uow:
        service.update_own(
            uow,
            name=(form.name.data or "").strip(),
            theme=form.theme.data,
            timezone=form.timezone.data,
        )
    flash(_("Saved."))
    return redirect(url_for("accounts.account"), HTTPStatus.SEE_OTHER)


@bp.get("/account/alive")
@signed_in
def alive() -> ResponseReturnValue:
    """Tell a page that stayed open whose session this is, and which token its forms need now."""
    told = {"X-Person": str(current().person.id), "X-CSRFToken": generate_csrf()}
    return "", HTTPStatus.NO_CONTENT, told


@bp.get("/account/password")
@signed_in
def password() -> ResponseReturnValue:
    return render_template("accounts/password.html", form=PasswordForm())


@bp.post("/account/password")
@signed_in
def password_update() -> ResponseReturnValue:
    form = PasswordForm()
    if not form.validate():
        page = render_template("accounts/password.html", form=form)
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        secret = signing_in.change_password(
            resources(),
            current(),
            current=form.current.data or "",
            password=form.password.data or "",
        )
    except InvalidError as error:
        put_error(form, "current" if "current" in error.message else "password", error)
        page = render_template("accounts/password.html", form=form)
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    _new_cookie(secret)
    flash(_("Your password was changed, and every other browser was signed out."))
    return redirect(url_for("accounts.account"), HTTPStatus.SEE_OTHER)


@bp.get("/account/sessions", endpoint="sessions")
@signed_in
def session_index() -> ResponseReturnValue:
    mine = sessions.mine(database_session(), current(), resources().clock())
    return render_template("accounts/sessions.html", sessions=mine)


@bp.post("/account/sessions/<uuid:session_id>/delete")
@signed_in
def session_delete(session_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as uow:
        sessions.end_one(uow, current(), session_id)
    flash(_("That browser was signed out."))
    return redirect(url_for("accounts.sessions"), HTTPStatus.SEE_OTHER)


@bp.post("/account/sessions/delete")
@signed_in
def sessions_delete() -> ResponseReturnValue:
    with unit_of_work() as uow:
        sessions.end_all(uow, current().person.id)
    cast("VisitSession", session).end()
    return redirect(url_for("accounts.sign_in"), HTTPStatus.SEE_OTHER)


@bp.get("/admin/")
@requires_role(Permission.ADMINISTRATION_READ)
def people() -> ResponseReturnValue:
    return render_template(
        "accounts/people.html",
        people=service.people(database_session()),
        invitations=invitations.rows(database_session(), resources().clock()),
        role_names=ROLE_NAMES,
    )


@bp.post("/admin/people/<uuid:person_id>/disable")
@requires_role(Permission.PERSON_MANAGE)
def person_disable(person_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as uow:
        service.disable(uow, person_id)
    flash(_("The account is closed and signed out everywhere."))
    return redirect(url_for("accounts.people"), HTTPStatus.SEE_OTHER)


@bp.post("/admin/people/<uuid:person_id>/enable")
@requires_role(Permission.PERSON_MANAGE)
def person_enable(person_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as uow:
        service.enable(uow, person_id)
    flash(_("The account is open again."))
    return redirect(url_for("accounts.people"), HTTPStatus.SEE_OTHER)


@bp.get("/admin/invitations/new")
@requires_role(Permission.INVITATION_MANAGE)
def invite() -> ResponseReturnValue:
    return render_template("accounts/invite.html", form=InviteForm())


@bp.post("/admin/invitations")
@requires_role(Permission.INVITATION_MANAGE)
def invite_create() -> ResponseReturnValue:
    form = InviteForm()
    if not form.validate():
        page = render_template("accounts/invite.html", form=form)
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    with unit_of_work() as uow:
        made, token = invitations.create(
            uow,
            name=(form.name.data or "").strip(),
            roles=[Role(role) for role in form.roles.data or []],
        )
    link = url_for("accounts.invitation", token=token, _external=True)
    return render_template(
        "accounts/invited.html", link=link, expires_at=made.expires_at, name=made.name
    )


@bp.post("/admin/invitations/<uuid:invitation_id>/delete")
@requires_role(Permission.INVITATION_MANAGE)
def invitation_delete(invitation_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as uow:
        invitations.withdraw(uow, invitation_id)
    flash(_("The invitation no longer works."))
    return redirect(url_for("accounts.people"), HTTPStatus.SEE_OTHER)


@bp.get("/admin/audit", endpoint="audit")
@requires_role(Permission.ADMINISTRATION_READ)
def audit_index() -> ResponseReturnValue:
    lines = pager(audit.count(database_session()), LINES)
    entries = audit.entries(database_session(), offset=lines.offset, limit=LINES)
    names = service.names(database_session(), [e.actor_id for e in entries if e.actor_id])
    return render_template(
        "accounts/audit.html",
        entries=[service.without_contents(entry, names) for entry in entries],
        page=lines,
        chain_ok=audit.holds(entries),
    )
