"""Receipts for grants: who checked a granter's signature once need not do so at each sign-in.

A receipt is a MAC under a key that only the holder of the grant can make, over the whole grant and the
granter's keys. It opens nothing; a grant without one, or with a wrong one, is checked in full.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, update

from casefile import keys
from casefile.cases.models import CaseGrant
from casefile.db import table
from casefile.errors import CasefileError
from casefile.uow import UnitOfWork

if TYPE_CHECKING:
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
