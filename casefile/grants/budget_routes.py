from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, render_template, url_for
from flask_babel import gettext as _

from casefile.accounts import service as accounts
from casefile.grants import budgets, keeping, money_lists
from casefile.grants.access import requires
from casefile.grants.award_models import Award
from casefile.grants.budget_forms import BudgetForm, read_lines, write_lines
from casefile.grants.budget_models import Budget
from casefile.grants.form_routes import Sheet, as_file, list_page, press_form, save, show
from casefile.grants.forms import ReasonForm
from casefile.grants.models import FundingAgreement
from casefile.grants.money import Money, share, split
from casefile.policy import Permission
from casefile.web import confirmed, current, database_session

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from flask.typing import ResponseReturnValue

    from casefile.uow import UnitOfWork

bp = Blueprint("budgets", __name__, url_prefix="/grants")
OWNERS: dict[str, type[Any]] = {"awards": Award, "agreements": FundingAgreement}
OWNER = "<any(awards, agreements):kind>/<uuid:owner_id>"


@bp.get("/budgets/")
@requires(Permission.AWARD_READ)
def index() -> ResponseReturnValue:
    return list_page(money_lists.BUDGETS, _("Budgets"))


def _sheet(action: str, back: str) -> Sheet:
    intro = _(
        "A version is a draft until a second person approves it. Shares are shown, never used."
    )
    return Sheet(_("Budget"), action, _("Save the draft"), back, intro)


@bp.get(f"/{OWNER}/budgets/new")
@requires(Permission.AWARD_EDIT)
def new(kind: str, owner_id: UUID) -> ResponseReturnValue:
    """Begin a version with the lines of the one before it."""
    session = database_session()
    owner = keeping.get(session, OWNERS[kind], owner_id)
    before = next(iter(budgets.versions(session, owner)), None)
    lines = write_lines(budgets.written(session, before)) if before else ""
    form = BudgetForm(formdata=None, lines=lines, years=before.years if before else 1)
    return show(form, _new_sheet(kind, owner.id))


def _new_sheet(kind: str, owner_id: UUID) -> Sheet:
    return _sheet(url_for("budgets.create", kind=kind, owner_id=owner_id), _page_of(kind, owner_id))


def _page_of(kind: str, owner_id: UUID) -> str:
    if kind == "awards":
        return url_for("awards.show", award_id=owner_id)
    return url_for("agreements.agreement_show", agreement_id=owner_id)


@bp.post(f"/{OWNER}/budgets")
@requires(Permission.AWARD_EDIT)
def create(kind: str, owner_id: UUID) -> ResponseReturnValue:
    keeping.get(database_session(), OWNERS[kind], owner_id)
    form = BudgetForm()

    def act(uow: UnitOfWork) -> str:
        owner = keeping.held(uow, OWNERS[kind], owner_id)
        row = budgets.prepare(uow, owner, read_lines(form.lines.data or ""), **_given(form))
        return url_for("budgets.show_one", budget_id=row.id)

    return save(form, _new_sheet(kind, owner_id), act, _("The version is a draft."))


def _given(form: BudgetForm) -> dict[str, Any]:
    return {"stated": form.stated.data, "years": form.years.data}


@bp.get("/budgets/<uuid:budget_id>")
@requires(Permission.AWARD_READ)
def show_one(budget_id: UUID) -> ResponseReturnValue:
    session = database_session()
    row = keeping.get(session, Budget, budget_id)
    owner, found = budgets.owner_of(session, row), budgets.parts(session, row)
    events, total = keeping.events(session, row.id), Money(row.total, row.currency)
    people = {row.prepared_by_id, row.approved_by_id, *(event.actor_id for event in events)}
    return render_template(
        "budgets/show.html",
        item=row,
        owner=owner,
        back=_page_of("awards" if row.award_id else "agreements", owner.id),
        parts=found,
        shares={one.row.id: share(one.total, total) for one in found},
        total=total,
        years=split(total, row.years),
        versions=budgets.versions(session, owner),
        amended=isinstance(owner, Award)
        and owner.state not in budgets.BEFORE_SIGNED
        and budgets.current(session, owner) is not None,
        mine=row.prepared_by_id == current().person.id,
        form=ReasonForm(formdata=None, version=row.version),
        events=events,
        names=accounts.names(session, {one for one in people if one}),
        money=lambda value: Money(value, row.currency),
    )


def _saved(row: Budget) -> BudgetForm:
    lines = write_lines(budgets.written(database_session(), row))
    return BudgetForm(formdata=None, lines=lines, years=row.years, version=row.version)


def _edit_sheet(budget_id: UUID) -> Sheet:
    back = url_for("budgets.show_one", budget_id=budget_id)
    return _sheet(url_for("budgets.update", budget_id=budget_id), back)


@bp.get("/budgets/<uuid:budget_id>/edit")
@requires(Permission.AWARD_EDIT)
def edit(budget_id: UUID) -> ResponseReturnValue:
    row = keeping.get(database_session(), Budget, budget_id)
    return show(_saved(row), _edit_sheet(row.id))


@bp.post("/budgets/<uuid:budget_id>/edit")
@requires(Permission.AWARD_EDIT)
def update(budget_id: UUID) -> ResponseReturnValue:
    keeping.get(database_session(), Budget, budget_id)
    form = BudgetForm()

    def act(uow: UnitOfWork) -> str:
        lines = read_lines(form.lines.data or "")
        budgets.save(uow, budget_id, form.version.data or 0, lines, **_given(form))
        return url_for("budgets.show_one", budget_id=budget_id)

    return save(form, _edit_sheet(budget_id), act, _("Saved."), _saved)


@bp.post("/budgets/<uuid:budget_id>/approve")
@requires(Permission.AWARD_APPROVE)
@confirmed
def approve(budget_id: UUID) -> ResponseReturnValue:
    keeping.get(database_session(), Budget, budget_id)
    form = ReasonForm()
    return press_form(
        form,
        lambda uow: budgets.approve(uow, budget_id, form.version.data or 0),
        url_for("budgets.show_one", budget_id=budget_id),
        _("Approved. This version is in force."),
    )


@bp.get("/budgets/<uuid:budget_id>/export.<any(csv, xlsx):ending>")
@requires(Permission.GRANTS_EXPORT)
def export(budget_id: UUID, ending: str) -> ResponseReturnValue:
    session = database_session()
    row = keeping.get(session, Budget, budget_id)
    return as_file("budget", ending, _table(row, budgets.parts(session, row)))


def _table(row: Budget, found: Sequence[budgets.Part]) -> Iterator[list[Any]]:
    yield [
        _("Heading"),
        _("What"),
        _("Quantity"),
        _("Unit"),
        _("Cost of one"),
        _("Amount"),
        _("Currency"),
    ]
    for part in found:
        for line in part.lines:
            yield [
                part.row.title,
                line.title,
                line.quantity,
                line.unit,
                line.unit_cost,
                line.amount,
                row.currency,
            ]
