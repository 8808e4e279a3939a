"""Numbers of a call: how many applications stand where, how much was asked for, how many regions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from casefile.grants.application_models import Application, ApplicationRevision
from casefile.grants.applications import is_sealed
from casefile.grants.call_models import CallInvitation
from casefile.grants.money import Money, total
from casefile.grants.states import ApplicationState
from casefile.grants.submitting import IS_NEWEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.grants.call_models import Call
    from casefile.grants.money import Totals


FEW: Final = 5


def few(count: int, *, exact: bool) -> str:
    """Write a number for whoever may not tell single ones: from 1 to 4 it is not shown."""
    return str(count) if exact or not 0 < count < FEW else "1–4"


@dataclass(frozen=True, slots=True)
class Regions:
    """How many regions are named, and how many applications name none."""

    known: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Counts:
    """What a call has brought in. While it is sealed only the number of applications is told."""

    total: int
    drafts: int
    sealed: bool
    states: Mapping[str, int]
    requested: Totals
    regions: Regions


def by_state(session: Session, call: Call, now: datetime) -> Counts:
    rows = session.execute(
        select(
            Application.state,
            Application.revision,
            ApplicationRevision.content["requested"].as_string().label("requested"),
            ApplicationRevision.content["currency"].as_string().label("currency"),
            ApplicationRevision.content["regions"].as_json().label("regions"),
        )
        .outerjoin(ApplicationRevision, IS_NEWEST)
        .where(Application.call_id == call.id, Application.voided_at.is_(None))
    ).all()
    sent = [row for row in rows if row.revision and row.state != ApplicationState.WITHDRAWN]
    found: dict[str, int] = {}
    for row in rows:
        if row.revision:
            found[row.state] = found.get(row.state, 0) + 1
    return Counts(
        total=len(sent),
        drafts=sum(1 for row in rows if not row.revision),
        sealed=is_sealed(call, now),
        states=found,
        requested=total(
            Money.read(row.requested, row.currency) if row.requested else None for row in sent
        ),
        regions=regions(row.regions for row in sent),
    )


def regions(rows: Iterable[Sequence[str]]) -> Regions:
    """Count the different regions named, and the applications that name none."""
    named: set[str] = set()
    unknown = 0
    for row in rows:
        named |= {region.strip().casefold() for region in row}
        unknown += not row
    return Regions(len(named), unknown)


def invitations(session: Session, call_id: UUID) -> Sequence[CallInvitation]:
    return session.scalars(
        select(CallInvitation)
        .where(CallInvitation.call_id == call_id, CallInvitation.voided_at.is_(None))
        .order_by(CallInvitation.created_at.desc())
        .limit(200)
    ).all()
