"""A database writer plants, swaps and rolls back rows. Nothing opens, and the members are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casefile import keys
from casefile.cases.models import CaseGrant
from tests.intruder import user_row, writing

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Actor, Cast
    from tests.strict_browser import Browse


def _plant(app: Flask, person: Actor, thief: keys.Bundle, certificate: keys.Certificate) -> None:
    with writing(app) as session:
        user = user_row(session, person)
        user.public_keys, user.certificate = thief.public.to_bytes(), certificate.to_bytes()


def test_public_keys_replaced_in_the_database_get_no_case_key(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    """The classic one: put your own keys in somebody's place and wait for a seat to be given."""
    thief = keys.Bundle.create(cast.ann.bundle.anchor)
    with writing(app) as session:
        user_row(session, cast.dan).public_keys = thief.public.to_bytes()

    browse(cast.ann).post(f"{cast.case.url}/members/", 503, username="dan", role="reader")

    with writing(app) as session:
        assert session.get(CaseGrant, (cast.case.id, cast.dan.id, 1)) is None


def test_a_certificate_of_ones_own_making_is_not_believed(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    thief = keys.Bundle.create(None)
    for issuer_id in (cast.dan.id, cast.ada.id):
        forged = keys.certify(
            thief, issuer_id=issuer_id, user_id=cast.dan.id, public=thief.public, may_certify=True
        )
        _plant(app, cast.dan, thief, forged)

        browse(cast.ann).post(f"{cast.case.url}/members/", 503, username="dan", role="reader")


def test_a_certificate_by_somebody_who_may_not_certify_is_not_believed(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    thief = keys.Bundle.create(cast.ann.bundle.anchor)
    forged = keys.certify(
        cast.dan.bundle, issuer_id=cast.dan.id, user_id=cast.eva.id, public=thief.public
    )
    _plant(app, cast.eva, thief, forged)

    browse(cast.dan).post(f"{cast.other.url}/members/", 503, username="eva", role="reader")


def test_a_bundle_swapped_for_another_persons_opens_nothing(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    with writing(app) as session:
        user_row(session, cast.ben).sealed_bundle = user_row(session, cast.dan).sealed_bundle

    page = browse().post("/sign-in", 503, username="ben", password=cast.ben.password)

    assert "Ben" not in page.text
