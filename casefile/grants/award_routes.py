from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from wtforms import SelectChoice

from casefile.accounts import service as accounts
from casefile.accounts.forms import put_error
from casefile.errors import CasefileError, ConflictError, InvalidError, NotFoundError
from casefile.grants import (
    amendments,
    award_beginning,
    award_lists,
    awards,
    budgets,
    keeping,
    payments,
    spending,
    teams,
)
from casefile.grants import award_overview as overview
from casefile.grants.access import requires
from casefile.grants.award_forms import (
    AwardForm,
    BankForm,
    ReasonForm,
    read_steps,
    write_steps,
)
from casefile.grants.award_models import Award
from casefile.grants.budget_forms import KIND_NAMES
from casefile.grants.form_routes import list_page
from casefile.grants.models import Programme
from casefile.grants.money import Money, written
from casefile.policy import Permission
from casefile.web import (
    confirmed,
    current,
    database_session,
    resources,
    timezone,
    unit_of_work,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from flask.typing import ResponseReturnValue

bp = Blueprint("awards", __name__, url_prefix="/grants")
PAGE = 25
STEPS: Mapping[str, Callable[..., None]] = {
    "submit": awards.submit_for_approval,
    "activate": awards.activate,
    "resume": awards.resume,
    "end": awards.begin_closing,
    "close": awards.close,
}
REASONED: Mapping[str, Callable[..., None]] = {
    "back": awards.send_back,
    "decline": awards.decline,
    "suspend": awards.suspend,
    "terminate": awards.terminate,
}


@bp.app_template_filter("amount")
def amount(money: Money | None) -> str:
    """Write money in the reader's language; what is unknown is "not stated", never nought."""
    return _("not stated") if money is None else written(money, str(get_locale() or "en"))


def today() -> date:
    return resources().clock().astimezone(timezone()).date()


@bp.get("/awards/")
@requires(Permission.AWARD_READ)
def index() -> ResponseReturnValue:
    me = current().person
    actions = [(url_for("awards.new"), _("Prepare an award"))]
    return list_page(
        award_lists.AWARDS,
        _("Awards"),
        actions=actions if me.may(Permission.AWARD_EDIT) else (),
        parents=overview.programme_names(database_session(), me),
    )


def as_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _form(form: AwardForm | None = None) -> AwardForm:
    made = form or AwardForm()
    names = overview.programme_names(database_session(), current().person)
    made.programme_id.choices = [SelectChoice(*pair) for pair in names]
    made.offer_currency()
    return made


@bp.get("/awards/new")
@requires(Permission.AWARD_EDIT)
def new() -> ResponseReturnValue:
    asked = as_id(request.args.get("application", ""))
    if asked is None:
        free = award_beginning.free_codename(database_session())
        form = _form(AwardForm(formdata=None, codename=free))
        return render_template("awards/edit.html", form=form, award=None)
    terms = award_beginning.filled_in(database_session(), asked, today())
    form = _form(AwardForm(formdata=None, **terms))
    return render_template("awards/edit.html", form=form, award=None)


@bp.post("/awards/")
@requires(Permission.AWARD_EDIT)
def create() -> ResponseReturnValue:
    form = _form()
    if not form.validate():
        return _again(form, None, HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        steps = read_steps(form.steps.data or "") or None
        values, of = form.values(UUID(form.programme_id.data)), as_id(form.application.data or "")
        with unit_of_work() as uow:
            ties = award_beginning.origin(uow.session, of) if of else {}
            award = awards.create(uow, {**values, **ties}, steps)
            award_id = award.id
    except (InvalidError, ConflictError) as error:
        put_error(form, _field(error), error)
        return _again(form, None, error.status)
    flash(_("The award is a draft. Look over its milestones, then send it for approval."))
    return redirect(url_for("awards.show", award_id=award_id), HTTPStatus.SEE_OTHER)


def _again(form: AwardForm, award: Award | None, status: int) -> ResponseReturnValue:
    return render_template("awards/edit.html", form=form, award=award), status


def _field(error: CasefileError) -> str:
    for word, field in (("ilestone", "steps"), ("codename", "codename"), ("day", "ends_on")):
        if word in error.message:
            return field
    return "amount"


@bp.get("/awards/<uuid:award_id>")
@requires(Permission.AWARD_READ)
def show(award_id: UUID) -> ResponseReturnValue:
    session = database_session()
    award = keeping.get(session, Award, award_id)
    paid = payments.of_award(session, award_id)
    events = keeping.events(session, award_id)
    account = payments.bank_account(session, award_id)
    milestones = awards.milestones_of(session, award_id)
    names = {event.actor_id for event in events} | {award.prepared_by_id}
    return render_template(
        "awards/show.html",
        award=award,
        programme=keeping.get(session, Programme, award.programme_id),
        milestones=milestones,
        looks={one.id: overview.look_of(one, today()) for one in milestones},
        payments=paid,
        paid=sum((one.amount for one in paid if one.state == "paid"), award.amount * 0),
        due=sum((one.amount for one in paid if overview.waits(one)), award.amount * 0),
        account=account,
        events=events,
        names=accounts.names(session, {name for name in names if name}),
        gaps=teams.gaps(session, resources().clock()),
        today=today(),
        money=lambda value: Money(value, award.currency),
        **_money_of(award),
    )


def _money_of(award: Award) -> dict[str, Any]:
    """Return what stands on the page of an award about budget, expenditure and amendments."""
    session = database_session()
    budget = budgets.current(session, award)
    return {
        "budget": budget,
        "versions": budgets.versions(session, award),
        "rows": spending.compared(session, award, budget) if budget else [],
        "amendments": amendments.of_award(session, award.id),
        "kinds": KIND_NAMES,
    }


@bp.get("/awards/<uuid:award_id>/edit")
@requires(Permission.AWARD_EDIT)
def edit(award_id: UUID) -> ResponseReturnValue:
    award = keeping.get(database_session(), Award, award_id)
    steps = write_steps(awards.milestones_of(database_session(), award_id))
    form = AwardForm(obj=award, steps=steps, programme_id=str(award.programme_id))
    return render_template("awards/edit.html", form=_form(form), award=award)


@bp.post("/awards/<uuid:award_id>/edit")
@requires(Permission.AWARD_EDIT)
def update(award_id: UUID) -> ResponseReturnValue:
    form, award = _form(), keeping.get(database_session(), Award, award_id)
    if not form.validate():
        return _again(form, award, HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        steps = read_steps(form.steps.data or "")
        with unit_of_work() as uow:
            values = form.values(UUID(form.programme_id.data))
            awards.save(uow, award_id, form.version.data or 0, values, steps)
    except keeping.ChangedError as error:
        form.version.raw_data, form.version.data = None, error.theirs.version
        return render_template(
            "awards/edit.html",
            form=form,
            award=award,
            theirs=award,
            their_steps=awards.milestones_of(database_session(), award_id),
        ), error.status
    except (InvalidError, ConflictError) as error:
        put_error(form, _field(error), error)
        return _again(form, award, error.status)
    flash(_("Saved."))
    return redirect(url_for("awards.show", award_id=award_id), HTTPStatus.SEE_OTHER)


def _version(form: ReasonForm) -> int:
    return form.version.data if isinstance(form.version.data, int) else -1


@bp.post("/awards/<uuid:award_id>/approve")
@requires(Permission.AWARD_APPROVE)
@confirmed
def approve(award_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as uow:
        awards.approve(uow, award_id, _version(ReasonForm()))
    flash(_("Approved. The award is offered now."))
    return redirect(url_for("awards.show", award_id=award_id), HTTPStatus.SEE_OTHER)


@bp.post("/awards/<uuid:award_id>/back")
@requires(Permission.AWARD_APPROVE)
def back(award_id: UUID) -> ResponseReturnValue:
    form = ReasonForm()
    with unit_of_work() as uow:
        awards.send_back(uow, award_id, _version(form), form.reason.data or "")
    flash(_("The award is a draft again."))
    return redirect(url_for("awards.show", award_id=award_id), HTTPStatus.SEE_OTHER)


@bp.post("/awards/<uuid:award_id>/sign")
@requires(Permission.AWARD_EDIT)
@confirmed
def sign(award_id: UUID) -> ResponseReturnValue:
    form = ReasonForm()
    with unit_of_work() as uow:
        awards.sign(uow, award_id, _version(form), form.day(today()))
    flash(_("Both signatures are on record."))
    return redirect(url_for("awards.show", award_id=award_id), HTTPStatus.SEE_OTHER)


@bp.post("/awards/<uuid:award_id>/steps/<step>")
@requires(Permission.AWARD_EDIT)
@confirmed
def move(award_id: UUID, step: str) -> ResponseReturnValue:
    """Take one of the steps that need no second person."""
    form = ReasonForm()
    act, reasoned = STEPS.get(step), REASONED.get(step)
    given: list[Any] = [form.reason.data or ""] if reasoned else []
    verb = act or reasoned
    if verb is None:
        raise NotFoundError(keeping.NOT_THERE)
    with unit_of_work() as uow:
        verb(uow, award_id, _version(form), *given)
    flash(_("Done. The award's history has it."))
    return redirect(url_for("awards.show", award_id=award_id), HTTPStatus.SEE_OTHER)


def _bank_page(award_id: UUID, form: BankForm, opened: Mapping[str, str]) -> str:
    session = database_session()
    account = payments.bank_account(session, award_id)
    people = {account.entered_by_id, account.confirmed_by_id} if account else set()
    return render_template(
        "awards/bank.html",
        award=keeping.get(session, Award, award_id),
        form=form,
        account=account,
        opened=opened,
        names=accounts.names(session, {one for one in people if one}),
    )


@bp.get("/awards/<uuid:award_id>/bank")
@requires(Permission.PAYMENT_CHECK)
@confirmed
def bank(award_id: UUID) -> ResponseReturnValue:
    keeping.get(database_session(), Award, award_id)
    with unit_of_work() as uow:
        opened = payments.look_at_bank(uow, award_id)
    account = payments.bank_account(database_session(), award_id)
    form = BankForm(version=account.version if account else None, formdata=None)
    return _bank_page(award_id, form, opened)


@bp.post("/awards/<uuid:award_id>/bank")
@requires(Permission.PAYMENT_CHECK)
@confirmed
def bank_update(award_id: UUID) -> ResponseReturnValue:
    form = BankForm()
    if not form.validate():
        return _bank_page(award_id, form, {}), HTTPStatus.UNPROCESSABLE_ENTITY
    fields = {name: str(form[name].data or "") for name in payments.BANK_FIELDS}
    with unit_of_work() as uow:
        payments.enter_bank(uow, award_id, form.version.data, fields)
    flash(_("Written down. It counts once a second person has confirmed it."))
    return redirect(url_for("awards.show", award_id=award_id), HTTPStatus.SEE_OTHER)


@bp.post("/awards/<uuid:award_id>/bank/confirm")
@requires(Permission.PAYMENT_CHECK)
@confirmed
def bank_confirm(award_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as uow:
        payments.confirm_bank(uow, award_id, _version(ReasonForm()))
    flash(_("The bank account is confirmed."))
    return redirect(url_for("awards.show", award_id=award_id), HTTPStatus.SEE_OTHER)
