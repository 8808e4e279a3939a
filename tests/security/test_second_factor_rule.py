from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from casefile.accounts.factors import pending, proving
from casefile.accounts.factors.models import PendingSignIn
from casefile.accounts.models import SignInSession
from casefile.errors import InvalidError
from tests.cast import open_session, resources_of
from tests.intruder import actions, read, user_row, writing
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
from tests.strict_browser import StrictBrowser, signed_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from flask import Flask

    from tests.cast import Cast, Clock
    from tests.strict_browser import Browse


LIST = "/account/second-factor"


@pytest.fixture
def strict(make_app: Callable[..., Flask]) -> Flask:
    """A newsroom with the rule that real ones have unless they say otherwise."""
    return make_app(second_factor="editors")


def test_editors_and_administrators_add_a_factor_before_anything_else(
    strict: Flask, cast: Cast, clock: Clock
) -> None:
    for actor in (cast.eva, cast.ada):
        browser = signed_in(strict, actor)
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
    assert signed_in(strict, cast.eva).get("/", 302).location == "/sign-in"


def test_others_need_none(strict: Flask, cast: Cast) -> None:
    signed_in(strict, cast.ben).get("/")
    signed_in(strict, cast.cleo).get("/")


def test_everyone_means_everyone(make_app: Callable[..., Flask], cast: Cast) -> None:
    app = make_app(second_factor="everyone")

    for actor in (cast.ann, cast.cleo, cast.ada):
        assert signed_in(app, actor).get("/", 303).location == LIST


def test_signing_out_is_open_to_whoever_must_enrol(strict: Flask, cast: Cast) -> None:
    signed_in(strict, cast.eva).post("/sign-out")


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
    ben = signed_in(app, cast.ben)
    assert "Ada Keeper, an administrator, removed your second factors" in ben.get("/").text
    assert "Ada Keeper" in ben.get(LIST).main
    page = ben.get(f"{LIST}/app/new")
    phone = App(resources_of(app).clock, secret_on(page))  # type: ignore[arg-type]
    ben.post(f"{LIST}/app", setup=page.value("setup"), name="T", code=phone.code())
    assert "Ada Keeper" not in ben.get(LIST).main
    assert factors_of(app, cast.ben).sound


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
