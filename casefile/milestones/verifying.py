"""An independent verifier: named by the grant side, let in by the newsroom, heard by both."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from sqlalchemy import select

from casefile import audit
from casefile.accounts.models import User
from casefile.cases import service as cases
from casefile.errors import ConflictError, InvalidError, NotFoundError
from casefile.grants import awards, keeping, teams
from casefile.grants import milestones as grant_milestones
from casefile.grants.separation import keep_apart
from casefile.milestones import links, service
from casefile.milestones.models import Verification
from casefile.notices import service as notices
from casefile.policy import Permission, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.uow import UnitOfWork

LASTS: Final = timedelta(days=14)
VERDICTS: Final = ("met", "not_met", "cannot_tell")
LONGEST_NOTE: Final = 300


def candidates(session: Session) -> list[tuple[UUID, str]]:
    """Return who may be asked: people with the role, by name."""
    rows = session.execute(
        select(User.id, User.name, User.roles)
        .where(User.disabled_at.is_(None), User.certificate.is_not(None))
        .order_by(User.name)
    )
    return [(row.id, row.name) for row in rows if Role.VERIFIER in row.roles.split()]


def ask(uow: UnitOfWork, milestone_id: UUID, verifier_id: UUID) -> None:
    """Name a verifier. The newsroom decides whether to let them in, for at most 14 days."""
    award, milestone = grant_milestones.get(uow.session, milestone_id)
    if verifier_id not in {one for one, _name in candidates(uow.session)}:
        msg = "Choose a verifier from the list."
        raise InvalidError(msg)
    keep_apart(
        verifier_id,
        [uow.actor_id, *service.attester_ids(uow.session, milestone_id)],
        "This person is not independent: they asked for it, or they attested it. Choose somebody else.",
    )
    row = Verification(
        id=uuid4(),
        milestone_id=milestone_id,
        verifier_id=verifier_id,
        asked_by_id=uow.actor_id,
        asked_at=uow.now,
        ends_at=uow.now + LASTS,
        declaration="",
        conflict=False,
        verdict="",
        note="",
    )
    uow.session.add(row)
    uow.session.flush()
    keeping.write_event(uow, milestone, "verifier", "", "asked")
    audit.record(uow, "verifier.asked", subject_id=row.id)
    service.tell_newsroom(uow, award, milestone, "milestone.verifying")


def of_milestone(session: Session, milestone_id: UUID) -> Sequence[Verification]:
    return session.scalars(
        select(Verification)
        .where(Verification.milestone_id == milestone_id)
        .order_by(Verification.asked_at.desc())
    ).all()


def mine(uow: UnitOfWork, case: OpenCase, milestone_id: UUID) -> Verification:
    """Return what I am asked to verify, and leave an entry that I looked. NotFoundError for others."""
    cases.hold(uow, case, Permission.MILESTONE_READ)
    links.milestone_of(uow.session, case, milestone_id)
    row = uow.session.scalar(
        select(Verification).where(
            Verification.milestone_id == milestone_id,
            Verification.verifier_id == uow.actor_id,
            Verification.ends_at > uow.now,
            Verification.verdict_at.is_(None),
        )
    )
    if row is None:
        raise NotFoundError(keeping.NOT_THERE)
    audit.record(uow, "milestone.viewed", subject_id=milestone_id, case=case)
    return row


def decide(
    uow: UnitOfWork, case: OpenCase, milestone_id: UUID, *, declared: str, verdict: str, note: str
) -> None:
    """Give my verdict, once, after saying that I have no interest in it; or stand aside."""
    row = mine(uow, case, milestone_id)
    if declared not in {"none", "conflict"}:
        msg = "Say first whether you have an interest in this work."
        raise InvalidError(msg)
    note = " ".join(note.split())
    if len(note) > LONGEST_NOTE:
        msg = f"Shorten the note to at most {LONGEST_NOTE} characters."
        raise InvalidError(msg)
    row.declared_at, row.conflict = uow.now, declared == "conflict"
    if not row.conflict:
        if verdict not in VERDICTS or not note:
            msg = "Choose met, not met or cannot tell, and write in a few words why. Name nobody."
            raise InvalidError(msg)
        row.verdict, row.note = verdict, note
    else:
        row.verdict = "recused"
    row.verdict_at = uow.now
    award, milestone = links.milestone_of(uow.session, case, milestone_id)
    if award.voided_at is not None:
        raise ConflictError(keeping.CANNOT_FOLLOW)
    uow.session.flush()
    audit.record(uow, "milestone.verified", subject_id=milestone_id, case=case)
    people = teams.who_may(uow.session, Permission.MILESTONE_DECIDE, uow.now)
    notices.tell(uow, people, "milestone.verified", awards.thing_of(award, milestone))
