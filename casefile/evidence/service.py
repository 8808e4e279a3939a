"""Evidence: files put on record, what they show, and where each came from."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from casefile import audit, keys, sandbox, vault
from casefile.accounts import service as accounts
from casefile.cases import service as cases
from casefile.cases.models import Case
from casefile.errors import DamagedError, NotFoundError
from casefile.evidence import statements
from casefile.evidence.models import Item
from casefile.policy import Permission

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Row, Select
    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.uow import UnitOfWork
    from casefile.vault import SealedUpload, Vault

LONGEST_NAME = 255
ONE_LOOK = timedelta(minutes=10)
DAMAGED_NAME = "[damaged record]"


@dataclass(frozen=True, slots=True)
class Origin:
    """What a reporter says of a file: what it shows, when, where and how it was obtained."""

    shows: str = ""
    obtained_at: str = ""
    obtained_from: str = ""
    obtained_how: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """A piece of evidence with its record opened."""

    id: UUID
    case_id: UUID
    number: int
    version: int
    name: str
    media_type: str
    size: int
    sha256: str
    sha512: str
    shows: str
    obtained_at: date | None
    obtained_from: str
    obtained_how: str
    tags: tuple[str, ...]
    added_by_id: UUID
    added_by_name: str
    added_at: datetime
    state: str
    state_reason: str
    pages: int
    withdrawn: str = ""
    withdrawn_at: str = ""

    @property
    def url(self) -> str:
        return f"/cases/{self.case_id}/evidence/{self.id}"

    @property
    def code(self) -> str:
        return f"E-{self.number}"


def clean_name(name: str | None) -> str:
    """Return a file's name as it is shown: no folder, no invisible characters, at most 255."""
    text = unicodedata.normalize("NFC", name or "").replace("\\", "/").rpartition("/")[2]
    shown = "".join(
        " " if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} else c for c in text
    )
    name = " ".join(shown.split())[:LONGEST_NAME]
    return name if name.strip(". ") else "unnamed"


def add(
    uow: UnitOfWork, case: OpenCase, files: Sequence[tuple[str, SealedUpload]], origin: Origin
) -> list[Item]:
    """Put files on record: each a row, a custody entry and a number in the case."""
    items = []
    for name, upload in files:
        number = cases.hold(
            uow, case, Permission.EVIDENCE_ADD, evidence_count=1, evidence_last_number=1
        )
        record = {
            "name": clean_name(name),
            "media_type": sandbox.media_type(
                upload.head, name, _random_access(uow, case, upload), size=upload.size
            ),
            "size": upload.size,
            "sha256": upload.sha256,
            "sha512": upload.sha512,
            **asdict(origin),
        }
        readable = record["media_type"] in sandbox.EXTRACTABLE and upload.size > 0
        item = Item(
            id=upload.file_id,
            case_id=case.id,
            number=uow.session.scalar(select(Case.evidence_last_number).where(Case.id == case.id)),
            added_by_id=uow.actor_id,
            added_at=uow.now,
            change_number=number,
            generation=case.generation,
            version=1,
            record=_seal(case, upload.file_id, 1, record),
            key_generation=case.generation,
            file_key=case.newest.seal(upload.key, "evidence_item", upload.file_id, "file_key"),
            fingerprint=_fingerprint(case, upload.sha256),
            state="pending" if readable else "none",
        )
        uow.session.add(item)
        uow.session.flush()
        audit.record(
            uow,
            "evidence.added",
            subject_id=item.id,
            case=case,
            detail={"label": record["name"], "sha256": upload.sha256, "size": upload.size},
        )
        _tell(uow, case, item.id, origin)
        items.append(item)
    return items


def _tell(uow: UnitOfWork, case: OpenCase, item_id: UUID, origin: Origin) -> None:
    text = " ".join((origin.shows, origin.obtained_from, origin.obtained_how, *origin.tags))
    for follow in uow.resources.text_followers:
        follow(uow, case, "evidence", item_id, text)


def _random_access(uow: UnitOfWork, case: OpenCase, upload: SealedUpload) -> _Access:
    return _Access(uow.resources.vault, upload.key, case.id, upload.file_id)


@dataclass(frozen=True, slots=True)
class _Access:
    vault: Vault
    key: bytes
    case_id: UUID
    file_id: UUID

    def __call__(self, start: int, stop: int) -> bytes:
        reader = vault.open_sealed(self.vault, self.key, self.case_id, self.file_id)
        start, stop = max(0, start), min(stop, reader.size)
        return b"".join(reader.blocks(start, stop)) if start < stop else b""


def _seal(case: OpenCase, item_id: UUID, version: int, record: dict[str, object]) -> bytes:
    plain = json.dumps(record, ensure_ascii=False).encode()
    return case.newest.seal(plain, "evidence_item", item_id, "record", version)


def _fingerprint(case: OpenCase, sha256: str) -> bytes:
    """Tell equal files within a case apart from others; across cases nothing compares."""
    return keys.authenticate(case.first.derive("same-file"), bytes.fromhex(sha256))


def view(item: Item | Row[*tuple[Any, ...]], case: OpenCase, name: str) -> EvidenceView:
    """Open the record of an item; a damaged one is shown as such and hides nothing else."""
    try:
        record = json.loads(
            case.key(item.generation).open(
                item.record, "evidence_item", item.id, "record", item.version
            )
        )
    except DamagedError:
        record = {
            "name": DAMAGED_NAME,
            "media_type": "application/octet-stream",
            "size": 0,
            "sha256": "",
            "sha512": "",
            **asdict(Origin()),
        }
    return EvidenceView(
        id=item.id,
        case_id=item.case_id,
        number=item.number,
        version=item.version,
        name=record["name"],
        media_type=record["media_type"],
        size=record["size"],
        sha256=record["sha256"],
        sha512=record["sha512"],
        shows=record["shows"],
        obtained_at=_day(record["obtained_at"]),
        obtained_from=record["obtained_from"],
        obtained_how=record["obtained_how"],
        tags=tuple(record["tags"]),
        added_by_id=item.added_by_id,
        added_by_name=name,
        added_at=item.added_at,
        state=item.state,
        state_reason=item.state_reason,
        pages=item.pages,
        withdrawn=record.get("withdrawn", {}).get("reason", ""),
        withdrawn_at=record.get("withdrawn", {}).get("at", ""),
    )


def views(
    session: Session, case: OpenCase, items: Iterable[Item | Row[*tuple[Any, ...]]]
) -> list[EvidenceView]:
    """Open the records of several items."""
    kept = list(items)
    names = accounts.names(session, {item.added_by_id for item in kept})
    return [view(item, case, names.get(item.added_by_id, "")) for item in kept]


def _of(case: OpenCase) -> Select[Item]:
    return select(Item).where(Item.case_id == case.id)


def get(session: Session, case: OpenCase, item_id: UUID) -> Item:
    """Return this piece of evidence in this case; NotFoundError when there is none."""
    item = session.scalar(_of(case).where(Item.id == item_id))
    if item is None:
        msg = "There is no such evidence in this case."
        raise NotFoundError(msg)
    return item


def latest(session: Session, case: OpenCase, limit: int) -> list[EvidenceView]:
    return listed(session, case, limit=limit)[0]


def listed(
    session: Session,
    case: OpenCase,
    *,
    sort: str = "newest",
    text: str = "",
    kind: str = "",
    offset: int = 0,
    limit: int = 50,
) -> tuple[list[EvidenceView], int]:
    """Return one page of the evidence of a case, and how many there are."""
    known = sort if sort in statements.ORDERS else "newest"
    asked: dict[str, object] = {"case_id": case.id}
    if text or kind or sort == "name":
        sought = text.casefold()
        found = [
            item
            for item in views(session, case, session.execute(statements.listing(known), asked))
            if (sought in f"{item.code} {item.name} {item.shows}".casefold())
            and item.media_type.startswith(kind)
        ]
        if sort == "name":
            found.sort(key=lambda item: item.name.casefold())
        return found[offset : offset + limit], len(found)
    page = {**asked, "offset": offset, "limit": limit}
    items = session.execute(statements.listing(known, paged=True), page)
    return views(session, case, items), case.evidence_count


def get_many(session: Session, case: OpenCase, item_ids: Iterable[UUID]) -> list[Item]:
    """Return those of these that are evidence of this case."""
    return list(session.scalars(_of(case).where(Item.id.in_(set(item_ids)))))


def unreadable(
    session: Session, cases: Mapping[UUID, OpenCase], user_id: UUID, limit: int
) -> list[EvidenceView]:
    """Return the newest files of a person out of which no text could be read, in these cases."""
    asked = {"case_ids": list(cases), "user_id": user_id, "limit": limit}
    rows = session.execute(statements.UNREADABLE, asked).all()
    name = accounts.names(session, [user_id]).get(user_id, "") if rows else ""
    return [view(row, cases[row.case_id], name) for row in rows]


def same_files(session: Session, case: OpenCase, item: Item) -> list[EvidenceView]:
    """Return the other evidence of this case with exactly the same content."""
    asked = {"case_id": case.id, "fingerprint": item.fingerprint, "item_id": item.id}
    return views(session, case, session.execute(statements.SAME, asked))


def by_numbers(session: Session, case: OpenCase, numbers: Iterable[int]) -> list[Item]:
    """Return the evidence of this case with these numbers, in their order."""
    wanted = set(numbers)
    if not wanted:
        return []
    return list(session.scalars(_of(case).where(Item.number.in_(wanted)).order_by(Item.number)))


def cited_by(session: Session, case: OpenCase, note_id: UUID) -> list[EvidenceView]:
    """Return the evidence a note cites."""
    asked = {"case_id": case.id, "note_id": note_id}
    return views(session, case, session.execute(statements.CITED_BY, asked))


def describe(uow: UnitOfWork, case: OpenCase, item_id: UUID, origin: Origin, version: int) -> bool:
    """Change what is said of a file; the file itself never changes.

    Returns False, changing nothing, when somebody else changed it since `version`.
    """
    number = cases.hold(uow, case, Permission.EVIDENCE_EDIT)
    item = get(uow.session, case, item_id)
    if item.version != version:
        uow.session.rollback()
        return False
    opened = json.loads(
        case.key(item.generation).open(
            item.record, "evidence_item", item.id, "record", item.version
        )
    )
    before = {name: opened[name] for name in asdict(Origin())}
    item.version, item.generation, item.change_number = version + 1, case.generation, number
    item.record = _seal(case, item.id, item.version, {**opened, **asdict(origin)})
    uow.session.flush()
    _tell(uow, case, item.id, origin)
    audit.record(
        uow,
        "evidence.edited",
        subject_id=item.id,
        case=case,
        detail={"label": opened["name"], "before": before},
    )
    return True


def file_key(case: OpenCase, item: Item) -> bytes:
    """Open the key of a file with the key of its case."""
    return case.key(item.key_generation).open(item.file_key, "evidence_item", item.id, "file_key")


def record_look(
    uow: UnitOfWork, case: OpenCase, item: EvidenceView, action: str, **detail: object
) -> None:
    """Add to the custody of a file that somebody viewed, downloaded or verified it."""
    audit.record(uow, action, subject_id=item.id, case=case, detail={"label": item.name, **detail})


def seen_lately(session: Session, item_id: UUID, user_id: UUID, now: datetime) -> bool:
    """Say whether this person's look at a file is on record for the last minutes already."""
    return (
        session.execute(
            select(audit.Entry.sequence)
            .where(
                audit.Entry.subject_id == item_id,
                audit.Entry.actor_id == user_id,
                audit.Entry.action == "evidence.viewed",
                audit.Entry.at > now - ONE_LOOK,
            )
            .limit(1)
        ).first()
        is not None
    )


def set_lease(session: Session, item_id: UUID, until: datetime) -> None:
    """Keep others from offering this file for a while.

    It is pending again: whoever read it is dead, and the next worker takes only what is pending.
    """
    session.execute(
        update(Item).where(Item.id == item_id).values(state="pending", leased_until=until)
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def safe_type(media_type: str) -> str:
    """Return the type a download is served with: never one a browser would run."""
    active = ("html", "xml", "svg", "javascript", "multipart")
    if any(word in media_type for word in active) or not media_type.isascii():
        return "application/octet-stream"
    return media_type
