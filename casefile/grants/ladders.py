"""Ladders: the milestones of an award as they are written down, before they are rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from casefile.errors import InvalidError
from casefile.grants.award_states import DEFAULT_LADDER, EvidenceClass, Rung
from casefile.grants.columns import TITLE_LENGTH
from casefile.grants.money import HUNDRED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from casefile.grants.award_models import Award

MOST_RUNGS: Final = 24


@dataclass(frozen=True, slots=True)
class Step:
    """A milestone as it is written down: the day, the words, the classes and the share in percent."""

    title: str
    due_on: date
    method: str
    classes: tuple[str, ...]
    share: Decimal


def lay_out(starts_on: date, ends_on: date, rungs: Sequence[Rung] = DEFAULT_LADDER) -> list[Step]:
    """Lay a ladder out over the time of an award."""
    days = (ends_on - starts_on).days
    return [
        Step(
            rung.title,
            starts_on + timedelta(days=int(days * rung.after_share_of_time)),
            rung.method,
            tuple(rung.classes),
            rung.share,
        )
        for rung in rungs
    ]


def check(award: Award, steps: Sequence[Step]) -> None:
    """Raise InvalidError, naming the milestone, unless these could be the award's milestones."""
    if not 1 <= len(steps) <= MOST_RUNGS:
        msg = f"An award has between 1 and {MOST_RUNGS} milestones."
        raise InvalidError(msg)
    for number, step in enumerate(steps, start=1):
        if not step.title.strip() or not step.method.strip():
            msg = f"Milestone {number}: say what it is and how it is verified."
            raise InvalidError(msg)
        if max(len(step.title), len(step.method)) > TITLE_LENGTH:
            msg = f"Milestone {number}: shorten title and method to {TITLE_LENGTH} characters."
            raise InvalidError(msg)
        if not award.starts_on <= step.due_on <= award.ends_on + timedelta(days=366):
            msg = f"Milestone {number}: its day lies outside the award and the year after it."
            raise InvalidError(msg)
        if set(step.classes) - set(EvidenceClass):
            msg = f"Milestone {number}: choose among the classes E0 to E6."
            raise InvalidError(msg)
        if not 0 <= step.share <= HUNDRED:
            msg = f"Milestone {number}: its share lies between 0 and 100 percent."
            raise InvalidError(msg)
    whole = sum((step.share for step in steps), Decimal())
    if whole != HUNDRED:
        msg = (
            f"The shares of the milestones add up to {whole.normalize():f} percent. Make them 100."
        )
        raise InvalidError(msg)
