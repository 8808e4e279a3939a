"""The password once more, before something that matters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casefile import audit, keys
from casefile.accounts import limits, service, sessions
from casefile.errors import InvalidError
from casefile.uow import UnitOfWork

if TYPE_CHECKING:
    from casefile.uow import Resources
    from casefile.web import Visit

WRONG = "The password is wrong. Nothing was changed; check the keyboard layout and Caps Lock."


def confirm(resources: Resources, visit: Visit, password: str) -> tuple[bytes, Visit]:
    """Check my password; returns the secret of another cookie and the visit that goes on with it.

    Raises InvalidError when it is wrong, TooManyRequestsError after too many tries.
    """
    tries = limits.keys_of(resources, visit.person.username, "password")
    limits.count_try(resources, tries)
    with resources.database.reading() as session:
        user = service.get(session, visit.person.id)
    opened = service.ROOM.open(
        password,
        salt=user.password_salt,
        pepper=resources.pepper,
        user_id=user.id,
        settings=service.settings_of(user),
    )
    if not keys.same(keys.digest(opened.auth), user.auth_digest):
        with UnitOfWork(resources, user.id) as uow:
            audit.record(uow, "password.refused", subject_id=user.id)
        raise InvalidError(WRONG)
    with UnitOfWork(resources, user.id, visit.bundle) as uow:
        limits.forget(uow, tries)
        return sessions.confirm(uow, visit)
