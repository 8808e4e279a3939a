from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from flask import Blueprint, flash, g, redirect, render_template, session, url_for
from flask_babel import gettext as _

from casefile import keys
from casefile.accounts import locking
from casefile.policy import Permission
from casefile.web import requires_role, unit_of_work

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from casefile.web import VisitSession

bp = Blueprint("lock", __name__)


@bp.get("/lock")
@requires_role(Permission.NEWSROOM_LOCK)
def new() -> ResponseReturnValue:
    return render_template("lock/new.html")


@bp.post("/lock")
@requires_role(Permission.NEWSROOM_LOCK)
def create() -> ResponseReturnValue:
    with unit_of_work() as uow:
        locking.lock_everything(uow)
    cast("VisitSession", session).begin(keys.random_key())
    g.visit = None
    flash(_("Everything is locked: everybody was signed out, everywhere."))
    return redirect(url_for("accounts.sign_in"), HTTPStatus.SEE_OTHER)
