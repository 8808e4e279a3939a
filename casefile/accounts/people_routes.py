from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _

from casefile.accounts import people, roles, service
from casefile.accounts.forms import EndForm, RolesForm, put_error
from casefile.errors import ConflictError, InvalidError
from casefile.policy import Permission, Role
from casefile.web import (
    database_session,
    end_of_day,
    last_day,
    requires_role,
    resources,
    unit_of_work,
)

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue

bp = Blueprint("people", __name__, url_prefix="/admin/people")


@bp.get("/<uuid:person_id>")
@requires_role(Permission.PERSON_MANAGE)
def show(person_id: UUID) -> ResponseReturnValue:
    return _page(person_id)


def _page(
    person_id: UUID, roles_form: RolesForm | None = None, end_form: EndForm | None = None
) -> str:
    now = resources().clock()
    item = people.row_of(service.get(database_session(), person_id), now)
    return render_template(
        "people/show.html",
        item=item,
        roles_form=roles_form
        or RolesForm(roles=[role.value for role in item.roles], formdata=None),
        end_form=end_form or EndForm(ends_at=last_day(item.ends_at), formdata=None),
    )


@bp.post("/<uuid:person_id>/roles")
@requires_role(Permission.PERSON_MANAGE)
def roles_update(person_id: UUID) -> ResponseReturnValue:
    form = RolesForm()
    if not form.validate():
        return _page(person_id, roles_form=form), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with unit_of_work() as uow:
            roles.change_roles(uow, person_id, [Role(role) for role in form.roles.data or []])
    except ConflictError as error:
        put_error(form, "roles", error)
        return _page(person_id, roles_form=form), error.status
    flash(_("The roles were changed. Their sessions ended; they sign in again."))
    return redirect(url_for("people.show", person_id=person_id), HTTPStatus.SEE_OTHER)


@bp.post("/<uuid:person_id>/end")
@requires_role(Permission.PERSON_MANAGE)
def end_update(person_id: UUID) -> ResponseReturnValue:
    form = EndForm()
    if not form.validate():
        return _page(person_id, end_form=form), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with unit_of_work() as uow:
            roles.set_end(uow, person_id, end_of_day(form.ends_at.data))
    except InvalidError as error:
        put_error(form, "ends_at", error)
        return _page(person_id, end_form=form), error.status
    flash(_("Saved."))
    return redirect(url_for("people.show", person_id=person_id), HTTPStatus.SEE_OTHER)
