from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.http import dump_options_header, quote_etag

from casefile.accounts.forms import put_error
from casefile.cases import indexing
from casefile.cases.access import OpenCase, requires
from casefile.cases.standing import sign_in_of, still_seated
from casefile.cases.trail import lines
from casefile.errors import ConflictError, NotFoundError
from casefile.evidence import custody, extraction, service, withdrawing
from casefile.evidence.forms import (
    EvidenceEditForm,
    EvidenceForm,
    OriginForm,
    ReinstateForm,
    WithdrawForm,
)
from casefile.notes import service as notes
from casefile.policy import Permission
from casefile.sources import links
from casefile.stories import passages
from casefile.web import (
    FILE_POLICY,
    current,
    database_session,
    empty_upload,
    keep_uploads,
    pager,
    resources,
    sealed_upload,
    unit_of_work,
)

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue

    from casefile.evidence.models import Item
    from casefile.uow import UnitOfWork
    from casefile.vault import SealedUpload

bp = Blueprint("evidence", __name__, url_prefix="/cases/<uuid:case_id>/evidence")
PAGE = 50
CUSTODY = 100
NOTE_TITLE = 120
MEBIBYTE = 1024 * 1024


def _origin(form: OriginForm) -> service.Origin:
    day = form.obtained_at.data
    return service.Origin(
        shows=(form.shows.data or "").strip().replace("\r\n", "\n"),
        obtained_at=day.isoformat() if day else "",
        obtained_from=(form.obtained_from.data or "").strip(),
        obtained_how=(form.obtained_how.data or "").strip(),
        tags=notes.read_tags(form.tags.data),
    )


@bp.get("/")
@requires(Permission.EVIDENCE_READ)
def index(case: OpenCase) -> ResponseReturnValue:
    session = database_session()
    extraction.offer_waiting(resources(), session, [case])
    asked = {name: request.args.get(name, "")[:200] for name in ("sort", "q", "kind")}
    filters: dict[str, Any] = {
        "sort": asked["sort"] or "newest",
        "text": asked["q"],
        "kind": asked["kind"],
    }
    _none, total = service.listed(session, case, **filters, limit=0)
    where = pager(total, PAGE)
    items, _total = service.listed(session, case, **filters, offset=where.offset, limit=PAGE)
    return render_template(
        "evidence/index.html",
        case=case,
        items=items,
        pager=where,
        sort=filters["sort"],
        query=asked["q"],
        kind=asked["kind"],
    )


@bp.get("/new")
@requires(Permission.EVIDENCE_ADD)
def new(case: OpenCase) -> ResponseReturnValue:
    return _new_page(case, EvidenceForm())


def _new_page(case: OpenCase, form: EvidenceForm) -> str:
    limit = resources().settings.upload_limit_mb * MEBIBYTE
    return render_template("evidence/new.html", case=case, form=form, limit=limit)


def _chosen(case: OpenCase) -> list[tuple[str, SealedUpload]]:
    found = []
    for part in request.files.getlist("files"):
        upload = sealed_upload(part)
        if upload is None and part.filename:
            upload = empty_upload(case.id)
        if upload is not None and (part.filename or upload.size):
            found.append((part.filename or "", upload))
    return found


@bp.post("/")
@requires(Permission.EVIDENCE_ADD, files=True)
def create(case: OpenCase) -> ResponseReturnValue:
    form, files = EvidenceForm(), _chosen(case)
    valid = form.validate()
    if not files:
        form.files.errors = [_("Choose at least one file.")]
    if not (valid and files):
        return _new_page(case, form), HTTPStatus.UNPROCESSABLE_ENTITY
    with unit_of_work() as uow:
        items = service.add(uow, case, files, _origin(form))
        _add_note(uow, case, form, items)
        uow.after_commit(keep_uploads)
        uow.after_commit(lambda: extraction.offer(resources(), case, items))
        indexing.follow(uow, case)
    count = len(items)
    flash(ngettext("%(num)s file is on record.", "%(num)s files are on record.", count))
    if count == 1:
        where = url_for("evidence.show", case_id=case.id, evidence_id=items[0].id)
    else:
        where = url_for("evidence.index", case_id=case.id)
    return _sent_on(where)


def _sent_on(where: str) -> ResponseReturnValue:
    """Lead to the page. A script is told where: following a 303 it would use up the notice."""
    if request.headers.get("X-Requested-With") == "XMLHttpRequest":
        return "", HTTPStatus.CREATED, {"Location": where}
    return redirect(where, HTTPStatus.SEE_OTHER)


def _add_note(uow: UnitOfWork, case: OpenCase, form: EvidenceForm, items: list[Item]) -> None:
    body = (form.note.data or "").replace("\r\n", "\n").strip()
    if not body:
        return
    title = (
        " ".join(body.splitlines()[0].lstrip("#> ").split())[:NOTE_TITLE] or f"E-{items[0].number}"
    )
    numbers = [item.number for item in items]
    tags = notes.read_tags(form.tags.data)
    notes.add(uow, case, notes.Text(title, notes.with_citations(body, numbers), tags))


@bp.get("/number/<int(max=999999999):number>")
@requires(Permission.EVIDENCE_READ)
def by_number(case: OpenCase, number: int) -> ResponseReturnValue:
    found = service.by_numbers(database_session(), case, [number])
    if not found:
        msg = "There is no evidence with this number in this case."
        raise NotFoundError(msg)
    return redirect(url_for("evidence.show", case_id=case.id, evidence_id=found[0].id))


@bp.get("/<uuid:evidence_id>")
@requires(Permission.EVIDENCE_READ)
def show(case: OpenCase, evidence_id: UUID) -> ResponseReturnValue:
    session = database_session()
    item = service.get(session, case, evidence_id)
    shown = service.views(session, case, [item])[0]
    if not service.seen_lately(session, item.id, current().person.id, resources().clock()):
        with unit_of_work() as uow:
            service.record_look(uow, case, shown, "evidence.viewed")
        session.rollback()
    extraction.offer_waiting(resources(), session, [case])
    return _show_page(case, shown, WithdrawForm(formdata=None, version=shown.version))


def _show_page(case: OpenCase, shown: service.EvidenceView, form: WithdrawForm) -> str:
    session, evidence_id = database_session(), shown.id
    return render_template(
        "evidence/show.html",
        case=case,
        item=shown,
        form=form,
        resting=passages.resting_on(session, case, evidence_id),
        custody=lines(session, case, subject_id=evidence_id, limit=CUSTODY),
        notes=notes.citing(session, case, evidence_id),
        sources=links.of_thing(
            session, case, links.Thing(item_id=evidence_id), resources().clock()
        ),
        same=service.same_files(session, case, service.get(session, case, evidence_id)),
    )


@bp.post("/<uuid:evidence_id>/withdraw")
@requires(Permission.EVIDENCE_EDIT)
def withdraw(case: OpenCase, evidence_id: UUID) -> ResponseReturnValue:
    form, shown = WithdrawForm(), _view(case, evidence_id)
    if not form.validate():
        return _show_page(case, shown, form), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with unit_of_work() as uow:
            reason = (form.reason.data or "").replace("\r\n", "\n").strip()
            withdrawing.withdraw(
                uow, case, evidence_id, reason=reason, version=form.version.data or 0
            )
            indexing.follow(uow, case)
    except ConflictError as error:
        put_error(form, "reason", error)
        form.version.raw_data, form.version.data = None, _view(case, evidence_id).version
        return _show_page(case, _view(case, evidence_id), form), error.status
    flash(_("Withdrawn. Claims that were verified on it have to be checked again."))
    return redirect(shown.url, HTTPStatus.SEE_OTHER)


@bp.post("/<uuid:evidence_id>/reinstate")
@requires(Permission.EVIDENCE_EDIT)
def reinstate(case: OpenCase, evidence_id: UUID) -> ResponseReturnValue:
    form, shown = ReinstateForm(), _view(case, evidence_id)
    if not form.validate():
        page = _show_page(case, shown, WithdrawForm(formdata=None, version=shown.version))
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    with unit_of_work() as uow:
        withdrawing.reinstate(uow, case, evidence_id, version=form.version.data or 0)
        indexing.follow(uow, case)
    flash(_("It stands again."))
    return redirect(shown.url, HTTPStatus.SEE_OTHER)


@bp.get("/<uuid:evidence_id>/edit")
@requires(Permission.EVIDENCE_EDIT)
def edit(case: OpenCase, evidence_id: UUID) -> ResponseReturnValue:
    item = _view(case, evidence_id)
    form = EvidenceEditForm(
        data={
            "shows": item.shows,
            "obtained_from": item.obtained_from,
            "obtained_how": item.obtained_how,
            "tags": ", ".join(item.tags),
            "version": item.version,
            "obtained_at": item.obtained_at,
        }
    )
    return render_template("evidence/edit.html", case=case, item=item, form=form)


def _view(case: OpenCase, evidence_id: UUID) -> service.EvidenceView:
    session = database_session()
    return service.views(session, case, [service.get(session, case, evidence_id)])[0]


@bp.post("/<uuid:evidence_id>/edit")
@requires(Permission.EVIDENCE_EDIT)
def update(case: OpenCase, evidence_id: UUID) -> ResponseReturnValue:
    form = EvidenceEditForm()
    if not form.validate():
        item = _view(case, evidence_id)
        page = render_template("evidence/edit.html", case=case, item=item, form=form)
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    with unit_of_work() as uow:
        saved = service.describe(uow, case, evidence_id, _origin(form), form.version.data or 0)
        indexing.follow(uow, case)
    if not saved:
        theirs = _view(case, evidence_id)
        form.version.raw_data, form.version.data = None, theirs.version
        page = render_template(
            "evidence/edit.html", case=case, item=theirs, form=form, theirs=theirs
        )
        return page, HTTPStatus.CONFLICT
    flash(_("Saved."))
    return redirect(
        url_for("evidence.show", case_id=case.id, evidence_id=evidence_id), HTTPStatus.SEE_OTHER
    )


@bp.get("/<uuid:evidence_id>/content")
@requires(Permission.EVIDENCE_DOWNLOAD)
def download(case: OpenCase, evidence_id: UUID) -> ResponseReturnValue:
    item = service.get(database_session(), case, evidence_id)
    shown = service.views(database_session(), case, [item])[0]
    etag = quote_etag(item.id.hex)
    start, stop = _asked_range(etag)
    who, opened = current(), resources()
    person_id, session_id = who.person.id, sign_in_of(database_session(), who.session_id)
    part = custody.open_part(
        opened,
        case,
        item,
        start=start,
        stop=stop,
        allowed=lambda: still_seated(
            opened, case.id, person_id, session_id, Permission.EVIDENCE_DOWNLOAD
        ),
    )
    with unit_of_work() as uow:
        span = {} if start is None else {"from": part.start, "to": part.stop}
        service.record_look(uow, case, shown, "evidence.downloaded", **span)
    status = HTTPStatus.OK if start is None else HTTPStatus.PARTIAL_CONTENT
    answer = Response(part.blocks, status, mimetype="application/octet-stream")
    if start is not None:
        answer.headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{part.size}"
    answer.headers["Content-Type"] = service.safe_type(shown.media_type)
    answer.headers["Content-Length"] = str(part.stop - part.start)
    answer.headers["Accept-Ranges"] = "bytes"
    answer.headers["ETag"] = etag
    answer.headers["Content-Security-Policy"] = FILE_POLICY
    answer.headers["Content-Disposition"] = _attachment(shown.name)
    return answer


def _attachment(name: str) -> str:
    """Name the file for the browser (RFC 6266), with a plain name for old ones."""
    plain = name.encode("ascii", "ignore").decode().replace('"', "").replace("\\", "").strip()
    value = dump_options_header("attachment", {"filename": plain or "evidence"})
    if plain != name:
        value += f"; filename*=UTF-8''{quote(name, safe='')}"
    return value


def _asked_range(etag: str) -> tuple[int | None, int | None]:
    """Return the one asked-for range; several, or one of an older file, mean the whole."""
    asked = request.range
    if request.headers.get("If-Range", etag) != etag:
        return None, None
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return None, None
    start, stop = asked.ranges[0]
    return start, stop


@bp.post("/<uuid:evidence_id>/verify")
@requires(Permission.EVIDENCE_VERIFY)
def verify(case: OpenCase, evidence_id: UUID) -> ResponseReturnValue:
    item = service.get(database_session(), case, evidence_id)
    shown = service.views(database_session(), case, [item])[0]
    right = custody.is_unchanged(resources(), case, item, shown)
    with unit_of_work() as uow:
        action = "evidence.verified" if right else "evidence.mismatched"
        service.record_look(uow, case, shown, action)
    if right:
        flash(_("Verified: the stored file is exactly what was put in."))
    else:
        flash(_("The stored file is NOT what was put in. Tell the lead of the case."), "error")
    return redirect(
        url_for("evidence.show", case_id=case.id, evidence_id=evidence_id), HTTPStatus.SEE_OTHER
    )
