from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from casefile.accounts import service as accounts
from casefile.grants import keeping
from casefile.grants import milestones as grant_milestones
from casefile.grants.access import requires
from casefile.grants.award_forms import OBSTACLES, ReasonForm
from casefile.grants.award_overview import look_of
from casefile.grants.award_routes import as_id
from casefile.grants.money import Money
from casefile.milestones import content, deciding, verifying
from casefile.policy import Permission
from casefile.web import confirmed, current, database_session, resources, timezone, unit_of_work

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue

bp = Blueprint("submissions", __name__, url_prefix="/grants/milestones")


@bp.get("/<uuid:milestone_id>")
@requires(Permission.AWARD_READ)
def show(milestone_id: UUID) -> ResponseReturnValue:
    session = database_session()
    award, milestone = grant_milestones.get(session, milestone_id)
    events = keeping.events(session, milestone_id)
    people = {event.actor_id for event in events} | {milestone.waiver_by_id}
    return render_template(
        "milestones/granted.html",
        award=award,
        milestone=milestone,
        look=look_of(milestone, resources().clock().astimezone(timezone()).date()),
        tranche=Money(milestone.tranche, award.currency),
        history=deciding.released(session, current().bundle.anchor, milestone_id),
        events=events,
        names=accounts.names(session, {one for one in people if one}),
        counts=content.COUNTS,
        obstacles=OBSTACLES,
        verifications=(asked := verifying.of_milestone(session, milestone_id)),
        forged=verifying.forged(session, current().bundle.anchor, asked),
        verifiers=verifying.candidates(session),
        met=verifying.stands_for(session, current().bundle.anchor, milestone),
    )


def _asked() -> tuple[int, str]:
    form = ReasonForm()
    version = form.version.data if isinstance(form.version.data, int) else -1
    return version, form.reason.data or ""


def _done(milestone_id: UUID, words: str) -> ResponseReturnValue:
    flash(words)
    where = url_for("submissions.show", milestone_id=milestone_id)
    return redirect(where, HTTPStatus.SEE_OTHER)


@bp.post("/<uuid:milestone_id>/accept")
@requires(Permission.MILESTONE_DECIDE)
@confirmed
def accept(milestone_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as uow:
        deciding.accept(uow, milestone_id, _asked()[0])
    return _done(milestone_id, _("Accepted. Its payment is due."))


@bp.post("/<uuid:milestone_id>/verdict")
@requires(Permission.MILESTONE_DECIDE)
@confirmed
def accept_verdict(milestone_id: UUID) -> ResponseReturnValue:
    """Let the verifier's verdict stand for the acceptance."""
    with unit_of_work() as uow:
        deciding.accept_verdict(uow, milestone_id, _asked()[0])
    return _done(milestone_id, _("Accepted as the verifier found it. Its payment is due."))


@bp.post("/<uuid:milestone_id>/met")
@requires(Permission.MILESTONE_DECIDE)
@confirmed
def met(milestone_id: UUID) -> ResponseReturnValue:
    """Accept what asks for nothing from the newsroom, such as the signed contract."""
    with unit_of_work() as uow:
        grant_milestones.accept_contract(uow, milestone_id, _asked()[0])
    return _done(milestone_id, _("Accepted. Its payment is due."))


@bp.post("/<uuid:milestone_id>/return")
@requires(Permission.MILESTONE_DECIDE)
def give_back(milestone_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as uow:
        deciding.give_back(uow, milestone_id, *_asked())
    return _done(milestone_id, _("Returned with your reason. It stays in the history."))


@bp.post("/<uuid:milestone_id>/waive")
@requires(Permission.MILESTONE_DECIDE)
def waive_propose(milestone_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as uow:
        grant_milestones.propose_waiver(uow, milestone_id, *_asked())
    return _done(milestone_id, _("Proposed. A second person has to sign it."))


@bp.post("/<uuid:milestone_id>/waive/sign")
@requires(Permission.AWARD_APPROVE)
@confirmed
def waive_sign(milestone_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as uow:
        grant_milestones.waive(uow, milestone_id, _asked()[0])
    return _done(milestone_id, _("Waived with two signatures. Its payment is due."))


@bp.post("/<uuid:milestone_id>/waive/refuse")
@requires(Permission.AWARD_APPROVE)
def waive_refuse(milestone_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as uow:
        grant_milestones.refuse_waiver(uow, milestone_id, *_asked())
    return _done(milestone_id, _("The waiver was refused; the milestone stands."))


@bp.post("/<uuid:milestone_id>/drop")
@requires(Permission.MILESTONE_DECIDE)
@confirmed
def drop(milestone_id: UUID) -> ResponseReturnValue:
    form = ReasonForm()
    with unit_of_work() as uow:
        version, reason = _asked()
        grant_milestones.cannot_be_achieved(
            uow, milestone_id, version, form.obstacle.data or "", reason
        )
    return _done(milestone_id, _("On record: it cannot be achieved. Its payment is called off."))


@bp.post("/<uuid:milestone_id>/verifier")
@requires(Permission.MILESTONE_DECIDE)
def verifier_create(milestone_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as uow:
        chosen = as_id(request.form.get("verifier", "")) or milestone_id
        verifying.ask(uow, milestone_id, chosen)
    return _done(milestone_id, _("Asked. The newsroom decides whether to let them in."))
