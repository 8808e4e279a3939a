from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import TYPE_CHECKING

from flask import Blueprint, render_template, request
from flask_babel import gettext as _

from casefile.grants import agreements, award_lists
from casefile.grants import award_overview as overview
from casefile.grants.access import requires
from casefile.grants.award_routes import as_id, today
from casefile.grants.dates import PartialDate
from casefile.grants.form_routes import list_page
from casefile.grants.models import Programme
from casefile.grants.states import Precision
from casefile.policy import Permission
from casefile.web import current, database_session, pager

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from flask.typing import ResponseReturnValue

    from casefile.grants.agreements import Converted

bp = Blueprint("overview", __name__, url_prefix="/grants")
PAGE = 25
MOST_EXPORTED = 10_000


@bp.get("/overview")
@requires(Permission.GRANTS_READ)
def index() -> ResponseReturnValue:
    """The whole programme on one screen. Who may not read awards sees the money only."""
    session, me = database_session(), current().person
    programme_id = as_id(request.args.get("programme", ""))
    sort = request.args.get("sort", "")
    state, text = (request.args.get(name, "")[:200] for name in ("state", "q"))
    query = overview.awards_query(session, me, programme_id=programme_id, state=state, text=text)
    total = overview.count(session, query)
    where = pager(total, PAGE)
    lines = (
        overview.grid(session, query, today(), sort=sort, offset=where.offset, limit=PAGE)
        if me.may(Permission.AWARD_READ)
        else []
    )
    return render_template(
        "awards/overview.html",
        lines=lines,
        columns=max((len(line.cells) for line in lines), default=0),
        pager=where,
        total=total,
        sums=(found := overview.sums(session, me, programme_id)),
        worth=_worth(found, programme_id),
        sort=sort,
        programme=str(programme_id or ""),
        state=state,
        text=text,
        states=[(one, award_lists.AWARDS.named(one)) for one in award_lists.AWARDS.states],
        programmes=overview.programme_names(session, me),
    )


def _worth(found: Sequence[overview.Sums], programme_id: UUID | None) -> dict[str, Converted]:
    """Put each sum beside its worth in the programme's currency; of all programmes there is none."""
    session = database_session()
    programme = session.get(Programme, programme_id) if programme_id else None
    if programme is None or programme.currency is None:
        return {}
    return {
        one.currency: agreements.beside(session, one.money("awarded"), programme.currency, today())
        for one in found
    }


@bp.get("/milestones/")
@requires(Permission.AWARD_READ)
def milestones() -> ResponseReturnValue:
    programmes = overview.programme_names(database_session(), current().person)
    return list_page(award_lists.MILESTONES, _("Milestones by day"), parents=programmes)


@bp.get("/calendar")
@requires(Permission.AWARD_READ)
def calendar() -> ResponseReturnValue:
    first = _first(request.args.get("month", ""))
    last = first.replace(day=monthrange(first.year, first.month)[1])
    begins = first - timedelta(days=first.weekday())
    weeks = [
        [begins + timedelta(days=7 * week + day) for day in range(7)]
        for week in range(((last - begins).days // 7) + 1)
    ]
    session = database_session()
    return render_template(
        "awards/calendar.html",
        first=first,
        month=PartialDate(first, Precision.MONTH),
        weeks=weeks,
        days=overview.month(session, current().person, weeks[0][0], weeks[-1][-1], today()),
        before=(first - timedelta(days=1)).strftime("%Y-%m"),
        after=(last + timedelta(days=1)).strftime("%Y-%m"),
        today=today(),
    )


def _first(text: str) -> date:
    """Return the first day of the asked-for month; of this one for what is none."""
    try:
        asked = date.fromisoformat(f"{text[:7]}-01")
    except ValueError:
        return today().replace(day=1)
    return asked if 1990 < asked.year < 2100 else today().replace(day=1)  # noqa: PLR2004
