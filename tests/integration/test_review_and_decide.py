from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from casefile.errors import ConflictError, ForbiddenError, InvalidError
from casefile.grants import (
    applications,
    calls,
    deciding,
    interests,
    keeping,
    organisations,
    reviewing,
)
from casefile.grants.application_models import Application
from casefile.grants.call_models import Call
from casefile.grants.money import CurrencyMixError, Money
from casefile.grants.states import ApplicationState
from tests import grants_scene as scene

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Clock
    from tests.strict_browser import Browse


def award(row_id: scene.UUID, amount: str, currency: str = "USD") -> deciding.Line:
    money = Money(Decimal(amount), currency)
    return deciding.Line(row_id, ApplicationState.AWARDED, money, "The best.")


def reviewed(
    app: Flask, grants: scene.Grants, clock: Clock, count: int = 1, **more: object
) -> tuple[scene.UUID, list[scene.UUID]]:
    call_id = scene.open_call(app, grants, clock, reviews_wanted=1, **more)
    rows = [scene.apply(app, call_id)[0] for _one in range(count)]
    scene.in_review(app, grants, clock, call_id, rows, grants.jo, grants.jan)
    for row_id in rows:
        scene.declare(app, grants.jo, row_id)
        scene.review(app, grants.jo, row_id, [4, 4])
        scene.recommend(app, grants, row_id)
    return call_id, rows


def test_nothing_of_an_application_opens_before_the_declaration(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock
) -> None:
    call_id = scene.open_call(app, grants, clock)
    row_id, _token = scene.apply(app, call_id)
    scene.in_review(app, grants, clock, call_id, [row_id], grants.jo)
    with scene.acting(app, grants.gina) as uow:
        calls.add_reviewer(uow, call_id, grants.gina.id)
    jo = browse(grants.jo, fresh=True)

    assert "Media for the villages" not in jo.get(f"/grants/applications/{row_id}/interests").text
    jo.get(f"/grants/applications/{row_id}/review", 303)
    jo.post(f"/grants/applications/{row_id}/review", 403, fields={"version": "0"})
    browse(grants.gina, fresh=True).get(f"/grants/applications/{row_id}", 403)
    with pytest.raises(ForbiddenError), scene.acting(app, grants.jo) as uow:
        reviewing.save(
            uow, scene.person_of(grants.jo), row_id, 0, reviewing.Given({}, "", "", ""), send=False
        )


def test_whoever_declares_a_conflict_or_works_for_the_applicant_stands_aside(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock
) -> None:
    call_id = scene.open_call(app, grants, clock)
    row_id, _token = scene.apply(app, call_id)
    scene.in_review(app, grants, clock, call_id, [row_id], grants.jo, grants.jan)
    blank = {"legal_form": "", "region": "", "iati_identifier": "", "kind": "newsroom"}
    with scene.acting(app, grants.gina) as uow:
        own = organisations.create(uow, {"name": "«СЕЛЬСКАЯ  жизнь»", **blank})
        organisations.affiliate(uow, own.id, "jan")

    assert scene.declare(app, grants.jo, row_id, conflict=True) == interests.CONFLICT
    assert scene.declare(app, grants.jan, row_id) == interests.BLOCKED
    for one in (grants.jo, grants.jan):
        browse(one, fresh=True).get(f"/grants/applications/{row_id}/review", 403)
        with pytest.raises(ForbiddenError):
            scene.declare(app, one, row_id)


def test_others_are_hidden_until_the_own_review_is_in(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock
) -> None:
    call_id = scene.open_call(app, grants, clock)
    row_id, _token = scene.apply(app, call_id)
    scene.in_review(app, grants, clock, call_id, [row_id], grants.jo, grants.jan)
    for one in (grants.jo, grants.jan):
        scene.declare(app, one, row_id)
    scene.review(app, grants.jo, row_id, [5, 1])
    jan = browse(grants.jan, fresh=True)

    assert "All reviews" not in jan.get(f"/grants/applications/{row_id}/review").main
    scene.review(app, grants.jan, row_id, [3, 3], send=False)
    assert "All reviews" not in jan.get(f"/grants/applications/{row_id}/review").main
    scene.review(app, grants.jan, row_id, [3, None])
    page = jan.get(f"/grants/applications/{row_id}/review").main
    assert "3.40" in page
    assert "3.00" in page
    assert "Jo Juror" not in page
    with pytest.raises(ConflictError):
        scene.review(app, grants.jan, row_id, [0, 0])


def test_a_double_blind_reviewer_sees_no_names(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock
) -> None:
    call_id = scene.open_call(app, grants, clock, blind="double")
    row_id, _token = scene.apply(app, call_id)
    scene.in_review(app, grants, clock, call_id, [row_id], grants.jo)
    scene.declare(app, grants.jo, row_id)
    page = browse(grants.jo, fresh=True).get(f"/grants/applications/{row_id}/review")

    assert "Сельская" not in page.text
    assert "contact-anne" not in page.text
    assert "Forty villages" in page.text


def test_a_quorum_counts_nobody_who_stands_aside(
    app: Flask, grants: scene.Grants, clock: Clock
) -> None:
    call_id, [row_id] = reviewed(app, grants, clock)
    scene.declare(app, grants.jan, row_id, conflict=True)
    with pytest.raises(InvalidError, match="1 of 2 members") as refused:
        scene.decide(app, grants.dora, call_id, [grants.jan], award(row_id, "5000"))

    assert "invite an outside juror" in refused.value.message
    scene.decide(app, grants.dora, call_id, [grants.jan, grants.joy], award(row_id, "5000"))
    call = scene.fetched(app, lambda session: keeping.get(session, Call, call_id))
    assert call.state == "decided"


def test_awards_stay_within_maximum_envelope_and_currency(
    app: Flask, grants: scene.Grants, clock: Clock
) -> None:
    call_id, rows = reviewed(app, grants, clock, 3)
    first, second, third = rows
    for lines, refusal in (
        ([award(first, "10000.01")], InvalidError),
        ([award(first, "5000", "EUR")], CurrencyMixError),
        ([award(first, "9000"), award(second, "9000"), award(third, "9000")], InvalidError),
        ([award(first, "5000"), award(first, "5000")], Exception),
        ([deciding.Line(first, ApplicationState.REJECTED, None, " ")], InvalidError),
    ):
        with pytest.raises(refusal):
            scene.decide(app, grants.dora, call_id, [grants.joy], *lines)
    states = scene.fetched(
        app, lambda session: [keeping.get(session, Application, one).state for one in rows]
    )
    assert set(states) == {"recommended"}, "nothing was half decided"

    reserve = deciding.Line(third, ApplicationState.RESERVE, None, "Next.")
    scene.decide(
        app,
        grants.dora,
        call_id,
        [grants.joy],
        award(first, "9000"),
        award(second, "9000"),
        reserve,
    )
    with pytest.raises(InvalidError), scene.acting(app, grants.dora) as uow:
        deciding.promote(uow, call_id, third, award(third, "2000.01"))
    with scene.acting(app, grants.dora) as uow:
        deciding.promote(uow, call_id, third, award(third, "2000.00"))


def test_whoever_reviewed_decides_only_where_the_call_says_so(
    app: Flask, grants: scene.Grants, clock: Clock
) -> None:
    for allowed in (False, True):
        call_id = scene.open_call(
            app, grants, clock, reviews_wanted=1, reviewers_may_decide=allowed
        )
        row_id, _token = scene.apply(app, call_id)
        scene.in_review(app, grants, clock, call_id, [row_id], grants.dora)
        scene.declare(app, grants.dora, row_id)
        scene.review(app, grants.dora, row_id, [4, 4])
        scene.recommend(app, grants, row_id)
        if allowed:
            scene.decide(app, grants.dora, call_id, [grants.joy], award(row_id, "5000"))
            continue
        with pytest.raises(ForbiddenError, match="another director"):
            scene.decide(app, grants.dora, call_id, [grants.joy], award(row_id, "5000"))


def test_two_directors_at_once_decide_once(app: Flask, grants: scene.Grants, clock: Clock) -> None:
    call_id, [row_id] = reviewed(app, grants, clock)
    base = scene.version_of(app, Call, call_id)
    with scene.acting(app, grants.dora) as uow:
        deciding.decide(uow, call_id, base, {grants.joy.id}, [award(row_id, "5000")])
    with pytest.raises(ConflictError), scene.acting(app, grants.dora) as uow:
        deciding.decide(uow, call_id, base, {grants.joy.id}, [award(row_id, "6000")])


def test_a_review_of_an_older_revision_does_not_count(
    app: Flask, grants: scene.Grants, clock: Clock
) -> None:
    from casefile.grants import applying, submitting

    call_id = scene.open_call(app, grants, clock, reviews_wanted=1)
    row_id, _token = scene.apply(app, call_id)
    scene.in_review(app, grants, clock, call_id, [row_id], grants.jo)
    scene.declare(app, grants.jo, row_id)
    scene.review(app, grants.jo, row_id, [5, 5])
    gina = scene.person_of(grants.gina)
    with scene.acting(app, grants.gina) as uow:
        base = keeping.get(uow.session, Application, row_id).version
        applications.ask(uow, gina, row_id, base, "And the budget?")
    with scene.acting(app, None) as uow:
        base = keeping.get(uow.session, Application, row_id).version
        applying.save(uow, row_id, base, scene.dataclass_replace(title="New title"))
        submitting.submit(uow, row_id)

    with pytest.raises(InvalidError, match="0 of 1 reviews"):
        scene.recommend(app, grants, row_id)
    scene.review(app, grants.jo, row_id, [2, 2])
    scene.recommend(app, grants, row_id)
