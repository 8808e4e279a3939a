from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _

from casefile.accounts import service as accounts
from casefile.grants import award_lists, award_overview, keeping, payments, prefinancing
from casefile.grants.access import requires
from casefile.grants.award_forms import ReasonForm
from casefile.grants.award_models import Award, Milestone, Payment
from casefile.grants.award_routes import today
from casefile.grants.award_states import PaymentState
from casefile.grants.form_routes import list_page
from casefile.grants.money import Money
from casefile.policy import Permission
from casefile.web import confirmed, current, database_session, unit_of_work

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue

bp = Blueprint("payments", __name__, url_prefix="/grants/payments")


@bp.get("/")
@requires(Permission.AWARD_READ)
def index() -> ResponseReturnValue:
    programmes = award_overview.programme_names(database_session(), current().person)
    return list_page(award_lists.PAYMENTS, _("Payments"), parents=programmes)


@bp.get("/<uuid:payment_id>")
@requires(Permission.AWARD_READ)
def show(payment_id: UUID) -> ResponseReturnValue:
    session = database_session()
    payment = keeping.get(session, Payment, payment_id)
    award = keeping.get(session, Award, payment.award_id)
    events = keeping.events(session, payment_id)
    waits = payment.state not in {PaymentState.PAID, PaymentState.CANCELLED}
    return render_template(
        "awards/payment.html",
        payment=payment,
        award=award,
        missing=prefinancing.missing(session, award, payment) if waits else (),
        milestone=session.get(Milestone, payment.milestone_id) if payment.milestone_id else None,
        money=Money(payment.amount, payment.currency),
        account=payments.bank_account(session, payment.award_id),
        events=events,
        names=accounts.names(session, {e.actor_id for e in events if e.actor_id}),
        today=today(),
    )


def _done(payment_id: UUID, words: str) -> ResponseReturnValue:
    flash(words)
    return redirect(url_for("payments.show", payment_id=payment_id), HTTPStatus.SEE_OTHER)


def _asked() -> tuple[int, str]:
    form = ReasonForm()
    version = form.version.data if isinstance(form.version.data, int) else -1
    return version, form.reason.data or ""


@bp.post("/<uuid:payment_id>/request")
@requires(Permission.PAYMENT_REQUEST)
def ask(payment_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as uow:
        payments.request(uow, payment_id, _asked()[0])
    return _done(payment_id, _("The payment is asked for. Somebody else checks it."))


@bp.post("/<uuid:payment_id>/check")
@requires(Permission.PAYMENT_CHECK)
@confirmed
def check(payment_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as uow:
        payments.check(uow, payment_id, _asked()[0])
    return _done(payment_id, _("Checked. Somebody else approves it."))


@bp.post("/<uuid:payment_id>/approve")
@requires(Permission.PAYMENT_APPROVE)
@confirmed
def approve(payment_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as uow:
        payments.approve(uow, payment_id, _asked()[0])
    return _done(payment_id, _("Approved. It can be paid."))


@bp.post("/<uuid:payment_id>/pay")
@requires(Permission.PAYMENT_PAY)
@confirmed
def pay(payment_id: UUID) -> ResponseReturnValue:
    form = ReasonForm()
    with unit_of_work() as uow:
        payments.pay(
            uow,
            payment_id,
            _asked()[0],
            paid_on=form.day(today()),
            reference=form.reference.data or "",
        )
    return _done(payment_id, _("The payment is on record."))


@bp.post("/<uuid:payment_id>/fail")
@requires(Permission.PAYMENT_PAY)
@confirmed
def fail(payment_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as uow:
        payments.fail(uow, payment_id, *_asked())
    return _done(payment_id, _("It is on record that the payment failed."))


@bp.post("/<uuid:payment_id>/back")
@requires(Permission.AWARD_READ)
def back(payment_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as uow:
        payments.put_back(uow, payment_id, *_asked())
    return _done(payment_id, _("The payment went back; it can be asked for again."))


@bp.post("/<uuid:payment_id>/cancel")
@requires(Permission.PAYMENT_REQUEST)
@confirmed
def cancel(payment_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as uow:
        payments.cancel(uow, payment_id, *_asked())
    return _done(payment_id, _("The payment is cancelled."))
