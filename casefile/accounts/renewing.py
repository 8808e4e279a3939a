"""Beginning anew: new keys for somebody who has lost password and recovery code."""

from __future__ import annotations

import base64
import binascii
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import bindparam, select, update

from casefile import audit, keys
from casefile.accounts import certificates, escrow, service, sessions
from casefile.accounts.models import FormerCertificate, RecoveryCode, Renewal, User
from casefile.db import table
from casefile.errors import ConflictError, DamagedError, ForbiddenError, NotFoundError

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.uow import UnitOfWork

LASTS = timedelta(days=3)
SECRET_BYTES = 32
GONE = (
    "This link does not work: it was used, replaced by a newer one or has run out. "
    "Ask your administrator for a new one."
)
CHANGED = "This link was changed in the database and is not trusted. Ask for a new one."


def create(uow: UnitOfWork, user_id: UUID) -> tuple[Renewal, str]:
    """Make a link with which one person gets new keys; older ones stop working.

    Raises ForbiddenError for oneself and for the founder, whose key every certificate leads to.
    """
    if uow.bundle is None or uow.actor_id is None:
        msg = "only somebody signed in can make such a link"
        raise RuntimeError(msg)
    user = service.get(uow.session, user_id)
    if user_id == uow.actor_id:
        msg = "This is your own account. Change your password, or ask another administrator."
        raise ForbiddenError(msg)
    if user.id == escrow.escrow_id(uow.bundle.anchor) or escrow.is_founder(user, uow.bundle.anchor):
        msg = (
            "Every certificate leads to this key, so it cannot be replaced. The founder's recovery "
            "code brings it back; without it, invite them under another name."
        )
        raise ForbiddenError(msg)
    if user.disabled_at is not None:
        msg = "This account is closed. Enable it first."
        raise ConflictError(msg)
    _withdraw(uow, user_id)
    secret, renewal_id = keys.random_key(), uuid4()
    renewal = Renewal(
        id=renewal_id,
        token_digest=_token_digest(secret),
        sealed_secret=uow.bundle.keep(secret, "renewal", renewal_id, user_id),
        user_id=user_id,
        maker_id=uow.actor_id,
        key_generation=user.key_generation + 1,
        anchor=uow.bundle.anchor,
        anchor_mac=_mac(secret, uow.bundle.anchor, user_id, user.key_generation + 1),
        created_at=uow.now,
        expires_at=uow.now + LASTS,
    )
    uow.session.add(renewal)
    audit.record(uow, "renewal.created", subject_id=user_id)
    return renewal, base64.urlsafe_b64encode(secret).decode().rstrip("=")


def _withdraw(uow: UnitOfWork, user_id: UUID) -> None:
    uow.session.execute(
        update(Renewal)
        .where(
            Renewal.user_id == user_id, Renewal.used_at.is_(None), Renewal.withdrawn_at.is_(None)
        )
        .values(withdrawn_at=uow.now)
    )


def find(session: Session, token: str, now: datetime) -> tuple[Renewal, User, bytes]:
    """Return the open link behind a token, whose account it is about, and the secret in it.

    Raises NotFoundError when there is none, or no longer; DamagedError when it was tampered with.
    """
    try:
        secret = base64.b64decode(token + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    row = (
        session.scalar(select(Renewal).where(Renewal.token_digest == _token_digest(secret)))
        if len(secret) == SECRET_BYTES
        else None
    )
    if row is None or row.used_at or row.withdrawn_at or row.expires_at <= now:
        raise NotFoundError(GONE)
    if not keys.same(_mac(secret, row.anchor, row.user_id, row.key_generation), row.anchor_mac):
        raise DamagedError(CHANGED)
    user = service.get(session, row.user_id)
    if user.disabled_at is not None or row.key_generation != user.key_generation + 1:
        raise NotFoundError(GONE)
    return row, user, secret


def accept(
    uow: UnitOfWork, token: str, *, sealed: service.SealedBundle, bundle: keys.Bundle
) -> User:
    """Put new keys in the place of lost ones; they carry the MAC the link's maker will check.

    The old certificate is kept aside: what the old keys signed for others stays good.
    """
    row, user, secret = find(uow.session, token, uow.now)
    if user.certificate is not None:
        uow.session.add(
            FormerCertificate(
                user_id=user.id, generation=user.key_generation, certificate=user.certificate
            )
        )
    sealed.put_on(user)
    user.public_keys, user.key_generation = bundle.public.to_bytes(), row.key_generation
    user.certificate = user.invitation_mac = None
    row.used_at = uow.now
    row.account_mac = _account_mac(secret, user)
    old_code = uow.session.get(RecoveryCode, user.id)
    if old_code is not None:
        uow.session.delete(old_code)
    uow.session.flush()
    uow.actor_id = user.id
    sessions.end_all(uow, user.id)
    uow.session.refresh(user)
    audit.record(uow, "account.renewed", subject_id=user.id)
    return user


_RENEWAL = table(Renewal)
_WAITS = (
    select(_RENEWAL.c.id)
    .where(
        _RENEWAL.c.maker_id == bindparam("maker"),
        _RENEWAL.c.account_mac.is_not(None),
        _RENEWAL.c.certified_at.is_(None),
    )
    .limit(1)
)


def waits_for_me(session: Session, user_id: UUID) -> bool:
    """Say whether somebody who began anew with my link waits for my signature."""
    return session.execute(_WAITS, {"maker": user_id}).first() is not None


def certify_renewed(uow: UnitOfWork) -> int:
    """Certify the new keys of people I made a link for, when they carry the MAC of its secret."""
    if uow.bundle is None or uow.actor_id is None:
        return 0
    waiting = uow.session.scalars(
        select(Renewal).where(
            Renewal.maker_id == uow.actor_id,
            Renewal.account_mac.is_not(None),
            Renewal.certified_at.is_(None),
        )
    ).all()
    done = 0
    for row in waiting:
        user = service.get(uow.session, row.user_id)
        try:
            secret = uow.bundle.kept(row.sealed_secret, "renewal", row.id, row.user_id)
        except DamagedError:  # planted: only I can have sealed it
            secret = keys.random_key()
        genuine = (
            row.key_generation == user.key_generation
            and user.certificate is None
            and keys.same(_account_mac(secret, user), row.account_mac or b"")
        )
        row.certified_at = uow.now
        if genuine:
            may_certify = certificates.could_certify(uow.session, uow.bundle.anchor, user)
            certificates.certify(uow, user, uow.actor_id, uow.bundle, may_certify=may_certify)
            done += 1
        else:
            audit.record(uow, "account.mistrusted", subject_id=user.id)
    return done


def _account_mac(secret: bytes, user: User) -> bytes:
    return keys.authenticate(
        keys.derive(secret, "renewed account"),
        keys.packed(user.id, user.public_keys, user.key_generation, user.roles),
    )


def _mac(secret: bytes, anchor: bytes, user_id: UUID, generation: int) -> bytes:
    """Bind whom the link is for, and whom to trust, to its secret."""
    return keys.authenticate(
        keys.derive(secret, "renewal"), keys.packed(anchor, user_id, generation)
    )


def _token_digest(secret: bytes) -> bytes:
    return keys.digest(keys.derive(secret, "renewal token"))
