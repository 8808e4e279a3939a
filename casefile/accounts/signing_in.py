"""From a password to a session, and from an old password to a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from casefile import audit, keys
from casefile.accounts import limits, renewing, service, sessions
from casefile.accounts.models import User
from casefile.accounts.passwords import SALT_BYTES
from casefile.errors import InvalidError
from casefile.uow import UnitOfWork

if TYPE_CHECKING:
    from casefile.uow import Resources
    from casefile.web import Visit

WRONG = "The username or the password is wrong. Check the keyboard layout and Caps Lock, then try again."


def sign_in(resources: Resources, *, username: str, password: str, address: str) -> bytes:
    """Open a session and return the 32 bytes for its cookie.

    Raises InvalidError, the same for unknown people and wrong passwords, TooManyRequestsError
    when too many tries came before, BusyError when Argon2id has no place free.
    """
    username = username.strip().casefold()
    tries = limits.keys_of(resources, username, address)
    limits.count_try(resources, tries)
    with resources.database.reading() as session:
        user = session.scalar(select(User).where(User.username == username))
    nobody = keys.derive(resources.pepper, "nobody", username)
    opened = service.ROOM.open(
        password,
        salt=user.password_salt if user else nobody[:SALT_BYTES],
        pepper=resources.pepper,
        user_id=user.id if user else UUID(bytes=nobody[:16]),
        settings=service.settings_of(user) if user else service.password_settings(resources),
    )
    right = keys.same(keys.digest(opened.auth), user.auth_digest if user else nobody)
    if user is None or not right or user.disabled_at is not None:
        with UnitOfWork(resources, None) as uow:
            audit.record(uow, "session.refused", subject_id=user.id if user else None)
        raise InvalidError(WRONG)
    bundle = keys.Bundle.from_bytes(keys.unwrap(opened.kek, user.sealed_bundle, "bundle", user.id))
    service.check_own(user, bundle)
    with UnitOfWork(resources, user.id, bundle) as uow:
        secret = sessions.begin(uow, user, bundle)
        limits.forget(uow, tries)
        service.certify_invited(uow)
        renewing.certify_renewed(uow)
    return secret


def prove(resources: Resources, visit: Visit, password: str) -> User:
    """Return my account when this is my password, before something that a borrowed browser must not do.

    Raises InvalidError when it is not, TooManyRequestsError after too many tries.
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
        msg = "The current password is wrong. Nothing was changed."
        raise InvalidError(msg)
    with UnitOfWork(resources, user.id) as uow:
        limits.forget(uow, tries)
    return user


def change_password(resources: Resources, visit: Visit, *, current: str, password: str) -> bytes:
    """Seal my keys to a new password, end every other session, return the new cookie's secret.

    Raises InvalidError when the current password is wrong or the new one will not do.
    """
    user = prove(resources, visit, current)
    sealed = service.seal_bundle(resources, user.id, user.username, password, visit.bundle)
    with UnitOfWork(resources, user.id, visit.bundle) as uow:
        fresh = service.get(uow.session, user.id)
        if fresh.auth_epoch != user.auth_epoch:
            msg = "The password was changed or the sessions were ended meanwhile. Sign in again."
            raise InvalidError(msg)
        sealed.put_on(fresh)
        sessions.end_all(uow, user.id)
        uow.session.refresh(fresh)
        secret = sessions.begin(uow, fresh, visit.bundle)
        audit.record(uow, "password.changed", subject_id=user.id)
    return secret
