"""Grant people learn a codename and what an editor released. Everything they can reach is searched."""

from __future__ import annotations

import io
import re
import statistics
import time
import zipfile
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from werkzeug.routing import BuildError

from casefile.grants.award_models import Milestone
from casefile.grants.form_routes import EVERY_LIST
from casefile.milestones.content import Entered
from casefile.notices import outbox
from casefile.notices.ticking import tick
from casefile.policy import Role, Seat
from casefile.uow import UnitOfWork
from tests.cast import add_evidence, add_note, give_seat, keep_code
from tests.grant_cast import (
    POINTS,
    Team,
    active,
    add_person,
    give_bank,
    link,
    milestone_ids,
    payment_of,
    release,
    step,
    version,
)
from tests.mail_server import MailServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from uuid import UUID

    from flask import Flask

    from casefile.uow import Resources
    from tests.cast import Actor, Cast, Clock
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


def leaks(
    app: Flask, browse: Browse, people: Sequence[Actor], cast: Cast, given: Mapping[str, object]
) -> tuple[list[str], int]:
    """Ask every address for every one of these people; return what told too much, and how many answered."""
    told, looked = [], 0
    milestones = given["milestone_ids"]
    assert isinstance(milestones, list)
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.endpoint in {"static", "bootstrap.static"}:
            continue
        wanted = {name: given.get(name, uuid4()) for name in rule.arguments}
        variable = next((one for one in ("milestone_id", "name") if one in wanted), "")
        values = {"milestone_id": milestones, "name": list(EVERY_LIST)}.get(variable, [None])
        for value in values:
            if variable:
                wanted[variable] = value
            try:
                url = app.url_map.bind("localhost").build(rule.endpoint, wanted)
            except (BuildError, ValueError):
                continue  # an argument that is no id: a token, a name
            for person in people:
                answer = browse(person).client.get(url, base_url="http://localhost")
                assert answer.status_code < 500, url
                body = (texts(answer.data) + str(answer.headers)).replace(url, "")
                told += [
                    f"{url} shows {word} to {person.username}"
                    for word in secrets_of(cast)
                    if word in body
                ]
                looked += 1
    return told, looked


def everything(resources: Resources, cast: Cast, team: Team, award: UUID) -> dict[str, object]:
    """Return the ids that make addresses of things that are there."""
    milestones = milestone_ids(resources, award)
    return {
        "award_id": award,
        "payment_id": payment_of(resources, milestones[1]).id,
        "programme_id": team.programme,
        "case_id": cast.case.id,
        "note_id": cast.case.note,
        "item_id": cast.case.evidence,
        "evidence_id": cast.case.evidence,
        "ending": "xlsx",
        "milestone_ids": milestones,
    }


def test_no_page_export_or_error_of_a_grant_person_holds_a_word_of_the_newsroom(
    app: Flask, browse: Browse, resources: Resources, cast: Cast, team: Team, award: UUID
) -> None:
    given = everything(resources, cast, team, award)

    told, looked = leaks(app, browse, grant_people(team), cast, given)

    assert told == []
    assert looked > 100


def test_the_search_for_leaks_finds_one(
    app: Flask, browse: Browse, resources: Resources, cast: Cast, team: Team, award: UUID
) -> None:
    """The test above would notice: a planted word on the grant side is found, also inside a workbook."""
    given = everything(resources, cast, team, award)
    with UnitOfWork(resources, None) as uow:
        row = uow.session.get_one(Milestone, milestone_ids(resources, award)[1])
        row.title = PLANTED[0]

    told, _looked = leaks(app, browse, [team.mira], cast, given)

    assert any("/grants/milestones/" in one for one in told)
    assert any("exports/milestones.xlsx" in one for one in told)
    ben, _looked = leaks(app, browse, [cast.ben], cast, given)
    assert len(ben) > 20


NEWSROOM = (
    "/cases/", "/cases/new", "/cases/?q=a", "/search", "/search?q=quixotry", "/search/complete?q=qui", "/lock",
    "/admin/", "/admin/audit",
)  # fmt: skip


def test_no_address_of_the_newsroom_is_there_for_the_grants(
    browse: Browse, resources: Resources, cast: Cast, team: Team, award: UUID
) -> None:
    vera = add_person(resources, cast, "vera", [Role.VERIFIER])
    for person in (*grant_people(team), vera):
        visitor = browse(person)
        unrouted = visitor.get("/nothing-of-the-kind", 404)
        for url in (
            *NEWSROOM,
            f"{cast.case.url}/",
            f"{cast.case.url}/notes/",
            f"/cases/{uuid4()}/",
        ):
            page = visitor.get(url, 404)
            assert _body(page.html) == _body(unrouted.html), url
        assert _body(visitor.post("/cases/", 404, fields={"title": "Mine"}).html) == _body(
            unrouted.html
        )
        assert not unrouted.find("//form[@role='search']")
        assert "Cases" not in unrouted.find("//nav")[0].text_content()
    for person in (cast.ann, cast.cleo, cast.ada):
        assert browse(person).get("/cases/").find("//form[@role='search']")


def test_the_desk_sends_the_grants_to_their_work(
    browse: Browse, resources: Resources, cast: Cast, team: Team
) -> None:
    jo = add_person(resources, cast, "joan", [Role.JUROR])
    vera = add_person(resources, cast, "vera", [Role.VERIFIER])
    places = {
        team.mira: "/grants/",
        team.dora: "/grants/",
        jo: "/grants/",
        vera: "/notices/",
    }
    for person, place in places.items():
        first = browse(person).get("/")
        assert "recovery code" in first.main
        assert place in first.find("//main//a/@href")
        assert "case" not in first.main.casefold()
        keep_code(resources, person.id, person.bundle)
        assert browse(person).get("/", 303).location == place
        browse(person).get(place)


def test_a_seat_opens_the_newsroom_and_its_end_closes_it(
    app: Flask, browse: Browse, resources: Resources, cast: Cast, team: Team, clock: Clock
) -> None:
    vera = add_person(resources, cast, "vera", [Role.VERIFIER])
    browse(vera).get("/cases/", 404)
    give_seat(app, cast.ann, cast.case.id, vera, Seat.READER, clock() + timedelta(hours=1))

    assert cast.case.codename in browse(vera).get("/cases/").html
    assert cast.case.codename in browse(vera).get("/").html
    browse(vera).get("/search?q=quixotry")
    browse(vera).get(f"{cast.case.url}/notes/{cast.case.note}")
    browse(vera).get("/cases/new", 403)
    clock.forward(minutes=61)
    vera_again = browse(vera, fresh=True)
    for url in ("/cases/", "/search?q=pier", f"{cast.case.url}/notes/{cast.case.note}"):
        vera_again.get(url, 404)


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


SAMPLES = 80
ROUNDS = 4
TOLERANCE = 0.15
"""By how much the medians may differ: a share of them, and never less than a millisecond."""


@pytest.mark.slow
@pytest.mark.parametrize("who", ["mira", "eva", "dan", "guest"])
def test_a_guess_across_the_wall_takes_as_long_as_a_hit(
    app: Flask, browse: Browse, resources: Resources, cast: Cast, team: Team, award: UUID, who: str
) -> None:
    """Known and unknown ids by turns, so that what else this machine does falls on both."""
    guest = add_person(resources, cast, "vera", [Role.VERIFIER])
    give_seat(app, cast.dan, cast.other.id, guest, Seat.READER)
    person, known, place = {
        "mira": (team.mira, cast.case.id, "/cases/{}/milestones/"),
        "eva": (cast.eva, award, "/grants/awards/{}"),
        "dan": (cast.dan, cast.case.id, "/cases/{}/notes/"),
        "guest": (guest, cast.case.id, "/cases/{}/notes/"),
    }[who]
    visitor = browse(person)

    def spent(url: str) -> float:
        begun = time.perf_counter()
        answer = visitor.client.get(url, base_url="http://localhost")
        taken = time.perf_counter() - begun
        assert answer.status_code == 404
        return taken

    seen = []
    for _round in range(ROUNDS):
        hits, guesses = [], []
        for turn in range(SAMPLES):
            for times, thing in ((hits, known), (guesses, uuid4()))[:: 1 if turn % 2 else -1]:
                times.append(spent(place.format(thing)))
        hit, guess = statistics.median(hits), statistics.median(guesses)
        if abs(hit - guess) <= max(TOLERANCE * min(hit, guess), 0.001):
            return
        seen.append(f"{hit:.5f} s, {guess:.5f} s")
    pytest.fail(f"known and unknown ids take different times: {seen}")
