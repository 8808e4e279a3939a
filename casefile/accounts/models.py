from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from casefile.db import Base, Name, PrimaryKey, Word


class User(Base):
    """A person with an account. Their private keys are here only as a bundle sealed to their password."""

    __tablename__ = "user"

    id: Mapped[PrimaryKey]
    username: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[Name]
    roles: Mapped[str] = mapped_column(String(200))
    theme: Mapped[Word] = mapped_column(default="auto")
    timezone: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    travel_until: Mapped[datetime | None]
    unread_notices: Mapped[int] = mapped_column(default=0)
    auth_epoch: Mapped[int] = mapped_column(default=1)
    auth_digest: Mapped[bytes]
    password_salt: Mapped[bytes]
    password_memory_kib: Mapped[int]
    password_iterations: Mapped[int]
    password_lanes: Mapped[int]
    sealed_bundle: Mapped[bytes]
    public_keys: Mapped[bytes]
    key_generation: Mapped[int] = mapped_column(default=1)
    certificate: Mapped[bytes | None]
    invited_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"), index=True)
    invitation_id: Mapped[UUID | None]
    invitation_mac: Mapped[bytes | None]


class SignInSession(Base):
    """A signed-in browser. Without the cookie the row opens nothing."""

    __tablename__ = "sign_in_session"

    id: Mapped[PrimaryKey]
    cookie_digest: Mapped[bytes] = mapped_column(unique=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"), index=True)
    auth_epoch: Mapped[int]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    confirmed_at: Mapped[datetime]
    sealed_bundle: Mapped[bytes]
    sealed_device: Mapped[bytes | None]


class Invitation(Base):
    """A link that makes one account. The secret in it is known to inviter and invitee only."""

    __tablename__ = "invitation"

    id: Mapped[PrimaryKey]
    token_digest: Mapped[bytes] = mapped_column(unique=True)
    sealed_secret: Mapped[bytes]
    anchor: Mapped[bytes]
    anchor_mac: Mapped[bytes]
    inviter_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    name: Mapped[Name]
    roles: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    account_ends_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class SignInLimit(Base):
    """Tries in a row and when the last one was, by digest of an account name, an address, both, or
    an account name and a device.
    """

    __tablename__ = "sign_in_limit"

    key: Mapped[bytes] = mapped_column(primary_key=True)
    window_at: Mapped[datetime]
    tries: Mapped[int]
    refusals: Mapped[int] = mapped_column(default=0)


class FormerCertificate(Base):
    """Keys a person had before they began anew: they verify old signatures, nothing is sealed to them."""

    __tablename__ = "former_certificate"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"), primary_key=True)
    generation: Mapped[int] = mapped_column(primary_key=True)
    certificate: Mapped[bytes]


class RecoveryCode(Base):
    """A person's private keys once more, sealed under a code that only they have on paper."""

    __tablename__ = "recovery_code"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"), primary_key=True)
    sealed_bundle: Mapped[bytes]
    made_at: Mapped[datetime]
    kept_at: Mapped[datetime | None]


class Renewal(Base):
    """A link that lets one person begin anew with new keys. Its secret is known to its maker and to them."""

    __tablename__ = "renewal"

    id: Mapped[PrimaryKey]
    token_digest: Mapped[bytes] = mapped_column(unique=True)
    sealed_secret: Mapped[bytes]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"), index=True)
    maker_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"), index=True)
    key_generation: Mapped[int]
    anchor: Mapped[bytes]
    anchor_mac: Mapped[bytes]
    account_mac: Mapped[bytes | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    certified_at: Mapped[datetime | None]
