"""Who a source is and when one met them: sealed with the source's own key, for its handlers only."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import select

from casefile import audit
from casefile.accounts import service as accounts
from casefile.cases import service as cases
from casefile.errors import ConflictError, NotFoundError
from casefile.notices import service as notices
from casefile.policy import Permission
from casefile.sources import opening, roster, statements, witness
from casefile.sources.models import SourceContact, SourceIdentity

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from casefile import keys
    from casefile.cases.access import OpenCase
    from casefile.sources.models import Source
    from casefile.sources.opening import Holder, OpenSource
    from casefile.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a source is."""

    name: str = ""
    contacts: str = ""
    circumstances: str = ""


@dataclass(frozen=True, slots=True)
class IdentityVersion:
    """An identity as somebody wrote it down once."""

    number: int
    author_name: str
    at: datetime
    identity: Identity


@dataclass(frozen=True, slots=True)
class Contact:
    """A meeting, call or message: when, how, where and what came of it."""

    met_on: str = ""
    how: str = ""
    where: str = ""
    summary: str = ""


@dataclass(frozen=True, slots=True)
class ContactView:
    id: UUID
    author_name: str
    at: datetime
    contact: Contact
    corrects_id: UUID | None
    corrected: bool

    @property
    def met_on(self) -> date:
        return date.fromisoformat(self.contact.met_on)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a handler sees after asking for it, and how many entries and versions were taken out."""

    versions: Sequence[IdentityVersion]
    contacts: Sequence[ContactView]
    lost: int

    @property
    def latest(self) -> IdentityVersion:
        return self.versions[0]


class IdentityChangedError(ConflictError):
    """Another handler wrote a newer version. Nothing was overwritten."""

    def __init__(self, theirs: IdentityVersion) -> None:
        super().__init__("Another handler saved a newer version of this identity.")
        self.theirs = theirs


def write_version(uow: UnitOfWork, source: Source, key: keys.SourceKey, identity: Identity) -> None:
    """Seal the next version of an identity; the part of a change that leaves an entry."""
    source.identity_version += 1
    source.sealed_change += 1
    source.changed_at = uow.now
    plain = json.dumps(asdict(identity), ensure_ascii=False).encode()
    uow.session.add(
        SourceIdentity(
            source_id=source.id,
            version=source.identity_version,
            author_id=uow.actor_id,
            at=uow.now,
            generation=key.generation,
            record=key.seal(plain, "source_identity", source.id, "record", source.identity_version),
        )
    )
    uow.session.flush()


def save(
    uow: UnitOfWork,
    case: OpenCase,
    source: Source,
    opened: OpenSource,
    identity: Identity,
    base: int,
) -> None:
    """Save a new version over version `base`; IdentityChangedError when `base` is not the latest."""
    cases.hold(uow, case, Permission.SOURCE_HANDLE)
    if source.identity_version != base:
        raise IdentityChangedError(versions(uow.session, source, opened)[0])
    write_version(uow, source, opened.newest, identity)
    audit.record(
        uow,
        "source.identity_edited",
        subject_id=source.id,
        case=case,
        detail={"label": codename(case, source), "version": source.identity_version},
    )


def versions(session: Session, source: Source, opened: OpenSource) -> list[IdentityVersion]:
    """Return every version of an identity, newest first; DamagedError when one was changed."""
    rows = session.execute(statements.IDENTITIES, {"source_id": source.id}).all()
    names = accounts.names(session, {row.author_id for row in rows})
    return [
        IdentityVersion(
            number=row.version,
            author_name=names.get(row.author_id, ""),
            at=row.at,
            identity=Identity(
                **json.loads(
                    opened.key(row.generation).open(
                        row.record, "source_identity", source.id, "record", row.version
                    )
                )
            ),
        )
        for row in rows
    ]


def latest(session: Session, source: Source, opened: OpenSource) -> Identity:
    """Return the newest version; DamagedError when it is gone or an older one stands in its place."""
    found = versions(session, source, opened)
    newest = witness.of(session, source.id).identities
    if not found or not found[0].number == source.identity_version == newest:
        raise opening.tampered()
    return found[0].identity


def contacts(session: Session, source: Source, opened: OpenSource) -> list[ContactView]:
    """Return the contact log, newest first."""
    rows = session.execute(statements.CONTACTS, {"source_id": source.id}).all()
    names = accounts.names(session, {row.author_id for row in rows})
    corrected = {row.corrects_id for row in rows if row.corrects_id}
    return [
        ContactView(
            id=row.id,
            author_name=names.get(row.author_id, ""),
            at=row.at,
            contact=_open_contact(opened, row),
            corrects_id=row.corrects_id,
            corrected=row.id in corrected,
        )
        for row in reversed(rows)
    ]


def _open_contact(opened: OpenSource, row: Any) -> Contact:
    plain = opened.key(row.generation).open(row.record, "source_contact", row.id, "record")
    return Contact(**json.loads(plain))


def show(uow: UnitOfWork, case: OpenCase, source: Source, holder: Holder, *, listed: bool) -> Shown:
    """Open identity and contact log for a handler; the look stands in the trail before it is seen."""
    opened = opening.open_source(uow.session, case, holder, source, listed=listed)
    latest(uow.session, source, opened)
    log, seen = contacts(uow.session, source, opened), witness.of(uow.session, source.id)
    told = versions(uow.session, source, opened)
    lost = max(0, seen.contacts - len(log)) + max(0, seen.identities - len(told))
    found = Shown(told, log, lost)
    record_look(uow, case, source)
    return found


def record_look(uow: UnitOfWork, case: OpenCase, source: Source) -> None:
    """Put a look on record and tell the other handlers; not even its codename stands in the notice."""
    thing = notices.Thing(case.codename, f"/cases/{case.id}/sources/{source.id}", case.id)
    others = [one.user_id for one in roster.of(uow.session, source.id, uow.now) if one.able]
    notices.tell(uow, others, "source.looked", thing)
    audit.record(
        uow,
        "source.identity_opened",
        subject_id=source.id,
        case=case,
        detail={"label": codename(case, source)},
    )


def log_contact(
    uow: UnitOfWork,
    case: OpenCase,
    source: Source,
    opened: OpenSource,
    contact: Contact,
    corrects_id: UUID | None = None,
) -> None:
    """Add to the contact log. Nothing in it is changed: a correction stands beside what it corrects."""
    cases.hold(uow, case, Permission.SOURCE_HANDLE)
    if corrects_id is not None:
        _get_contact(uow.session, source, corrects_id)
    contact_id = uuid4()
    plain = json.dumps(asdict(contact), ensure_ascii=False).encode()
    uow.session.add(
        SourceContact(
            id=contact_id,
            source_id=source.id,
            author_id=uow.actor_id,
            at=uow.now,
            corrects_id=corrects_id,
            generation=opened.generation,
            record=opened.newest.seal(plain, "source_contact", contact_id, "record"),
        )
    )
    source.sealed_change += 1
    source.changed_at = uow.now
    uow.session.flush()
    audit.record(
        uow,
        "source.contact_logged",
        subject_id=source.id,
        case=case,
        detail={"label": codename(case, source)},
    )


def _get_contact(session: Session, source: Source, contact_id: UUID) -> SourceContact:
    found = session.scalar(
        select(SourceContact).where(
            SourceContact.source_id == source.id, SourceContact.id == contact_id
        )
    )
    if found is None:
        msg = "There is no such entry in the contact log of this source."
        raise NotFoundError(msg)
    return found


def codename(case: OpenCase, source: Source) -> str:
    """Open the codename of a source with the key of its case."""
    plain = case.key(source.generation).open(
        source.record, "source", source.id, "record", source.version
    )
    return str(json.loads(plain)["codename"])
