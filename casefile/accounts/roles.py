"""What an administrator changes about a person: roles, and with them the right to certify keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from casefile import audit, keys
from casefile.accounts import service, sessions
from casefile.accounts.models import User
from casefile.errors import ConflictError, DamagedError, ForbiddenError, InvalidError
from casefile.policy import Role

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.uow import UnitOfWork


def change_roles(uow: UnitOfWork, user_id: UUID, roles: Iterable[Role]) -> None:
    """Give a person these roles and end their sessions: they go on with a new cookie.

    Becoming or ceasing to be an administrator renews the certificate, because it says whether its
    holder may certify others. Raises ForbiddenError for oneself, ConflictError when the keys are
    not certified yet or somebody would lose their certification.
    """
    if user_id == uow.actor_id:
        msg = "You cannot change your own roles. Ask another administrator."
        raise ForbiddenError(msg)
    user = service.get(uow.session, user_id)
    _settle_invitation(uow, user)
    before, after = service.roles_of(user.roles), frozenset(roles)
    if before == after:
        return
    user.roles = service.roles_text(after)
    uow.session.flush()
    if (Role.ADMIN in before) != (Role.ADMIN in after) and user.certificate is not None:
        _renew(uow, user, may_certify=Role.ADMIN in after)
    sessions.end_all(uow, user_id)
    detail = {"from": service.roles_text(before), "to": service.roles_text(after)}
    audit.record(uow, "account.roles_changed", subject_id=user_id, detail=detail)


def _settle_invitation(uow: UnitOfWork, user: User) -> None:
    """Certify first: the invitation's MAC covers the roles, so changed ones would never pass it."""
    if user.certificate is not None or user.invitation_mac is None:
        return
    if user.invited_by_id == uow.actor_id:
        service.certify_invited(uow)
        uow.session.flush()
    if user.certificate is None:
        msg = (
            "This person's keys are not certified yet, and the invitation names their roles. Wait until "
            "whoever invited them has signed in once, then change the roles."
        )
        raise ConflictError(msg)


def _renew(uow: UnitOfWork, user: User, *, may_certify: bool) -> None:
    """Sign for a person anew, and for those they certified: nobody may lose their certification.

    The founder's certificate stays: it is what every chain ends at.
    """
    if uow.bundle is None:
        msg = "a certificate by nobody"
        raise RuntimeError(msg)
    session, anchor = uow.session, uow.bundle.anchor
    service.certified_keys(session, anchor, user.id)
    certificate = _certificate(user)
    if certificate.issuer_id == user.id:
        return
    everybody = list(session.scalars(select(User).where(User.certificate.is_not(None))))
    held = [person for person in everybody if _holds(session, anchor, person.id)]
    _sign(uow, uow.bundle, user, may_certify=may_certify)
    if not may_certify:
        for person in held:
            own = _certificate(person)
            if own.issuer_id == user.id and person.id not in {user.id, uow.actor_id}:
                _sign(uow, uow.bundle, person, may_certify=own.may_certify)
    session.flush()
    lost = [person for person in held if not _holds(session, anchor, person.id)]
    if any(person.id == uow.actor_id for person in lost):
        msg = (
            "Your own keys were certified by this person, so you cannot take the right to certify from "
            "them. Ask another administrator, or disable the account instead."
        )
        raise ConflictError(msg)
    if lost:
        msg = (
            "Your keys cannot certify this person: you were not certified as an administrator. "
            "Ask the founder or another administrator to change these roles."
        )
        raise ConflictError(msg)


def _sign(uow: UnitOfWork, issuer: keys.Bundle, person: User, *, may_certify: bool) -> None:
    if uow.actor_id is None:
        msg = "a certificate by nobody"
        raise RuntimeError(msg)
    person.certificate = keys.certify(
        issuer,
        issuer_id=uow.actor_id,
        user_id=person.id,
        public=keys.PublicKeys.from_bytes(person.public_keys),
        generation=person.key_generation,
        may_certify=may_certify,
    ).to_bytes()
    audit.record(uow, "account.certified", subject_id=person.id)


def _certificate(person: User) -> keys.Certificate:
    return keys.Certificate.from_bytes(person.certificate or b"")


def _holds(session: Session, anchor: bytes, user_id: UUID) -> bool:
    try:
        service.certified_keys(session, anchor, user_id)
    except DamagedError:
        return False
    return True


def set_end(uow: UnitOfWork, user_id: UUID, ends_at: datetime | None) -> None:
    """Say until when an account lasts; None for as long as nobody says otherwise."""
    if user_id == uow.actor_id:
        msg = "You cannot give your own account an end. Ask another administrator."
        raise ForbiddenError(msg)
    if ends_at is not None and ends_at <= uow.now:
        msg = "The last day lies in the past. Choose today or a later day, or disable the account."
        raise InvalidError(msg)
    user = service.get(uow.session, user_id)
    if user.ends_at == ends_at:
        return
    if service.has_ended(user, uow.now):
        user.auth_epoch += 1  # what was open then stays closed when the account lasts longer
    user.ends_at = ends_at
    detail = {"to": ends_at.isoformat() if ends_at else ""}
    audit.record(uow, "account.end_changed", subject_id=user_id, detail=detail)
