from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from casefile.db import Base, PrimaryKey, Word


class SecondFactor(Base):
    """A key, an app or a set of codes. What it is lies sealed with a key only its owner can make.

    `counter` only ever grows: the last time step taken, the key's own counter, or one bit for each
    code that was used. It is bound to what is sealed.
    """

    __tablename__ = "second_factor"

    id: Mapped[PrimaryKey]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"), index=True)
    kind: Mapped[Word]
    counter: Mapped[int] = mapped_column(BigInteger)
    sealed: Mapped[bytes]


class FactorList(Base):
    """Which factors a person has, sealed by them, so that none can be put in or taken out unseen.

    An administrator who takes all of them away signs for it over the very list.
    """

    __tablename__ = "second_factor_list"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"), primary_key=True)
    version: Mapped[int]
    sealed: Mapped[bytes]
    removed_at: Mapped[datetime | None]
    removed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    removal_signature: Mapped[bytes | None]


class PendingSignIn(Base):
    """A browser whose password was right and which owes the second factor. Opens with its cookie."""

    __tablename__ = "pending_sign_in"

    id: Mapped[PrimaryKey]
    cookie_digest: Mapped[bytes] = mapped_column(unique=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"), index=True)
    auth_epoch: Mapped[int]
    created_at: Mapped[datetime]
    sealed_bundle: Mapped[bytes]
