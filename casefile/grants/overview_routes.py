from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import TYPE_CHECKING

from flask import Blueprint, render_template, request
from flask_babel import gettext as _

from casefile.grants import award_lists
from casefile.grants import award_overview as overview
from casefile.grants.access import requires
from casefile.grants.award_routes import as_id, today
from casefile.grants.form_routes import list_page
from casefile.policy import Permission
from casefile.web import current, database_session, pager

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

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
        sums=overview.sums(session, me, programme_id),
        sort=sort,
        programme=str(programme_id or ""),
        state=state,
        text=text,
        states=[(one, award_lists.AWARDS.named(one)) for one in award_lists.AWARDS.states],
        programmes=overview.programme_names(session, me),
    )


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
