from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from wtforms import SelectChoice

from casefile.accounts.forms import put_error
from casefile.cases import indexing
from casefile.cases.access import OpenCase, requires
from casefile.errors import NotFoundError
from casefile.evidence import service as evidence
from casefile.policy import Permission
from casefile.sources import service as sources
from casefile.stories import claims, keeping, parts, passages
from casefile.stories.forms import (
    ClaimForm,
    NewClaimForm,
    SupportForm,
    VerdictForm,
    VersionForm,
)
from casefile.stories.records import LANGUAGES, VERDICTS
from casefile.stories.routes import (
    REFUSED,
    given,
    none_of,
    opened,
    others,
    people_in,
    say_unreached,
)
from casefile.web import current, database_session, pager, resources, unit_of_work

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from flask.typing import ResponseReturnValue
    from flask_wtf import FlaskForm

    from casefile.uow import UnitOfWork

bp = Blueprint(
    "claims", __name__, url_prefix="/cases/<uuid:case_id>/stories/<uuid:story_id>/claims"
)
PAGE = 50
CHOICES = 200


@bp.get("/")
@requires(Permission.STORY_READ)
def index(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    story = opened(case, story_id)
    verdict, category = request.args.get("verdict", ""), request.args.get("category", "")
    found = [
        claim
        for claim in story.claims
        if verdict in {"", claim.verdict} and category in {"", claim.category}
    ]
    where = pager(len(found), PAGE)
    return render_template(
        "stories/claims.html",
        case=case,
        story=story,
        claims=found[where.offset : where.offset + PAGE],
        pager=where,
        verdict=verdict,
        verdicts=VERDICTS,
        category=category,
    )


@bp.get("/new")
@requires(Permission.STORY_EDIT)
def new(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    return _new_page(case, story_id, NewClaimForm())


def _new_page(case: OpenCase, story_id: UUID, form: NewClaimForm) -> str:
    story = opened(case, story_id, none_of)
    form.language.choices = [
        SelectChoice(text.language, LANGUAGES.get(text.language, text.language))
        for text in story.texts
    ]
    return render_template("stories/claim_new.html", case=case, story=story, form=form)


@bp.post("/")
@requires(Permission.STORY_EDIT)
def create(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    form = NewClaimForm()
    if not form.validate():
        return _new_page(case, story_id, form), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with unit_of_work() as uow:
            claim_id = claims.add(
                uow,
                case,
                story_id,
                statement=(form.statement.data or "").strip(),
                category=form.category.data,
                language=form.language.data or "",
                words=(form.words.data or "").strip(),
            )
            indexing.follow(uow, case)
    except REFUSED as error:
        put_error(form, "words", error)
        return _new_page(case, story_id, form), error.status
    flash(_("The claim has its number. Now say what it rests on."))
    return _to(case, story_id, claim_id)


def _to(case: OpenCase, story_id: UUID, claim_id: UUID) -> ResponseReturnValue:
    where = url_for("claims.show", case_id=case.id, story_id=story_id, claim_id=claim_id)
    return redirect(where, HTTPStatus.SEE_OTHER)


@bp.get("/<uuid:claim_id>")
@requires(Permission.STORY_READ)
def show(case: OpenCase, story_id: UUID, claim_id: UUID) -> ResponseReturnValue:
    return _page(case, story_id, claim_id)


def _page(case: OpenCase, story_id: UUID, claim_id: UUID, **forms: FlaskForm) -> str:
    session = database_session()
    history = keeping.history(session, case, story_id, claim_id)
    story = opened(case, story_id, lambda _whole: {history[0].number})
    claim = next((one for one in story.claims if one.id == claim_id), None)
    if claim is None:
        raise NotFoundError(parts.NO_PART)
    fresh = {"formdata": None, "version": claim.version}
    events = passages.events(session, history)
    return render_template(
        "stories/claim.html",
        case=case,
        story=story,
        claim=claim,
        history=events,
        given=given(case, story_id, claim_id),
        members=others(case),
        people=people_in(case, *(one.reasoning for one in events)),
        mine=current().person.id in claim.writer_ids,
        languages=LANGUAGES,
        choices=evidence.latest(session, case, CHOICES),
        sources=[one for one in sources.choices(session, case) if not one.shredded],
        edit=forms.get("edit")
        or ClaimForm(statement=claim.statement, category=claim.category, **fresh),
        support=forms.get("support") or SupportForm(**fresh),
        verdict=forms.get("verdict") or VerdictForm(**fresh),
    )


def _change(
    case: OpenCase,
    story_id: UUID,
    claim_id: UUID,
    kind: str,
    form: FlaskForm,
    act: Callable[[UnitOfWork], object],
) -> ResponseReturnValue:
    """Do something to a claim; a refusal comes back with what was typed."""
    if not form.validate():
        page = _page(case, story_id, claim_id, **{kind: form})
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with unit_of_work() as uow:
            act(uow)
            indexing.follow(uow, case)
    except REFUSED as error:
        put_error(form, FIRST[kind], error)
        newest = keeping.load(database_session(), case, story_id).get("claim", claim_id).version
        form.version.raw_data, form.version.data = None, newest
        return _page(case, story_id, claim_id, **{kind: form}), error.status
    flash(_("Saved."))
    if isinstance(form, VerdictForm):
        say_unreached(case, form.reasoning.data)
    return _to(case, story_id, claim_id)


FIRST = {"edit": "statement", "support": "what", "verdict": "verdict"}


@bp.post("/<uuid:claim_id>")
@requires(Permission.STORY_EDIT)
def update(case: OpenCase, story_id: UUID, claim_id: UUID) -> ResponseReturnValue:
    form = ClaimForm()
    return _change(
        case,
        story_id,
        claim_id,
        "edit",
        form,
        lambda uow: claims.edit(
            uow,
            case,
            story_id,
            claim_id,
            statement=(form.statement.data or "").strip(),
            category=form.category.data,
            version=form.version.data or 0,
        ),
    )


@bp.post("/<uuid:claim_id>/supports")
@requires(Permission.STORY_EDIT)
def support_create(case: OpenCase, story_id: UUID, claim_id: UUID) -> ResponseReturnValue:
    form = SupportForm()
    return _change(
        case,
        story_id,
        claim_id,
        "support",
        form,
        lambda uow: claims.add_support(
            uow,
            case,
            story_id,
            claim_id,
            what=(form.what.data or "").strip(),
            page=form.page.data,
            passage=(form.passage.data or "").replace("\r\n", "\n").strip(),
            version=form.version.data or 0,
        ),
    )


@bp.post("/<uuid:claim_id>/supports/<int(max=999):index>/delete")
@requires(Permission.STORY_EDIT)
def support_delete(
    case: OpenCase, story_id: UUID, claim_id: UUID, index: int
) -> ResponseReturnValue:
    form = VersionForm()
    if not form.validate():
        return _page(case, story_id, claim_id), HTTPStatus.UNPROCESSABLE_ENTITY
    with unit_of_work() as uow:
        claims.remove_support(
            uow, case, story_id, claim_id, index=index, version=form.version.data or 0
        )
        indexing.follow(uow, case)
    flash(_("Saved."))
    return _to(case, story_id, claim_id)


@bp.post("/<uuid:claim_id>/verdict")
@requires(Permission.STORY_CHECK)
def check(case: OpenCase, story_id: UUID, claim_id: UUID) -> ResponseReturnValue:
    form = VerdictForm()
    return _change(
        case,
        story_id,
        claim_id,
        "verdict",
        form,
        lambda uow: claims.check(
            uow,
            case,
            story_id,
            claim_id,
            verdict=form.verdict.data,
            reasoning=(form.reasoning.data or "").replace("\r\n", "\n").strip(),
            version=form.version.data or 0,
        ),
    )


@bp.get("/<uuid:claim_id>/supports/<int(max=999):index>")
@requires(Permission.EVIDENCE_READ)
def passage(case: OpenCase, story_id: UUID, claim_id: UUID, index: int) -> ResponseReturnValue:
    session = database_session()
    number = keeping.history(session, case, story_id, claim_id)[0].number
    story = opened(case, story_id, lambda _whole: {number})
    page = passages.open_passage(session, case, story.claims[0], index)
    if not evidence.seen_lately(session, page.item.id, current().person.id, resources().clock()):
        with unit_of_work() as uow:
            evidence.record_look(uow, case, page.item, "evidence.viewed", page=page.number)
    return render_template(
        "stories/passage.html",
        case=case,
        story=story,
        claim=story.claims[0],
        index=index,
        page=page,
    )
