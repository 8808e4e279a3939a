"""How often the trail saw a source written: rows put back or taken out past the program do not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, func, select

from casefile import audit
from casefile.db import table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from sqlalchemy.orm import Session

_ENTRY = table(audit.Entry)
SAVED = ("source.added", "source.edited", "source.shredded")
IDENTIFIED = ("source.added", "source.identity_edited")
PROMISED, MET = "source.agreement_recorded", "source.contact_logged"
_COUNTED = (
    select(_ENTRY.c.subject_id, _ENTRY.c.action, func.count().label("times"))
    .where(
        _ENTRY.c.subject_id.in_(bindparam("source_ids", expanding=True)),
        _ENTRY.c.action.in_({*SAVED, *IDENTIFIED, PROMISED, MET}),
    )
    .group_by(_ENTRY.c.subject_id, _ENTRY.c.action)
)


class Seen(NamedTuple):
    """How many versions, promises and contacts of a source there have to be."""

    saved: int = 0
    identities: int = 0
    promises: int = 0
    contacts: int = 0


def of_sources(session: Session, source_ids: Iterable[UUID]) -> dict[UUID, Seen]:
    """Return what the trail knows of these sources."""
    times: dict[UUID, dict[str, int]] = {source_id: {} for source_id in source_ids}
    if times:
        for row in session.execute(_COUNTED, {"source_ids": list(times)}):
            times[row.subject_id][row.action] = row.times
    return {
        source_id: Seen(
            sum(found.get(action, 0) for action in SAVED),
            sum(found.get(action, 0) for action in IDENTIFIED),
            found.get(PROMISED, 0),
            found.get(MET, 0),
        )
        for source_id, found in times.items()
    }


def of(session: Session, source_id: UUID) -> Seen:
    return of_sources(session, [source_id])[source_id]
