from __future__ import annotations

import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from flask import Blueprint, flash, g, redirect, render_template, session, url_for
from flask_babel import gettext as _

from casefile import db, keys
from casefile.accounts.forms import TravelForm, put_error
from casefile.cases import service, travel
from casefile.errors import ConflictError, InvalidError
from casefile.web import (
    current,
    database_session,
    end_of_day,
    resources,
    signed_in,
    unit_of_work,
)

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from casefile.web import VisitSession

bp = Blueprint("travel", __name__, url_prefix="/account/travel")


@bp.get("")
@signed_in
def new() -> ResponseReturnValue:
    return _page(TravelForm())


def _page(form: TravelForm) -> str:
    away = travel.codenames_away(database_session(), current().person.id)
    return render_template("travel/new.html", form=form, away=away)


@bp.post("")
@signed_in
def create() -> ResponseReturnValue:
    form, opened = TravelForm(), resources()
    until = end_of_day(form.ends_at.data) if form.validate() else None
    if until is None:
        return _page(form), HTTPStatus.UNPROCESSABLE_ENTITY
    mine = service.all_mine(database_session(), current(), opened.clock())
    try:
        with unit_of_work() as uow:
            travel.depart(uow, mine, until)
    except (InvalidError, ConflictError) as error:
        put_error(form, "ends_at", error)
        return _page(form), error.status
    # The log of the database may still hold the deleted keys; emptying it waits for nobody's page.
    threading.Thread(target=db.checkpoint, args=(opened.database,), daemon=True).start()
    cast("VisitSession", session).begin(keys.random_key())
    g.visit = None
    flash(_("Your keys are given up. Nothing opens until you are back. Have a safe journey."))
    return redirect(url_for("accounts.sign_in"), HTTPStatus.SEE_OTHER)
