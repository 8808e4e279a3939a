from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask_babel import gettext as _

from casefile.grants import (
    agreements,
    beginning,
    calls,
    counting,
    keeping,
    lists,
    programmes,
    questions,
)
from casefile.grants.access import requires
from casefile.grants.call_models import Call, CallInvitation, CallReviewer
from casefile.grants.dates import local_in, moment_in
from casefile.grants.form_routes import Sheet, list_page, press_form, save, show, told
from casefile.grants.forms import (
    ApplicantInvitationForm,
    CallForm,
    DeadlineForm,
    LinesForm,
    MoveForm,
    ReasonForm,
    ReviewerForm,
)
from casefile.grants.models import Programme
from casefile.grants.money import Money
from casefile.grants.states import CALL_MOVES, CallState
from casefile.grants.typed_lines import lines_of, read_criteria, write_criteria
from casefile.policy import Permission
from casefile.web import confirmed, current, database_session, resources, unit_of_work

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from casefile.uow import UnitOfWork

bp = Blueprint("calls", __name__, url_prefix="/grants")
TEXTS = (
    "code",
    "title_en",
    "title_ru",
    "title_ky",
    "summary_en",
    "summary_ru",
    "summary_ky",
    "zone",
)
PLAIN = (
    *("currency", "envelope", "minimum", "maximum", "regions_declared", "entry", "blind"),
    *(
        "partners_required",
        "sealed_until_close",
        "reviews_wanted",
        "quorum",
        "reviewers_may_decide",
    ),
)
BY_CLOCK = {CallState.OPEN, CallState.CLOSED, CallState.DECIDED}


def _form(programme_id: UUID, row: Call | None = None, *, sent: bool = False) -> CallForm:
    if sent:
        form = CallForm()
    elif row is not None:
        form = CallForm(formdata=None, obj=row)
        form.opens.data = _local(row.opens_at, row.zone)
        form.closes.data = _local(row.closes_at, row.zone)
        form.kinds.data, form.regions.data = "\n".join(row.kinds), "\n".join(row.regions)
        form.agreement.data = str(row.agreement_id or "")
    else:
        usual = {"zone": resources().settings.timezone, "reviews_wanted": 2, "quorum": 2}
        more = {"partners_required": 0, "blind": "single", "sealed_until_close": True}
        form = CallForm(formdata=None, **usual, **more)
    found = agreements.of_programme(database_session(), programme_id)
    form.agreement.choices = [
        ("", _("Not stated")),
        *((str(one.id), f"{one.reference} {one.title}".strip()) for one in found),
    ]
    return form


def _local(moment: Any, zone: str) -> Any:
    return local_in(moment, zone).replace(tzinfo=None) if moment else None


def _values(form: CallForm) -> dict[str, Any]:
    zone = form.zone.data.strip()
    opens, closes = form.opens.data, form.closes.data
    return {
        **{name: (form[name].data or "").strip() for name in TEXTS},
        **{name: form[name].data for name in PLAIN},
        "opens_at": moment_in(opens, zone) if opens else None,
        "closes_at": moment_in(closes, zone) if closes else None,
        "kinds": lines_of(form.kinds.data),
        "regions": lines_of(form.regions.data),
        "agreement_id": UUID(form.agreement.data) if form.agreement.data else None,
    }


@bp.get("/calls/")
@requires(Permission.GRANTS_READ)
def index() -> ResponseReturnValue:
    return list_page(lists.CALLS, _("Calls"))


def _new_sheet(programme_id: UUID) -> Sheet:
    action = url_for("calls.create", programme_id=programme_id)
    back = url_for("grants.programme_show", programme_id=programme_id)
    intro = _(
        "A draft is seen by nobody outside. Form, criteria and terms freeze when the call opens."
    )
    return Sheet(_("New call"), action, _("Save the draft"), back, intro)


@bp.get("/programmes/<uuid:programme_id>/calls/new")
@requires(Permission.CALL_EDIT)
def new(programme_id: UUID) -> ResponseReturnValue:
    row = keeping.get(database_session(), Programme, programme_id)
    return show(_form(row.id), _new_sheet(row.id))


@bp.post("/programmes/<uuid:programme_id>/calls")
@requires(Permission.CALL_EDIT)
def create(programme_id: UUID) -> ResponseReturnValue:
    programme = keeping.get(database_session(), Programme, programme_id)
    form = _form(programme.id, sent=True)

    def act(uow: UnitOfWork) -> str:
        row = calls.create(uow, programme.id, _values(form))
        return url_for("calls.call_show", call_id=row.id)

    return save(form, _new_sheet(programme.id), act, _("The draft is saved."))


@bp.get("/calls/<uuid:call_id>")
@requires(Permission.GRANTS_READ)
def call_show(call_id: UUID) -> ResponseReturnValue:
    session, now = database_session(), resources().clock()
    row = keeping.get(session, Call, call_id)
    standing = calls.standing(row, now)
    reviewer_form = ReviewerForm(formdata=None)
    reviewer_form.person.choices = calls.possible_reviewers(session, now)
    return render_template(
        "grants/call.html",
        item=row,
        title=lists.title(row),
        programme=programmes.get(session, current().person, row.programme_id),
        standing=standing.value,
        frozen=calls.is_frozen(row, now),
        following=sorted(CALL_MOVES[standing] - BY_CLOCK),
        opens=local_in(row.opens_at, row.zone) if row.opens_at else None,
        closes=local_in(row.closes_at, row.zone) if row.closes_at else None,
        money={
            name: Money.of(getattr(row, name), row.currency)
            for name in ("envelope", "minimum", "maximum")
        },
        questions=calls.form_of(session, row),
        criteria=calls.criteria(session, row.id),
        counts=counting.by_state(session, row, now),
        exact=current().person.may(Permission.CALL_READ),
        reviewers=calls.reviewers(session, row.id),
        invitations=counting.invitations(session, row.id),
        reviewer_form=reviewer_form,
        invite_form=ApplicantInvitationForm(formdata=None, days=14),
        move_form=MoveForm(formdata=None, version=row.version),
        now=now,
        **told(row),
    )


def _edit_sheet(call_id: UUID) -> Sheet:
    action = url_for("calls.update", call_id=call_id)
    return Sheet(_("Edit the call"), action, _("Save"), url_for("calls.call_show", call_id=call_id))


@bp.get("/calls/<uuid:call_id>/edit")
@requires(Permission.CALL_EDIT)
def edit(call_id: UUID) -> ResponseReturnValue:
    row = keeping.get(database_session(), Call, call_id)
    return show(_form(row.programme_id, row), _edit_sheet(row.id))


@bp.post("/calls/<uuid:call_id>/edit")
@requires(Permission.CALL_EDIT)
def update(call_id: UUID) -> ResponseReturnValue:
    row = keeping.get(database_session(), Call, call_id)
    form = _form(row.programme_id, sent=True)

    def act(uow: UnitOfWork) -> str:
        calls.save(uow, call_id, form.version.data or 0, _values(form))
        return url_for("calls.call_show", call_id=call_id)

    def again(theirs: Call) -> CallForm:
        return _form(theirs.programme_id, theirs)

    return save(form, _edit_sheet(call_id), act, _("Saved."), again)


def _questions_sheet(call_id: UUID) -> Sheet:
    back = url_for("calls.call_show", call_id=call_id)
    action = url_for("calls.questions_update", call_id=call_id)
    return Sheet(_("Questions of the form"), action, _("Save"), back, _(questions.HOW))


def _questions_form(row: Call) -> LinesForm:
    lines = questions.write(calls.form_of(database_session(), row))
    return LinesForm(formdata=None, version=row.version, lines=lines)


@bp.get("/calls/<uuid:call_id>/questions")
@requires(Permission.CALL_EDIT)
def questions_edit(call_id: UUID) -> ResponseReturnValue:
    row = keeping.get(database_session(), Call, call_id)
    return show(_questions_form(row), _questions_sheet(row.id))


@bp.post("/calls/<uuid:call_id>/questions")
@requires(Permission.CALL_EDIT)
def questions_update(call_id: UUID) -> ResponseReturnValue:
    keeping.get(database_session(), Call, call_id)
    form = LinesForm()

    def act(uow: UnitOfWork) -> str:
        asked = questions.read(form.lines.data or "")
        calls.save_form(uow, call_id, form.version.data or 0, asked)
        return url_for("calls.call_show", call_id=call_id)

    return save(
        form, _questions_sheet(call_id), act, _("The questions are saved."), _questions_form
    )


def _criteria_sheet(call_id: UUID) -> Sheet:
    back = url_for("calls.call_show", call_id=call_id)
    action = url_for("calls.criteria_update", call_id=call_id)
    how = _("One criterion in each line: weight | title | guidance. The weights add up to 100.")
    return Sheet(_("Criteria"), action, _("Save"), back, how)


def _criteria_form(row: Call) -> LinesForm:
    found = calls.criteria(database_session(), row.id)
    lines = write_criteria([(one.title, one.guidance, one.weight) for one in found])
    return LinesForm(formdata=None, version=row.version, lines=lines)


@bp.get("/calls/<uuid:call_id>/criteria")
@requires(Permission.CALL_EDIT)
def criteria_edit(call_id: UUID) -> ResponseReturnValue:
    row = keeping.get(database_session(), Call, call_id)
    return show(_criteria_form(row), _criteria_sheet(row.id))


@bp.post("/calls/<uuid:call_id>/criteria")
@requires(Permission.CALL_EDIT)
def criteria_update(call_id: UUID) -> ResponseReturnValue:
    keeping.get(database_session(), Call, call_id)
    form = LinesForm()

    def act(uow: UnitOfWork) -> str:
        given = read_criteria(form.lines.data)
        calls.save_criteria(uow, call_id, form.version.data or 0, given)
        return url_for("calls.call_show", call_id=call_id)

    return save(form, _criteria_sheet(call_id), act, _("The criteria are saved."), _criteria_form)


@bp.post("/calls/<uuid:call_id>/move")
@requires(Permission.CALL_EDIT)
def move(call_id: UUID) -> ResponseReturnValue:
    row = keeping.get(database_session(), Call, call_id)
    form = MoveForm()

    def act(uow: UnitOfWork) -> None:
        calls.settle(uow, keeping.held(uow, Call, row.id, form.version.data or 0))
        to = keeping.state_named(CallState, form.to.data)
        held = keeping.held(uow, Call, row.id)
        calls.move(uow, row.id, held.version, to, form.reason.data or "")

    return press_form(form, act, url_for("calls.call_show", call_id=row.id), _("Done."))


def _deadline_sheet(call_id: UUID) -> Sheet:
    action = url_for("calls.deadline_update", call_id=call_id)
    back = url_for("calls.call_show", call_id=call_id)
    intro = _("A deadline moves only later. The change and its reason are shown to everybody.")
    return Sheet(_("Move the deadline"), action, _("Move it"), back, intro)


@bp.get("/calls/<uuid:call_id>/deadline")
@requires(Permission.CALL_EDIT)
def deadline_edit(call_id: UUID) -> ResponseReturnValue:
    row = keeping.get(database_session(), Call, call_id)
    after = (row.closes_at or resources().clock()) + timedelta(days=7)
    closes = _local(after, row.zone)
    form = DeadlineForm(formdata=None, version=row.version, closes=closes)
    return show(form, _deadline_sheet(row.id))


@bp.post("/calls/<uuid:call_id>/deadline")
@requires(Permission.CALL_EDIT)
def deadline_update(call_id: UUID) -> ResponseReturnValue:
    row = keeping.get(database_session(), Call, call_id)
    form = DeadlineForm()

    def act(uow: UnitOfWork) -> str:
        closes = moment_in(form.closes.data or resources().clock(), row.zone)
        calls.extend(uow, call_id, form.version.data or 0, closes, form.reason.data or "")
        return url_for("calls.call_show", call_id=call_id)

    return save(form, _deadline_sheet(call_id), act, _("The deadline was moved."))


@bp.post("/calls/<uuid:call_id>/reviewers")
@requires(Permission.CALL_EDIT)
def reviewer_create(call_id: UUID) -> ResponseReturnValue:
    row = keeping.get(database_session(), Call, call_id)
    form = ReviewerForm()
    form.person.choices = calls.possible_reviewers(database_session(), resources().clock())
    return press_form(
        form,
        lambda uow: calls.add_reviewer(uow, row.id, UUID(form.person.data)),
        url_for("calls.call_show", call_id=row.id),
        _("Added. They find the applications under Waiting for you."),
    )


@bp.post("/calls/<uuid:call_id>/reviewers/<uuid:reviewer_id>/void")
@requires(Permission.CALL_EDIT)
def reviewer_void(call_id: UUID, reviewer_id: UUID) -> ResponseReturnValue:
    row = keeping.get(database_session(), CallReviewer, reviewer_id, call_id=call_id)
    form = ReasonForm()
    return press_form(
        form,
        lambda uow: calls.void_reviewer(uow, call_id, row.id, form.reason.data or ""),
        url_for("calls.call_show", call_id=call_id),
        _("They review no more; what they sent in stays."),
    )


@bp.post("/calls/<uuid:call_id>/invitations")
@requires(Permission.CALL_EDIT)
@confirmed
def invitation_create(call_id: UUID) -> ResponseReturnValue:
    row = keeping.get(database_session(), Call, call_id)
    form = ApplicantInvitationForm()
    if not form.validate():
        return press_form(form, lambda _uow: None, url_for("calls.call_show", call_id=row.id), "")
    with unit_of_work() as uow:
        token = beginning.invite(uow, row.id, form.name.data.strip(), form.days.data)
    link = url_for("apply.invited", token=token, _external=True)
    return render_template("grants/invited.html", item=row, name=form.name.data, link=link)


@bp.post("/calls/<uuid:call_id>/invitations/<uuid:invitation_id>/void")
@requires(Permission.CALL_EDIT)
def invitation_void(call_id: UUID, invitation_id: UUID) -> ResponseReturnValue:
    row = keeping.get(database_session(), CallInvitation, invitation_id, call_id=call_id)
    form = ReasonForm()
    return press_form(
        form,
        lambda uow: beginning.withdraw_invitation(uow, call_id, row.id, form.reason.data or ""),
        url_for("calls.call_show", call_id=call_id),
        _("The link works no more."),
    )
