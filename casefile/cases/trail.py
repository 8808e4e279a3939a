"""What happened on a case, for those on it: the audit trail with its details opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from casefile import audit
from casefile.accounts import service as accounts
from casefile.errors import DamagedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase

PLACES = {
    "note": "notes",
    "evidence": "evidence",
    "source": "sources",
    "story": "stories",
    "claim": "stories",
    "reply": "stories",
    "publication": "stories",
    "impact": "stories",
    "assignment": "stories",
}
# What changes nothing for the others on a case; it stands in the whole activity only.
SHOWN = ("case.shown", "note.shown", "evidence.shown", "story.shown", "source.shown")
QUIET = frozenset(
    {
        "story.dossier_opened",
        "evidence.viewed",
        "evidence.downloaded",
        "evidence.read",
        "case.searched",
        "evidence.exported",
        "note.exported",
        *SHOWN,
    }
)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened: who did what to which thing, and where to see it."""

    sequence: int
    at: datetime
    person_name: str
    action: str
    subject_label: str
    url: str
    detail: str


def lines(
    session: Session,
    case: OpenCase,
    *,
    subject_id: UUID | None = None,
    offset: int = 0,
    limit: int = 50,
) -> list[Line]:
    """Return what happened on this case, newest first; of one thing in it if asked."""
    entries = audit.entries(
        session, case_id=case.id, subject_id=subject_id, offset=offset, limit=limit
    )
    names = _names(session, entries)
    return [_line(entry, case, names) for entry in entries]


def latest(
    session: Session, cases: Mapping[UUID, OpenCase], *, without: Iterable[str], limit: int
) -> list[tuple[Line, OpenCase]]:
    """Return what happened last on several cases, except for these actions."""
    entries = audit.latest(session, list(cases), without=without, limit=limit)
    names = _names(session, entries)
    placed = [(entry, cases[entry.case_id]) for entry in entries if entry.case_id in cases]
    return [(_line(entry, case, names), case) for entry, case in placed]


def _names(session: Session, entries: Iterable[audit.EntryRow]) -> Mapping[UUID, str]:
    wanted = set()
    for entry in entries:
        if entry.actor_id:
            wanted.add(entry.actor_id)
        if entry.subject_id and entry.action.startswith("seat."):
            wanted.add(entry.subject_id)
    return accounts.names(session, wanted)


def _line(entry: audit.EntryRow, case: OpenCase, names: Mapping[UUID, str]) -> Line:
    try:
        detail = audit.open_detail(entry, case)
    except DamagedError:
        detail = {"damaged": True}
    thing = entry.action.partition(".")[0]
    label = str(detail.get("label", ""))
    if thing == "seat" and entry.subject_id:
        label = names.get(entry.subject_id, "")
    place = PLACES.get(thing)
    url = f"/cases/{case.id}/{place}/{entry.subject_id}" if place and entry.subject_id else ""
    return Line(
        sequence=entry.sequence,
        at=entry.at,
        person_name=names.get(entry.actor_id, "") if entry.actor_id else "",
        action=entry.action,
        subject_label=label,
        url=url,
        detail=_words(detail),
    )


def _words(detail: Mapping[str, Any]) -> str:
    """Say the particulars of an entry the way people read them."""
    parts = []
    if "damaged" in detail:
        parts.append(_("The particulars of this entry are damaged."))
    if "role" in detail:
        parts.append(str(detail["role"]).replace("_", " "))
    parts += [str(detail[name]) for name in ("person", "as") if name in detail]
    if "version" in detail:
        parts.append(_("version %(number)s", number=detail["version"]))
    if "sha256" in detail:
        parts.append(f"SHA-256 {detail['sha256']}")
    if "claim" in detail:
        parts.append(f"C-{detail['claim']}")
    if "reason" in detail:
        parts.append(str(detail["reason"]))
    if "from" in detail:
        parts.append(f"{detail['from']} → {detail['to']}")
    if detail.get("before", {}).get("shows"):
        parts.append(_("before: %(text)s", text=detail["before"]["shows"]))
    return ", ".join(parts)
