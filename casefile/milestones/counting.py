"""How much work there is, counted by the program and told in bands only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casefile.milestones import published
from casefile.milestones.content import COUNTED_TAGS, COUNTS, band
from casefile.notes import service as notes

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase


def bands(session: Session, case: OpenCase) -> dict[str, str]:
    """Count files on record, rights of reply of the stories, and notes by their tags.

    Contact logs of sources are not counted: whoever handles no source is told nothing of them.
    """
    found, _total = notes.listed(session, case, limit=max(case.note_count, 1))
    counts = dict.fromkeys(COUNTS, 0)
    counts["documents"] = case.evidence_count
    for note in found:
        tags = {tag.casefold() for tag in note.tags}
        for name, wanted in COUNTED_TAGS.items():
            counts[name] += bool(tags & wanted)
    sent, answered = published.requests(session, case)
    counts["requests_sent"] += sent
    counts["requests_answered"] += answered
    return {name: band(count) for name, count in counts.items()}
