"""Decisions: a ranked list, a quorum without those who stand aside, a reason for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from casefile.accounts.models import User
from casefile.accounts.service import roles_of
from casefile.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from casefile.grants import (
    interests,
    keeping,
    scoring,
    telling_applicants,
)
from casefile.grants.application_models import (
    Application,
    ApplicationReview,
    ApplicationRevision,
    AwardDecision,
    DecisionMember,
)
from casefile.grants.call_models import Call
from casefile.grants.money import CurrencyMixError, Money, total
from casefile.grants.ranking import REVIEWED, Ranked, ranked
from casefile.grants.separation import keep_apart
from casefile.grants.states import (
    APPLICATION_MOVES,
    CALL_MOVES,
    ApplicationState,
    CallState,
)
from casefile.policy import Permission, roles_may

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.uow import UnitOfWork

OUTCOMES = (ApplicationState.AWARDED, ApplicationState.RESERVE, ApplicationState.REJECTED)
REVIEWED_IT = (
    "You reviewed {codename}, and in this call whoever reviews does not decide. Ask another director to "
    "decide it; the call's terms can allow both, but only before the call opens."
)
DECIDER_ASIDE = "You stand aside at {codename}. Leave it out; another director decides it."


@dataclass(frozen=True, slots=True)
class Line:
    """What is to be decided on one application."""

    application_id: UUID
    outcome: ApplicationState
    amount: Money | None
    reason: str
    feedback: str = ""


def possible_members(session: Session, now: datetime) -> list[tuple[UUID, str]]:
    """Return who can be there when applications are decided."""
    people = session.execute(
        select(User.id, User.name, User.roles)
        .where(User.disabled_at.is_(None), User.ends_at.is_(None) | (User.ends_at > now))
        .order_by(User.name)
    )
    wanted = (Permission.AWARD_DECIDE, Permission.REVIEW_WRITE)
    return [
        (row.id, row.name)
        for row in people
        if any(roles_may(roles_of(row.roles), permission) for permission in wanted)
    ]


@dataclass(frozen=True, slots=True)
class Hands:
    """Who is there for a decision; for each application, who stands aside and who reviewed it."""

    members: Collection[UUID]
    aside: Mapping[UUID, frozenset[UUID]]
    judges: Mapping[UUID, Collection[UUID]]


def decide(
    uow: UnitOfWork, call_id: UUID, base: int, present: Collection[UUID], lines: Sequence[Line]
) -> None:
    """Decide on applications of a call. What is left undecided can be decided another time.

    Raises InvalidError or ForbiddenError naming the application, and then decides nothing at all.
    """
    call = keeping.held(uow, Call, call_id, base)
    if call.state != CallState.UNDER_REVIEW:
        raise ConflictError(keeping.CANNOT_FOLLOW)
    if not lines:
        msg = "Choose an outcome for at least one application."
        raise InvalidError(msg)
    members = set(present) | ({uow.actor_id} if uow.actor_id else set())
    strangers = members - {user_id for user_id, _name in possible_members(uow.session, uow.now)}
    if strangers:
        msg = "Somebody named as present has no role that decides. Open the page again."
        raise NotFoundError(msg)
    by_id = {one.row.id: one for one in ranked(uow.session, call)}
    if len({line.application_id for line in lines}) != len(lines) or not {
        line.application_id for line in lines
    } <= set(by_id):
        raise keeping.missing()
    chosen = [by_id[line.application_id].row for line in lines]
    hands = _hands(uow, chosen, members)
    for line in lines:
        _check(uow, call, by_id[line.application_id].row, line, hands)
    _check_envelope(call, list(by_id.values()), lines)
    revisions = _revisions(uow.session, [row.id for row in chosen])
    keeping.every_held(uow, Application, [row.id for row in chosen])
    for line in lines:
        _write(uow, by_id[line.application_id], line, revisions[line.application_id], hands)
    _end(uow, call)


def _hands(uow: UnitOfWork, rows: Sequence[Application], members: Collection[UUID]) -> Hands:
    """Return who is there for these applications, who stands aside and who reviewed them."""
    aside = interests.recused(uow.session, rows, members)
    judges: dict[UUID, set[UUID]] = {row.id: set() for row in rows}
    for row in uow.session.execute(
        select(ApplicationReview.application_id, ApplicationReview.reviewer_id).where(
            ApplicationReview.application_id.in_(judges)
        )
    ):
        judges[row.application_id].add(row.reviewer_id)
    return Hands(members, aside, judges)


def _revisions(session: Session, application_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return the revision of each application that was submitted last."""
    rows = session.execute(
        select(ApplicationRevision.application_id, ApplicationRevision.id)
        .join(Application, Application.id == ApplicationRevision.application_id)
        .where(
            Application.id.in_(application_ids),
            ApplicationRevision.number == Application.revision,
        )
    )
    return {row.application_id: row.id for row in rows}


def _check(uow: UnitOfWork, call: Call, row: Application, line: Line, hands: Hands) -> None:
    if row.state not in REVIEWED:
        msg = f"{row.codename} is neither recommended nor not: the review of it has not ended."
        raise InvalidError(msg)
    if line.outcome not in OUTCOMES or not line.reason.strip():
        msg = f"Give {row.codename} an outcome and a reason."
        raise InvalidError(msg)
    _check_hands(uow, call, row, hands)
    _check_amount(call, row, line)


def _check_hands(uow: UnitOfWork, call: Call, row: Application, hands: Hands) -> None:
    """Whoever decides has no interest and, unless the call allows it, no review; and is not too few."""
    out = hands.aside[row.id]
    if uow.actor_id in out:
        raise ForbiddenError(DECIDER_ASIDE.format(codename=row.codename))
    if not call.reviewers_may_decide:
        keep_apart(uow.actor_id, hands.judges[row.id], REVIEWED_IT.format(codename=row.codename))
    there = len(set(hands.members) - out)
    if there < call.quorum:
        msg = (
            f"{row.codename}: {there} of {call.quorum} members needed can decide it; "
            f"{len(out)} stand aside. Ask more people to be there, or invite an outside juror: "
            "an administrator can make them an account."
        )
        raise InvalidError(msg)


def _check_amount(call: Call, row: Application, line: Line) -> None:
    if line.outcome != ApplicationState.AWARDED:
        return
    if line.amount is None or line.amount.amount <= 0:
        msg = f"Say how much {row.codename} is to get."
        raise InvalidError(msg)
    if line.amount.currency != call.currency:
        raise CurrencyMixError(line.amount.currency, call.currency)
    most = Money.of(call.maximum, call.currency)
    if most is not None and line.amount > most:
        msg = f"{row.codename}: this call gives at most {most.amount} {most.currency}."
        raise InvalidError(msg)


def _check_envelope(call: Call, everybody: Sequence[Ranked], lines: Sequence[Line]) -> None:
    envelope = Money.of(call.envelope, call.currency)
    new = {
        line.application_id: line.amount
        for line in lines
        if line.outcome == ApplicationState.AWARDED
    }
    spent = total([*_awarded(everybody, set(new)), *new.values()]).only
    if envelope is not None and spent is not None and spent > envelope:
        msg = (
            f"The awards add up to {spent.amount} {spent.currency}, the envelope is {envelope.amount}. "
            "Lower an amount, or put the last ones on the reserve list."
        )
        raise InvalidError(msg)


def _awarded(everybody: Sequence[Ranked], but: Collection[UUID]) -> list[Money]:
    found = [
        Money.of(one.decision.amount, one.decision.currency)
        for one in everybody
        if one.decision is not None
        and one.decision.outcome == ApplicationState.AWARDED
        and one.row.id not in but
    ]
    return [money for money in found if money is not None]


def _write(uow: UnitOfWork, one: Ranked, line: Line, revision: UUID, hands: Hands) -> None:
    row, aside = one.row, hands.aside[one.row.id]
    assert uow.actor_id is not None  # noqa: S101 - deciders are signed in
    gives = line.outcome == ApplicationState.AWARDED
    decision = AwardDecision(
        application_id=row.id,
        revision_id=revision,
        outcome=line.outcome,
        rank=one.rank,
        score=scoring.shown(one.score),
        amount=line.amount.amount if gives and line.amount else None,
        currency=row.currency,
        reason=keeping.checked_reason(line.reason, wanted=True),
        feedback=line.feedback,
        decided_by_id=uow.actor_id,
    )
    keeping.add(uow, decision, "decision.made")
    for user_id in hands.members:
        uow.session.add(
            DecisionMember(decision_id=decision.id, user_id=user_id, recused=user_id in aside)
        )
    keeping.move(uow, row, line.outcome, APPLICATION_MOVES, "application.decided", decision.reason)
    telling_applicants.moved(uow, row)


def _end(uow: UnitOfWork, call: Call) -> None:
    """The call is decided when nothing in it waits any more."""
    waiting = uow.session.scalar(
        select(Application.id)
        .where(
            Application.call_id == call.id,
            Application.state.in_(
                [
                    *REVIEWED,
                    ApplicationState.SUBMITTED,
                    ApplicationState.ELIGIBLE,
                    ApplicationState.IN_REVIEW,
                    ApplicationState.MORE_INFO,
                ]
            ),
            Application.voided_at.is_(None),
        )
        .limit(1)
    )
    if waiting is None:
        keeping.move(uow, call, CallState.DECIDED, CALL_MOVES, "call.moved")
    else:
        keeping.changed(uow, call, "call.changed")


def promote(uow: UnitOfWork, call_id: UUID, application_id: UUID, line: Line) -> None:
    """Award or refuse an application on the reserve list; the old decision stays on record."""
    call = keeping.held(uow, Call, call_id)
    row = keeping.held(uow, Application, application_id, call_id=call.id)
    everybody = ranked(uow.session, call)
    one = next((one for one in everybody if one.row.id == row.id), None)
    if one is None or one.decision is None or row.state != ApplicationState.RESERVE:
        raise ConflictError(keeping.CANNOT_FOLLOW)
    if line.outcome == ApplicationState.RESERVE or not line.reason.strip():
        raise InvalidError(keeping.WHY)
    members = set(
        uow.session.scalars(
            select(DecisionMember.user_id).where(DecisionMember.decision_id == one.decision.id)
        )
    ) | {uow.actor_id or one.decision.decided_by_id}
    hands = _hands(uow, [row], members)
    _check_hands(uow, call, row, hands)
    _check_amount(call, row, line)
    _check_envelope(call, everybody, [line])
    keeping.void(uow, one.decision, "decision.voided", line.reason)
    _write(uow, one, line, _revisions(uow.session, [row.id])[row.id], hands)
