"""What people tried against calls, applications, reviews and decisions, and what must come of it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from casefile.errors import CasefileError, ForbiddenError, InvalidError
from casefile.grants import (
    agreements,
    calls,
    deciding,
    importing,
    keeping,
    organisations,
    taking_over,
)
from casefile.grants.application_models import Application
from casefile.grants.call_models import Call
from casefile.grants.models import FundingAgreement
from casefile.grants.money import Money
from casefile.grants.states import AgreementState, ApplicationState, CallState
from casefile.policy import Role
from tests import grants_scene as scene

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Actor, Cast, Clock
    from tests.strict_browser import Browse

BLANK = {"legal_form": "", "region": "", "iati_identifier": "", "kind": "newsroom"}


def line(row_id: scene.UUID, outcome: ApplicationState, amount: str = "") -> deciding.Line:
    money = Money(Decimal(amount), "USD") if amount else None
    return deciding.Line(row_id, outcome, money, "The best there is.")


def on_reserve(
    app: Flask, grants: scene.Grants, clock: Clock, reviewer: Actor
) -> tuple[scene.UUID, scene.UUID]:
    """Let somebody review, and another director put the application on the reserve list."""
    call_id = scene.open_call(app, grants, clock, reviews_wanted=1)
    row_id, _token = scene.apply(app, call_id)
    scene.in_review(app, grants, clock, call_id, [row_id], reviewer)
    scene.declare(app, reviewer, row_id)
    scene.review(app, reviewer, row_id, [4, 4])
    scene.recommend(app, grants, row_id)
    return call_id, row_id


def second_director(app: Flask, cast: Cast) -> Actor:
    return scene.actor_of(scene.resources_of(app), cast.ada, "dina", Role.DIRECTOR)


def test_whoever_reviewed_takes_nothing_from_the_reserve_list_either(
    app: Flask, cast: Cast, grants: scene.Grants, clock: Clock
) -> None:
    dina = second_director(app, cast)
    call_id, row_id = on_reserve(app, grants, clock, grants.dora)
    scene.decide(app, dina, call_id, [grants.joy], line(row_id, ApplicationState.RESERVE))
    wanted = line(row_id, ApplicationState.AWARDED, "5000")

    with (
        pytest.raises(ForbiddenError, match="another director"),
        scene.acting(app, grants.dora) as uow,
    ):
        deciding.promote(uow, call_id, row_id, wanted)
    with scene.acting(app, dina) as uow:
        deciding.promote(uow, call_id, row_id, wanted)


def test_the_reserve_list_wants_the_quorum_of_the_day(
    app: Flask, grants: scene.Grants, clock: Clock
) -> None:
    call_id, row_id = on_reserve(app, grants, clock, grants.jo)
    with scene.acting(app, grants.gina) as uow:
        calls.add_reviewer(uow, call_id, grants.joy.id)
    scene.decide(app, grants.dora, call_id, [grants.joy], line(row_id, ApplicationState.RESERVE))
    scene.declare(app, grants.joy, row_id, conflict=True)

    with pytest.raises(InvalidError, match="1 of 2 members"), scene.acting(app, grants.dora) as uow:
        deciding.promote(uow, call_id, row_id, line(row_id, ApplicationState.AWARDED, "5000"))


def test_a_review_counts_no_more_once_the_reviewer_turns_out_to_work_for_the_applicant(
    app: Flask, grants: scene.Grants, clock: Clock
) -> None:
    call_id = scene.open_call(app, grants, clock, reviews_wanted=1)
    row_id, _token = scene.apply(app, call_id)
    scene.in_review(app, grants, clock, call_id, [row_id], grants.jo, grants.jan)
    for judge, scores in ((grants.jo, [5, 5]), (grants.jan, [1, 1])):
        scene.declare(app, judge, row_id)
        scene.review(app, judge, row_id, scores)
    with scene.acting(app, grants.gina) as uow:
        own = organisations.create(uow, {"name": "Сельская жизнь", **BLANK})
        organisations.affiliate(uow, own.id, "jo")

    def ranked(session: object) -> deciding.Ranked:
        call = keeping.get(session, Call, call_id)  # type: ignore[arg-type]
        return deciding.ranked(session, call)[0]  # type: ignore[arg-type]

    one = scene.fetched(app, ranked)
    assert one.reviews == 1
    assert one.score == 1
    with scene.acting(app, grants.gina) as uow:
        organisations.affiliate(uow, own.id, "jan")
    with pytest.raises(InvalidError, match="0 of 1 reviews"):
        scene.recommend(app, grants, row_id)


def test_the_ranked_list_tells_a_reviewer_nothing_before_the_own_review_is_in(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock
) -> None:
    call_id = scene.open_call(app, grants, clock, reviews_wanted=1)
    row_id, _token = scene.apply(app, call_id)
    scene.in_review(app, grants, clock, call_id, [row_id], grants.jo, grants.dora)
    scene.declare(app, grants.jo, row_id)
    scene.review(app, grants.jo, row_id, [5, 3])
    address = f"/grants/calls/{call_id}/decision"

    assert "4.20" in browse(grants.gina).get(address).main
    assert "4.20" not in browse(grants.dora).get(address).main
    scene.declare(app, grants.dora, row_id)
    scene.review(app, grants.dora, row_id, [5, 3])
    assert "4.20" in browse(grants.dora).get(address).main


def test_in_a_double_blind_call_no_list_or_file_tells_a_reviewer_the_names(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock
) -> None:
    call_id = scene.open_call(app, grants, clock, blind="double")
    row_id, _token = scene.apply(app, call_id)
    scene.in_review(app, grants, clock, call_id, [row_id], grants.dora)
    dora = browse(grants.dora)

    for address in (
        "/grants/applications/",
        f"/grants/calls/{call_id}/applications",
        "/grants/exports/applications.csv",
        "/grants/applications/?q=%D0%A1%D0%B5%D0%BB%D1%8C",
    ):
        assert "Сельская" not in dora.get(address).content.decode("utf-8-sig"), address
        if "q=" not in address:
            assert "Сельская" in browse(grants.gina).get(address).content.decode("utf-8-sig")
    assert str(row_id) not in dora.get("/grants/applications/?q=%D0%A1%D0%B5%D0%BB%D1%8C").html


def test_no_way_back_to_the_draft_shortens_a_deadline(app: Flask, grants: scene.Grants) -> None:
    call_id = scene.draft_call(app, grants)

    def step(to: CallState) -> None:
        with scene.acting(app, grants.gina) as uow:
            base = keeping.get(uow.session, Call, call_id).version
            calls.move(uow, call_id, base, to, "A mistake in it.")

    step(CallState.PUBLISHED)
    step(CallState.DRAFT)
    row = scene.fetched(app, lambda session: keeping.get(session, Call, call_id))
    values = scene.call_values(
        row.opens_at - timedelta(hours=1), closes_at=row.closes_at - timedelta(days=3)
    )
    with pytest.raises(InvalidError, match="later"), scene.acting(app, grants.gina) as uow:
        calls.save(uow, call_id, row.version, values)


def test_two_applications_of_a_call_never_share_a_codename(
    app: Flask, grants: scene.Grants, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from casefile.grants import codenames

    drawn = iter(["rosy-lute", "rosy-lute", "rosy-lute", "twin-yurt"])
    monkeypatch.setattr(codenames, "make", lambda: next(drawn))
    call_id = scene.open_call(app, grants, clock)
    ids = [scene.apply(app, call_id)[0] for _one in range(2)]
    names = scene.fetched(
        app, lambda session: [keeping.get(session, Application, one).codename for one in ids]
    )

    assert names == ["rosy-lute", "twin-yurt"]


def test_an_agreement_is_not_signed_by_whoever_changed_its_terms(
    app: Flask, cast: Cast, grants: scene.Grants
) -> None:
    terms = {
        "donor_id": None, "reference": "", "title": "One", "amount": Decimal("1000.00"), "currency": "EUR",
        "starts_on": None, "starts_precision": "", "ends_on": None, "ends_precision": "", "rate_method": "",
    }  # fmt: skip
    with scene.acting(app, grants.gina) as uow:
        row = agreements.create(uow, grants.programme, terms)
    with scene.acting(app, grants.dora) as uow:
        agreements.save(uow, row.id, row.version, {**terms, "amount": Decimal("900000.00")})

    def sign(who: Actor) -> None:
        with scene.acting(app, who) as uow:
            base = keeping.get(uow.session, FundingAgreement, row.id).version
            agreements.move(uow, row.id, base, AgreementState.SIGNED, "")

    for who in (grants.gina, grants.dora):
        with pytest.raises(ForbiddenError):
            sign(who)
    sign(second_director(app, cast))


def test_winners_taken_over_stay_within_what_their_call_gives(
    app: Flask, grants: scene.Grants
) -> None:
    call_id = scene.draft_call(app, grants)
    head = "number,legal_form,organisation,project,region_stated,place_stated,amount\n"

    def take(rows: str) -> None:
        with scene.acting(app, grants.gina) as uow:
            result = importing.preview(uow.session, "applications", head + rows, "USD")
            taking_over.apply(uow, result, target=call_id)

    with pytest.raises(InvalidError, match=r"Row 2, amount: the call gives at most 10000[.]00 USD"):
        take("1,,A,Radio,,,10000.01\n")
    with pytest.raises(InvalidError, match=r"Row 4, amount: up to here it is 20000[.]01"):
        take("1,,A,R,,,9000\n2,,B,R,,,9000\n3,,C,R,,,2000.01\n")
    take("1,,A,R,,,9000\n2,,B,R,,,\n")


def test_an_award_can_be_made_in_whatever_currency_its_call_is_in(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock
) -> None:
    from tests.integration.test_application_to_award import form_of

    call_id = scene.open_call(app, grants, clock, reviews_wanted=1, currency="KZT")
    row_id, _token = scene.apply(app, call_id)
    scene.in_review(app, grants, clock, call_id, [row_id], grants.jo)
    scene.declare(app, grants.jo, row_id)
    scene.review(app, grants.jo, row_id, (4, 4))
    scene.recommend(app, grants, row_id)
    money = Money(Decimal("8500.00"), "KZT")
    wanted = deciding.Line(row_id, ApplicationState.AWARDED, money, "A reason.")
    scene.decide(app, grants.dora, call_id, [grants.jan], wanted)
    gina = browse(grants.gina)

    typed = form_of(gina.get(f"/grants/awards/new?application={row_id}"))
    assert typed["currency"] == "KZT"
    made = gina.post("/grants/awards/", fields=typed).location
    edited = form_of(gina.get(f"{made}/edit"))
    assert edited["currency"] == "KZT"
    gina.post(f"{made}/edit", fields=edited)


def test_somebody_whose_account_ended_is_no_juror_and_no_member(
    app: Flask, grants: scene.Grants, clock: Clock
) -> None:
    from casefile.accounts.models import User

    call_id = scene.draft_call(app, grants)
    with scene.acting(app, grants.gina) as uow:
        uow.session.get_one(User, grants.jo.id).ends_at = uow.now - timedelta(days=1)
    with pytest.raises(CasefileError), scene.acting(app, grants.gina) as uow:
        calls.add_reviewer(uow, call_id, grants.jo.id)
    members = scene.fetched(app, lambda session: deciding.possible_members(session, clock()))
    assert grants.jo.id not in {one for one, _name in members}
