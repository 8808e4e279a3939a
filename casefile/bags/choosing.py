"""What goes into a bag: chosen by number in this case, and looked at before anything is promised."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from casefile import audit, keys, vault
from casefile.db import table
from casefile.errors import DamagedError, InvalidError
from casefile.evidence import custody, service, statements
from casefile.notes import service as notes
from casefile.sources import links
from casefile.stories import dossier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.evidence.service import EvidenceView
    from casefile.notes.service import NoteView
    from casefile.sources.links import Protected
    from casefile.stories.views import StoryView
    from casefile.uow import Resources

ALL, UNDER_STORIES, SOME = KINDS = ("all", "stories", "some")
# Ours and the Cyrillic letter that looks like it.
ONE: Final = re.compile(r"(?:[EeЕе]\s*-?\s*)?(\d{1,9})(?:\s*[-–—]\s*(?:[EeЕе]\s*-?\s*)?(\d{1,9}))?")
PARTED: Final = re.compile(r"[,;\n]+")
# Up to this much every file is read to its end before the bag begins; beyond it, its end and its size.
READ_BEFORE: Final = 256 * 1024 * 1024
MOST_NOTES: Final = 100_000
_ENTRY = table(audit.Entry)


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody wants in a bag."""

    evidence: str = ALL
    numbers: str = ""
    stories: tuple[int, ...] = ()
    notes: bool = False
    leave_out: bool = False


@dataclass(frozen=True, slots=True)
class Damage:
    """Evidence that cannot go into a bag; `reason` is missing, changed or record."""

    code: str
    name: str
    reason: str


@dataclass(slots=True)
class Plan:
    """What a bag would hold, and what there is to know about it first."""

    items: list[EvidenceView]
    damaged: list[Damage]
    stories: Sequence[StoryView]
    notes: list[NoteView]
    protected: list[Protected] = field(default_factory=list)

    @property
    def octets(self) -> int:
        return sum(item.size for item in self.items)

    @property
    def is_empty(self) -> bool:
        return not (self.items or self.stories or self.notes)


def spans(text: str) -> list[tuple[int, int]]:
    """Read `E-1, E-4–E-9, 12` as spans of numbers. InvalidError says which part is none."""
    found = []
    for part in PARTED.split(text):
        if not part.strip():
            continue
        fits = ONE.fullmatch(part.strip())
        first, last = (int(fits[1]), int(fits[2] or fits[1])) if fits else (1, 0)
        if last < first:
            said = part.strip()[:40]
            msg = f"“{said}” is no evidence number. Write E-3, or E-4–E-9 for several, with commas between."
            raise InvalidError(msg)
        found.append((first, last))
    if not found:
        msg = "Write the numbers of the evidence: E-3, E-5–E-9."
        raise InvalidError(msg)
    return found


def plan(
    resources: Resources,
    session: Session,
    case: OpenCase,
    choice: Choice,
    stories: Sequence[StoryView],
) -> Plan:
    """Return what a bag of this choice would hold.

    Raises InvalidError when a number is not one of this case, or when nothing would be in it.
    """
    rows = _rows(session, case, choice, stories)
    shown = service.views(session, case, rows)
    thoroughly = sum(item.size for item in shown) <= READ_BEFORE
    doubted = _doubted(session, case)
    items, damaged = [], []
    for row, item in zip(rows, shown, strict=True):
        reason = _wrong_with(resources, case, row, item, whole=thoroughly or item.id in doubted)
        if reason:
            damaged.append(Damage(item.code, item.name, reason))
        else:
            items.append(item)
    chosen = notes.listed(session, case, sort="number", limit=MOST_NOTES)[0] if choice.notes else []
    found = Plan(items, damaged, stories, chosen[::-1])
    if found.is_empty and not damaged:
        msg = "Nothing would be in the bag. Choose evidence, a story or the notes."
        raise InvalidError(msg)
    found.protected = links.protected(session, case, {item.id for item in items})
    return found


def _rows(
    session: Session, case: OpenCase, choice: Choice, stories: Sequence[StoryView]
) -> list[Any]:
    rows = session.execute(statements.listing("oldest"), {"case_id": case.id}).all()
    if choice.evidence == UNDER_STORIES:
        wanted = {
            item.id for story in stories for item in dossier.gather(session, case, story).items
        }
        return [row for row in rows if row.id in wanted]
    if choice.evidence != SOME:
        return list(rows)
    asked, there = spans(choice.numbers), sorted(row.number for row in rows)
    for first, last in asked:
        if not any(first <= number <= last for number in there):
            told = f"E-{first}" if first == last else f"E-{first} to E-{last}"
            msg = f"There is no evidence {told} in this case."
            raise InvalidError(msg)
    return [row for row in rows if any(first <= row.number <= last for first, last in asked)]


def _doubted(session: Session, case: OpenCase) -> set[UUID]:
    """Return what was found changed before, if only in the middle of a bag."""
    wanted = select(_ENTRY.c.subject_id).where(
        _ENTRY.c.case_id == case.id, _ENTRY.c.action == "evidence.mismatched"
    )
    return set(session.scalars(wanted))


def _wrong_with(
    resources: Resources, case: OpenCase, row: Any, item: EvidenceView, *, whole: bool
) -> str:
    if not item.sha256:
        return "record"
    try:
        resources.vault.size(row.id.hex)
    except DamagedError:
        return "missing"
    if whole:
        return "" if custody.is_unchanged(resources, case, row, item) else "changed"
    try:
        key = service.file_key(case, row)
        size = vault.open_sealed(resources.vault, key, case.id, row.id).size
    except DamagedError:
        return "changed"
    return "" if size == item.size else "changed"


def words(session: Session, case: OpenCase, found: Plan) -> Iterator[str]:
    """Give everything that people typed into what would be in the bag."""
    for item in found.items:
        yield from (item.name, item.shows, item.obtained_from, item.obtained_how, item.withdrawn)
    for story in found.stories:
        yield from dossier.words(story, dossier.gather(session, case, story))
    for note in found.notes:
        yield from (note.title, note.body)


def looked_at(found: Plan, told: Sequence[str]) -> str:
    """Stand for exactly what somebody was shown before the bag is made."""
    files = [f"{item.code} {item.sha256}" for item in found.items]
    pointed = [f"{one.codename} {one.code}" for one in found.protected]
    return keys.digest("\n".join([*files, *pointed, *told]).encode()).hex()
