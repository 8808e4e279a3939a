"""What can be trusted of a source's keys: grants, the line of keys, and the sealed list of handlers.

Three witnesses must agree. Every generation proves that its maker held the one before, and the
first is signed by whoever added the source; the list of handlers is sealed under the newest key; and
the last entry about it in the audit trail holds the hash of that very list. So keys, grants or lists
that were planted or put back from an earlier day open nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from uuid import UUID

from sqlalchemy import bindparam, select

from casefile import audit, keys
from casefile.accounts import certificates
from casefile.cases import service as cases
from casefile.cases.access import in_utc
from casefile.db import table
from casefile.errors import ConflictError, DamagedError, ForbiddenError
from casefile.sources.models import Source, SourceGrant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.keys import SourceKey
    from casefile.policy import Permission
    from casefile.uow import UnitOfWork

NOT_A_HANDLER = (
    "Only this source's handlers may do this. Their names stand on its page: ask one of them."
)
CLOSED_TO_YOU = (
    "You are a handler of this source, but hold no key to it at the moment: after a journey or with "
    "new keys another handler gives it back on the source's page."
)
TAMPERED = (
    "The keys or handlers of this source were changed outside Casefile, so its identity stays "
    "closed. Nothing was lost. Tell the other handlers, the lead of the case and the administrator."
)
SHREDDED = (
    "This source was shredded: nobody can open its identity any more, and nothing is added to it."
)
ADDED = "source.added"
# One of these stands in the trail for each version of the sealed list.
LISTED = (
    ADDED,
    "source.handler_added",
    "source.handler_departed",
    "source.handler_removed",
    "source.handler_restored",
    "source.handler_returned",
    "source.key_renewed",
)


class Named(NamedTuple):
    """A handler in the sealed list: their keys, and until when they gave up this one to travel."""

    fingerprint: str
    away: datetime | None = None


class Holder(NamedTuple):
    """Whose keys are used: from a visit, or of whoever makes a change."""

    user_id: UUID
    bundle: keys.Bundle


def holder_of(uow: UnitOfWork) -> Holder:
    if uow.bundle is None or uow.actor_id is None:
        msg = "a source handled by nobody"
        raise RuntimeError(msg)
    return Holder(uow.actor_id, uow.bundle)


@dataclass(frozen=True, slots=True)
class OpenSource:
    """A source's keys by generation, and its handlers with their keys' fingerprints."""

    id: UUID
    keys: Mapping[int, SourceKey] = field(repr=False)
    generation: int
    handlers: Mapping[UUID, Named]
    proofs: Sequence[str] = field(repr=False)

    def key(self, generation: int) -> SourceKey:
        try:
            return self.keys[generation]
        except KeyError as error:
            raise DamagedError(TAMPERED) from error

    @property
    def newest(self) -> SourceKey:
        return self.key(self.generation)


_GRANT, _ENTRY = table(SourceGrant), table(audit.Entry)
_GRANTS = (
    select(_GRANT)
    .where(_GRANT.c.source_id == bindparam("source_id"), _GRANT.c.user_id == bindparam("user_id"))
    .order_by(_GRANT.c.generation)
)
_WITNESS = (
    select(_ENTRY)
    .where(_ENTRY.c.subject_id == bindparam("source_id"), _ENTRY.c.action.in_(LISTED))
    .order_by(_ENTRY.c.sequence)
)


def refuse_shredded(source: Source) -> None:
    if source.shredded_at is not None:
        raise ConflictError(SHREDDED)


def touch(uow: UnitOfWork, case: OpenCase, source: Source, permission: Permission) -> None:
    """Hold the case and mark the source as changed, so that search reads it again."""
    refuse_shredded(source)
    source.change_number = cases.hold(uow, case, permission)
    source.changed_at = uow.now


def open_source(
    session: Session, case: OpenCase, holder: Holder, source: Source, *, listed: bool
) -> OpenSource:
    """Open a source's keys for one of its handlers; `listed` when their row says that they are one.

    Raises ForbiddenError for anybody without a key, ConflictError for a shredded source and
    DamagedError when the witnesses do not agree.
    """
    refuse_shredded(source)
    rows = session.execute(_GRANTS, {"source_id": source.id, "user_id": holder.user_id}).all()
    if not rows:
        raise ForbiddenError(CLOSED_TO_YOU if listed else NOT_A_HANDLER)
    opened = dict(_opened(session, holder, rows))
    if set(opened) != set(range(1, source.key_generation + 1)):
        raise DamagedError(TAMPERED)
    adders = _certified(session, holder, source.added_by_id)
    keys.check_origin(adders, source.origin, source.case_id, opened[1])
    newest = opened[source.key_generation]
    _check_witness(session, case, source, opened)
    told = _read_list(newest, source)
    line = [opened[generation] for generation in sorted(opened)]
    _check_line(line, told["follows"])
    handlers = {UUID(user_id): _named(*row) for user_id, row in told["handlers"].items()}
    mine = handlers.get(holder.user_id)
    if mine is None or mine.fingerprint != holder.bundle.public.fingerprint().hex():
        raise DamagedError(TAMPERED)
    return OpenSource(source.id, opened, source.key_generation, handlers, told["follows"])


def _named(fingerprint: str, away: str | None) -> Named:
    return Named(fingerprint, datetime.fromisoformat(away) if away else None)


def _place(source: Source) -> tuple[str, int]:
    return "handlers", source.manifest_version


def _read_list(key: keys.SourceKey, source: Source) -> dict[str, Any]:
    try:
        told = json.loads(key.open(source.manifest, "source", source.id, *_place(source)))
    except DamagedError as error:
        raise DamagedError(TAMPERED) from error
    return cast("dict[str, Any]", told)


def _opened(
    session: Session, holder: Holder, rows: Iterable[Row[*tuple[Any, ...]]]
) -> Iterable[tuple[int, keys.SourceKey]]:
    for row in rows:
        yield (
            row.generation,
            keys.open_source_grant(
                holder.bundle,
                _certified(session, holder, row.granter_id),
                source_id=row.source_id,
                user_id=row.user_id,
                generation=row.generation,
                sealed=row.sealed,
                signature=row.signature,
            ),
        )


def _certified(session: Session, holder: Holder, user_id: UUID) -> list[keys.PublicKeys]:
    """Return the keys somebody has and had; one state of the database is asked once."""
    known: dict[tuple[bytes, UUID], list[keys.PublicKeys]]
    known = session.info.setdefault("source_granters", {})
    place = (holder.bundle.anchor, user_id)
    if place not in known:
        known[place] = certificates.all_certified_keys(session, holder.bundle.anchor, user_id)
    return known[place]


def _check_line(line: Sequence[keys.SourceKey], proofs: Sequence[str]) -> None:
    """Raise DamagedError unless each generation was made by somebody who held the one before."""
    steps = list(pairwise(line))
    if len(steps) != len(proofs) or not all(
        newer.follows(older, proof) for (older, newer), proof in zip(steps, proofs, strict=True)
    ):
        raise DamagedError(TAMPERED)


def _check_witness(
    session: Session, case: OpenCase, source: Source, opened: Mapping[int, keys.SourceKey]
) -> None:
    """Raise DamagedError unless the trail's last word on the handlers is this very list, and every
    key the one that the trail knew when it was new.
    """
    found = session.execute(_WITNESS, {"source_id": source.id}).all()
    begun = (found[0].action, found[0].actor_id) if found else None
    if len(found) != source.manifest_version or begun != (ADDED, source.added_by_id):
        raise DamagedError(TAMPERED)
    try:
        told = [audit.open_detail(entry, case) for entry in found]
    except DamagedError as error:
        raise DamagedError(TAMPERED) from error
    known: dict[int, str] = {}
    for entry in told:
        known.setdefault(int(entry.get("generation", 0)), str(entry.get("key")))
    made = {generation: key.commitment() for generation, key in opened.items()}
    if told[-1].get("list") != _hash(source) or known != made:
        raise DamagedError(TAMPERED)


def _hash(source: Source) -> str:
    return keys.digest(source.manifest).hex()


def witnessed(source: Source, key: keys.SourceKey) -> dict[str, Any]:
    """Return what the entry about a list says: which list, and under which key."""
    return {"list": _hash(source), "generation": key.generation, "key": key.commitment()}


def seal_list(
    source: Source, key: keys.SourceKey, handlers: Mapping[UUID, Named], proofs: Sequence[str]
) -> None:
    """Seal the handlers as they are now.

    The caller leaves an entry of LISTED with `witnessed` in the same change.
    """
    source.manifest_version += 1
    source.key_generation = key.generation
    told = {
        "handlers": {
            str(user_id): [named.fingerprint, in_utc(named.away)]
            for user_id, named in handlers.items()
        },
        "follows": list(proofs),
    }
    source.manifest = key.seal(json.dumps(told).encode(), "source", source.id, *_place(source))


def grant(
    uow: UnitOfWork, user_id: UUID, public: keys.PublicKeys, given: Iterable[keys.SourceKey]
) -> None:
    """Seal these generations to a handler and sign that one did so."""
    granter = holder_of(uow)
    for key in given:
        sealed, signature = keys.issue_source_grant(
            granter.bundle, public, user_id=user_id, key=key
        )
        uow.session.add(
            SourceGrant(
                source_id=key.source_id,
                user_id=user_id,
                generation=key.generation,
                granter_id=granter.user_id,
                sealed=sealed,
                signature=signature,
            )
        )


def tampered() -> DamagedError:
    return DamagedError(TAMPERED)
