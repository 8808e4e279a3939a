from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask_babel import gettext as _

from casefile.grants import agreements, budgets, keeping, lists, organisations, programmes
from casefile.grants.access import requires
from casefile.grants.dates import PartialDate
from casefile.grants.form_routes import Sheet, list_page, press_form, save, show, told
from casefile.grants.forms import (
    ORGANISATION_KINDS,
    RATE_METHODS,
    AffiliationForm,
    AgreementForm,
    MoveForm,
    OrganisationForm,
    RateForm,
    ReasonForm,
)
from casefile.grants.models import Affiliation, FundingAgreement, Organisation, Programme
from casefile.grants.money import Money
from casefile.grants.states import AGREEMENT_MOVES, NEEDS_REASON, AgreementState
from casefile.policy import Permission
from casefile.web import confirmed, current, database_session, resources

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from casefile.uow import UnitOfWork

bp = Blueprint("agreements", __name__, url_prefix="/grants")
NUMBERS = (
    "report_every_months",
    "interim_report_days",
    "final_report_months",
    "heading_flexibility",
    "prefinancing_previous",
    "prefinancing_earlier",
    "prefinancing_most",
)


def _form(row: FundingAgreement | None = None, *, sent: bool = False) -> AgreementForm:
    form = AgreementForm() if sent else AgreementForm(formdata=None, obj=row)
    form.donor.choices = [("", _("Not stated")), *organisations.choices(database_session())]
    if row is not None and not sent:
        form.starts.data = PartialDate.of(row.starts_on, row.starts_precision)
        form.ends.data = PartialDate.of(row.ends_on, row.ends_precision)
        form.donor.data = str(row.donor_id or "")
    return form


def _values(form: AgreementForm) -> dict[str, Any]:
    starts, ends = form.starts.data, form.ends.data
    return {
        **{name: form[name].data for name in NUMBERS},
        "donor_id": UUID(form.donor.data) if form.donor.data else None,
        "reference": (form.reference.data or "").strip(),
        "title": form.title.data.strip(),
        "amount": form.amount.data,
        "currency": form.currency.data,
        "starts_on": starts.day if starts else None,
        "starts_precision": starts.precision.value if starts else "",
        "ends_on": ends.day if ends else None,
        "ends_precision": ends.precision.value if ends else "",
        "rate_method": form.rate_method.data,
    }


def _new_sheet(programme_id: UUID) -> Sheet:
    back = url_for("grants.programme_show", programme_id=programme_id)
    action = url_for("agreements.create", programme_id=programme_id)
    intro = _(
        "Leave empty what the agreement does not state: it is shown as not stated, never as 0."
    )
    return Sheet(_("New funding agreement"), action, _("Write it down"), back, intro)


@bp.get("/agreements/")
@requires(Permission.GRANTS_READ)
def index() -> ResponseReturnValue:
    return list_page(lists.AGREEMENTS, _("Funding agreements"))


@bp.get("/programmes/<uuid:programme_id>/agreements/new")
@requires(Permission.PROGRAMME_EDIT)
def new(programme_id: UUID) -> ResponseReturnValue:
    row = keeping.get(database_session(), Programme, programme_id)
    return show(_form(), _new_sheet(row.id))


@bp.post("/programmes/<uuid:programme_id>/agreements")
@requires(Permission.PROGRAMME_EDIT)
def create(programme_id: UUID) -> ResponseReturnValue:
    programme = keeping.get(database_session(), Programme, programme_id)
    form = _form(sent=True)

    def act(uow: UnitOfWork) -> str:
        row = agreements.create(uow, programme.id, _values(form))
        return url_for("agreements.agreement_show", agreement_id=row.id)

    return save(form, _new_sheet(programme.id), act, _("Written down as a draft."))


@bp.get("/agreements/<uuid:agreement_id>")
@requires(Permission.GRANTS_READ)
def agreement_show(agreement_id: UUID) -> ResponseReturnValue:
    session = database_session()
    row = keeping.get(session, FundingAgreement, agreement_id)
    programme = programmes.get(session, current().person, row.programme_id)
    donor = keeping.get(session, Organisation, row.donor_id) if row.donor_id else None
    amount = Money.of(row.amount, row.currency)
    today = resources().clock().date()
    return render_template(
        "grants/agreement.html",
        item=row,
        programme=programme,
        donor=donor,
        converted=agreements.beside(session, amount, programme.currency, today),
        starts=PartialDate.of(row.starts_on, row.starts_precision),
        ends=PartialDate.of(row.ends_on, row.ends_precision),
        rate_methods=RATE_METHODS,
        following=sorted(AGREEMENT_MOVES[AgreementState(row.state)]),
        need_reason=NEEDS_REASON,
        move_form=MoveForm(formdata=None, version=row.version),
        versions=budgets.versions(session, row)
        if current().person.may(Permission.AWARD_READ)
        else (),
        **told(row),
    )


@bp.get("/agreements/<uuid:agreement_id>/edit")
@requires(Permission.PROGRAMME_EDIT)
def edit(agreement_id: UUID) -> ResponseReturnValue:
    row = keeping.get(database_session(), FundingAgreement, agreement_id)
    return show(_form(row), _edit_sheet(row.id))


def _edit_sheet(row_id: UUID) -> Sheet:
    action = url_for("agreements.update", agreement_id=row_id)
    back = url_for("agreements.agreement_show", agreement_id=row_id)
    return Sheet(_("Edit the agreement"), action, _("Save"), back)


@bp.post("/agreements/<uuid:agreement_id>/edit")
@requires(Permission.PROGRAMME_EDIT)
def update(agreement_id: UUID) -> ResponseReturnValue:
    keeping.get(database_session(), FundingAgreement, agreement_id)
    form = _form(sent=True)

    def act(uow: UnitOfWork) -> str:
        agreements.save(uow, agreement_id, form.version.data or 0, _values(form))
        return url_for("agreements.agreement_show", agreement_id=agreement_id)

    return save(form, _edit_sheet(agreement_id), act, _("Saved."), _form)


@bp.post("/agreements/<uuid:agreement_id>/move")
@requires(Permission.PROGRAMME_EDIT)
@confirmed
def move(agreement_id: UUID) -> ResponseReturnValue:
    row = keeping.get(database_session(), FundingAgreement, agreement_id)
    form = MoveForm()

    def act(uow: UnitOfWork) -> None:
        to = keeping.state_named(AgreementState, form.to.data)
        agreements.move(uow, row.id, form.version.data or 0, to, form.reason.data or "")

    where = url_for("agreements.agreement_show", agreement_id=row.id)
    return press_form(form, act, where, _("Done."))


@bp.get("/rates/")
@requires(Permission.GRANTS_READ)
def rate_index() -> ResponseReturnValue:
    may = current().person.may(Permission.RATE_ADD)
    actions = [(url_for("agreements.rate_new"), _("Add a rate"))] if may else ()
    return list_page(lists.RATES, _("Exchange rates"), actions=actions)


def _rate_sheet() -> Sheet:
    where = url_for("agreements.rate_index")
    intro = _("A rate of the same pair and day is superseded by this one; it stays in the list.")
    return Sheet(_("Add a rate"), where, _("Add"), where, intro)


@bp.get("/rates/new")
@requires(Permission.RATE_ADD)
def rate_new() -> ResponseReturnValue:
    return show(RateForm(formdata=None, valid_on=resources().clock().date()), _rate_sheet())


@bp.post("/rates/")
@requires(Permission.RATE_ADD)
def rate_create() -> ResponseReturnValue:
    form = RateForm()

    def act(uow: UnitOfWork) -> str:
        names = ("base", "quote", "value", "valid_on", "source")
        agreements.record_rate(uow, {name: form[name].data for name in names})
        return url_for("agreements.rate_index")

    return save(form, _rate_sheet(), act, _("The rate is written down."))


@bp.get("/organisations/")
@requires(Permission.GRANTS_READ)
def organisation_index() -> ResponseReturnValue:
    may = current().person.may(Permission.PROGRAMME_EDIT)
    actions = [(url_for("agreements.organisation_new"), _("New organisation"))] if may else ()
    return list_page(lists.ORGANISATIONS, _("Organisations"), actions=actions)


def _organisation_values(form: OrganisationForm) -> dict[str, Any]:
    names = ("name", "legal_form", "kind", "region", "iati_identifier")
    return {name: (form[name].data or "").strip() for name in names}


def _organisation_sheet(row_id: UUID | None = None) -> Sheet:
    if row_id is None:
        where = url_for("agreements.organisation_index")
        return Sheet(_("New organisation"), where, _("Add"), where)
    back = url_for("agreements.organisation_show", organisation_id=row_id)
    action = url_for("agreements.organisation_update", organisation_id=row_id)
    return Sheet(_("Edit the organisation"), action, _("Save"), back)


@bp.get("/organisations/new")
@requires(Permission.PROGRAMME_EDIT)
def organisation_new() -> ResponseReturnValue:
    return show(OrganisationForm(), _organisation_sheet())


@bp.post("/organisations/")
@requires(Permission.PROGRAMME_EDIT)
def organisation_create() -> ResponseReturnValue:
    form = OrganisationForm()

    def act(uow: UnitOfWork) -> str:
        row = organisations.create(uow, _organisation_values(form))
        return url_for("agreements.organisation_show", organisation_id=row.id)

    return save(form, _organisation_sheet(), act, _("Added."))


@bp.get("/organisations/<uuid:organisation_id>")
@requires(Permission.GRANTS_READ)
def organisation_show(organisation_id: UUID) -> ResponseReturnValue:
    session = database_session()
    row = keeping.get(session, Organisation, organisation_id)
    person = current().person
    seen = programmes.seen_by(person, session)
    return render_template(
        "grants/organisation.html",
        item=row,
        kinds=ORGANISATION_KINDS,
        people=organisations.people_of(session, row.id)
        if person.may(Permission.CALL_READ)
        else None,
        roles=[
            (programme, role)
            for programme, role in organisations.roles_in_programmes(session, row.id)
            if seen is None or programme.id in seen
        ],
        form=AffiliationForm(formdata=None),
    )


@bp.get("/organisations/<uuid:organisation_id>/edit")
@requires(Permission.PROGRAMME_EDIT)
def organisation_edit(organisation_id: UUID) -> ResponseReturnValue:
    row = keeping.get(database_session(), Organisation, organisation_id)
    return show(OrganisationForm(formdata=None, obj=row), _organisation_sheet(row.id))


@bp.post("/organisations/<uuid:organisation_id>/edit")
@requires(Permission.PROGRAMME_EDIT)
def organisation_update(organisation_id: UUID) -> ResponseReturnValue:
    keeping.get(database_session(), Organisation, organisation_id)
    form = OrganisationForm()

    def act(uow: UnitOfWork) -> str:
        values = _organisation_values(form)
        organisations.save(uow, organisation_id, form.version.data or 0, values)
        return url_for("agreements.organisation_show", organisation_id=organisation_id)

    def again(row: Organisation) -> OrganisationForm:
        return OrganisationForm(formdata=None, obj=row)

    return save(form, _organisation_sheet(organisation_id), act, _("Saved."), again)


@bp.post("/organisations/<uuid:organisation_id>/people")
@requires(Permission.PROGRAMME_EDIT)
def affiliation_create(organisation_id: UUID) -> ResponseReturnValue:
    row = keeping.get(database_session(), Organisation, organisation_id)
    form = AffiliationForm()
    return press_form(
        form,
        lambda uow: organisations.affiliate(uow, row.id, form.username.data),
        url_for("agreements.organisation_show", organisation_id=row.id),
        _("Added. They may not review what this organisation asks for."),
    )


@bp.post("/organisations/<uuid:organisation_id>/people/<uuid:affiliation_id>/void")
@requires(Permission.PROGRAMME_EDIT)
def affiliation_void(organisation_id: UUID, affiliation_id: UUID) -> ResponseReturnValue:
    row = keeping.get(
        database_session(), Affiliation, affiliation_id, organisation_id=organisation_id
    )
    form = ReasonForm()
    return press_form(
        form,
        lambda uow: organisations.void_affiliation(
            uow, organisation_id, row.id, form.reason.data or ""
        ),
        url_for("agreements.organisation_show", organisation_id=organisation_id),
        _("It no longer counts; it is kept with your reason."),
    )
