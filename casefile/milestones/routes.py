from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from wtforms import SelectChoice

from casefile.accounts import service as accounts
from casefile.accounts.forms import put_error
from casefile.cases.access import OpenCase, requires
from casefile.errors import ConflictError, InvalidError
from casefile.evidence import service as evidence
from casefile.grants import awards
from casefile.milestones import (
    content,
    counting,
    deciding,
    files,
    links,
    published,
    service,
    verifying,
)
from casefile.milestones.forms import LOWER, DraftForm, LinkForm, ReleaseForm
from casefile.notes import service as notes
from casefile.policy import Permission
from casefile.stories import exposure
from casefile.web import confirmed, current, database_session, resources, timezone, unit_of_work

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue

    from casefile.errors import CasefileError
    from casefile.grants.award_models import Milestone
    from casefile.sources.quoting import Finding

bp = Blueprint("milestones", __name__, url_prefix="/cases/<uuid:case_id>/milestones")
FIELDS = {
    "E0": ("url", "outlet", "published_on", "language", "page_sha256"),
    "E1": (*(f"{LOWER}{name}" for name in content.COUNTS), "lower_reason"),
    "E2": ("points", "words"),
    "E3": ("committed_to",),
    "E6": ("amount", "currency", "heading", "month", "payee"),
}
OFFERED = 200


@bp.get("/")
@requires(Permission.MILESTONE_READ)
def index(case: OpenCase) -> ResponseReturnValue:
    return _index_page(case, LinkForm(formdata=None))


def _index_page(case: OpenCase, form: LinkForm) -> str:
    session = database_session()
    award = links.linked(session, case)
    return render_template(
        "milestones/index.html",
        case=case,
        award=award,
        milestones=awards.milestones_of(session, award.id) if award else [],
        form=form,
        today=resources().clock().astimezone(timezone()).date(),
    )


@bp.post("/link")
@requires(Permission.MILESTONE_RELEASE)
@confirmed
def link(case: OpenCase) -> ResponseReturnValue:
    form = LinkForm()
    if not form.validate():
        return _index_page(case, form), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with unit_of_work() as uow:
            links.link(uow, case, form.codename.data or "")
    except (InvalidError, ConflictError) as error:
        put_error(form, "codename", error)
        return _index_page(case, form), error.status
    flash(_("The award is linked. Its grant manager learns that it is, and not to what."))
    return redirect(url_for("milestones.index", case_id=case.id), HTTPStatus.SEE_OTHER)


@bp.post("/unlink")
@requires(Permission.MILESTONE_RELEASE)
@confirmed
def unlink(case: OpenCase) -> ResponseReturnValue:
    with unit_of_work() as uow:
        links.unlink(uow, case)
    flash(_("The link has ended. What was released stays released."))
    return redirect(url_for("milestones.index", case_id=case.id), HTTPStatus.SEE_OTHER)


@bp.get("/<uuid:milestone_id>")
@requires(Permission.MILESTONE_READ)
def show(case: OpenCase, milestone_id: UUID) -> ResponseReturnValue:
    session = database_session()
    award, milestone = links.milestone_of(session, case, milestone_id)
    draft = service.draft_of(session, case, milestone_id)
    return render_template(
        "milestones/show.html",
        case=case,
        award=award,
        milestone=milestone,
        draft=draft,
        is_out=published.is_out(session, case),
        findings=_exposed(case, draft),
        file=files.waiting(session, case, milestone_id),
        releasing=ReleaseForm(version=draft.version, formdata=None) if draft else None,
        found=_counts(case) if draft and "E1" in milestone.classes else {},
        tags=content.COUNTED_TAGS,
        history=deciding.released(session, current().bundle.anchor, milestone_id),
        open_now=awards.is_open(award, milestone),
        counts=content.COUNTS,
        verifications=(asked := verifying.of_milestone(session, milestone_id)),
        names=accounts.names(session, [one.verifier_id for one in asked]),
        candidates=verifying.candidates(session) if case.can(Permission.MILESTONE_RELEASE) else [],
    )


def _exposed(case: OpenCase, draft: service.Draft | None) -> list[Finding]:
    """Return which protected sources are named or quoted in what somebody typed for the release."""
    if draft is None:
        return []
    told = draft.entered
    return exposure.findings(case, told.words, told.outlet, told.heading)


def _form(case: OpenCase, milestone: Milestone, **given: Any) -> DraftForm:
    """Return the form with only what this milestone asks for."""
    form = DraftForm(**given)
    for name, fields in FIELDS.items():
        if name not in milestone.classes:
            for field in fields:
                delattr(form, field)
    if "E3" in milestone.classes:
        form.committed_to.choices = _choices(case)
    if "E1" in milestone.classes:
        _offer_less(form, _counts(case))
    return form


def _counts(case: OpenCase) -> dict[str, counting.Counted]:
    return counting.counted(database_session(), case, resources().settings.timezone)


def _offer_less(form: DraftForm, counts: dict[str, counting.Counted]) -> None:
    """Let each count be told as it is, or lower."""
    for name, one in counts.items():
        lower = content.EVERY_BAND[: content.EVERY_BAND.index(one.band)]
        form[LOWER + name].choices = [
            SelectChoice("", _("%(band)s, as counted", band=one.band)),
            *(SelectChoice(band, band) for band in reversed(lower)),
        ]


def _choices(case: OpenCase) -> list[SelectChoice]:
    session = database_session()
    found, _count = notes.listed(session, case, limit=OFFERED)
    files, _count = evidence.listed(session, case, limit=OFFERED)
    return [
        SelectChoice("", _("Choose a note or a file")),
        *(SelectChoice(f"note:{one.id}", f"{_('Note')}: {one.title}") for one in found),
        *(SelectChoice(f"evidence:{one.id}", f"{one.code} {one.name}") for one in files),
    ]


@bp.get("/<uuid:milestone_id>/edit")
@requires(Permission.MILESTONE_PREPARE)
def edit(case: OpenCase, milestone_id: UUID) -> ResponseReturnValue:
    session = database_session()
    award, milestone = links.milestone_of(session, case, milestone_id)
    service.check_open(award, milestone)
    draft = service.draft_of(session, case, milestone_id)
    version = draft.version if draft else 0
    typed = draft.entered if draft else published.artefact(session, case)
    told = {LOWER + name: band for name, band in typed.lowered.items()}
    form = _form(case, milestone, obj=typed, **told)
    form.version.data = version
    return _edit_page(case, milestone, form)


def _edit_page(
    case: OpenCase, milestone: Milestone, form: DraftForm, theirs: service.Draft | None = None
) -> str:
    return render_template(
        "milestones/edit.html",
        case=case,
        milestone=milestone,
        form=form,
        theirs=theirs,
        their_name=accounts.names(database_session(), [theirs.changed_by_id]).get(
            theirs.changed_by_id, ""
        )
        if theirs
        else "",
        attestation=content.ATTESTATIONS[content.NEWEST_ATTESTATION],
        found=_counts(case) if "E1" in milestone.classes else {},
        counts=content.COUNTS,
        tags=content.COUNTED_TAGS,
    )


@bp.post("/<uuid:milestone_id>/edit")
@requires(Permission.MILESTONE_PREPARE)
def update(case: OpenCase, milestone_id: UUID) -> ResponseReturnValue:
    _award, milestone = links.milestone_of(database_session(), case, milestone_id)
    form = _form(case, milestone)
    if not form.validate():
        return _edit_page(case, milestone, form), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with unit_of_work() as uow:
            service.save_draft(uow, case, milestone_id, form.version.data or 0, form.entered())
    except (InvalidError, ConflictError) as error:
        _put(form, error)
        theirs = None
        if isinstance(error, ConflictError):
            theirs = service.draft_of(database_session(), case, milestone_id)
            form.version.raw_data, form.version.data = None, theirs.version if theirs else 0
        return _edit_page(case, milestone, form, theirs), error.status
    where = url_for("milestones.show", case_id=case.id, milestone_id=milestone_id)
    return redirect(where, HTTPStatus.SEE_OTHER)


WHERE = (
    ("address", "url"), ("published", "published_on"), ("outlet", "outlet"), ("language", "language"),
    ("SHA-256", "page_sha256"), ("ticked", "points"), ("words", "words"), ("committed", "committed_to"),
    ("less", "lower_reason"), ("month", "month"), ("heading", "heading"), ("amount", "amount"),
)  # fmt: skip


def _put(form: DraftForm, error: CasefileError) -> None:
    """Show a refusal beside the field it is about."""
    field = next((name for word, name in WHERE if word in error.message and name in form), None)
    put_error(form, field or next(name for name in (*form._fields, "version")), error)


@bp.post("/<uuid:milestone_id>/release")
@requires(Permission.MILESTONE_RELEASE)
@confirmed
def release(case: OpenCase, milestone_id: UUID) -> ResponseReturnValue:
    form = ReleaseForm()
    version = form.version.data if isinstance(form.version.data, int) else -1
    with unit_of_work() as uow:
        service.release(uow, case, milestone_id, version)
    flash(_("Released. The grant manager sees exactly what stands here."))
    where = url_for("milestones.show", case_id=case.id, milestone_id=milestone_id)
    return redirect(where, HTTPStatus.SEE_OTHER)


@bp.post("/<uuid:milestone_id>/submissions/<uuid:submission_id>/open")
@requires(Permission.MILESTONE_RELEASE)
@confirmed
def open_commitment(case: OpenCase, milestone_id: UUID, submission_id: UUID) -> ResponseReturnValue:
    links.milestone_of(database_session(), case, milestone_id)
    with unit_of_work() as uow:
        service.open_commitment(uow, case, submission_id)
    flash(_("The commitment is open: everybody who sees it can check it now."))
    where = url_for("milestones.show", case_id=case.id, milestone_id=milestone_id)
    return redirect(where, HTTPStatus.SEE_OTHER)
