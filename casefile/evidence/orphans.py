"""Files and rows that lost each other: what an operator can tell without keys."""

from __future__ import annotations

from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, TypedDict

from sqlalchemy import select

from casefile import keys
from casefile.errors import DamagedError
from casefile.evidence.models import Item

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from casefile.uow import Resources

STILL_ARRIVING = timedelta(hours=24)


class Findings(TypedDict):
    """`missing` are names without a whole file, `orphans` object names without evidence.

    `kinds` says of those missing that are no evidence what they were.
    """

    files: int
    missing: list[str]
    kinds: dict[str, str]
    orphans: list[str]


def examine(
    resources: Resources,
    *,
    remove: bool = False,
    also_known: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> Findings:
    """Compare the vault with the rows; uploads of the last day may still be arriving.

    `also_known` are objects that other parts of the house keep there, by kind: they are no orphans,
    and missed as evidence is.
    """
    kinds = {name: kind for kind, names in also_known.items() for name in names}
    with resources.database.reading() as session:
        known = {item_id.hex for item_id in session.scalars(select(Item.id))}
    sizes: dict[str, int] = {}
    orphans = []
    now = resources.clock()
    for name, size, changed_at in resources.vault.names():
        sizes[name] = size
        if name not in known and name not in kinds and now - changed_at > STILL_ARRIVING:
            orphans.append(name)
            if remove:
                resources.vault.delete(name)
    missing = sorted(
        name for name in {*known, *kinds} if name not in sizes or not _possible(sizes[name])
    )
    if remove:
        resources.vault.sweep_staging()
    return {
        "files": len(sizes),
        "missing": missing,
        "kinds": {name: kinds[name] for name in missing if name in kinds},
        "orphans": sorted(orphans),
    }


def _possible(size: int) -> bool:
    try:
        keys.plain_size(size)
    except DamagedError:
        return False
    return True
