from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import select

from casefile import audit, keys
from casefile.accounts import service
from casefile.accounts.models import Invitation
from casefile.errors import ConflictError, DamagedError, InvalidError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from casefile.accounts.models import User
    from casefile.policy import Role
    from casefile.uow import UnitOfWork

LASTS = timedelta(days=7)
SECRET_BYTES = 32
GONE = (
    "This invitation does not work: it was used, withdrawn or has run out. "
    "Ask whoever invited you for a new one."
)


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """A line of the administrator's list. `state` is open, used, withdrawn or expired."""

    id: UUID
    name: str
    roles: Sequence[Role]
    created_at: datetime
    expires_at: datetime
    account_ends_at: datetime | None
    state: str


def create(
    uow: UnitOfWork,
    *,
    name: str,
    roles: Iterable[Role],
    account_ends_at: datetime | None = None,
) -> tuple[Invitation, str]:
    """Make an invitation; the token goes into the link and is kept nowhere in clear.

    With an end, the account is a guest's. Raises InvalidError when that lies in the past.
    """
    if account_ends_at is not None and account_ends_at <= uow.now:
        msg = "The last day lies in the past. Choose today or a later day, or leave it empty."
        raise InvalidError(msg)
    if uow.bundle is None or uow.actor_id is None:
        msg = "only somebody signed in can invite"
        raise RuntimeError(msg)
    secret, invitation_id, words = keys.random_key(), uuid4(), service.roles_text(roles)
    invitation = Invitation(
        id=invitation_id,
        token_digest=_token_digest(secret),
        sealed_secret=uow.bundle.keep(secret, "invitation", invitation_id, words),
        anchor=uow.bundle.anchor,
        anchor_mac=_mac(secret, uow.bundle.anchor, words, account_ends_at),
        inviter_id=uow.actor_id,
        name=name,
        roles=words,
        created_at=uow.now,
        expires_at=min(uow.now + LASTS, account_ends_at or uow.now + LASTS),
        account_ends_at=account_ends_at,
    )
    uow.session.add(invitation)
    audit.record(uow, "invitation.created", subject_id=invitation_id)
    return invitation, base64.urlsafe_b64encode(secret).decode().rstrip("=")


def find(session: Session, token: str, now: datetime) -> tuple[Invitation, bytes]:
    """Return the open invitation behind a link's token, and the secret in it.

    Raises NotFoundError when there is none, or no longer.
    """
    try:
        secret = base64.b64decode(token + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    invitation = (
        session.scalar(select(Invitation).where(Invitation.token_digest == _token_digest(secret)))
        if len(secret) == SECRET_BYTES
        else None
    )
    if invitation is None or state(invitation, now) != "open":
        raise NotFoundError(GONE)
    expected = _mac(secret, invitation.anchor, invitation.roles, invitation.account_ends_at)
    if not keys.same(expected, invitation.anchor_mac):
        msg = "This invitation was changed in the database and is not trusted. Ask for a new one."
        raise DamagedError(msg)
    return invitation, secret


def accept(
    uow: UnitOfWork,
    token: str,
    *,
    username: str,
    name: str,
    sealed: service.SealedBundle,
    bundle: keys.Bundle,
    user_id: UUID,
) -> User:
    """Turn an invitation into an account; its keys carry the MAC the inviter will check."""
    invitation, secret = find(uow.session, token, uow.now)
    user = service.new_user(
        uow,
        user_id=user_id,
        username=username,
        name=name,
        roles=service.roles_of(invitation.roles),
        bundle=bundle,
        sealed=sealed,
    )
    user.ends_at = invitation.account_ends_at
    user.invited_by_id, user.invitation_id = invitation.inviter_id, invitation.id
    user.invitation_mac = keys.authenticate(
        keys.derive(secret, "account"),
        keys.packed(user.id, user.public_keys, user.key_generation, user.roles),
    )
    invitation.used_at = uow.now
    uow.actor_id = user.id
    uow.session.flush()
    audit.record(uow, "invitation.accepted", subject_id=invitation.id)
    return user


def withdraw(uow: UnitOfWork, invitation_id: UUID) -> None:
    """Make a link stop working."""
    invitation = uow.session.get(Invitation, invitation_id)
    if invitation is None:
        msg = "There is no such invitation."
        raise NotFoundError(msg)
    if invitation.used_at is not None:
        msg = "This invitation was used already. Disable the account instead."
        raise ConflictError(msg)
    invitation.withdrawn_at = invitation.withdrawn_at or uow.now
    audit.record(uow, "invitation.withdrawn", subject_id=invitation_id)


def state(invitation: Invitation, now: datetime) -> str:
    if invitation.used_at is not None:
        return "used"
    if invitation.withdrawn_at is not None:
        return "withdrawn"
    return "open" if now < invitation.expires_at else "expired"


def rows(session: Session, now: datetime) -> list[InvitationRow]:
    """Return every invitation, newest first."""
    return [
        InvitationRow(
            id=row.id,
            name=row.name,
            roles=sorted(service.roles_of(row.roles)),
            created_at=row.created_at,
            expires_at=row.expires_at,
            account_ends_at=row.account_ends_at,
            state=state(row, now),
        )
        for row in session.scalars(select(Invitation).order_by(Invitation.created_at.desc()))
    ]


def _mac(secret: bytes, anchor: bytes, roles: str, ends_at: datetime | None) -> bytes:
    """Bind what the inviter meant, whom to trust, which roles and how long, to the link's secret."""
    end = [] if ends_at is None else [ends_at.astimezone(UTC).isoformat()]
    return keys.authenticate(keys.derive(secret, "anchor"), keys.packed(anchor, roles, *end))


def _token_digest(secret: bytes) -> bytes:
    return keys.digest(keys.derive(secret, "invitation"))
