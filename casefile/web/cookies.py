from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import after_this_request, current_app, request

if TYPE_CHECKING:
    from flask import Response

    from casefile.web.visit import CookieSessions


def _interface() -> CookieSessions:
    return cast("CookieSessions", current_app.session_interface)


def kept_cookie(name: str) -> str:
    """Return what this browser keeps beside its session under this name, or ""."""
    return request.cookies.get(f"{_interface().name}-{name}", "")


def keep_cookie(name: str, value: str, *, seconds: int) -> None:
    """Have the browser keep this beyond the session, out of reach of scripts."""

    @after_this_request
    def keep(response: Response) -> Response:
        interface = _interface()
        response.set_cookie(
            f"{interface.name}-{name}",
            value,
            max_age=seconds,
            secure=interface.secure,
            httponly=True,
            samesite="Lax",
        )
        return response
