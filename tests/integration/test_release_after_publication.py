"""What a published story knows fills in the release, and offers what could not be opened before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from casefile.grants.award_models import Payment
from casefile.milestones import counting, published, service
from casefile.milestones.content import Entered, band
from casefile.notices.models import Notice
from casefile.stories.records import Publication, Reply
from tests import newsdesk
from tests.cast import change, open_case, resources_of
from tests.grant_cast import (
    ATTESTED,
    active,
    codename_of,
    link,
    make_team,
    milestone_ids,
    prepare,
    release,
    step,
)
from tests.sources_scene import new_source

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse

AT = "2026-11-20T10:00:00+00:00"
OUT = Publication("https://outlet.example/pier", "Weekly", AT, "UTC", "ru", page_sha256="ab" * 32)


def test_a_publication_fills_in_the_page_and_offers_to_open_the_commitment(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    resources = resources_of(app)
    award_id = active(
        resources, make_team(resources, cast), [step("Base", 50, "E3"), step("Out", 50, "E0")]
    )
    link(app, cast, award_id)
    base, out = milestone_ids(resources, award_id)
    release(app, cast, base, Entered(committed_to=f"note:{cast.case.note}"))
    offers = f"{cast.case.url}/milestones/{base}"
    edit = f"{cast.case.url}/milestones/{out}/edit"
    assert "you can open this commitment now" not in browse(cast.eva).get(offers).text
    assert browse(cast.eva).get(edit).value("url") == ""
    story = newsdesk.approved(app, cast)

    newsdesk.step(app, cast.eva, cast, story, "publish", publication=OUT)

    page = browse(cast.eva).get(edit)
    told = {name: page.value(name) for name in ("url", "outlet", "published_on", "page_sha256")}
    assert told == {
        "url": OUT.url,
        "outlet": "Weekly",
        "published_on": "2026-11-20",
        "page_sha256": "ab" * 32,
    }
    assert page.find("//select[@name='language']/option[@selected]/@value") == ["ru"]
    assert "you can open this commitment now" in browse(cast.eva).get(offers).text
    with resources.database.reading() as session:
        told = session.scalars(select(Notice).where(Notice.kind == "commitment.waits")).all()
    label = f"{codename_of(resources, award_id)} M1"
    assert [(one.user_id, one.label, one.path) for one in told] == [(cast.eva.id, label, offers)]
    assert "A commitment can be opened" in browse(cast.eva).get("/notices/").text


def test_nobody_hears_of_a_commitment_that_is_open_or_of_another_case(
    app: Flask, cast: Cast
) -> None:
    resources = resources_of(app)
    team = make_team(resources, cast)
    award_id = active(resources, team, [step("Base", 50, "E3"), step("Check", 50, "E2")])
    link(app, cast, award_id)
    base, check = milestone_ids(resources, award_id)
    made = release(app, cast, base, Entered(committed_to=f"note:{cast.case.note}"))
    release(app, cast, check)
    change(app, cast.eva, cast.case.id, lambda u, c: service.open_commitment(u, c, made))

    newsdesk.step(app, cast.eva, cast, newsdesk.approved(app, cast), "publish", publication=OUT)

    with resources.database.reading() as session:
        kinds = session.scalars(select(Notice.kind)).all()
    assert "commitment.waits" not in kinds


def test_words_that_name_a_source_are_pointed_out_before_they_are_released(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    resources = resources_of(app)
    award_id = active(resources, make_team(resources, cast), [step("Work", 100, "E2")])
    link(app, cast, award_id)
    [milestone] = milestone_ids(resources, award_id)
    at = new_source(app, cast.ann, cast.case.id)
    prepare(app, cast, milestone, replace(ATTESTED, words=f"{at.codename} met us twice."))

    page = browse(cast.eva).get(f"{cast.case.url}/milestones/{milestone}")

    assert f"{at.codename} is named in this text" in page.main


def test_rights_of_reply_count_as_information_requests(app: Flask, cast: Cast) -> None:
    story = newsdesk.begin(app, cast)
    sent = datetime.now(UTC) - timedelta(hours=2)
    now, later = sent.isoformat(), (sent + timedelta(hours=1)).isoformat()
    newsdesk.ask_for_reply(
        app,
        cast,
        story,
        Reply(
            "The contractor",
            "letter",
            "Who paid?",
            now,
            later,
            "UTC",
            "Nobody.",
            later,
            "no_change",
        ),
    )
    case = open_case(app, cast.eva, cast.case.id)
    with resources_of(app).database.reading() as session:
        assert published.requests(session, case) == (1, 1)
        bands = counting.bands(counting.counted(session, case, "Asia/Bishkek"))
    assert bands["requests_sent"] == bands["requests_answered"] == "1–4"


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0"), (1, "1–4"), (4, "1–4"), (5, "5–9"), (9, "5–9"), (10, "10–19"), (19, "10–19"), (20, "20+"), (900, "20+")],
)  # fmt: skip
def test_bands(count: int, said: str) -> None:
    assert band(count) == said


def test_every_payment_waits_for_its_milestone(app: Flask, cast: Cast) -> None:
    resources = resources_of(app)
    award_id = active(resources, make_team(resources, cast))
    with resources.database.reading() as session:
        states = session.scalars(select(Payment.state).where(Payment.award_id == award_id)).all()
    assert states == ["scheduled"] * 5
