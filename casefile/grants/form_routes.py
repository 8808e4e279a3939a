"""How every form of the grant side is answered: saved, shown again with the reason, or side by side."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Response, flash, redirect, render_template, request
from flask_babel import gettext as _
from wtforms.fields import BooleanField, SelectFieldBase
from wtforms.widgets import HiddenInput

from casefile.accounts import service as accounts
from casefile.errors import ConflictError, ForbiddenError, InvalidError
from casefile.grants import award_lists, calls, exports, keeping, money_lists
from casefile.grants.keeping import ChangedError
from casefile.grants.listing import Filters
from casefile.grants.lists import ALL
from casefile.policy import Permission
from casefile.web import current, database_session, pager, resources, unit_of_work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from uuid import UUID

    from flask.typing import ResponseReturnValue
    from flask_wtf import FlaskForm

    from casefile.errors import CasefileError
    from casefile.grants.columns import Kept
    from casefile.grants.listing import Listing
    from casefile.uow import UnitOfWork

EVERY_LIST = ALL | money_lists.ALL | award_lists.ALL
PAGE = 50
LONGEST_QUERY = 200


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a page with one form shows around it."""

    heading: str
    action: str
    submit: str
    back: str
    intro: str = ""


def show(form: FlaskForm, sheet: Sheet) -> str:
    return render_template("grants/form.html", form=form, sheet=sheet, fields=fields_of(form))


def fields_of(form: FlaskForm) -> list[Any]:
    return [field for field in form if field.type != "CSRFTokenField"]


def refuse(form: FlaskForm, error: CasefileError) -> None:
    """Put a refusal of the service above the form; what was typed stays in it."""
    form.form_errors = [*form.form_errors, _(error.message)]


def save(
    form: FlaskForm,
    sheet: Sheet,
    act: Callable[[UnitOfWork], str],
    done: str,
    again: Callable[[Any], FlaskForm] | None = None,
) -> ResponseReturnValue:
    """Do what a form asks for and go to the address that `act` returns.

    `again` makes a form of a row that somebody else saved first: both are shown side by side.
    """
    if not form.validate():
        return show(form, sheet), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with unit_of_work() as uow:
            where = act(uow)
    except ChangedError as error:
        if again is None:
            refuse(form, error)
            return show(form, sheet), error.status
        return _both(form, again(error.theirs), sheet, error), error.status
    except (InvalidError, ConflictError, ForbiddenError) as error:
        refuse(form, error)
        return show(form, sheet), error.status
    flash(done)
    return redirect(where, HTTPStatus.SEE_OTHER)


def press(act: Callable[[UnitOfWork], object], where: str, done: str) -> ResponseReturnValue:
    """Do what a single button asks for; a refusal is shown on the page it stands on."""
    try:
        with unit_of_work() as uow:
            act(uow)
    except (InvalidError, ConflictError, ForbiddenError) as error:
        flash(_(error.message), "error")
    else:
        flash(done)
    return redirect(where, HTTPStatus.SEE_OTHER)


def first_problem(form: FlaskForm) -> str:
    """Return what is wrong with a small form that stands among others."""
    return next((str(errors[0]) for errors in form.errors.values() if errors), "")


def press_form(
    form: FlaskForm, act: Callable[[UnitOfWork], object], where: str, done: str
) -> ResponseReturnValue:
    """Answer a small form that stands on a page among others."""
    if not form.validate():
        flash(first_problem(form), "error")
        return redirect(where, HTTPStatus.SEE_OTHER)
    return press(act, where, done)


def _both(form: FlaskForm, theirs: FlaskForm, sheet: Sheet, error: ChangedError) -> str:
    rows = [
        (field.label.text, shown(theirs[field.name]), shown(field))
        for field in fields_of(form)
        if not isinstance(field.widget, HiddenInput) and shown(theirs[field.name]) != shown(field)
    ]
    form.version.raw_data, form.version.data = None, error.theirs.version
    return render_template(
        "grants/conflict.html", form=form, sheet=sheet, rows=rows, fields=fields_of(form)
    )


def shown(field: Any) -> str:
    """Return what a field says to a person."""
    if isinstance(field, SelectFieldBase):
        return ", ".join(str(one[1]) for one in field.iter_choices() if one[2])
    if isinstance(field, BooleanField):
        return str(_("Yes") if field.data else _("No"))
    return f"{field._value()}"  # noqa: SLF001 - what WTForms itself writes into the box


def told(row: Kept) -> dict[str, Any]:
    """Return what happened to a row and, for people of the house, who did it."""
    session = database_session()
    found = keeping.events(session, row.id)
    ours = current().person.may(Permission.GRANTS_EXPORT)
    actors = {one.actor_id for one in found if one.actor_id} if ours else set()
    return {"events": found, "names": accounts.names(session, actors) if actors else {}}


def asked(parent: UUID | None = None) -> Filters:
    text, state, sort = (
        request.args.get(name, "")[:LONGEST_QUERY] for name in ("q", "state", "sort")
    )
    return Filters(text.strip(), state, sort, parent)


def list_page(
    listing: Listing,
    heading: str,
    *,
    actions: Sequence[tuple[str, str]] = (),
    parent: UUID | None = None,
    parents: Sequence[tuple[str, str]] = (),
    endpoint_values: dict[str, Any] | None = None,
    **more: Any,
) -> str:
    """Show one page of a list, narrowed and sorted as the address says.

    `parents` are offered to choose from, where a list is not of one thing alone.
    """
    parent = request.args.get("parent", type=_id) if parents else parent
    session, person, filters = database_session(), current().person, asked(parent)
    now = resources().clock()
    where = pager(listing.count(session, person, filters, now), PAGE)
    rows = listing.page(session, person, filters, now, offset=where.offset, limit=where.size)
    return render_template(
        "grants/list.html",
        listing=listing,
        heading=heading,
        actions=actions,
        rows=rows,
        pager=where,
        filters=filters,
        sort=filters.sort or next(iter(listing.sorts)),
        may_export=person.may(Permission.GRANTS_EXPORT),
        endpoint_values=endpoint_values or {},
        parent=parent,
        parents=parents,
        **more,
    )


def export(name: str, ending: str) -> ResponseReturnValue:
    """Send a list as a file, with the same filters as on the page."""
    listing = EVERY_LIST[name]
    parent = request.args.get("parent", type=_id)
    now, person = resources().clock(), current().person
    table = listing.table(database_session(), person, asked(parent), now, _("currency"))
    return as_file(name, ending, table)


def as_file(name: str, ending: str, table: Iterable[Sequence[Any]]) -> Response:
    """Send a table as a workbook or as text with commas, and leave an entry that it left the house."""
    with unit_of_work() as uow:
        calls.note_list(uow, name)
    if ending == "csv":
        content, kind = b"".join(exports.write_csv(table)), exports.CSV_TYPE
    else:
        content, kind = exports.write_xlsx(table, name), exports.XLSX_TYPE
    answer = Response(content, mimetype=kind.partition(";")[0])
    answer.headers["Content-Type"] = kind
    called = exports.file_name(name, resources().clock().date(), ending)
    answer.headers["Content-Disposition"] = f'attachment; filename="{called}"'
    return answer


def _id(text: str) -> UUID:
    from uuid import UUID  # noqa: PLC0415

    return UUID(text)
