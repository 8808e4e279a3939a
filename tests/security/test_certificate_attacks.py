"""A database writer against recovery: links, codes, certificates, the escrow key. Refused, told, noted."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import delete, select

from casefile import keys
from casefile.accounts.models import (
    FormerCertificate,
    Invitation,
    Renewal,
    User,
)
from casefile.cases.models import CaseGrant
from tests.integration.test_begin_anew import begin, link, renewed, restore
from tests.intruder import (
    actions,
    case_row,
    copied,
    flipped,
    grant_row,
    read,
    user_row,
    writing,
)
from tests.strict_browser import StrictBrowser

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse


def test_an_invitation_planted_with_a_secret_of_ones_own_certifies_nobody(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    """Everybody can seal to Ada's public key; only Ada can have sealed what she kept for herself."""
    secret, thief = keys.random_key(), keys.Bundle.create(cast.ada.bundle.anchor)
    planted = uuid4()
    with writing(app) as session:
        dan = user_row(session, cast.dan)
        sealed = cast.ada.bundle.public.seal(secret, keys.packed("invitation", planted))
        now = dan.created_at
        session.add(
            Invitation(
                id=planted,
                token_digest=keys.random_key(),
                sealed_secret=sealed,
                anchor=cast.ada.bundle.anchor,
                anchor_mac=keys.random_key(),
                inviter_id=cast.ada.id,
                name="Dan",
                roles="admin",
                created_at=now,
                expires_at=now,
            )
        )
        dan.roles, dan.public_keys, dan.certificate = "admin", thief.public.to_bytes(), None
        dan.invited_by_id, dan.invitation_id = cast.ada.id, planted
        dan.invitation_mac = keys.authenticate(
            keys.derive(secret, "account"),
            keys.packed(dan.id, dan.public_keys, dan.key_generation, "admin"),
        )

    browse(cast.ada).get("/")

    assert read(app, select(User.certificate).where(User.id == cast.dan.id)) == [None]
    assert "account.mistrusted" in actions(app)


def test_a_link_planted_in_an_administrators_name_certifies_nobody(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    secret, thief = keys.random_key(), keys.Bundle.create(cast.ada.bundle.anchor)
    planted = uuid4()
    with writing(app) as session:
        ben = user_row(session, cast.ben)
        session.add(FormerCertificate(user_id=ben.id, generation=1, certificate=ben.certificate))
        ben.public_keys, ben.key_generation = thief.public.to_bytes(), 2
        ben.certificate = None
        session.add(
            Renewal(
                id=planted,
                token_digest=keys.random_key(),
                sealed_secret=cast.ada.bundle.public.seal(secret, b"renewal"),
                user_id=ben.id,
                maker_id=cast.ada.id,
                key_generation=2,
                anchor=cast.ada.bundle.anchor,
                anchor_mac=keys.random_key(),
                account_mac=keys.authenticate(
                    keys.derive(secret, "renewed account"),
                    keys.packed(ben.id, ben.public_keys, 2, ben.roles),
                ),
                created_at=ben.created_at,
                expires_at=ben.created_at,
                used_at=ben.created_at,
            )
        )

    browse(cast.ada).get("/")

    assert read(app, select(User.certificate).where(User.id == cast.ben.id)) == [None]
    assert "account.mistrusted" in actions(app)
    restore(cast, browse(cast.ann), cast.ben, 503)


@pytest.mark.parametrize("harm", ["the keys", "the MAC", "the roles", "the generation"])
def test_an_account_changed_between_link_and_certificate_is_not_certified(
    app: Flask, browse: Browse, cast: Cast, harm: str
) -> None:
    begin(app, link(browse(cast.ada), cast.ben))
    with writing(app) as session:
        ben, row = user_row(session, cast.ben), session.scalars(select(Renewal)).one()
        if harm == "the keys":
            ben.public_keys = keys.Bundle.create(cast.ada.bundle.anchor).public.to_bytes()
        elif harm == "the MAC":
            row.account_mac = flipped(row.account_mac or b"")
        elif harm == "the roles":
            ben.roles = "admin"
        else:
            ben.key_generation = row.key_generation = 3

    browse(cast.ada).get("/")

    assert read(app, select(User.certificate).where(User.id == cast.ben.id)) == [None]
    assert "account.mistrusted" in actions(app)
    restore(cast, browse(cast.ann), cast.ben, 503)


@pytest.mark.parametrize("column", ["anchor", "anchor_mac", "user_id"])
def test_a_link_changed_in_the_database_is_refused(
    app: Flask, browse: Browse, cast: Cast, column: str
) -> None:
    path = link(browse(cast.ada), cast.ben)
    with writing(app) as session:
        row = session.scalars(select(Renewal)).one()
        value = cast.dan.id if column == "user_id" else flipped(getattr(row, column))
        setattr(row, column, value)

    assert "changed in the database" in StrictBrowser(app).get(path, 503).text
    begin(app, path, 503)
    assert "damage.noticed" in actions(app)
    assert read(app, select(User.key_generation).where(User.key_generation > 1)) == []


def test_a_role_raised_before_the_link_gives_no_right_to_certify(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    with writing(app) as session:
        user_row(session, cast.dan).roles = "admin"
    renewed(app, browse, cast, cast.dan)

    [certificate] = read(app, select(User.certificate).where(User.id == cast.dan.id))

    assert not keys.Certificate.from_bytes(certificate).may_certify


def test_keys_rolled_back_to_those_that_were_lost_close_the_seat_changes(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    """Whoever stole Ben's old keys puts his old row back, and waits for the next key."""
    with writing(app) as session:
        before, grant = copied(user_row(session, cast.ben)), None
        grant = copied(grant_row(session, cast.case.id, cast.ben))
    renewed(app, browse, cast, cast.ben)
    restore(cast, browse(cast.ann), cast.ben)
    with writing(app) as session:
        row = user_row(session, cast.ben)
        for name, value in before.items():
            setattr(row, name, value)
        session.execute(delete(FormerCertificate))
        session.execute(delete(CaseGrant).where(CaseGrant.user_id == cast.ben.id))
        session.flush()
        session.add(CaseGrant(**grant))

    page = browse(cast.ann).get(f"{cast.case.url}/members/")
    assert "The keys of Ben Writer are not the ones this case was opened to" in page.warnings()
    browse(cast.ann).post(f"{cast.case.url}/members/{cast.case.seats['cleo']}/delete", 503)
    assert "damage.noticed" in actions(app)
    with writing(app) as session:
        assert case_row(session, cast.case.id).generation == 1


def test_a_planted_grant_is_told_and_noted(app: Flask, browse: Browse, cast: Cast) -> None:
    with writing(app) as session:
        grant = grant_row(session, cast.case.id, cast.ben)
        grant.signature = flipped(grant.signature)

    page = browse(cast.ben).get("/")

    assert "A key stored for you was changed outside Casefile" in page.main
    assert "damage.noticed" in actions(app)


def test_a_founder_whose_account_is_closed_locks_nobody_out(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    """The anchor is a key, not an account: closing the account signs it out and no more."""
    with writing(app) as session:
        ada = user_row(session, cast.ada)
        ada.disabled_at = ada.created_at

    browse(cast.ben, fresh=True).get(f"{cast.case.url}/notes/{cast.case.note}")
    browse(cast.ann).post(f"{cast.case.url}/members/", username="dan", role="reader")
    browse(cast.dan).get(f"{cast.case.url}/")
    StrictBrowser(app).sign_in(cast.ada, 422)
