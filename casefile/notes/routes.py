from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from casefile.cases import indexing, mentions
from casefile.cases.access import OpenCase, requires
from casefile.errors import NotFoundError
from casefile.evidence import service as evidence
from casefile.notes import service
from casefile.notes.differences import compare
from casefile.notes.forms import BODY_LENGTH, NoteEditForm, NoteForm
from casefile.notes.markdown import named, render
from casefile.policy import Permission
from casefile.sources import links, quoting
from casefile.sources.opening import Holder
from casefile.web import current, database_session, pager, resources, unit_of_work

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = Blueprint("notes", __name__, url_prefix="/cases/<uuid:case_id>/notes")
PAGE = 50
CHOICES = 200


def _text(form: NoteForm) -> service.Text:
    return service.Text(
        (form.title.data or "").strip(),
        (form.body.data or "").replace("\r\n", "\n"),
        service.read_tags(form.tags.data),
    )


def _named(case: OpenCase, form: NoteForm) -> list[quoting.Finding]:
    """Return which sources a note would give away by name, until its writer wants it so."""
    if form.named.data or not case.can(Permission.SOURCE_HANDLE):
        return []
    found = _findings(case, form.title.data, form.body.data, form.tags.data)
    return [finding for finding in found if finding.kind == "name"]


def _html(case: OpenCase, body: str) -> str:
    where = url_for("evidence.by_number", case_id=case.id, number=0)[:-1]
    people = mentions.among(database_session(), case, resources().clock(), body)
    return render(body, where, people)


def _say_unreached(case: OpenCase, body: str | None) -> None:
    said = named(body or "")
    problem = mentions.unreached(database_session(), case, resources().clock(), said)
    if problem:
        flash(problem, "warning")


def _choices(case: OpenCase) -> list[evidence.EvidenceView]:
    return evidence.latest(database_session(), case, CHOICES)


def _others(case: OpenCase) -> list[mentions.Member]:
    return mentions.others(database_session(), case, resources().clock(), current().person.id)


@bp.get("/")
@requires(Permission.NOTE_READ)
def index(case: OpenCase) -> ResponseReturnValue:
    session = database_session()
    sort, text = request.args.get("sort", "changed"), request.args.get("q", "")[:200]
    author = request.args.get("author", type=UUID)
    deleted = request.args.get("bin") == "1"
    filters = {"sort": sort, "author_id": author, "text": text, "deleted": deleted}
    known: int | None = case.note_count
    if author or text or deleted:
        _none, known = service.listed(session, case, **filters, limit=0)  # type: ignore[arg-type]
    where = pager(known or 0, PAGE)
    authors = service.authors(session, case)
    notes, _total = service.listed(session, case, **filters, offset=where.offset, limit=PAGE)  # type: ignore[arg-type]
    return render_template(
        "notes/index.html",
        case=case,
        notes=notes,
        pager=where,
        sort=sort,
        author=author,
        authors=authors,
        query=text,
        deleted=deleted,
    )


@bp.get("/new")
@requires(Permission.NOTE_ADD)
def new(case: OpenCase) -> ResponseReturnValue:
    form = NoteForm(
        title=request.args.get("title", "")[:200], body=request.args.get("body", "")[:200]
    )
    return render_template(
        "notes/new.html",
        case=case,
        form=form,
        evidence_choices=_choices(case),
        members=_others(case),
    )


@bp.post("/")
@requires(Permission.NOTE_ADD)
def create(case: OpenCase) -> ResponseReturnValue:
    form = NoteForm()
    named = _named(case, form)
    if named or not form.validate():
        page = render_template(
            "notes/new.html",
            case=case,
            form=form,
            evidence_choices=_choices(case),
            members=_others(case),
            named=named,
        )
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    with unit_of_work() as uow:
        note_id = service.add(uow, case, _text(form))
        indexing.follow(uow, case)
    flash(_("Note added."))
    _say_unreached(case, form.body.data)
    return redirect(url_for("notes.show", case_id=case.id, note_id=note_id), HTTPStatus.SEE_OTHER)


@bp.get("/<uuid:note_id>")
@requires(Permission.NOTE_READ)
def show(case: OpenCase, note_id: UUID) -> ResponseReturnValue:
    note = service.get(database_session(), case, note_id)
    return render_template(
        "notes/show.html",
        case=case,
        note=note,
        html=_html(case, note.body),
        cites=evidence.cited_by(database_session(), case, note_id),
        sources=links.of_thing(
            database_session(), case, links.Thing(note_id=note_id), resources().clock()
        ),
        versions=note.version,
    )


@bp.get("/<uuid:note_id>/edit")
@requires(Permission.NOTE_EDIT)
def edit(case: OpenCase, note_id: UUID) -> ResponseReturnValue:
    note = service.get(database_session(), case, note_id)
    form = NoteEditForm(
        title=note.title, body=note.body, tags=", ".join(note.tags), version=note.version
    )
    return render_template(
        "notes/edit.html",
        case=case,
        note=note,
        form=form,
        evidence_choices=_choices(case),
        members=_others(case),
    )


@bp.post("/<uuid:note_id>/edit")
@requires(Permission.NOTE_EDIT)
def update(case: OpenCase, note_id: UUID) -> ResponseReturnValue:
    form = NoteEditForm()
    named = _named(case, form)
    if named or not form.validate():
        note = service.get(database_session(), case, note_id)
        page = render_template(
            "notes/edit.html",
            case=case,
            note=note,
            form=form,
            evidence_choices=_choices(case),
            members=_others(case),
            named=named,
        )
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with unit_of_work() as uow:
            service.save(uow, case, note_id, _text(form), form.version.data or 0)
            indexing.follow(uow, case)
    except service.NoteChangedError as conflict:
        return _conflict(case, form, conflict.theirs), HTTPStatus.CONFLICT
    flash(_("Note saved."))
    _say_unreached(case, form.body.data)
    return redirect(url_for("notes.show", case_id=case.id, note_id=note_id), HTTPStatus.SEE_OTHER)


def _conflict(case: OpenCase, form: NoteEditForm, theirs: service.NoteView) -> str:
    mine = _text(form)
    form.version.raw_data, form.version.data = None, theirs.version
    return render_template(
        "notes/conflict.html",
        case=case,
        mine=mine,
        theirs=theirs,
        rows=compare(theirs.body, mine.body),
        form=form,
    )


@bp.get("/<uuid:note_id>/versions/")
@requires(Permission.NOTE_READ)
def versions(case: OpenCase, note_id: UUID) -> ResponseReturnValue:
    found = service.versions(database_session(), case, note_id)
    by_number = {version.version: version for version in found}
    to = request.args.get("to", found[0].version, type=int)
    since = request.args.get("from", max(1, to - 1), type=int)
    if to not in by_number or since not in by_number:
        msg = "This note has no such version."
        raise NotFoundError(msg)
    older, newer = by_number[min(since, to)], by_number[max(since, to)]
    return render_template(
        "notes/versions.html",
        case=case,
        note=service.get(database_session(), case, note_id),
        versions=found,
        older=older,
        newer=newer,
        rows=compare(f"{older.title}\n\n{older.body}", f"{newer.title}\n\n{newer.body}"),
    )


@bp.post("/<uuid:note_id>/delete")
@requires(Permission.NOTE_DELETE)
def delete(case: OpenCase, note_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as uow:
        service.put_away(uow, case, note_id, deleted=True)
        indexing.follow(uow, case)
    flash(_("The note is in the bin. It can be restored from there."))
    return redirect(url_for("notes.index", case_id=case.id), HTTPStatus.SEE_OTHER)


@bp.post("/<uuid:note_id>/restore")
@requires(Permission.NOTE_DELETE)
def restore(case: OpenCase, note_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as uow:
        service.put_away(uow, case, note_id, deleted=False)
        indexing.follow(uow, case)
    flash(_("The note is back."))
    return redirect(url_for("notes.show", case_id=case.id, note_id=note_id), HTTPStatus.SEE_OTHER)


@bp.post("/preview")
@requires(Permission.NOTE_READ)
def preview(case: OpenCase) -> ResponseReturnValue:
    body = request.form.get("body", "")[:BODY_LENGTH]
    return render_template(
        "notes/preview.html", html=_html(case, body), findings=_findings(case, body)
    )


def _findings(case: OpenCase, *texts: str | None) -> list[quoting.Finding]:
    """Look for sources that a text names or gives away, as whoever writes it may know them."""
    me = current()
    return quoting.check(
        resources(),
        database_session(),
        case,
        "\n".join(text or "" for text in texts),
        holder=Holder(me.person.id, me.bundle) if case.can(Permission.SOURCE_HANDLE) else None,
        quotes=False,
    )
