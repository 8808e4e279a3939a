"""How often somebody may try a password, counted in the database so that a restart forgives nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete

from casefile import audit, keys
from casefile.accounts.models import SignInLimit
from casefile.errors import TooManyRequestsError
from casefile.uow import UnitOfWork

if TYPE_CHECKING:
    from casefile.uow import Resources

WINDOW = timedelta(minutes=15)
TRIES = {"both": 10, "account": 50, "address": 200}


def keys_of(resources: Resources, username: str, address: str) -> dict[str, bytes]:
    return {
        "both": keys.derive(resources.pepper, "limit-both", username, address),
        "account": keys.derive(resources.pepper, "limit-account", username),
        "address": keys.derive(resources.pepper, "limit-address", address),
    }


def count_try(resources: Resources, limits: dict[str, bytes]) -> None:
    """Count this try before the password is looked at, so tries side by side all count."""
    with UnitOfWork(resources, None) as uow:
        refused = False
        for kind, key in limits.items():
            row = uow.session.get(SignInLimit, key)
            if row is None:
                uow.session.add(SignInLimit(key=key, window_at=uow.now, tries=1))
            elif not timedelta() <= uow.now - row.window_at <= WINDOW:
                row.window_at, row.tries = uow.now, 1
            elif row.tries >= TRIES[kind]:
                refused = True
            else:
                row.tries += 1
        if refused:
            audit.record(uow, "session.limited")
    if refused:
        msg = "Too many tries to sign in. Wait a quarter of an hour, then try again."
        raise TooManyRequestsError(msg, int(WINDOW.total_seconds()))


def forget(uow: UnitOfWork, limits: dict[str, bytes]) -> None:
    """Forgive the tries of this person from this address: the last one was right."""
    uow.session.execute(delete(SignInLimit).where(SignInLimit.key == limits["both"]))
