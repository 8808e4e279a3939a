from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from casefile import keys
from casefile.errors import BusyError, InvalidError

if TYPE_CHECKING:
    from uuid import UUID

LEAST_LENGTH = 12
MOST_LENGTH = 1024
WAITING = 8
NICENESS = 10
SALT_BYTES = 16


def check_choice(password: str, username: str) -> None:
    """Refuse a password that is too short, too long or the username itself.

    Raises InvalidError saying what to choose instead.
    """
    if len(password) < LEAST_LENGTH:
        msg = f"Choose at least {LEAST_LENGTH} characters. Four or five unrelated words are easy to remember."
        raise InvalidError(msg)
    if len(password) > MOST_LENGTH:
        msg = f"A password can have at most {MOST_LENGTH} characters."
        raise InvalidError(msg)
    if username and username.casefold() in password.casefold() and len(password) < 2 * LEAST_LENGTH:
        msg = "Leave your username out of the password."
        raise InvalidError(msg)
    if len(set(password)) < LEAST_LENGTH // 3 or password in (password * 2)[1:-1]:
        msg = "This password repeats itself. Choose four or five unrelated words."
        raise InvalidError(msg)


class PasswordRoom:
    """Where Argon2id runs: one at a time over its lanes, behind everybody's pages."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(
            max_workers=1, thread_name_prefix="argon2", initializer=_step_back
        )
        self._places = threading.BoundedSemaphore(WAITING)

    def open(
        self,
        password: str,
        *,
        salt: bytes,
        pepper: bytes,
        user_id: UUID,
        settings: keys.PasswordSettings,
    ) -> keys.PasswordKeys:
        """Derive a person's keys from their password (RFC 9106).

        Raises BusyError when too many people are signing in at this moment.
        """
        if not self._places.acquire(blocking=False):
            msg = "Many people are signing in at this moment. Try again in a few seconds."
            raise BusyError(msg)
        try:
            return self._pool.submit(
                keys.password_keys,
                password,
                salt=salt,
                pepper=pepper,
                user_id=user_id,
                settings=settings,
            ).result()
        finally:
            self._places.release()


def _step_back() -> None:
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
