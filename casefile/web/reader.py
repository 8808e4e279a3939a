"""Who a page is written for: what formats, phrases and addresses ask dozens of times a page."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import has_request_context, request
from flask_babel import get_locale

from casefile.web.visit import resources, timezone

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Reader:
    """Language and time zone of whoever reads the page, when it is, and where the site begins."""

    language: str
    zone: ZoneInfo
    now: datetime
    root: str


# Not in Flask's `g`, whose proxies would cost more than most of what is asked of a reader.
_READER: ContextVar[Reader | None] = ContextVar("reader", default=None)


def reader() -> Reader:
    """Return the reader of this page, looked up once."""
    found = _READER.get()
    if found is None:
        root = request.script_root if has_request_context() else ""
        found = Reader(str(get_locale()), timezone(), resources().clock(), root)
        _READER.set(found)
    return found


def forget_reader(_error: BaseException | None = None) -> None:
    """Let the next page have its own reader."""
    _READER.set(None)
