"""Receipts for grants: who checked a granter's signature once need not do so at each sign-in.

A receipt is a MAC under a key that only the holder of the grant can make, over the whole grant and the
granter's keys. It opens nothing; a grant without one, or with a wrong one, is checked in full.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, update

from casefile import keys
from casefile.cases.models import CaseGrant
from casefile.db import table
from casefile.errors import CasefileError, DamagedError
from casefile.uow import UnitOfWork

if TYPE_CHECKING:
    from collections.abc import Sequence

    from casefile.uow import Resources
    from casefile.web import Visit

_GRANT = table(CaseGrant)
_KEEP = (
    update(_GRANT)
    .where(
        _GRANT.c.case_id == bindparam("of_case"),
        _GRANT.c.user_id == bindparam("of_user"),
        _GRANT.c.generation == bindparam("of_generation"),
    )
    .values(receipt=bindparam("made"))
)


def own_key(opened: Visit) -> bytes:
    """Return the key under which this person writes receipts."""
    return opened.bundle.derive("grant receipts")


def made(own: bytes, grant: Any, granter: keys.PublicKeys) -> bytes:
    """Return the receipt for a grant whose signature is right."""
    return keys.authenticate(
        own,
        keys.packed(
            grant.case_id,
            grant.user_id,
            grant.generation,
            keys.digest(grant.sealed),
            grant.signature,
            granter.signing,
        ),
    )


@dataclass(frozen=True, slots=True)
class OpenedGrant:
    """A case key, and the receipt to keep for its grant unless that lies there already."""

    secret: bytes = field(repr=False)
    receipt: bytes = field(repr=False)


def open_grant(
    holder: keys.Bundle, grant: Any, granters: Sequence[keys.PublicKeys], own: bytes | None = None
) -> OpenedGrant | None:
    """Open a grant, or return None when none of the granter's keys signed it.

    With `own`, the key of `own_key`, a receipt stands for the signature.
    """
    for granter in granters:
        receipt = made(own, grant, granter) if own else b""
        checked = bool(receipt) and keys.same(receipt, grant.receipt or b"")
        try:
            secret = keys.open_grant(
                holder,
                granter,
                case_id=grant.case_id,
                user_id=grant.user_id,
                generation=grant.generation,
                sealed=grant.sealed,
                signature=grant.signature,
                checked=checked,
            )
        except DamagedError:
            continue
        return OpenedGrant(secret, b"" if checked else receipt)
    return None


def remember(opened: Visit, grant: Any, receipt: bytes) -> None:
    """Have the receipt kept when the request is over."""
    opened.receipts.append(
        {
            "of_case": grant.case_id,
            "of_user": grant.user_id,
            "of_generation": grant.generation,
            "made": receipt,
        }
    )


def keep(resources: Resources, opened: Visit) -> None:
    """Keep what was checked in this request."""
    waiting, opened.receipts = opened.receipts, []
    try:
        with UnitOfWork(resources, None) as uow:
            uow.session.connection().execute(_KEEP, waiting)
    except CasefileError:
        return  # the next sign-in checks them again
