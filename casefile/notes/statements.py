"""What is asked of the notes of a case. Made once: making a statement costs more than running it."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, exists, select

from casefile.accounts.models import User
from casefile.db import table
from casefile.evidence.models import Citation
from casefile.notes.models import Note, NoteVersion

if TYPE_CHECKING:
    from sqlalchemy import Select

_NOTE, _VERSION, _CITATION, _USER = map(table, (Note, NoteVersion, Citation, User))
ORDERS: dict[str, Any] = {
    "changed": _NOTE.c.changed_at.desc(),
    "created": _NOTE.c.created_at.desc(),
    "oldest": _NOTE.c.created_at.asc(),
    "number": _NOTE.c.number.desc(),
}
_VERSIONS = (
    select(
        _NOTE.c.id,
        _NOTE.c.number,
        _NOTE.c.author_id,
        _NOTE.c.created_at,
        _NOTE.c.deleted_at,
        _NOTE.c.change_number,
        _VERSION.c.version,
        _VERSION.c.author_id.label("changed_by_id"),
        _VERSION.c.at,
        _VERSION.c.generation,
        _VERSION.c.record,
    )
    .join_from(_NOTE, _VERSION, _VERSION.c.note_id == _NOTE.c.id)
    .where(_NOTE.c.case_id == bindparam("case_id"))
)
_LATEST = _VERSIONS.where(_VERSION.c.version == _NOTE.c.version)
ONE = _LATEST.where(_NOTE.c.id == bindparam("note_id"))
MANY = _LATEST.where(_NOTE.c.id.in_(bindparam("note_ids", expanding=True)))
HISTORY = _VERSIONS.where(_NOTE.c.id == bindparam("note_id")).order_by(_VERSION.c.version.desc())
CITING = (
    _LATEST.join(_CITATION, _CITATION.c.note_id == _NOTE.c.id)
    .where(_CITATION.c.item_id == bindparam("item_id"), _NOTE.c.deleted_at.is_(None))
    .order_by(_NOTE.c.number)
)
CHANGED = _LATEST.where(
    _NOTE.c.change_number > bindparam("since"), _NOTE.c.change_number <= bindparam("until")
).order_by(_NOTE.c.change_number)
AUTHORS = select(_USER.c.id, _USER.c.name).where(
    exists().where(_NOTE.c.case_id == bindparam("case_id"), _NOTE.c.author_id == _USER.c.id)
)


@functools.cache
def listing(
    sort: str, *, deleted: bool, of_author: bool, paged: bool = False
) -> Select[*tuple[Any, ...]]:
    """Return the statement for a list; `sort` is one of ORDERS."""
    wanted = _LATEST.where(
        _NOTE.c.deleted_at.is_not(None) if deleted else _NOTE.c.deleted_at.is_(None)
    )
    if of_author:
        wanted = wanted.where(_NOTE.c.author_id == bindparam("author_id"))
    wanted = wanted.order_by(ORDERS[sort], _NOTE.c.number.desc())
    return wanted.offset(bindparam("offset")).limit(bindparam("limit")) if paged else wanted
