"""How often somebody may try a password, counted in the database so that a restart forgives nothing.

Some tries are free; each one more has to wait twice as long as the one before, up to a ceiling.
A browser in which this account was signed in before has a budget of its own: strangers, however
many, cannot make it wait.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, update

from casefile import audit, keys
from casefile.accounts.models import SignInLimit
from casefile.errors import TooManyRequestsError
from casefile.uow import UnitOfWork

if TYPE_CHECKING:
    from datetime import datetime

    from casefile.uow import Resources

QUIET = timedelta(hours=1)
KEPT = timedelta(days=1)
FIRST_WAIT = 5
TRIES = {"both": 10, "account": 50, "address": 200, "device": 10, "day": 30}
LONGEST_WAIT = {"both": 15 * 60, "account": 5 * 60, "address": 5 * 60, "device": 2 * 60}
# Wrong codes of whoever has the password already: then none for a day.
DAY = "day"
# What a right password forgives: not what strangers elsewhere have tried.
OWN = ("both", "device", DAY)
WAIT_A_DAY = (
    "Too many wrong codes for this account. Use a security key, or try again tomorrow. "
    "If it was not you, somebody has your password: change it."
)


def keys_of(
    resources: Resources, username: str, address: str, device: bytes | None = None
) -> dict[str, bytes]:
    """Return what this try counts against; `device` is one that `devices.known` has vouched for."""
    if device is not None:
        return {"device": keys.derive(resources.pepper, "limit-device", username, device)}
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
        DAY: keys.derive(resources.pepper, "limit-factor-day", username),
    }


def count_try(resources: Resources, limits: dict[str, bytes]) -> None:
    """Count this try before the password is looked at, so tries side by side all count.

    Raises TooManyRequestsError when it comes too early; such a try is neither counted nor looked at.
    """
    with UnitOfWork(resources, None) as uow:
        rows = {kind: uow.session.get(SignInLimit, key) for kind, key in limits.items()}
        early = {
            kind: wait
            for kind, row in rows.items()
            if row is not None and (wait := _wait(kind, row, uow.now)) > 0
        }
        if early:
            _note_refusal(uow, [row for kind, row in rows.items() if row and kind in early])
        else:
            for kind, row in rows.items():
                _count(uow, kind, limits[kind], row)
            uow.session.execute(delete(SignInLimit).where(SignInLimit.window_at < uow.now - KEPT))
    if early:
        seconds = max(early.values())
        msg = f"Too many tries to sign in. Wait {_in_words(seconds)}, then try again."
        if DAY in early:
            msg = WAIT_A_DAY
        raise TooManyRequestsError(msg, seconds)


def _wait(kind: str, row: SignInLimit, now: datetime) -> int:
    """Return how many seconds the next try is too early."""
    since = now - row.window_at
    over = row.tries - TRIES[kind]
    if over < 0 or not timedelta() <= since <= _quiet(kind):
        return 0
    wait = (
        int(KEPT.total_seconds())
        if kind == DAY
        else min(FIRST_WAIT << min(over, 16), LONGEST_WAIT[kind])
    )
    return max(0, math.ceil(wait - since.total_seconds()))


def _quiet(kind: str) -> timedelta:
    return KEPT if kind == DAY else QUIET


def _count(uow: UnitOfWork, kind: str, key: bytes, row: SignInLimit | None) -> None:
    if row is None:
        uow.session.add(SignInLimit(key=key, window_at=uow.now, tries=1, refusals=0))
        return
    quiet = not timedelta() <= uow.now - row.window_at <= _quiet(kind)
    row.tries = 1 if quiet else row.tries + 1
    row.window_at, row.refusals = uow.now, 0


def _note_refusal(uow: UnitOfWork, rows: list[SignInLimit]) -> None:
    """Leave one entry for each wait: the trail is not to be flooded by whoever does not wait."""
    if all(row.refusals for row in rows):
        return
    for row in rows:
        row.refusals = 1
    audit.record(uow, "session.limited")


def _in_words(seconds: int) -> str:
    if seconds <= 60:  # noqa: PLR2004
        return f"{seconds} seconds"
    return f"{math.ceil(seconds / 60)} minutes"


def forget(uow: UnitOfWork, limits: dict[str, bytes]) -> None:
    """Forgive the tries of this person from here, and elsewhere this one only: it was right."""
    own = [key for kind, key in limits.items() if kind in OWN]
    common = [key for kind, key in limits.items() if kind not in OWN]
    uow.session.execute(delete(SignInLimit).where(SignInLimit.key.in_(own)))
    uow.session.execute(
        update(SignInLimit)
        .where(SignInLimit.key.in_(common), SignInLimit.tries > 0)
        .values(tries=SignInLimit.tries - 1)
    )
