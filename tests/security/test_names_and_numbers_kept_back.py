"""Whom the grants never name, and which numbers a donor is not told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casefile.grants import organisations, programmes
from casefile.grants.states import OrganisationRole
from tests import grants_scene as scene

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast, Clock
    from tests.strict_browser import Browse

BLANK = {"legal_form": "", "region": "", "iati_identifier": "", "kind": "newsroom"}


def test_nobody_of_the_newsroom_is_found_or_named_by_their_username(
    app: Flask, browse: Browse, cast: Cast, grants: scene.Grants
) -> None:
    with scene.acting(app, grants.gina) as uow:
        own = organisations.create(uow, {"name": "Fund", **BLANK})
    where = f"/grants/organisations/{own.id}"
    gina = browse(grants.gina)
    told = []
    for username in (cast.ann.username, "nobody-at-all"):
        told.append(gina.post(f"{where}/people", 404, fields={"username": username}).main)
        assert cast.ann.name not in gina.get(where).text
    assert told[0] == told[1]
    gina.post(f"{where}/people", fields={"username": "jan"})
    assert grants.jan.name in gina.get(where).text


def test_a_donor_sees_no_staff_and_no_number_that_tells_of_single_ones(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock
) -> None:
    with scene.acting(app, grants.gina) as uow:
        own = organisations.create(uow, {"name": "Fund", **BLANK})
        organisations.affiliate(uow, own.id, "don")
        organisations.affiliate(uow, own.id, "jan")
        programmes.add_organisation(uow, grants.programme, own.id, OrganisationRole.FUNDING)
    call_id = scene.open_call(app, grants, clock, sealed_until_close=False)
    for _one in range(3):
        scene.apply(app, call_id)
    don, gina = browse(grants.don), browse(grants.gina)

    assert grants.jan.name not in don.get(f"/grants/organisations/{own.id}").text
    page = don.get(f"/grants/calls/{call_id}").main
    assert "Applications submitted: 1–4." in page
    assert "27,000" not in page
    assert "3 applications submitted" in gina.get(f"/grants/calls/{call_id}").main
    for _one in range(2):
        scene.apply(app, call_id)
    page = don.get(f"/grants/calls/{call_id}").main
    assert "Applications submitted: 5." in page
    assert "$45,000.00" in page
