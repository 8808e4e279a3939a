from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import newsdesk
from tests.cast import add_evidence

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse

DRAFT = (
    "The works.\n\n[The second pier was paid for twice.](c:) Then [it cost 40 million](c:new).\n"
)


def test_a_story_is_begun_with_its_claims_numbered(browse: Browse, cast: Cast) -> None:
    ben = browse(cast.ben)

    where = ben.post(f"{cast.case.url}/stories/", title="Pier", language="en", body=DRAFT).location

    page = ben.get(where)
    assert [mark.text_content() for mark in page.find("//mark")] == [
        "The second pier was paid for twice.",
        "it cost 40 million",
    ]
    assert page.find("//li[@id='claim-1']")
    assert page.find("//mark[@id='c2']")
    assert page.find("//sup/a/@href") == ["#claim-1", "#claim-2"]
    assert "14 words" in page.main
    body = ben.get(f"{where}/texts/en").value("body")
    assert "[it cost 40 million](c:2)" in body
    assert "Number" in ben.get(f"{where}/claims/?category=number").main


def test_an_empty_story_comes_back_with_what_to_mend(browse: Browse, cast: Cast) -> None:
    page = browse(cast.ben).post(f"{cast.case.url}/stories/", 422, title="Pier", body=" ")

    assert "Fill this in." in page.problems()
    assert page.value("title") == "Pier"


def test_an_older_version_is_refused_with_both_texts(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.begin(app, cast)
    path = f"{newsdesk.url(cast, story)}/texts/en"
    browse(cast.eva).post(path, title="Eva", body="Says Eva.", version=1)

    page = browse(cast.ben).post(path, 409, title="Ben", body="Says Ben.", version=1)

    sides = [side.text_content() for side in page.find("//*[@class='both-body']")]
    assert sides == ["Says Eva.", "Says Ben."]
    assert page.value("body") == "Says Ben."
    assert page.value("version") == "2"
    assert "Says Eva." in browse(cast.ben).get(newsdesk.url(cast, story)).main


def test_two_languages_stand_side_by_side_with_the_same_claims(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.begin(app, cast)
    where = newsdesk.url(cast, story)
    browse(cast.ben).get(f"{where}/texts/ky")
    browse(cast.ben).post(
        f"{where}/texts/ky",
        title="Көпүрө",
        body="[Экинчи мамы эки жолу төлөнгөн.](c:1)",
        version=0,
    )

    page = browse(cast.cleo).get(f"{where}?lang=ky&beside=en")

    assert [one.get("lang") for one in page.find("//article[contains(@class,'prose')]")] == [
        "ky",
        "en",
    ]
    assert len(page.find("//mark")) == 2
    assert len(page.find("//li[@id='claim-1']")) == 1
    assert newsdesk.claim_of(app, cast, story).passages.keys() == {"en", "ky"}


def test_a_language_begun_by_two_people_at_once_is_kept_once(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.begin(app, cast)
    path = f"{newsdesk.url(cast, story)}/texts/ru"
    browse(cast.eva).post(path, title="Ева", body="Пишет Ева.", version=0)

    page = browse(cast.ben).post(path, 409, title="Бен", body="Пишет Бен.", version=0)

    assert "Пишет Ева." in page.main
    assert page.value("body") == "Пишет Бен."


def test_every_version_is_kept_and_compared(app: Flask, browse: Browse, cast: Cast) -> None:
    story = newsdesk.begin(app, cast)
    newsdesk.write(app, cast.eva, cast, story, "Another wording of it.")

    page = browse(cast.cleo).get(f"{newsdesk.url(cast, story)}/texts/en/versions/")

    assert "Eva Editor" in page.main
    assert page.find("//del") or page.find("//*[@data-kind='removed']")
    browse(cast.cleo).get(f"{newsdesk.url(cast, story)}/texts/en/versions/?from=1&to=9", 404)
    browse(cast.cleo).get(f"{newsdesk.url(cast, story)}/texts/xx/versions/", 404)


@pytest.mark.parametrize(
    "body", ["<script>alert(1)</script>", "[x](javascript:alert(1))", "![a](https://x.example/a)"]
)
def test_a_draft_runs_nothing_and_loads_nothing(
    app: Flask, browse: Browse, cast: Cast, body: str
) -> None:
    story = newsdesk.begin(app, cast, f"{body}\n\n[claimed](c:)")

    page = browse(cast.ben).get(newsdesk.url(cast, story))

    assert not page.find("//main//script")
    assert not page.find("//main//img")
    assert not page.find("//main//a[starts-with(@href, 'javascript')]")


def test_outlet_and_embargo_are_kept_in_the_zone_they_were_written_in(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.begin(app, cast)
    path = f"{newsdesk.url(cast, story)}/edit"
    ben = browse(cast.ben)
    ben.post(path, title="Pier", outlet="Bridge Weekly", embargo="2030-03-01T09:00", version=1)

    assert newsdesk.story(app, cast.ben, cast.case.id, story).embargo is not None
    page = ben.get(path)
    assert page.value("embargo") == "2030-03-01T09:00"
    assert "Bridge Weekly" in ben.get(newsdesk.url(cast, story)).main
    page = ben.post(path, 409, title="Mine", version=1)
    assert page.value("title") == "Mine"
    ben.post(path, 422, title="Pier", embargo="0001-01-01T00:00", version=2)


def test_stories_and_claims_are_found_by_members_and_nobody_else(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    body = "Nobody saw the gyroscope.\n\n[The tachometer was forged.](c:)"
    where = (
        browse(cast.ben)
        .post(f"{cast.case.url}/stories/", title="Zeppelin", language="en", body=body)
        .location
    )

    for word, kind in (("zeppelin", "story"), ("gyroscope", "story"), ("tachometer", "claim")):
        found = browse(cast.cleo).get(f"/search?q={word}&kind={kind}")
        assert found.find("//article/@data-kind") == [kind], word
    assert where in browse(cast.cleo).get("/search?q=gyroscope").html
    assert not browse(cast.dan).get("/search?q=gyroscope+OR+tachometer").find("//article")


def test_a_list_is_filtered_by_state_and_words(app: Flask, browse: Browse, cast: Cast) -> None:
    newsdesk.step(app, cast.ben, cast, newsdesk.begin(app, cast), "submit")
    newsdesk.begin(app, cast)

    def count(query: str) -> int:
        page = browse(cast.cleo).get(f"{cast.case.url}/stories/?{query}")
        return len(page.find("//li[@class='note-row']"))

    assert count("") == 2
    assert count("state=fact_check") == 1
    assert count("q=S-2") == 1
    assert count("q=nothing+like+it") == 0
    assert count("sort=title&state=made-up") == 2


def test_activity_names_what_happened_and_leads_to_the_story(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.proven(app, cast)

    page = browse(cast.cleo).get(f"{cast.case.url}/activity/")

    assert "Ben Writer began the story The pier" in page.main
    assert "gave a verdict on a claim of The pier" in page.main
    assert page.find(f"//a[@href='{newsdesk.url(cast, story)}']")


def test_a_draft_of_five_hundred_claims_is_shown_in_parts_and_a_thousand_and_one_refused(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    many = "\n\n".join(f"[Claim number {n} says so.](c:)" for n in range(500))
    story = newsdesk.begin(app, cast, many)
    where = newsdesk.url(cast, story)

    page = browse(cast.ben).get(where)

    assert "part 1 of" in page.main
    assert len(page.find("//mark")) < 60
    page = browse(cast.ben).get(f"{where}/claims/number/500", 302)
    assert "part=" in page.location
    assert browse(cast.ben).get(page.location.split("#")[0]).find("//mark[@id='c500']")
    more = "\n\n".join(f"[Another {n}.](c:)" for n in range(1001))
    page = browse(cast.ben).post(f"{where}/texts/en", 422, title="Pier", body=more, version=1)
    assert "at most 1,000 claims" in page.problems()
    assert page.value("body").startswith("[Another 0.]")
    assert len(newsdesk.story(app, cast.ben, cast.case.id, story).claims) == 500


def test_evidence_leads_to_the_claims_that_rest_on_it_and_back(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.begin(app, cast)
    newsdesk.support(app, cast.ben, cast, story)
    claim = newsdesk.claim_of(app, cast, story)

    page = browse(cast.cleo).get(f"{cast.case.url}/evidence/{cast.case.evidence}")

    assert "Claims that rest on it" in page.main
    assert page.find(f"//a[@href='{claim.url}']")
    assert "page 1" in page.main
    other = add_evidence(app, cast.ben, cast.case.id, "other.txt", b"Nothing rests on this.")
    assert (
        "Claims that rest on it"
        not in browse(cast.cleo).get(f"{cast.case.url}/evidence/{other}").main
    )
