"""The organisation's offline key: who it is to the others, and how they know it again.

It has a row among the people, so that grants to and by it are like all grants. Nobody signs in with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from casefile import audit, keys
from casefile.accounts import certificates
from casefile.accounts.models import User
from casefile.accounts.passwords import SALT_BYTES
from casefile.errors import ConflictError, DamagedError, InvalidError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from casefile.uow import UnitOfWork

USERNAME = "(escrow)"
NAME = "Escrow key of the organisation"
CHANGED = (
    "The escrow key of this newsroom was changed outside Casefile, so nothing was given to it and "
    "nothing was changed. Tell the administrator."
)


def escrow_id(anchor: bytes) -> UUID:
    """Return the id of the offline key: it follows from the founder's key, so it cannot be another's."""
    return UUID(bytes=keys.digest(keys.packed("casefile escrow", anchor))[:16])


def create(uow: UnitOfWork, founder_id: UUID, founder: keys.Bundle) -> keys.OfflineKey:
    """Make the offline key and have the founder certify it. What is returned is stored nowhere.

    Raises ConflictError when there is one.
    """
    offline = keys.OfflineKey.create(uow.resources.pepper)
    own_id, public = escrow_id(founder.anchor), offline.bundle(founder.anchor).public
    if uow.session.get(User, own_id) is not None:
        msg = "This newsroom has an escrow key already."
        raise ConflictError(msg)
    certificate = keys.certify(founder, issuer_id=founder_id, user_id=own_id, public=public)
    settings = keys.PasswordSettings()
    uow.session.add(
        User(
            id=own_id,
            username=USERNAME,
            name=NAME,
            roles="",
            created_at=uow.now,
            disabled_at=uow.now,
            auth_digest=keys.random_key(),
            password_salt=keys.random_key()[:SALT_BYTES],
            password_memory_kib=settings.memory_kib,
            password_iterations=settings.iterations,
            password_lanes=settings.lanes,
            sealed_bundle=offline.vouch(founder.anchor),
            public_keys=public.to_bytes(),
            certificate=certificate.to_bytes(),
        )
    )
    uow.session.flush()
    audit.record(uow, "escrow.created", subject_id=own_id)
    return offline


def public_keys(session: Session, anchor: bytes) -> keys.PublicKeys | None:
    """Return the offline key that grants go to, or None where there is none.

    Raises DamagedError unless the founder themselves certified it: no other certifier may.
    """
    row = session.get(User, escrow_id(anchor))
    if row is None:
        return None
    try:
        certificate = keys.Certificate.from_bytes(row.certificate or b"")
        certificates.check(session, anchor, certificate)
    except DamagedError:
        raise DamagedError(CHANGED) from None
    by_founder = session.get(User, certificate.issuer_id)
    if (
        certificate.user_id != row.id
        or certificate.public.to_bytes() != row.public_keys
        or by_founder is None
        or not is_founder(by_founder, anchor)
    ):
        raise DamagedError(CHANGED)
    return certificate.public


def is_founder(user: User, anchor: bytes) -> bool:
    """Say whether this person's signing key is the one every certificate leads to."""
    try:
        return keys.same(keys.PublicKeys.from_bytes(user.public_keys).signing, anchor)
    except DamagedError:
        return False


def recognise(session: Session, offline: keys.OfflineKey) -> tuple[UUID, keys.Bundle]:
    """Return id and private keys of the offline key put together from the papers.

    Raises InvalidError when this newsroom has no such key, DamagedError when the founder's key in
    the database is not the one the papers were made with.
    """
    row = session.scalar(select(User).where(User.username == USERNAME))
    anchor = _anchor_of(session, row) if row else None
    if row is None or anchor is None or not keys.same(row.sealed_bundle, offline.vouch(anchor)):
        msg = (
            "These shares are not of this newsroom, or its escrow was changed. Nothing was changed."
        )
        raise InvalidError(msg)
    bundle = offline.bundle(anchor)
    if row.id != escrow_id(anchor) or bundle.public != public_keys(session, anchor):
        raise DamagedError(CHANGED)
    return row.id, bundle


def _anchor_of(session: Session, row: User) -> bytes | None:
    """Return the founder's key as the database has it now; the papers say whether it is true."""
    try:
        issuer_id = keys.Certificate.from_bytes(row.certificate or b"").issuer_id
        founder = session.get(User, issuer_id)
        return keys.PublicKeys.from_bytes(founder.public_keys).signing if founder else None
    except DamagedError:
        return None
