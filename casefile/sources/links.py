"""Which notes and evidence come from a source or name it, found from both sides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, select

from casefile import audit
from casefile.errors import ConflictError, DamagedError, InvalidError, NotFoundError
from casefile.evidence import service as evidence
from casefile.notes import service as notes
from casefile.policy import Permission
from casefile.sources import codenames, identities, opening, service, statements
from casefile.sources.models import SourceLink

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.evidence.service import EvidenceView
    from casefile.notes.service import NoteView
    from casefile.sources.models import Source
    from casefile.sources.service import SourceView
    from casefile.uow import UnitOfWork

DAMAGED_PASSAGE = "[damaged record]"


class Thing(NamedTuple):
    """A note or a piece of evidence: one of the two ids is set."""

    note_id: UUID | None = None
    item_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class LinkView:
    """A link as the page of a source shows it."""

    id: UUID
    note: NoteView | None
    item: EvidenceView | None
    mentioned: bool
    passage: str
    at: datetime


def follow(uow: UnitOfWork, case: OpenCase, kind: str, thing_id: UUID, text: str) -> None:
    """Link the sources whose codename stands in a text, and no longer those it named before."""
    thing = Thing(note_id=thing_id) if kind == "note" else Thing(item_id=thing_id)
    column = SourceLink.note_id if thing.note_id else SourceLink.item_id
    uow.session.execute(
        delete(SourceLink).where(column == thing_id, SourceLink.mentioned.is_(True))
    )
    digests = [service.digest(case, name) for name in sorted(codenames.mentioned(text))]
    if not digests:
        return
    asked = {"case_id": case.id, "digests": digests}
    named = {row.id for row in uow.session.execute(statements.BY_DIGEST, asked)}
    named -= set(uow.session.scalars(select(SourceLink.source_id).where(column == thing_id)))
    if named:
        rows = [_row(uow, case, source_id, thing, "", mentioned=True) for source_id in named]
        uow.session.execute(insert(SourceLink), rows)


def _row(
    uow: UnitOfWork,
    case: OpenCase,
    source_id: UUID,
    thing: Thing,
    passage: str,
    *,
    mentioned: bool,
) -> dict[str, Any]:
    link_id = uuid4()
    return {
        "id": link_id,
        "source_id": source_id,
        "note_id": thing.note_id,
        "item_id": thing.item_id,
        "mentioned": mentioned,
        "author_id": uow.actor_id,
        "at": uow.now,
        "generation": case.generation,
        "record": case.newest.seal(
            passage.encode(), "source_link", link_id, _place(source_id, thing)
        ),
    }


def _place(source_id: UUID, thing: Thing) -> str:
    """Bind the words to their source and to what they stand in."""
    where = thing.note_id or thing.item_id
    return f"passage of {source_id.hex} in {where.hex if where else ''}"


def add(uow: UnitOfWork, case: OpenCase, source: Source, code: str, passage: str) -> None:
    """Link a note (N-3) or evidence (E-12) of this case, with the source's words in it if there are any.

    Raises InvalidError when there is no such thing, ConflictError when it is linked by hand already.
    """
    opening.touch(uow, case, source, Permission.SOURCE_EDIT)
    thing = _thing(uow.session, case, code)
    column, thing_id = (
        (SourceLink.note_id, thing.note_id)
        if thing.note_id
        else (SourceLink.item_id, thing.item_id)
    )
    there = uow.session.scalar(
        select(SourceLink).where(SourceLink.source_id == source.id, column == thing_id)
    )
    if there is not None and not there.mentioned:
        msg = "This is linked already. Take the link away first to write down other words."
        raise ConflictError(msg)
    if there is not None:
        uow.session.delete(there)
        uow.session.flush()
    row = _row(uow, case, source.id, thing, passage, mentioned=False)
    uow.session.execute(insert(SourceLink), row)
    audit.record(
        uow,
        "source.linked",
        subject_id=source.id,
        case=case,
        detail={"label": identities.codename(case, source)},
    )


def _thing(session: Session, case: OpenCase, code: str) -> Thing:
    kind, _dash, number = code.strip().strip("[]").upper().partition("-")
    if number.isascii() and number.isdigit() and len(number) < 10:  # noqa: PLR2004
        if kind == "E":
            items = evidence.by_numbers(session, case, [int(number)])
            if items:
                return Thing(item_id=items[0].id)
        if kind == "N":
            note_id = notes.id_of_number(session, case, int(number))
            if note_id is not None:
                return Thing(note_id=note_id)
    msg = "There is no such note or evidence in this case. Write N-3 for note 3, E-12 for evidence 12."
    raise InvalidError(msg)


def remove(uow: UnitOfWork, case: OpenCase, source: Source, link_id: UUID) -> None:
    """Take away a link that somebody made by hand; one by codename goes when the text changes."""
    opening.touch(uow, case, source, Permission.SOURCE_EDIT)
    link = uow.session.scalar(
        select(SourceLink).where(
            SourceLink.source_id == source.id,
            SourceLink.id == link_id,
            SourceLink.mentioned.is_(False),
        )
    )
    if link is None:
        msg = "There is no such link any more."
        raise NotFoundError(msg)
    uow.session.delete(link)
    uow.session.flush()
    audit.record(
        uow,
        "source.unlinked",
        subject_id=source.id,
        case=case,
        detail={"label": identities.codename(case, source)},
    )


def of_source(session: Session, case: OpenCase, source_id: UUID) -> list[LinkView]:
    """Return what is linked to a source; notes in the bin are left out."""
    rows = session.execute(statements.LINKS, {"source_id": source_id}).all()
    found_notes = {
        note.id: note
        for note in notes.get_many(session, case, [row.note_id for row in rows if row.note_id])
        if not note.deleted
    }
    items = evidence.get_many(session, case, [row.item_id for row in rows if row.item_id])
    found_items = {item.id: item for item in evidence.views(session, case, items)}
    return [
        LinkView(
            id=row.id,
            note=found_notes.get(row.note_id),
            item=found_items.get(row.item_id),
            mentioned=row.mentioned,
            passage=passage(case, row),
            at=row.at,
        )
        for row in rows
        if row.note_id in found_notes or row.item_id in found_items
    ]


def givers(session: Session, case: OpenCase, items: Sequence[EvidenceView]) -> dict[UUID, UUID]:
    """Return which source a file came from, as a link or its origin says: both are then one hand."""
    asked = {"item_ids": [item.id for item in items]}
    found = {row.item_id: row.source_id for row in session.execute(statements.GIVEN, asked)}
    named = {item.id: codenames.mentioned(item.obtained_from) for item in items}
    digests = {service.digest(case, name): name for name in set().union(*named.values())}
    if digests:
        sought = {"case_id": case.id, "digests": list(digests)}
        rows = session.execute(statements.BY_DIGEST, sought).all()
        known = {digests[row.codename_digest]: row.id for row in rows}
        for item_id, names in named.items():
            giver = next((known[name] for name in sorted(names) if name in known), None)
            if giver is not None:
                found[item_id] = giver
    return found


def passage(case: OpenCase, row: Any) -> str:
    """Open the source's words that somebody wrote beside a link."""
    try:
        place = _place(row.source_id, Thing(row.note_id, row.item_id))
        return case.key(row.generation).open(row.record, "source_link", row.id, place).decode()
    except DamagedError:
        return DAMAGED_PASSAGE


def of_thing(session: Session, case: OpenCase, thing: Thing, now: datetime) -> list[SourceView]:
    """Return the sources that a note or a piece of evidence comes from or names."""
    wanted = statements.NAMED_IN_NOTE if thing.note_id else statements.NAMED_IN_ITEM
    rows = session.execute(wanted, {"thing_id": thing.note_id or thing.item_id}).all()
    if not rows:
        return []
    found = service.get_many(session, case, [row.source_id for row in rows], now)
    return sorted(found, key=lambda source: source.codename)


class Protected(NamedTuple):
    """A file and the protected source it comes from or names."""

    code: str
    codename: str
    protection: str


def protected(session: Session, case: OpenCase, item_ids: Collection[UUID]) -> list[Protected]:
    """Return which of these files are linked to sources that are to stay unknown, by number."""
    watched = {
        source.id: source
        for source in service.choices(session, case)
        if source.protection != "on_record"
    }
    if not watched or not item_ids:
        return []
    rows = session.execute(statements.ITEMS_OF, {"source_ids": list(watched)}).all()
    return [
        Protected(
            f"E-{row.number}", watched[row.source_id].codename, watched[row.source_id].protection
        )
        for row in rows
        if row.item_id in item_ids
    ]
