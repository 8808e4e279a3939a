from __future__ import annotations

import logging
import secrets
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Flask, Response, g, make_response, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import escape
from sqlalchemy.exc import DatabaseError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from casefile import audit
from casefile.db import explain
from casefile.errors import CasefileError, DamagedError, RangeError, TooManyRequestsError
from casefile.uow import UnitOfWork
from casefile.web.uploads import drain
from casefile.web.visit import resources

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

log = logging.getLogger(__name__)

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
FILE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
STATIC_SECONDS = 3600
PLAIN_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Casefile</title></head>
<body><main><h1>%(heading)s</h1><p>%(message)s</p><p><a href="/">Casefile</a></p></main></body></html>
"""
REFUSALS_A_MINUTE = 30
REFUSED = frozenset({400, 403, 404, 405, 409, 413, 415, 416, 422, 429})
HTTP_WORDS = {
    400: "The request could not be read. Go back and try again.",
    404: "There is nothing here, or it is not yours to see. Check the address, or start from the desk.",
    405: "This address does not take that kind of request. Start from the desk.",
    413: "That is more than can be taken at once. Nothing was changed. Send less, or add it as a file.",
    414: "The address is too long. Shorten what you are looking for.",
    415: "This page does not take that kind of content. Nothing was changed.",
    416: "The asked-for part lies outside the file. Download the file from its start.",
    429: "Too many tries in a short time. Wait a little, then try again.",
    503: "The server cannot do this right now. Nothing was changed; try again in a moment.",
}


@dataclass(frozen=True, slots=True)
class Pager:
    """Where a list stands. `url(n)` keeps the filters."""

    page: int
    size: int
    total: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.size

    def url(self, page: int) -> str:
        kept = [pair for pair in request.args.items(multi=True) if pair[0] != "page"]
        return f"{request.path}?{urlencode([*kept, ('page', page)])}"


def asked_page(pages: int | None = None) -> int:
    """Return the asked-for page number; what is no number is the first page."""
    text = request.args.get("page", "1")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 1  # noqa: PLR2004
    number = max(1, number)
    return min(number, pages) if pages else number


def pager(total: int, size: int) -> Pager:
    """Return the pager of a list of this many; a page past the end is the last."""
    pages = max(1, -(-total // size))
    return Pager(asked_page(pages), size, total)


def error_page(status: int, message: str) -> Response:
    """Make the page of a refusal: what happened and what to do, never what was inside."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = str(status)
    headings = {
        400: _("That request could not be used"),
        403: _("That is not yours to do"),
        404: _("Nothing here"),
        409: _("Somebody was quicker"),
        413: _("Too much at once"),
        415: _("Not a kind of content this page takes"),
        416: _("Outside the file"),
        422: _("Something wants mending"),
        429: _("Too many tries"),
        500: _("Something went wrong on our side"),
        503: _("Not possible right now"),
        507: _("No room left"),
    }
    heading = headings.get(status, phrase)
    try:
        page = render_template(
            "errors/error.html",
            status=status,
            heading=heading,
            message=message,
            back_url=url_for("desk.index"),
        )
    except Exception as error:  # noqa: BLE001
        log.error("error_page_failed", extra={"error": _chain(error)})  # noqa: TRY400
        page = PLAIN_PAGE % {"heading": escape(heading), "message": escape(message)}
    return make_response(page, status)


def _refused(error: CasefileError) -> Response:
    if request.method in {"POST", "PUT", "PATCH"}:
        drain()
    if isinstance(error, DamagedError):
        g.damage_noticed = True
    response = error_page(int(error.status), _(error.message))
    if isinstance(error, RangeError):
        response.headers["Content-Range"] = f"bytes */{error.size}"
    if isinstance(error, TooManyRequestsError):
        response.headers["Retry-After"] = str(error.retry_after)
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = "5"
    return response


def _http(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if status < 400 or error.response is not None:  # noqa: PLR2004
        return error.get_response()
    if isinstance(error, RequestEntityTooLarge):
        drain()
    page = error_page(status, _(HTTP_WORDS.get(status, "The request could not be answered.")))
    for name, value in error.get_headers():
        if name.lower() in {"allow", "content-range", "retry-after"}:
            page.headers[name] = value
    return page


def _database(error: DatabaseError) -> Response:
    known = explain(error)
    return _refused(known) if isinstance(known, CasefileError) else _unexpected(error)


def _unexpected(error: Exception) -> Response:
    number = secrets.token_hex(4)
    log.error(
        "unexpected_error",
        extra={"number": number, "error": _chain(error), "endpoint": request.endpoint},
    )
    return error_page(
        500,
        _(
            "Nothing was changed. Try again; if it happens again, tell the administrator the number "
            "%(number)s.",
            number=number,
        ),
    )


def _chain(error: BaseException) -> str:
    """Name the type and the place of an error: never its text, which may hold content."""
    trace, places = error.__traceback__, []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return f"{type(error).__name__} at {' < '.join(reversed(places[-4:]))}"


def _finish(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
    if request.endpoint in {"static", "bootstrap.static"}:
        response.headers["Cache-Control"] = f"public, max-age={STATIC_SECONDS}"
    else:
        response.headers["Cache-Control"] = "no-store"
    if response.is_streamed:
        # A proxy that buffers would write what is opened block by block to its disk in clear.
        response.headers["X-Accel-Buffering"] = "no"
    if response.status_code in REFUSED and g.get("visit") is not None and request.endpoint:
        _note_refusal(response.status_code)
    if g.get("damage_noticed"):
        _note("damage.noticed", {"endpoint": request.endpoint})
    return response


class RefusalCounter:
    """How many refusals each person caused this minute: the trail is not to be flooded."""

    def __init__(self) -> None:
        self._minute = 0
        self._counts: dict[object, int] = {}

    def admit(self, who: object) -> bool:
        minute = int(time.monotonic() // 60)
        if minute != self._minute:
            self._minute, self._counts = minute, {}
        self._counts[who] = self._counts.get(who, 0) + 1
        return self._counts[who] <= REFUSALS_A_MINUTE


def _note_refusal(status: int) -> None:
    _note("request.refused", {"status": status, "endpoint": request.endpoint})


def _note(action: str, detail: dict[str, object]) -> None:
    """Put into the trail that something was refused, or found changed outside the program."""
    opened = g.get("visit")
    who = opened.person.id if opened else None
    counter: RefusalCounter = resources_counter()
    if not counter.admit(who):
        return
    try:
        with UnitOfWork(resources(), who) as uow:
            audit.record(uow, action, detail=detail)
    except CasefileError as error:
        log.warning("refusal_not_recorded", extra={"error": type(error).__name__})


def resources_counter() -> RefusalCounter:
    from flask import current_app  # noqa: PLC0415

    counter: Any = current_app.extensions.setdefault("casefile.refusals", RefusalCounter())
    return counter  # type: ignore[no-any-return]


def dress(app: Flask) -> None:
    """Give every answer its headers and every refusal its page."""
    app.after_request(_finish)
    app.register_error_handler(CasefileError, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(DatabaseError, _database)
    app.register_error_handler(Exception, _unexpected)
