"""The password once more, before something that matters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from casefile.accounts import limits, service, sessions, signing_in
from casefile.accounts.factors import service as factors
from casefile.accounts.models import User
from casefile.errors import InvalidError
from casefile.uow import UnitOfWork

if TYPE_CHECKING:
    from casefile.uow import Resources
    from casefile.web import Visit

WRONG = "The password is wrong. Nothing was changed; check the keyboard layout and Caps Lock."
WRONG_EITHER = "The username or the password is wrong. Nothing was changed."


def confirm(resources: Resources, visit: Visit, password: str) -> tuple[bytes, Visit]:
    """Check my password; returns the secret of another cookie and the visit that goes on with it.

    Raises InvalidError when it is wrong, TooManyRequestsError after too many tries.
    """
    tries = limits.keys_of(resources, visit.person.username, "password")
    limits.count_try(resources, tries)
    with resources.database.reading() as session:
        user = service.get(session, visit.person.id)
    if not signing_in.is_password_of(resources, user, password):
        raise InvalidError(WRONG)
    with UnitOfWork(resources, user.id, visit.bundle) as uow:
        limits.forget(uow, tries)
        return sessions.confirm(uow, visit)


def remove_factors(resources: Resources, username: str, password: str) -> None:
    """Take all second factors from whoever stands at the server and knows this password.

    They could open the keys without Casefile as well. Raises InvalidError when the password is wrong.
    """
    username = username.strip().casefold()
    tries = limits.keys_of(resources, username, "password")
    limits.count_try(resources, tries)
    with resources.database.reading() as session:
        user = session.scalar(select(User).where(User.username == username))
    if user is None or not signing_in.is_password_of(resources, user, password):
        raise InvalidError(WRONG_EITHER)
    with UnitOfWork(resources, user.id) as uow:
        limits.forget(uow, tries)
        factors.end(uow, user.id)
        sessions.end_all(uow, user.id)
