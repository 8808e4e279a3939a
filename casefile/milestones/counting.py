"""How much work there is, counted by the program and told in bands only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casefile.milestones.content import COUNTED_TAGS, COUNTS, band
from casefile.notes import service as notes

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase


def bands(session: Session, case: OpenCase) -> dict[str, str]:
    """Count files on record, and notes by their tags."""
    found, _total = notes.listed(session, case, limit=max(case.note_count, 1))
    counts = dict.fromkeys(COUNTS, 0)
    counts["documents"] = case.evidence_count
    for note in found:
        tags = {tag.casefold() for tag in note.tags}
        for name, wanted in COUNTED_TAGS.items():
            counts[name] += bool(tags & wanted)
    return {name: band(count) for name, count in counts.items()}
