"""Sources that were found by who they are: before everything else, for their handlers only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flask_babel import gettext as _

from casefile.index import Facet
from casefile.search.found import ResultView
from casefile.sources import searching
from casefile.sources.opening import Holder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.index import Query
    from casefile.search.found import Found
    from casefile.uow import Resources
    from casefile.web import Visit


def with_identities(
    resources: Resources,
    session: Session,
    opened: Visit,
    mine: Sequence[OpenCase],
    query: Query,
    found: Found,
    *,
    timezone: ZoneInfo,
) -> Found:
    """Add the sources whose identity fits: a result more each, never with a word of the identity."""
    holder = Holder(opened.person.id, opened.bundle)
    matches = searching.search(resources, session, holder, mine, query, timezone=timezone)
    notices = list(found.notices)
    if matches.damaged:
        notices.append(
            _(
                "The keys of a source you handle were changed outside Casefile: its identity was not "
                "looked into. Its page says more."
            )
        )
    if not matches.found:
        return replace(found, notices=notices)
    return replace(
        found,
        results=[*_results(matches), *found.results] if found.page == 1 else found.results,
        total=found.total + len(matches.found),
        facets=_facets(found.facets, [case for case, _source in matches.found]),
        notices=notices,
    )


def _results(matches: searching.Matches) -> list[ResultView]:
    return [
        ResultView(
            kind=searching.KIND,
            id=source.id,
            case_id=case.id,
            codename=case.codename,
            title=source.codename,
            author=source.added_by_name,
            created_at=source.added_at,
            url=source.url,
            page=0,
            fragments=(),
            by_identity=True,
        )
        for case, source in matches.found
    ]


def _facets(
    facets: Mapping[str, Sequence[Facet]], cases: Sequence[OpenCase]
) -> dict[str, list[Facet]]:
    more = {name: list(values) for name, values in facets.items()}
    for case in cases:
        _count(more.setdefault("kind", []), searching.KIND, searching.KIND)
        _count(more.setdefault("case", []), str(case.id), case.codename)
    return more


def _count(values: list[Facet], value: str, label: str) -> None:
    for number, facet in enumerate(values):
        if facet.value == value:
            values[number] = replace(facet, count=facet.count + 1)
            return
    values.append(Facet(value, label, 1))
