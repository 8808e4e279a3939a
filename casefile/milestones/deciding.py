"""What the grant side does with a submission: sees it, holds it against its signature, decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from casefile import keys
from casefile.accounts.certificates import all_certified_keys
from casefile.errors import ConflictError, DamagedError
from casefile.grants import milestones as grant_milestones
from casefile.grants.award_states import EvidenceClass
from casefile.grants.separation import keep_apart
from casefile.milestones import content, service, verifying
from casefile.milestones.models import (
    MilestoneOpening,
    MilestoneSubmission,
)

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.milestones.content import Shown
    from casefile.uow import UnitOfWork

FORGED = (
    "What lies here is not what an editor released: it was changed outside Casefile. Nothing was decided. "
    "Tell the administrator and the newsroom."
)


@dataclass(frozen=True, slots=True)
class Released:
    """A submission as both sides see it after the release. Nobody of the newsroom is named."""

    id: UUID
    version: int
    released_at: datetime
    state: str
    decided_at: datetime | None
    reason: str
    genuine: bool
    shown: Shown | None
    opening: MilestoneOpening | None
    opens: bool | None


def released(session: Session, anchor: bytes, milestone_id: UUID) -> list[Released]:
    """Return what was released for a milestone, newest first, each held against its signature."""
    rows = service.submissions(session, milestone_id)
    openings = {
        row.submission_id: row
        for row in session.scalars(
            select(MilestoneOpening).where(
                MilestoneOpening.submission_id.in_([row.id for row in rows])
            )
        )
    }
    return [_released(session, anchor, row, openings.get(row.id)) for row in rows]


def _released(
    session: Session, anchor: bytes, row: MilestoneSubmission, opening: MilestoneOpening | None
) -> Released:
    genuine = is_genuine(session, anchor, row)
    shown = content.read(row.content) if genuine else None
    return Released(
        row.id,
        row.version,
        row.released_at,
        row.state,
        row.decided_at,
        row.reason,
        genuine,
        shown,
        opening,
        _opens(row, shown, opening) if shown is not None and opening is not None else None,
    )


def is_genuine(session: Session, anchor: bytes, row: MilestoneSubmission) -> bool:
    """Say whether a certified editor signed exactly this, for this milestone and version."""
    statement = keys.packed(service.SIGNED_AS, row.milestone_id, row.version, row.content)
    for public in all_certified_keys(session, anchor, row.attester_id):
        try:
            public.verify(row.signature, statement)
        except DamagedError:
            continue
        return True
    return False


def _opens(row: MilestoneSubmission, shown: Shown, opening: MilestoneOpening) -> bool:
    try:
        committed = keys.Committed(row.milestone_id, row.version, opening.sha256, opening.length)
        told = bytes.fromhex(str(shown.part(EvidenceClass.COMMITMENT).get("commitment", "")))
    except ValueError:
        return False
    return keys.opens(told, opening.nonce, committed)


def _newest(uow: UnitOfWork, milestone_id: UUID) -> MilestoneSubmission:
    rows = service.submissions(uow.session, milestone_id)
    anchor = uow.bundle.anchor if uow.bundle else b""
    if not rows or rows[0].state != "released":
        msg = "Nothing waits for a decision here. Somebody may have decided first."
        raise ConflictError(msg)
    if not is_genuine(uow.session, anchor, rows[0]):
        raise ConflictError(FORGED)
    return rows[0]


def accept(uow: UnitOfWork, milestone_id: UUID, base: int) -> None:
    """Accept the newest submission: the payment is due, and the newsroom hears of it."""
    row = _newest(uow, milestone_id)
    award, milestone = grant_milestones.get(uow.session, milestone_id)
    if EvidenceClass.VERIFIER in milestone.classes:
        _check_verdict(uow, milestone_id)
    _keep_verifiers_apart(uow, milestone_id)
    grant_milestones.accept(uow, milestone_id, base, [row.attester_id])
    row.state, row.decided_at = "accepted", uow.now
    uow.session.flush()
    service.tell_newsroom(uow, award, milestone, "milestone.accepted")


def accept_verdict(uow: UnitOfWork, milestone_id: UUID, base: int) -> None:
    """Let an independent verifier's verdict stand for the acceptance.

    So a team too small for an editor who may attest, or for a second person who accepts, gets on:
    the milestone counts as decided by the verifier.
    """
    award, milestone = grant_milestones.get(uow.session, milestone_id)
    anchor = uow.bundle.anchor if uow.bundle else b""
    last = verifying.stands_for(uow.session, anchor, milestone)
    if last is None:
        msg = "No verdict says that this milestone is met, or it was returned since. Ask a verifier first."
        raise ConflictError(msg)
    _keep_verifiers_apart(uow, milestone_id)
    grant_milestones.accept_verified(uow, milestone_id, base, last.verifier_id)
    for row in service.submissions(uow.session, milestone_id)[:1]:
        if row.state == "released":
            row.state, row.decided_at = "accepted", uow.now
    uow.session.flush()
    service.tell_newsroom(uow, award, milestone, "milestone.accepted")


def _keep_verifiers_apart(uow: UnitOfWork, milestone_id: UUID) -> None:
    keep_apart(
        uow.actor_id,
        verifying.gave_verdict(uow.session, milestone_id),
        "You verified this milestone, so somebody else accepts it. If nobody else may, an administrator can "
        "make a second person grant manager.",
    )


def _check_verdict(uow: UnitOfWork, milestone_id: UUID) -> None:
    if not verifying.says_met(uow.session, uow.bundle.anchor if uow.bundle else b"", milestone_id):
        msg = (
            "This milestone asks for an independent verifier (E5), and its last verdict does not say that it "
            "is met."
        )
        raise ConflictError(msg)


def give_back(uow: UnitOfWork, milestone_id: UUID, base: int, reason: str) -> None:
    """Return the newest submission with a reason. It stays in the history."""
    row = _newest(uow, milestone_id)
    grant_milestones.give_back(uow, milestone_id, base, reason)
    award, milestone = grant_milestones.get(uow.session, milestone_id)
    row.state, row.decided_at, row.reason = "returned", uow.now, milestone.reason
    uow.session.flush()
    service.tell_newsroom(uow, award, milestone, "milestone.returned")
