"""Who may do what on the grant side, and whether they are enough people to keep duties apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from casefile.accounts.models import User
from casefile.accounts.service import roles_of
from casefile.policy import Permission, roles_may

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session


def who_may(session: Session, permission: Permission, now: datetime) -> list[UUID]:
    """Return everybody with an open account whose roles include this."""
    rows = session.execute(
        select(User.id, User.roles).where(
            User.disabled_at.is_(None), User.ends_at.is_(None) | (User.ends_at > now)
        )
    )
    return [row.id for row in rows if roles_may(roles_of(row.roles), permission)]


def gaps(session: Session, now: datetime) -> list[str]:
    """Say which duties nobody, or nobody else, can do: a team too small is told before it is stuck."""
    able = {
        permission: set(who_may(session, permission, now))
        for permission in (
            Permission.AWARD_APPROVE,
            Permission.MILESTONE_DECIDE,
            Permission.PAYMENT_CHECK,
            Permission.PAYMENT_APPROVE,
            Permission.PAYMENT_PAY,
        )
    }
    found = []
    for permission, words in (
        (Permission.AWARD_APPROVE, "approve awards (director)"),
        (Permission.MILESTONE_DECIDE, "accept milestones (grant manager)"),
        (Permission.PAYMENT_CHECK, "check payments (finance or grant manager)"),
        (Permission.PAYMENT_APPROVE, "approve payments (director)"),
        (Permission.PAYMENT_PAY, "pay (finance or grant manager)"),
    ):
        if not able[permission]:
            found.append(f"Nobody here may {words}. An administrator can give somebody the role.")
    if able[Permission.PAYMENT_PAY] and not _two_hands(
        able[Permission.MILESTONE_DECIDE], able[Permission.PAYMENT_PAY]
    ):
        found.append(
            "Whoever accepts a milestone may not pay for it, and there is only one person for both. Give a "
            "second one the role finance, or have an independent verifier's verdict stand for the acceptance."
        )
    if able[Permission.PAYMENT_CHECK] and not _two_hands(
        able[Permission.PAYMENT_CHECK], able[Permission.PAYMENT_APPROVE]
    ):
        found.append(
            "Whoever checks a payment may not approve it, and there is only one person for both. Give "
            "a second one the role finance or director."
        )
    return found


def _two_hands(first: Iterable[UUID], second: Iterable[UUID]) -> bool:
    return any(one != other for one in first for other in second)
