"""An independent verifier: named by the grant side, let in by the newsroom, heard by both."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from sqlalchemy import select

from casefile import audit, keys
from casefile.accounts.certificates import all_certified_keys
from casefile.accounts.models import User
from casefile.cases import ending, seats
from casefile.cases import service as cases
from casefile.errors import ConflictError, DamagedError, InvalidError, NotFoundError
from casefile.grants import awards, keeping, teams
from casefile.grants import milestones as grant_milestones
from casefile.grants.separation import keep_apart
from casefile.milestones import links, service
from casefile.milestones.models import Verification
from casefile.notices import service as notices
from casefile.policy import Permission, Role, Seat

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.grants.award_models import Award, Milestone
    from casefile.uow import UnitOfWork

SIGNED_AS: Final = "casefile milestone verdict 1"
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


def ask(uow: UnitOfWork, milestone_id: UUID, verifier_id: UUID) -> Verification:
    """Name a verifier, from the grant side. They declare, then the newsroom may let them in."""
    award, milestone = grant_milestones.get(uow.session, milestone_id)
    row = _named(uow, milestone, verifier_id)
    keeping.write_event(uow, milestone, "verifier", "", "asked")
    audit.record(uow, "verifier.asked", subject_id=row.id)
    _tell_verifier(uow, award, milestone, row)
    service.tell_newsroom(uow, award, milestone, "milestone.verifying")
    return row


def ask_from_case(
    uow: UnitOfWork, case: OpenCase, milestone_id: UUID, verifier_id: UUID
) -> Verification:
    """Name a verifier, as an editor of the case whose newsroom is too small to attest itself."""
    cases.hold(uow, case, Permission.MILESTONE_RELEASE)
    award, milestone = links.milestone_of(uow.session, case, milestone_id)
    row = _named(uow, milestone, verifier_id)
    actor, uow.actor_id = uow.actor_id, None  # the grant side learns of no person of the newsroom
    try:
        keeping.write_event(uow, milestone, "verifier", "", "asked")
    finally:
        uow.actor_id = actor
    audit.record(uow, "verifier.asked", subject_id=row.id, case=case)
    _tell_verifier(uow, award, milestone, row)
    return row


def _named(uow: UnitOfWork, milestone: Milestone, verifier_id: UUID) -> Verification:
    if verifier_id not in {one for one, _name in candidates(uow.session)}:
        msg = "Choose a verifier from the list."
        raise InvalidError(msg)
    keep_apart(
        verifier_id,
        [uow.actor_id, *service.attester_ids(uow.session, milestone.id)],
        "This person is not independent: they asked for it, or they attested it. Choose somebody else.",
    )
    if _waiting(uow.session, milestone.id, verifier_id, uow.now) is not None:
        msg = "This person is asked already, and has not given a verdict yet."
        raise ConflictError(msg)
    row = Verification(
        id=uuid4(),
        milestone_id=milestone.id,
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
    return row


def _tell_verifier(uow: UnitOfWork, award: Award, milestone: Milestone, row: Verification) -> None:
    label = f"{award.codename} M{milestone.number}"
    notices.tell(
        uow,
        [row.verifier_id],
        "milestone.verifying",
        notices.Thing(label, f"/verifications/{row.id}"),
    )


def _waiting(
    session: Session, milestone_id: UUID, verifier_id: UUID | None, now: datetime
) -> Verification | None:
    return session.scalar(
        select(Verification).where(
            Verification.milestone_id == milestone_id,
            Verification.verifier_id == verifier_id,
            Verification.ends_at > now,
            Verification.verdict_at.is_(None),
        )
    )


def asked_of_me(session: Session, row_id: UUID, me: UUID, now: datetime) -> Verification:
    """Return what I was asked, without anything of the case. NotFoundError for everybody else."""
    row = session.scalar(
        select(Verification).where(
            Verification.id == row_id, Verification.verifier_id == me, Verification.ends_at > now
        )
    )
    if row is None:
        raise NotFoundError(keeping.NOT_THERE)
    return row


def declare(uow: UnitOfWork, row_id: UUID, *, declared: str) -> None:
    """Say whether I have an interest: before anybody can let me in, and once."""
    row = asked_of_me(uow.session, row_id, _actor(uow), uow.now)
    if declared not in {"none", "conflict"}:
        msg = "Say first whether you have an interest in this work."
        raise InvalidError(msg)
    if row.declared_at is not None:
        msg = "You have declared this already. It stands."
        raise ConflictError(msg)
    award, milestone = grant_milestones.get(uow.session, row.milestone_id)
    row.declared_at, row.conflict = uow.now, declared == "conflict"
    if row.conflict:
        _sign(uow, row, "recused", "")
    uow.session.flush()
    audit.record(uow, "verifier.declared", subject_id=row.id)
    service.tell_newsroom(uow, award, milestone, "milestone.declared")
    if row.conflict:
        _tell_grants(uow, award, milestone)


def let_in(
    uow: UnitOfWork, case: OpenCase, milestone_id: UUID, row_id: UUID, ends_at: datetime | None
) -> None:
    """Give a verifier who declared no interest a reader's seat that ends by itself.

    Raises ForbiddenError for whoever may not, InvalidError for an end that is too late,
    ConflictError before the declaration.
    """
    cases.hold(uow, case, Permission.MILESTONE_RELEASE)
    award, milestone = links.milestone_of(uow.session, case, milestone_id)
    row = uow.session.scalar(
        select(Verification).where(
            Verification.id == row_id,
            Verification.milestone_id == milestone.id,
            Verification.verdict_at.is_(None),
            Verification.ends_at > uow.now,
        )
    )
    if row is None:
        raise NotFoundError(keeping.NOT_THERE)
    if row.declared_at is None or row.conflict:
        msg = "Nobody is let in before they declared that they have no interest in this work."
        raise ConflictError(msg)
    end = ends_at or row.ends_at
    if end > uow.now + LASTS:
        msg = "A verifier is let in for at most 14 days. Choose an earlier day."
        raise InvalidError(msg)
    username = uow.session.get_one(User, row.verifier_id).username
    seats.add(uow, case, username=username, role=Seat.READER, ends_at=end)
    row.ends_at = max(row.ends_at, end)
    uow.session.flush()
    label = f"{award.codename} M{milestone.number}"
    path = f"/cases/{case.id}/milestones/{milestone.id}/verdict"
    notices.tell(uow, [row.verifier_id], "milestone.let_in", notices.Thing(label, path, case.id))


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
    row = _waiting(uow.session, milestone_id, uow.actor_id, uow.now)
    if row is None or row.declared_at is None:
        raise NotFoundError(keeping.NOT_THERE)
    audit.record(uow, "milestone.viewed", subject_id=milestone_id, case=case)
    return row


def decide(uow: UnitOfWork, case: OpenCase, milestone_id: UUID, *, verdict: str, note: str) -> None:
    """Give my verdict, once and signed. My seat ends with it."""
    row = mine(uow, case, milestone_id)
    note = " ".join(note.split())
    if len(note) > LONGEST_NOTE:
        msg = f"Shorten the note to at most {LONGEST_NOTE} characters."
        raise InvalidError(msg)
    if verdict not in VERDICTS or not note:
        msg = "Choose met, not met or cannot tell, and write in a few words why. Name nobody."
        raise InvalidError(msg)
    award, milestone = links.milestone_of(uow.session, case, milestone_id)
    if award.voided_at is not None:
        raise ConflictError(keeping.CANNOT_FOLLOW)
    _sign(uow, row, verdict, note)
    uow.session.flush()
    audit.record(uow, "milestone.verified", subject_id=milestone_id, case=case)
    ending.end_mine(uow, case)
    _tell_grants(uow, award, milestone)


def _tell_grants(uow: UnitOfWork, award: Award, milestone: Milestone) -> None:
    people = teams.who_may(uow.session, Permission.MILESTONE_DECIDE, uow.now)
    notices.tell(uow, people, "milestone.verified", awards.thing_of(award, milestone))


def _sign(uow: UnitOfWork, row: Verification, verdict: str, note: str) -> None:
    if uow.bundle is None:
        msg = "a verdict by nobody"
        raise RuntimeError(msg)
    row.verdict, row.note, row.verdict_at = verdict, note, uow.now
    row.signature = uow.bundle.sign(_statement(row))


def _statement(row: Verification) -> bytes:
    return keys.packed(SIGNED_AS, row.id, row.milestone_id, row.verifier_id, row.verdict, row.note)


def is_genuine(session: Session, anchor: bytes, row: Verification) -> bool:
    """Say whether the named verifier signed exactly this verdict, for this milestone."""
    for public in all_certified_keys(session, anchor, row.verifier_id):
        try:
            public.verify(row.signature or b"", _statement(row))
        except DamagedError:
            continue
        return True
    return False


def forged(session: Session, anchor: bytes, rows: Sequence[Verification]) -> frozenset[UUID]:
    """Return those verdicts that their verifier did not give."""
    return frozenset(
        row.id for row in rows if row.verdict_at and not is_genuine(session, anchor, row)
    )


def says_met(session: Session, anchor: bytes, milestone_id: UUID) -> bool:
    """Say whether the last verdict that a verifier signed finds this milestone met."""
    last = last_verdict(session, anchor, milestone_id)
    return last is not None and last.verdict == "met"


def last_verdict(session: Session, anchor: bytes, milestone_id: UUID) -> Verification | None:
    """Return the last verdict on a milestone that its verifier signed."""
    given = [
        row
        for row in of_milestone(session, milestone_id)
        if row.verdict_at and row.verdict in VERDICTS and is_genuine(session, anchor, row)
    ]
    return max(given, key=lambda row: str(row.verdict_at), default=None)


def stands_for(session: Session, anchor: bytes, milestone: Milestone) -> Verification | None:
    """Return the verdict that may stand for an acceptance: met, and given since it was last returned."""
    last = last_verdict(session, anchor, milestone.id)
    if last is None or last.verdict != "met" or last.verdict_at is None:
        return None
    returned = milestone.decided_at
    return last if returned is None or last.verdict_at > returned else None


def gave_verdict(session: Session, milestone_id: UUID) -> set[UUID]:
    """Return who said whether this milestone is met."""
    return {row.verifier_id for row in of_milestone(session, milestone_id) if row.verdict_at}


def visits(session: Session, person_id: UUID, now: datetime) -> bool:
    """Say whether somebody has been asked and has not given a verdict: then each look is on record."""
    return (
        session.scalar(
            select(Verification.id)
            .where(
                Verification.verifier_id == person_id,
                Verification.ends_at > now,
                Verification.verdict_at.is_(None),
            )
            .limit(1)
        )
        is not None
    )


def _actor(uow: UnitOfWork) -> UUID:
    if uow.actor_id is None:
        msg = "a change by nobody"
        raise RuntimeError(msg)
    return uow.actor_id
