"""The grants of the organisation's offline key: one more for each key of each case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casefile import keys
from casefile.accounts import escrow
from casefile.cases.models import CaseGrant
from casefile.errors import DamagedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from casefile.uow import UnitOfWork


def grant_to_escrow(
    uow: UnitOfWork, held: Iterable[keys.CaseKey], fresh: keys.CaseKey | None, told: str
) -> str:
    """Give the offline key what it lacks of a case and return its fingerprint for the manifest.

    `told` is the fingerprint in the manifest up to now: with it the offline key has all of `held`.
    Raises DamagedError when the key is not the one that was granted to before, or not certified.
    """
    if uow.bundle is None or uow.actor_id is None:
        msg = "a grant by nobody"
        raise RuntimeError(msg)
    anchor = uow.bundle.anchor
    public = escrow.public_keys(uow.session, anchor)
    fingerprint = public.fingerprint().hex() if public else ""
    if told and fingerprint != told:
        raise DamagedError(escrow.CHANGED)
    if public is None:
        return ""
    own_id = escrow.escrow_id(anchor)
    for key in [*([] if told else held), *([fresh] if fresh else [])]:
        sealed, signature = keys.issue_grant(
            uow.bundle,
            public,
            case_id=key.case_id,
            user_id=own_id,
            generation=key.generation,
            case_key=key.secret,
        )
        place = (key.case_id, own_id, key.generation)
        row = uow.session.get(CaseGrant, place) or CaseGrant(
            case_id=key.case_id, user_id=own_id, generation=key.generation
        )
        row.granter_id, row.sealed, row.signature = uow.actor_id, sealed, signature
        uow.session.add(row)
    return fingerprint
