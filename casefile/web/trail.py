"""What a browser remembers of the audit trail: a restored or rolled-back server forgets, it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import g, request
from sqlalchemy.exc import SQLAlchemyError

from casefile import audit
from casefile.web.visit import database_session, resources, unit_of_work

if TYPE_CHECKING:
    from flask import Flask, Response

    from casefile.web.visit import CookieSessions, Visit

LASTS_SECONDS = 90 * 24 * 3600
SESSIONS = 4096
REFUSALS = 400


def watch_trail(app: Flask) -> None:
    """Compare the trail with the browser's memory on the first page of a session, then renew that."""
    sessions = cast("CookieSessions", app.session_interface)
    name = f"{sessions.name}-trail"
    compared: dict[bytes, None] = {}

    def look() -> None:
        visit: Visit | None = g.get("visit")
        if visit is None or request.method != "GET" or visit.session_id in compared:
            return
        g.trail_memory_due = not _mistrusts(request.cookies.get(name, ""), visit)

    def remember(response: Response) -> Response:
        visit: Visit | None = g.get("visit")
        # A refusal carries no cookie: it looks the same for what is there and what is not.
        if visit is None or "trail_memory_due" not in g or response.status_code >= REFUSALS:
            return response
        while len(compared) >= SESSIONS:
            compared.pop(next(iter(compared)))
        compared[visit.session_id] = None
        text = _memory(visit) if g.trail_memory_due else ""
        if text:
            response.set_cookie(
                name,
                text,
                max_age=LASTS_SECONDS,
                secure=sessions.secure,
                httponly=True,
                samesite="Lax",
            )
        return response

    app.before_request(look)
    app.after_request(remember)


def _mistrusts(cookie: str, visit: Visit) -> bool:
    person_id = visit.person.id
    if audit.alarm(database_session(), person_id):
        return True
    seen = audit.seen_by_browser(cookie, visit.bundle, person_id)
    found = audit.compare(database_session(), resources(), seen) if seen else ""
    if found:
        with unit_of_work() as uow:
            audit.raise_alarm(uow, person_id, found)
        database_session().rollback()
    return bool(found)


def _memory(visit: Visit) -> str:
    try:
        return audit.memory_of_browser(
            database_session(), resources(), visit.bundle, visit.person.id
        )
    except SQLAlchemyError:
        return ""


def remember_trail() -> None:
    """Have the browser remember the trail as it is now: the person has accepted it."""
    g.trail_memory_due = True


def trail_alarm() -> str:
    """Return what of the trail did not fit for whoever is asking; nothing when it cannot be told."""
    visit: Visit | None = g.get("visit")
    if visit is None:
        return ""
    try:
        return audit.alarm(database_session(), visit.person.id)
    except SQLAlchemyError:
        return ""
