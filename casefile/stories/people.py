"""Who counts as the same person: an account of the same name is no second pair of eyes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casefile.accounts import service as accounts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from sqlalchemy.orm import Session


def namesake(session: Session, person: UUID, others: Iterable[UUID]) -> bool:
    """Say whether one of these other accounts has the name of this person."""
    wanted = set(others) - {person}
    names = accounts.names(session, {person, *wanted})
    mine = _folded(names.get(person, ""))
    return any(_folded(names.get(one, "")) == mine for one in wanted)


def _folded(name: str) -> str:
    return "".join(name.casefold().split())
