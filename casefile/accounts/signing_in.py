"""From a password to a session, and from an old password to a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from casefile import audit, keys
from casefile.accounts import escrow, limits, renewing, service, sessions
from casefile.accounts.factors import pending
from casefile.accounts.models import User
from casefile.accounts.passwords import SALT_BYTES
from casefile.errors import InvalidError
from casefile.uow import UnitOfWork

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from casefile.uow import Resources
    from casefile.web import Visit

WRONG = "The username or the password is wrong. Check the keyboard layout and Caps Lock, then try again."


def sign_in(
    resources: Resources,
    *,
    username: str,
    password: str,
    address: str,
    device: bytes | None = None,
    agent: str = "",
) -> pending.Entry:
    """Open a session, or begin one that owes a second factor; the entry holds the cookie's secret.

    Raises InvalidError, the same for unknown people and wrong passwords, TooManyRequestsError
    when too many tries came before, BusyError when Argon2id has no place free.
    """
    username = as_kept(username)
    tries = limits.keys_of(resources, username, address, device)
    limits.count_try(resources, tries)
    with resources.database.reading() as session:
        user = session.scalar(select(User).where(User.username == username))
        nobody = keys.derive(resources.pepper, "nobody", username)
        settings = (
            service.settings_of(user) if user else _settings_of_nobody(resources, session, nobody)
        )
    opened = service.ROOM.open(
        password,
        salt=user.password_salt if user else nobody[:SALT_BYTES],
        pepper=resources.pepper,
        user_id=user.id if user else UUID(bytes=nobody[:16]),
        settings=settings,
    )
    right = keys.same(keys.digest(opened.auth), user.auth_digest if user else nobody)
    if user is None or not right or not service.is_open(user, resources.clock()):
        with UnitOfWork(resources, None) as uow:
            audit.record(uow, "session.refused", subject_id=user.id if user else None)
        raise InvalidError(WRONG)
    bundle = keys.Bundle.from_bytes(keys.unwrap(opened.kek, user.sealed_bundle, "bundle", user.id))
    service.check_own(user, bundle)
    with UnitOfWork(resources, user.id, bundle) as uow:
        entry = pending.enter(uow, user, bundle, agent)
        limits.forget(uow, tries)
        service.certify_invited(uow)
        renewing.certify_renewed(uow)
    return entry


def as_kept(username: str) -> str:
    """Return a typed username as accounts, limits and devices know it."""
    return username.strip().casefold()


def _settings_of_nobody(
    resources: Resources, session: Session, nobody: bytes
) -> keys.PasswordSettings:
    """Return the settings of somebody who exists, the same for this name each time.

    Accounts older than a change of the setting cost what they cost; nobody must cost no other.
    """
    ids = session.scalars(
        select(User.id).where(User.username != escrow.USERNAME).order_by(User.id)
    ).all()
    if not ids:
        return service.password_settings(resources)
    chosen = ids[int.from_bytes(nobody[16:24], "big") % len(ids)]
    return service.settings_of(service.get(session, chosen))


def prove(resources: Resources, visit: Visit, password: str) -> User:
    """Return my account when this is my password, before something that a borrowed browser must not do.

    Raises InvalidError when it is not, TooManyRequestsError after too many tries.
    """
    tries = limits.keys_of(resources, visit.person.username, "password")
    limits.count_try(resources, tries)
    with resources.database.reading() as session:
        user = service.get(session, visit.person.id)
    if not is_password_of(resources, user, password):
        msg = "The current password is wrong. Nothing was changed."
        raise InvalidError(msg)
    with UnitOfWork(resources, user.id) as uow:
        limits.forget(uow, tries)
    return user


def is_password_of(resources: Resources, user: User, password: str) -> bool:
    """Say whether this is somebody's password; a wrong one leaves an entry."""
    opened = service.ROOM.open(
        password,
        salt=user.password_salt,
        pepper=resources.pepper,
        user_id=user.id,
        settings=service.settings_of(user),
    )
    if keys.same(keys.digest(opened.auth), user.auth_digest):
        return True
    with UnitOfWork(resources, user.id) as uow:
        audit.record(uow, "password.refused", subject_id=user.id)
    return False


def change_password(
    resources: Resources, visit: Visit, *, current: str, password: str, agent: str = ""
) -> bytes:
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
        secret = sessions.begin(uow, fresh, visit.bundle, agent=agent)
        audit.record(uow, "password.changed", subject_id=user.id)
    return secret
