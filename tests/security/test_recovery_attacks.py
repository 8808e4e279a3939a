"""A database writer against recovery: links, codes, certificates, the escrow key. Refused, told, noted."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, select

from casefile import keys
from casefile.accounts import escrow
from casefile.accounts.models import (
    FormerCertificate,
    RecoveryCode,
    User,
)
from casefile.cases.models import CaseGrant
from casefile.policy import Seat
from casefile.uow import UnitOfWork
from tests.cast import give_seat, resources_of, take_seat
from tests.integration.test_begin_anew import renewed
from tests.intruder import (
    actions,
    copied,
    grant_row,
    read,
    seat_row,
    user_row,
    writing,
)
from tests.strict_browser import StrictBrowser

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Actor, Cast
    from tests.strict_browser import Browse


NEW = "nine grey cranes over the lake"


LOST = {"password": NEW, "password_again": NEW}


def _forgot(app: Flask, actor: Actor, status: int) -> str:
    return (
        StrictBrowser(app)
        .post("/forgotten-password", status, username=actor.username, code=actor.code, **LOST)
        .text
    )


def _with_escrow(app: Flask, cast: Cast) -> UUID:
    """Make the escrow key and let the case grant to it."""
    with UnitOfWork(resources_of(app), cast.ada.id, cast.ada.bundle) as uow:
        escrow.create(uow, cast.ada.id, cast.ada.bundle)
    give_seat(app, cast.ann, cast.case.id, cast.dan, Seat.READER)
    return escrow.escrow_id(cast.ada.bundle.anchor)


def test_a_former_certificate_is_nobody_elses_and_gets_no_key(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    """Dan's certificate among Ben's former ones makes Dan's signature nobody's."""
    with writing(app) as session:
        dan = user_row(session, cast.dan)
        session.add(
            FormerCertificate(user_id=cast.ben.id, generation=0, certificate=dan.certificate)
        )
        grant = grant_row(session, cast.case.id, cast.cleo)
        sealed, signature = keys.issue_grant(
            cast.dan.bundle,
            cast.cleo.bundle.public,
            case_id=cast.case.id,
            user_id=cast.cleo.id,
            generation=1,
            case_key=keys.random_key(),
        )
        grant.granter_id, grant.sealed, grant.signature = cast.ben.id, sealed, signature

    browse(cast.cleo).get(f"{cast.case.url}/", 404)
    assert "damage.noticed" in actions(app)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("password_memory_kib", 8),
        ("password_memory_kib", 64 * 1024 - 1),
        ("password_memory_kib", -1),
        ("password_memory_kib", 2**31 - 1),
        ("password_iterations", 0),
        ("password_iterations", 2**31 - 1),
        ("password_lanes", 0),
        ("password_lanes", 10_000),
        ("password_salt", b""),
        ("password_salt", b"short"),
    ],
)
def test_a_price_of_the_password_that_was_never_asked_is_refused(
    app: Flask, cast: Cast, column: str, value: object
) -> None:
    """A cheap one could be guessed, a dear one would keep everybody else from signing in."""
    with writing(app) as session:
        setattr(user_row(session, cast.ben), column, value)

    assert "changed outside Casefile" in StrictBrowser(app).sign_in(cast.ben, 503).text
    assert "damage.noticed" in actions(app)
    StrictBrowser(app).sign_in(cast.ann, 303)


def test_public_keys_replaced_in_the_database_are_told_to_their_person(
    app: Flask, cast: Cast
) -> None:
    thief = keys.Bundle.create(cast.ada.bundle.anchor)
    with writing(app) as session:
        user_row(session, cast.ben).public_keys = thief.public.to_bytes()

    assert "changed outside Casefile" in StrictBrowser(app).sign_in(cast.ben, 503).text
    assert "changed outside Casefile" in _forgot(app, cast.ben, 503)
    assert actions(app).count("damage.noticed") == 2


def test_a_recovery_code_row_swapped_for_another_persons_opens_nothing(
    app: Flask, cast: Cast
) -> None:
    with writing(app) as session:
        bens = session.get_one(RecoveryCode, cast.ben.id)
        bens.sealed_bundle = session.get_one(RecoveryCode, cast.dan.id).sealed_bundle

    assert "wrong" in _forgot(app, cast.ben, 422)
    stolen = StrictBrowser(app)
    stolen.post("/forgotten-password", 422, username="ben", code=cast.dan.code, **LOST)


def test_a_recovery_code_row_of_ones_own_making_opens_nothing(app: Flask, cast: Cast) -> None:
    """An intruder knows a code and can write rows, but holds none of Ben's keys."""
    code, thief = keys.new_code(), keys.Bundle.create(cast.ada.bundle.anchor)
    with writing(app) as session:
        session.get_one(RecoveryCode, cast.ben.id).sealed_bundle = keys.wrap(
            keys.code_key(keys.read_code(code), cast.ben.id),
            thief.to_bytes(),
            "recovery",
            cast.ben.id,
        )

    page = StrictBrowser(app).post("/forgotten-password", 503, username="ben", code=code, **LOST)
    assert "changed outside Casefile" in page.text
    StrictBrowser(app).sign_in(cast.ben, 303)


def test_a_code_from_before_new_keys_does_not_bring_the_old_ones_back(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    with writing(app) as session:
        old = copied(session.get_one(RecoveryCode, cast.ben.id))
    renewed(app, browse, cast, cast.ben)
    with writing(app) as session:
        session.get_one(RecoveryCode, cast.ben.id).sealed_bundle = old["sealed_bundle"]

    assert "changed outside Casefile" in _forgot(app, cast.ben, 503)


def test_a_chain_that_ends_at_another_founder_is_refused(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    false = keys.Bundle.create(None)
    browse(cast.ann).get(f"{cast.case.url}/members/")
    with writing(app) as session:
        ada = user_row(session, cast.ada)
        ada.public_keys = false.public.to_bytes()
        ada.certificate = keys.certify(
            false,
            issuer_id=cast.ada.id,
            user_id=cast.ada.id,
            public=false.public,
            may_certify=True,
        ).to_bytes()
        thief = keys.Bundle.create(false.anchor)
        dan = user_row(session, cast.dan)
        dan.public_keys = thief.public.to_bytes()
        dan.certificate = keys.certify(
            false, issuer_id=cast.ada.id, user_id=cast.dan.id, public=thief.public
        ).to_bytes()

    browse(cast.ann).post(f"{cast.case.url}/members/", 503, username="dan", role="reader")
    browse(cast.ben, fresh=True).get(f"{cast.case.url}/", 404)
    assert "damage.noticed" in actions(app)


@pytest.mark.parametrize("harm", ["keys", "certificate", "issuer", "gone", "another's"])
def test_an_escrow_key_that_was_replaced_gets_nothing(
    app: Flask, browse: Browse, cast: Cast, harm: str
) -> None:
    own_id = _with_escrow(app, cast)
    thief = keys.Bundle.create(cast.ada.bundle.anchor)
    with writing(app) as session:
        row = session.get_one(User, own_id)
        if harm == "gone":
            session.execute(delete(CaseGrant).where(CaseGrant.user_id == own_id))
            row.id = uuid4()
        elif harm == "another's":
            dan = user_row(session, cast.dan)
            row.public_keys, row.certificate = dan.public_keys, dan.certificate
        else:
            row.public_keys = thief.public.to_bytes()
        if harm == "certificate":
            row.certificate = keys.certify(
                thief, issuer_id=cast.ada.id, user_id=own_id, public=thief.public
            ).to_bytes()
        if harm == "issuer":
            row.certificate = keys.certify(
                cast.dan.bundle, issuer_id=cast.dan.id, user_id=own_id, public=thief.public
            ).to_bytes()

    page = browse(cast.ann).post(f"{cast.case.url}/members/{cast.case.seats['cleo']}/delete", 503)

    assert "escrow key of this newsroom was changed" in page.text
    assert "damage.noticed" in actions(app)
    assert read(app, select(CaseGrant).where(CaseGrant.generation == 2)) == []


def test_another_certifier_than_the_founder_makes_no_escrow_key(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    own_id = _with_escrow(app, cast)
    thief, gus = keys.Bundle.create(cast.ada.bundle.anchor), cast.eva
    with writing(app) as session:
        session.get_one(User, gus.id).certificate = keys.certify(
            cast.ada.bundle,
            issuer_id=cast.ada.id,
            user_id=gus.id,
            public=gus.bundle.public,
            may_certify=True,
        ).to_bytes()
        row = session.get_one(User, own_id)
        row.public_keys = thief.public.to_bytes()
        row.certificate = keys.certify(
            gus.bundle, issuer_id=gus.id, user_id=own_id, public=thief.public
        ).to_bytes()

    page = browse(cast.ben).post("/cases/", 503, title="For whom is this?", summary="")

    assert "escrow key of this newsroom was changed" in page.text


def test_the_escrow_key_opens_no_page_and_its_grants_help_nobody_else(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    own_id = _with_escrow(app, cast)
    take_seat(app, cast.ann, cast.case.id, cast.dan)
    with writing(app) as session:
        grant = copied(session.get_one(CaseGrant, (cast.case.id, own_id, 2)))
        session.add(CaseGrant(**{**grant, "user_id": cast.dan.id}))
        seat = copied(seat_row(session, cast.case.id, cast.cleo))
        session.add(
            type(seat_row(session, cast.case.id, cast.cleo))(
                **{**seat, "id": uuid4(), "user_id": cast.dan.id}
            )
        )

    browse(cast.dan).get(f"{cast.case.url}/", 404)
