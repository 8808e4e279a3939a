from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, cast
from uuid import UUID, uuid4

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf

from casefile import audit, keys
from casefile.accounts import (
    devices,
    invitations,
    people,
    recovery,
    service,
    sessions,
    signing_in,
)
from casefile.accounts.factors import service as factors
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
    end_of_day,
    keep_cookie,
    kept_cookie,
    own_page,
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


def _new_cookie(secret: bytes) -> None:
    cast("VisitSession", session).begin(secret)
    g.visit = None


def known_device(username: str) -> bytes | None:
    """Return the number of this browser when the account was signed in here before."""
    return devices.known(resources(), username, kept_cookie("device"), resources().clock())


def remember_device(username: str, device: bytes | None) -> None:
    """Mark this browser, so that strangers trying the account's password do not slow it down."""
    mark = devices.mark(resources(), username, device, resources().clock())
    keep_cookie("device", mark, seconds=devices.LASTS_DAYS * devices.DAY_SECONDS)


@bp.get("/sign-in")
@public
def sign_in() -> ResponseReturnValue:
    if visit() is not None:
        return redirect(own_page(request.args.get("next")), HTTPStatus.SEE_OTHER)
    form = SignInForm(next=request.args.get("next", ""))
    return render_template("accounts/sign_in.html", form=form)


@bp.post("/sign-in")
@public
def sign_in_create() -> ResponseReturnValue:
    form = SignInForm()
    if not form.validate():
        page = render_template("accounts/sign_in.html", form=form)
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    username = signing_in.as_kept(form.username.data or "")
    device = known_device(username)
    try:
        entry = signing_in.sign_in(
            resources(),
            username=username,
            password=form.password.data or "",
            address=request.remote_addr or "",
            device=device,
            agent=request.user_agent.string,
        )
    except InvalidError as error:
        put_error(form, "password", error)
        page = render_template("accounts/sign_in.html", form=form)
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    _new_cookie(entry.cookie())
    if entry.owes_factor:
        where = url_for("factors.prove", next=form.next.data or None)
        return redirect(where, HTTPStatus.SEE_OTHER)
    remember_device(username, device)
    if entry.removal is not None:
        name = service.names(database_session(), [entry.removal.by_id]).get(entry.removal.by_id)
        flash(_("%(name)s, an administrator, removed your second factors.", name=name), "warning")
    return redirect(own_page(form.next.data), HTTPStatus.SEE_OTHER)


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
            secret = sessions.begin(uow, user, bundle, agent=request.user_agent.string)
    except (InvalidError, ConflictError) as error:
        put_error(form, field, error)
        return _invitation_page(form, found), HTTPStatus.UNPROCESSABLE_ENTITY
    proof = take_new_cookie(secret, user_id, code)
    remember_device(username, None)
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
            agent=request.user_agent.string,
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
    opened = resources()
    mine = sessions.mine(database_session(), current(), opened.clock(), opened.settings)
    minutes = opened.settings.session_idle_minutes
    return render_template("accounts/sessions.html", sessions=mine, idle_minutes=minutes)


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


@bp.get("/admin/", endpoint="people")
@requires_role(Permission.ADMINISTRATION_READ)
def people_index() -> ResponseReturnValue:
    rows = people.rows(database_session(), resources().clock())
    anchor, ids = current().bundle.anchor, [row.id for row in rows]
    return render_template(
        "accounts/people.html",
        people=rows,
        factor_holders=factors.holders(database_session(), anchor, ids),
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
    try:
        made, token = _invite(form)
    except InvalidError as error:
        put_error(form, "ends_at", error)
        return render_template("accounts/invite.html", form=form), HTTPStatus.UNPROCESSABLE_ENTITY
    link = url_for("accounts.invitation", token=token, _external=True)
    return render_template(
        "accounts/invited.html", link=link, expires_at=made.expires_at, name=made.name
    )


def _invite(form: InviteForm) -> tuple[Invitation, str]:
    with unit_of_work() as uow:
        made, token = invitations.create(
            uow,
            name=(form.name.data or "").strip(),
            roles=[Role(role) for role in form.roles.data or []],
            account_ends_at=end_of_day(form.ends_at.data),
        )
    return made, token


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
        standing=audit.standing(database_session(), resources()),
    )
