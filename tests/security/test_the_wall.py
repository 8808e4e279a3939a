"""Grant people learn a codename and what an editor released. Everything they can reach is searched."""

from __future__ import annotations

import io
import re
import statistics
import time
import zipfile
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from casefile.grants.award_models import Milestone
from casefile.milestones.content import Entered
from casefile.notices import outbox
from casefile.notices.ticking import tick
from casefile.uow import UnitOfWork
from casefile.web import mark
from tests.cast import add_evidence, add_note, resources_of
from tests.grant_cast import (
    POINTS,
    Team,
    active,
    give_bank,
    link,
    make_team,
    milestone_ids,
    payment_of,
    release,
    step,
    version,
)
from tests.mail_server import MailServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from flask import Flask

    from casefile.uow import Resources
    from tests.cast import Actor, Cast
    from tests.strict_browser import Browse

PLANTED = ("zubrowka", "quixotry", "vermilion", "xylograph", "marzipan")
NUMBER = re.compile(r'(name="csrf_token" value=")[^"]+')


@pytest.fixture
def post() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.stop()


@pytest.fixture
def app(make_app: Callable[..., Flask], post: MailServer) -> Flask:
    return make_app(
        smtp_url=f"smtp+plain://127.0.0.1:{post.port}", mail_from="casefile@newsroom.example"
    )


@pytest.fixture
def resources(app: Flask) -> Resources:
    return resources_of(app)


@pytest.fixture
def team(resources: Resources, cast: Cast) -> Team:
    return make_team(resources, cast)


@pytest.fixture
def award(app: Flask, resources: Resources, cast: Cast, team: Team) -> UUID:
    """An award linked to a case full of words that must never cross, with a release and a payment."""
    add_note(app, cast.ben, cast.case.id, "Title zubrowka", "Body quixotry [E-1]", "vermilion")
    add_evidence(app, cast.ben, cast.case.id, "xylograph.txt", b"text marzipan", "shows marzipan")
    steps = [step("Contract", 40), step("Base", 40, "E1", "E2", "E3", "E6"), step("Last", 20, "E2")]
    award_id = active(resources, team, steps)
    give_bank(resources, team, award_id)
    link(app, cast, award_id)
    released = Entered(
        points=POINTS,
        words="All on time.",
        committed_to=f"note:{cast.case.note}",
        amount="100",
        currency="USD",
        heading="Travel",
        month="2026-10",
        payee="zubrowka",
    )
    release(app, cast, milestone_ids(resources, award_id)[1], released)
    return award_id


def secrets_of(cast: Cast) -> tuple[str, ...]:
    people = (
        "Ann Lead",
        "Ben Writer",
        "Eva Editor",
    )  # Cleo can be asked as a verifier: that is her role
    ids = (str(cast.case.id), str(cast.case.note), str(cast.case.evidence), str(cast.eva.id))
    return (*PLANTED, cast.case.codename, "Pier", "pier was paid", "ledger", *people, *ids)


def texts(content: bytes) -> str:
    """Return what is in an answer, also inside a workbook."""
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            return "\n".join(opened.read(name).decode() for name in opened.namelist())
    return content.decode("utf-8", "replace")


def grant_people(team: Team) -> list[Actor]:
    return [team.mira, team.fiona, team.dora]


def test_no_page_export_or_error_of_a_grant_person_holds_a_word_of_the_newsroom(
    app: Flask, browse: Browse, resources: Resources, cast: Cast, team: Team, award: UUID
) -> None:
    milestones = milestone_ids(resources, award)
    given = {
        "award_id": award,
        "payment_id": payment_of(resources, milestones[1]).id,
        "programme_id": team.programme,
        "case_id": cast.case.id,
        "note_id": cast.case.note,
        "item_id": cast.case.evidence,
        "submission_id": uuid4(),
        "ending": "xlsx",
    }
    looked = 0
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.endpoint in {"static", "bootstrap.static"}:
            continue
        found = mark(app.view_functions[rule.endpoint])
        assert found is not None
        wanted = {name: given.get(name, uuid4()) for name in rule.arguments}
        for milestone in milestones if "milestone_id" in wanted else [None]:
            if milestone is not None:
                wanted["milestone_id"] = milestone
            with app.test_request_context():
                try:
                    url = app.url_map.bind("localhost").build(rule.endpoint, wanted)
                except Exception:  # noqa: BLE001, S112 - an argument that is no id: a token, a name
                    continue
            for person in grant_people(team):
                answer = browse(person).client.get(url, base_url="http://localhost")
                assert answer.status_code < 500, url
                body = texts(answer.data) + str(answer.headers)
                for word in secrets_of(cast):
                    assert word not in body.replace(url, ""), (
                        f"{url} shows {word} to {person.username}"
                    )
                looked += 1
    assert looked > 100


def test_search_and_suggestions_find_nothing(
    browse: Browse, cast: Cast, team: Team, award: UUID
) -> None:
    browse(cast.ben).get("/search?q=quixotry")
    for word in PLANTED:
        page = browse(team.mira).get(f"/search?q={word}")
        assert page.find("//*[@data-total='0']")
        told = browse(team.mira).get(f"/search/complete?q={word[:4]}")
        assert word not in texts(told.content)


def test_mail_notices_and_calendar_carry_codename_and_number_only(
    browse: Browse, resources: Resources, cast: Cast, team: Team, award: UUID, post: MailServer
) -> None:
    with UnitOfWork(resources, team.mira.id, team.mira.bundle) as uow:
        outbox.choose_address(uow, "mira@grants.example")
    milestone = milestone_ids(resources, award)[1]
    base = version(resources, Milestone, milestone)
    browse(team.max).post(f"/grants/milestones/{milestone}/accept", version=base)
    link_page = browse(team.mira).post("/account/notices/calendar", 200)
    found = re.search(r"/calendar/[\w-]{43}\.ics", link_page.text)
    assert found
    tick(resources)

    everything = [
        browse().get(found[0]).content.decode(),
        browse(team.mira).get("/notices/").html,
        *(text for _to, text in post.box.mails),
    ]

    assert "M2" in everything[0]
    assert len(everything) == 3
    for word in secrets_of(cast):
        assert word not in "".join(everything)


def test_ids_of_the_newsroom_are_nothing_on_the_other_side_and_back(
    browse: Browse, resources: Resources, cast: Cast, team: Team, award: UUID
) -> None:
    milestone = milestone_ids(resources, award)[1]
    for thing in (cast.case.id, cast.case.note, cast.case.evidence, award):
        for place in ("payments", "milestones"):
            browse(team.mira).get(f"/grants/{place}/{thing}", 404)
    for place in (
        "",
        "notes/",
        "milestones/",
        f"milestones/{milestone}",
        f"notes/{cast.case.note}",
    ):
        browse(team.mira).get(f"{cast.case.url}/{place}", 404)
        browse(team.mira).get(f"/cases/{award}/{place}", 404)
    for url in (f"/grants/awards/{award}", f"/grants/milestones/{milestone}", "/grants/overview"):
        for person in (cast.ann, cast.eva, cast.ada):
            browse(person).get(url, 404)


def _body(html: str) -> str:
    return NUMBER.sub(r"\1", html)


def test_what_is_there_and_what_is_not_answer_alike_across_the_wall(
    browse: Browse, resources: Resources, cast: Cast, team: Team, award: UUID
) -> None:
    milestone = milestone_ids(resources, award)[1]
    pairs = [
        (cast.eva, f"/grants/awards/{award}", f"/grants/awards/{uuid4()}"),
        (cast.eva, f"/grants/milestones/{milestone}", f"/grants/milestones/{uuid4()}"),
        (team.mira, f"{cast.case.url}/milestones/", f"/cases/{uuid4()}/milestones/"),
        (team.mira, f"{cast.case.url}/notes/{cast.case.note}", f"{cast.case.url}/notes/{uuid4()}"),
    ]
    for person, there, nowhere in pairs:
        one, other = browse(person).get(there, 404), browse(person).get(nowhere, 404)
        assert _body(one.html) == _body(other.html)
        assert sorted(one.headers.keys()) == sorted(other.headers.keys())


@pytest.mark.slow
def test_a_guess_across_the_wall_takes_as_long_as_a_hit(
    browse: Browse, cast: Cast, team: Team, award: UUID
) -> None:
    def spent(url: str) -> float:
        begun = time.perf_counter()
        browse(team.mira).get(url, 404)
        return time.perf_counter() - begun

    there, nowhere = [], []
    for _turn in range(40):
        there.append(spent(f"{cast.case.url}/milestones/"))
        nowhere.append(spent(f"/cases/{uuid4()}/milestones/"))
    difference = abs(statistics.median(there) - statistics.median(nowhere))

    assert difference < max(0.25 * statistics.median(nowhere), 0.002)
