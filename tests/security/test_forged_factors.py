from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from casefile import audit
from casefile.accounts.factors import opening
from casefile.accounts.factors.models import FactorList, SecondFactor
from casefile.uow import UnitOfWork
from tests.cast import resources_of
from tests.intruder import actions, copied, flipped, read, writing
from tests.second_factors import (
    factors_of,
    give_app,
    give_codes,
    give_key,
    give_password,
)
from tests.strict_browser import StrictBrowser, signed_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from flask import Flask

    from tests.cast import Actor, Cast, Clock
    from tests.strict_browser import Browse


LIST = "/account/second-factor"


TAMPERED = "were changed in the database by somebody who may"


def _row(app: Flask, actor: Actor) -> dict[str, object]:
    return copied(read(app, select(SecondFactor).where(SecondFactor.user_id == actor.id))[0])


def test_a_planted_key_is_refused_shown_and_entered(app: Flask, cast: Cast, clock: Clock) -> None:
    phone = give_app(app, cast.ben, clock)
    theirs = give_key(app, cast.dan)
    with writing(app) as session:
        session.add(
            SecondFactor(**{**_row(app, cast.dan), "id": cast.case.id, "user_id": cast.ben.id})
        )
    browser = StrictBrowser(app)
    page = browser.get(give_password(browser, cast.ben).location)

    assert "changed in the database" in page.warnings()
    assert "data-options" not in page.html
    assert "factor.mistrusted" in actions(app)
    options = {"rpId": "localhost", "challenge": "AAAA"}
    browser.post("/sign-in/factor/key", 422, answer=theirs.get(options))
    browser.post("/sign-in/factor", code=phone.code())
    shown = browser.get(LIST)
    assert "Set right" in shown.main
    assert "Telephone" in shown.main
    browser.post(f"{LIST}/codes", 409)
    browser.post(f"{LIST}/repair")
    assert factors_of(app, cast.ben).sound
    assert [factor.name for factor in factors_of(app, cast.ben).mine] == ["Telephone"]
    browser.post(f"{LIST}/repair", 409)


def _moved(app: Flask, cast: Cast) -> None:
    with writing(app) as session:
        for row in session.scalars(select(SecondFactor).where(SecondFactor.user_id == cast.ben.id)):
            row.user_id = cast.dan.id


def _changed(app: Flask, cast: Cast) -> None:
    with writing(app) as session:
        for row in session.scalars(select(SecondFactor).where(SecondFactor.user_id == cast.ben.id)):
            row.sealed = flipped(row.sealed)


def _counted_back(app: Flask, cast: Cast) -> None:
    with writing(app) as session:
        for row in session.scalars(select(SecondFactor).where(SecondFactor.user_id == cast.ben.id)):
            row.counter = -5


def _other_kind(app: Flask, cast: Cast) -> None:
    with writing(app) as session:
        for row in session.scalars(select(SecondFactor).where(SecondFactor.user_id == cast.ben.id)):
            row.kind = "key"


def _taken_out(app: Flask, cast: Cast) -> None:
    with writing(app) as session:
        for row in session.scalars(select(SecondFactor).where(SecondFactor.user_id == cast.ben.id)):
            session.delete(row)


def _list_taken_out(app: Flask, cast: Cast) -> None:
    _taken_out(app, cast)
    with writing(app) as session:
        session.delete(session.get_one(FactorList, cast.ben.id))


def _list_changed(app: Flask, cast: Cast) -> None:
    with writing(app) as session:
        row = session.get_one(FactorList, cast.ben.id)
        row.sealed = flipped(row.sealed)


def _list_of_another(app: Flask, cast: Cast) -> None:
    give_key(app, cast.dan)
    with writing(app) as session:
        row = session.get_one(FactorList, cast.ben.id)
        row.sealed = session.get_one(FactorList, cast.dan.id).sealed


def _removed_by_no_administrator(app: Flask, cast: Cast) -> None:
    """All is as an administrator's removal leaves it, but for who signed it."""
    _taken_out(app, cast)
    with UnitOfWork(resources_of(app), cast.dan.id) as uow:
        row = uow.session.get_one(FactorList, cast.ben.id)
        said = opening.removal_statement(cast.ben.id, row.sealed, uow.now)
        row.removed_at, row.removed_by_id = uow.now, cast.dan.id
        row.removal_signature = cast.dan.bundle.sign(said)
        audit.record(uow, opening.REMOVED, subject_id=cast.ben.id)


@pytest.mark.parametrize(
    "tamper",
    [
        _moved,
        _changed,
        _counted_back,
        _other_kind,
        _taken_out,
        _list_taken_out,
        _list_changed,
        _list_of_another,
        _removed_by_no_administrator,
    ],
)
def test_whoever_writes_into_the_database_takes_nobodys_factor_away(
    app: Flask, cast: Cast, clock: Clock, tamper: Callable[[Flask, Cast], None]
) -> None:
    give_app(app, cast.ben, clock)

    tamper(app, cast)

    page = StrictBrowser(app).post("/sign-in", 403, username="ben", password=cast.ben.password)
    assert TAMPERED in page.text
    assert actions(app)[-2:] == ["factor.mistrusted", "session.refused"]


def test_with_one_factor_changed_the_others_still_work(
    app: Flask, cast: Cast, clock: Clock
) -> None:
    phone = give_app(app, cast.ben, clock)
    give_key(app, cast.ben)
    with writing(app) as session:
        for row in session.scalars(select(SecondFactor).where(SecondFactor.kind == "key")):
            row.sealed = flipped(row.sealed)
    browser = StrictBrowser(app)
    page = browser.get(give_password(browser, cast.ben).location)

    assert "changed in the database" in page.warnings()
    browser.post("/sign-in/factor", code=phone.code())


def test_factors_put_back_after_they_were_taken_away_prove_nothing(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    give_app(app, cast.ben, clock)
    rows = read(app, select(SecondFactor).where(SecondFactor.user_id == cast.ben.id))
    lists = read(app, select(FactorList).where(FactorList.user_id == cast.ben.id))
    old = [(SecondFactor, copied(rows[0])), (FactorList, copied(lists[0]))]
    browse(cast.ada).post(f"/admin/people/{cast.ben.id}/second-factor/delete")
    with writing(app) as session:
        session.delete(session.get_one(FactorList, cast.ben.id))
        session.flush()
        for model, columns in old:
            session.add(model(**columns))

    page = StrictBrowser(app).post("/sign-in", 403, username="ben", password=cast.ben.password)

    assert TAMPERED in page.text


def test_a_removed_factor_put_back_proves_nothing(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    lost, phone = give_app(app, cast.ben, clock, "Lost"), give_app(app, cast.ben, clock)
    gone = next(one.id for one in factors_of(app, cast.ben).mine if one.name == "Lost")
    row = copied(read(app, select(SecondFactor).where(SecondFactor.id == gone))[0])
    browse(cast.ben).post(f"{LIST}/{gone}/delete")
    with writing(app) as session:
        session.add(SecondFactor(**row))
    browser = StrictBrowser(app)
    page = browser.get(give_password(browser, cast.ben).location)

    assert "changed in the database" in page.warnings()
    browser.post("/sign-in/factor", 422, code=lost.code())
    browser.post("/sign-in/factor", code=phone.code())


def test_the_database_alone_gives_no_secret_of_a_factor(
    app: Flask, cast: Cast, clock: Clock
) -> None:
    phone = give_app(app, cast.ben, clock, "My very own telephone")
    codes = give_codes(app, cast.ben)
    kept = b"".join(
        repr(copied(row)).encode() + row.sealed
        for model in (SecondFactor, FactorList)
        for row in read(app, select(model))
    )

    for secret in (
        phone.secret,
        phone.secret.hex().encode(),
        b"My very own",
        *map(str.encode, codes),
    ):
        assert secret not in kept


@pytest.fixture
def held(app: Flask, cast: Cast, clock: Clock) -> UUID:
    give_app(app, cast.ben, clock)
    return factors_of(app, cast.ben).mine[0].id


def _unsigned(app: Flask, cast: Cast) -> None:
    with writing(app) as session:
        row = session.get_one(FactorList, cast.ben.id)
        row.removal_signature = flipped(row.removal_signature or b"-")


@pytest.mark.parametrize(
    ("before", "tamper"),
    [
        ("held", _changed),
        ("held", _taken_out),
        ("held", _list_changed),
        ("held", _list_taken_out),
        ("removed", _unsigned),
        ("removed", _list_changed),
        ("removed", _list_taken_out),
    ],
)
def test_an_administrator_sets_right_what_was_tampered_with(
    app: Flask,
    browse: Browse,
    cast: Cast,
    held: UUID,
    before: str,
    tamper: Callable[[Flask, Cast], None],
) -> None:
    path = f"/admin/people/{cast.ben.id}/second-factor/delete"
    if before == "removed":
        browse(cast.ada).post(path)
        assert path not in browse(cast.ada).get("/admin/").html
    tamper(app, cast)
    StrictBrowser(app).sign_in(cast.ben, 403)

    assert path in browse(cast.ada).get("/admin/").html
    browse(cast.ada).post(path)

    signed_in(app, cast.ben).get("/")


def test_a_signed_removal_fits_no_later_factor(
    app: Flask, browse: Browse, cast: Cast, clock: Clock, held: UUID
) -> None:
    browse(cast.ada).post(f"/admin/people/{cast.ben.id}/second-factor/delete")
    old = copied(read(app, select(FactorList))[0])
    phone = give_app(app, cast.ben, clock)
    assert phone
    _taken_out(app, cast)
    with writing(app) as session:
        row = session.get_one(FactorList, cast.ben.id)
        for name in ("removed_at", "removed_by_id", "removal_signature"):
            setattr(row, name, old[name])

    StrictBrowser(app).sign_in(cast.ben, 403)
