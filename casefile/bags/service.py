"""Evidence bags: that one was made, for whom it was meant, and how it ended."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import func, select

from casefile import audit, keys
from casefile.accounts import service as accounts
from casefile.bags import lists
from casefile.bags.models import EvidenceBag
from casefile.cases import service as cases
from casefile.db import table
from casefile.errors import ConflictError, DamagedError
from casefile.evidence import service as evidence
from casefile.policy import Permission
from casefile.stories import dossier

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from casefile.bags.choosing import Plan
    from casefile.cases.access import OpenCase
    from casefile.evidence.service import EvidenceView
    from casefile.uow import UnitOfWork

EXPORTED, SENT, INTERRUPTED = "bag.exported", "bag.sent", "bag.interrupted"
LISTED = "evidence.jsonl"
DAMAGED = "[damaged record]"
_BAG, _ENTRY = table(EvidenceBag), table(audit.Entry)
_OF_CASE = select(_BAG).order_by(_BAG.c.number.desc())


@dataclass(frozen=True, slots=True)
class Begun:
    """A bag that is on record and may be sent. `note` is the checkpoint over it, if the trail holds."""

    id: UUID
    number: int
    at: datetime
    sequence: int
    note: str
    evidence: bytes

    @property
    def code(self) -> str:
        return f"B-{self.number}"


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept of a bag, sealed."""

    reason: str
    files: int = 0
    octets: int = 0
    stories: int = 0
    notes: int = 0
    left_out: tuple[str, ...] = ()
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class BagView:
    """A bag in the list. `state` is sent, interrupted or open, as the trail has it."""

    number: int
    made_by_name: str
    made_at: datetime
    told: Record
    state: str
    ended_at: datetime | None
    sha256: str
    size: int
    why: str
    stopped_at: str

    @property
    def code(self) -> str:
        return f"B-{self.number}"


def begin(uow: UnitOfWork, case: OpenCase, plan: Plan, reason: str) -> Begun:
    """Put on record that all this leaves, piece by piece and as a whole, and sign the trail over it.

    The entry of the bag holds the hash of its list of evidence in clear: outsiders can check it.
    """
    cases.hold(uow, case, Permission.CASE_EXPORT)
    last = select(func.max(_BAG.c.number)).where(_BAG.c.case_id == case.id)
    bag_id, number = uuid4(), (uow.session.scalar(last) or 0) + 1
    code = f"B-{number}"
    for item in plan.items:
        evidence.record_look(uow, case, item, "evidence.exported", **{"as": code})
    for story in plan.stories:
        dossier.record(uow, case, story, dossier.EXPORTED, code)
    for note in plan.notes:
        told = {"label": note.title, "as": code}
        audit.record(uow, "note.exported", subject_id=note.id, case=case, detail=told)
    listed = lists.lines(plan.items)
    vouched = {LISTED: keys.digest(listed).hex()}
    sequence = audit.record(uow, EXPORTED, subject_id=bag_id, case_id=case.id, detail=vouched)
    kept = Record(
        reason=reason,
        files=len(plan.items),
        octets=plan.octets,
        stories=len(plan.stories),
        notes=len(plan.notes),
        left_out=tuple(one.code for one in plan.damaged),
        sequence=sequence,
    )
    _keep(uow, case, bag_id, number, kept)
    return Begun(bag_id, number, uow.now, sequence, _signed(uow), listed)


def _keep(uow: UnitOfWork, case: OpenCase, bag_id: UUID, number: int, kept: Record) -> None:
    plain = json.dumps(asdict(kept), ensure_ascii=False).encode()
    uow.session.add(
        EvidenceBag(
            id=bag_id,
            case_id=case.id,
            number=number,
            made_by_id=uow.actor_id,
            made_at=uow.now,
            generation=case.generation,
            record=case.newest.seal(plain, "evidence_bag", bag_id, "record", number),
        )
    )
    uow.session.flush()


def _signed(uow: UnitOfWork) -> str:
    """Sign the trail as it is. Evidence can be handed over even when the trail is broken."""
    try:
        return audit.checkpoints.sign(uow)
    except ConflictError:
        return ""


def end(uow: UnitOfWork, case: OpenCase, bag: Begun, *, sha256: str, size: int) -> None:
    """Put on record that all of a bag was handed to the network, and its hash."""
    detail = {"label": bag.code, "sha256": sha256, "size": size}
    audit.record(uow, SENT, subject_id=bag.id, case=case, detail=detail)


def interrupt(
    uow: UnitOfWork, case: OpenCase, bag: Begun, why: str, damaged: EvidenceView | None
) -> None:
    """Put on record that a bag was not sent to its end, and the file that was found damaged by it."""
    detail = {"label": bag.code, "why": why, "file": damaged.code if damaged else ""}
    audit.record(uow, INTERRUPTED, subject_id=bag.id, case=case, detail=detail)
    if damaged is not None:
        evidence.record_look(uow, case, damaged, "evidence.mismatched", **{"as": bag.code})


def listed(
    session: Session, case: OpenCase, *, offset: int = 0, limit: int = 20
) -> tuple[list[BagView], int]:
    """Return one page of the bags of a case, newest first, and how many there are."""
    wanted = _OF_CASE.where(_BAG.c.case_id == case.id)
    total = session.scalar(wanted.order_by(None).with_only_columns(func.count())) or 0
    rows = session.execute(wanted.offset(offset).limit(limit)).all()
    names = accounts.names(session, {row.made_by_id for row in rows})
    ends = _ends(session, case, [row.id for row in rows])
    return [_view(case, row, names.get(row.made_by_id, ""), ends) for row in rows], total


def missing(session: Session, case: OpenCase, total: int) -> int:
    """Say how many bags the trail tells of that the list does not have."""
    wanted = select(func.count()).where(_ENTRY.c.case_id == case.id, _ENTRY.c.action == EXPORTED)
    return max(0, (session.scalar(wanted) or 0) - total)


def _ends(session: Session, case: OpenCase, bag_ids: Sequence[UUID]) -> dict[UUID, Any]:
    wanted = select(_ENTRY).where(
        _ENTRY.c.case_id == case.id,
        _ENTRY.c.subject_id.in_(bag_ids),
        _ENTRY.c.action.in_((SENT, INTERRUPTED)),
    )
    return {row.subject_id: row for row in session.execute(wanted)}


def _view(case: OpenCase, row: Any, name: str, ends: dict[UUID, Any]) -> BagView:
    try:
        key = case.key(row.generation)
        told = json.loads(key.open(row.record, "evidence_bag", row.id, "record", row.number))
        kept = Record(**{**told, "left_out": tuple(told["left_out"])})
    except DamagedError:
        kept = Record(DAMAGED)
    ended, detail = ends.get(row.id), dict[str, Any]()
    if ended is not None:
        try:
            detail = audit.open_detail(ended, case)
        except DamagedError:
            detail = {}
    return BagView(
        number=row.number,
        made_by_name=name,
        made_at=row.made_at,
        told=kept,
        state=ended.action.partition(".")[2] if ended is not None else "open",
        ended_at=ended.at if ended is not None else None,
        sha256=str(detail.get("sha256", "")),
        size=int(detail.get("size", 0)),
        why=str(detail.get("why", "")),
        stopped_at=str(detail.get("file", "")),
    )
