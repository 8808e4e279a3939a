"""A person's factors, as far as they can be trusted: only their owner can seal a row or the list."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import bindparam, select

from casefile import keys
from casefile.accounts import service as people
from casefile.accounts.factors.models import FactorList, SecondFactor
from casefile.audit import Entry
from casefile.db import table
from casefile.errors import DamagedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from casefile.uow import UnitOfWork

KEY, APP, PAPER = "key", "app", "paper"
# What the trail must say last for each state of the list: a list put back or taken out shows.
CHANGED: Final = ("factor.added", "factor.renamed", "factor.removed", "factor.repaired")
ENDED: Final = "factors.ended"
REMOVED: Final = "factors.removed"


@dataclass(frozen=True, slots=True)
class Factor:
    """One of my factors, opened. `secrets` holds what is special to its kind, bytes as hex."""

    id: UUID
    kind: str
    counter: int
    name: str
    added_at: datetime
    used_at: datetime | None
    secrets: Mapping[str, Any] = field(repr=False)

    def used(self, now: datetime, counter: int) -> Factor:
        return replace(self, used_at=now, counter=counter)

    @property
    def codes_left(self) -> int:
        """How many codes of a printed set still work."""
        return len(self.secrets.get("codes", ())) - self.counter.bit_count()


@dataclass(frozen=True, slots=True)
class Removal:
    """An administrator's word that they took away all factors there were."""

    at: datetime
    by_id: UUID


@dataclass(frozen=True, slots=True)
class Factors:
    """What somebody can prove who they are with; `sound` is false when the rows were tampered with."""

    mine: Sequence[Factor] = ()
    strangers: Sequence[UUID] = ()
    sound: bool = True
    removal: Removal | None = None
    version: int = 0

    @property
    def main(self) -> Sequence[Factor]:
        """Keys and apps. Codes on paper only stand in for one of them."""
        return [factor for factor in self.mine if factor.kind != PAPER]

    def of_kind(self, kind: str) -> Sequence[Factor]:
        return [factor for factor in self.mine if factor.kind == kind]


@dataclass(frozen=True, slots=True)
class Me:
    """Whose factors a change is about, with the keys to seal them."""

    id: UUID
    bundle: keys.Bundle


def me(uow: UnitOfWork) -> Me:
    if uow.actor_id is None or uow.bundle is None:
        msg = "factors of nobody"
        raise RuntimeError(msg)
    return Me(uow.actor_id, uow.bundle)


def own_key(bundle: keys.Bundle) -> bytes:
    return bundle.derive("second factors")


def seal(bundle: keys.Bundle, user_id: UUID, factor: Factor) -> bytes:
    """Seal a factor for its row, bound to whose it is, its kind and its counter."""
    content = {
        "name": factor.name,
        "added_at": factor.added_at.isoformat(),
        "used_at": factor.used_at.isoformat() if factor.used_at else None,
        "secrets": dict(factor.secrets),
    }
    plain = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return keys.wrap(own_key(bundle), plain, *_place(factor.id, user_id, factor))


def _place(
    factor_id: UUID, user_id: UUID, row: SecondFactor | Factor
) -> tuple[str, UUID, UUID, str, int]:
    return "second_factor", factor_id, user_id, row.kind, row.counter


def _open(key: bytes, row: SecondFactor) -> Factor | None:
    try:
        plain = keys.unwrap(key, row.sealed, *_place(row.id, row.user_id, row))
    except (DamagedError, OverflowError):
        return None
    content = json.loads(plain)
    return Factor(
        id=row.id,
        kind=row.kind,
        counter=row.counter,
        name=content["name"],
        added_at=datetime.fromisoformat(content["added_at"]),
        used_at=datetime.fromisoformat(content["used_at"]) if content["used_at"] else None,
        secrets=content["secrets"],
    )


def seal_list(
    bundle: keys.Bundle, user_id: UUID, version: int, factor_ids: Sequence[UUID]
) -> bytes:
    plain = b"".join(factor_id.bytes for factor_id in factor_ids)
    return keys.wrap(own_key(bundle), plain, "second_factor_list", user_id, version)


def _open_list(key: bytes, row: FactorList) -> list[UUID] | None:
    try:
        plain = keys.unwrap(key, row.sealed, "second_factor_list", row.user_id, row.version)
    except (DamagedError, OverflowError):
        return None
    return [UUID(bytes=plain[start : start + 16]) for start in range(0, len(plain), 16)]


def removal_statement(user_id: UUID, sealed_list: bytes, removed_at: datetime) -> bytes:
    """What an administrator signs: the very list, so that the word fits no later one."""
    return keys.packed(
        "casefile factors removed", user_id, keys.digest(sealed_list), removed_at.isoformat()
    )


def _removal(session: Session, anchor: bytes, row: FactorList) -> Removal | None:
    if row.removed_at is None or row.removed_by_id is None or row.removal_signature is None:
        return None
    statement = removal_statement(row.user_id, row.sealed, row.removed_at)
    try:
        public = administrator_keys(session, anchor, row.removed_by_id)
        public.verify(row.removal_signature, statement)
    except DamagedError:
        return None
    return Removal(row.removed_at, row.removed_by_id)


def administrator_keys(session: Session, anchor: bytes, user_id: UUID) -> keys.PublicKeys:
    """Return the keys of somebody whom the newsroom's certificates let administer.

    Raises DamagedError for anybody else, whatever role stands in the database.
    """
    public = people.certified_keys(session, anchor, user_id)
    certificate = keys.Certificate.from_bytes(people.get(session, user_id).certificate or b"")
    if not certificate.may_certify:
        msg = "This person's certificate does not make them an administrator."
        raise DamagedError(msg)
    return public


_ENTRY = table(Entry)
_LAST = (
    select(_ENTRY.c.action)
    .where(
        _ENTRY.c.subject_id == bindparam("user_id"),
        _ENTRY.c.action.in_((*CHANGED, ENDED, REMOVED)),
    )
    .order_by(_ENTRY.c.sequence.desc())
    .limit(1)
)
_ROWS = (
    select(SecondFactor)
    .where(SecondFactor.user_id == bindparam("user_id"))
    .order_by(SecondFactor.id)
)


def _last_word(session: Session, user_id: UUID) -> str | None:
    return session.scalar(_LAST, {"user_id": user_id})


def of(session: Session, user_id: UUID, bundle: keys.Bundle) -> Factors:
    """Open a person's factors and say whether all is as they left it."""
    rows = session.scalars(_ROWS, {"user_id": user_id}).all()
    listed = session.get(FactorList, user_id)
    last = _last_word(session, user_id)
    every = [row.id for row in rows]
    if listed is None:
        return Factors(strangers=every, sound=not rows and last in {None, ENDED})
    if listed.removed_at is not None:
        removal = _removal(session, bundle.anchor, listed)
        sound = removal is not None and last == REMOVED
        return Factors(
            strangers=every,
            sound=sound and not rows,
            removal=removal if sound else None,
            version=listed.version,
        )
    key = own_key(bundle)
    ids = _open_list(key, listed)
    if ids is None:
        return Factors(strangers=every, sound=False, version=listed.version)
    opened = [_open(key, row) if row.id in ids else None for row in rows]
    mine = sorted((factor for factor in opened if factor), key=lambda factor: factor.added_at)
    strangers = [row.id for row, factor in zip(rows, opened, strict=True) if factor is None]
    sound = not strangers and len(mine) == len(ids) and last in CHANGED
    # A list put back after it was ended or taken away proves nothing.
    return Factors(
        mine if last in CHANGED else (),
        strangers if last in CHANGED else every,
        sound,
        None,
        listed.version,
    )


def none_held(session: Session, anchor: bytes, user_id: UUID) -> bool:
    """Say, without the keys of a person, whether they rightly have no factor.

    Where it is false, there are some, or somebody has tampered with them.
    """
    last, listed = _last_word(session, user_id), session.get(FactorList, user_id)
    if session.scalars(_ROWS, {"user_id": user_id}).first() is not None:
        return False
    if listed is None:
        return last in {None, ENDED}
    return last == REMOVED and _removal(session, anchor, listed) is not None
