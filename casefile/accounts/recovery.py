"""Recovery codes: making one, trying it, and a new password for whoever holds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from sqlalchemy import select, update

from casefile import audit, keys
from casefile.accounts import limits, service, sessions, signing_in
from casefile.accounts.models import RecoveryCode, User
from casefile.accounts.passwords import check_choice
from casefile.errors import DamagedError, InvalidError
from casefile.uow import UnitOfWork

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from casefile.uow import Resources
    from casefile.web import Visit

WRONG: Final = (
    "The username or the recovery code is wrong. Compare the code with your paper; a code stops "
    "working when a newer one is made."
)
_NOBODY: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class CodeState:
    """What the account page says of a code: when it was made, and whether it was confirmed."""

    made_at: datetime
    kept_at: datetime | None


def make(uow: UnitOfWork, user_id: UUID, bundle: keys.Bundle, code: str | None = None) -> str:
    """Seal a person's private keys under a new code and return it; any older one stops working.

    The code is stored nowhere: show it once.
    """
    code = code or keys.new_code()
    row = uow.session.get(RecoveryCode, user_id) or RecoveryCode(user_id=user_id)
    row.sealed_bundle = keys.wrap(
        keys.code_key(keys.read_code(code), user_id), bundle.to_bytes(), "recovery", user_id
    )
    row.made_at, row.kept_at = uow.now, None
    uow.session.add(row)
    uow.session.flush()
    audit.record(uow, "recovery.made", subject_id=user_id)
    return code


def state(session: Session, user_id: UUID) -> CodeState | None:
    """Return what is known of a person's code, or None when they have none."""
    row = session.execute(
        select(RecoveryCode.made_at, RecoveryCode.kept_at).where(RecoveryCode.user_id == user_id)
    ).first()
    return CodeState(row.made_at, row.kept_at) if row else None


def keeping_proof(cache_key: bytes, user_id: UUID, code: str) -> str:
    """Return what the page that shows a code carries, so that its last group can be checked.

    A MAC under a key of the session: the code itself does not travel again.
    """
    own = keys.derive(cache_key, "recovery code kept", user_id)
    return keys.authenticate(own, keys.last_group(code).encode()).hex()


def confirm(uow: UnitOfWork, visit: Visit, *, typed: str, proof: str) -> None:
    """Note that I kept my code, once I typed back its last group.

    Raises InvalidError when it is not the group that was shown.
    """
    expected = keeping_proof(visit.cache_key, visit.person.id, typed)
    if not proof.isascii() or not keys.same(expected.encode(), proof.encode()):
        msg = (
            "This is not the last group of the code you were shown. Look at what you wrote down; if "
            "you did not keep it, make a new code."
        )
        raise InvalidError(msg)
    _kept(uow, visit.person.id)


def _kept(uow: UnitOfWork, user_id: UUID) -> None:
    uow.session.execute(
        update(RecoveryCode)
        .where(RecoveryCode.user_id == user_id, RecoveryCode.kept_at.is_(None))
        .values(kept_at=uow.now)
    )
    audit.record(uow, "recovery.confirmed", subject_id=user_id)


def renew(resources: Resources, visit: Visit, *, password: str) -> str:
    """Make me a new code; the one before stops working at once.

    Raises InvalidError when the password is wrong.
    """
    user = signing_in.prove(resources, visit, password)
    with UnitOfWork(resources, user.id, visit.bundle) as uow:
        return make(uow, user.id, visit.bundle)


def rehearse(resources: Resources, visit: Visit, *, typed: str) -> None:
    """Try my code: nothing changes, but that it is known to be kept.

    Raises InvalidError when it is mistyped or not the one that works now.
    """
    secret = keys.read_code(typed)
    tries = limits.keys_of(resources, visit.person.username, "recovery")
    limits.count_try(resources, tries)
    with resources.database.reading() as session:
        opened = _open(session.get(RecoveryCode, visit.person.id), secret, visit.person.id)
    with UnitOfWork(resources, visit.person.id) as uow:
        if opened is None or not keys.same(opened.to_bytes(), visit.bundle.to_bytes()):
            audit.record(uow, "recovery.refused", subject_id=visit.person.id)
        else:
            limits.forget(uow, tries)
            _kept(uow, visit.person.id)
            return
    msg = "This is a code, but not the one that works for your account now. Nothing was changed."
    raise InvalidError(msg)


def _open(row: RecoveryCode | None, secret: bytes, user_id: UUID) -> keys.Bundle | None:
    """Open a person's keys with a code; without a row it takes as long and opens nothing."""
    key = keys.code_key(secret, user_id)
    sealed = row.sealed_bundle if row else keys.wrap(keys.random_key(), bytes(160), "nobody")
    try:
        return keys.Bundle.from_bytes(keys.unwrap(key, sealed, "recovery", user_id))
    except DamagedError:
        return None


def reset_password(
    resources: Resources, *, username: str, typed: str, password: str, address: str
) -> str:
    """Choose a new password with the code of this account and return the code that comes after it.

    Every session ends. Raises InvalidError, the same for unknown people, closed accounts and wrong
    codes; TooManyRequestsError after too many tries, counted together with those at sign-in.
    """
    username = username.strip().casefold()
    check_choice(password, username)
    secret = keys.read_code(typed)
    tries = limits.keys_of(resources, username, address)
    limits.count_try(resources, tries)
    with resources.database.reading() as session:
        user = session.scalar(select(User).where(User.username == username))
        row = session.get(RecoveryCode, user.id if user else _NOBODY)
    bundle = _open(row, secret, user.id if user else _NOBODY)
    if user is None or row is None or bundle is None or user.disabled_at is not None:
        with UnitOfWork(resources, None) as uow:
            audit.record(uow, "recovery.refused", subject_id=user.id if user else None)
        raise InvalidError(WRONG)
    service.check_own(user, bundle)
    sealed = service.seal_bundle(resources, user.id, username, password, bundle)
    with UnitOfWork(resources, user.id, bundle) as uow:
        _still_as(uow, user, row)
        sealed.put_on(service.get(uow.session, user.id))
        sessions.end_all(uow, user.id)
        limits.forget(uow, tries)
        audit.record(uow, "password.recovered", subject_id=user.id)
        return make(uow, user.id, bundle)


def _still_as(uow: UnitOfWork, user: User, row: RecoveryCode) -> None:
    """Refuse when the code was used, or the account closed, while the password was being sealed."""
    fresh = service.get(uow.session, user.id)
    code = uow.session.get(RecoveryCode, user.id)
    if (
        fresh.auth_epoch != user.auth_epoch
        or fresh.disabled_at is not None
        or code is None
        or code.sealed_bundle != row.sealed_bundle
    ):
        raise InvalidError(WRONG)
