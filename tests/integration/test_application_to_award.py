from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from casefile.grants import deciding
from casefile.grants.award_models import Award
from casefile.grants.money import Money
from casefile.grants.states import ApplicationState
from tests import grants_scene as scene

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Clock
    from tests.strict_browser import Browse, Page


def decided(app: Flask, grants: scene.Grants, clock: Clock, *amounts: str) -> tuple[UUID, list]:
    """Decide a call: one application for each amount, awarded as much; the last one is turned down."""
    call_id = scene.open_call(app, grants, clock, reviews_wanted=1)
    ids = [scene.apply(app, call_id)[0] for _one in (*amounts, "no")]
    scene.in_review(app, grants, clock, call_id, ids, grants.jo)
    for row_id in ids:
        scene.declare(app, grants.jo, row_id)
        scene.review(app, grants.jo, row_id, (4, 4))
        scene.recommend(app, grants, row_id)
    outcomes = [(ApplicationState.AWARDED, Money(Decimal(one), "USD")) for one in amounts]
    lines = [
        deciding.Line(row_id, outcome, amount, "A reason.", "")
        for row_id, (outcome, amount) in zip(
            ids, [*outcomes, (ApplicationState.REJECTED, None)], strict=True
        )
    ]
    scene.decide(app, grants.dora, call_id, [grants.jan], *lines)
    return call_id, ids


def form_of(page: Page) -> dict[str, str]:
    """Return what stands filled in."""
    found = {
        box.get("name"): box.get("value") or ""
        for box in page.find("//main//form//input[@name!='csrf_token']")
    }
    for box in page.find("//main//form//textarea"):
        found[box.get("name")] = (box.text or "").strip()
    for box in page.find("//main//form//select"):
        chosen = box.xpath("option[@selected]/@value") or box.xpath("option/@value")
        found[box.get("name")] = chosen[0]
    return found


def test_an_awarded_application_becomes_an_award_in_two_clicks(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock
) -> None:
    call_id, (row_id, turned_down) = decided(app, grants, clock, "8500.00")
    gina, dora = browse(grants.gina), browse(grants.dora)

    offered = gina.get(f"/grants/calls/{call_id}/decision").find(
        "//a[contains(.,'Make the award')]"
    )
    assert len(offered) == 1
    assert gina.get(f"/grants/applications/{row_id}").find("//a[contains(.,'Make the award')]")
    assert not dora.get(f"/grants/applications/{row_id}").find("//a[contains(.,'Make the award')]")
    typed = form_of(gina.get(offered[0].get("href")))
    assert (typed["amount"], typed["currency"]) == ("8500.00", "USD")
    assert typed["programme_id"] == str(grants.programme)
    made = gina.post("/grants/awards/", fields=typed)

    award = scene.fetched(
        app, lambda session: session.get(Award, UUID(made.location.rpartition("/")[2]))
    )
    assert (award.application_id, award.call_id) == (row_id, call_id)
    page = gina.get(f"/grants/applications/{row_id}")
    assert page.find("//a[contains(.,'Open the award')]")
    assert (
        "award for this application already"
        in gina.post("/grants/awards/", 409, fields={**typed, "codename": "other"}).text
    )
    gina.get(f"/grants/awards/new?application={row_id}", 409)
    gina.get(f"/grants/awards/new?application={turned_down}", 409)
    gina.get(f"/grants/awards/new?application={scene.uuid4()}", 404)


def test_an_award_keeps_within_its_decision_its_call_and_its_envelope(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock
) -> None:
    call_id, ids = decided(app, grants, clock, "9000.00", "9000.00")
    gina = browse(grants.gina)
    typed = [form_of(gina.get(f"/grants/awards/new?application={one}")) for one in ids[:2]]

    too_much = gina.post("/grants/awards/", 422, fields={**typed[0], "amount": "9000.01"})
    assert "The decision gives 9000.00 USD" in too_much.text
    assert form_of(too_much)["codename"] == typed[0]["codename"]
    gina.post("/grants/awards/", fields=typed[0])
    with scene.acting(app, grants.gina) as uow:
        from casefile.grants.call_models import Call

        call = uow.session.get_one(Call, call_id)
        call.envelope, call.maximum = Decimal("15000.00"), Decimal("8000.00")
    over = gina.post("/grants/awards/", 422, fields=typed[1])
    assert "at most 8000.00 USD for one award" in over.text
    spent = gina.post("/grants/awards/", 422, fields={**typed[1], "amount": "7000.00"})
    assert "Only 6000.00 USD of the call's envelope are left" in spent.text
    mixed = gina.post(
        "/grants/awards/", 422, fields={**typed[1], "amount": "60.00", "currency": "EUR"}
    )
    assert "EUR and USD cannot be added or compared" in mixed.text
    gina.post("/grants/awards/", fields={**typed[1], "amount": "6000.00"})
