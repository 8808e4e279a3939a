from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from casefile.policy import GRANT_ROLES
from tests import newsdesk
from tests.access_matrix import ROWS, add_factor, fill, invite
from tests.cast import resources_of
from tests.intruder import actions, user_row, writing
from tests.sources_scene import add_source
from tests.strict_browser import StrictBrowser

if TYPE_CHECKING:
    from flask import Flask

    from casefile.uow import Resources
    from tests.cast import Actor, Cast
    from tests.strict_browser import Browse

ONCE = re.compile("{(token|renewal)}")
# Nobody of the cast has an applicant's link or is asked for a verdict: those are looked at in tests of
# their own, with somebody who does and is.
OF_ONE_PERSON = ("/apply/applications/", "/cases/{case}/milestones/{milestone}/verdict")
UNSAFE = [
    (url, answers)
    for method, url, answers in ROWS
    if method == "POST" and not url.startswith(OF_ONE_PERSON)
]
ELSEWHERE = (
    {"Origin": "https://elsewhere.example"},
    {"Origin": "http://localhost.elsewhere.example"},
    {"Origin": "http://localhost:8001"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "same-origin"},
)
WORDS = {
    "title": "Forged",
    "body": "Forged",
    "name": "Forged",
    "username": "dan",
    "role": "lead",
    "roles": "admin",
    "theme": "dark",
    "timezone": "",
    "version": "1",
    "status": "closed",
    "shows": "Forged",
}


def _who_may(app: Flask, cast: Cast, url: str, answers: tuple[int, ...]) -> Actor:
    """Return somebody whom this route lets in; for routes of the grants Dan is given their roles."""
    if url.startswith("/grants/"):
        with writing(app) as session:
            user_row(session, cast.dan).roles = " ".join(sorted(GRANT_ROLES))
        return cast.dan
    if "/milestones/" in url:
        return cast.eva
    return cast.ada if answers[0] == 403 else cast.ann


@pytest.mark.parametrize(("url", "answers"), UNSAFE, ids=lambda value: str(value)[:60])
def test_no_change_happens_without_a_token_of_this_very_session(
    app: Flask, resources: Resources, browse: Browse, cast: Cast, url: str, answers: tuple[int, ...]
) -> None:
    invitation, token = invite(resources, cast)
    path = fill(url, cast, invitation=invitation, token=token)
    browser = browse(_who_may(app, cast, url, answers))
    of_another = browse(cast.ben).token()
    of_nobody = browse().token()
    browser.get("/")
    before = [action for action in actions(app) if action != "request.refused"]

    for wrong in ("", "nonsense", "é" * 40, of_another, of_nobody, f"{browser.token()}x"):
        page = (
            browser.post(path, 400, token=wrong or None, fields=WORDS)
            if wrong
            else _bare(browser, path)
        )
        assert "Nothing was changed" in page.text

    after = [action for action in actions(app) if action != "request.refused"]
    assert after == before


def _bare(browser: StrictBrowser, path: str):  # noqa: ANN202
    return browser.post(path, 400, token="", fields=WORDS)


@pytest.mark.parametrize(("url", "answers"), UNSAFE, ids=lambda value: str(value)[:60])
def test_no_change_comes_from_another_site_even_with_the_token(
    app: Flask, resources: Resources, browse: Browse, cast: Cast, url: str, answers: tuple[int, ...]
) -> None:
    invitation, token = invite(resources, cast)
    browser = browse(_who_may(app, cast, url, answers))
    browser.get("/")
    path = fill(url, cast, invitation=invitation, token=token)

    for headers in ELSEWHERE:
        page = browser.post(path, 400, fields=WORDS, headers=headers)
        assert "another site" in page.text


def test_a_page_of_ours_may_name_itself_as_the_origin(browse: Browse, cast: Cast) -> None:
    for headers in ({"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin"}):
        browse(cast.ben).post(f"{cast.case.url}/notes/", title="Mine", body="Mine", headers=headers)


def test_a_script_may_send_the_token_in_a_header(browse: Browse, cast: Cast) -> None:
    browser = browse(cast.ben)
    headers = {"X-CSRFToken": browser.token()}

    page = browser.post(
        f"{cast.case.url}/notes/preview", 200, token="", body="*x*", headers=headers
    )

    assert "<em>x</em>" in page.html


def test_a_token_from_before_signing_in_is_of_no_use_after(app: Flask, cast: Cast) -> None:
    browser = StrictBrowser(app)
    before = browser.token()
    browser.post("/sign-in", username="ben", password=cast.ben.password)

    browser.post(f"{cast.case.url}/notes/", 400, token=before, title="x", body="x")


def test_reading_changes_nothing(app: Flask, browse: Browse, cast: Cast) -> None:
    given = {
        "factor": add_factor(resources_of(app), cast),
        "source": add_source(app, cast.ann, cast.case.id),
        **newsdesk.things(app, cast),
    }
    for method, url, answers in ROWS:
        if method == "GET" and answers[0] in {200, 302} and not ONCE.search(url):
            browse(cast.ann).get(fill(url, cast, **given), answers[0])

    looked = {
        "session.opened",
        "evidence.viewed",
        "evidence.downloaded",
        "source.identity_opened",
        "story.dossier_opened",
        "story.exported",
    }
    made = actions(app)
    start = len(made) - made[::-1].index("session.opened")
    assert set(made[start:]) <= looked
