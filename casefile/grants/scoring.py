"""Scores: weighted, exact, and ranked with ties. Pure functions; nothing is rounded before the end."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

from casefile.grants.money import CENT, half_up

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

Key = TypeVar("Key", bound="Hashable")
MOST = 5


def weighted(scores: Mapping[Key, int | None], weights: Mapping[Key, int]) -> Fraction | None:
    """Return the mean of scores by weight, from 0 to 5.

    A criterion that does not apply (None) leaves its weight to the others; None when none applies.
    """
    given = {key: score for key, score in scores.items() if score is not None and key in weights}
    whole = sum(weights[key] for key in given)
    if not whole:
        return None
    return Fraction(sum(weights[key] * score for key, score in given.items()), whole)


def mean(values: Iterable[Fraction | None]) -> Fraction | None:
    """Return the mean of what is there; None when nothing is."""
    known = [value for value in values if value is not None]
    return sum(known, Fraction()) / len(known) if known else None


def ranks(scores: Sequence[Fraction | None]) -> list[int]:
    """Return the rank of each: equal scores share one, and the next counts on (1, 1, 3).

    What has no score comes last, all together.
    """
    keys = [(score is not None, score or Fraction()) for score in scores]
    return [1 + sum(other > own for other in keys) for own in keys]


def shown(value: Fraction | None) -> Decimal | None:
    """Return a score to two places, as it is shown and kept."""
    if value is None:
        return None
    exact = Decimal(value.numerator * 100_000) / Decimal(value.denominator) / 100_000
    return half_up(exact, CENT)
