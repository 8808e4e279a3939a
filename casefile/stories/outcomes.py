"""After a story came out: further places it appeared in, and what followed from it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from casefile.errors import ConflictError, InvalidError
from casefile.evidence import service as evidence
from casefile.policy import Permission
from casefile.stories import keeping, moments, supports
from casefile.stories.records import IMPACT, PUBLICATION, Impact, Publication
from casefile.stories.rules import OUT

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID
    from zoneinfo import ZoneInfo

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.uow import UnitOfWork

NOT_YET = "That day has not come yet. Write down what followed once it has."
NOT_OUT = "This story has not come out yet. Record where it appeared once it is published."


def publication(
    session: Session,
    case: OpenCase,
    *,
    url: str,
    outlet: str,
    at: datetime | None,
    zone: ZoneInfo,
    language: str,
    saved_page: str,
) -> Publication:
    """Return where a story came out, with the hash of its page as it was put on record.

    Raises InvalidError when the saved page is no evidence of this case.
    """
    page, sha256 = "", ""
    if saved_page:
        found = supports.CODE.fullmatch(saved_page.strip())
        items = evidence.by_numbers(session, case, [int(found[2])]) if found else []
        if not items:
            msg = "There is no such evidence. Add the saved page as evidence first."
            raise InvalidError(msg)
        shown = evidence.views(session, case, items)[0]
        page, sha256 = str(shown.id), shown.sha256
    return Publication(
        url, outlet, moments.written(at), zone.key, language, page=page, page_sha256=sha256
    )


def add_publication(uow: UnitOfWork, case: OpenCase, story_id: UUID, told: Publication) -> None:
    """Add another place where a published story appeared."""
    held = keeping.take(uow, case, Permission.STORY_EDIT, story_id)
    if held.whole.state not in OUT:
        raise ConflictError(NOT_OUT)
    moments.check_past(moments.read(told.at), uow.now, "It cannot have come out later than now.")
    part = held.put(PUBLICATION, told)
    held.record("publication.added", {"publication": part.number})


def add_impact(uow: UnitOfWork, case: OpenCase, story_id: UUID, told: Impact) -> None:
    """Add what followed from a published story: an official reaction, an award."""
    held = keeping.take(uow, case, Permission.STORY_EDIT, story_id)
    if held.whole.state not in OUT:
        raise ConflictError(NOT_OUT)
    moments.check_past_day(date.fromisoformat(told.day), uow.now, NOT_YET)
    part = held.put(IMPACT, told)
    held.record("impact.added", {"impact": part.number})
