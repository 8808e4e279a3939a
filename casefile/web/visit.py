from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from flask import Flask, Response, current_app, g
from flask.sessions import SessionInterface, SessionMixin
from flask_login import UserMixin

from casefile import keys, policy
from casefile.errors import DamagedError
from casefile.uow import Resources, UnitOfWork

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from uuid import UUID

    from flask.wrappers import Request
    from sqlalchemy.orm import Session

    from casefile.policy import Permission, Role

COOKIE_BYTES = 32
NOTICE_LIMIT = 3000


@dataclass(frozen=True, slots=True)
class Person(UserMixin):  # type: ignore[misc]
    """Who is asking. `is_authenticated` is true for every one of them."""

    id: UUID
    username: str
    name: str
    roles: frozenset[Role]
    theme: str
    timezone: str
    ends_at: datetime | None = None
    travel_until: datetime | None = None
    unread_notices: int = 0

    def may(self, permission: Permission) -> bool:
        return policy.roles_may(self.roles, permission)

    @property
    def grants_only(self) -> bool:
        """Whether every role is one of the grants. Guests have no role at all and are none of these."""
        return bool(self.roles) and self.roles <= policy.GRANT_ROLES


@dataclass(slots=True)
class Visit:
    """One request by somebody signed in: their keys, and the case keys opened so far."""

    person: Person
    bundle: keys.Bundle = field(repr=False)
    session_id: bytes = field(repr=False)
    cache_key: bytes = field(repr=False)
    case_keys: dict[bytes, bytes] | None = field(default=None, repr=False)
    """The secrets of opened cases by case id ‖ generation, as they lie sealed between requests."""
    case_keys_changed: bool = False
    receipts: list[dict[str, Any]] = field(default_factory=list, repr=False)
    """For grants whose signature this request has checked."""
    confirmed_at: datetime | None = None
    """When the password was last given in this session."""
    must_enrol: bool = False
    """The person must have a second factor and has none: nothing else is open to them."""


class VisitSession(dict[str, Any], SessionMixin):
    """What Flask calls the session: the secret in the cookie and what is derived from it."""

    def __init__(self, secret: bytes, *, fresh: bool) -> None:
        super().__init__(csrf_token=keys.derive(secret, "csrf").hex())
        self.secret = secret
        self.fresh = fresh
        self.ended = False

    def begin(self, secret: bytes) -> None:
        """Take a new secret, as after sign-in; whatever was sealed to the old one is gone."""
        self.clear()
        self["csrf_token"] = keys.derive(secret, "csrf").hex()
        self.secret = secret
        self.fresh = True
        g.pop("csrf_token", None)

    def end(self) -> None:
        """Forget the cookie."""
        self.begin(keys.random_key())
        self.ended = True


class CookieSessions(SessionInterface):
    """32 random bytes in the cookie; nothing is kept in it, notices travel sealed beside it."""

    def __init__(self, *, plain_http: bool) -> None:
        self.name = "casefile" if plain_http else "__Host-casefile"
        self.notice_name = f"{self.name}-notice"
        self.secure = not plain_http

    def open_session(self, app: Flask, request: Request) -> VisitSession:  # noqa: ARG002
        secret = _decode(request.cookies.get(self.name, ""))
        if secret is None:
            return VisitSession(keys.random_key(), fresh=True)
        session = VisitSession(secret, fresh=False)
        notice = request.cookies.get(self.notice_name)
        if notice:
            session.update(_open_notice(secret, notice))
        return session

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:  # noqa: ARG002
        visit = cast("VisitSession", session)
        if visit.ended:
            response.delete_cookie(self.name, secure=self.secure, httponly=True, samesite="Lax")
        elif visit.fresh and ("csrf_token" in g or "visit" in g):
            self._set(response, self.name, base64.urlsafe_b64encode(visit.secret).decode())
        notices = visit.get("_flashes")
        if notices:
            plain = json.dumps(notices).encode()[:NOTICE_LIMIT]
            sealed = keys.wrap(keys.derive(visit.secret, "notice"), plain, "notice")
            self._set(response, self.notice_name, base64.urlsafe_b64encode(sealed).decode())
        elif "notice_shown" in g:
            response.delete_cookie(
                self.notice_name, secure=self.secure, httponly=True, samesite="Lax"
            )

    def _set(self, response: Response, name: str, value: str) -> None:
        response.set_cookie(name, value, secure=self.secure, httponly=True, samesite="Lax")


def _decode(cookie: str) -> bytes | None:
    try:
        secret = base64.b64decode(cookie, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return secret if len(secret) == COOKIE_BYTES else None


def _open_notice(secret: bytes, cookie: str) -> dict[str, Any]:
    g.notice_shown = True
    try:
        sealed = base64.b64decode(cookie, altchars=b"-_", validate=True)
        plain = keys.unwrap(keys.derive(secret, "notice"), sealed, "notice")
        return {"_flashes": [tuple(notice) for notice in json.loads(plain)]}
    except (binascii.Error, ValueError, TypeError, DamagedError):
        return {}


def resources() -> Resources:
    return cast("Resources", current_app.extensions["casefile"])


def set_visit_opener(
    app: Flask, opener: Callable[[Resources, Session, bytes], Visit | None]
) -> None:
    """Say how a cookie's secret becomes a visit; `accounts` knows."""
    app.extensions["casefile.open_visit"] = opener


def visit() -> Visit | None:
    """Return the visit of whoever is asking, or None; opened once per request."""
    if "visit_opened" not in g:
        from flask import session  # noqa: PLC0415

        g.visit_opened = True
        own = cast("VisitSession", session._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001
        found = (
            None
            if own.fresh
            else current_app.extensions["casefile.open_visit"](
                resources(), database_session(), own.secret
            )
        )
        if found is not None:
            g.visit = found
    return cast("Visit | None", g.get("visit"))


def current() -> Visit:
    """Return the visit of a request that the gate has let in."""
    found = visit()
    if found is None:
        msg = "no visit behind the gate"
        raise RuntimeError(msg)
    return found


def database_session() -> Session:
    """Return this request's reading session: one state of the database, nothing to commit."""
    if "database_session" not in g:
        from sqlalchemy.orm import Session  # noqa: PLC0415

        g.database_session = Session(
            resources().database.engine, expire_on_commit=False, autoflush=False
        )
    return cast("Session", g.database_session)


def unit_of_work() -> UnitOfWork:
    """Begin a change made by whoever is signed in."""
    opened = visit()
    if opened is None:
        return UnitOfWork(resources(), None)
    return UnitOfWork(resources(), opened.person.id, opened.bundle)


def timezone() -> ZoneInfo:
    """Return the reader's time zone, else the newsroom's."""
    opened = g.get("visit")
    name = opened.person.timezone if opened else ""
    return ZoneInfo(name or resources().settings.timezone)


def close_database_session(_error: BaseException | None = None) -> None:
    """End the reading session when the request is over."""
    session = g.pop("database_session", None)
    if session is not None:
        session.close()
