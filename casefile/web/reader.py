"""Who a page is written for: what formats, phrases and addresses ask dozens of times a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from flask import g, has_request_context, request
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


def reader() -> Reader:
    """Return the reader of this page, looked up once."""
    found = g.get("reader")
    if found is None:
        root = request.script_root if has_request_context() else ""
        found = g.reader = Reader(str(get_locale()), timezone(), resources().clock(), root)
    return cast("Reader", found)
