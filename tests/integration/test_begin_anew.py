"""Password and code are lost: new keys, a certificate, and access restored by the members."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from casefile import keys
from casefile.accounts.models import User
from casefile.cases.models import CaseGrant
from casefile.errors import DamagedError
from casefile.policy import Seat
from tests.cast import add_note, give_seat, open_case, take_seat
from tests.integration.test_invite import accept, invite
from tests.intruder import actions, read
from tests.strict_browser import StrictBrowser

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Actor, Cast, Clock
    from tests.strict_browser import Browse

NEW = "nine grey cranes over the lake"


def link(browser: StrictBrowser, actor: Actor) -> str:
    page = browser.post(f"/admin/people/{actor.id}/renewal", 200)
    return urlsplit(page.find("//*[@id='link']")[0].text_content().strip()).path


def begin(app: Flask, path: str, status: int = 200, password: str = NEW) -> StrictBrowser:
    anew = StrictBrowser(app)
    anew.post(path, status, password=password, password_again=password)
    return anew


def renewed(app: Flask, browse: Browse, cast: Cast, actor: Actor) -> StrictBrowser:
    """Let somebody begin anew and be certified."""
    anew = begin(app, link(browse(cast.ada), actor))
    browse(cast.ada).get("/")
    return anew


def user(app: Flask, actor: Actor) -> User:
    found: User = read(app, select(User).where(User.id == actor.id))[0]
    return found


def grants(app: Flask, cast: Cast, actor: Actor) -> list[int]:
    wanted = select(CaseGrant.generation).where(
        CaseGrant.case_id == cast.case.id, CaseGrant.user_id == actor.id
    )
    return sorted(read(app, wanted))


def restore(cast: Cast, browser: StrictBrowser, actor: Actor, status: int = 303) -> None:
    browser.post(f"{cast.case.url}/members/{cast.case.seats[actor.username]}/restore", status)


def test_from_the_link_to_the_opened_case(app: Flask, browse: Browse, cast: Cast) -> None:
    browse(cast.ben).get(f"{cast.case.url}/")
    path = link(browse(cast.ada), cast.ben)
    assert "Ada Keeper made this link for the account ben" in StrictBrowser(app).get(path).main

    ben = begin(app, path)

    assert user(app, cast.ben).key_generation == 2
    assert user(app, cast.ben).certificate is None
    assert grants(app, cast, cast.ben) == []
    browse(cast.ben).get("/", 302)
    ben.get(f"{cast.case.url}/", 404)
    assert "restores your access" in ben.get("/").main
    waiting = browse(cast.ann).get(f"{cast.case.url}/members/")
    assert "nobody has certified the new keys yet" in waiting.main
    assert waiting.warnings() == ""

    browse(cast.ada).get("/")

    assert "certified" in "".join(actions(app))
    page = browse(cast.ann).get("/")
    assert f"Ben Writer has new keys: restore access to {cast.case.codename}" in page.main
    members = browse(cast.ann).get(f"{cast.case.url}/members/")
    assert "new keys certified by Ada Keeper" in members.main
    fingerprint = "".join(ben.get("/account/").find("//code")[0].text_content().split())
    assert fingerprint in members.html.replace("</span><span>", "")

    restore(cast, browse(cast.ann), cast.ben)

    assert "was paid for twice" in ben.get(f"{cast.case.url}/notes/{cast.case.note}").text
    ben.post(f"{cast.case.url}/notes/", title="Back", body="Written with new keys.")
    assert "restores your access" not in ben.get("/").main
    assert "Restore access" not in browse(cast.ann).get(f"{cast.case.url}/members/").main
    activity = browse(cast.cleo).get(f"{cast.case.url}/activity/").main
    assert "Ann Lead restored the access of Ben Writer, who has new keys" in activity


def test_the_new_password_signs_in_and_the_old_password_and_code_do_not(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    renewed(app, browse, cast, cast.ben)

    StrictBrowser(app).post("/sign-in", username="ben", password=NEW)
    StrictBrowser(app).post("/sign-in", 422, username="ben", password=cast.ben.password)
    StrictBrowser(app).post(
        "/forgotten-password",
        422,
        username="ben",
        code=cast.ben.code,
        password=NEW,
        password_again=NEW,
    )


def test_a_link_works_once_and_a_newer_one_replaces_it(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    old = link(browse(cast.ada), cast.ben)
    path = link(browse(cast.ada), cast.ben)

    begin(app, old, 404)
    begin(app, path)
    begin(app, path, 404)
    assert user(app, cast.ben).key_generation == 2


def test_a_link_runs_out_and_ends_with_the_account(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    path = link(browse(cast.ada), cast.ben)
    browse(cast.ada).post(f"/admin/people/{cast.ben.id}/disable")
    begin(app, path, 404)
    browse(cast.ada).post(f"/admin/people/{cast.ben.id}/enable")
    StrictBrowser(app).get(path)
    clock.forward(days=3, minutes=1)

    begin(app, path, 404)
    assert user(app, cast.ben).key_generation == 1


@pytest.mark.parametrize(
    ("password", "again", "says"),
    [("short", "short", "at least 12"), (NEW, "another", "differ"), ("", "", "Fill this in")],
)
def test_a_password_that_will_not_do_leaves_the_link_good(
    app: Flask, browse: Browse, cast: Cast, password: str, again: str, says: str
) -> None:
    path = link(browse(cast.ada), cast.ben)

    page = StrictBrowser(app).post(path, 422, password=password, password_again=again)

    assert says in page.problems()
    begin(app, path)


def test_nobody_makes_such_a_link_for_themselves_or_for_the_founder(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    own = browse(cast.ada).post(f"/admin/people/{cast.ada.id}/renewal", 403)
    assert "your own account" in own.text
    gus = StrictBrowser(app)
    accept(gus, invite(browse(cast.ada), "Gus", "admin"), username="gus")

    founders = gus.post(f"/admin/people/{cast.ada.id}/renewal", 403)

    assert "Every certificate leads to this key" in founders.text


def test_what_the_old_keys_signed_for_others_stays_good(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    """Ann granted everybody's seat with keys she no longer has."""
    renewed(app, browse, cast, cast.ann)

    for person in (cast.ben, cast.cleo, cast.eva):
        browse(person, fresh=True).get(f"{cast.case.url}/notes/{cast.case.note}")
    restore(cast, browse(cast.eva), cast.ann)
    give_seat(app, cast.eva, cast.case.id, cast.dan, Seat.READER)
    browse(cast.dan).get(f"{cast.case.url}/notes/{cast.case.note}")


def test_people_certified_by_an_administrator_who_begins_anew_stay_certified(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    gus, fay = StrictBrowser(app), StrictBrowser(app)
    accept(gus, invite(browse(cast.ada), "Gus", "admin"), username="gus")
    browse(cast.ada).get("/")
    accept(fay, invite(gus, "Fay"))
    gus.get("/")
    found: User = read(app, select(User).where(User.username == "gus"))[0]
    page = browse(cast.ada).post(f"/admin/people/{found.id}/renewal", 200)
    path = urlsplit(page.find("//*[@id='link']")[0].text_content().strip()).path

    again = begin(app, path)

    browse(cast.ann).post(f"{cast.case.url}/members/", username="fay", role="reader")
    fay.get(f"{cast.case.url}/")
    browse(cast.ada).get("/")
    hal = StrictBrowser(app)
    accept(hal, invite(again, "Hal"), username="hal")
    again.get("/")
    browse(cast.ann).post(f"{cast.case.url}/members/", username="hal", role="reader")
    hal.get(f"{cast.case.url}/")


def test_seats_go_on_changing_while_somebody_waits_and_they_get_every_key_later(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    ben = renewed(app, browse, cast, cast.ben)

    take_seat(app, cast.ann, cast.case.id, cast.cleo)
    note = add_note(app, cast.ann, cast.case.id, "Meanwhile", "Under the second key.")

    assert grants(app, cast, cast.ben) == []
    ben.get(f"{cast.case.url}/", 404)
    restore(cast, browse(cast.eva), cast.ben)
    assert grants(app, cast, cast.ben) == [1, 2]
    ben.get(f"{cast.case.url}/notes/{note}")
    ben.get(f"{cast.case.url}/notes/{cast.case.note}")


def test_a_waiting_seat_can_be_changed_and_taken_away(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    ben = renewed(app, browse, cast, cast.ben)
    where = f"{cast.case.url}/members/{cast.case.seats['ben']}"

    browse(cast.ann).post(where, role="reader")
    restore(cast, browse(cast.ann), cast.ben)
    ben.get(f"{cast.case.url}/notes/new", 403)
    browse(cast.ann).post(f"{where}/delete")
    ben.get(f"{cast.case.url}/", 404)
    restore(cast, browse(cast.ann), cast.ben, 404)


def test_nothing_is_restored_before_the_new_keys_are_certified(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    begin(app, link(browse(cast.ada), cast.ben))

    restore(cast, browse(cast.ann), cast.ben, 503)

    assert grants(app, cast, cast.ben) == []


def test_nothing_is_restored_to_somebody_who_lacks_nothing(browse: Browse, cast: Cast) -> None:
    restore(cast, browse(cast.ann), cast.ben, 409)


def test_two_who_restore_at_once_leave_one_set_of_grants(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    renewed(app, browse, cast, cast.ben)

    restore(cast, browse(cast.ann), cast.ben)
    restore(cast, browse(cast.eva), cast.ben, 409)

    assert grants(app, cast, cast.ben) == [1]


def test_somebody_can_begin_anew_twice(app: Flask, browse: Browse, cast: Cast) -> None:
    renewed(app, browse, cast, cast.ben)
    restore(cast, browse(cast.ann), cast.ben)
    again = renewed(app, browse, cast, cast.ben)

    restore(cast, browse(cast.ann), cast.ben)

    assert user(app, cast.ben).key_generation == 3
    again.get(f"{cast.case.url}/notes/{cast.case.note}")


def test_the_old_keys_open_nothing_that_is_in_the_database(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    renewed(app, browse, cast, cast.ben)
    restore(cast, browse(cast.ann), cast.ben)

    for row in read(app, select(CaseGrant).where(CaseGrant.user_id == cast.ben.id)):
        info = keys.packed("casefile grant", row.case_id, row.user_id, row.generation)
        with pytest.raises(DamagedError):
            cast.ben.bundle.open(row.sealed, info)
    assert open_case(app, cast.ann, cast.case.id).newest
