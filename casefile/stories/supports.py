"""What claims rest on, looked up in the case: evidence, notes, sources by codename."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from casefile.errors import InvalidError
from casefile.evidence import service as evidence
from casefile.notes import service as notes
from casefile.sources import links
from casefile.sources import service as sources
from casefile.sources.quoting import WATCHED
from casefile.stories.content import digest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.evidence.service import EvidenceView
    from casefile.sources.service import Choice
    from casefile.stories.parts import Part, Whole

EVIDENCE, NOTE, SOURCE, CLAIM = KINDS = ("evidence", "note", "source", "claim")
GONE, WITHDRAWN, LIVE = "gone", "withdrawn", "live"
CODE = re.compile(r"\[?\s*([ENCencЕСес])\s*-?\s*(\d{1,9})\s*\]?")
LETTERS = {"e": EVIDENCE, "е": EVIDENCE, "n": NOTE, "c": CLAIM, "с": CLAIM}
UNKNOWN = (
    "There is no such thing in this case. Write E-12 for evidence, N-3 for a note, C-4 for another "
    "claim of this story, or the codename of a source."
)


@dataclass(frozen=True, slots=True)
class Card:
    """A thing of the case as far as a claim needs it. `ground` changes when the thing does;
    `origin` is equal for things from one hand.
    """

    kind: str
    id: str
    code: str
    label: str
    url: str
    state: str
    ground: str
    origin: str = ""
    confidential: bool = False
    reason: str = ""


@dataclass(slots=True)
class Cards:
    """The things that the claims of a story rest on."""

    known: dict[tuple[str, str], Card] = field(default_factory=dict)

    def get(self, kind: str, thing_id: str) -> Card:
        found = self.known.get((kind, thing_id))
        return found or Card(kind, thing_id, thing_id[:8], "", "", GONE, GONE)

    def every(self) -> Iterable[Card]:
        return self.known.values()


def look_up(session: Session, case: OpenCase, claims: Iterable[Part]) -> Cards:
    """Return what these claims rest on, asking once for each kind of thing."""
    wanted: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for part in claims:
        for support in part.record.supports if part.record else ():
            wanted[support.kind].add(support.id)
    cards = Cards()
    found = [
        *_evidence(session, case, wanted[EVIDENCE]),
        *_notes(session, case, wanted[NOTE]),
        *_sources(session, case, wanted[SOURCE]),
    ]
    cards.known.update({(card.kind, card.id): card for card in found})
    for kind in (EVIDENCE, NOTE, SOURCE):
        for thing_id in wanted[kind]:
            cards.known.setdefault((kind, thing_id), cards.get(kind, thing_id))
    return cards


def _evidence(session: Session, case: OpenCase, wanted: set[str]) -> Iterable[Card]:
    items = evidence.get_many(session, case, map(UUID, wanted)) if wanted else []
    views = evidence.views(session, case, items)
    givers = links.givers(session, case, views) if views else {}
    return [of_evidence(shown, givers.get(shown.id)) for shown in views]


def _notes(session: Session, case: OpenCase, wanted: set[str]) -> Iterable[Card]:
    for note in notes.get_many(session, case, map(UUID, wanted)) if wanted else ():
        state = WITHDRAWN if note.deleted else LIVE
        ground = f"{state} {note.version}"
        yield Card(NOTE, str(note.id), f"N-{note.number}", note.title, note.url, state, ground)


def _sources(session: Session, case: OpenCase, wanted: set[str]) -> Iterable[Card]:
    known = sources.choices(session, case) if wanted else []
    return (of_source(case.id, found) for found in known if str(found.id) in wanted)


def of_evidence(shown: EvidenceView, giver: UUID | None = None) -> Card:
    """Say of a file what counts for a claim: its hash, where it came from, whether it still stands.

    What a source gave comes from the source's hand, whatever else is said of its origin.
    """
    origin = " ".join(shown.obtained_from.casefold().split())
    told = [shown.sha256, shown.withdrawn, origin, shown.obtained_how, str(shown.obtained_at)]
    state = WITHDRAWN if shown.withdrawn else LIVE if shown.sha256 else GONE
    return Card(
        EVIDENCE,
        str(shown.id),
        shown.code,
        shown.name,
        shown.url,
        state,
        digest(told),
        origin=f"source:{giver}" if giver else f"from:{origin}",
        reason=shown.withdrawn,
    )


def of_source(case_id: UUID, found: Choice) -> Card:
    state = GONE if found.shredded else LIVE
    level = "confidential" if found.protection in WATCHED else "open"
    return Card(
        SOURCE,
        str(found.id),
        found.codename,
        found.codename,
        f"/cases/{case_id}/sources/{found.id}",
        state,
        f"{state} {level}",
        origin=f"source:{found.id}",
        confidential=found.protection in WATCHED,
    )


def find(session: Session, case: OpenCase, whole: Whole, what: str) -> tuple[str, str]:
    """Return kind and id of what somebody wrote: E-12, N-3, C-4 or the codename of a source.

    Raises InvalidError when the case has no such thing.
    """
    name = " ".join(what.casefold().split())
    for source in sources.choices(session, case):
        if source.codename.casefold() == name:
            return SOURCE, str(source.id)
    found = CODE.fullmatch(what.strip())
    if found is None:
        raise InvalidError(UNKNOWN)
    kind, number = LETTERS[found[1].casefold()], int(found[2])
    thing: UUID | None = None
    if kind == EVIDENCE:
        thing = next((item.id for item in evidence.by_numbers(session, case, [number])), None)
    elif kind == NOTE:
        thing = notes.id_of_number(session, case, number)
    else:
        part = whole.numbered("claim", number)
        thing = part.id if part else None
    if thing is None:
        raise InvalidError(UNKNOWN)
    return kind, str(thing)
