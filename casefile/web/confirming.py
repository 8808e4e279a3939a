from __future__ import annotations

import functools
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flask import Flask, current_app, g, redirect, render_template, request, session, url_for

from casefile.errors import InvalidError
from casefile.web.visit import current, resources

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from flask.typing import ResponseReturnValue

    from casefile.uow import Resources
    from casefile.web.visit import Visit, VisitSession

    Confirmer = Callable[[Resources, Visit, str], tuple[bytes, Visit]]

View = TypeVar("View", bound="Callable[..., Any]")
LASTS = timedelta(minutes=5)
CLOCKS_DIFFER = timedelta(minutes=1)
FIELD = "confirm_password"


def is_confirmed(visit: Visit, now: datetime) -> bool:
    """Say whether the password was given a moment ago. A clock set back confirms nothing."""
    if visit.confirmed_at is None:
        return False
    return -CLOCKS_DIFFER <= now - visit.confirmed_at <= LASTS


def set_confirmer(app: Flask, confirmer: Confirmer) -> None:
    """Say how a password is checked and the session given another cookie; `accounts` knows."""
    app.extensions["casefile.confirm"] = confirmer


def confirm(password: str) -> None:
    """Check the password of whoever is asking and go on in the same session with another cookie.

    Raises InvalidError when it is wrong.
    """
    confirmer: Confirmer = current_app.extensions["casefile.confirm"]
    secret, visit = confirmer(resources(), current(), password)
    cast("VisitSession", session).begin(secret)
    g.visit = visit


def confirmed(view: View) -> View:
    """Ask for the password again before this view, unless it was given in the last five minutes.

    It stands below the permission mark: who may not do it at all is not asked. A form that was
    sent comes back inside the page that asks, field by field, and goes on with the password; it
    may hold no files.
    """

    @functools.wraps(view)
    def asked(**given: Any) -> ResponseReturnValue:
        if is_confirmed(current(), resources().clock()):
            return cast("ResponseReturnValue", view(**given))
        if request.method in {"GET", "HEAD"}:
            where = url_for("factors.confirm", next=request.full_path.rstrip("?"))
            return redirect(where, HTTPStatus.SEE_OTHER)
        if FIELD not in request.form:
            return _again(""), HTTPStatus.FORBIDDEN
        try:
            confirm(request.form[FIELD])
        except InvalidError as error:
            return _again(error.message), error.status
        return cast("ResponseReturnValue", view(**given))

    return cast("View", asked)


def _again(problem: str) -> str:
    kept = [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name not in {FIELD, "csrf_token"}
    ]
    return render_template(
        "factors/ask_again.html",
        action=request.full_path.rstrip("?"),
        kept=kept,
        problem=problem,
        field=FIELD,
    )


def own_page(path: str | None) -> str:
    """Return the page of ours that a link asked for, or the desk when it is none of ours."""
    if path and path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable():
        return path
    return url_for("desk.index")
