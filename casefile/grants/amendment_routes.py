from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _
from wtforms import SelectChoice

from casefile.accounts import service as accounts
from casefile.errors import ForbiddenError, InvalidError
from casefile.grants import amended_milestones as ladder
from casefile.grants import amendments, budgets, keeping, money_lists
from casefile.grants.access import NOT_YOURS, requires
from casefile.grants.award_models import Award
from casefile.grants.award_routes import as_id
from casefile.grants.budget_forms import (
    FIELDS_OF,
    KIND_NAMES,
    AmendmentForm,
    read_changes,
    write_changes,
)
from casefile.grants.budget_models import Amendment, Budget
from casefile.grants.budget_states import AmendmentKind, BudgetState
from casefile.grants.form_routes import Sheet, list_page, press_form, save, show
from casefile.grants.forms import ReasonForm
from casefile.policy import Permission
from casefile.web import confirmed, current, database_session

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue

    from casefile.uow import UnitOfWork

bp = Blueprint("amendments", __name__, url_prefix="/grants")


@bp.get("/amendments/")
@requires(Permission.AWARD_READ)
def index() -> ResponseReturnValue:
    return list_page(money_lists.AMENDMENTS, _("Amendments"))


def _kind(text: str) -> AmendmentKind:
    try:
        return AmendmentKind(text)
    except ValueError as error:
        msg = "Choose what is to change: the time, the amount, the budget or the milestones."
        raise InvalidError(msg) from error


def _form(award: Award, kind: AmendmentKind, *, sent: bool = False) -> AmendmentForm:
    """Make the form of this kind, with what stands now filled in."""
    session = database_session()
    steps = write_changes(ladder.changeable(session, award))
    filled: dict[str, Any] = {"formdata": None, "kind": kind.value, "milestones": steps}
    form = AmendmentForm() if sent else AmendmentForm(**filled, amount=award.amount)
    drafts = [one for one in budgets.versions(session, award) if one.state == BudgetState.DRAFT]
    form.budget.choices = [
        SelectChoice(str(one.id), f"{one.number}: {one.total} {one.currency}") for one in drafts
    ]
    form.kind.choices = [SelectChoice(kind.value, KIND_NAMES[kind])]
    for name in {"ends_on", "amount", "budget", "milestones"} - FIELDS_OF[kind]:
        del form[name]
    return form


def _sheet(award: Award) -> Sheet:
    action = url_for("amendments.create", award_id=award.id)
    back = url_for("awards.show", award_id=award.id)
    intro = _(
        "Nothing changes yet. Moves between headings within the agreement's flexibility are told and "
        "acknowledged; everything else is signed by both sides, two different people."
    )
    return Sheet(_("Propose an amendment"), action, _("Propose it"), back, intro)


@bp.get("/awards/<uuid:award_id>/amendments/new")
@requires(Permission.AWARD_EDIT)
def new(award_id: UUID) -> ResponseReturnValue:
    award = keeping.get(database_session(), Award, award_id)
    kind = _kind(request.args.get("kind", AmendmentKind.EXTENSION.value))
    return show(_form(award, kind), _sheet(award))


@bp.post("/awards/<uuid:award_id>/amendments")
@requires(Permission.AWARD_EDIT)
def create(award_id: UUID) -> ResponseReturnValue:
    award = keeping.get(database_session(), Award, award_id)
    kind = _kind(request.form.get("kind", ""))
    form = _form(award, kind, sent=True)

    def act(uow: UnitOfWork) -> str:
        row = amendments.propose(uow, award_id, _wanted(form, kind))
        return url_for("amendments.show_one", amendment_id=row.id)

    return save(form, _sheet(award), act, _("Proposed. Somebody else agrees to it."))


def _wanted(form: AmendmentForm, kind: AmendmentKind) -> amendments.Wanted:
    given = {name: form[name].data for name in FIELDS_OF[kind]}
    return amendments.Wanted(
        kind,
        form.reason.data or "",
        ends_on=given.get("ends_on"),
        amount=given.get("amount"),
        milestones=read_changes(given.get("milestones") or ""),
        budget_id=as_id(given.get("budget") or ""),
    )


@bp.get("/amendments/<uuid:amendment_id>")
@requires(Permission.AWARD_READ)
def show_one(amendment_id: UUID) -> ResponseReturnValue:
    session = database_session()
    row = keeping.get(session, Amendment, amendment_id)
    events = keeping.events(session, row.id)
    people = {row.proposed_by_id, row.our_signer_id, row.their_signer_id}
    people |= {event.actor_id for event in events}
    before_id = as_id(row.before.get("budget", ""))
    return render_template(
        "budgets/amendment.html",
        item=row,
        award=keeping.get(session, Award, row.award_id),
        kinds=KIND_NAMES,
        before={one["number"]: one for one in row.before.get("milestones", [])},
        old_budget=session.get(Budget, before_id) if before_id else None,
        new_budget=session.get(Budget, row.budget_id) if row.budget_id else None,
        me=current().person.id,
        events=events,
        names=accounts.names(session, {one for one in people if one}),
    )


def _where(amendment_id: UUID) -> str:
    keeping.get(database_session(), Amendment, amendment_id)
    return url_for("amendments.show_one", amendment_id=amendment_id)


@bp.post("/amendments/<uuid:amendment_id>/acknowledge")
@requires(Permission.AWARD_APPROVE)
@confirmed
def acknowledge(amendment_id: UUID) -> ResponseReturnValue:
    where, form = _where(amendment_id), ReasonForm()

    def act(uow: UnitOfWork) -> None:
        amendments.acknowledge(uow, amendment_id, form.version.data or 0)

    return press_form(form, act, where, _("Acknowledged. It is in effect."))


@bp.post("/amendments/<uuid:amendment_id>/sign")
@requires(Permission.AWARD_APPROVE)
@confirmed
def sign(amendment_id: UUID) -> ResponseReturnValue:
    """Sign for this side."""
    where, form = _where(amendment_id), ReasonForm()

    def act(uow: UnitOfWork) -> None:
        amendments.sign(uow, amendment_id, form.version.data or 0, ours=True)

    return press_form(form, act, where, _("Signed."))


@bp.post("/amendments/<uuid:amendment_id>/countersign")
@requires(Permission.AWARD_EDIT)
@confirmed
def countersign(amendment_id: UUID) -> ResponseReturnValue:
    """Record that the other side has signed."""
    where, form = _where(amendment_id), ReasonForm()

    def act(uow: UnitOfWork) -> None:
        amendments.sign(uow, amendment_id, form.version.data or 0, ours=False)

    return press_form(form, act, where, _("The other side's signature is on record."))


@bp.post("/amendments/<uuid:amendment_id>/withdraw")
@requires(Permission.AWARD_READ)
@confirmed
def withdraw(amendment_id: UUID) -> ResponseReturnValue:
    where, form = _where(amendment_id), ReasonForm()
    if not any(
        current().person.may(one) for one in (Permission.AWARD_EDIT, Permission.AWARD_APPROVE)
    ):
        raise ForbiddenError(NOT_YOURS)

    def act(uow: UnitOfWork) -> None:
        base, reason = form.version.data or 0, form.reason.data or ""
        amendments.withdraw(uow, amendment_id, base, reason)

    return press_form(form, act, where, _("Withdrawn. It stays on record with your reason."))
