from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _

from casefile.accounts.forms import put_error
from casefile.cases import indexing
from casefile.cases.access import OpenCase, requires
from casefile.policy import Permission
from casefile.stories import exposure, keeping, moments, replies
from casefile.stories.forms import ReplyForm
from casefile.stories.records import REPLY, Reply
from casefile.stories.routes import REFUSED, none_of, opened, others, say_unreached
from casefile.web import database_session, timezone, unit_of_work

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from flask.typing import ResponseReturnValue

    from casefile.sources.quoting import Finding

bp = Blueprint(
    "replies", __name__, url_prefix="/cases/<uuid:case_id>/stories/<uuid:story_id>/replies"
)


@bp.get("/new")
@requires(Permission.STORY_EDIT)
def new(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    return _page(case, story_id, ReplyForm(version=0))


def _page(
    case: OpenCase,
    story_id: UUID,
    form: ReplyForm,
    reply_id: UUID | None = None,
    theirs: Reply | None = None,
    findings: Sequence[Finding] = (),
) -> str:
    story = opened(case, story_id, none_of)
    reply = next((one for one in story.replies if one.id == reply_id), None)
    return render_template(
        "stories/reply.html",
        case=case,
        story=story,
        reply=reply,
        form=form,
        theirs=theirs,
        members=others(case),
        findings=findings,
    )


def _local(text: str) -> datetime | None:
    moment = moments.read(text)
    return moment.astimezone(timezone()) if moment else None


@bp.post("/")
@requires(Permission.STORY_EDIT)
def create(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    return _save(case, story_id, None)


@bp.get("/<uuid:reply_id>/edit")
@requires(Permission.STORY_EDIT)
def edit(case: OpenCase, story_id: UUID, reply_id: UUID) -> ResponseReturnValue:
    part = keeping.load(database_session(), case, story_id).get(REPLY, reply_id)
    told = part.record or Reply("")
    form = ReplyForm(
        subject=told.subject,
        asked=told.asked,
        how=told.how,
        sent_at=_local(told.sent_at),
        deadline=_local(told.deadline),
        answer=told.answer,
        answered_at=_local(told.answered_at),
        used=told.used,
        version=part.version,
    )
    return _page(case, story_id, form, reply_id)


@bp.post("/<uuid:reply_id>/edit")
@requires(Permission.STORY_EDIT)
def update(case: OpenCase, story_id: UUID, reply_id: UUID) -> ResponseReturnValue:
    part = keeping.load(database_session(), case, story_id).get(REPLY, reply_id)
    return _save(case, story_id, reply_id, part.record)


def _save(
    case: OpenCase, story_id: UUID, reply_id: UUID | None, before: Reply | None = None
) -> ResponseReturnValue:
    form = ReplyForm()
    findings = _exposed(case, form, before)
    if findings or not form.validate():
        page = _page(case, story_id, form, reply_id, findings=findings)
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        told = _reply(form)
        with unit_of_work() as uow:
            replies.save(
                uow, case, story_id, told, reply_id=reply_id, version=form.version.data or 0
            )
            indexing.follow(uow, case)
    except replies.ReplyChangedError as conflict:
        put_error(form, "subject", conflict)
        form.version.raw_data, form.version.data = None, conflict.version
        return _page(case, story_id, form, reply_id, conflict.theirs), conflict.status
    except REFUSED as error:
        put_error(form, _field(form), error)
        return _page(case, story_id, form, reply_id), error.status
    flash(_("Saved."))
    say_unreached(case, told.used)
    where = url_for("stories.show", case_id=case.id, story_id=story_id)
    return redirect(f"{where}#replies", HTTPStatus.SEE_OTHER)


def _exposed(case: OpenCase, form: ReplyForm, before: Reply | None) -> list[Finding]:
    """Return which protected sources a request names or quotes, until its writer looked at them."""
    asked = (form.asked.data or "").replace("\r\n", "\n").strip()
    if form.exposed.data or (before is not None and before.asked == asked):
        return []
    return exposure.findings(case, asked)


def _field(form: ReplyForm) -> str:
    """Name the latest field that was filled in: what is wrong is about that one."""
    for name in ("used", "answered_at", "answer", "deadline", "sent_at"):
        if form[name].data:
            return name
    return "subject"


def _reply(form: ReplyForm) -> Reply:
    zone = timezone()
    moment = {
        name: moments.written(moments.aware(form[name].data, zone))
        for name in ("sent_at", "deadline", "answered_at")
    }
    words = {
        name: (form[name].data or "").replace("\r\n", "\n").strip()
        for name in ("subject", "how", "asked", "answer", "used")
    }
    return Reply(**words, **moment, zone=zone.key)
