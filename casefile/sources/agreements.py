"""What was promised to a source. Everybody on the case sees it: whoever writes has to keep it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import select

from casefile import audit
from casefile.accounts import service as accounts
from casefile.errors import ConflictError, DamagedError, NotFoundError
from casefile.policy import Permission
from casefile.sources import identities, opening, statements
from casefile.sources.models import SourceAgreement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.sources.models import Source
    from casefile.uow import UnitOfWork

KINDS = ("anonymity", "read_back", "embargo", "other")
DAMAGED_TEXT = "[damaged record]"


@dataclass(frozen=True, slots=True)
class Agreement:
    """A promise: its kind, in words, when it was given, and until when for an embargo."""

    kind: str
    text: str = ""
    agreed_on: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class AgreementView:
    id: UUID
    author_name: str
    at: datetime
    agreement: Agreement
    agreed_on: date | None
    until: date | None
    superseded: bool

    def holds(self, today: date) -> bool:
        """Say whether it still binds; an embargo does until its day is over."""
        return not self.superseded and (self.until is None or self.until >= today)


def add(
    uow: UnitOfWork,
    case: OpenCase,
    source: Source,
    agreement: Agreement,
    supersedes_id: UUID | None = None,
) -> UUID:
    """Write down a promise. None is ever changed: a later one takes the place of an earlier one."""
    opening.touch(uow, case, source, Permission.SOURCE_EDIT)
    if supersedes_id is not None:
        _check_superseding(uow.session, source, supersedes_id)
    agreement_id = uuid4()
    plain = json.dumps(asdict(agreement), ensure_ascii=False).encode()
    uow.session.add(
        SourceAgreement(
            id=agreement_id,
            source_id=source.id,
            author_id=uow.actor_id,
            at=uow.now,
            supersedes_id=supersedes_id,
            generation=case.generation,
            record=case.newest.seal(
                plain, "source_agreement", agreement_id, _place(source.id, supersedes_id)
            ),
        )
    )
    uow.session.flush()
    audit.record(
        uow,
        "source.agreement_recorded",
        subject_id=source.id,
        case=case,
        detail={"label": identities.codename(case, source)},
    )
    return agreement_id


def _place(source_id: UUID, supersedes_id: UUID | None) -> str:
    """Bind a promise to its source and to the one it takes the place of."""
    before = supersedes_id.hex if supersedes_id else "nothing"
    return f"record of {source_id.hex} in place of {before}"


def _check_superseding(session: Session, source: Source, supersedes_id: UUID) -> None:
    found = session.scalar(
        select(SourceAgreement.id).where(
            SourceAgreement.source_id == source.id, SourceAgreement.id == supersedes_id
        )
    )
    if found is None:
        msg = "There is no such agreement with this source."
        raise NotFoundError(msg)
    taken = session.scalar(
        select(SourceAgreement.id).where(SourceAgreement.supersedes_id == supersedes_id)
    )
    if taken is not None:
        msg = "Another agreement has taken the place of this one already. Look at the newer one first."
        raise ConflictError(msg)


def listed(session: Session, case: OpenCase, source_id: UUID) -> list[AgreementView]:
    """Return what was agreed with a source, newest first; what no longer counts after the rest."""
    rows = session.execute(statements.AGREEMENTS, {"source_ids": [source_id]}).all()
    names = accounts.names(session, {row.author_id for row in rows})
    told = [(row, _open(case, row)) for row in reversed(rows)]
    superseded = {row.supersedes_id for row, agreement in told if agreement.text != DAMAGED_TEXT}
    views = [
        AgreementView(
            id=row.id,
            author_name=names.get(row.author_id, ""),
            at=row.at,
            agreement=agreement,
            agreed_on=_day(agreement.agreed_on),
            until=_day(agreement.until),
            superseded=row.id in superseded,
        )
        for row, agreement in told
    ]
    return sorted(views, key=lambda view: view.superseded)


def _open(case: OpenCase, row: Any) -> Agreement:
    try:
        plain = case.key(row.generation).open(
            row.record, "source_agreement", row.id, _place(row.source_id, row.supersedes_id)
        )
    except DamagedError:
        return Agreement("other", DAMAGED_TEXT)
    return Agreement(**json.loads(plain))


def texts(session: Session, case: OpenCase, source_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Return the words of all agreements by source, for search."""
    found: dict[UUID, list[str]] = {}
    if source_ids:
        for row in session.execute(statements.AGREEMENTS, {"source_ids": list(source_ids)}):
            found.setdefault(row.source_id, []).append(_open(case, row).text)
    return found


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def read_id(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
