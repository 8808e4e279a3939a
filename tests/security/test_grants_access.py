from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from casefile.policy import ROLE_GRANTS
from casefile.web import mark
from tests import grants_scene as scene
from tests.access_matrix import NOWHERE, ROWS, fill

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast, Clock
    from tests.strict_browser import Browse, Page

OURS = [(method, url) for method, url, _answers in ROWS if url.startswith("/grants/")]
CASES = [(method, url) for method, url, _answers in ROWS if "{case}" in url]


def _body(page: Page) -> str:
    return re.sub(r'(name="csrf_token" value=")[^"]+', r"\1", page.html)


@pytest.mark.parametrize("name", ["gina", "dora", "jo", "finn", "don"])
def test_whoever_lacks_the_permission_sees_403_and_nobody_with_it_does(
    app: Flask, browse: Browse, cast: Cast, grants: scene.Grants, name: str
) -> None:
    adapter = app.url_map.bind("localhost")
    allowed = ROLE_GRANTS[scene.ROLES[name]]
    browser = browse(getattr(grants, name))
    for method, url in OURS:
        address = fill(url, cast)
        found = mark(app.view_functions[adapter.match(address, method)[0]])
        assert found is not None
        page = (
            browser.get(address, None)
            if method == "GET" and found.permission in allowed and str(NOWHERE) not in address
            else None
        )
        if page is not None:
            assert page.status < 400, url
        elif found.permission not in allowed:
            (browser.get if method == "GET" else browser.post)(address, 403)
        elif "{nowhere}" in url:
            (browser.get if method == "GET" else browser.post)(address, 404)


@pytest.mark.parametrize("name", ["gina", "dora", "jo", "finn", "don"])
def test_the_newsroom_is_not_there_for_anybody_of_the_grant_side(
    browse: Browse, cast: Cast, grants: scene.Grants, name: str
) -> None:
    browser = browse(getattr(grants, name))
    for method, url in CASES:
        ask = browser.get if method == "GET" else browser.post
        theirs = ask(fill(url, cast), 404)
        nothing = ask(fill(url, cast, case=_nowhere(cast)), 404)
        assert _body(theirs) == _body(nothing)
        assert cast.case.codename not in theirs.html
    assert cast.case.codename not in browser.get("/", None).html
    browser.get("/search?q=pier", 404)


def _nowhere(cast: Cast) -> object:
    from tests.cast import Scene

    return Scene(NOWHERE, "", NOWHERE, NOWHERE, {"cleo": NOWHERE})


def test_the_newsroom_cannot_tell_a_grant_thing_from_none(
    app: Flask, browse: Browse, cast: Cast, grants: scene.Grants, clock: Clock
) -> None:
    call_id = scene.open_call(app, grants, clock, sealed_until_close=False)
    row_id, _token = scene.apply(app, call_id)
    for person in (cast.ann, cast.eva, cast.ada):
        browser = browse(person, fresh=True)
        for url in ("programmes", "calls", "applications"):
            known = {"programmes": grants.programme, "calls": call_id, "applications": row_id}[url]
            there = browser.get(f"/grants/{url}/{known}", 404)
            nothing = browser.get(f"/grants/{url}/{NOWHERE}", 404)
            unrouted = browser.get("/grants/nothing-of-the-kind", 404)
            assert _body(there) == _body(nothing) == _body(unrouted)
        assert "Grants" not in browser.get("/").find("//nav")[0].text_content()


def test_ids_of_one_programme_or_call_are_not_found_under_another(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock
) -> None:
    from casefile.grants import calls, programmes

    with scene.acting(app, grants.gina) as uow:
        other = programmes.create(uow, scene.programme_values(code="OTHER"), {}).id
        values = {
            "name": "Course",
            "kind": "course",
            "audience": "",
            "recurrence": "annual",
            "since": 2020,
        }
        part = programmes.add_component(uow, grants.programme, values).id
    first, second = scene.draft_call(app, grants), scene.draft_call(app, grants)
    with scene.acting(app, grants.gina) as uow:
        calls.add_reviewer(uow, first, grants.jo.id)
        reviewer = calls.reviewers(uow.session, first)[0][0].id
    gina = browse(grants.gina)

    gina.get(f"/grants/programmes/{other}/components/{part}", 404)
    gina.post(
        f"/grants/programmes/{other}/components/{part}/editions", 404, fields={"year": "2021"}
    )
    gina.post(f"/grants/calls/{second}/reviewers/{reviewer}/void", 404, fields={"reason": "x"})


def test_a_juror_sees_nothing_of_calls_they_do_not_review(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock
) -> None:
    call_id = scene.open_call(app, grants, clock)
    row_id, _token = scene.apply(app, call_id)
    scene.in_review(app, grants, clock, call_id, [row_id], grants.jo)
    jan = browse(grants.jan, fresh=True)

    for what in ("review", "interests"):
        jan.get(f"/grants/applications/{row_id}/{what}", 404)
        jan.post(f"/grants/applications/{row_id}/{what}", 404, fields={"conflict": "no"})
    jan.get(f"/grants/applications/{row_id}", 403)
    jan.get(f"/grants/applications/{row_id}/annexes/{NOWHERE}", 404)
    assert "Nothing to review" in jan.get("/grants/reviews/").main


def test_a_donor_sees_the_programmes_of_their_organisation_only(
    app: Flask, browse: Browse, grants: scene.Grants
) -> None:
    from casefile.grants import organisations, programmes
    from casefile.grants.states import OrganisationRole

    don = browse(grants.don)
    don.get(f"/grants/programmes/{grants.programme}", 404)
    assert "Track of the river" not in don.get("/grants/programmes/").main
    blank = {"legal_form": "", "region": "", "iati_identifier": "", "kind": "donor"}
    with scene.acting(app, grants.gina) as uow:
        fund = organisations.create(uow, {"name": "Northern Fund", **blank}).id
        programmes.add_organisation(uow, grants.programme, fund, OrganisationRole.FUNDING)
        organisations.affiliate(uow, fund, "don")

    don.get(f"/grants/programmes/{grants.programme}")
    assert "Track of the river" in don.get("/grants/").main
    don.get("/grants/applications/", 403)


def test_links_cannot_be_guessed_and_guessing_is_slowed_down(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock
) -> None:
    call_id = scene.open_call(app, grants, clock)
    _row_id, token = scene.apply(app, call_id, submit=False)
    stranger = browse()

    stranger.get(f"/apply/applications/{token}")
    for wrong in (
        token[:-1],
        token + "A",
        token.swapcase(),
        "0" * 43,
        str(UUID(int=1)),
        "%00",
        "é",
    ):
        stranger.get(f"/apply/applications/{wrong}", 404)
    for _try in range(40):
        answer = (
            stranger.get("/apply/applications/guess", None if _try else 404)
            if _try == 0
            else stranger.client.get("/apply/applications/guess", base_url="http://localhost")
        )
    status = answer.status_code if hasattr(answer, "status_code") else answer.status
    assert status == 429
    stranger.get(f"/apply/applications/{token}")
    clock.forward(minutes=11)
    stranger.get("/apply/applications/guess", 404)
