"""What becomes of assignments when somebody's seat goes or changes: nobody has them any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casefile.policy import Seat, seat_may
from casefile.stories import assignments
from casefile.stories.suited import TASKS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from uuid import UUID

    from casefile.cases.access import OpenCase
    from casefile.uow import UnitOfWork


def seat_goes(
    uow: UnitOfWork, case: OpenCase, user_ids: Collection[UUID], *, ended: bool = False
) -> None:
    """Take all they had to do from people who lose their seats; the editors of the case hear of it."""
    del ended
    assignments.drop(uow, case, user_ids, TASKS)


def role_changes(uow: UnitOfWork, case: OpenCase, user_id: UUID, role: Seat) -> None:
    """Take from somebody what the new seat does not include."""
    lost = [task for task, permission in TASKS.items() if not seat_may(role, permission)]
    if lost:
        assignments.drop(uow, case, {user_id}, lost)


def departs(uow: UnitOfWork, cases: Sequence[OpenCase], user_id: UUID, until: datetime) -> None:
    """Whoever travels keeps what they were given: it stands there when they are back."""


def begins_anew(uow: UnitOfWork, user_id: UUID) -> None:
    """New keys change nothing about what somebody has to do."""
