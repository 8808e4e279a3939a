from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Blueprint, current_app, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from casefile.cases.access import OpenCase, requires
from casefile.errors import BusyError
from casefile.policy import Permission
from casefile.sandbox import ExtractionError, Reason, making
from casefile.stories import dossier, exposure, rendering
from casefile.stories.export_routes import attached
from casefile.stories.manuscripts import CITED
from casefile.stories.routes import opened
from casefile.web import current, database_session, resources, unit_of_work

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue

    from casefile.stories.views import StoryView

bp = Blueprint("dossiers", __name__, url_prefix="/cases/<uuid:case_id>/stories/<uuid:story_id>")
NO_PRINTER = _l(
    "This server cannot make PDF files: WeasyPrint or libpango is missing, as `casefile doctor` says. "
    "Open the dossier, choose Print in the browser, and save it as PDF there."
)
NOT_MADE = _l(
    "The PDF was not made (%(reason)s). Open the dossier, choose Print in the browser, and save it as "
    "PDF there."
)


@bp.get("/dossier")
@requires(Permission.STORY_READ)
def show(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    story, session = opened(case, story_id), database_session()
    if not dossier.opened_lately(session, story_id, current().person.id, resources().clock()):
        with unit_of_work() as uow:
            dossier.record(uow, case, story, dossier.OPENED)
        session.rollback()
    told = contents(case, story, request.args.get("lang", ""))
    findings = exposure.findings(case, *dossier.words(story, told["dossier"]))
    return render_template("stories/dossier.html", findings=findings, **told)


def contents(case: OpenCase, story: StoryView, language: str) -> dict[str, Any]:
    """Return what page, PDF and bag are made of: one draft, every claim, the custody."""
    text = story.text(language) or next(iter(story.texts), None)
    rows = ()
    if text is not None:
        body = CITED.sub(r"(\1)", text.body)
        rows = rendering.rows(body, evidence_url="", verdicts=story.verdicts)  # type: ignore[assignment]
    gathered = dossier.gather(database_session(), case, story)
    return {
        "case": case,
        "story": story,
        "text": text,
        "rows": rows,
        "dossier": gathered,
        "made_at": resources().clock(),
    }


@bp.get("/dossier.pdf")
@requires(Permission.STORY_READ)
def pdf(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    story = opened(case, story_id)
    told = contents(case, story, request.args.get("lang", ""))
    html = render_template("print/dossier.html", **told)
    database_session().rollback()
    try:
        content = making.paper(html, stylesheet(str(current_app.static_folder)))
    except ExtractionError as error:
        raise BusyError(_not_made(error.reason)) from error
    with unit_of_work() as uow:
        dossier.record(uow, case, story, dossier.EXPORTED, _("dossier, pdf"))
    return attached(content, "application/pdf", f"{case.codename}-S-{story.number}-dossier.pdf")


def _not_made(reason: Reason) -> str:
    if reason is Reason.NOT_STARTED:
        return str(NO_PRINTER)
    return str(NOT_MADE % {"reason": _(reason.value)})


@cache
def stylesheet(folder: str) -> str:
    """Return what a dossier is set with."""
    return (Path(folder) / "dossier.css").read_text()
