from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, g, redirect, render_template, url_for
from sqlalchemy import text

from casefile.accounts import renewing
from casefile.accounts import service as accounts
from casefile.cases import chores
from casefile.cases import service as cases
from casefile.cases.access import do_chores
from casefile.desk import service
from casefile.policy import Permission
from casefile.stories import assigned, queue, rulebook
from casefile.web import (
    current,
    database_session,
    in_newsroom,
    public,
    resources,
    signed_in,
    unit_of_work,
)

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from casefile.web import Person

bp = Blueprint("desk", __name__)
CASES = 12


@bp.get("/")
@signed_in
def index() -> ResponseReturnValue:
    session, opened, now = database_session(), current(), resources().clock()
    me = opened.person.id
    if accounts.waits_for_me(session, me) or renewing.waits_for_me(session, me):
        with unit_of_work() as uow:
            accounts.certify_invited(uow)
            renewing.certify_renewed(uow)
    if not in_newsroom():
        return _grants_desk()
    do_chores(chores.waiting(session, opened.person.id, now))
    mine, total = cases.mine(session, opened, now, limit=CASES)
    rules = rulebook.in_force(session, opened.bundle.anchor, resources().settings)
    for watch in resources().glance_watchers:
        watch(mine, "desk")
    return render_template(
        "desk/index.html",
        cases=mine,
        case_total=total,
        stories=queue.waiting(session, opened, rules, now),
        tasks=assigned.mine(session, opened, now),
        activity=service.activity(session, mine),
        waiting=[
            *service.keys_waiting(
                session, opened, mine, now, damaged=bool(g.get("damage_noticed"))
            ),
            *service.about_sources(session, opened, mine, now),
            *service.waiting(session, opened, mine, now),
        ],
        first_day=total == 0,
    )


def _grants_desk() -> ResponseReturnValue:
    """Send people of the grants to their work, once nothing about their own account waits."""
    opened, now = current(), resources().clock()
    where = _work_of(opened.person)
    waiting = service.keys_waiting(database_session(), opened, [], now)
    waiting += service.about_me(opened, now)
    if not waiting:
        return redirect(where, HTTPStatus.SEE_OTHER)
    return render_template("desk/grants.html", waiting=waiting, where=where)


def _work_of(person: Person) -> str:
    if person.may(Permission.GRANTS_VISIT):
        return url_for("grants.index")
    return url_for("notices.index")


@bp.get("/healthz")
@public
def alive() -> ResponseReturnValue:
    return "ok\n", HTTPStatus.OK, {"Content-Type": "text/plain; charset=utf-8"}


@bp.get("/readyz")
@public
def ready() -> ResponseReturnValue:
    database_session().execute(text("SELECT 1"))
    return "ready\n", HTTPStatus.OK, {"Content-Type": "text/plain; charset=utf-8"}
