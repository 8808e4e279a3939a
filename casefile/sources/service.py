"""Sources: who tells us something, under a codename; what all members of a case may know of them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import select

from casefile import audit, keys
from casefile.accounts import service as accounts
from casefile.cases import seats
from casefile.cases import service as cases
from casefile.errors import ConflictError, DamagedError, ForbiddenError, NotFoundError
from casefile.index import Document
from casefile.policy import Permission
from casefile.sources import (
    agreements,
    codenames,
    identities,
    opening,
    roster,
    statements,
    witness,
)
from casefile.sources.models import Source, SourceHandler

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.sources.identities import Identity
    from casefile.sources.roster import HandlerView
    from casefile.sources.witness import Seen
    from casefile.uow import UnitOfWork

LEVELS = ("on_record", "not_for_attribution", "background", "confidential")
TRIES = 200
DAMAGED_CODENAME = "[damaged record]"
DAMAGED = (
    "What is said of this source cannot be read: its row was damaged. Nothing was saved over it. An "
    "administrator can bring it back from a backup; its identity is kept apart and is not touched."
)
NO_SOURCE = "There is no such source in this case."


@dataclass(frozen=True, slots=True)
class About:
    """What everybody on the case may know of a source."""

    protection: str
    reliability: str = ""
    motive: str = ""
    quotable: str = ""


class Choice(NamedTuple):
    """A source as whoever writes names it."""

    id: UUID
    codename: str
    protection: str
    shredded: bool


@dataclass(frozen=True, slots=True)
class SourceView:
    """A source with its open record; `sound` is false for one put back from an earlier day."""

    id: UUID
    case_id: UUID
    codename: str
    about: About
    version: int
    added_by_id: UUID
    added_by_name: str
    added_at: datetime
    changed_at: datetime
    shredded_at: datetime | None
    shredded_by_name: str
    handlers: Sequence[HandlerView]
    sound: bool = True

    @property
    def url(self) -> str:
        return f"/cases/{self.case_id}/sources/{self.id}"

    @property
    def protection(self) -> str:
        return self.about.protection

    def handled_by(self, user_id: UUID) -> bool:
        return self.shredded_at is None and any(h.user_id == user_id for h in self.handlers)

    @property
    def openable(self) -> bool:
        return any(handler.able for handler in self.handlers)


class SourceChangedError(ConflictError):
    """Somebody saved the record of this source meanwhile. Nothing was overwritten."""

    def __init__(self, theirs: SourceView) -> None:
        super().__init__("Somebody changed what is said of this source.")
        self.theirs = theirs


def digest(case: OpenCase, codename: str) -> bytes:
    """Find a codename within a case; in the database it tells nothing."""
    return keys.authenticate(case.first.derive("source-codename"), codename.encode())


def _free_codename(session: Session, case: OpenCase) -> str:
    for number in range(TRIES):
        name = codenames.make() + (f"-{number}" if number > TRIES // 2 else "")
        taken = session.scalar(
            select(Source.id).where(
                Source.case_id == case.id, Source.codename_digest == digest(case, name)
            )
        )
        if taken is None:
            return name
    msg = "No free codename was found. Try again."
    raise ConflictError(msg)


def seal_record(case: OpenCase, source: Source, codename: str, about: About) -> None:
    """Seal the open record under the newest key of the case."""
    plain = json.dumps({"codename": codename, **asdict(about)}, ensure_ascii=False).encode()
    source.generation = case.generation
    source.record = case.newest.seal(plain, "source", source.id, "record", source.version)


def add(uow: UnitOfWork, case: OpenCase, about: About, identity: Identity) -> UUID:
    """Put a source on the case under a codename nobody chose; who adds it is the first handler."""
    change = cases.hold(uow, case, Permission.SOURCE_ADD)
    me = opening.holder_of(uow)
    own = next((m for m in seats.members_of(uow, case) if m.user_id == me.user_id), None)
    if own is None or not own.current:
        raise opening.tampered()
    key = keys.SourceKey(uuid4(), 1, keys.random_key())
    codename = _free_codename(uow.session, case)
    source = Source(
        id=key.source_id,
        case_id=case.id,
        added_by_id=me.user_id,
        added_at=uow.now,
        changed_at=uow.now,
        change_number=change,
        codename_digest=digest(case, codename),
        version=1,
        key_generation=1,
        origin=me.bundle.sign(keys.origin_statement(case.id, key)),
        manifest_version=0,
        identity_version=0,
        sealed_change=0,
    )
    seal_record(case, source, codename, about)
    opening.seal_list(source, key, {me.user_id: opening.Named(own.public.fingerprint().hex())}, [])
    uow.session.add(source)
    uow.session.flush()
    uow.session.add(
        SourceHandler(
            source_id=source.id, user_id=me.user_id, added_by_id=me.user_id, added_at=uow.now
        )
    )
    opening.grant(uow, me.user_id, own.public, [key])
    identities.write_version(uow, source, key, identity)
    audit.record(
        uow,
        "source.added",
        subject_id=source.id,
        case=case,
        detail={"label": codename, **opening.witnessed(source, key)},
    )
    return source.id


def save(uow: UnitOfWork, case: OpenCase, source_id: UUID, about: About, base: int) -> None:
    """Change what is said of a source; only its handlers may change how it is protected.

    Raises SourceChangedError, with what stands there now, when that is not version `base`.
    """
    change = cases.hold(uow, case, Permission.SOURCE_EDIT)
    source = row(uow.session, case, source_id)
    opening.refuse_shredded(source)
    before = get(uow.session, case, source_id, uow.now)
    if source.version != base:
        raise SourceChangedError(before)
    detail = {"label": before.codename}
    if about.protection != before.protection:
        _check_handles(uow, case, source, before)
        detail |= {"from": before.protection, "to": about.protection}
    if before.codename == DAMAGED_CODENAME:
        raise DamagedError(DAMAGED)
    source.version = 1 + max(base, witness.of(uow.session, source_id).saved)
    source.changed_at, source.change_number = uow.now, change
    seal_record(case, source, before.codename, about)
    uow.session.flush()
    audit.record(uow, "source.edited", subject_id=source_id, case=case, detail=detail)


def _check_handles(uow: UnitOfWork, case: OpenCase, source: Source, view: SourceView) -> None:
    """Raise ForbiddenError for whoever has no key to this source: a row can be planted, a key cannot."""
    me = opening.holder_of(uow)
    if not view.handled_by(me.user_id):
        msg = "Only this source's handlers may change how it is protected. Nothing was saved."
        raise ForbiddenError(msg)
    opening.open_source(uow.session, case, me, source, listed=True)


def row(session: Session, case: OpenCase, source_id: UUID) -> Source:
    """Return the row of this source in this case; NotFoundError when there is none."""
    found = session.scalar(select(Source).where(Source.case_id == case.id, Source.id == source_id))
    if found is None:
        raise NotFoundError(NO_SOURCE)
    return found


def _open(case: OpenCase, found: Any, seen: Seen) -> tuple[str, About]:
    """Open a record. One that the trail knows a later version of counts as confidential."""
    try:
        told = json.loads(
            case.key(found.generation).open(
                found.record, "source", found.id, "record", found.version
            )
        )
    except DamagedError:
        return DAMAGED_CODENAME, About("confidential")
    codename, about = told.pop("codename"), About(**told)
    return codename, about if found.version == seen.saved else replace(about, protection=LEVELS[-1])


def _views(
    session: Session, case: OpenCase, rows: Sequence[Any], now: datetime
) -> list[SourceView]:
    handlers = roster.of_sources(session, [found.id for found in rows], now)
    people = {found.added_by_id for found in rows} | {
        found.shredded_by_id for found in rows if found.shredded_by_id
    }
    names = accounts.names(session, people)
    seen = witness.of_sources(session, [found.id for found in rows])
    views = []
    for found in rows:
        codename, about = _open(case, found, seen[found.id])
        views.append(
            SourceView(
                id=found.id,
                case_id=case.id,
                codename=codename,
                about=about,
                version=found.version,
                added_by_id=found.added_by_id,
                added_by_name=names.get(found.added_by_id, ""),
                added_at=found.added_at,
                changed_at=found.changed_at,
                shredded_at=found.shredded_at,
                shredded_by_name=names.get(found.shredded_by_id, ""),
                handlers=handlers[found.id],
                sound=found.version == seen[found.id].saved,
            )
        )
    return views


def get(session: Session, case: OpenCase, source_id: UUID, now: datetime) -> SourceView:
    """Return this source in this case; NotFoundError when there is none."""
    found = get_many(session, case, [source_id], now)
    if not found:
        raise NotFoundError(NO_SOURCE)
    return found[0]


def get_many(
    session: Session, case: OpenCase, source_ids: Iterable[UUID], now: datetime
) -> list[SourceView]:
    asked = {"case_id": case.id, "source_ids": list(set(source_ids))}
    return _views(session, case, session.execute(statements.MANY, asked).all(), now)


SORTS = {
    "changed": lambda source: -source.changed_at.timestamp(),
    "codename": lambda source: source.codename,
    "newest": lambda source: -source.added_at.timestamp(),
    "protection": lambda source: -LEVELS.index(source.protection),
}


def listed(
    session: Session,
    case: OpenCase,
    now: datetime,
    *,
    sort: str = "changed",
    text: str = "",
    protection: str = "",
    handler_id: UUID | None = None,
) -> list[SourceView]:
    """Return the sources of a case that fit. All of it is sealed, so all of it is opened."""
    rows = session.execute(statements.ALL, {"case_id": case.id}).all()
    sought = text.casefold()
    found = [
        source
        for source in _views(session, case, rows, now)
        if (not protection or source.protection == protection)
        and (handler_id is None or source.handled_by(handler_id))
        and sought in f"{source.codename} {' '.join(asdict(source.about).values())}".casefold()
    ]
    found.sort(key=lambda source: source.codename)
    found.sort(key=SORTS.get(sort, SORTS["changed"]))
    return found


def choices(session: Session, case: OpenCase) -> list[Choice]:
    """Return the sources of a case by codename, for whatever is to be backed by one."""
    rows = session.execute(statements.ALL, {"case_id": case.id}).all()
    seen = witness.of_sources(session, [source.id for source in rows])
    found = [_choice(case, source, seen[source.id]) for source in rows]
    return sorted(found, key=lambda choice: choice.codename)


def _choice(case: OpenCase, found: Any, seen: Seen) -> Choice:
    codename, about = _open(case, found, seen)
    return Choice(found.id, codename, about.protection, found.shredded_at is not None)


def standing(session: Session, case: OpenCase, source_id: UUID) -> Choice:
    """Return codename, protection level and whether it was shredded; NotFoundError if there is none."""
    return _choice(case, row(session, case, source_id), witness.of(session, source_id))


def documents(session: Session, case: OpenCase, since: int, until: int) -> Iterator[Document]:
    """Yield what search is to know of sources changed after `since`, up to `until`.

    What their handlers alone may read has shards of its own.
    """
    asked = {"case_id": case.id, "since": since, "until": until}
    rows = session.execute(statements.CHANGED, asked).all()
    names = accounts.names(session, {found.added_by_id for found in rows})
    ids = [found.id for found in rows]
    promised, seen = agreements.texts(session, case, ids), witness.of_sources(session, ids)
    for found in rows:
        codename, about = _open(case, found, seen[found.id])
        parts = (about.reliability, about.motive, about.quotable, *promised.get(found.id, ()))
        yield Document(
            id=found.id,
            kind="source",
            title=codename,
            text="\n".join(part for part in parts if part),
            author_id=found.added_by_id,
            author=names.get(found.added_by_id, ""),
            created_at=found.added_at,
            tags=(),
            change=found.change_number,
        )
