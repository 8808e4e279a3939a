"""What is asked of the stories of a case. Made once: making a statement costs more than running it."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, func, or_, select

from casefile.audit import Entry
from casefile.cases.models import Case, CaseSeat
from casefile.db import table
from casefile.policy import Seat
from casefile.stories.models import (
    Assignment,
    Story,
    StoryCitation,
    StoryPart,
    StoryPartVersion,
)

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select

_STORY, _PART, _VERSION = table(Story), table(StoryPart), table(StoryPartVersion)
_CITATION, _ENTRY = table(StoryCitation), table(Entry)
_CASE, _SEAT, _ASSIGNMENT = table(Case), table(CaseSeat), table(Assignment)
ORDERS: dict[str, Any] = {
    "changed": _STORY.c.changed_at.desc(),
    "oldest": _STORY.c.created_at.asc(),
    "number": _STORY.c.number.desc(),
    "state": _STORY.c.state.asc(),
}
_ALL = select(*(column for column in _STORY.c if column.name != "outline")).where(
    _STORY.c.case_id == bindparam("case_id")
)
ONE = _ALL.add_columns(_STORY.c.outline).where(_STORY.c.id == bindparam("story_id"))
MANY = _ALL.where(_STORY.c.id.in_(bindparam("story_ids", expanding=True)))
CHANGED = _ALL.where(
    _STORY.c.change_number > bindparam("since"), _STORY.c.change_number <= bindparam("until")
).order_by(_STORY.c.change_number)
_EVERY_PART = select(
    _PART.c.id,
    _PART.c.story_id,
    _PART.c.kind,
    _PART.c.number,
    _PART.c.change_number,
    _VERSION.c.version,
    _VERSION.c.author_id,
    _VERSION.c.at,
    _VERSION.c.generation,
    _VERSION.c.record,
).join_from(_PART, _VERSION, _VERSION.c.part_id == _PART.c.id)
_PARTS = _EVERY_PART.where(_PART.c.case_id == bindparam("case_id"))
_NEWEST = _PARTS.where(_VERSION.c.version == _PART.c.version)
PARTS = _NEWEST.where(_PART.c.story_id == bindparam("story_id")).order_by(
    _PART.c.kind, _PART.c.number
)
PLACES = select(_PART.c.id, _PART.c.kind, _PART.c.number, _PART.c.version).where(
    _PART.c.case_id == bindparam("case_id"), _PART.c.story_id == bindparam("story_id")
)
BUT_CLAIMS = PARTS.where(_PART.c.kind != "claim")
SOME_CLAIMS = PARTS.where(
    _PART.c.kind == "claim", _PART.c.number.in_(bindparam("numbers", expanding=True))
)
HISTORY = _PARTS.where(
    _PART.c.story_id == bindparam("story_id"), _PART.c.id == bindparam("part_id")
).order_by(_VERSION.c.version.desc())
PARTS_CHANGED = _NEWEST.where(
    _PART.c.kind == bindparam("kind"),
    _PART.c.change_number > bindparam("since"),
    _PART.c.change_number <= bindparam("until"),
).order_by(_PART.c.change_number)
TEXTS_OF = _NEWEST.where(
    _PART.c.kind == "text", _PART.c.story_id.in_(bindparam("story_ids", expanding=True))
).order_by(_PART.c.number)
PARTS_OF_CASE = _NEWEST.where(_PART.c.kind == bindparam("kind"))
SOME_PARTS = _NEWEST.where(_PART.c.id.in_(bindparam("part_ids", expanding=True)))
RESTING_ON = (
    _NEWEST.join(_CITATION, _CITATION.c.part_id == _PART.c.id)
    .where(_CITATION.c.item_id == bindparam("item_id"))
    .order_by(_PART.c.story_id, _PART.c.number)
)
WROTE = (
    select(_VERSION.c.author_id)
    .distinct()
    .join_from(_VERSION, _PART, _PART.c.id == _VERSION.c.part_id)
    .where(_PART.c.story_id == bindparam("story_id"), _PART.c.kind == "text")
)
_OF_MANY = _PART.c.story_id.in_(bindparam("story_ids", expanding=True))
PARTS_OF_MANY = _EVERY_PART.where(
    _VERSION.c.version == _PART.c.version,
    _OF_MANY,
    _PART.c.kind.in_(bindparam("kinds", expanding=True)),
).order_by(_PART.c.story_id, _PART.c.kind, _PART.c.number)
PLACES_OF_MANY = select(
    _PART.c.id, _PART.c.story_id, _PART.c.kind, _PART.c.number, _PART.c.version
).where(_OF_MANY)
LAST_NUMBER = select(func.coalesce(func.max(_STORY.c.number), 0)).where(
    _STORY.c.case_id == bindparam("case_id")
)
NEWEST_ENTRY = (
    select(_ENTRY.c.sequence)
    .where(
        _ENTRY.c.subject_id == bindparam("story_id"),
        _ENTRY.c.action.in_(bindparam("actions", expanding=True)),
    )
    .order_by(_ENTRY.c.sequence.desc())
    .limit(1)
)


@functools.cache
def listing(sort: str, *, of_state: bool, paged: bool = False) -> Select[*tuple[Any, ...]]:
    """Return the statement for a list; `sort` is one of ORDERS."""
    wanted = _ALL
    if of_state:
        wanted = wanted.where(_STORY.c.state == bindparam("state"))
    wanted = wanted.order_by(ORDERS[sort], _STORY.c.number.desc())
    return wanted.offset(bindparam("offset")).limit(bindparam("limit")) if paged else wanted


@functools.cache
def counting(*, of_state: bool) -> Select[int]:
    return listing("number", of_state=of_state).order_by(None).with_only_columns(func.count())


def _i_wrote() -> ColumnElement[bool]:
    """A claim's later versions are also those of whoever checked it."""
    return (
        select(_VERSION.c.part_id)
        .join_from(_VERSION, _PART, _PART.c.id == _VERSION.c.part_id)
        .where(
            _PART.c.story_id == _STORY.c.id,
            _VERSION.c.author_id == bindparam("user_id"),
            or_(_PART.c.kind == "text", and_(_PART.c.kind == "claim", _VERSION.c.version == 1)),
        )
        .exists()
    )


def _nobody_sits(role: Seat) -> ColumnElement[bool]:
    other = _SEAT.alias()
    return ~(
        select(other.c.id)
        .where(
            other.c.case_id == _STORY.c.case_id,
            other.c.role == role,
            or_(other.c.ends_at.is_(None), other.c.ends_at > bindparam("now")),
        )
        .exists()
    )


_DECIDED = (
    select(_PART.c.id).where(_PART.c.story_id == _STORY.c.id, _PART.c.kind == "decision").exists()
)
_DECIDES = _SEAT.c.role.in_((Seat.LEAD, Seat.EDITOR))
_WRITES = _SEAT.c.role.in_((Seat.LEAD, Seat.EDITOR, Seat.REPORTER))


def _waits_for(state: str, role: Seat) -> ColumnElement[bool]:
    """What waits for a fact-checker or a lawyer waits for the editors where there is none."""
    stands_in = and_(_DECIDES, _nobody_sits(role))
    return and_(_STORY.c.state == state, or_(_SEAT.c.role == role, stands_in))


# Over all cases of one person, oldest first; what stands in a sealed record is looked at later.
WAITING = (
    select(*_STORY.c)
    .join_from(_STORY, _SEAT, _SEAT.c.case_id == _STORY.c.case_id)
    .join(_CASE, _CASE.c.id == _STORY.c.case_id)
    .where(
        _SEAT.c.user_id == bindparam("user_id"),
        or_(_SEAT.c.ends_at.is_(None), _SEAT.c.ends_at > bindparam("now")),
        _CASE.c.status != "archived",
        or_(
            _waits_for("fact_check", Seat.FACT_CHECKER),
            and_(_waits_for("legal", Seat.LAWYER), ~_i_wrote()),
            and_(_STORY.c.state == "ready", _DECIDES, ~_i_wrote()),
            and_(_STORY.c.state == "approved", _DECIDES),
            and_(_STORY.c.state.in_(("draft", "fact_check")), _WRITES, _DECIDED, _i_wrote()),
        ),
    )
    .order_by(_STORY.c.changed_at, _STORY.c.id)
    .limit(bindparam("limit"))
)

_ASSIGNED = (
    select(
        *_ASSIGNMENT.c,
        _STORY.c.number.label("story_number"),
        _PART.c.number.label("claim_number"),
    )
    .join_from(_ASSIGNMENT, _STORY, _STORY.c.id == _ASSIGNMENT.c.story_id)
    .outerjoin(_PART, _PART.c.id == _ASSIGNMENT.c.part_id)
)
# The day that comes first, or was first, stands first; what has no day comes after, oldest first.
_URGENT = (_ASSIGNMENT.c.due_at.is_(None), _ASSIGNMENT.c.due_at, _ASSIGNMENT.c.made_at)
ASSIGNMENTS = (
    _ASSIGNED.where(
        _ASSIGNMENT.c.case_id == bindparam("case_id"),
        _ASSIGNMENT.c.story_id == bindparam("story_id"),
    )
    .order_by(_ASSIGNMENT.c.state != "open", *_URGENT, _PART.c.number)
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)
TO_DO = (
    _ASSIGNED.where(
        _ASSIGNMENT.c.case_id == bindparam("case_id"),
        _ASSIGNMENT.c.story_id == bindparam("story_id"),
        _ASSIGNMENT.c.state == "open",
    )
    .order_by(*_URGENT, _PART.c.number)
    .limit(bindparam("limit"))
)
TO_DO_ABOUT_CLAIM = TO_DO.where(_ASSIGNMENT.c.part_id == bindparam("claim_id"))
ONE_ASSIGNMENT = _ASSIGNED.where(
    _ASSIGNMENT.c.case_id == bindparam("case_id"),
    _ASSIGNMENT.c.story_id == bindparam("story_id"),
    _ASSIGNMENT.c.id == bindparam("assignment_id"),
)
ASSIGNMENT_COUNT = (
    select(func.count())
    .select_from(_ASSIGNMENT)
    .where(
        _ASSIGNMENT.c.case_id == bindparam("case_id"),
        _ASSIGNMENT.c.story_id == bindparam("story_id"),
    )
)
_OPEN_IN_CASE = select(*_ASSIGNMENT.c).where(
    _ASSIGNMENT.c.case_id == bindparam("case_id"), _ASSIGNMENT.c.state == "open"
)
OPEN_ASSIGNMENTS = _OPEN_IN_CASE.where(
    _ASSIGNMENT.c.story_id.in_(bindparam("story_ids", expanding=True))
)
ASSIGNED_TO = _OPEN_IN_CASE.where(
    _ASSIGNMENT.c.person_id.in_(bindparam("user_ids", expanding=True))
)
# Over all cases of one person: what they have to do, and as an editor what nobody has to.
MY_ASSIGNMENTS = (
    _ASSIGNED.join(
        _SEAT,
        and_(_SEAT.c.case_id == _ASSIGNMENT.c.case_id, _SEAT.c.user_id == bindparam("user_id")),
    )
    .join(_CASE, _CASE.c.id == _ASSIGNMENT.c.case_id)
    .where(
        _ASSIGNMENT.c.state == "open",
        or_(
            _ASSIGNMENT.c.person_id == bindparam("user_id"),
            and_(_ASSIGNMENT.c.person_id.is_(None), _DECIDES),
        ),
        or_(_SEAT.c.ends_at.is_(None), _SEAT.c.ends_at > bindparam("now")),
        _CASE.c.status != "archived",
    )
    .order_by(*_URGENT)
    .limit(bindparam("limit"))
)
