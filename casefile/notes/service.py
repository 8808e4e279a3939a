"""Notes: written, versioned, cited; nothing is ever overwritten."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import delete, func, insert, select

from casefile import audit
from casefile.accounts import service as accounts
from casefile.cases import service as cases
from casefile.cases.models import Case
from casefile.errors import ConflictError, DamagedError, NotFoundError
from casefile.evidence import service as evidence
from casefile.evidence.models import Citation
from casefile.index import Document
from casefile.notes import statements
from casefile.notes.models import Note, NoteVersion
from casefile.policy import Permission

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.uow import UnitOfWork

CITED = re.compile(r"\[E-(\d{1,9})\]")
INLINE_MARKUP = re.compile(r"\]\([^)]*\)|[*`\[\]]+")
BLOCK_MARKUP = re.compile(r"[_#>|]+|-{3,}|:-+:?")
SIGNS = ("*", "_", "`", "#", ">", "|", "[", "]", "---", ":-")
EXCERPT, BEGINNING = 180, 260
DAMAGED_TITLE = "[damaged note]"
MOST_TAGS = 20


@dataclass(frozen=True, slots=True)
class Text:
    """What a person writes: a title, a body in Markdown and tags."""

    title: str
    body: str
    tags: tuple[str, ...] = ()


class NoteView(NamedTuple):
    """A note with one of its versions opened."""

    id: UUID
    case_id: UUID
    number: int
    title: str
    body: str
    tags: tuple[str, ...]
    author_id: UUID
    author_name: str
    created_at: datetime
    changed_at: datetime
    changed_by_name: str
    version: int
    deleted: bool
    url: str

    @property
    def excerpt(self) -> str:
        start = " ".join(plain(self.body[:BEGINNING]).split())
        return start if len(start) <= EXCERPT else start[:EXCERPT].rsplit(" ", 1)[0] + "…"


def plain(text: str) -> str:
    """Return Markdown without its signs, for where only a piece of it is shown."""
    # Most of what people write has none, and a list shows the beginnings of fifty notes.
    if not any(map(text.__contains__, SIGNS)):
        return text
    return BLOCK_MARKUP.sub(" ", INLINE_MARKUP.sub("", text))


class NoteChangedError(ConflictError):
    """The note has a newer version than the one that was edited. Nothing was overwritten."""

    def __init__(self, theirs: NoteView) -> None:
        super().__init__("Somebody saved a newer version of this note.")
        self.theirs = theirs


def read_tags(text: str | None) -> tuple[str, ...]:
    """Return the tags in a line of words parted by commas, each once, without a leading #."""
    words = (" ".join(word.split()).lstrip("#")[:60] for word in (text or "").split(","))
    return tuple(dict.fromkeys(word for word in words if word))[:MOST_TAGS]


def _seal(case: OpenCase, note_id: UUID, version: int, text: Text) -> bytes:
    plain = json.dumps([text.title, text.body, list(text.tags)], ensure_ascii=False).encode()
    return case.newest.seal(plain, "note_version", note_id, "record", version)


def _write_version(
    uow: UnitOfWork, case: OpenCase, note_id: UUID, version: int, text: Text
) -> None:
    uow.session.execute(
        insert(NoteVersion),
        {
            "note_id": note_id,
            "version": version,
            "author_id": uow.actor_id,
            "at": uow.now,
            "generation": case.generation,
            "record": _seal(case, note_id, version, text),
        },
    )


def _cite(uow: UnitOfWork, case: OpenCase, note_id: UUID, body: str) -> None:
    cited = evidence.by_numbers(uow.session, case, {int(number) for number in CITED.findall(body)})
    uow.session.execute(delete(Citation).where(Citation.note_id == note_id))
    if cited:
        uow.session.execute(
            insert(Citation), [{"note_id": note_id, "item_id": item.id} for item in cited]
        )
    for follow in uow.resources.text_followers:
        follow(uow, case, "note", note_id, body)


def add(uow: UnitOfWork, case: OpenCase, text: Text) -> UUID:
    """Write a new note and return its id."""
    change = cases.hold(uow, case, Permission.NOTE_ADD, note_count=1, note_last_number=1)
    number = uow.session.scalar(select(Case.note_last_number).where(Case.id == case.id))
    note_id = uuid4()
    uow.session.execute(
        insert(Note),
        {
            "id": note_id,
            "case_id": case.id,
            "number": number,
            "author_id": uow.actor_id,
            "created_at": uow.now,
            "changed_at": uow.now,
            "version": 1,
            "change_number": change,
            "deleted_at": None,
        },
    )
    _write_version(uow, case, note_id, 1, text)
    _cite(uow, case, note_id, text.body)
    audit.record(uow, "note.added", subject_id=note_id, case=case, detail={"label": text.title})
    return note_id


def save(uow: UnitOfWork, case: OpenCase, note_id: UUID, text: Text, base: int) -> None:
    """Save a new version over version `base`.

    Raises NoteChangedError, with the newer version in it, when `base` is not the latest.
    """
    change = cases.hold(uow, case, Permission.NOTE_EDIT)
    note = _get(uow.session, case, note_id)
    if note.deleted_at is not None:
        msg = "This note is in the bin. Restore it first; what you wrote was not saved."
        raise ConflictError(msg)
    if note.version != base:
        raise NoteChangedError(get(uow.session, case, note_id))
    note.version, note.changed_at, note.change_number = base + 1, uow.now, change
    uow.session.flush()
    _write_version(uow, case, note_id, note.version, text)
    _cite(uow, case, note_id, text.body)
    audit.record(
        uow,
        "note.edited",
        subject_id=note_id,
        case=case,
        detail={"label": text.title, "version": note.version},
    )


def put_away(uow: UnitOfWork, case: OpenCase, note_id: UUID, *, deleted: bool) -> None:
    """Move a note into the bin or back. Its versions stay either way."""
    note = _get(uow.session, case, note_id)
    if (note.deleted_at is not None) == deleted:
        return
    note.change_number = cases.hold(
        uow, case, Permission.NOTE_DELETE, note_count=-1 if deleted else 1
    )
    note.deleted_at = uow.now if deleted else None
    uow.session.flush()
    audit.record(
        uow,
        "note.deleted" if deleted else "note.restored",
        subject_id=note_id,
        case=case,
        detail={"label": get(uow.session, case, note_id).title},
    )


def _get(session: Session, case: OpenCase, note_id: UUID) -> Note:
    note = session.scalar(select(Note).where(Note.case_id == case.id, Note.id == note_id))
    if note is None:
        msg = "There is no such note in this case."
        raise NotFoundError(msg)
    return note


def _open(
    case: OpenCase, note_id: UUID, version: int, generation: int, record: bytes
) -> tuple[str, str, list[str]]:
    try:
        plain = case.key(generation).open(record, "note_version", note_id, "record", version)
    except DamagedError:
        return DAMAGED_TITLE, "", []
    title, body, tags = json.loads(plain.decode())
    return title, body, tags


def _views(
    session: Session, case: OpenCase, wanted: Select[*tuple[Any, ...]], **asked: object
) -> list[NoteView]:
    rows = session.execute(wanted, {"case_id": case.id, **asked}).all()
    people = {row.author_id for row in rows} | {row.changed_by_id for row in rows}
    names = accounts.names(session, people)
    place = f"/cases/{case.id}/notes/"
    views = []
    for (
        note_id, number, author_id, created_at, deleted_at, _change, version, changed_by_id, at,
        generation, record,
    ) in rows:  # fmt: skip
        title, body, tags = _open(case, note_id, version, generation, record)
        views.append(
            NoteView(
                id=note_id,
                case_id=case.id,
                number=number,
                title=title,
                body=body,
                tags=tuple(tags),
                author_id=author_id,
                author_name=names.get(author_id, ""),
                created_at=created_at,
                changed_at=at,
                changed_by_name=names.get(changed_by_id, ""),
                version=version,
                deleted=deleted_at is not None,
                url=f"{place}{note_id}",
            )
        )
    return views


def get(session: Session, case: OpenCase, note_id: UUID) -> NoteView:
    """Return this note in this case, its latest version opened; NotFoundError when there is none."""
    found = _views(session, case, statements.ONE, note_id=note_id)
    if not found:
        msg = "There is no such note in this case."
        raise NotFoundError(msg)
    return found[0]


def id_of_number(session: Session, case: OpenCase, number: int) -> UUID | None:
    """Return the note of this case with this number, unless it lies in the bin."""
    return session.scalar(
        select(Note.id).where(
            Note.case_id == case.id, Note.number == number, Note.deleted_at.is_(None)
        )
    )


def get_many(session: Session, case: OpenCase, note_ids: Iterable[UUID]) -> list[NoteView]:
    return _views(session, case, statements.MANY, note_ids=list(set(note_ids)))


def latest(session: Session, case: OpenCase, limit: int) -> list[NoteView]:
    return listed(session, case, limit=limit)[0]


def listed(
    session: Session,
    case: OpenCase,
    *,
    sort: str = "changed",
    author_id: UUID | None = None,
    text: str = "",
    deleted: bool = False,
    offset: int = 0,
    limit: int = 50,
) -> tuple[list[NoteView], int | None]:
    """Return one page of the notes of a case; the total too where a filter made it unknown."""
    known = sort if sort in statements.ORDERS else "changed"
    listing = functools.partial(
        statements.listing, known, deleted=deleted, of_author=author_id is not None
    )
    if text or sort == "title":
        sought = text.casefold()
        found = [
            note
            for note in _views(session, case, listing(), author_id=author_id)
            if sought in f"{note.title} {note.body}".casefold()
        ]
        if sort == "title":
            found.sort(key=lambda note: note.title.casefold())
        return found[offset : offset + limit], len(found)
    total = None
    if author_id is not None or deleted:
        counted = listing().order_by(None).with_only_columns(func.count())
        total = session.scalar(counted, {"case_id": case.id, "author_id": author_id})
    page = {"author_id": author_id, "offset": offset, "limit": limit}
    return _views(session, case, listing(paged=True), **page), total


def authors(session: Session, case: OpenCase) -> list[tuple[UUID, str]]:
    """Return who wrote notes on this case, by name."""
    rows = session.execute(statements.AUTHORS, {"case_id": case.id})
    found = {row.id: row.name for row in rows}
    accounts.known_names(session).update(found)
    return sorted(found.items(), key=lambda pair: pair[1])


@dataclass(frozen=True, slots=True)
class VersionView:
    """What a note said at one time."""

    version: int
    author_name: str
    at: datetime
    title: str
    body: str
    tags: tuple[str, ...]


def versions(session: Session, case: OpenCase, note_id: UUID) -> list[VersionView]:
    """Return every version of a note, newest first."""
    found = _views(session, case, statements.HISTORY, note_id=note_id)
    if not found:
        msg = "There is no such note in this case."
        raise NotFoundError(msg)
    return [
        VersionView(
            view.version, view.changed_by_name, view.changed_at, view.title, view.body, view.tags
        )
        for view in found
    ]


def citing(session: Session, case: OpenCase, item_id: UUID) -> list[NoteView]:
    """Return the notes that cite a piece of evidence."""
    return _views(session, case, statements.CITING, item_id=item_id)


def documents(session: Session, case: OpenCase, since: int, until: int) -> Iterator[Document]:
    """Yield what search is to know of notes changed after `since`, up to `until`."""
    asked = {"case_id": case.id, "since": since, "until": until}
    rows = session.execute(statements.CHANGED, asked).all()
    names = accounts.names(session, {row.author_id for row in rows})
    for row in rows:
        title, body, tags = _open(case, row.id, row.version, row.generation, row.record)
        yield Document(
            id=row.id,
            kind="note",
            title=title,
            text=body,
            author_id=row.author_id,
            author=names.get(row.author_id, ""),
            created_at=row.created_at,
            tags=tuple(tags),
            change=row.change_number,
            deleted=row.deleted_at is not None,
        )


def with_citations(body: str, numbers: Sequence[int]) -> str:
    """Return the text with a line citing this evidence, unless it cites it already."""
    present = {int(number) for number in CITED.findall(body)}
    missing = [f"[E-{number}]" for number in numbers if number not in present]
    return f"{body.rstrip()}\n\n{' '.join(missing)}".strip() if missing else body
