"""What a sealed server answers: the same plain page to everything. It holds no key and no name."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, Response, render_template, request

from casefile.web.pages import HEADERS

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

TEXT = {"Content-Type": "text/plain; charset=utf-8"}


def templates_folder() -> Path:
    """Return the folder of templates: inside the package when installed, beside it otherwise."""
    package = Path(__file__).parents[1]
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "templates"


def sealed_app() -> Flask:
    """Make the application of a sealed server: no database, no sessions, no other routes."""
    app = Flask("casefile", template_folder=str(templates_folder()), static_folder=None)
    app.add_url_rule("/healthz", "alive", lambda: ("sealed\n", HTTPStatus.OK, TEXT))
    app.add_url_rule("/readyz", "ready", lambda: ("sealed\n", HTTPStatus.SERVICE_UNAVAILABLE, TEXT))
    app.add_url_rule("/static/<filename>", "static", _static)
    app.before_request(_sealed)
    app.register_error_handler(Exception, lambda _error: _page())
    app.after_request(_finish)
    return app


def _sealed() -> ResponseReturnValue | None:
    return None if request.endpoint in {"alive", "ready", "static"} else _page()


def _page() -> ResponseReturnValue:
    page = render_template("errors/sealed.html")
    return page, HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": "300"}


def _static(filename: str) -> ResponseReturnValue:
    """Serve what the page itself is drawn with, and nothing else."""
    kinds = {"casefile.css": "text/css", "favicon.svg": "image/svg+xml"}
    if filename not in kinds:
        return _page()
    content = (Path(__file__).parents[1] / "static" / filename).read_bytes()
    return Response(content, mimetype=kinds[filename])


def _finish(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
    response.headers["Cache-Control"] = "no-store"
    return response
