"""People: who has an account, whose keys are certified, and by whom."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import bindparam, func, select, update

from casefile import audit, keys
from casefile.accounts import certificates, escrow
from casefile.accounts.models import Invitation, User
from casefile.accounts.passwords import SALT_BYTES, PasswordRoom, check_choice
from casefile.db import table
from casefile.errors import (
    ConfigError,
    ConflictError,
    DamagedError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
)
from casefile.policy import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from casefile.uow import Resources, UnitOfWork

USERNAME = re.compile(r"[\w][\w.\-]{1,62}\w", re.ASCII)
ROOM = PasswordRoom()
MOST_PASSWORD_COSTS = (4096 * 1024, 16, 16)
CHANGED_ACCOUNT = (
    "This account was changed outside Casefile, so it stays closed. Nothing was opened and nothing "
    "was lost. Tell the administrator."
)


@functools.lru_cache
def roles_of(text: str) -> frozenset[Role]:
    """Read the roles kept with a person; a name no longer known gives no right."""
    return frozenset(Role(word) for word in text.split() if word in set(Role))


def roles_text(roles: Iterable[Role]) -> str:
    return " ".join(sorted(set(roles)))


def clean_username(username: str) -> str:
    """Return the username as it is kept.

    Raises InvalidError when it holds anything but Latin letters, digits, dot, dash, underscore.
    """
    cleaned = username.strip().casefold()
    if not USERNAME.fullmatch(cleaned):
        msg = "A username has 3 to 64 Latin letters, digits, dots, dashes or underscores."
        raise InvalidError(msg)
    return cleaned


def password_settings(resources: Resources) -> keys.PasswordSettings:
    return keys.PasswordSettings(memory_kib=resources.settings.password_memory_mb * 1024)


def settings_of(user: User) -> keys.PasswordSettings:
    """Return the price of this person's password.

    Raises DamagedError for a price this program never asks: too low to be safe, too high to pay.
    """
    asked = (user.password_memory_kib, user.password_iterations, user.password_lanes)
    payable = all(0 < cost <= most for cost, most in zip(asked, MOST_PASSWORD_COSTS, strict=True))
    if not payable or len(user.password_salt) != SALT_BYTES:
        raise DamagedError(CHANGED_ACCOUNT)
    try:
        return keys.PasswordSettings(*asked)
    except ConfigError as error:
        raise DamagedError(CHANGED_ACCOUNT) from error


@dataclass(frozen=True, slots=True)
class SealedBundle:
    """What a password makes of a bundle: everything the user's row keeps."""

    salt: bytes
    settings: keys.PasswordSettings
    auth_digest: bytes
    sealed: bytes

    def put_on(self, user: User) -> None:
        user.password_salt = self.salt
        user.password_memory_kib = self.settings.memory_kib
        user.password_iterations = self.settings.iterations
        user.password_lanes = self.settings.lanes
        user.auth_digest = self.auth_digest
        user.sealed_bundle = self.sealed


def seal_bundle(
    resources: Resources, user_id: UUID, username: str, password: str, bundle: keys.Bundle
) -> SealedBundle:
    """Wrap a person's private keys under a newly chosen password. Slow on purpose."""
    check_choice(password, username)
    settings, salt = password_settings(resources), keys.random_key()[:SALT_BYTES]
    opened = ROOM.open(
        password, salt=salt, pepper=resources.pepper, user_id=user_id, settings=settings
    )
    return SealedBundle(
        salt,
        settings,
        keys.digest(opened.auth),
        keys.wrap(opened.kek, bundle.to_bytes(), "bundle", user_id),
    )


def check_own(user: User, bundle: keys.Bundle) -> None:
    """Raise DamagedError unless the keys others see of this person belong to these private ones."""
    if not keys.same(bundle.public.to_bytes(), user.public_keys):
        raise DamagedError(CHANGED_ACCOUNT)


def new_user(
    uow: UnitOfWork,
    *,
    user_id: UUID,
    username: str,
    name: str,
    roles: Iterable[Role],
    bundle: keys.Bundle,
    sealed: SealedBundle,
) -> User:
    """Add an account whose keys nobody has certified yet.

    Raises ConflictError when the username is taken.
    """
    taken = uow.session.scalar(select(User.id).where(User.username == username))
    if taken is not None:
        msg = "This username is taken. Choose another."
        raise ConflictError(msg)
    user = User(
        id=user_id,
        username=username,
        name=name,
        roles=roles_text(roles),
        theme="auto",
        timezone="",
        created_at=uow.now,
        auth_epoch=1,
        public_keys=bundle.public.to_bytes(),
        key_generation=1,
    )
    sealed.put_on(user)
    uow.session.add(user)
    uow.session.flush()
    return user


def found(
    uow: UnitOfWork, *, username: str, name: str, password: str, roles: Iterable[Role]
) -> tuple[User, keys.Bundle]:
    """Add the first account, whose signing key is the anchor of every certificate.

    Raises ConflictError when the newsroom has people already.
    """
    if uow.session.scalar(select(func.count()).select_from(User)):
        msg = "This newsroom has a founder already."
        raise ConflictError(msg)
    user_id, bundle = uuid4(), keys.Bundle.create(None)
    username = clean_username(username)
    sealed = seal_bundle(uow.resources, user_id, username, password, bundle)
    user = new_user(
        uow,
        user_id=user_id,
        username=username,
        name=name,
        roles=roles,
        bundle=bundle,
        sealed=sealed,
    )
    certificate = keys.certify(
        bundle, issuer_id=user_id, user_id=user_id, public=bundle.public, may_certify=True
    )
    user.certificate = certificate.to_bytes()
    uow.actor_id = user_id
    uow.session.flush()
    audit.record(uow, "newsroom.founded", subject_id=user_id)
    return user, bundle


certify, certified_keys = certificates.certify, certificates.certified_keys

_USER = table(User)
_NAMES = select(_USER.c.id, _USER.c.name).where(_USER.c.id.in_(bindparam("wanted", expanding=True)))
_WAITS = (
    select(_USER.c.id)
    .where(
        _USER.c.invited_by_id == bindparam("inviter"),
        _USER.c.certificate.is_(None),
        _USER.c.invitation_mac.is_not(None),
    )
    .limit(1)
)


def known_names(session: Session) -> dict[UUID, str]:
    """Return the names this session has come across; whoever reads some adds them."""
    known: dict[UUID, str] = session.info.setdefault("names", {})
    return known


def names(session: Session, user_ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """Return the names of these people by id, and of those this session was asked for before."""
    known = known_names(session)
    wanted = set(user_ids) - known.keys()
    if wanted:
        rows = session.execute(_NAMES, {"wanted": list(wanted)})
        known.update({row.id: row.name for row in rows})
    return known


def get(session: Session, user_id: UUID) -> User:
    user = session.get(User, user_id)
    if user is None:
        msg = "There is no such person."
        raise NotFoundError(msg)
    return user


def is_open(user: User, now: datetime) -> bool:
    """Say whether this account may be signed in to."""
    return user.disabled_at is None and not has_ended(user, now)


def has_ended(user: User, now: datetime) -> bool:
    """Say whether a guest's account is over."""
    return user.ends_at is not None and user.ends_at <= now


def seatable(session: Session, now: datetime) -> list[tuple[UUID, str, str]]:
    """Return (id, name, username) of everybody who could be given a seat."""
    rows = session.execute(
        select(User.id, User.name, User.username)
        .where(
            User.disabled_at.is_(None),
            User.certificate.is_not(None),
            User.ends_at.is_(None) | (User.ends_at > now),
        )
        .order_by(User.name)
    )
    return [(row.id, row.name, row.username) for row in rows]


def update_own(uow: UnitOfWork, *, name: str, theme: str, timezone: str) -> None:
    """Change how one appears and how one wants the pages."""
    user = get(uow.session, _actor(uow))
    user.name, user.theme, user.timezone = name, theme, timezone
    audit.record(uow, "account.updated", subject_id=user.id)


def disable(uow: UnitOfWork, user_id: UUID) -> None:
    """Close an account at once, in every browser. Nothing of the person's work is lost."""
    if user_id == uow.actor_id:
        msg = "You cannot disable your own account. Ask another administrator."
        raise ForbiddenError(msg)
    user = get(uow.session, user_id)
    user.disabled_at = user.disabled_at or uow.now
    user.auth_epoch += 1
    audit.record(uow, "account.disabled", subject_id=user_id)


def enable(uow: UnitOfWork, user_id: UUID) -> None:
    """Open a closed account again."""
    user = get(uow.session, user_id)
    if user.username == escrow.USERNAME:
        msg = "Nobody signs in with the escrow key. Its shares open cases: casefile recover --help."
        raise ForbiddenError(msg)
    user.disabled_at = None
    audit.record(uow, "account.enabled", subject_id=user_id)


def _actor(uow: UnitOfWork) -> UUID:
    if uow.actor_id is None:
        msg = "a change by nobody"
        raise RuntimeError(msg)
    return uow.actor_id


def certify_invited(uow: UnitOfWork) -> int:
    """Certify the keys of people I invited, when they carry the MAC of our shared secret."""
    if uow.bundle is None:
        return 0
    waiting = uow.session.execute(
        select(User, Invitation)
        .join(Invitation, Invitation.id == User.invitation_id)
        .where(
            User.invited_by_id == uow.actor_id,
            User.certificate.is_(None),
            User.invitation_mac.is_not(None),
        )
    ).all()
    done = 0
    for user, invitation in waiting:
        try:
            secret = uow.bundle.kept(
                invitation.sealed_secret, "invitation", invitation.id, invitation.roles
            )
        except DamagedError:  # planted: only I can have sealed it, with these roles
            secret = keys.random_key()
        expected = keys.authenticate(
            keys.derive(secret, "account"),
            keys.packed(user.id, user.public_keys, user.key_generation, user.roles),
        )
        genuine = user.roles == invitation.roles
        if not genuine or not keys.same(expected, user.invitation_mac or b""):
            audit.record(uow, "account.mistrusted", subject_id=user.id)
            uow.session.execute(update(User).where(User.id == user.id).values(invitation_mac=None))
            continue
        certify(uow, user, _actor(uow), uow.bundle)
        done += 1
    return done


def waits_for_me(session: Session, user_id: UUID) -> bool:
    """Say whether somebody I invited waits for my signature."""
    return session.execute(_WAITS, {"inviter": user_id}).first() is not None


@dataclass(frozen=True, slots=True)
class TrailLine:
    """What an administrator sees of an entry. For what happens in cases: that it happened."""

    sequence: int
    at: datetime
    action: str
    person_name: str | None
    hash: str


_ABOUT_CASES = ("case.", "seat.", "note.", "evidence.", "search.")


def without_contents(entry: audit.EntryRow, known: Mapping[UUID, str]) -> TrailLine:
    """Show an entry to an administrator: nothing of a case, not even who works on one."""
    in_case = entry.case_id is not None or entry.action.startswith(_ABOUT_CASES)
    return TrailLine(
        sequence=entry.sequence,
        at=entry.at,
        action="case.work" if in_case else entry.action,
        person_name=None if in_case or entry.actor_id is None else known.get(entry.actor_id),
        hash=entry.hash.hex(),
    )
