from __future__ import annotations

import functools
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

from flask import Flask, abort, current_app, g, redirect, request, session, url_for
from flask_login import LoginManager
from flask_wtf.csrf import CSRFProtect, generate_csrf, validate_csrf
from wtforms.validators import ValidationError

from casefile.errors import BadRequestError, ForbiddenError
from casefile.web.visit import current, database_session, resources, visit

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.typing import ResponseReturnValue, RouteCallable

    from casefile.policy import Permission
    from casefile.web.visit import Person, VisitSession

View = TypeVar("View", bound="Callable[..., Any]")
SESSIONS = 512
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# All that is open to somebody who must have a second factor and has none yet.
BEFORE_ENROLMENT = ("/account/", "/sign-out")
ENROL_FIRST = (
    "You must have a second factor before you can go on. Nothing was changed. Open “Second factor” in your "
    "account and add one."
)


@dataclass(frozen=True, slots=True)
class Mark:
    """What a view asks of whoever calls it. A view without one does not exist."""

    kind: str
    permission: Permission | None = None


def mark(view: RouteCallable) -> Mark | None:
    """Return the mark of a view, or None."""
    found = getattr(view, "permission_mark", None)
    return found if isinstance(found, Mark) else None


def set_mark(view: View, value: Mark) -> View:
    view.permission_mark = value  # type: ignore[attr-defined]
    return view


def public(view: View) -> View:
    """Anybody may: sign-in, invitations, health and static files."""
    return set_mark(view, Mark("public"))


def signed_in(view: View) -> View:
    """Anybody with an account may: it is about themselves or about all their cases."""
    return set_mark(view, Mark("signed_in"))


def newsroom(view: View) -> View:
    """Anybody signed in may, but to people of the grants without a seat it is not there."""
    return set_mark(view, Mark("newsroom"))


def requires_role(permission: Permission) -> Callable[[RouteCallable], RouteCallable]:
    """Whoever has a role with this permission may; others see 403, and the grants see nothing."""

    def decorate(view: RouteCallable) -> RouteCallable:
        @functools.wraps(view)
        def guarded(**given: Any) -> ResponseReturnValue:
            return view(**given)  # type: ignore[return-value]

        return set_mark(guarded, Mark("role", permission))

    return decorate


def check_forgery() -> None:
    """Refuse an unsafe request that did not come from a page of ours (RFC 6454 origins, token).

    Raises BadRequestError. The token is looked for in the header first, so that a file is
    not read before the request is known to be genuine.
    """
    if request.method not in UNSAFE:
        return
    origin = request.headers.get("Origin")
    if origin and origin != "null" and urlsplit(origin).netloc != request.host:
        msg = "This request came from another site and was refused. Nothing was changed."
        raise BadRequestError(msg)
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        msg = "This request came from another site and was refused. Nothing was changed."
        raise BadRequestError(msg)
    token = request.headers.get("X-CSRFToken") or request.form.get("csrf_token")
    try:
        validate_csrf(token)
    except ValidationError as error:
        msg = (
            "This page was open since before you signed in, or was not ours. Nothing was changed. "
            "Go back, copy what you typed, reload the page and send it again."
        )
        raise BadRequestError(msg) from error
    g.csrf_valid = True


def forgery_token() -> str:
    """Return the token a form of ours carries, signed once per session and not once per page."""
    own = cast("VisitSession", session)
    return generate_csrf() if own.fresh else _signed(own["csrf_token"])


@functools.lru_cache(SESSIONS)
def _signed(_session_token: str) -> str:
    token: str = generate_csrf()
    return token


def open_to_all(app: Flask, endpoint: str) -> None:
    """Mark a view that is not ours, such as one serving static files, as public."""
    view = app.view_functions[endpoint]

    @functools.wraps(view)
    def opened(**given: Any) -> ResponseReturnValue:
        return view(**given)  # type: ignore[return-value]

    app.view_functions[endpoint] = public(opened)


def in_newsroom() -> bool:
    """Say whether the newsroom is there for whoever asks: not for the grants, without a seat."""
    opened = visit()
    if opened is None:
        return False
    if "in_newsroom" not in g:
        person = opened.person
        seated = current_app.extensions["casefile.seated"]
        g.in_newsroom = not person.grants_only or bool(
            seated(database_session(), person.id, resources().clock())
        )
    return bool(g.in_newsroom)


def _behind_the_wall(wanted: Mark) -> bool:
    if wanted.kind == "role" and wanted.permission is not None:
        return not current().person.may(wanted.permission) and not in_newsroom()
    return wanted.kind in {"newsroom", "case"} and not in_newsroom()


def _let_in() -> ResponseReturnValue | None:
    if request.endpoint is None:
        return None
    view = current_app.view_functions.get(request.endpoint)
    wanted = mark(view) if view is not None else None
    if wanted is None:
        abort(HTTPStatus.NOT_FOUND)
    if wanted.kind == "link":
        return None  # the view's own guard looks at the link, takes its files and checks the form
    if wanted.kind == "public":
        check_forgery()
        return None
    if visit() is None:
        return current_app.login_manager.unauthorized()  # type: ignore[attr-defined,no-any-return]
    if current().must_enrol and not request.path.startswith(BEFORE_ENROLMENT):
        return _to_enrolment()
    _check(wanted)
    return None


def _check(wanted: Mark) -> None:
    """Hold who is signed in against what the view asks of them."""
    if _behind_the_wall(wanted):
        abort(HTTPStatus.NOT_FOUND)
    if wanted.kind == "role" and wanted.permission is not None:
        if not current().person.may(wanted.permission):
            msg = "Your role does not include this. An administrator can change roles."
            raise ForbiddenError(msg)
        check_forgery()
    if wanted.kind in {"signed_in", "newsroom"}:
        check_forgery()


def _load_person(_request: object) -> Person | None:
    opened = visit()
    return opened.person if opened else None


def _to_sign_in() -> ResponseReturnValue:
    where = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(
        url_for("accounts.sign_in", next=where if where != "/" else None), HTTPStatus.FOUND
    )


def _to_enrolment() -> ResponseReturnValue:
    if request.method != "GET":
        raise ForbiddenError(ENROL_FIRST)
    return redirect(url_for("factors.index"), HTTPStatus.SEE_OTHER)


def guard(app: Flask) -> None:
    """Put the gate before every view."""
    app.config.update(
        WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None, WTF_CSRF_SSL_STRICT=False
    )
    CSRFProtect(app)
    app.jinja_env.globals["csrf_token"] = forgery_token
    login = LoginManager(app)
    login.session_protection = None
    login.request_loader(_load_person)
    login.unauthorized_handler(_to_sign_in)
    app.before_request(_let_in)
    open_to_all(app, "static")
