"""Decisions: a ranked list, a quorum without those who stand aside, a reason for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from casefile.accounts.models import User
from casefile.accounts.service import roles_of
from casefile.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from casefile.grants import calls, interests, keeping, reviewing, scoring, submitting
from casefile.grants.application_models import (
    Application,
    ApplicationReview,
    ApplicationRevision,
    AwardDecision,
    DecisionMember,
)
from casefile.grants.call_models import Call
from casefile.grants.money import CurrencyMixError, Money, total
from casefile.grants.separation import keep_apart
from casefile.grants.states import (
    APPLICATION_MOVES,
    CALL_MOVES,
    ApplicationState,
    CallState,
    ReviewState,
)
from casefile.policy import Permission, roles_may

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime
    from fractions import Fraction
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.grants.money import Totals
    from casefile.uow import UnitOfWork

OUTCOMES = (ApplicationState.AWARDED, ApplicationState.RESERVE, ApplicationState.REJECTED)
REVIEWED = frozenset({ApplicationState.RECOMMENDED, ApplicationState.NOT_RECOMMENDED})
IN_LIST = REVIEWED | frozenset(
    {
        ApplicationState.IN_REVIEW,
        ApplicationState.MORE_INFO,
        ApplicationState.AWARDED,
        ApplicationState.RESERVE,
        ApplicationState.REJECTED,
    }
)
REVIEWED_IT = (
    "You reviewed {codename}, and in this call whoever reviews does not decide. Ask another director to "
    "decide it; the call's terms can allow both, but only before the call opens."
)
DECIDER_ASIDE = "You stand aside at {codename}. Leave it out; another director decides it."


@dataclass(frozen=True, slots=True)
class Ranked:
    """An application on the ranked list."""

    row: Application
    title: str
    requested: Money | None
    score: Fraction | None
    rank: int
    tied: bool
    reviews: int
    spread: Fraction | None
    decision: AwardDecision | None


@dataclass(frozen=True, slots=True)
class Line:
    """What is to be decided on one application."""

    application_id: UUID
    outcome: ApplicationState
    amount: Money | None
    reason: str
    feedback: str = ""


def ranked(session: Session, call: Call) -> list[Ranked]:
    """Return the applications of a call by score; equal scores share a rank."""
    rows = session.scalars(
        select(Application).where(
            Application.call_id == call.id,
            Application.state.in_(IN_LIST),
            Application.voided_at.is_(None),
        )
    ).all()
    results = _results(session, call, [row.id for row in rows])
    scores = [scoring.mean(results[row.id]) for row in rows]
    places = scoring.ranks(scores)
    taken = decisions(session, [row.id for row in rows])
    said = submitting.newest(session, [row.id for row in rows])
    found = []
    for row, score, rank in zip(rows, scores, places, strict=True):
        own = results[row.id]
        found.append(
            Ranked(
                row=row,
                title=str(said[row.id]["title"]),
                requested=submitting.requested(said[row.id]),
                score=score,
                rank=rank,
                tied=score is not None and places.count(rank) > 1,
                reviews=len(own),
                spread=max(own) - min(own) if own else None,
                decision=taken.get(row.id),
            )
        )
    found.sort(key=lambda one: (one.rank, one.row.number))
    return found


def _results(
    session: Session, call: Call, application_ids: Sequence[UUID]
) -> dict[UUID, list[Fraction]]:
    """Return the results of the reviews that count: of the revision that was submitted last."""
    reviews = session.execute(
        select(
            ApplicationReview.id, ApplicationReview.application_id, ApplicationReview.reviewer_id
        )
        .join(ApplicationRevision, ApplicationRevision.id == ApplicationReview.revision_id)
        .join(Application, Application.id == ApplicationReview.application_id)
        .where(
            Application.call_id == call.id,
            ApplicationRevision.number == Application.revision,
            ApplicationReview.state == ReviewState.SUBMITTED,
            ApplicationReview.voided_at.is_(None),
        )
    ).all()
    weights = {row.id: row.weight for row in calls.criteria(session, call.id)}
    scores = reviewing.scores_of(session, [review.id for review in reviews])
    found: dict[UUID, list[Fraction]] = {row_id: [] for row_id in application_ids}
    workers = interests.workers(session, {review.application_id for review in reviews})
    for review in reviews:
        if review.reviewer_id in workers[review.application_id]:
            continue
        result = scoring.weighted(scores[review.id], weights)
        if result is not None and review.application_id in found:
            found[review.application_id].append(result)
    return found


def decisions(session: Session, application_ids: Collection[UUID]) -> dict[UUID, AwardDecision]:
    """Return the decisions in force, by application."""
    rows = session.scalars(
        select(AwardDecision).where(
            AwardDecision.application_id.in_(application_ids), AwardDecision.voided_at.is_(None)
        )
    )
    return {row.application_id: row for row in rows}


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
    aside = interests.recused(uow.session, chosen, members)
    for line in lines:
        _check(uow, call, by_id[line.application_id].row, line, members, aside)
    _check_envelope(call, list(by_id.values()), lines)
    for line in lines:
        _write(uow, by_id[line.application_id], line, members, aside[line.application_id])
    _end(uow, call)


def _check(
    uow: UnitOfWork,
    call: Call,
    row: Application,
    line: Line,
    members: Collection[UUID],
    aside: Mapping[UUID, frozenset[UUID]],
) -> None:
    if row.state not in REVIEWED:
        msg = f"{row.codename} is neither recommended nor not: the review of it has not ended."
        raise InvalidError(msg)
    if line.outcome not in OUTCOMES or not line.reason.strip():
        msg = f"Give {row.codename} an outcome and a reason."
        raise InvalidError(msg)
    _check_hands(uow, call, row, members, aside[row.id])
    _check_amount(call, row, line)


def _check_hands(
    uow: UnitOfWork,
    call: Call,
    row: Application,
    members: Collection[UUID],
    out: frozenset[UUID],
) -> None:
    """Whoever decides has no interest and, unless the call allows it, no review; and is not too few."""
    if uow.actor_id in out:
        raise ForbiddenError(DECIDER_ASIDE.format(codename=row.codename))
    if not call.reviewers_may_decide:
        reviewers = uow.session.scalars(
            select(ApplicationReview.reviewer_id).where(ApplicationReview.application_id == row.id)
        ).all()
        keep_apart(uow.actor_id, reviewers, REVIEWED_IT.format(codename=row.codename))
    there = len(set(members) - out)
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


def awarded(everybody: Sequence[Ranked]) -> Totals:
    """Add up what was awarded; what is not stated is counted, not taken for nought."""
    return total(
        Money.of(one.decision.amount, one.decision.currency)
        for one in everybody
        if one.decision is not None and one.decision.outcome == ApplicationState.AWARDED
    )


def _write(
    uow: UnitOfWork, one: Ranked, line: Line, members: Collection[UUID], aside: frozenset[UUID]
) -> None:
    row = keeping.held(uow, Application, one.row.id)
    revision = uow.session.scalars(
        select(ApplicationRevision.id).where(
            ApplicationRevision.application_id == row.id,
            ApplicationRevision.number == row.revision,
        )
    ).one()
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
    for user_id in members:
        uow.session.add(
            DecisionMember(decision_id=decision.id, user_id=user_id, recused=user_id in aside)
        )
    keeping.move(uow, row, line.outcome, APPLICATION_MOVES, "application.decided", decision.reason)


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
    aside = interests.recused(uow.session, [row], members)
    _check_hands(uow, call, row, members, aside[row.id])
    _check_amount(call, row, line)
    _check_envelope(call, everybody, [line])
    keeping.void(uow, one.decision, "decision.voided", line.reason)
    _write(uow, one, line, members, aside[row.id])
