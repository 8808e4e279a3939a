"""How many seats of a case have ended or come back from a journey: asked whenever it is opened."""

from __future__ import annotations

from sqlalchemy import bindparam, func, select

from casefile.accounts.models import User
from casefile.cases.models import Case, CaseSeat
from casefile.db import table

_CASE, _USER = table(Case), table(User)
_ANY = table(CaseSeat).alias("any_seat")

ENDED_SEATS = (
    select(func.count())
    .select_from(_ANY)
    .where(_ANY.c.case_id == _CASE.c.id, _ANY.c.ends_at <= bindparam("now"))
    .correlate(_CASE)
    .scalar_subquery()
    .label("ended_seats")
)
RETURNING = (
    select(func.count())
    .select_from(_ANY.join(_USER, _USER.c.id == _ANY.c.user_id))
    .where(
        _ANY.c.case_id == _CASE.c.id,
        _ANY.c.travel_until <= bindparam("now"),
        _USER.c.disabled_at.is_(None),
    )
    .correlate(_CASE)
    .scalar_subquery()
    .label("back")
)
