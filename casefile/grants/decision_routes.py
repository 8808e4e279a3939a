from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from casefile.errors import ConflictError, ForbiddenError, InvalidError
from casefile.grants import (
    award_beginning,
    calls,
    deciding,
    keeping,
    ranking,
    reviewing,
    scoring,
    state_names,
)
from casefile.grants.access import requires
from casefile.grants.application_models import Application
from casefile.grants.call_models import Call
from casefile.grants.form_routes import as_file, press
from casefile.grants.money import Money
from casefile.grants.states import ApplicationState
from casefile.policy import Permission
from casefile.web import confirmed, current, database_session, resources, unit_of_work

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flask.typing import ResponseReturnValue

bp = Blueprint("rankings", __name__, url_prefix="/grants/calls/<uuid:call_id>")
LONGEST = 2000


def _page(call: Call, problem: str = "") -> str:
    session, me = database_session(), current().person
    everybody = ranking.ranked(session, call)
    typed = request.form if problem else {}
    return render_template(
        "grants/decision.html",
        item=call,
        ranked=everybody,
        hidden=reviewing.still_hidden(session, call, me.id),
        criteria=calls.criteria(session, call.id),
        awarded=ranking.awarded(everybody),
        made=award_beginning.made_of(session, [one.row.id for one in everybody]),
        envelope=Money.of(call.envelope, call.currency),
        members=[
            one
            for one in deciding.possible_members(session, resources().clock())
            if one[0] != me.id
        ],
        present=set(request.form.getlist("present")) if problem else set(),
        may_decide=me.may(Permission.AWARD_DECIDE) and call.state == "under_review",
        may_promote=me.may(Permission.AWARD_DECIDE),
        reviewed=ranking.REVIEWED,
        outcomes=deciding.OUTCOMES,
        shown=scoring.shown,
        typed=typed,
        problem=problem,
    )


@bp.get("/decision")
@requires(Permission.APPLICATION_READ)
def show(call_id: UUID) -> ResponseReturnValue:
    return _page(keeping.get(database_session(), Call, call_id))


@bp.get("/decision.<any(csv, xlsx):ending>")
@requires(Permission.APPLICATION_READ)
def export(call_id: UUID, ending: str) -> ResponseReturnValue:
    """The ranked list as a file, as it stands: rank, score and what was decided."""
    session = database_session()
    call = keeping.get(session, Call, call_id)
    return as_file("ranking", ending, _table(call, ranking.ranked(session, call)))


def _table(call: Call, everybody: Sequence[ranking.Ranked]) -> Iterator[list[Any]]:
    yield [
        _("Rank"),
        _("Codename"),
        _("Applicant"),
        _("Project"),
        _("Score"),
        _("Reviews"),
        _("State"),
        _("Requested"),
        _("Awarded"),
        _("Currency"),
        _("Reason"),
    ]
    for one in everybody:
        decision = one.decision
        yield [
            one.rank,
            one.row.codename,
            one.row.applicant,
            one.row.title,
            scoring.shown(one.score) or "",
            one.reviews,
            str(state_names.NAMES.get(one.row.state, one.row.state)),
            "" if one.row.requested is None else one.row.requested,
            "" if decision is None or decision.amount is None else decision.amount,
            call.currency,
            decision.reason if decision else "",
        ]


def _lines(call: Call) -> Iterator[deciding.Line]:
    """Read what was chosen for each application; where nothing was chosen nothing is decided."""
    for name, value in request.form.items():
        if not name.startswith("outcome-") or not value:
            continue
        key = name.removeprefix("outcome-")
        try:
            application_id, outcome = UUID(key), ApplicationState(value)
        except ValueError as error:
            raise InvalidError(keeping.NO_STATE) from error
        yield _line(call, application_id, outcome, key)


def _line(call: Call, row_id: UUID, outcome: ApplicationState, key: str) -> deciding.Line:
    text = request.form.get(f"amount-{key}", "").strip()
    reason, feedback = (
        request.form.get(f"{name}-{key}", "").strip() for name in ("reason", "feedback")
    )
    if max(len(reason), len(feedback)) > LONGEST:
        msg = f"Shorten each text to at most {LONGEST} characters."
        raise InvalidError(msg)
    amount = Money.read(text, call.currency) if text else None
    return deciding.Line(row_id, outcome, amount, reason, feedback)


def _present() -> set[UUID]:
    try:
        return {UUID(text) for text in request.form.getlist("present")}
    except ValueError as error:
        raise InvalidError(keeping.NO_STATE) from error


@bp.post("/decision")
@requires(Permission.AWARD_DECIDE)
@confirmed
def update(call_id: UUID) -> ResponseReturnValue:
    call = keeping.get(database_session(), Call, call_id)
    base = request.form.get("version", "0")
    try:
        lines = list(_lines(call))
        with unit_of_work() as uow:
            number = int(base) if base.isascii() and base.isdigit() and len(base) < 10 else 0  # noqa: PLR2004
            deciding.decide(uow, call.id, number, _present(), lines)
    except (InvalidError, ConflictError, ForbiddenError) as error:
        return _page(call, _(error.message)), error.status
    flash(_("Decided. Applicants see the outcome on their page."))
    return redirect(url_for("rankings.show", call_id=call.id), HTTPStatus.SEE_OTHER)


@bp.post("/applications/<uuid:application_id>/promote")
@requires(Permission.AWARD_DECIDE)
@confirmed
def promote(call_id: UUID, application_id: UUID) -> ResponseReturnValue:
    session = database_session()
    call = keeping.get(session, Call, call_id)
    row = keeping.get(session, Application, application_id, call_id=call.id)
    where = url_for("rankings.show", call_id=call.id)
    try:
        line = next(_lines(call), None)
    except InvalidError as error:
        flash(_(error.message), "error")
        return redirect(where, HTTPStatus.SEE_OTHER)
    if line is None or line.application_id != row.id:
        flash(_(keeping.NO_STATE), "error")
        return redirect(where, HTTPStatus.SEE_OTHER)
    return press(lambda uow: deciding.promote(uow, call.id, row.id, line), where, _("Done."))
