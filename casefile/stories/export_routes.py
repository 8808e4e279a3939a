from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectChoice

from casefile import keys
from casefile.cases.access import OpenCase, requires
from casefile.errors import BusyError, NotFoundError
from casefile.policy import Permission
from casefile.sandbox import ExtractionError, making
from casefile.stories import dossier, exposure, manuscripts
from casefile.stories.forms import ExportForm
from casefile.stories.records import LANGUAGES
from casefile.stories.routes import none_of, opened
from casefile.web import unit_of_work

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue

    from casefile.sources.quoting import Finding
    from casefile.stories.service import TextView
    from casefile.stories.views import StoryView

bp = Blueprint("exports", __name__, url_prefix="/cases/<uuid:case_id>/stories/<uuid:story_id>")
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
VERDICTS = {
    "unchecked": _l("Unchecked"),
    "verified": _l("Verified"),
    "disputed": _l("Disputed"),
    "dropped": _l("Dropped"),
}
NOT_MADE = _l("The Word file could not be made just now. Try again, or take it as a web page.")


@bp.get("/export")
@requires(Permission.STORY_READ)
def new(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    story = opened(case, story_id, none_of)
    form = ExportForm(formdata=None, language=request.args.get("lang", ""))
    text = story.text(form.language.data) or _first(story)
    return _page(case, story, form, exposure.findings(case, text.title, text.body))


def _page(
    case: OpenCase,
    story: StoryView,
    form: ExportForm,
    findings: list[Finding],
    *,
    looked_at: str = "",
    trouble: str = "",
) -> str:
    """Show what can be exported; with `looked_at`, ask to confirm what was found in exactly that."""
    form.language.choices = [
        SelectChoice(text.language, LANGUAGES.get(text.language, text.language))
        for text in story.texts
    ]
    return render_template(
        "stories/export.html",
        case=case,
        story=story,
        form=form,
        findings=findings,
        looked_at=looked_at,
        trouble=trouble,
    )


def _first(story: StoryView) -> TextView:
    if not story.texts:
        msg = "This story has no draft to export."
        raise NotFoundError(msg)
    return story.texts[0]


@bp.post("/export")
@requires(Permission.STORY_READ)
def create(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    form, story = ExportForm(), opened(case, story_id)
    text = story.text(form.language.data or "") or _first(story)
    if not form.validate():
        return _page(case, story, form, []), HTTPStatus.UNPROCESSABLE_ENTITY
    notes = _notes(story, text, form)
    words = manuscripts.plain(text, notes)
    findings, looked_at = exposure.findings(case, words), keys.digest(words.encode()).hex()
    if findings and form.looked.data != looked_at:
        page = _page(case, story, form, findings, looked_at=looked_at)
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        return _made(case, story, text, notes, form)
    except (ExtractionError, BusyError) as error:
        trouble = error.message if isinstance(error, BusyError) else str(NOT_MADE)
        page = _page(case, story, form, [], trouble=trouble)
        return page, HTTPStatus.SERVICE_UNAVAILABLE


def _notes(story: StoryView, text: TextView, form: ExportForm) -> list[manuscripts.Footnote]:
    if not form.claims.data:
        return []
    verdicts = {name: str(words) for name, words in VERDICTS.items()}
    return manuscripts.footnotes(story, text, verdicts, codenames=bool(form.codenames.data))


def _made(
    case: OpenCase,
    story: StoryView,
    text: TextView,
    notes: list[manuscripts.Footnote],
    form: ExportForm,
) -> Response:
    """Make the file, put it on record, and only then give it out."""
    claims, ending = bool(form.claims.data), form.form.data
    content: str | bytes
    if ending == "docx":
        blocks = manuscripts.blocks(text, notes, claims=claims)
        content, kind = making.manuscript(blocks, text.language), DOCX
    else:
        rows = manuscripts.rows(text, claims=claims)
        content = render_template("print/story.html", text=text, rows=rows, notes=notes)
        kind = "text/html; charset=utf-8"
    told = f"{ending}, {text.language}" + (f", {_('with claims')}" if claims else "")
    with unit_of_work() as uow:
        dossier.record(uow, case, story, dossier.EXPORTED, told)
    return attached(content, kind, f"{case.codename}-S-{story.number}.{ending}")


def attached(content: str | bytes, kind: str, name: str) -> Response:
    """Send a file to be saved, under a name that says nothing of what is in it."""
    answer = Response(content, HTTPStatus.OK)
    answer.headers["Content-Type"] = kind
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Content-Security-Policy"] = (
        "default-src 'none'; sandbox; frame-ancestors 'none'"
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer
