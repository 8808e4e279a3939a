"""A verifier's every look at a case is an entry that its members read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from casefile import audit
from casefile.milestones import verifying
from casefile.policy import Role, Seat
from casefile.web import current, database_session, resources, unit_of_work

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from casefile.cases.access import OpenCase

# The pages of one thing, by the name of its id; evidence leaves an entry of its own as well.
THINGS: Final = {
    "note_id": "note",
    "evidence_id": "evidence",
    "story_id": "story",
    "source_id": "source",
}
GLANCES: Final = {"search": "searched"}


def watch(case: OpenCase, path: str, given: Mapping[str, object]) -> None:
    """Put on record what a verifier asks to see. Nobody else's reading is followed here."""
    if not _visited([case]):
        return
    thing, subject = _asked(given)
    with unit_of_work() as uow:
        audit.record(
            uow,
            f"{thing}.shown",
            subject_id=subject,
            case=case,
            detail={"label": path.removeprefix(f"/cases/{case.id}/") or "case"},
        )
    database_session().rollback()


def glance(cases: Sequence[OpenCase], how: str) -> None:
    """Put on record which cases a verifier searches or has on the desk; never the words."""
    visited = _visited(cases)
    if not visited:
        return
    with unit_of_work() as uow:
        for case in visited:
            audit.record(uow, f"case.{GLANCES.get(how, 'shown')}", case=case, detail={"label": how})
    database_session().rollback()


def _visited(cases: Sequence[OpenCase]) -> list[OpenCase]:
    """Return those of these cases that a verifier is visiting now; for everybody else none."""
    opened = current()
    seats = [case for case in cases if case.seat is Seat.READER]
    if not seats or Role.VERIFIER not in opened.person.roles:
        return []
    asked = verifying.visits(database_session(), opened.person.id, resources().clock())
    return seats if asked else []


def _asked(given: Mapping[str, object]) -> tuple[str, UUID | None]:
    for name, value in given.items():
        if name in THINGS and isinstance(value, UUID):
            return THINGS[name], value
    return "case", None
