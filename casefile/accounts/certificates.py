"""Whose keys are whose: certificates, and the way from each to the founder's pinned key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from casefile import audit, keys
from casefile.accounts.models import FormerCertificate, User
from casefile.errors import DamagedError
from casefile.policy import Role

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.uow import UnitOfWork

LONGEST_CHAIN = 8
NOT_CERTIFIED = (
    "This person's keys are not certified by the newsroom, so nothing is opened to or from them. "
    "Ask the administrator who invited them to sign in once; if it stays, somebody may have "
    "tampered with the database."
)


def certify(
    uow: UnitOfWork,
    user: User,
    issuer_id: UUID,
    issuer: keys.Bundle,
    *,
    may_certify: bool = True,
) -> None:
    """Sign for a person's keys with one's own; administrators may sign for others in their turn."""
    certificate = keys.certify(
        issuer,
        issuer_id=issuer_id,
        user_id=user.id,
        public=keys.PublicKeys.from_bytes(user.public_keys),
        generation=user.key_generation,
        may_certify=may_certify and Role.ADMIN in set(user.roles.split()),
    )
    user.certificate, user.invitation_mac = certificate.to_bytes(), None
    audit.record(uow, "account.certified", subject_id=user.id)


def certified_keys(session: Session, anchor: bytes, user_id: UUID) -> keys.PublicKeys:
    """Return a person's public keys once their certificate leads to the pinned anchor.

    Raises DamagedError when it does not: somebody has written into the database.
    """
    certificate = _current(session, user_id)
    if certificate is None:
        raise DamagedError(NOT_CERTIFIED)
    check(session, anchor, certificate)
    return certificate.public


def all_certified_keys(session: Session, anchor: bytes, user_id: UUID) -> list[keys.PublicKeys]:
    """Return the keys a person has and had, newest first: what they signed before stays signed.

    Only for checking signatures. Whatever is sealed goes to `certified_keys` alone.
    """
    found = []
    for certificate in _known(session, user_id):
        try:
            check(session, anchor, certificate)
        except DamagedError:
            continue
        found.append(certificate.public)
    return found


def administrator_keys(
    session: Session, anchor: bytes, user_id: UUID, kept: bytes
) -> list[keys.PublicKeys]:
    """Return the keys somebody may sign with as an administrator: by today's certificate, or by the
    one that was `kept` with what they signed when they were one.

    Only for checking signatures.
    """
    found = []
    for certificate in (_current(session, user_id), _read(kept, user_id)):
        if certificate is None or not certificate.may_certify:
            continue
        try:
            check(session, anchor, certificate)
        except DamagedError:
            continue
        found.append(certificate.public)
    return found


def could_certify(session: Session, anchor: bytes, user: User) -> bool:
    """Say whether the keys a person had before might sign for others, whatever their row says now."""
    former = session.get(FormerCertificate, (user.id, user.key_generation - 1))
    certificate = _read(former.certificate, user.id) if former else None
    if certificate is None:
        return False
    try:
        check(session, anchor, certificate)
    except DamagedError:
        return False
    return certificate.may_certify


def check(session: Session, anchor: bytes, certificate: keys.Certificate) -> None:
    """Return when a certificate leads to the anchor; DamagedError otherwise."""
    chain = [certificate]
    while chain[-1].issuer_id != chain[-1].user_id and len(chain) < LONGEST_CHAIN:
        issuer = _issuer(session, chain[-1])
        if issuer is None:
            raise DamagedError(NOT_CERTIFIED)
        chain.append(issuer)
    keys.check_chain(anchor, chain)


def _issuer(session: Session, certificate: keys.Certificate) -> keys.Certificate | None:
    """Return the certificate, of today or of before, with whose keys this one was signed."""
    for candidate in _known(session, certificate.issuer_id):
        try:
            keys.check_issuer(certificate, candidate)
        except DamagedError:
            continue
        return candidate
    return None


def _known(session: Session, user_id: UUID) -> list[keys.Certificate]:
    current = _current(session, user_id)
    former = session.scalars(
        select(FormerCertificate.certificate)
        .where(FormerCertificate.user_id == user_id)
        .order_by(FormerCertificate.generation.desc())
    )
    read = [_read(raw, user_id) for raw in former]
    return [certificate for certificate in (current, *read) if certificate is not None]


def _read(raw: bytes, user_id: UUID) -> keys.Certificate | None:
    try:
        certificate = keys.Certificate.from_bytes(raw)
    except DamagedError:
        return None
    return certificate if certificate.user_id == user_id else None


def _current(session: Session, user_id: UUID) -> keys.Certificate | None:
    """Return the certificate of a person's row when it is about the keys in that row."""
    row = session.execute(
        select(User.certificate, User.public_keys, User.key_generation).where(User.id == user_id)
    ).first()
    if row is None or row.certificate is None:
        return None
    certificate = _read(row.certificate, user_id)
    if (
        certificate is None
        or certificate.public.to_bytes() != row.public_keys
        or certificate.generation != row.key_generation
    ):
        return None
    return certificate
