"""Lock everything: every session of everybody ends at once, in every process of this newsroom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, update

from casefile import audit
from casefile.accounts.models import SignInSession, User

if TYPE_CHECKING:
    from casefile.uow import UnitOfWork


def lock_everything(uow: UnitOfWork, action: str = "newsroom.locked") -> int:
    """End every session and return how many there were.

    Sign-ins that were begun before and end after it open nothing either: their epoch is old.
    """
    uow.session.execute(update(User).values(auth_epoch=User.auth_epoch + 1))
    ended = uow.session.scalars(delete(SignInSession).returning(SignInSession.id)).all()
    uow.after_commit(uow.resources.opened_keys.clear)
    audit.record(uow, action)
    return len(ended)
