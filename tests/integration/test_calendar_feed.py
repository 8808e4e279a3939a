from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from icalendar import Calendar
from sqlalchemy import select

from casefile.accounts import service as accounts
from casefile.notices import calendars
from casefile.notices.models import CalendarFeed
from casefile.uow import UnitOfWork

if TYPE_CHECKING:
    from casefile.uow import Resources
    from tests.cast import Actor, Cast
    from tests.strict_browser import Browse

DEADLINE = calendars.Deadline(UUID(int=7), "amber-heron M3", date(2027, 3, 1))


def address(browse: Browse, actor: Actor) -> str:
    page = browse(actor).post("/account/notices/calendar", 200)
    found = re.search(r"http://localhost(/calendar/[\w-]{43}\.ics)", page.text)
    assert found, page.text
    return found[1]


def test_a_calendar_names_codename_and_number_only(
    browse: Browse, resources: Resources, cast: Cast
) -> None:
    resources.deadline_sources.append(lambda _session, _user, _now: [DEADLINE])
    link = address(browse, cast.ann)

    answer = browse().get(link)

    assert answer.type == "text/calendar"
    events = Calendar.from_ical(answer.content).walk("VEVENT")
    assert [(str(e["SUMMARY"]), e["DTSTART"].dt) for e in events] == [
        ("amber-heron M3", date(2027, 3, 1))
    ]
    assert {name for event in events for name in event} == {
        "SUMMARY", "DTSTART", "DTEND", "DTSTAMP", "UID", "TRANSP",
    }  # fmt: skip


def test_an_address_renewed_or_ended_no_longer_works(browse: Browse, cast: Cast) -> None:
    first = address(browse, cast.ann)
    second = address(browse, cast.ann)

    browse().get(first, 404)
    browse().get(second)
    browse(cast.ann).post("/account/notices/calendar/delete")
    browse().get(second, 404)


def test_a_wrong_token_looks_like_any_other_missing_page(browse: Browse, cast: Cast) -> None:
    link = address(browse, cast.ann)
    wrong = [
        link.replace("/calendar/", "/calendar/A")[:-5] + ".ics",
        f"/calendar/{'A' * 43}.ics",
        "/calendar/x.ics",
        "/calendar/%00.ics",
    ]
    pages = {re.sub(r'value="[^"]+"', "", browse().get(path, 404).html) for path in wrong}

    assert len(pages) == 1


def test_the_database_does_not_hold_the_address(
    browse: Browse, resources: Resources, cast: Cast
) -> None:
    link = address(browse, cast.ann)

    with resources.database.reading() as session:
        kept = session.scalars(select(CalendarFeed.token_digest)).one()

    assert link.removeprefix("/calendar/").encode()[:20] not in kept
    assert len(kept) == 32
    assert "shown once" not in browse(cast.ann).get("/account/notices").text


def test_a_closed_account_has_no_calendar(browse: Browse, resources: Resources, cast: Cast) -> None:
    link = address(browse, cast.ann)
    with UnitOfWork(resources, cast.ada.id, cast.ada.bundle) as uow:
        accounts.disable(uow, cast.ann.id)

    browse().get(link, 404)
