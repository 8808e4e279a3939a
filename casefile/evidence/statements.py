"""What lists ask of the evidence of a case. Made once: making a statement costs more than running it."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from sqlalchemy import Uuid, bindparam, select

from casefile.db import table
from casefile.evidence.models import Citation, Item

if TYPE_CHECKING:
    from sqlalchemy import Select

_ITEM, _CITATION = table(Item), table(Citation)
ORDERS: dict[str, Any] = {
    "newest": _ITEM.c.number.desc(),
    "oldest": _ITEM.c.number.asc(),
    "changed": _ITEM.c.change_number.desc(),
}
_ALL = select(_ITEM).where(_ITEM.c.case_id == bindparam("case_id"))
CITED_BY = (
    _ALL.join(_CITATION, _CITATION.c.item_id == _ITEM.c.id)
    .where(_CITATION.c.note_id == bindparam("note_id", type_=Uuid()))
    .order_by(_ITEM.c.number)
)
SAME = _ALL.where(
    _ITEM.c.fingerprint == bindparam("fingerprint"), _ITEM.c.id != bindparam("item_id")
).order_by(_ITEM.c.number)
UNREADABLE = (
    select(_ITEM)
    .where(
        _ITEM.c.case_id.in_(bindparam("case_ids", expanding=True)),
        _ITEM.c.state == "failed",
        _ITEM.c.added_by_id == bindparam("user_id"),
    )
    .order_by(_ITEM.c.added_at.desc())
    .limit(bindparam("limit"))
)


@functools.cache
def listing(sort: str, *, paged: bool = False) -> Select[*tuple[Any, ...]]:
    """Return the statement for a list; `sort` is one of ORDERS."""
    wanted = _ALL.order_by(ORDERS[sort])
    return wanted.offset(bindparam("offset")).limit(bindparam("limit")) if paged else wanted
