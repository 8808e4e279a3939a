from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, render_template, request
from flask_babel import lazy_gettext as _l
from wtforms import SelectChoice

from casefile.accounts.forms import put_error
from casefile.bags import choosing, sending, service
from casefile.bags.forms import BagForm, ChoiceForm
from casefile.cases.access import OpenCase, requires
from casefile.cases.standing import sign_in_of, still_seated
from casefile.errors import BusyError, ConflictError, InvalidError
from casefile.policy import Permission
from casefile.stories import dossier_routes, exposure
from casefile.stories import service as stories
from casefile.stories.routes import opened
from casefile.web import (
    FILE_POLICY,
    confirmed,
    current,
    database_session,
    pager,
    resources,
    unit_of_work,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from uuid import UUID

    from flask.typing import ResponseReturnValue

    from casefile.bags.choosing import Plan
    from casefile.bags.service import Begun
    from casefile.sources.quoting import Finding
    from casefile.stories.service import StoryRow
    from casefile.stories.views import StoryView

bp = Blueprint("bags", __name__, url_prefix="/cases/<uuid:case_id>/export")
PAGE = 20
MOST_STORIES = 1000
PIECE = 300_000
CHOICE = frozenset({"evidence", "numbers", "stories"})
CHANGED = _l(
    "What would be in the bag has changed since you looked, or was not shown to you yet. Look at it again."
)
DAMAGED = _l("Files are damaged. Leave them out, or have them restored first.")
NOT_LOOKED = _l("Look at what is said of sources, then confirm it.")


@bp.get("/")
@requires(Permission.CASE_EXPORT)
def index(case: OpenCase) -> ResponseReturnValue:
    form = ChoiceForm(formdata=None, meta={"csrf": False})
    return _index_page(case, form, _offer(case, form))


def _index_page(case: OpenCase, form: ChoiceForm, offered: Sequence[StoryRow]) -> str:
    session = database_session()
    _none, total = service.listed(session, case, limit=0)
    where = pager(total, PAGE)
    bags, _total = service.listed(session, case, offset=where.offset, limit=PAGE)
    return render_template(
        "bags/index.html",
        case=case,
        form=form,
        stories=offered,
        bags=bags,
        pager=where,
        missing=service.missing(session, case, total),
    )


def _offer(case: OpenCase, form: ChoiceForm) -> Sequence[StoryRow]:
    """Let the form offer the stories of this case, and no other's."""
    found, _total = stories.listed(database_session(), case, sort="number", limit=MOST_STORIES)
    form.stories.choices = [
        SelectChoice(row.number, f"S-{row.number} {row.title}") for row in found
    ]
    return found


@bp.get("/new")
@requires(Permission.CASE_EXPORT)
@confirmed
def new(case: OpenCase) -> ResponseReturnValue:
    form = ChoiceForm(request.args, meta={"csrf": False})
    offered = _offer(case, form)
    plan = _plan(case, form, offered) if form.validate() else None
    if plan is None:
        return _index_page(case, form, offered), HTTPStatus.UNPROCESSABLE_ENTITY
    asked = BagForm(formdata=None, data=form.data)
    return _review_page(case, asked, plan, *_told(case, plan))


def _plan(case: OpenCase, form: ChoiceForm, offered: Sequence[StoryRow]) -> Plan | None:
    """Return what would be in the bag; the form says why when nothing can be."""
    choice = form.choice()
    chosen = [opened(case, row.id) for row in offered if row.number in choice.stories]
    try:
        return choosing.plan(resources(), database_session(), case, choice, chosen[::-1])
    except InvalidError as error:
        put_error(form, "numbers" if choice.evidence == choosing.SOME else "evidence", error)
        return None


def _told(case: OpenCase, plan: Plan) -> tuple[list[Finding], str]:
    """Return what the words in the bag say of protected sources, and what stands for having seen it."""
    words = list(choosing.words(database_session(), case, plan))
    found: dict[tuple[UUID, str], Finding] = {}
    for piece in _pieces(words):
        for finding in exposure.findings(case, *piece):
            found.setdefault((finding.source_id, finding.kind), finding)
    return list(found.values()), choosing.looked_at(plan, words)


def _pieces(words: Iterable[str]) -> Iterator[list[str]]:
    """Part long texts, for each look takes a limited number of letters."""
    piece: list[str] = []
    letters = 0
    for text in words:
        if piece and letters + len(text) > PIECE:
            yield piece
            piece, letters = [], 0
        piece.append(text)
        letters += len(text)
    yield piece


def _review_page(
    case: OpenCase, form: BagForm, plan: Plan, findings: list[Finding], looked_at: str
) -> str:
    return render_template(
        "bags/new.html",
        case=case,
        form=form,
        plan=plan,
        findings=findings,
        looked_at=looked_at,
    )


@bp.post("/")
@requires(Permission.CASE_EXPORT)
@confirmed
def create(case: OpenCase) -> ResponseReturnValue:
    form = BagForm()
    offered = _offer(case, form)
    chosen_well = form.validate() or not CHOICE & form.errors.keys()
    plan = _plan(case, form, offered) if chosen_well else None
    if plan is None:
        return _chosen_badly(case, form, offered), HTTPStatus.UNPROCESSABLE_ENTITY
    findings, looked_at = _told(case, plan)
    try:
        _check_said(form, plan, looked_at, telling=bool(findings))
        return _sent(case, plan, (form.reason.data or "").replace("\r\n", "\n").strip())
    except (InvalidError, ConflictError, BusyError) as error:
        form.reason.errors = [error.message, *form.reason.errors]
        return _review_page(case, form, plan, findings, looked_at), error.status


def _chosen_badly(case: OpenCase, form: BagForm, offered: Sequence[StoryRow]) -> str:
    again = ChoiceForm(formdata=None, data=form.data, meta={"csrf": False})
    again.stories.choices = form.stories.choices
    for name in CHOICE:
        again[name].errors = form[name].errors
    return _index_page(case, again, offered)


def _check_said(form: BagForm, plan: Plan, looked_at: str, *, telling: bool) -> None:
    """Raise InvalidError for what must be seen or said first: nobody sends what they were not shown."""
    if form.shown.data != looked_at:
        form.looked.data = form.leave_out.data = None
        raise InvalidError(str(CHANGED))
    if form.errors:
        raise InvalidError(str(next(iter(form.errors.values()))[0]))
    if plan.is_empty or (plan.damaged and not form.leave_out.data):
        raise InvalidError(str(DAMAGED))
    if (telling or plan.protected) and form.looked.data != "1":
        raise InvalidError(str(NOT_LOOKED))


def _sent(case: OpenCase, plan: Plan, reason: str) -> Response:
    """Put it on record, and only then begin to give it out."""
    pages = [page for story in plan.stories for page in _dossiers(case, story)]
    database_session().rollback()
    sending.take_lane()
    try:
        with unit_of_work() as uow:
            begun = service.begin(uow, case, plan, reason)
    except BaseException:
        sending.leave_lane()
        raise
    job = _job(case, plan, begun, pages)
    answer = Response(sending.Sending(job).start(), HTTPStatus.OK, mimetype="application/zip")
    answer.headers["Content-Security-Policy"] = FILE_POLICY
    answer.headers["Content-Disposition"] = f'attachment; filename="{job.folder}.zip"'
    return answer


def _job(case: OpenCase, plan: Plan, begun: Begun, pages: Sequence[sending.Page]) -> sending.Job:
    who, held = current(), resources()
    person_id, session_id = who.person.id, sign_in_of(database_session(), who.session_id)
    return sending.Job(
        resources=held,
        case=case,
        person_id=person_id,
        allowed=lambda: still_seated(held, case.id, person_id, session_id, Permission.CASE_EXPORT),
        plan=plan,
        begun=begun,
        pages=pages,
        stylesheet=dossier_routes.stylesheet(str(current_app.static_folder)),
    )


def _dossiers(case: OpenCase, story: StoryView) -> Iterator[sending.Page]:
    """Write the dossier once for each language a story is written in."""
    languages = [text.language for text in story.texts if text.language] or [""]
    for place, language in enumerate(languages):
        told = dossier_routes.contents(case, story, language)
        yield sending.Page(
            folder=story.code,
            name=f"dossier-{language}" if place else "dossier",
            html=render_template("print/dossier.html", beside=True, **told),
            to_print=render_template("print/dossier.html", **told),
        )
