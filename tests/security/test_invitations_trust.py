"""An invitation's secret is what makes a new person's keys believed, and nothing else does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from casefile import keys
from casefile.accounts.models import Invitation, User
from tests.access_matrix import invite
from tests.intruder import actions, flipped, read, writing
from tests.strict_browser import StrictBrowser

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast, Clock
    from tests.strict_browser import Browse

PASSWORD = "seven quiet herons"
FAY = {
    "username": "fay",
    "name": "Fay New",
    "password": PASSWORD,
    "password_again": PASSWORD,
}


def _token(browse: Browse, cast: Cast, **fields: object) -> str:
    page = browse(cast.ada).post(
        "/admin/invitations", 200, fields={"name": "Fay New", "roles": "reporter", **fields}
    )
    found = re.search(r"/invitations/([A-Za-z0-9_-]{43})", page.html)
    assert found
    return found[1]


def _fay(app: Flask) -> User:
    found: User = read(app, select(User).where(User.username == "fay"))[0]
    return found


def test_an_invited_person_is_certified_by_the_inviters_next_visit_and_can_be_seated(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    fay = StrictBrowser(app)
    token = _token(browse, cast)
    assert "Ada Keeper" in fay.get(f"/invitations/{token}").text
    page = fay.post(f"/invitations/{token}", 200, fields=FAY)
    assert "Your account is ready" in page.text
    assert _fay(app).certificate is None

    browse(cast.ada).get("/")

    assert _fay(app).certificate is not None
    assert "account.certified" in actions(app)
    browse(cast.ann).post(f"{cast.case.url}/members/", username="fay", role="reporter")
    fay.get(f"{cast.case.url}/notes/{cast.case.note}")
    fay.post(f"{cast.case.url}/notes/", title="First", body="Mine")


def test_an_uncertified_person_cannot_be_given_a_seat(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    StrictBrowser(app).post(f"/invitations/{_token(browse, cast)}", 200, fields=FAY)

    assert "fay" not in browse(cast.ann).get(f"{cast.case.url}/members/").html
    browse(cast.ann).post(f"{cast.case.url}/members/", 422, username="fay", role="reader")


def test_an_invitation_works_once(app: Flask, browse: Browse, cast: Cast) -> None:
    token = _token(browse, cast)
    StrictBrowser(app).post(f"/invitations/{token}", 200, fields=FAY)

    again = StrictBrowser(app)
    again.get(f"/invitations/{token}", 404)
    again.post(f"/invitations/{token}", 404, fields={**FAY, "username": "fay2"})
    assert read(app, select(User).where(User.username == "fay2")) == []


def test_an_invitation_runs_out(app: Flask, browse: Browse, cast: Cast, clock: Clock) -> None:
    token = _token(browse, cast)
    clock.forward(days=6, hours=23)
    StrictBrowser(app).get(f"/invitations/{token}")
    clock.forward(hours=2)

    StrictBrowser(app).get(f"/invitations/{token}", 404)
    StrictBrowser(app).post(f"/invitations/{token}", 404, fields=FAY)


def test_a_withdrawn_invitation_does_not_work(app: Flask, browse: Browse, cast: Cast) -> None:
    token = _token(browse, cast)
    invitation = read(app, select(Invitation.id))[0]

    browse(cast.ada).post(f"/admin/invitations/{invitation}/delete")

    StrictBrowser(app).get(f"/invitations/{token}", 404)
    StrictBrowser(app).post(f"/invitations/{token}", 404, fields=FAY)


def test_used_run_out_withdrawn_and_invented_invitations_look_the_same(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    token = _token(browse, cast)
    browse(cast.ada).post(f"/admin/invitations/{read(app, select(Invitation.id))[0]}/delete")
    nobody = StrictBrowser(app)

    pages = {nobody.get(f"/invitations/{word}", 404).text for word in (token, "A" * 43, "x", "%00")}

    assert len(pages) == 1


def test_the_token_is_kept_nowhere(app: Flask, browse: Browse, cast: Cast) -> None:
    token = _token(browse, cast)
    row = read(app, select(Invitation))[0]

    for column in Invitation.__table__.columns:
        assert token not in str(getattr(row, column.key))
    assert token not in browse(cast.ada).get("/admin/").html


@pytest.mark.parametrize("column", ["anchor", "anchor_mac"])
def test_an_invitation_with_a_changed_anchor_is_refused(
    app: Flask, browse: Browse, cast: Cast, column: str
) -> None:
    """Else the new person would trust a founder of the intruder's making."""
    token = _token(browse, cast)
    with writing(app) as session:
        row = session.scalars(select(Invitation)).one()
        setattr(row, column, flipped(getattr(row, column)))

    StrictBrowser(app).get(f"/invitations/{token}", 503)
    StrictBrowser(app).post(f"/invitations/{token}", 503, fields=FAY)
    assert read(app, select(User).where(User.username == "fay")) == []


def test_an_invitation_with_raised_roles_is_refused(app: Flask, browse: Browse, cast: Cast) -> None:
    token = _token(browse, cast)
    with writing(app) as session:
        session.scalars(select(Invitation)).one().roles = "admin"

    StrictBrowser(app).get(f"/invitations/{token}", 503)
    StrictBrowser(app).post(f"/invitations/{token}", 503, fields=FAY)
    assert read(app, select(User).where(User.username == "fay")) == []


@pytest.mark.parametrize(
    "harm", ["the MAC", "the keys", "the roles", "the id of another invitation"]
)
def test_an_account_forged_in_the_database_is_not_certified(
    app: Flask, browse: Browse, cast: Cast, harm: str
) -> None:
    StrictBrowser(app).post(f"/invitations/{_token(browse, cast)}", 200, fields=FAY)
    _token(browse, cast, name="Gus")
    with writing(app) as session:
        fay = session.scalars(select(User).where(User.username == "fay")).one()
        if harm == "the MAC":
            fay.invitation_mac = flipped(fay.invitation_mac or b"")
        elif harm == "the keys":
            fay.public_keys = keys.Bundle.create(cast.ada.bundle.anchor).public.to_bytes()
        elif harm == "the roles":
            fay.roles = "admin"
        else:
            open_ = select(Invitation.id).where(Invitation.name == "Gus")
            fay.invitation_id = session.scalars(open_).one()

    browse(cast.ada).get("/")

    assert _fay(app).certificate is None
    assert "account.mistrusted" in actions(app)
    assert "fay" not in browse(cast.ann).get(f"{cast.case.url}/members/").html
    browse(cast.ada).get("/")


def test_an_account_planted_without_an_invitation_is_never_certified(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    with writing(app) as session:
        ben = session.get_one(User, cast.ben.id)
        ben.certificate, ben.invited_by_id, ben.invitation_id = None, cast.ada.id, None

    browse(cast.ada).get("/")

    assert read(app, select(User.certificate).where(User.id == cast.ben.id)) == [None]


def test_somebody_else_than_the_inviter_certifies_nobody(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    StrictBrowser(app).post(f"/invitations/{_token(browse, cast)}", 200, fields=FAY)
    with writing(app) as session:
        session.scalars(
            select(User).where(User.username == "fay")
        ).one().invited_by_id = cast.dan.id

    browse(cast.dan).get("/")

    assert _fay(app).certificate is None


def test_an_uncertified_person_cannot_open_a_case_of_their_own_and_is_told_why(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    fay = StrictBrowser(app)
    fay.post(f"/invitations/{_token(browse, cast)}", 200, fields=FAY)

    page = fay.post("/cases/", 503, title="Mine")

    assert "not certified" in page.text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"username": ""}, "Fill this in"),
        ({"username": "b"}, "3 to 64"),
        ({"username": "fay fay"}, "3 to 64"),
        ({"username": "фаина"}, "3 to 64"),
        ({"username": "BEN"}, "taken"),
        ({"username": "x" * 65}, "Shorten"),
        ({"name": ""}, "Fill this in"),
        ({"name": "a\x00b"}, "control characters"),
        ({"password": "short", "password_again": "short"}, "at least 12"),
        ({"password": "aaaaaaaaaaaaaa", "password_again": "aaaaaaaaaaaaaa"}, "repeats"),
        ({"password": "fay fay fay fay", "password_again": "fay fay fay fay"}, "username out"),
        ({"password_again": "something different"}, "differ"),
        ({"password": "x" * 2000, "password_again": "x" * 2000}, "1024"),
    ],
    ids=str,
)
def test_a_form_that_will_not_do_comes_again_and_the_invitation_still_works(
    app: Flask, browse: Browse, cast: Cast, fields: dict[str, str], words: str
) -> None:
    token = _token(browse, cast)
    fay = StrictBrowser(app)

    page = fay.post(f"/invitations/{token}", 422, fields={**FAY, **fields})

    assert words in page.problems()
    assert "herons" not in page.html
    fay.post(f"/invitations/{token}", 200, fields=FAY)


def test_an_invitation_made_by_the_services_is_the_one_of_the_page(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    _invitation, token = invite(app.extensions["casefile"], cast)

    assert "Fay" in StrictBrowser(app).get(f"/invitations/{token}").html
