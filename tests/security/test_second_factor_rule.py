from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from casefile import audit
from casefile.accounts.factors import opening, pending, proving
from casefile.accounts.factors.models import FactorList, PendingSignIn, SecondFactor
from casefile.accounts.models import SignInSession
from casefile.errors import InvalidError
from casefile.uow import UnitOfWork
from tests.cast import open_session, resources_of
from tests.intruder import actions, copied, flipped, read, user_row, writing
from tests.second_factors import (
    App,
    factors_of,
    give_app,
    give_codes,
    give_key,
    give_password,
    options_of,
    secret_on,
)
from tests.strict_browser import StrictBrowser

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from flask import Flask

    from tests.cast import Actor, Cast, Clock
    from tests.strict_browser import Browse

LIST = "/account/second-factor"
TAMPERED = "were changed in the database by somebody who may"


@pytest.fixture
def strict(make_app: Callable[..., Flask]) -> Flask:
    """A newsroom with the rule that real ones have unless they say otherwise."""
    return make_app(second_factor="editors")


def _sign_in(app: Flask, actor: Actor, status: int = 303) -> StrictBrowser:
    browser = StrictBrowser(app)
    browser.post("/sign-in", status, username=actor.username, password=actor.password)
    return browser


def test_editors_and_administrators_add_a_factor_before_anything_else(
    strict: Flask, cast: Cast, clock: Clock
) -> None:
    for actor in (cast.eva, cast.ada):
        browser = _sign_in(strict, actor)
        for path in ("/", "/cases/", "/search?q=pier", f"{cast.case.url}/", "/admin/"):
            assert browser.get(path, 303).location == LIST
        browser.post("/cases/", 403, title="Not yet", summary="")
        browser.post(f"/admin/people/{cast.cleo.id}/disable", 403)
        for path in (LIST, "/account/", "/account/password", "/account/sessions"):
            browser.get(path)
        assert "Your role needs a second factor" in browser.get(LIST).main
        page = browser.get(f"{LIST}/app/new")
        phone = App(clock, secret_on(page))
        browser.post(f"{LIST}/app", setup=page.value("setup"), name="T", code=phone.code())
        browser.get("/cases/")
    assert _sign_in(strict, cast.eva).get("/", 302).location == "/sign-in"


def test_others_need_none(strict: Flask, cast: Cast) -> None:
    _sign_in(strict, cast.ben).get("/")
    _sign_in(strict, cast.cleo).get("/")


def test_everyone_means_everyone(make_app: Callable[..., Flask], cast: Cast) -> None:
    app = make_app(second_factor="everyone")

    for actor in (cast.ann, cast.cleo, cast.ada):
        assert _sign_in(app, actor).get("/", 303).location == LIST


def test_signing_out_is_open_to_whoever_must_enrol(strict: Flask, cast: Cast) -> None:
    _sign_in(strict, cast.eva).post("/sign-out")


def test_the_last_one_stays_where_one_must_be(strict: Flask, cast: Cast, clock: Clock) -> None:
    give_app(strict, cast.eva, clock)
    give_codes(strict, cast.eva)
    eva = StrictBrowser(strict, open_session(strict, cast.eva))
    only = factors_of(strict, cast.eva).main[0].id

    page = eva.post(f"{LIST}/{only}/delete", 422)

    assert "Add another security key or app first" in page.text
    assert f"{only}/delete" not in eva.get(LIST).html
    give_key(strict, cast.eva)
    eva.post(f"{LIST}/{only}/delete")
    assert [factor.kind for factor in factors_of(strict, cast.eva).main] == ["key"]


def test_nothing_tells_who_has_a_factor_before_the_password_was_right(
    app: Flask, cast: Cast, clock: Clock
) -> None:
    def answers() -> list[tuple[int, str]]:
        found = []
        for username in ("ben", "dan", "nobody.of.this.name"):
            browser = StrictBrowser(app)
            page = browser.post("/sign-in", 422, username=username, password="not the password")
            found.append((page.status, page.main.replace(username, "")))
            found.append((browser.get("/sign-in/factor", 303).status, ""))
        return found

    before = answers()
    give_app(app, cast.ben, clock)
    give_key(app, cast.ben)

    assert answers() == before
    assert len({main for _status, main in before if main}) == 1


def test_a_half_done_sign_in_opens_nothing_without_its_cookie(
    app: Flask, cast: Cast, clock: Clock
) -> None:
    give_app(app, cast.ben, clock)
    browser = StrictBrowser(app)
    give_password(browser, cast.ben)
    row = read(app, select(PendingSignIn))[0]

    assert cast.ben.bundle.to_bytes()[:64] not in row.sealed_bundle
    assert read(app, select(SignInSession).where(SignInSession.user_id == cast.ben.id)) == []
    StrictBrowser(app).get("/sign-in/factor", 303)
    for path in ("/", f"{cast.case.url}/", "/account/", LIST):
        assert browser.get(path, 302).location.startswith("/sign-in")


def test_a_half_done_sign_in_ends_with_the_account_and_with_signing_out_everywhere(
    app: Flask, cast: Cast, clock: Clock
) -> None:
    phone = give_app(app, cast.ben, clock)
    for close in ("auth_epoch", "disabled_at"):
        browser = StrictBrowser(app)
        give_password(browser, cast.ben)
        with writing(app) as session:
            user = user_row(session, cast.ben)
            setattr(user, close, user.auth_epoch + 1 if close == "auth_epoch" else clock())
        browser.post("/sign-in/factor", 303, code=phone.code())
        browser.get("/", 302)


def test_of_two_devices_with_one_code_one_wins(app: Flask, cast: Cast, clock: Clock) -> None:
    phone = give_app(app, cast.ben, clock)
    codes = give_codes(app, cast.ben)
    for typed in (phone.code(), codes[0]):
        waiting = []
        for _ in range(4):
            browser = StrictBrowser(app)
            give_password(browser, cast.ben)
            waiting.append(browser)

        def prove(browser: StrictBrowser, typed: str = typed) -> bool:
            resources = resources_of(app)
            secret = base64.urlsafe_b64decode(browser.cookie or "")
            with resources.database.reading() as session:
                found = pending.find(session, secret, clock())
            assert found is not None
            try:
                pending.prove(
                    resources, found, proving.read_code(typed), address="10.0.0.1", agent=""
                )
            except InvalidError:
                return False
            return True

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(prove, waiting)) == 1


def test_one_half_done_sign_in_becomes_one_session(app: Flask, cast: Cast, clock: Clock) -> None:
    phone = give_app(app, cast.ben, clock)
    browser = StrictBrowser(app)
    give_password(browser, cast.ben)
    secret = base64.urlsafe_b64decode(browser.cookie or "")
    resources = resources_of(app)
    with resources.database.reading() as session:
        found = pending.find(session, secret, clock())
    assert found is not None
    pending.prove(
        resources,
        found,
        proving.read_code(phone.code()),
        address="10.0.0.1",
        agent="",
    )
    clock.forward(seconds=30)

    with pytest.raises(InvalidError, match="finished elsewhere"):
        pending.prove(
            resources,
            found,
            proving.read_code(phone.code()),
            address="10.0.0.1",
            agent="",
        )


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


def test_an_administrator_takes_factors_away_and_the_person_is_told(
    app: Flask, browse: Browse, cast: Cast, held: UUID
) -> None:
    admin, open_browser = browse(cast.ada), browse(cast.ben)
    open_browser.get("/")
    assert "Remove second factors" in admin.get("/admin/").main
    admin.post(f"/admin/people/{cast.ben.id}/second-factor/delete")

    open_browser.get("/", 302)
    assert "factors.removed" in actions(app)
    assert "Remove second factors" not in admin.get("/admin/").main
    admin.post(f"/admin/people/{cast.ben.id}/second-factor/delete", 409)
    admin.get(f"{cast.case.url}/", 404)
    ben = _sign_in(app, cast.ben)
    assert "Ada Keeper, an administrator, removed your second factors" in ben.get("/").text
    assert "Ada Keeper" in ben.get(LIST).main
    page = ben.get(f"{LIST}/app/new")
    phone = App(resources_of(app).clock, secret_on(page))  # type: ignore[arg-type]
    ben.post(f"{LIST}/app", setup=page.value("setup"), name="T", code=phone.code())
    assert "Ada Keeper" not in ben.get(LIST).main
    assert factors_of(app, cast.ben).sound


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
    _sign_in(app, cast.ben, 403)

    assert path in browse(cast.ada).get("/admin/").html
    browse(cast.ada).post(path)

    _sign_in(app, cast.ben).get("/")


def test_nobody_takes_away_their_own_or_without_the_right(
    app: Flask, browse: Browse, cast: Cast, held: UUID
) -> None:
    browse(cast.ada).post(f"/admin/people/{cast.ada.id}/second-factor/delete", 403)
    browse(cast.ada).post(f"/admin/people/{cast.case.id}/second-factor/delete", 404)
    browse(cast.dan).post(f"/admin/people/{cast.ben.id}/second-factor/delete", 403)
    with writing(app) as session:
        user_row(session, cast.dan).roles = "admin reporter"
    page = browse(cast.dan, fresh=True).post(
        f"/admin/people/{cast.ben.id}/second-factor/delete", 403
    )

    assert "not certified as an administrator" in page.text
    assert factors_of(app, cast.ben).mine


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

    _sign_in(app, cast.ben, 403)


def test_somebody_elses_factor_is_not_there(
    app: Flask, browse: Browse, cast: Cast, held: UUID
) -> None:
    for path in (f"{LIST}/{held}", f"{LIST}/{held}/delete"):
        browse(cast.dan).post(path, 404, name="Mine now")
        browse(cast.ada).post(path, 404, name="Mine now")
    browse(cast.dan).get(f"{LIST}/{held}/edit", 404)
    assert factors_of(app, cast.ben).mine[0].name == "Telephone"


def test_a_setup_of_somebody_else_adds_nothing(browse: Browse, cast: Cast, clock: Clock) -> None:
    page = browse(cast.dan).get(f"{LIST}/app/new")
    theirs = App(clock, secret_on(page))

    refused = browse(cast.ben).post(
        f"{LIST}/app", 422, setup=page.value("setup"), name="T", code=theirs.code()
    )

    assert "open for too long" in refused.problems()
    for setup in ("", "!", "AAAA", "ё", page.value("setup")[:-4]):
        browse(cast.ben).post(f"{LIST}/app", 422, setup=setup, name="T", code=theirs.code())


def test_a_changed_password_keeps_the_factors(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    phone = give_app(app, cast.ben, clock)
    browse(cast.ben).post(
        "/account/password",
        current=cast.ben.password,
        password="a quite new sentence",
        password_again="a quite new sentence",
    )
    browser = StrictBrowser(app)

    page = browser.post("/sign-in", username="ben", password="a quite new sentence")

    assert page.location == "/sign-in/factor"
    browser.post("/sign-in/factor", code=phone.code())


def test_options_name_only_keys_of_this_address(app: Flask, cast: Cast) -> None:
    give_key(app, cast.ben, host="casefile.example")
    here = give_key(app, cast.ben)
    browser = StrictBrowser(app)

    options = options_of(browser.get(give_password(browser, cast.ben).location))

    assert len(options["allowCredentials"]) == 1
    browser.post("/sign-in/factor/key", answer=here.get(options))
