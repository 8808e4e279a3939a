from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests import newsdesk
from tests.access_matrix import NOWHERE, PEOPLE, ROWS, add_factor, fill, invite, renew
from tests.cast import Scene
from tests.sources_scene import add_source

if TYPE_CHECKING:
    from flask import Flask

    from casefile.uow import Resources
    from tests.cast import Cast
    from tests.strict_browser import Browse, Page, StrictBrowser

READING = [(url, answers) for method, url, answers in ROWS if method == "GET"]
CHANGING = [
    pytest.param(url, name, status, id=f"{url} {name}")
    for method, url, answers in ROWS
    if method == "POST"
    for name, status in zip(PEOPLE, answers, strict=True)
]
NOTHING = Scene(NOWHERE, "", NOWHERE, NOWHERE, {"cleo": NOWHERE})
IN_A_CASE = [(method, url) for method, url, _statuses in ROWS if "{case}" in url]
OF_A_THING = [(m, url) for m, url in IN_A_CASE if re.search(r"\{(note|evidence|seat)\}", url)]


def _ask(browser: StrictBrowser, method: str, url: str, status: int) -> Page:
    return browser.get(url, status) if method == "GET" else browser.post(url, status)


@pytest.mark.parametrize(("url", "answers"), READING, ids=[url for url, _answers in READING])
def test_a_page_answers_each_person_as_the_matrix_says(
    app: Flask,
    browse: Browse,
    resources: Resources,
    cast: Cast,
    url: str,
    answers: tuple[int, ...],
) -> None:
    _invitation, token = invite(resources, cast)
    given: dict[str, object] = {"token": token, "renewal": renew(resources, cast)}
    if "{factor}" in url:
        given["factor"] = add_factor(resources, cast)
    if "{source}" in url:
        given["source"] = add_source(app, cast.ann, cast.case.id)
    if "{story}" in url:
        given.update(newsdesk.things(app, cast))
    for name, status in zip(PEOPLE, answers, strict=True):
        page = _person(browse, cast, name).get(fill(url, cast, **given), status)
        if status == 302 and name == "nobody":
            assert page.location.startswith("/sign-in")


@pytest.mark.parametrize(("url", "name", "status"), CHANGING)
def test_a_change_answers_each_person_as_the_matrix_says(
    app: Flask,
    browse: Browse,
    resources: Resources,
    cast: Cast,
    url: str,
    name: str,
    status: int,
) -> None:
    invitation, token = invite(resources, cast)
    given: dict[str, object] = {"invitation": invitation, "token": token}
    if "{factor}" in url:
        given["factor"] = add_factor(resources, cast)
    if "{source}" in url:
        given["source"] = add_source(app, cast.ann, cast.case.id)
    given["renewal"] = renew(resources, cast)
    if "{story}" in url:
        given.update(newsdesk.things(app, cast))
    if "{session}" in url:
        browse(cast.ann).get("/account/sessions")
        page = browse(cast.ann, fresh=True).get("/account/sessions")
        given["session"] = re.findall(r"/account/sessions/([0-9a-f-]{36})/delete", page.html)[0]

    page = _person(browse, cast, name).post(fill(url, cast, **given), status)

    if status == 302:
        assert page.location.startswith("/sign-in")


def _person(browse: Browse, cast: Cast, name: str) -> StrictBrowser:
    return browse() if name == "nobody" else browse(getattr(cast, name))


@pytest.mark.parametrize(("method", "url"), OF_A_THING)
def test_the_things_of_one_case_are_not_found_under_another(
    browse: Browse, cast: Cast, method: str, url: str
) -> None:
    theirs_in_mine = fill(url, cast, cast.case, things=cast.other)
    mine_in_theirs = fill(url, cast, cast.other, things=cast.case)

    for person, here in ((cast.ann, theirs_in_mine), (cast.dan, mine_in_theirs)):
        fields = {"version": "1", "title": "Taken", "body": "Taken", "role": "lead"}
        if method == "GET":
            browse(person).get(here, 404)
        else:
            browse(person).post(here, 404, fields=fields)
    assert "Taken" not in browse(cast.ann).get(f"{cast.case.url}/notes/").text
    assert "Taken" not in browse(cast.dan).get(f"{cast.other.url}/notes/").text


def _body(page: Page) -> str:
    """Return a page without its forgery tokens, which differ each time."""
    return re.sub(r'(name="csrf_token" value=")[^"]+', r"\1", page.html)


@pytest.mark.parametrize(("method", "url"), IN_A_CASE)
def test_an_outsider_cannot_tell_a_case_of_others_from_none(
    browse: Browse, cast: Cast, method: str, url: str
) -> None:
    for person in (cast.dan, cast.ada):
        theirs = _ask(browse(person), method, fill(url, cast), 404)
        nothing = _ask(browse(person), method, fill(url, cast, case=NOTHING), 404)

        assert _body(theirs) == _body(nothing)
        assert sorted(theirs.headers.keys()) == sorted(nothing.headers.keys())
        assert cast.case.codename not in theirs.html
