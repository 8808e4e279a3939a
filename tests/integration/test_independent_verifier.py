"""A verifier declares, is let in for a while, is watched, signs a verdict and is out again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from casefile.audit import Entry
from casefile.cases.models import Case, CaseSeat
from casefile.grants.award_models import Milestone
from casefile.milestones.models import Verification
from casefile.policy import Role
from casefile.uow import UnitOfWork
from tests.cast import resources_of
from tests.grant_cast import (
    Team,
    active,
    add_person,
    link,
    milestone_ids,
    release,
    step,
    version,
)

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask

    from casefile.uow import Resources
    from tests.cast import Actor, Cast, Clock
    from tests.strict_browser import Browse


@pytest.fixture
def vera(resources: Resources, cast: Cast) -> Actor:
    return add_person(resources, cast, "vera", [Role.VERIFIER])


@pytest.fixture
def milestone(app: Flask, resources: Resources, cast: Cast, team: Team) -> UUID:
    award_id = active(resources, team, [step("Work", 100, "E2", "E5")])
    link(app, cast, award_id)
    found = milestone_ids(resources, award_id)[0]
    release(app, cast, found)
    return found


def asked(resources: Resources) -> Verification:
    with resources.database.reading() as session:
        return session.scalars(select(Verification)).one()


def let_in(browse: Browse, cast: Cast, team: Team, vera: Actor, milestone: UUID) -> Verification:
    browse(team.mira).post(f"/grants/milestones/{milestone}/verifier", verifier=str(vera.id))
    row = asked(resources_of(browse(vera).client.application))
    browse(vera).post(f"/verifications/{row.id}", declared="none")
    browse(cast.eva).post(f"{cast.case.url}/milestones/{milestone}/verifiers/{row.id}/admit")
    return row


def test_a_verifier_is_let_in_looks_and_gives_a_signed_verdict(
    app: Flask,
    browse: Browse,
    resources: Resources,
    cast: Cast,
    team: Team,
    vera: Actor,
    milestone: UUID,
) -> None:
    base = version(resources, Milestone, milestone)
    where = f"/grants/milestones/{milestone}"
    refused = browse(team.mira).post(f"{where}/accept", 409, version=base)
    assert "independent verifier" in refused.text
    browse(team.mira).post(f"{where}/verifier", 422, verifier=str(cast.eva.id))
    let_in(browse, cast, team, vera, milestone)
    with resources.database.reading() as session:
        seat = session.scalars(select(CaseSeat).where(CaseSeat.user_id == vera.id)).one()
        generation = session.get_one(Case, cast.case.id).generation
    assert (seat.role, seat.granted_by_id) == ("reader", cast.eva.id)
    assert seat.ends_at is not None
    assert seat.ends_at - seat.granted_at <= timedelta(days=14)

    visitor = browse(vera)
    for place in (
        f"notes/{cast.case.note}",
        f"evidence/{cast.case.evidence}",
        "notes/",
        "stories/",
        "",
    ):
        visitor.get(f"{cast.case.url}/{place}")
    verdict = f"{cast.case.url}/milestones/{milestone}/verdict"
    visitor.post(verdict, 400, token="", verdict="met", note="Forged.")
    visitor.post(verdict, 422, verdict="met", note="")
    visitor.post(verdict, 422, verdict="splendid", note="Well.")
    assert visitor.post(verdict, verdict="met", note="I saw the work.").location == "/"

    for place in ("", "notes/", "stories/", f"milestones/{milestone}/verdict"):
        visitor.get(f"{cast.case.url}/{place}", 404)
    seen = browse(cast.ben).get(f"{cast.case.url}/activity/").main
    assert seen.count("Vera looked at") >= 5
    assert f"notes/{cast.case.note}" in seen
    browse(cast.ann).get(f"{cast.case.url}/")
    with resources.database.reading() as session:
        assert not session.scalars(select(CaseSeat).where(CaseSeat.user_id == vera.id)).all()
        assert session.get_one(Case, cast.case.id).generation == generation + 1
    browse(cast.ben).get(f"{cast.case.url}/notes/{cast.case.note}")
    page = browse(team.mira).get(where)
    assert "I saw the work." in page.text
    browse(team.mira).post(f"{where}/accept", version=base)


def test_searches_suggestions_and_the_desk_of_a_verifier_are_on_record_without_the_words(
    app: Flask,
    browse: Browse,
    resources: Resources,
    cast: Cast,
    team: Team,
    vera: Actor,
    milestone: UUID,
) -> None:
    let_in(browse, cast, team, vera, milestone)
    visitor = browse(vera)

    assert "Pier" in visitor.get("/search?q=pier").main
    visitor.get("/search?q=zanzibarquince")
    visitor.get(f"/search?q=pier&case={cast.case.id}")
    visitor.get("/search/complete?q=pi")
    visitor.get("/search")
    visitor.get("/")

    with resources.database.reading() as session:
        found = session.execute(
            select(Entry.action, Entry.case_id).where(
                Entry.actor_id == vera.id,
                Entry.action.in_(("case.searched", "case.shown")),
            )
        ).all()
    assert [row.action for row in found].count("case.searched") == 4
    assert [row.action for row in found].count("case.shown") == 1
    assert {row.case_id for row in found} == {cast.case.id}
    activity = browse(cast.ben).get(f"{cast.case.url}/activity/").main
    assert activity.count("Vera searched in the case") == 4
    assert "zanzibarquince" not in activity
    browse(cast.cleo).get("/search?q=pier")
    with resources.database.reading() as session:
        other = select(Entry.sequence).where(Entry.actor_id == cast.cleo.id)
        assert not session.scalars(other.where(Entry.action == "case.searched")).all()


def test_nobody_is_let_in_before_the_declaration_or_for_too_long(
    browse: Browse,
    resources: Resources,
    cast: Cast,
    team: Team,
    vera: Actor,
    milestone: UUID,
    clock: Clock,
) -> None:
    browse(cast.eva).post(
        f"{cast.case.url}/milestones/{milestone}/verifiers", verifier=str(vera.id)
    )
    row = asked(resources)
    admit = f"{cast.case.url}/milestones/{milestone}/verifiers/{row.id}/admit"
    assert "declared" in browse(cast.eva).post(admit, 409).text
    browse(vera).get(f"{cast.case.url}/milestones/{milestone}/verdict", 404)
    shown = browse(vera).get(f"/verifications/{row.id}")
    for word in (cast.case.codename, "Eva", "pier", str(cast.case.id)):
        assert word not in shown.html
    for person in (cast.ann, cast.eva, team.mira):
        browse(person).get(f"/verifications/{row.id}", 404)
        browse(person).post(f"/verifications/{row.id}", 404, declared="none")
    browse(vera).post(f"/verifications/{row.id}", 422, declared="")
    browse(vera).post(f"/verifications/{row.id}", declared="none")
    browse(vera).post(f"/verifications/{row.id}", 409, declared="conflict")
    late = (clock() + timedelta(days=20)).date().isoformat()

    assert "at most 14 days" in browse(cast.eva).post(admit, 422, last_day=late).text
    for person, status in (
        (cast.ann, 403),
        (cast.ben, 403),
        (cast.dan, 404),
        (team.mira, 404),
        (vera, 404),
    ):
        browse(person).post(admit, status)
    event = browse(team.mira).get(f"/grants/milestones/{milestone}")
    assert "Eva" not in event.html
    clock.forward(days=15)
    browse(cast.eva, fresh=True).post(admit, 404)


def test_an_interest_keeps_a_verifier_out(
    browse: Browse, resources: Resources, cast: Cast, team: Team, vera: Actor, milestone: UUID
) -> None:
    browse(team.mira).post(f"/grants/milestones/{milestone}/verifier", verifier=str(vera.id))
    row = asked(resources)
    browse(vera).post(f"/verifications/{row.id}", declared="conflict")

    browse(cast.eva).post(f"{cast.case.url}/milestones/{milestone}/verifiers/{row.id}/admit", 404)
    assert "Stood aside" in browse(team.mira).get(f"/grants/milestones/{milestone}").text
    again = browse(team.mira).post(
        f"/grants/milestones/{milestone}/accept",
        409,
        version=version(resources, Milestone, milestone),
    )
    assert "verifier" in again.text


def test_a_verdict_written_into_the_database_counts_for_nothing(
    browse: Browse, resources: Resources, cast: Cast, team: Team, vera: Actor, milestone: UUID
) -> None:
    let_in(browse, cast, team, vera, milestone)
    browse(vera).post(
        f"{cast.case.url}/milestones/{milestone}/verdict", verdict="not_met", note="No."
    )
    with UnitOfWork(resources, None) as uow:
        uow.session.scalars(select(Verification)).one().verdict = "met"
    where = f"/grants/milestones/{milestone}"

    assert "not the verifier" in browse(team.mira).get(where).text
    browse(team.mira).post(f"{where}/accept", 409, version=version(resources, Milestone, milestone))
