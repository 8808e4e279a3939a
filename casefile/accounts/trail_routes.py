from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _

from casefile import audit
from casefile.web import (
    current,
    database_session,
    remember_trail,
    resources,
    signed_in,
    unit_of_work,
)

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = Blueprint("trail", __name__)


@bp.get("/account/trail")
@signed_in
def show() -> ResponseReturnValue:
    return render_template(
        "accounts/trail.html",
        standing=audit.standing(database_session(), resources()),
        key=str(audit.checkpoints.signer(resources()).verifier),
    )


@bp.post("/account/trail")
@signed_in
def accept() -> ResponseReturnValue:
    with unit_of_work() as uow:
        audit.accept(uow, current().person.id, current().bundle)
    remember_trail()
    flash(_("The trail is now remembered as it is."))
    return redirect(url_for("trail.show"), HTTPStatus.SEE_OTHER)
