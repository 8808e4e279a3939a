"""A database writer plants, swaps and rolls back rows. Nothing opens, and the members are told."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import delete

from casefile import keys
from casefile.cases import seats
from casefile.cases.models import CaseGrant, CaseSeat
from casefile.errors import DamagedError
from casefile.policy import Seat
from tests.cast import give_seat, open_case, take_seat
from tests.intruder import (
    case_row,
    copied,
    flipped,
    grant_row,
    seat_row,
    writing,
)

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Actor, Cast, Clock
    from tests.strict_browser import Browse


def _plant_seat(app: Flask, cast: Cast, person: Actor, role: str = "lead") -> None:
    with writing(app) as session:
        session.add(
            CaseSeat(
                id=uuid4(),
                case_id=cast.case.id,
                user_id=person.id,
                role=role,
                granted_by_id=cast.ann.id,
                granted_at=seat_row(session, cast.case.id, cast.ben).granted_at,
            )
        )


def _issue(
    cast: Cast, granter: Actor, to: Actor, key: bytes, generation: int = 1
) -> dict[str, bytes]:
    sealed, signature = keys.issue_grant(
        granter.bundle,
        to.bundle.public,
        case_id=cast.case.id,
        user_id=to.id,
        generation=generation,
        case_key=key,
    )
    return {"sealed": sealed, "signature": signature}


def _learned(browse: Browse, cast: Cast, person: Actor) -> str:
    """Return what a person sees of the case wherever they look."""
    browser = browse(person)
    pages = [
        browser.get(path).html for path in ("/", "/cases/", "/search?q=pier*", "/search?q=ledger")
    ]
    return "".join(pages)


def test_a_planted_seat_opens_nothing(app: Flask, browse: Browse, cast: Cast) -> None:
    _plant_seat(app, cast, cast.dan)

    browse(cast.dan).get(f"{cast.case.url}/", 404)
    browse(cast.dan).get(f"{cast.case.url}/notes/{cast.case.note}", 404)
    assert cast.case.codename not in _learned(browse, cast, cast.dan)


def test_a_planted_seat_is_shown_to_the_members(app: Flask, browse: Browse, cast: Cast) -> None:
    _plant_seat(app, cast, cast.dan)

    page = browse(cast.ann).get(f"{cast.case.url}/members/")

    assert "Dan Outsider has a seat that the case's sealed list does not name" in page.text


def test_a_planted_seat_is_not_made_real_by_the_next_change_of_seats(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    _plant_seat(app, cast, cast.dan)

    browse(cast.ann).post(f"{cast.case.url}/members/{cast.case.seats['cleo']}/delete", 503)

    with writing(app) as session:
        assert session.get(CaseGrant, (cast.case.id, cast.dan.id, 1)) is None
        assert case_row(session, cast.case.id).generation == 1


def test_a_seat_with_a_grant_of_ones_own_making_opens_nothing(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    _plant_seat(app, cast, cast.dan)
    with writing(app) as session:
        grant = _issue(cast, cast.dan, cast.dan, keys.random_key())
        session.add(
            CaseGrant(
                case_id=cast.case.id,
                user_id=cast.dan.id,
                generation=1,
                granter_id=cast.dan.id,
                **grant,
            )
        )

    page = browse(cast.dan).get(f"{cast.case.url}/", 503)

    assert "pier" not in page.text.lower()
    assert "pier" not in _learned(browse, cast, cast.dan).lower().replace("q=pier", "").replace(
        'value="pier*"', ""
    )


@pytest.mark.parametrize(
    "granter", ["somebody uncertified", "somebody else in the name of the lead"]
)
def test_a_grant_signed_by_somebody_else_is_refused(
    app: Flask, browse: Browse, cast: Cast, granter: str
) -> None:
    stranger = keys.Bundle.create(cast.ann.bundle.anchor)
    signer = stranger if granter == "somebody uncertified" else cast.dan.bundle
    sealed, signature = keys.issue_grant(
        signer,
        cast.ben.bundle.public,
        case_id=cast.case.id,
        user_id=cast.ben.id,
        generation=1,
        case_key=keys.random_key(),
    )
    with writing(app) as session:
        grant = grant_row(session, cast.case.id, cast.ben)
        grant.sealed, grant.signature = sealed, signature

    browse(cast.ben).get(f"{cast.case.url}/", 404)
    browse(cast.ben).post(f"{cast.case.url}/notes/", 404, title="x", body="x")
    browse(cast.ann).get(f"{cast.case.url}/")


def test_a_case_key_of_an_intruders_choice_is_never_written_with(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    with writing(app) as session:
        grant = grant_row(session, cast.case.id, cast.ben)
        grant.granter_id = cast.dan.id
        for name, value in _issue(cast, cast.dan, cast.ben, keys.random_key()).items():
            setattr(grant, name, value)

    browse(cast.ben).get(f"{cast.case.url}/notes/new", 503)
    browse(cast.ben).post(f"{cast.case.url}/notes/", 503, title="x", body="x")


def test_a_new_generation_made_by_an_outsider_is_never_written_with(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    """Dan has a certificate and can write into the database, but no seat on the case."""
    key = keys.CaseKey(cast.case.id, 2, keys.random_key())
    members = [
        seats.Member(person.id, role, None, person.bundle.public)
        for person, role in (
            (cast.ann, Seat.LEAD),
            (cast.ben, Seat.REPORTER),
            (cast.cleo, Seat.READER),
            (cast.eva, Seat.EDITOR),
        )
    ]
    with writing(app) as session:
        for person in (cast.ann, cast.ben, cast.cleo, cast.eva):
            grant = _issue(cast, cast.dan, person, key.secret, 2)
            session.add(
                CaseGrant(
                    case_id=cast.case.id,
                    user_id=person.id,
                    generation=2,
                    granter_id=cast.dan.id,
                    **grant,
                )
            )
        row = case_row(session, cast.case.id)
        row.generation = row.manifest_generation = 2
        row.manifest_version += 1
        row.manifest = seats.seal_manifest(key, members, row.manifest_version)

    browse(cast.ben).post(f"{cast.case.url}/notes/", 503, title="x", body="For Dan to read.")
    browse(cast.ben).get("/search?q=pier")

    with writing(app) as session:
        session.execute(delete(CaseGrant).where(CaseGrant.generation == 1))
    browse(cast.ben, fresh=True).post(f"{cast.case.url}/notes/", 503, title="x", body="x")


def test_grants_swapped_between_people_open_nothing(app: Flask, browse: Browse, cast: Cast) -> None:
    with writing(app) as session:
        bens = grant_row(session, cast.case.id, cast.ben)
        cleos = grant_row(session, cast.case.id, cast.cleo)
        bens.sealed, cleos.sealed = cleos.sealed, bens.sealed
        bens.signature, cleos.signature = cleos.signature, bens.signature

    for person in (cast.ben, cast.cleo):
        browse(person).get(f"{cast.case.url}/", 404)


def test_a_grant_copied_to_an_outsider_opens_nothing(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    _plant_seat(app, cast, cast.dan)
    with writing(app) as session:
        grant = copied(grant_row(session, cast.case.id, cast.ben))
        session.add(CaseGrant(**{**grant, "user_id": cast.dan.id}))

    browse(cast.dan).get(f"{cast.case.url}/", 404)


@pytest.mark.parametrize("column", ["sealed", "signature"])
def test_a_flipped_bit_in_a_grant_opens_nothing_and_hurts_nobody_else(
    app: Flask, browse: Browse, cast: Cast, column: str
) -> None:
    with writing(app) as session:
        grant = grant_row(session, cast.case.id, cast.ben)
        setattr(grant, column, flipped(getattr(grant, column)))

    browse(cast.ben).get(f"{cast.case.url}/", 404)
    browse(cast.ann).get(f"{cast.case.url}/")


def test_a_role_raised_in_the_database_closes_the_case_to_that_person(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    with writing(app) as session:
        seat_row(session, cast.case.id, cast.cleo).role = "lead"

    for path in ("/", "/notes/new", "/members/"):
        page = browse(cast.cleo).get(f"{cast.case.url}{path}", 503)
        assert "changed outside Casefile" in page.text
    browse(cast.cleo).post(f"{cast.case.url}/notes/", 503, title="x", body="x")
    browse(cast.ben).get(f"{cast.case.url}/")
    assert "Cleo Reader" in browse(cast.ann).get(f"{cast.case.url}/members/").warnings()


@pytest.mark.parametrize("role", ["boss", "", "LEAD", "lead\x00"])
def test_a_role_that_is_none_gives_nothing(
    app: Flask, browse: Browse, cast: Cast, role: str
) -> None:
    with writing(app) as session:
        seat_row(session, cast.case.id, cast.ben).role = role

    browse(cast.ben).get(f"{cast.case.url}/", 503)
    assert "Ben Writer" in browse(cast.ann).get(f"{cast.case.url}/members/").warnings()
    browse(cast.ann).post(f"{cast.case.url}/members/{cast.case.seats['cleo']}/delete", 503)


def test_an_ended_seat_prolonged_in_the_database_stays_closed(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    give_seat(app, cast.ann, cast.case.id, cast.dan, Seat.READER, clock() + timedelta(hours=1))
    clock.forward(hours=2)
    with writing(app) as session:
        seat_row(session, cast.case.id, cast.dan).ends_at = None

    browse(cast.dan).get(f"{cast.case.url}/", 503)
    assert "pier" not in browse(cast.dan).get("/search?q=twice").text.lower()
    assert "pier" not in browse(cast.dan).get("/cases/").text.lower()


def test_a_removed_seat_put_back_into_the_database_opens_nothing(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    with writing(app) as session:
        seat = copied(seat_row(session, cast.case.id, cast.cleo))
        grant = copied(grant_row(session, cast.case.id, cast.cleo))
    take_seat(app, cast.ann, cast.case.id, cast.cleo)
    with writing(app) as session:
        session.add_all([CaseSeat(**seat), CaseGrant(**grant)])

    browse(cast.cleo).get(f"{cast.case.url}/", 404)
    assert cast.case.codename not in _learned(browse, cast, cast.cleo)


def test_the_services_refuse_a_case_with_a_forged_seat_too(app: Flask, cast: Cast) -> None:
    with writing(app) as session:
        seat_row(session, cast.case.id, cast.ben).role = "lead"

    with pytest.raises(DamagedError):
        open_case(app, cast.ben, cast.case.id)
