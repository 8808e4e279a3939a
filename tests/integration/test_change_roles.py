from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import select

from casefile import keys
from casefile.accounts import invitations, service
from casefile.accounts.models import User
from casefile.errors import DamagedError
from casefile.policy import Role
from casefile.uow import UnitOfWork
from tests.access_matrix import invite
from tests.cast import Actor, resources_of
from tests.intruder import actions, read, user_row, writing

if TYPE_CHECKING:
    from flask import Flask

    from casefile.uow import Resources
    from tests.cast import Cast
    from tests.strict_browser import Browse


def _certificate(app: Flask, actor: Actor) -> keys.Certificate:
    [raw] = read(app, select(User.certificate).where(User.id == actor.id))
    return keys.Certificate.from_bytes(raw)


def _holds(app: Flask, cast: Cast, actor: Actor) -> bool:
    with resources_of(app).database.reading() as session:
        try:
            service.certified_keys(session, cast.ada.bundle.anchor, actor.id)
        except DamagedError:
            return False
    return True


def _join(resources: Resources, inviter: Actor, username: str, *, certified: bool = True) -> Actor:
    """Let somebody accept an invitation of this person."""
    with UnitOfWork(resources, inviter.id, inviter.bundle) as uow:
        made, token = invitations.create(uow, name=username, roles=[Role.REPORTER])
        anchor = made.anchor
    user_id, bundle = uuid4(), keys.Bundle.create(anchor)
    password = "plain bread and mountain honey"
    sealed = service.seal_bundle(resources, user_id, username, password, bundle)
    with UnitOfWork(resources, None) as uow:
        invitations.accept(
            uow,
            token,
            username=username,
            name=username,
            sealed=sealed,
            bundle=bundle,
            user_id=user_id,
        )
    if certified:
        with UnitOfWork(resources, inviter.id, inviter.bundle) as uow:
            service.certify_invited(uow)
    return Actor(user_id, username, username, password, bundle)


def _give(browse: Browse, admin: Actor, person: Actor, *roles: str, status: int = 303) -> None:
    browse(admin).post(f"/admin/people/{person.id}/roles", status, roles=list(roles))


def test_a_role_change_ends_the_sessions_and_the_next_one_has_the_role(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    browse(cast.cleo).get("/cases/new", 403)

    _give(browse, cast.ada, cast.cleo, "verifier", "reporter")

    browse(cast.cleo).get("/", 302)
    browse(cast.cleo, fresh=True).get("/cases/new")
    browse(cast.cleo).get(f"{cast.case.url}/")
    assert actions(app).count("account.roles_changed") == 1
    page = browse(cast.ada).get(f"/admin/people/{cast.cleo.id}")
    assert page.find("//input[@name='roles'][@checked]/@value") == ["reporter", "verifier"]


def test_the_same_roles_again_change_nothing(app: Flask, browse: Browse, cast: Cast) -> None:
    browse(cast.ben).get("/")

    _give(browse, cast.ada, cast.ben, "reporter")

    browse(cast.ben).get("/")
    assert "account.roles_changed" not in actions(app)


@pytest.mark.parametrize("roles", [[], ["queen"], ["reporter", "queen"]])
def test_roles_that_do_not_exist_are_refused(browse: Browse, cast: Cast, roles: list[str]) -> None:
    _give(browse, cast.ada, cast.ben, *roles, status=422)


def test_nobody_changes_their_own_roles(browse: Browse, cast: Cast) -> None:
    _give(browse, cast.ada, cast.ada, "reporter", status=403)
    assert "Another administrator" in browse(cast.ada).get(f"/admin/people/{cast.ada.id}").text


def test_a_new_administrator_may_certify_and_a_former_one_may_not(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    assert not _certificate(app, cast.eva).may_certify
    _give(browse, cast.ada, cast.eva, "editor", "admin")
    assert _certificate(app, cast.eva).may_certify
    guest = _join(resources_of(app), cast.eva, "fay")
    assert _holds(app, cast, guest)

    _give(browse, cast.ada, cast.eva, "editor")

    assert not _certificate(app, cast.eva).may_certify
    assert _certificate(app, guest).issuer_id == cast.ada.id
    for actor in (cast.eva, guest, cast.ann):
        assert _holds(app, cast, actor)
    browse(cast.eva, fresh=True).get(f"{cast.case.url}/")
    browse(cast.eva).get("/admin/", 403)


def test_the_founder_stays_the_root_whatever_their_roles(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    _give(browse, cast.ada, cast.eva, "admin")

    _give(browse, cast.eva, cast.ada, "editor")

    assert _certificate(app, cast.ada).may_certify
    for actor in (cast.ada, cast.ann, cast.eva):
        assert _holds(app, cast, actor)


def test_whom_this_person_certified_cannot_take_that_right_from_them(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    _give(browse, cast.ada, cast.eva, "admin")
    fay = _join(resources_of(app), cast.eva, "fay")
    _give(browse, cast.eva, fay, "admin")
    before = _certificate(app, cast.eva)

    page = browse(fay).post(f"/admin/people/{cast.eva.id}/roles", 409, roles=["editor"])

    assert "Ask another administrator" in page.text
    assert _certificate(app, cast.eva) == before
    _give(browse, cast.ada, cast.eva, "editor")
    assert _holds(app, cast, fay)


def test_an_administrator_by_a_planted_role_certifies_nobody(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    with writing(app) as session:
        user_row(session, cast.dan).roles = "admin"

    _give(browse, cast.dan, cast.cleo, "admin", status=409)

    assert not _certificate(app, cast.cleo).may_certify
    assert read(app, select(User.roles).where(User.id == cast.cleo.id)) == ["verifier"]


def test_planted_roles_gain_no_certificate_when_others_are_certified_anew(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    _give(browse, cast.ada, cast.eva, "admin")
    fay = _join(resources_of(app), cast.eva, "fay")
    with writing(app) as session:
        user_row(session, fay).roles = "admin"

    _give(browse, cast.ada, cast.eva, "editor")

    assert not _certificate(app, fay).may_certify


def test_swapped_keys_are_not_certified_by_a_role_change(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    with writing(app) as session:
        own = keys.Bundle.create(None).public.to_bytes()
        user_row(session, cast.cleo).public_keys = own

    _give(browse, cast.ada, cast.cleo, "admin", status=503)

    assert not _holds(app, cast, cast.cleo)


def test_roles_of_somebody_not_certified_yet_wait_for_their_inviter(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    _give(browse, cast.ada, cast.eva, "admin")
    fay = _join(resources_of(app), cast.ada, "fay", certified=False)

    _give(browse, cast.eva, fay, "editor", status=409)
    _give(browse, cast.ada, fay, "editor")

    assert _holds(app, cast, fay)
    assert "account.mistrusted" not in actions(app)


def test_an_invitation_keeps_its_meaning(resources: Resources, cast: Cast, browse: Browse) -> None:
    _invitation, token = invite(resources, cast)
    assert "Reporter" in browse().get(f"/invitations/{token}").text
