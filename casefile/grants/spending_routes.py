from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _
from wtforms import SelectChoice

from casefile.accounts import service as accounts
from casefile.grants import budgets, keeping, money_lists, spending
from casefile.grants.access import requires
from casefile.grants.award_models import Award
from casefile.grants.award_routes import today
from casefile.grants.budget_forms import ExpenditureForm
from casefile.grants.budget_models import Expenditure
from casefile.grants.form_routes import Sheet, list_page, press_form, save, show
from casefile.grants.forms import ReasonForm
from casefile.policy import Permission
from casefile.web import confirmed, current, database_session

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue

    from casefile.uow import UnitOfWork

bp = Blueprint("spending", __name__, url_prefix="/grants")


@bp.get("/expenditures/")
@requires(Permission.AWARD_READ)
def index() -> ResponseReturnValue:
    return list_page(money_lists.EXPENDITURES, _("Expenditure"))


@bp.get("/awards/<uuid:award_id>/expenditures/")
@requires(Permission.AWARD_READ)
def of_award(award_id: UUID) -> ResponseReturnValue:
    award = keeping.get(database_session(), Award, award_id)
    may = current().person.may(Permission.EXPENDITURE_RECORD)
    where = url_for("spending.new", award_id=award.id)
    return list_page(
        money_lists.EXPENDITURES,
        _("Expenditure of %(codename)s", codename=award.codename),
        actions=[(where, _("Record expenditure"))] if may else (),
        parent=award.id,
        endpoint_values={"award_id": award.id},
    )


def _form(award: Award, *, sent: bool = False) -> ExpenditureForm:
    form = (
        ExpenditureForm()
        if sent
        else ExpenditureForm(formdata=None, spent_on=today(), currency=award.currency)
    )
    session = database_session()
    budget = budgets.current(session, award)
    rows = budgets.headings(session, budget.id) if budget else ()
    form.heading.choices = [SelectChoice(str(one.thread_id), one.title) for one in rows]
    return form


def _sheet(award: Award) -> Sheet:
    back = url_for("awards.show", award_id=award.id)
    intro = _(
        "Write it down in the currency it was spent in. It is converted by the rate of its day; without "
        "one it is not added up. Somebody else checks it."
    )
    action = url_for("spending.create", award_id=award.id)
    return Sheet(_("Record expenditure"), action, _("Record it"), back, intro)


@bp.get("/awards/<uuid:award_id>/expenditures/new")
@requires(Permission.EXPENDITURE_RECORD)
def new(award_id: UUID) -> ResponseReturnValue:
    award = keeping.get(database_session(), Award, award_id)
    return show(_form(award), _sheet(award))


@bp.post("/awards/<uuid:award_id>/expenditures/")
@requires(Permission.EXPENDITURE_RECORD)
def create(award_id: UUID) -> ResponseReturnValue:
    award = keeping.get(database_session(), Award, award_id)
    form = _form(award, sent=True)

    def act(uow: UnitOfWork) -> str:
        row = spending.record(uow, award_id, form.values())
        return url_for("spending.show_one", expenditure_id=row.id)

    return save(form, _sheet(award), act, _("Recorded. Somebody else checks it."))


@bp.get("/expenditures/<uuid:expenditure_id>")
@requires(Permission.AWARD_READ)
def show_one(expenditure_id: UUID) -> ResponseReturnValue:
    session = database_session()
    row = keeping.get(session, Expenditure, expenditure_id)
    award = keeping.get(session, Award, row.award_id)
    events = keeping.events(session, row.id)
    return render_template(
        "budgets/expenditure.html",
        item=row,
        award=award,
        heading=spending.heading_names(session, {row.thread_id}).get(row.thread_id, ""),
        converted=spending.beside(session, award, row),
        mine=row.recorded_by_id == current().person.id,
        events=events,
        names=accounts.names(session, {event.actor_id for event in events if event.actor_id}),
    )


def _done(form: ReasonForm, expenditure_id: UUID, act: object, words: str) -> ResponseReturnValue:
    where = url_for("spending.show_one", expenditure_id=expenditure_id)
    return press_form(form, act, where, words)  # type: ignore[arg-type]


@bp.post("/expenditures/<uuid:expenditure_id>/check")
@requires(Permission.EXPENDITURE_CHECK)
@confirmed
def check(expenditure_id: UUID) -> ResponseReturnValue:
    keeping.get(database_session(), Expenditure, expenditure_id)
    form = ReasonForm()

    def act(uow: UnitOfWork) -> None:
        spending.check(uow, expenditure_id, form.version.data or 0)

    return _done(form, expenditure_id, act, _("Checked."))


@bp.post("/expenditures/<uuid:expenditure_id>/judge")
@requires(Permission.EXPENDITURE_CHECK)
@confirmed
def judge(expenditure_id: UUID) -> ResponseReturnValue:
    keeping.get(database_session(), Expenditure, expenditure_id)
    form, to = ReasonForm(), request.form.get("to", "")[:32]

    def act(uow: UnitOfWork) -> None:
        base = form.version.data or 0
        spending.judge(uow, expenditure_id, base, to, form.reason.data or "")

    return _done(form, expenditure_id, act, _("Decided."))


@bp.post("/expenditures/<uuid:expenditure_id>/void")
@requires(Permission.EXPENDITURE_RECORD)
@confirmed
def void(expenditure_id: UUID) -> ResponseReturnValue:
    keeping.get(database_session(), Expenditure, expenditure_id)
    form = ReasonForm()

    def act(uow: UnitOfWork) -> None:
        spending.void(uow, expenditure_id, form.version.data or 0, form.reason.data or "")

    return _done(form, expenditure_id, act, _("It no longer counts; it is kept with your reason."))
