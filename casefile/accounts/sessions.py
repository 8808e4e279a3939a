from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import bindparam, delete, select, update

from casefile import audit, keys
from casefile.accounts import service
from casefile.accounts.models import SignInLimit, SignInSession, User
from casefile.accounts.passwords import SALT_BYTES
from casefile.db import table
from casefile.errors import (
    CasefileError,
    DamagedError,
    InvalidError,
    NotFoundError,
    TooManyRequestsError,
)
from casefile.uow import UnitOfWork
from casefile.web import Person, Visit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from casefile.uow import Resources

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
CLOCK_DRIFT = ABSOLUTE
SEEN_EVERY = timedelta(minutes=1)
WINDOW = timedelta(minutes=15)
TRIES = {"both": 10, "account": 50, "address": 200}
WRONG = "The username or the password is wrong. Check the keyboard layout and Caps Lock, then try again."


def sign_in(resources: Resources, *, username: str, password: str, address: str) -> bytes:
    """Open a session and return the 32 bytes for its cookie.

    Raises InvalidError, the same for unknown people and wrong passwords, TooManyRequestsError
    when too many tries came before, BusyError when Argon2id has no place free.
    """
    username = username.strip().casefold()
    limits = _limit_keys(resources, username, address)
    _count_try(resources, limits)
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
    with UnitOfWork(resources, user.id, bundle) as uow:
        secret = begin(uow, user, bundle)
        uow.session.execute(delete(SignInLimit).where(SignInLimit.key == limits["both"]))
        service.certify_invited(uow)
    return secret


def begin(uow: UnitOfWork, user: User, bundle: keys.Bundle) -> bytes:
    """Add a session row and return the secret for its cookie."""
    secret = keys.random_key()
    uow.session.execute(
        delete(SignInSession).where(
            (SignInSession.last_seen_at < uow.now - IDLE)
            | (SignInSession.created_at < uow.now - ABSOLUTE)
        )
    )
    session_id = uuid4()
    uow.session.add(
        SignInSession(
            id=session_id,
            cookie_digest=keys.digest(keys.derive(secret, "sid")),
            user_id=user.id,
            auth_epoch=user.auth_epoch,
            created_at=uow.now,
            last_seen_at=uow.now,
            sealed_bundle=keys.wrap(
                keys.derive(secret, "kek"), bundle.to_bytes(), "session", session_id, user.id
            ),
        )
    )
    uow.session.flush()
    audit.record(uow, "session.opened", subject_id=user.id)
    return secret


_SESSION, _USER = table(SignInSession), table(User)
_OPEN = (
    select(
        _SESSION.c.id,
        _SESSION.c.created_at,
        _SESSION.c.last_seen_at,
        _SESSION.c.sealed_bundle,
        _USER.c.id.label("user_id"),
        _USER.c.username,
        _USER.c.name,
        _USER.c.roles,
        _USER.c.theme,
        _USER.c.timezone,
    )
    .join_from(_SESSION, _USER, _USER.c.id == _SESSION.c.user_id)
    .where(
        _SESSION.c.cookie_digest == bindparam("digest"),
        _USER.c.auth_epoch == _SESSION.c.auth_epoch,
        _USER.c.disabled_at.is_(None),
    )
)


def _alive(created_at: datetime, last_seen_at: datetime, now: datetime) -> bool:
    """Say whether a session still stands; one begun by a clock far ahead never does."""
    return (
        now - last_seen_at <= IDLE
        and now - created_at <= ABSOLUTE
        and created_at - now <= CLOCK_DRIFT
    )


def open_visit(resources: Resources, session: Session, secret: bytes) -> Visit | None:
    """Return the visit a cookie's secret opens, or None when the session is over."""
    digest = keys.digest(keys.derive(secret, "sid"))
    row = session.execute(_OPEN, {"digest": digest}).first()
    now = resources.clock()
    if row is None or not _alive(row.created_at, row.last_seen_at, now):
        resources.opened_keys.pop(digest, None)
        return None
    try:
        plain = keys.unwrap(
            keys.derive(secret, "kek"), row.sealed_bundle, "session", row.id, row.user_id
        )
    except DamagedError:
        return None
    if now - row.last_seen_at > SEEN_EVERY:
        _seen(resources, row.id, now)
    person = Person(
        id=row.user_id,
        username=row.username,
        name=row.name,
        roles=service.roles_of(row.roles),
        theme=row.theme,
        timezone=row.timezone,
    )
    return Visit(person, keys.Bundle.from_bytes(plain), digest, keys.derive(secret, "cache"))


def _seen(resources: Resources, session_id: UUID, now: datetime) -> None:
    try:
        with resources.database.writing() as session:
            session.execute(
                update(SignInSession).where(SignInSession.id == session_id).values(last_seen_at=now)
            )
            session.commit()
    except CasefileError:
        return  # the page matters more; the next request tries again


def end(uow: UnitOfWork, visit: Visit) -> None:
    """Close the session of this browser."""
    uow.session.execute(
        delete(SignInSession).where(SignInSession.cookie_digest == visit.session_id)
    )
    uow.resources.opened_keys.pop(visit.session_id, None)
    audit.record(uow, "session.ended", subject_id=visit.person.id)


def end_one(uow: UnitOfWork, visit: Visit, session_id: UUID) -> None:
    """Close one of my own sessions."""
    row = uow.session.scalar(
        select(SignInSession).where(
            SignInSession.id == session_id, SignInSession.user_id == visit.person.id
        )
    )
    if row is None:
        msg = "That session is over already."
        raise NotFoundError(msg)
    uow.resources.opened_keys.pop(row.cookie_digest, None)
    uow.session.delete(row)
    audit.record(uow, "session.ended", subject_id=visit.person.id)


def end_all(uow: UnitOfWork, user_id: UUID) -> None:
    """Close every session of a person, everywhere, at once."""
    uow.session.execute(
        update(User).where(User.id == user_id).values(auth_epoch=User.auth_epoch + 1)
    )
    uow.session.execute(delete(SignInSession).where(SignInSession.user_id == user_id))
    audit.record(uow, "sessions.ended", subject_id=user_id)


def mine(session: Session, visit: Visit, now: datetime) -> Sequence[dict[str, Any]]:
    """Return my open sessions, newest first."""
    rows = session.scalars(
        select(SignInSession)
        .where(
            SignInSession.user_id == visit.person.id,
            SignInSession.last_seen_at > now - IDLE,
            SignInSession.created_at > now - ABSOLUTE,
        )
        .order_by(SignInSession.last_seen_at.desc())
    )
    return [
        {
            "id": row.id,
            "created_at": row.created_at,
            "last_seen_at": row.last_seen_at,
            "current": row.cookie_digest == visit.session_id,
        }
        for row in rows
    ]


def change_password(resources: Resources, visit: Visit, *, current: str, password: str) -> bytes:
    """Seal my keys to a new password, end every other session, return the new cookie's secret.

    Raises InvalidError when the current password is wrong or the new one will not do.
    """
    limits = _limit_keys(resources, visit.person.username, "password")
    _count_try(resources, limits)
    with resources.database.reading() as session:
        user = service.get(session, visit.person.id)
    opened = service.ROOM.open(
        current,
        salt=user.password_salt,
        pepper=resources.pepper,
        user_id=user.id,
        settings=service.settings_of(user),
    )
    if not keys.same(keys.digest(opened.auth), user.auth_digest):
        msg = "The current password is wrong. Nothing was changed."
        raise InvalidError(msg)
    sealed = service.seal_bundle(resources, user.id, user.username, password, visit.bundle)
    with UnitOfWork(resources, user.id, visit.bundle) as uow:
        fresh = service.get(uow.session, user.id)
        if fresh.auth_epoch != user.auth_epoch:
            msg = "The password was changed or the sessions were ended meanwhile. Sign in again."
            raise InvalidError(msg)
        sealed.put_on(fresh)
        end_all(uow, user.id)
        uow.session.refresh(fresh)
        secret = begin(uow, fresh, visit.bundle)
        uow.session.execute(delete(SignInLimit).where(SignInLimit.key == limits["both"]))
        audit.record(uow, "password.changed", subject_id=user.id)
    return secret


def _limit_keys(resources: Resources, username: str, address: str) -> dict[str, bytes]:
    return {
        "both": keys.derive(resources.pepper, "limit-both", username, address),
        "account": keys.derive(resources.pepper, "limit-account", username),
        "address": keys.derive(resources.pepper, "limit-address", address),
    }


def _count_try(resources: Resources, limits: dict[str, bytes]) -> None:
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
