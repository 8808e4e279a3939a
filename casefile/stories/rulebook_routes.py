from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _

from casefile.accounts.forms import put_error
from casefile.errors import InvalidError
from casefile.policy import Permission
from casefile.stories import rulebook
from casefile.stories.forms import RulesForm
from casefile.stories.routes import rules_now
from casefile.stories.rules import RULES, Rules
from casefile.web import (
    confirmed,
    current,
    database_session,
    pager,
    requires_role,
    resources,
    unit_of_work,
)

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = Blueprint("rulebook", __name__, url_prefix=rulebook.PLACE)
PAGE = 20


@bp.get("")
@requires_role(Permission.RULES_READ)
def show() -> ResponseReturnValue:
    return _page()


def _page(form: RulesForm | None = None) -> str:
    session, anchor, now = database_session(), current().bundle.anchor, rules_now()
    where = pager(rulebook.count(session), PAGE)
    told = {name: str(value) for name, value in now.told().items()}
    return render_template(
        "stories/rulebook.html",
        rules=now,
        of_settings=Rules.of(resources().settings),
        editions=rulebook.editions(session, anchor, offset=where.offset, limit=PAGE),
        pager=where,
        form=form or RulesForm(formdata=None, **told, edition=rulebook.newest(session)),
    )


@bp.post("")
@requires_role(Permission.RULES_EDIT)
@confirmed
def update() -> ResponseReturnValue:
    form = RulesForm()
    if not form.validate():
        return _page(form), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with unit_of_work() as uow:
            reason = (form.reason.data or "").replace("\r\n", "\n").strip()
            rulebook.change(uow, _rules(form), reason=reason, base=form.edition.data or 0)
    except rulebook.RulesChangedError as conflict:
        form.edition.raw_data, form.edition.data = None, rulebook.newest(database_session())
        put_error(form, "reason", conflict)
        return _page(form), conflict.status
    except InvalidError as error:
        put_error(form, "reason", error)
        return _page(form), error.status
    flash(_("These rules hold from now on."))
    return redirect(url_for("rulebook.show"), HTTPStatus.SEE_OTHER)


def _rules(form: RulesForm) -> Rules:
    told = {name: form[name].data for name in RULES}
    return Rules(**{**told, "allegation_supports": int(told["allegation_supports"])})
