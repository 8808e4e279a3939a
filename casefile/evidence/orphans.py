"""Files and rows that lost each other: what an operator can tell without keys."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypedDict

from sqlalchemy import select

from casefile import keys
from casefile.errors import DamagedError
from casefile.evidence.models import Item

if TYPE_CHECKING:
    from collections.abc import Collection

    from casefile.uow import Resources

STILL_ARRIVING = timedelta(hours=24)


class Findings(TypedDict):
    """`missing` are evidence ids without a whole file, `orphans` object names without evidence."""

    files: int
    missing: list[str]
    orphans: list[str]


def examine(
    resources: Resources, *, remove: bool = False, also_known: Collection[str] = ()
) -> Findings:
    """Compare the vault with the rows; uploads of the last day may still be arriving.

    `also_known` are objects that other parts of the house keep there: they are no orphans.
    """
    with resources.database.reading() as session:
        known = {item_id.hex for item_id in session.scalars(select(Item.id))}
    sizes: dict[str, int] = {}
    orphans = []
    now = resources.clock()
    for name, size, changed_at in resources.vault.names():
        sizes[name] = size
        if name not in known and name not in also_known and now - changed_at > STILL_ARRIVING:
            orphans.append(name)
            if remove:
                resources.vault.delete(name)
    missing = sorted(name for name in known if name not in sizes or not _possible(sizes[name]))
    if remove:
        resources.vault.sweep_staging()
    return {"files": len(sizes), "missing": missing, "orphans": sorted(orphans)}


def _possible(size: int) -> bool:
    try:
        keys.plain_size(size)
    except DamagedError:
        return False
    return True
