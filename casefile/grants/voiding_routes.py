from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, url_for
from flask_babel import gettext as _

from casefile.grants import keeping, voiding
from casefile.grants.access import requires
from casefile.grants.application_models import Application
from casefile.grants.call_models import Call
from casefile.grants.form_routes import press_form
from casefile.grants.forms import ReasonForm
from casefile.grants.models import FundingAgreement, Programme
from casefile.policy import Permission
from casefile.web import confirmed, current, database_session

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from flask.typing import ResponseReturnValue

    from casefile.uow import UnitOfWork

bp = Blueprint("voids", __name__, url_prefix="/grants")


def _voided(where: str, act: Callable[[UnitOfWork, int, str], object]) -> ResponseReturnValue:
    form = ReasonForm()

    def void(uow: UnitOfWork) -> None:
        act(uow, form.version.data or 0, form.reason.data or "")

    return press_form(form, void, where, _("It no longer counts; it is kept with your reason."))


@bp.post("/programmes/<uuid:programme_id>/void")
@requires(Permission.PROGRAMME_EDIT)
@confirmed
def programme(programme_id: UUID) -> ResponseReturnValue:
    keeping.get(database_session(), Programme, programme_id)
    where = url_for("grants.programme_show", programme_id=programme_id)
    return _voided(where, lambda uow, base, why: voiding.programme(uow, programme_id, base, why))


@bp.post("/agreements/<uuid:agreement_id>/void")
@requires(Permission.PROGRAMME_EDIT)
@confirmed
def agreement(agreement_id: UUID) -> ResponseReturnValue:
    keeping.get(database_session(), FundingAgreement, agreement_id)
    where = url_for("agreements.agreement_show", agreement_id=agreement_id)
    return _voided(where, lambda uow, base, why: voiding.agreement(uow, agreement_id, base, why))


@bp.post("/calls/<uuid:call_id>/void")
@requires(Permission.CALL_EDIT)
@confirmed
def call(call_id: UUID) -> ResponseReturnValue:
    keeping.get(database_session(), Call, call_id)
    where = url_for("calls.call_show", call_id=call_id)
    return _voided(where, lambda uow, base, why: voiding.call(uow, call_id, base, why))


@bp.post("/applications/<uuid:application_id>/void")
@requires(Permission.APPLICATION_CHECK)
@confirmed
def application(application_id: UUID) -> ResponseReturnValue:
    keeping.get(database_session(), Application, application_id)
    where = url_for("applications.application_show", application_id=application_id)

    def void(uow: UnitOfWork, base: int, why: str) -> None:
        voiding.application(uow, current().person, application_id, base, why)

    return _voided(where, void)
