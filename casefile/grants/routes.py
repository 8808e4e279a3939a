from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from babel.dates import format_datetime
from flask import Blueprint, render_template, url_for
from flask_babel import gettext as _

from casefile.errors import NotFoundError
from casefile.grants import (
    agreements,
    award_queue,
    counting,
    keeping,
    lists,
    organisations,
    programmes,
    teams,
)
from casefile.grants.access import requires
from casefile.grants.award_routes import today
from casefile.grants.dates import PartialDate
from casefile.grants.form_routes import Sheet, export, list_page, press_form, save, show, told
from casefile.grants.forms import (
    EDITION_STATES,
    RECURRENCES,
    ROLE_NAMES,
    ComponentForm,
    EditionForm,
    ProgrammeForm,
    ProgrammeRoleForm,
    ReasonForm,
)
from casefile.grants.listing import Filters
from casefile.grants.models import Component, Programme
from casefile.grants.money import Money, written
from casefile.grants.state_names import NAMES, TONES
from casefile.grants.states import OrganisationRole
from casefile.grants.typed_lines import read_sectors, write_sectors
from casefile.policy import Permission
from casefile.web import current, database_session, resources
from casefile.web.reader import reader

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue

    from casefile.uow import UnitOfWork

bp = Blueprint("grants", __name__, url_prefix="/grants")
SHOWN = 12


@bp.app_template_filter("money")
def money(value: Money | None) -> str:
    """Write an amount for the reader; what is unknown is said to be so."""
    return _("not stated") if value is None else written(value, reader().language)


@bp.app_template_filter("partial")
def partial(value: PartialDate | None) -> str:
    return _("not stated") if value is None else value.written(reader().language)


@bp.app_template_filter("few")
def few(count: int, exact: bool) -> str:  # noqa: FBT001 - a filter's arguments have no names
    return counting.few(count, exact=exact)


@bp.app_template_filter("there")
def there(value: datetime) -> str:
    """Write a time on the clocks of its own zone, which the page names."""
    return format_datetime(value, "d MMM y, HH:mm", tzinfo=value.tzinfo, locale=reader().language)


@bp.app_template_filter("read_moment")
def read_moment(value: str) -> datetime:
    """Read a time as history keeps it."""
    return datetime.fromisoformat(value)


@bp.app_template_filter("state_name")
def state_name(value: str) -> str:
    return str(NAMES.get(value, value))


@bp.app_template_filter("state_tone")
def state_tone(value: str) -> str:
    return TONES.get(value, "")


@bp.app_template_filter("kind_of")
def kind_of(value: object) -> str:
    """Name the kind of a value of a list, which says how it is shown."""
    return type(value).__name__


@bp.get("/")
@requires(Permission.GRANTS_VISIT)
def index() -> ResponseReturnValue:
    session, person, now = database_session(), current().person, resources().clock()
    rows: list[dict[str, Any]] = []
    moving: list[dict[str, Any]] = []
    if person.may(Permission.GRANTS_READ):
        every = Filters()
        rows = lists.PROGRAMMES.page(session, person, every, now, offset=0, limit=SHOWN)
        moving = lists.CALLS.page(session, person, every, now, offset=0, limit=SHOWN)
    return render_template(
        "grants/index.html",
        programmes=rows,
        calls=moving,
        queue=award_queue.queue(session, person, now, today()),
        gaps=teams.gaps(session, now) if person.may(Permission.AWARD_READ) else (),
    )


@bp.get(
    "/exports/<any(programmes,organisations,agreements,rates,calls,applications,budgets,expenditures,"
    "amendments,awards,milestones,payments):name>.<any(csv,xlsx):ending>"
)
@requires(Permission.GRANTS_EXPORT)
def list_export(name: str, ending: str) -> ResponseReturnValue:
    if name == "applications" and not current().person.may(Permission.APPLICATION_READ):
        raise NotFoundError(keeping.NOT_THERE)
    return export(name, ending)


@bp.get("/programmes/")
@requires(Permission.GRANTS_READ)
def programme_index() -> ResponseReturnValue:
    actions = [(url_for("grants.programme_new"), _("New programme"))]
    may = current().person.may(Permission.PROGRAMME_EDIT)
    return list_page(lists.PROGRAMMES, _("Programmes"), actions=actions if may else ())


def _saved_form(row: Programme) -> ProgrammeForm:
    form = ProgrammeForm(formdata=None, obj=row)
    form.starts.data = PartialDate.of(row.starts_on, row.starts_precision)
    form.ends.data = PartialDate.of(row.ends_on, row.ends_precision)
    form.sectors.data = write_sectors(programmes.sectors(database_session(), row.id))
    return form


def _dates(form: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("starts", "ends"):
        value: PartialDate | None = form[name].data
        found[f"{name}_on"] = value.day if value else None
        found[f"{name}_precision"] = value.precision.value if value else ""
    return found


def _programme_values(form: ProgrammeForm) -> dict[str, Any]:
    texts = {
        name: (form[name].data or "").strip()
        for name in (
            *("code", "title_en", "title_ru", "title_ky", "summary_en", "summary_ru"),
            *("summary_ky", "iati_identifier"),
        )
    }
    more = {"status": form.status.data, "currency": form.currency.data}
    return {**texts, **more, **_dates(form)}


def _programme_sheet(row_id: UUID | None) -> Sheet:
    if row_id is None:
        where = url_for("grants.programme_index")
        return Sheet(_("New programme"), where, _("Begin the programme"), where)
    back = url_for("grants.programme_show", programme_id=row_id)
    action = url_for("grants.programme_update", programme_id=row_id)
    return Sheet(_("Edit the programme"), action, _("Save"), back)


@bp.get("/programmes/new")
@requires(Permission.PROGRAMME_EDIT)
def programme_new() -> ResponseReturnValue:
    return show(ProgrammeForm(status="2"), _programme_sheet(None))


@bp.post("/programmes/")
@requires(Permission.PROGRAMME_EDIT)
def programme_create() -> ResponseReturnValue:
    form = ProgrammeForm()

    def act(uow: UnitOfWork) -> str:
        row = programmes.create(uow, _programme_values(form), read_sectors(form.sectors.data))
        return url_for("grants.programme_show", programme_id=row.id)

    return save(form, _programme_sheet(None), act, _("The programme has begun."))


@bp.get("/programmes/<uuid:programme_id>")
@requires(Permission.GRANTS_READ)
def programme_show(programme_id: UUID) -> ResponseReturnValue:
    session, person, now = database_session(), current().person, resources().clock()
    row = programmes.get(session, person, programme_id)
    years, rows = programmes.grid(session, row, now.date().year)
    role_form = ProgrammeRoleForm(formdata=None)
    role_form.organisation.choices = organisations.choices(session)
    within = Filters(parent=row.id)
    return render_template(
        "grants/programme.html",
        item=row,
        title=lists.title(row),
        starts=PartialDate.of(row.starts_on, row.starts_precision),
        ends=PartialDate.of(row.ends_on, row.ends_precision),
        role_names=ROLE_NAMES,
        recurrences=RECURRENCES,
        sectors=programmes.sectors(session, row.id),
        stands_behind=programmes.organisations(session, row.id),
        years=years,
        grid=rows,
        calls=lists.CALLS.page(session, person, within, now, offset=0, limit=SHOWN),
        role_form=role_form,
        **_promises(row),
        **told(row),
    )


def _promises(row: Programme) -> dict[str, Any]:
    """Put what donors promised beside what it is worth today in the programme's currency."""
    session, today = database_session(), resources().clock().date()
    promised = agreements.of_programme(session, row.id)
    amounts = [Money.of(one.amount, one.currency) for one in promised]
    beside = [agreements.beside(session, money, row.currency, today) for money in amounts]
    return {
        "agreements": list(zip(promised, beside, strict=True)),
        "promised": agreements.promised(promised),
    }


@bp.get("/programmes/<uuid:programme_id>/edit")
@requires(Permission.PROGRAMME_EDIT)
def programme_edit(programme_id: UUID) -> ResponseReturnValue:
    row = keeping.get(database_session(), Programme, programme_id)
    return show(_saved_form(row), _programme_sheet(row.id))


@bp.post("/programmes/<uuid:programme_id>/edit")
@requires(Permission.PROGRAMME_EDIT)
def programme_update(programme_id: UUID) -> ResponseReturnValue:
    keeping.get(database_session(), Programme, programme_id)
    form = ProgrammeForm()

    def act(uow: UnitOfWork) -> str:
        sectors = read_sectors(form.sectors.data)
        programmes.save(uow, programme_id, form.version.data or 0, _programme_values(form), sectors)
        return url_for("grants.programme_show", programme_id=programme_id)

    return save(form, _programme_sheet(programme_id), act, _("Saved."), _saved_form)


@bp.post("/programmes/<uuid:programme_id>/organisations")
@requires(Permission.PROGRAMME_EDIT)
def role_create(programme_id: UUID) -> ResponseReturnValue:
    row = keeping.get(database_session(), Programme, programme_id)
    form = ProgrammeRoleForm()
    form.organisation.choices = organisations.choices(database_session())

    def act(uow: UnitOfWork) -> None:
        role = OrganisationRole(form.role.data)
        programmes.add_organisation(uow, row.id, _uuid(form.organisation.data), role)

    where = url_for("grants.programme_show", programme_id=row.id)
    return press_form(form, act, where, _("Added."))


@bp.post("/programmes/<uuid:programme_id>/organisations/<uuid:role_id>/void")
@requires(Permission.PROGRAMME_EDIT)
def role_void(programme_id: UUID, role_id: UUID) -> ResponseReturnValue:
    programmes.role(database_session(), programme_id, role_id)
    form = ReasonForm()
    return press_form(
        form,
        lambda uow: programmes.void_organisation(
            uow, programme_id, role_id, form.reason.data or ""
        ),
        url_for("grants.programme_show", programme_id=programme_id),
        _("It no longer counts; it is kept with your reason."),
    )


def _uuid(text: str) -> UUID:
    from uuid import UUID  # noqa: PLC0415

    return UUID(text)


def _component_sheet(programme_id: UUID, row_id: UUID | None = None) -> Sheet:
    back = url_for("grants.programme_show", programme_id=programme_id)
    if row_id is None:
        action = url_for("grants.component_create", programme_id=programme_id)
        return Sheet(_("Add a component"), action, _("Add"), back)
    action = url_for("grants.component_update", programme_id=programme_id, component_id=row_id)
    return Sheet(_("Edit the component"), action, _("Save"), back)


def _component_values(form: ComponentForm) -> dict[str, Any]:
    return {
        "name": form.name.data.strip(),
        "kind": form.kind.data,
        "audience": (form.audience.data or "").strip(),
        "recurrence": form.recurrence.data,
        "since": form.since.data,
    }


@bp.get("/programmes/<uuid:programme_id>/components/new")
@requires(Permission.PROGRAMME_EDIT)
def component_new(programme_id: UUID) -> ResponseReturnValue:
    row = keeping.get(database_session(), Programme, programme_id)
    return show(ComponentForm(), _component_sheet(row.id))


@bp.post("/programmes/<uuid:programme_id>/components")
@requires(Permission.PROGRAMME_EDIT)
def component_create(programme_id: UUID) -> ResponseReturnValue:
    row = keeping.get(database_session(), Programme, programme_id)
    form = ComponentForm()

    def act(uow: UnitOfWork) -> str:
        programmes.add_component(uow, row.id, _component_values(form))
        return url_for("grants.programme_show", programme_id=row.id)

    return save(form, _component_sheet(row.id), act, _("Added."))


@bp.get("/programmes/<uuid:programme_id>/components/<uuid:component_id>")
@requires(Permission.PROGRAMME_EDIT)
def component_edit(programme_id: UUID, component_id: UUID) -> ResponseReturnValue:
    session = database_session()
    row = keeping.get(session, Component, component_id, programme_id=programme_id)
    return render_template(
        "grants/component.html",
        item=row,
        form=ComponentForm(formdata=None, obj=row),
        sheet=_component_sheet(programme_id, row.id),
        edition_form=EditionForm(formdata=None, year=resources().clock().year),
        editions=programmes.editions_of(session, row.id),
        edition_states=EDITION_STATES,
    )


@bp.post("/programmes/<uuid:programme_id>/components/<uuid:component_id>")
@requires(Permission.PROGRAMME_EDIT)
def component_update(programme_id: UUID, component_id: UUID) -> ResponseReturnValue:
    keeping.get(database_session(), Component, component_id, programme_id=programme_id)
    form = ComponentForm()

    def act(uow: UnitOfWork) -> str:
        base, values = form.version.data or 0, _component_values(form)
        programmes.save_component(uow, programme_id, component_id, base, values)
        return url_for("grants.programme_show", programme_id=programme_id)

    sheet = _component_sheet(programme_id, component_id)
    return save(form, sheet, act, _("Saved."), lambda row: ComponentForm(formdata=None, obj=row))


@bp.post("/programmes/<uuid:programme_id>/components/<uuid:component_id>/editions")
@requires(Permission.PROGRAMME_EDIT)
def edition_create(programme_id: UUID, component_id: UUID) -> ResponseReturnValue:
    keeping.get(database_session(), Component, component_id, programme_id=programme_id)
    form = EditionForm()

    def act(uow: UnitOfWork) -> None:
        starts: PartialDate | None = form.starts.data
        values = {
            "year": form.year.data,
            "title": (form.title.data or "").strip(),
            "state": form.state.data,
            "starts_on": starts.day if starts else None,
            "starts_precision": starts.precision.value if starts else "",
            "note": (form.note.data or "").strip(),
        }
        programmes.add_edition(uow, programme_id, component_id, values)

    where = url_for("grants.component_edit", programme_id=programme_id, component_id=component_id)
    return press_form(form, act, where, _("Added."))


@bp.post(
    "/programmes/<uuid:programme_id>/components/<uuid:component_id>/editions/<uuid:edition_id>/void"
)
@requires(Permission.PROGRAMME_EDIT)
def edition_void(programme_id: UUID, component_id: UUID, edition_id: UUID) -> ResponseReturnValue:
    programmes.edition(database_session(), programme_id, component_id, edition_id)
    form = ReasonForm()
    return press_form(
        form,
        lambda uow: programmes.void_edition(
            uow, programme_id, component_id, edition_id, form.reason.data or ""
        ),
        url_for("grants.component_edit", programme_id=programme_id, component_id=component_id),
        _("It no longer counts; it is kept with your reason."),
    )
