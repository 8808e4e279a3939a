from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, jsonify, render_template, request, url_for

from casefile.search import service
from casefile.web import (
    Pager,
    asked_page,
    current,
    database_session,
    newsroom,
    resources,
    timezone,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask.typing import ResponseReturnValue

    from casefile.cases.access import OpenCase
    from casefile.search.found import Found

bp = Blueprint("search", __name__)
LONGEST_PREFIX = 100


def _watched(cases: Sequence[OpenCase]) -> None:
    for watch in resources().glance_watchers:
        watch(cases, "search")


@bp.get("/search")
@newsroom
def index() -> ResponseReturnValue:
    query, filters = service.read_query(request.args)
    if not query.text.strip() and not filters:
        return _page(query.text, filters, None)
    found = service.search(
        resources(),
        database_session(),
        current(),
        query,
        page=asked_page(),
        timezone=timezone(),
        watch=_watched,
    )
    return _page(query.text, filters, found)


def _page(text: str, filters: dict[str, Any], found: Found | None) -> str:
    suggestion = found.suggestion if found else None
    return render_template(
        "search/index.html",
        query=text,
        search_form_query=text,
        filters=filters,
        results=found.results if found else [],
        total=found.total if found else 0,
        facets=found.facets if found else {},
        suggestion=suggestion,
        suggestion_url=url_for("search.index", q=suggestion, **filters) if suggestion else "",
        notices=found.notices if found else [],
        pager=Pager(found.page, service.PAGE, found.total) if found else None,
        help=found is None,
    )


@bp.get("/search/complete")
@newsroom
def complete() -> ResponseReturnValue:
    prefix = request.args.get("q", "")[:LONGEST_PREFIX]
    words = service.complete(resources(), database_session(), current(), prefix, watch=_watched)
    return jsonify(words)
