from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from casefile.accounts.forms import put_error
from casefile.cases import indexing, mentions
from casefile.cases.access import OpenCase, requires
from casefile.errors import ConflictError, DamagedError, InvalidError, NotFoundError
from casefile.evidence import service as evidence
from casefile.notes.differences import compare
from casefile.policy import Permission
from casefile.stories import (
    assigned,
    exposure,
    keeping,
    moments,
    parts,
    reading,
    rendering,
    rulebook,
    service,
    views,
)
from casefile.stories.forms import BODY_LENGTH, SettingsForm, StoryForm, TextForm
from casefile.stories.records import LANGUAGES, Text
from casefile.stories.rules import STATES
from casefile.web import (
    current,
    database_session,
    pager,
    resources,
    timezone,
    unit_of_work,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Container
    from uuid import UUID

    from flask.typing import ResponseReturnValue

    from casefile.sources.quoting import Finding
    from casefile.stories.parts import Whole
    from casefile.stories.rules import Rules

bp = Blueprint("stories", __name__, url_prefix="/cases/<uuid:case_id>/stories")
PAGE = 50
CHOICES = 200
# What refuses a save; what was typed comes back with it.
REFUSED = (InvalidError, ConflictError, DamagedError)


def rules_now() -> Rules:
    """Return the rules of the newsroom that hold at this moment."""
    return rulebook.in_force(database_session(), current().bundle.anchor, resources().settings)


def opened(
    case: OpenCase, story_id: UUID, choose: Callable[[Whole], Container[int]] | None = None
) -> views.StoryView:
    """Return the story as it stands for whoever asks."""
    return views.get(
        database_session(),
        case,
        story_id,
        rules=rules_now(),
        now=resources().clock(),
        anchor=current().bundle.anchor,
        choose=choose,
    )


def people_in(case: OpenCase, *texts: str | None) -> dict[str, mentions.Member]:
    """Return whom these texts may name with @."""
    return mentions.among(database_session(), case, resources().clock(), *texts)


def given(
    case: OpenCase, story_id: UUID, claim_id: UUID | None = None
) -> list[assigned.AssignmentView]:
    """Return the most urgent of what is to be done about a story, or about one claim of it."""
    me, now = current().person.id, resources().clock()
    return assigned.to_do(database_session(), case, story_id, now, me=me, claim_id=claim_id)


def others(case: OpenCase) -> list[mentions.Member]:
    """Return whom whoever writes can name with @."""
    return mentions.others(database_session(), case, resources().clock(), current().person.id)


def say_unreached(case: OpenCase, text: str | None) -> None:
    """Tell whoever wrote a text which of the names in it reached nobody."""
    said = mentions.named(text or "")
    problem = mentions.unreached(database_session(), case, resources().clock(), said)
    if problem:
        flash(problem, "warning")


def none_of(_whole: Whole) -> Container[int]:
    """Choose no claim: the page shows none."""
    return ()


def _named(case: OpenCase, form: StoryForm | TextForm) -> list[Finding]:
    """Return which sources a draft would give away by name, until its writer wants it so."""
    return [] if form.named.data else exposure.names(case, form.title.data, form.body.data)


def evidence_url(case: OpenCase) -> str:
    return url_for("evidence.by_number", case_id=case.id, number=0)[:-1]


def _choices(case: OpenCase) -> list[evidence.EvidenceView]:
    return evidence.latest(database_session(), case, CHOICES)


@bp.get("/")
@requires(Permission.STORY_READ)
def index(case: OpenCase) -> ResponseReturnValue:
    session = database_session()
    sort, state = request.args.get("sort", "changed"), request.args.get("state", "")
    text = request.args.get("q", "")[:200]
    _none, total = service.listed(session, case, sort=sort, state=state, text=text, limit=0)
    where = pager(total, PAGE)
    stories, _total = service.listed(
        session, case, sort=sort, state=state, text=text, offset=where.offset, limit=PAGE
    )
    return render_template(
        "stories/index.html",
        case=case,
        stories=stories,
        pager=where,
        sort=sort,
        state_asked=state,
        states=STATES,
        query=text,
    )


@bp.get("/new")
@requires(Permission.STORY_EDIT)
def new(case: OpenCase) -> ResponseReturnValue:
    return new_page(case, StoryForm())


def new_page(case: OpenCase, form: StoryForm, **more: object) -> str:
    return render_template("stories/new.html", case=case, form=form, choices=_choices(case), **more)


@bp.post("/")
@requires(Permission.STORY_EDIT)
def create(case: OpenCase) -> ResponseReturnValue:
    form = StoryForm()
    named = _named(case, form)
    if named or not form.validate():
        return new_page(case, form, named=named), HTTPStatus.UNPROCESSABLE_ENTITY
    title = (form.title.data or "").strip()
    text = Text(form.language.data, title, (form.body.data or "").replace("\r\n", "\n"))
    try:
        with unit_of_work() as uow:
            story_id = service.create(
                uow, case, title=title, text=text, outlet=(form.outlet.data or "").strip()
            )
            indexing.follow(uow, case)
    except REFUSED as error:
        put_error(form, "body", error)
        return new_page(case, form), error.status
    flash(_("The story is begun."))
    where = url_for("stories.show", case_id=case.id, story_id=story_id)
    return redirect(where, HTTPStatus.SEE_OTHER)


@bp.get("/<uuid:story_id>")
@requires(Permission.STORY_READ)
def show(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    part = request.args.get("part", 1, type=int)
    page = reading.Reading(request.args.get("lang", ""), request.args.get("beside", ""), part)
    story = opened(case, story_id, page.choose)
    where = evidence_url(case)
    return render_template(
        "stories/show.html",
        case=case,
        story=story,
        page=page,
        text=story.text(page.language),
        rows=page.rows(where, story.verdicts),
        rows_beside=page.rows_beside(where, story.verdicts) if page.beside else (),
        claims={claim.number: claim for claim in story.claims},
        given=given(case, story_id),
        people=people_in(case, *(reply.used for reply in story.replies)),
        others=[(code, name) for code, name in LANGUAGES.items() if not story.text(code)],
    )


@bp.get("/<uuid:story_id>/claims/number/<int(max=999999):number>")
@requires(Permission.STORY_READ)
def by_number(case: OpenCase, story_id: UUID, number: int) -> ResponseReturnValue:
    whole = keeping.load(database_session(), case, story_id)
    claim = whole.numbered("claim", number)
    if claim is None:
        raise NotFoundError(parts.NO_PART)
    language = next(iter(claim.record.passages), "") if claim.record else ""
    text = whole.text(language)
    part = reading.part_of(text.record.body, number) if text and text.record else 1
    where = url_for(
        "stories.show", case_id=case.id, story_id=story_id, lang=language or None, part=part
    )
    return redirect(f"{where}#c{number}")


def known_language(language: str) -> str:
    if language not in LANGUAGES:
        msg = "Casefile does not know that language."
        raise NotFoundError(msg)
    return language


@bp.get("/<uuid:story_id>/texts/<string(length=2):language>")
@requires(Permission.STORY_EDIT)
def edit(case: OpenCase, story_id: UUID, language: str) -> ResponseReturnValue:
    story = opened(case, story_id, none_of)
    text = story.text(known_language(language))
    form = TextForm(title=text.title, body=text.body, version=text.version) if text else TextForm()
    if text is None:
        form.title.data, form.version.data = story.title, 0
    return edit_page(case, story, language, form)


def edit_page(
    case: OpenCase, story: views.StoryView, language: str, form: TextForm, **more: object
) -> str:
    return render_template(
        "stories/edit.html",
        case=case,
        story=story,
        language=language,
        language_name=LANGUAGES[language],
        text=story.text(language),
        form=form,
        choices=_choices(case),
        **more,
    )


@bp.post("/<uuid:story_id>/texts/<string(length=2):language>")
@requires(Permission.STORY_EDIT)
def update(case: OpenCase, story_id: UUID, language: str) -> ResponseReturnValue:
    form = TextForm()
    named = _named(case, form)
    if named or not form.validate():
        story = opened(case, story_id, none_of)
        page = edit_page(case, story, known_language(language), form, named=named)
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    body = (form.body.data or "").replace("\r\n", "\n")
    text = Text(known_language(language), (form.title.data or "").strip(), body)
    try:
        with unit_of_work() as uow:
            service.save_text(uow, case, story_id, text, form.version.data or 0)
            indexing.follow(uow, case)
    except service.TextChangedError as conflict:
        return _conflict(case, story_id, form, text, conflict.theirs), HTTPStatus.CONFLICT
    except REFUSED as error:
        put_error(form, "body", error)
        return edit_page(case, opened(case, story_id, none_of), language, form), error.status
    flash(_("Draft saved."))
    where = url_for("stories.show", case_id=case.id, story_id=story_id, lang=language)
    return redirect(where, HTTPStatus.SEE_OTHER)


def _conflict(
    case: OpenCase, story_id: UUID, form: TextForm, mine: Text, theirs: service.TextView
) -> str:
    form.version.raw_data, form.version.data = None, theirs.version
    return render_template(
        "stories/conflict.html",
        case=case,
        story_id=story_id,
        mine=mine,
        theirs=theirs,
        rows=compare(theirs.body, mine.body),
        form=form,
    )


@bp.get("/<uuid:story_id>/texts/<string(length=2):language>/versions/")
@requires(Permission.STORY_READ)
def versions(case: OpenCase, story_id: UUID, language: str) -> ResponseReturnValue:
    session = database_session()
    whole = keeping.load(session, case, story_id)
    found = service.versions(session, case, whole, known_language(language))
    by_number = {version.version: version for version in found}
    to = request.args.get("to", found[0].version, type=int)
    since = request.args.get("from", max(1, to - 1), type=int)
    if to not in by_number or since not in by_number:
        msg = "This draft has no such version."
        raise NotFoundError(msg)
    older, newer = by_number[min(since, to)], by_number[max(since, to)]
    return render_template(
        "stories/versions.html",
        case=case,
        story=whole,
        language=language,
        language_name=LANGUAGES[language],
        versions=found,
        older=older,
        newer=newer,
        rows=compare(f"{older.title}\n\n{older.body}", f"{newer.title}\n\n{newer.body}"),
    )


@bp.get("/<uuid:story_id>/edit")
@requires(Permission.STORY_EDIT)
def settings(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    story = opened(case, story_id, none_of)
    embargo = story.embargo.astimezone(timezone()) if story.embargo else None
    form = SettingsForm(
        title=story.title, outlet=story.outlet, embargo=embargo, version=story.version
    )
    return render_template("stories/settings.html", case=case, story=story, form=form)


@bp.post("/<uuid:story_id>/edit")
@requires(Permission.STORY_EDIT)
def describe(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    form, story = SettingsForm(), opened(case, story_id, none_of)
    status, theirs = HTTPStatus.UNPROCESSABLE_ENTITY, None
    if form.validate():
        if form.version.data == story.version:
            try:
                _save_settings(case, story_id, form)
            except REFUSED as error:
                status = error.status
                put_error(form, "embargo" if isinstance(error, InvalidError) else "title", error)
            else:
                flash(_("Saved."))
                return redirect(story.url, HTTPStatus.SEE_OTHER)
        else:
            status, theirs = HTTPStatus.CONFLICT, story
            form.version.raw_data, form.version.data = None, story.version
    page = render_template(
        "stories/settings.html", case=case, story=story, form=form, theirs=theirs
    )
    return page, status


def _save_settings(case: OpenCase, story_id: UUID, form: SettingsForm) -> None:
    embargo = moments.aware(form.embargo.data, timezone())
    with unit_of_work() as uow:
        service.describe(
            uow,
            case,
            story_id,
            title=(form.title.data or "").strip(),
            outlet=(form.outlet.data or "").strip(),
            embargo=moments.written(embargo),
            zone=timezone().key,
            version=form.version.data or 0,
        )
        indexing.follow(uow, case)


@bp.post("/preview")
@requires(Permission.STORY_READ)
def preview(case: OpenCase) -> ResponseReturnValue:
    body = request.form.get("body", "")[:BODY_LENGTH]
    rows = rendering.rows(body, evidence_url=evidence_url(case), verdicts={}, margin="#c")
    return render_template(
        "stories/preview.html", rows=rows, findings=exposure.findings(case, body)
    )
