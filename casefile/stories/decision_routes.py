from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, flash, redirect, render_template
from flask_babel import gettext as _

from casefile import policy
from casefile.accounts.forms import put_error
from casefile.cases.access import OpenCase, requires
from casefile.policy import Permission
from casefile.stories import authors, decisions, exposure, moments, outcomes
from casefile.stories.decisions import Ask
from casefile.stories.forms import (
    CorrectForm,
    DayForm,
    DecisionForm,
    ImpactForm,
    PublicationForm,
    PublishForm,
)
from casefile.stories.records import Impact
from casefile.stories.routes import (
    REFUSED,
    none_of,
    opened,
    others,
    people_in,
    rules_now,
    say_unreached,
)
from casefile.stories.rules import STEPS
from casefile.web import (
    confirmed,
    current,
    database_session,
    timezone,
    unit_of_work,
)

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue
    from flask_wtf import FlaskForm

    from casefile.stories.records import Publication
    from casefile.stories.rules import Rules
    from casefile.stories.views import StoryView

bp = Blueprint("decisions", __name__, url_prefix="/cases/<uuid:case_id>/stories/<uuid:story_id>")
ASIDE = frozenset({"return", "override", "retract", "spike"})
FORMS: dict[str, type[FlaskForm]] = {
    "publish": PublishForm,
    "correct": CorrectForm,
    "retract": DayForm,
}


@bp.get("/decisions/")
@requires(Permission.STORY_READ)
def index(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    return _page(case, story_id)


def _page(case: OpenCase, story_id: UUID, sent: str = "", form: FlaskForm | None = None) -> str:
    story, rules = opened(case, story_id), rules_now()
    steps = {name: FORMS.get(name, DecisionForm) for name in _open_steps(case, story, rules)}
    forms = {
        name: kind(formdata=None, version=story.version, content=story.content, rules=rules.stamp)
        for name, kind in steps.items()
    }
    if form is not None and sent in forms:
        forms[sent] = form
    for name, one in forms.items():
        _named(one, name)
        one.reason.flags.required = STEPS[name].reason
    return render_template(
        "stories/decisions.html",
        case=case,
        story=story,
        forms=forms,
        sent=sent,
        author=authors.wrote(database_session(), case, story_id, current().person.id),
        findings=exposure.of_story(case, story),
        members=others(case),
        people=people_in(case, *(one.reason for one in story.decisions)),
        rules=rules,
    )


def _named(form: FlaskForm, name: str) -> None:
    """Keep the fields of several forms on one page apart."""
    for field in form:
        field.id = f"{name}-{field.name}"


def _open_steps(case: OpenCase, story: StoryView, rules: Rules) -> list[str]:
    """Name the steps that somebody on this seat can take from here, those that lead on first."""
    required = rules.legal == "required"
    found = [
        step.name
        for step in STEPS.values()
        if story.state in step.before
        and policy.seat_may(case.seat, step.permission)
        and (step.name != "pass" or not required)
        and (step.name != "override" or story.blocking)
    ]
    return sorted(found, key=lambda name: name in ASIDE)


def _decide(case: OpenCase, story_id: UUID, name: str) -> ResponseReturnValue:
    """Take a step, or come back with what is in the way and what was typed."""
    form = FORMS.get(name, DecisionForm)()
    if not form.validate() or _is_exposed(case, story_id, form):
        return _page(case, story_id, name, form), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        ask = _ask(case, name, form)
        with unit_of_work() as uow:
            decisions.decide(uow, case, story_id, ask)
    except decisions.MovedOnError as moved:
        return _moved(case, story_id, form, moved), HTTPStatus.CONFLICT
    except REFUSED as error:
        put_error(form, "reason", error)
        return _page(case, story_id, name, form), error.status
    flash(_("It is decided."))
    say_unreached(case, form.reason.data)
    return _to(case, story_id)


def _is_exposed(case: OpenCase, story_id: UUID, form: FlaskForm) -> bool:
    """Say whether a story about to come out names or quotes a protected source, and nobody looked."""
    if "exposed" not in form or form.exposed.data:
        return False
    if not exposure.of_story(case, opened(case, story_id, none_of)):
        return False
    form.exposed.errors = [
        _("This story names or quotes a protected source. Look at what was found and confirm it.")
    ]
    return True


def _to(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    return redirect(f"/cases/{case.id}/stories/{story_id}", HTTPStatus.SEE_OTHER)


def _moved(case: OpenCase, story_id: UUID, form: FlaskForm, moved: decisions.MovedOnError) -> str:
    story = opened(case, story_id, none_of)
    return render_template(
        "stories/moved_on.html",
        case=case,
        story=story,
        last=story.decisions[-1] if story.decisions else None,
        changed=moved.changed,
        reason=form.reason.data,
    )


def _ask(case: OpenCase, name: str, form: FlaskForm) -> Ask:
    day = form.day.data.isoformat() if isinstance(form, DayForm) else ""
    told = _publication(case, form) if isinstance(form, PublishForm) else None
    return Ask(
        name,
        form.version.data or 0,
        form.content.data or "",
        reason=(form.reason.data or "").replace("\r\n", "\n").strip(),
        day=day,
        publication=told,
        rules=form.rules.data or "",
    )


def _publication(case: OpenCase, form: PublicationForm) -> Publication:
    return outcomes.publication(
        database_session(),
        case,
        url=(form.url.data or "").strip(),
        outlet=(form.outlet.data or "").strip(),
        at=moments.aware(form.at.data, timezone()),
        zone=timezone(),
        language=form.language.data or "",
        saved_page=form.saved_page.data or "",
    )


@bp.post("/submit")
@requires(Permission.STORY_EDIT)
def submit(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    return _decide(case, story_id, "submit")


@bp.post("/refer")
@requires(Permission.STORY_CHECK)
def refer(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    return _decide(case, story_id, "refer")


@bp.post("/pass")
@requires(Permission.STORY_CHECK)
def pass_on(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    return _decide(case, story_id, "pass")


@bp.post("/clear")
@requires(Permission.STORY_CLEAR)
def clear(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    return _decide(case, story_id, "clear")


@bp.post("/return")
@requires(Permission.STORY_RETURN)
def give_back(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    return _decide(case, story_id, "return")


@bp.post("/override")
@requires(Permission.STORY_DECIDE)
@confirmed
def override(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    return _decide(case, story_id, "override")


@bp.post("/approve")
@requires(Permission.STORY_DECIDE)
@confirmed
def approve(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    return _decide(case, story_id, "approve")


@bp.post("/publish")
@requires(Permission.STORY_DECIDE)
@confirmed
def publish(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    return _decide(case, story_id, "publish")


@bp.post("/correct")
@requires(Permission.STORY_DECIDE)
@confirmed
def correct(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    return _decide(case, story_id, "correct")


@bp.post("/retract")
@requires(Permission.STORY_DECIDE)
@confirmed
def retract(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    return _decide(case, story_id, "retract")


@bp.post("/spike")
@requires(Permission.STORY_DECIDE)
@confirmed
def spike(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    return _decide(case, story_id, "spike")


@bp.post("/revive")
@requires(Permission.STORY_DECIDE)
def revive(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    return _decide(case, story_id, "revive")


@bp.get("/published")
@requires(Permission.STORY_READ)
def published(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    return _published(case, story_id)


def _published(case: OpenCase, story_id: UUID, **forms: FlaskForm) -> str:
    shown = {
        "publication": forms.get("publication") or PublicationForm(formdata=None),
        "impact": forms.get("impact") or ImpactForm(formdata=None),
    }
    for name, form in shown.items():
        _named(form, name)
    story = opened(case, story_id, none_of)
    return render_template("stories/published.html", case=case, story=story, **shown)


@bp.post("/publications")
@requires(Permission.STORY_EDIT)
def publication_create(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    form = PublicationForm()
    if not form.validate():
        page = _published(case, story_id, publication=form)
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        told = _publication(case, form)
        with unit_of_work() as uow:
            outcomes.add_publication(uow, case, story_id, told)
    except REFUSED as error:
        put_error(form, "url", error)
        return _published(case, story_id, publication=form), error.status
    flash(_("Saved."))
    where = f"/cases/{case.id}/stories/{story_id}/published"
    return redirect(where, HTTPStatus.SEE_OTHER)


@bp.post("/impacts")
@requires(Permission.STORY_EDIT)
def impact_create(case: OpenCase, story_id: UUID) -> ResponseReturnValue:
    form = ImpactForm()
    if not form.validate():
        page = _published(case, story_id, impact=form)
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    told = Impact(
        form.kind.data,
        form.day.data.isoformat(),
        (form.text.data or "").replace("\r\n", "\n").strip(),
        (form.url.data or "").strip(),
    )
    try:
        with unit_of_work() as uow:
            outcomes.add_impact(uow, case, story_id, told)
    except REFUSED as error:
        put_error(form, "text", error)
        return _published(case, story_id, impact=form), error.status
    flash(_("Saved."))
    where = f"/cases/{case.id}/stories/{story_id}/published"
    return redirect(where, HTTPStatus.SEE_OTHER)
