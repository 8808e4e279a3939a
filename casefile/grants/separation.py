"""Who may not do two things to one object: pure functions over ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casefile.errors import ForbiddenError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID


class SeparationError(ForbiddenError):
    """The same person would do two things that two people must do."""


def keep_apart(person_id: UUID | None, others: Iterable[UUID | None], message: str) -> None:
    """Raise SeparationError when this person is among the others. The message names the way out."""
    if person_id is not None and person_id in set(others):
        raise SeparationError(message)
