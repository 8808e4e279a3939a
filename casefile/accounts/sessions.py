from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import bindparam, delete, select, update

from casefile import audit, keys, policy
from casefile.accounts import agents, service
from casefile.accounts.factors.models import FactorList
from casefile.accounts.models import SignInSession, User
from casefile.db import table
from casefile.errors import (
    CasefileError,
    DamagedError,
    NotFoundError,
)
from casefile.web import Person, Visit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from casefile.config import Settings
    from casefile.uow import Resources, UnitOfWork

SEEN_EVERY = timedelta(minutes=1)


def idle(settings: Settings) -> timedelta:
    """How long a session lasts without a request."""
    return timedelta(minutes=settings.session_idle_minutes)


def absolute(settings: Settings) -> timedelta:
    """How long a session lasts however busy it is."""
    return timedelta(hours=settings.session_hours)


def begin(uow: UnitOfWork, user: User, bundle: keys.Bundle, *, agent: str = "") -> bytes:
    """Add a session row and return the secret for its cookie.

    Of the browser's `agent` a few words are kept, sealed under a key only this person can make.
    """
    secret = keys.random_key()
    settings = uow.resources.settings
    uow.session.execute(
        delete(SignInSession).where(
            (SignInSession.last_seen_at < uow.now - idle(settings))
            | (SignInSession.created_at < uow.now - absolute(settings))
        )
    )
    session_id = uuid4()
    device = agents.described(agent).encode()
    uow.session.add(
        SignInSession(
            id=session_id,
            cookie_digest=keys.digest(keys.derive(secret, "sid")),
            user_id=user.id,
            auth_epoch=user.auth_epoch,
            created_at=uow.now,
            last_seen_at=uow.now,
            confirmed_at=uow.now,
            sealed_bundle=keys.wrap(
                keys.derive(secret, "kek"), bundle.to_bytes(), "session", session_id, user.id
            ),
            sealed_device=keys.wrap(bundle.derive("device"), device, "device", session_id),
        )
    )
    uow.session.flush()
    audit.record(uow, "session.opened", subject_id=user.id)
    audit.meet(uow, user.id, bundle)
    return secret


_SESSION, _USER, _FACTORS = table(SignInSession), table(User), table(FactorList)
_OPEN = (
    select(
        _SESSION.c.id,
        _SESSION.c.created_at,
        _SESSION.c.last_seen_at,
        _SESSION.c.confirmed_at,
        _SESSION.c.sealed_bundle,
        _FACTORS.c.user_id.label("factors_of"),
        _USER.c.id.label("user_id"),
        _USER.c.username,
        _USER.c.name,
        _USER.c.roles,
        _USER.c.theme,
        _USER.c.timezone,
        _USER.c.ends_at,
        _USER.c.travel_until,
        _USER.c.unread_notices,
    )
    .join_from(_SESSION, _USER, _USER.c.id == _SESSION.c.user_id)
    .outerjoin(
        _FACTORS, (_FACTORS.c.user_id == _SESSION.c.user_id) & _FACTORS.c.removed_at.is_(None)
    )
    .where(
        _SESSION.c.cookie_digest == bindparam("digest"),
        _USER.c.auth_epoch == _SESSION.c.auth_epoch,
        _USER.c.disabled_at.is_(None),
        _USER.c.ends_at.is_(None) | (_USER.c.ends_at > bindparam("now")),
    )
)


def _alive(settings: Settings, created_at: datetime, last_seen_at: datetime, now: datetime) -> bool:
    """Say whether a session still stands; one begun by a clock far ahead never does."""
    longest = absolute(settings)
    return (
        now - last_seen_at <= idle(settings)
        and now - created_at <= longest
        and created_at - now <= longest
    )


def open_visit(resources: Resources, session: Session, secret: bytes) -> Visit | None:
    """Return the visit a cookie's secret opens, or None when the session is over."""
    digest = keys.digest(keys.derive(secret, "sid"))
    now = resources.clock()
    row = session.execute(_OPEN, {"digest": digest, "now": now}).first()
    if row is None or not _alive(resources.settings, row.created_at, row.last_seen_at, now):
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
        ends_at=row.ends_at,
        travel_until=row.travel_until,
        unread_notices=row.unread_notices,
    )
    rule = resources.settings.second_factor
    return Visit(
        person,
        keys.Bundle.from_bytes(plain),
        digest,
        keys.derive(secret, "cache"),
        confirmed_at=row.confirmed_at,
        must_enrol=row.factors_of is None and policy.must_have_factor(rule, person.roles),
    )


def _seen(resources: Resources, session_id: UUID, now: datetime) -> None:
    try:
        with resources.database.writing() as session:
            session.execute(
                update(SignInSession).where(SignInSession.id == session_id).values(last_seen_at=now)
            )
            session.commit()
    except CasefileError:
        return  # the page matters more; the next request tries again


def confirm(uow: UnitOfWork, visit: Visit) -> tuple[bytes, Visit]:
    """Give the session another cookie once its owner has given the password again."""
    row = uow.session.scalar(
        select(SignInSession).where(SignInSession.cookie_digest == visit.session_id)
    )
    if row is None:
        msg = "This session is over. Sign in again."
        raise NotFoundError(msg)
    secret = keys.random_key()
    row.cookie_digest = keys.digest(keys.derive(secret, "sid"))
    row.confirmed_at = row.last_seen_at = uow.now
    row.sealed_bundle = keys.wrap(
        keys.derive(secret, "kek"), visit.bundle.to_bytes(), "session", row.id, row.user_id
    )
    uow.resources.opened_keys.pop(visit.session_id, None)
    audit.record(uow, "password.confirmed", subject_id=row.user_id)
    return secret, replace(
        visit,
        session_id=row.cookie_digest,
        cache_key=keys.derive(secret, "cache"),
        confirmed_at=uow.now,
        case_keys=None,
        case_keys_changed=False,
    )


def end(uow: UnitOfWork, visit: Visit) -> None:
    """Close the session of this browser."""
    uow.session.execute(
        delete(SignInSession).where(SignInSession.cookie_digest == visit.session_id)
    )
    uow.resources.opened_keys.pop(visit.session_id, None)
    audit.record(uow, "session.ended", subject_id=visit.person.id)
    audit.meet(uow, visit.person.id, visit.bundle)


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


def end_others(uow: UnitOfWork, visit: Visit) -> None:
    """Close every session of mine but this one."""
    others = uow.session.scalars(
        delete(SignInSession)
        .where(
            SignInSession.user_id == visit.person.id,
            SignInSession.cookie_digest != visit.session_id,
        )
        .returning(SignInSession.cookie_digest)
    ).all()
    for digest in others:
        uow.resources.opened_keys.pop(digest, None)
    if others:
        audit.record(uow, "sessions.ended", subject_id=visit.person.id)


def end_all(uow: UnitOfWork, user_id: UUID) -> None:
    """Close every session of a person, everywhere, at once."""
    uow.session.execute(
        update(User).where(User.id == user_id).values(auth_epoch=User.auth_epoch + 1)
    )
    ended = uow.session.scalars(
        delete(SignInSession)
        .where(SignInSession.user_id == user_id)
        .returning(SignInSession.cookie_digest)
    ).all()
    for digest in ended:
        uow.resources.opened_keys.pop(digest, None)
    audit.record(uow, "sessions.ended", subject_id=user_id)


def mine(
    session: Session, visit: Visit, now: datetime, settings: Settings
) -> Sequence[dict[str, Any]]:
    """Return my open sessions, newest first."""
    rows = session.scalars(
        select(SignInSession)
        .where(
            SignInSession.user_id == visit.person.id,
            SignInSession.last_seen_at > now - idle(settings),
            SignInSession.created_at > now - absolute(settings),
        )
        .order_by(SignInSession.last_seen_at.desc())
    )
    return [
        {
            "id": row.id,
            "created_at": row.created_at,
            "last_seen_at": row.last_seen_at,
            "device": _device(row, visit.bundle),
            "current": row.cookie_digest == visit.session_id,
        }
        for row in rows
    ]


def _device(row: SignInSession, bundle: keys.Bundle) -> str:
    """Return which browser it was, or "" when it said nothing or cannot be read."""
    try:
        return keys.unwrap(
            bundle.derive("device"), row.sealed_device or b"", "device", row.id
        ).decode()
    except DamagedError:
        return ""
