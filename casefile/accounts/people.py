"""Everybody with an account, as an administrator sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from casefile.accounts import escrow
from casefile.accounts.models import SignInSession, User
from casefile.accounts.service import has_ended, roles_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.policy import Role


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A line of the administrator's list."""

    id: UUID
    username: str
    name: str
    roles: Sequence[Role]
    created_at: datetime
    disabled: bool
    certified: bool
    ends_at: datetime | None
    ended: bool
    travelling: bool
    last_seen_at: datetime | None


def rows(session: Session, now: datetime) -> list[PersonRow]:
    """Return everybody with an account, by name."""
    last_seen = session.execute(
        select(SignInSession.user_id, func.max(SignInSession.last_seen_at).label("at")).group_by(
            SignInSession.user_id
        )
    )
    seen = {row.user_id: row.at for row in last_seen}
    return [
        row_of(user, now, seen.get(user.id))
        for user in session.scalars(
            select(User).where(User.username != escrow.USERNAME).order_by(User.name)
        )
    ]


def row_of(user: User, now: datetime, last_seen_at: datetime | None = None) -> PersonRow:
    return PersonRow(
        id=user.id,
        username=user.username,
        name=user.name,
        roles=sorted(roles_of(user.roles)),
        created_at=user.created_at,
        disabled=user.disabled_at is not None,
        certified=user.certificate is not None,
        ends_at=user.ends_at,
        ended=has_ended(user, now),
        travelling=user.travel_until is not None and user.travel_until > now,
        last_seen_at=last_seen_at,
    )
