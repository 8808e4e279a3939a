"""Evidence that no longer stands: it is kept, marked with the reason, and can stand again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from casefile import audit
from casefile.cases import service as cases
from casefile.errors import ConflictError
from casefile.evidence import service
from casefile.policy import Permission

if TYPE_CHECKING:
    from uuid import UUID

    from casefile.cases.access import OpenCase
    from casefile.uow import UnitOfWork

MOVED_ON = (
    "Somebody changed the record of this file meanwhile. Nothing was saved; look at it again."
)


def withdraw(uow: UnitOfWork, case: OpenCase, item_id: UUID, *, reason: str, version: int) -> None:
    """Say that a file proves nothing any more, and why. The file and its custody stay."""
    told = {"reason": reason, "at": uow.now.isoformat(), "by": str(uow.actor_id)}
    _mark(uow, case, item_id, version, told)


def reinstate(uow: UnitOfWork, case: OpenCase, item_id: UUID, *, version: int) -> None:
    """Say that a withdrawn file stands again."""
    _mark(uow, case, item_id, version, None)


def _mark(
    uow: UnitOfWork, case: OpenCase, item_id: UUID, version: int, told: dict[str, str] | None
) -> None:
    number = cases.hold(uow, case, Permission.EVIDENCE_EDIT)
    item = service.get(uow.session, case, item_id)
    if item.version != version:
        raise ConflictError(MOVED_ON)
    opened = json.loads(
        case.key(item.generation).open(
            item.record, "evidence_item", item.id, "record", item.version
        )
    )
    if ("withdrawn" in opened) == (told is not None):
        raise ConflictError(MOVED_ON)
    opened.pop("withdrawn", None)
    if told is not None:
        opened["withdrawn"] = told
    item.version, item.generation, item.change_number = version + 1, case.generation, number
    item.record = case.newest.seal(
        json.dumps(opened, ensure_ascii=False).encode(),
        "evidence_item",
        item.id,
        "record",
        item.version,
    )
    uow.session.flush()
    detail = {"label": opened["name"], **(told or {})}
    if told:
        audit.record(uow, "evidence.withdrawn", subject_id=item.id, case=case, detail=detail)
    else:
        audit.record(uow, "evidence.reinstated", subject_id=item.id, case=case, detail=detail)
