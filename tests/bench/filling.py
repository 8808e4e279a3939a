"""Many notes quickly: the rows that writing each of them by hand would have left, in bulk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select, update

from casefile import audit
from casefile.audit import chain, tree
from casefile.audit.merkle import Growing, leaf_hash
from casefile.audit.models import TreeNode
from casefile.cases.models import Case
from casefile.notes import service as notes
from casefile.notes.models import Note, NoteVersion
from casefile.uow import UnitOfWork
from tests.bench.corpus import Corpus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from casefile.cases.access import OpenCase
    from casefile.uow import Resources
    from tests.bench.newsroom import Colleague, Newsroom


@dataclass(frozen=True, slots=True)
class Filled:
    """The cases that were made: `seated` those the second person works on, first ones first."""

    seated: list[UUID]
    others: list[UUID]


def fill(
    room: Newsroom,
    resources: Resources,
    *,
    count: int,
    cases: int,
    seated: int,
    indexed: bool = True,
) -> Filled:
    """Make cases led by the founder, some with a seat for the second person, holding `count` notes.

    The shards of the seated ones are built; the others' are when their members come. The others
    say what the seated ones say: sealed, nobody can tell.
    """
    founder, reporter = room.people[:2]
    corpus = Corpus(count, cases)
    texts: list[list[notes.Text]] = []
    made = Filled([], [])
    for number in range(cases):
        mine = number < seated
        case_id = room.new_case(resources, [founder, reporter] if mine else [founder])
        (made.seated if mine else made.others).append(case_id)
        if mine:
            said = corpus.notes(number)
            texts.append([notes.Text(note.title, note.text, note.tags) for note in said])
        case = room.open_case(resources, case_id, founder)
        add_notes(resources, case, founder, texts[number % seated][: corpus.sizes[number]])
        if mine and indexed:
            room.index(resources, case_id, reporter)
    return made


def add_notes(
    resources: Resources, case: OpenCase, author: Colleague, texts: Iterable[notes.Text]
) -> None:
    """Write these notes with version, audit entry and counts in one change."""
    with UnitOfWork(resources, author.id, author.bundle) as uow:
        last = uow.session.execute(
            select(audit.Entry.sequence, audit.Entry.hash)
            .order_by(audit.Entry.sequence.desc())
            .limit(1)
        ).first()
        sequence, previous = last or (0, chain.FIRST)
        grown = Growing(sequence, tree.hashes_of(uow.session))
        number = uow.session.scalar(select(func.max(Note.number)).where(Note.case_id == case.id))
        number = first = number or 0
        kinds = (Note, NoteVersion, audit.Entry, TreeNode)
        rows: dict[type[Any], list[dict[str, Any]]] = {kind: [] for kind in kinds}
        for text in texts:
            number, sequence, note_id = number + 1, sequence + 1, uuid4()
            change = case.change_number + number - first
            rows[Note].append(_note(uow, case, note_id, number, change))
            rows[NoteVersion].append(_version(uow, case, note_id, text))
            entry = _entry(uow, case, note_id, text, sequence, previous)
            rows[audit.Entry].append(entry)
            previous = entry["hash"]
            for level, position, hashed in grown.add(leaf_hash(previous)):
                rows[TreeNode].append({"level": level, "position": position, "hash": hashed})
        if number == first:
            return
        for table, values in rows.items():
            if values:
                uow.session.execute(insert(table), values)
        added = number - first
        uow.session.execute(
            update(Case)
            .where(Case.id == case.id)
            .values(
                note_count=Case.note_count + added,
                note_last_number=number,
                change_number=Case.change_number + added,
                changed_at=uow.now,
            )
        )


def _note(
    uow: UnitOfWork, case: OpenCase, note_id: UUID, number: int, change: int
) -> dict[str, Any]:
    return {
        "id": note_id,
        "case_id": case.id,
        "number": number,
        "author_id": uow.actor_id,
        "created_at": uow.now,
        "changed_at": uow.now,
        "version": 1,
        "change_number": change,
        "deleted_at": None,
    }


def _version(uow: UnitOfWork, case: OpenCase, note_id: UUID, text: notes.Text) -> dict[str, Any]:
    return {
        "note_id": note_id,
        "version": 1,
        "author_id": uow.actor_id,
        "at": uow.now,
        "generation": case.generation,
        "record": notes._seal(case, note_id, 1, text),
    }


def _entry(
    uow: UnitOfWork,
    case: OpenCase,
    note_id: UUID,
    text: notes.Text,
    sequence: int,
    previous: bytes,
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "sequence": sequence,
        "at": uow.now,
        "actor_id": uow.actor_id,
        "action": "note.added",
        "case_id": case.id,
        "subject_id": note_id,
        "generation": case.generation,
        "detail": chain._seal(sequence, case, {"label": text.title}),
        "previous_hash": previous,
    }
    return {**row, "hash": audit.entry_hash(**row)}
