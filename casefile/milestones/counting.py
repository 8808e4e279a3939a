"""How much work there is, counted by the program from what is on record, and told in bands only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import select

from casefile.evidence import service as evidence
from casefile.evidence.models import Citation
from casefile.milestones import published
from casefile.milestones.content import COUNTED_TAGS, COUNTS, band
from casefile.notes import service as notes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.evidence.service import EvidenceView
    from casefile.notes.service import NoteView


@dataclass(slots=True)
class Counted:
    """One count and what it rests on, for an editor to look at; only its band leaves the case."""

    number: int = 0
    things: list[tuple[str, str]] = field(default_factory=list)
    """Code and page of each note or file that counts."""
    days: list[date] = field(default_factory=list)
    replies: int = 0

    @property
    def band(self) -> str:
        return band(self.number)


def counted(session: Session, case: OpenCase, zone: str) -> dict[str, Counted]:
    """Count files that stand, tagged notes and files, days in the field, and rights of reply.

    A file that a counted note cites is the same thing again. Days count once, however much was
    written on them. What was answered was sent. Contact logs of sources are not counted: whoever
    handles no source is told nothing of them.
    """
    written, _total = notes.listed(session, case, limit=max(case.note_count, 1))
    kept, _total = evidence.listed(session, case, limit=max(case.evidence_count, 1))
    standing = [one for one in kept if not one.withdrawn]
    cited = _cited(session, [note.id for note in written])
    found = {"documents": Counted(len(standing))}
    for name, wanted in COUNTED_TAGS.items():
        tagged = [note for note in written if _has(note.tags, wanted)]
        in_notes = {item for note in tagged for item in cited.get(note.id, ())}
        files = [one for one in standing if _has(one.tags, wanted) and one.id not in in_notes]
        found[name] = _counted(tagged, files)
        if name == "field_days":
            found[name].days = _days(tagged, files, ZoneInfo(zone))
            found[name].number = len(found[name].days)
    sent, answered = published.requests(session, case)
    for name, more in (("requests_sent", sent), ("requests_answered", answered)):
        found[name].replies = more
        found[name].number += more
    asked, got = found["requests_sent"], found["requests_answered"]
    asked.number = max(asked.number, got.number)
    return {name: found[name] for name in COUNTS}


def bands(counts: Mapping[str, Counted]) -> dict[str, str]:
    return {name: one.band for name, one in counts.items()}


def _has(tags: Iterable[str], wanted: frozenset[str]) -> bool:
    return not wanted.isdisjoint(tag.casefold() for tag in tags)


def _cited(session: Session, note_ids: Sequence[UUID]) -> dict[UUID, set[UUID]]:
    found: dict[UUID, set[UUID]] = {}
    rows = session.execute(
        select(Citation.note_id, Citation.item_id).where(Citation.note_id.in_(note_ids))
    )
    for row in rows:
        found.setdefault(row.note_id, set()).add(row.item_id)
    return found


def _counted(written: Sequence[NoteView], files: Sequence[EvidenceView]) -> Counted:
    things = [(f"N-{one.number}", one.url) for one in written]
    things += [(one.code, one.url) for one in files]
    return Counted(len(things), things)


def _days(written: Sequence[NoteView], files: Sequence[EvidenceView], zone: ZoneInfo) -> list[date]:
    """Return the days on which files were obtained and notes begun, each once."""
    days = {one.created_at.astimezone(zone).date() for one in written}
    days |= {one.obtained_at or one.added_at.astimezone(zone).date() for one in files}
    return sorted(days)
