from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _

from casefile.accounts.forms import put_error
from casefile.cases.access import OpenCase, requires
from casefile.errors import InvalidError
from casefile.grants import milestones as grant_milestones
from casefile.milestones import links, verifying
from casefile.milestones.forms import AdmitForm, DeclareForm, NameForm, VerdictForm
from casefile.policy import Permission
from casefile.web import (
    confirmed,
    current,
    database_session,
    end_of_day,
    resources,
    signed_in,
    unit_of_work,
)

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue

bp = Blueprint("verifiers", __name__)
ONE = "/cases/<uuid:case_id>/milestones/<uuid:milestone_id>"


@bp.get("/verifications/<uuid:verification_id>")
@signed_in
def show(verification_id: UUID) -> ResponseReturnValue:
    """Where somebody who is asked declares, before they can see anything of the case."""
    return _page(verification_id, DeclareForm(formdata=None))


def _page(verification_id: UUID, form: DeclareForm) -> str:
    session = database_session()
    row = verifying.asked_of_me(session, verification_id, current().person.id, resources().clock())
    award, milestone = grant_milestones.get(session, row.milestone_id)
    return render_template(
        "milestones/asked.html", row=row, award=award, milestone=milestone, form=form
    )


@bp.post("/verifications/<uuid:verification_id>")
@signed_in
def declare(verification_id: UUID) -> ResponseReturnValue:
    form = DeclareForm()
    try:
        with unit_of_work() as uow:
            verifying.declare(uow, verification_id, declared=form.declared.data or "")
    except InvalidError as error:
        put_error(form, "declared", error)
        return _page(verification_id, form), error.status
    flash(_("Thank you. It is on record."))
    where = url_for("verifiers.show", verification_id=verification_id)
    return redirect(where, HTTPStatus.SEE_OTHER)


def _back(case: OpenCase, milestone_id: UUID) -> ResponseReturnValue:
    where = url_for("milestones.show", case_id=case.id, milestone_id=milestone_id)
    return redirect(where, HTTPStatus.SEE_OTHER)


@bp.post(f"{ONE}/verifiers")
@requires(Permission.MILESTONE_RELEASE)
@confirmed
def create(case: OpenCase, milestone_id: UUID) -> ResponseReturnValue:
    form = NameForm()
    with unit_of_work() as uow:
        verifying.ask_from_case(uow, case, milestone_id, form.person_id() or milestone_id)
    flash(_("Asked. You can let them in once they have declared that they have no interest."))
    return _back(case, milestone_id)


@bp.post(f"{ONE}/verifiers/<uuid:verification_id>/admit")
@requires(Permission.MILESTONE_RELEASE)
@confirmed
def admit(case: OpenCase, milestone_id: UUID, verification_id: UUID) -> ResponseReturnValue:
    day = AdmitForm().last_day.data
    with unit_of_work() as uow:
        verifying.let_in(uow, case, milestone_id, verification_id, end_of_day(day) if day else None)
    flash(_("They may look at the case now. Their seat ends with the verdict, or on its last day."))
    return _back(case, milestone_id)


@bp.get(f"{ONE}/verdict")
@requires(Permission.MILESTONE_READ)
def verdict(case: OpenCase, milestone_id: UUID) -> ResponseReturnValue:
    """Where the named verifier says what they found; to everybody else it is not there."""
    with unit_of_work() as uow:
        verifying.mine(uow, case, milestone_id)
    return _verdict_page(case, milestone_id, VerdictForm(formdata=None))


def _verdict_page(case: OpenCase, milestone_id: UUID, form: VerdictForm) -> str:
    _award, milestone = links.milestone_of(database_session(), case, milestone_id)
    return render_template("milestones/verdict.html", case=case, milestone=milestone, form=form)


@bp.post(f"{ONE}/verdict")
@requires(Permission.MILESTONE_READ)
@confirmed
def verdict_create(case: OpenCase, milestone_id: UUID) -> ResponseReturnValue:
    form = VerdictForm()
    form.validate()
    verdict, note = form.verdict.data or "", form.note.data or ""
    try:
        with unit_of_work() as uow:
            verifying.decide(uow, case, milestone_id, verdict=verdict, note=note)
    except InvalidError as error:
        put_error(form, "note", error)
        return _verdict_page(case, milestone_id, form), error.status
    flash(_("Thank you. The grant manager has your verdict, and your seat has ended."))
    return redirect(url_for("desk.index"), HTTPStatus.SEE_OTHER)
