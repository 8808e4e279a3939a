from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from casefile.notices import calendars, kinds, outbox, service
from casefile.notices.forms import MailForm
from casefile.web import (
    confirmed,
    current,
    database_session,
    own_page,
    pager,
    public,
    resources,
    signed_in,
    unit_of_work,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from uuid import UUID

    from flask import Flask
    from flask.typing import ResponseReturnValue
    from sqlalchemy.orm import Session

bp = Blueprint("notices", __name__)
PAGE = 50


def install(app: Flask, seated: Callable[[Session, UUID, datetime], Sequence[UUID]]) -> None:
    """Say on which cases a person has a seat; `cases` knows. Notices of others are not shown."""
    app.extensions["casefile.seated"] = seated


def _my_cases() -> Sequence[UUID]:
    seated: Any = current_app.extensions["casefile.seated"]
    found: Sequence[UUID] = seated(database_session(), current().person.id, resources().clock())
    return found


@bp.get("/notices/")
@signed_in
def index() -> ResponseReturnValue:
    session, me, mine = database_session(), current().person.id, _my_cases()
    unread = request.args.get("show") == "unread"
    total, waiting = service.counts(session, me, mine)
    where = pager(waiting if unread else total, PAGE)
    found = service.listed(session, me, mine, unread=unread, offset=where.offset, limit=PAGE)
    return render_template(
        "notices/index.html",
        notices=found,
        words=kinds.words,
        waiting=waiting,
        unread=unread,
        pager=where,
    )


@bp.post("/notices/<uuid:notice_id>")
@signed_in
def update(notice_id: UUID) -> ResponseReturnValue:
    """Mark one as read; its own button goes on to the page it is about."""
    with unit_of_work() as uow:
        path = service.read(uow, notice_id)
    there = path if request.form.get("go") else url_for("notices.index")
    return redirect(own_page(there), HTTPStatus.SEE_OTHER)


@bp.post("/notices/read")
@signed_in
def read_all() -> ResponseReturnValue:
    with unit_of_work() as uow:
        service.read_all(uow)
    flash(_("All notices are read."))
    return redirect(url_for("notices.index"), HTTPStatus.SEE_OTHER)


def _settings_page(form: MailForm, token: str = "") -> str:
    session, me = database_session(), current().person.id
    link = url_for("notices.calendar", token=token, _external=True) if token else ""
    return render_template(
        "notices/settings.html",
        form=form,
        mail_is_on=bool(resources().settings.smtp_url),
        failure=outbox.last_failure(session, me),
        made_at=calendars.made_at(session, me),
        link=link,
    )


@bp.get("/account/notices")
@signed_in
def settings() -> ResponseReturnValue:
    address = outbox.own_address(database_session(), resources(), current().person.id)
    return _settings_page(MailForm(address=address))


@bp.post("/account/notices")
@signed_in
@confirmed
def mail_update() -> ResponseReturnValue:
    form = MailForm()
    if not form.validate():
        return _settings_page(form), HTTPStatus.UNPROCESSABLE_ENTITY
    with unit_of_work() as uow:
        outbox.choose_address(uow, (form.address.data or "").strip())
    flash(_("Saved."))
    return redirect(url_for("notices.settings"), HTTPStatus.SEE_OTHER)


@bp.post("/account/notices/calendar")
@signed_in
@confirmed
def calendar_renew() -> ResponseReturnValue:
    """Show the new address, once."""
    with unit_of_work() as uow:
        token = calendars.renew(uow)
    address = outbox.own_address(database_session(), resources(), current().person.id)
    return _settings_page(MailForm(address=address, formdata=None), token)


@bp.post("/account/notices/calendar/delete")
@signed_in
def calendar_end() -> ResponseReturnValue:
    with unit_of_work() as uow:
        calendars.end(uow)
    flash(_("The calendar's address no longer works."))
    return redirect(url_for("notices.settings"), HTTPStatus.SEE_OTHER)


@bp.get("/calendar/<token>.ics")
@public
def calendar(token: str) -> ResponseReturnValue:
    session, now = database_session(), resources().clock()
    user = calendars.owner(session, token, now)
    found = calendars.deadlines(resources().deadline_sources, session, user, now)
    headers = {
        "Content-Type": "text/calendar; charset=utf-8",
        "Content-Disposition": 'attachment; filename="deadlines.ics"',
    }
    return calendars.as_ics(found, now), HTTPStatus.OK, headers
