"""The ranked list of a call: by score, with ties, without reviews by whoever works for an applicant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from casefile.grants import calls, interests, reviewing, scoring, submitting
from casefile.grants.application_models import (
    Application,
    ApplicationReview,
    ApplicationRevision,
    AwardDecision,
)
from casefile.grants.money import Money, total
from casefile.grants.states import ApplicationState, ReviewState

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from fractions import Fraction
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.grants.call_models import Call
    from casefile.grants.money import Totals

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


def awarded(everybody: Sequence[Ranked]) -> Totals:
    """Add up what was awarded; what is not stated is counted, not taken for nought."""
    return total(
        Money.of(one.decision.amount, one.decision.currency)
        for one in everybody
        if one.decision is not None and one.decision.outcome == ApplicationState.AWARDED
    )
