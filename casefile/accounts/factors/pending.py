"""Signing in by two steps: the password opens the keys, a factor opens the door."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import delete, select

from casefile import audit, keys
from casefile.accounts import limits, service, sessions
from casefile.accounts.factors import opening, proving
from casefile.accounts.factors.models import PendingSignIn
from casefile.accounts.models import User
from casefile.errors import DamagedError, ForbiddenError, InvalidError
from casefile.uow import UnitOfWork

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from casefile.uow import Resources

LASTS = timedelta(minutes=5)
CLOCKS_DIFFER = timedelta(minutes=1)
TOO_LATE = "This sign-in took too long or was finished elsewhere. Type your password again."
TAMPERED = (
    "Your password was right, but your second factors were changed in the database by somebody who may "
    "not, and none of them can be trusted. You were not signed in. Ask an administrator to remove your "
    "second factors, and to look into it: “casefile audit verify” is a start."
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What the right password led to: the secret of a cookie, and whether a factor is owed."""

    secret: bytes | None = field(repr=False)
    owes_factor: bool = False
    removal: opening.Removal | None = None

    def cookie(self) -> bytes:
        """Return the secret. Raises ForbiddenError when the factors there are cannot be trusted."""
        if self.secret is None:
            raise ForbiddenError(TAMPERED)
        return self.secret


@dataclass(frozen=True, slots=True)
class Pending:
    """A browser that owes a factor, with what its cookie opens."""

    id: UUID
    user_id: UUID
    username: str
    auth_epoch: int
    bundle: keys.Bundle = field(repr=False)
    challenge: bytes = field(repr=False)

    @property
    def me(self) -> opening.Me:
        return opening.Me(self.user_id, self.bundle)


def enter(uow: UnitOfWork, user: User, bundle: keys.Bundle, agent: str) -> Entry:
    """Go on from the right password: to the second factor, or in when there is none.

    The caller takes `cookie()` of the result once the change is made.
    """
    found = opening.of(uow.session, user.id, bundle)
    if not found.sound:
        audit.record(uow, "factor.mistrusted", subject_id=user.id)
    if found.mine:
        return Entry(_begin(uow, user, bundle), owes_factor=True)
    if not found.sound:
        audit.record(uow, "session.refused", subject_id=user.id)
        return Entry(None)
    return Entry(sessions.begin(uow, user, bundle, agent=agent), removal=found.removal)


def _begin(uow: UnitOfWork, user: User, bundle: keys.Bundle) -> bytes:
    secret, pending_id = keys.random_key(), uuid4()
    over = (PendingSignIn.created_at < uow.now - LASTS) | (
        PendingSignIn.created_at > uow.now + LASTS
    )
    uow.session.execute(delete(PendingSignIn).where(over))
    sealed = keys.wrap(
        keys.derive(secret, "pending kek"), bundle.to_bytes(), "pending", pending_id, user.id
    )
    uow.session.add(
        PendingSignIn(
            id=pending_id,
            cookie_digest=keys.digest(keys.derive(secret, "pending")),
            user_id=user.id,
            auth_epoch=user.auth_epoch,
            created_at=uow.now,
            sealed_bundle=sealed,
        )
    )
    uow.session.flush()
    audit.record(uow, "password.accepted", subject_id=user.id)
    return secret


def find(session: Session, secret: bytes, now: datetime) -> Pending | None:
    """Return the sign-in that this cookie has begun, unless its time is over."""
    row = session.execute(
        select(PendingSignIn, User.username)
        .join(User, User.id == PendingSignIn.user_id)
        .where(
            PendingSignIn.cookie_digest == keys.digest(keys.derive(secret, "pending")),
            PendingSignIn.auth_epoch == User.auth_epoch,
            User.disabled_at.is_(None),
        )
    ).first()
    if row is None or not -CLOCKS_DIFFER <= now - row[0].created_at <= LASTS:
        return None
    pending: PendingSignIn = row[0]
    try:
        plain = keys.unwrap(
            keys.derive(secret, "pending kek"),
            pending.sealed_bundle,
            "pending",
            pending.id,
            pending.user_id,
        )
    except DamagedError:
        return None
    return Pending(
        id=pending.id,
        user_id=pending.user_id,
        username=row.username,
        auth_epoch=pending.auth_epoch,
        bundle=keys.Bundle.from_bytes(plain),
        challenge=keys.derive(secret, "pending challenge"),
    )


def prove(
    resources: Resources,
    pending: Pending,
    proof: proving.Code | proving.Touch,
    *,
    address: str,
    agent: str,
) -> bytes:
    """Take a factor and open the session; returns the secret of its cookie, a new one.

    Raises InvalidError saying what was wrong with it, and TooManyRequestsError after too many tries;
    the sign-in stays open for another try until its five minutes are over.
    """
    tries = limits.keys_of_factor(resources, pending.username, address)
    if not isinstance(proof, proving.Code) or proof.kind != opening.APP:
        del tries["day"]
    limits.count_try(resources, tries)
    refusal: proving.Refusal | None = None
    with UnitOfWork(resources, pending.user_id, pending.bundle) as uow:
        found = opening.of(uow.session, pending.user_id, pending.bundle)
        taken = proving.take(uow, pending.me, found, proof)
        if isinstance(taken, proving.Refusal):
            refusal = taken
            audit.record(
                uow, "factor.refused", subject_id=pending.user_id, detail={"reason": taken.reason}
            )
        else:
            secret = _finish(uow, pending, taken, agent)
            limits.forget(uow, tries)
    if refusal is not None:
        raise InvalidError(refusal.message)
    return secret


def _finish(uow: UnitOfWork, pending: Pending, factor: opening.Factor, agent: str) -> bytes:
    done = uow.session.execute(delete(PendingSignIn).where(PendingSignIn.id == pending.id))
    user = uow.session.get_one(User, pending.user_id)
    still_good = user.auth_epoch == pending.auth_epoch and service.is_open(user, uow.now)
    if not done.rowcount or not still_good:  # type: ignore[attr-defined]
        raise InvalidError(TOO_LATE)
    audit.record(uow, "factor.used", subject_id=user.id, detail={"kind": factor.kind})
    return sessions.begin(uow, user, pending.bundle, agent=agent)
