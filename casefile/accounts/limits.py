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
WINDOWS = {"day": timedelta(days=1)}
TRIES = {"both": 10, "account": 50, "address": 200, "day": 30}
WAIT = "Too many tries to sign in. Wait a quarter of an hour, then try again."
WAIT_A_DAY = (
    "Too many wrong codes for this account. Use a security key, or try again tomorrow. "
    "If it was not you, somebody has your password: change it."
)


def keys_of(resources: Resources, username: str, address: str) -> dict[str, bytes]:
    return {
        "both": keys.derive(resources.pepper, "limit-both", username, address),
        "account": keys.derive(resources.pepper, "limit-account", username),
        "address": keys.derive(resources.pepper, "limit-address", address),
    }


def keys_of_factor(resources: Resources, username: str, address: str) -> dict[str, bytes]:
    """Six digits are soon guessed by whoever has the password: an account has a limit for the day."""
    return {
        "both": keys.derive(resources.pepper, "limit-factor", username, address),
        "account": keys.derive(resources.pepper, "limit-factor-account", username),
        "day": keys.derive(resources.pepper, "limit-factor-day", username),
    }


def count_try(resources: Resources, limits: dict[str, bytes]) -> None:
    """Count this try before the password is looked at, so tries side by side all count."""
    with UnitOfWork(resources, None) as uow:
        refused: list[str] = []
        for kind, key in limits.items():
            row = uow.session.get(SignInLimit, key)
            if row is None:
                uow.session.add(SignInLimit(key=key, window_at=uow.now, tries=1))
            elif not timedelta() <= uow.now - row.window_at <= WINDOWS.get(kind, WINDOW):
                row.window_at, row.tries = uow.now, 1
            elif row.tries >= TRIES[kind]:
                refused.append(kind)
            else:
                row.tries += 1
        if refused:
            audit.record(uow, "session.limited")
    if refused:
        longest = max(WINDOWS.get(kind, WINDOW) for kind in refused)
        words = WAIT_A_DAY if "day" in refused else WAIT
        raise TooManyRequestsError(words, int(longest.total_seconds()))


def forget(uow: UnitOfWork, limits: dict[str, bytes]) -> None:
    """Forgive the tries of this person from this address: the last one was right."""
    forgiven = [key for kind, key in limits.items() if kind in {"both", "day"}]
    uow.session.execute(delete(SignInLimit).where(SignInLimit.key.in_(forgiven)))
