"""The log: one JSON object a line on standard error, with ids and error types, never contents."""

from __future__ import annotations

import logging
import sys

import structlog

ALLOWED = ("error", "number", "endpoint", "work", "case", "seconds", "count")


def configure(level: int = logging.INFO) -> None:
    """Send every record through one formatter that writes only the fields known to be harmless."""
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.ExtraAdder(allow=ALLOWED),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _without_traceback,
            structlog.processors.JSONRenderer(),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("huey", "alembic", "gunicorn.access", "flask_wtf"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _without_traceback(
    _logger: object, _name: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Drop the text of errors: a traceback may quote what somebody wrote."""
    event.pop("exc_info", None)
    event.pop("stack_info", None)
    return event
