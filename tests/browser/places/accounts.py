"""Pages of people: signing in, accounts, administration."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING
from uuid import uuid4

from casefile import keys

if TYPE_CHECKING:
    from collections.abc import Callable

    Way = Callable[["Scene"], None]
from tests.browser.places.scene import Place, Scene, at, mistaken, opened


def invitation_link(scene: Scene) -> str:
    """Have the administrator invite somebody; afterwards nobody is signed in."""
    timur = scene.newsroom.people["timur"]
    scene.go("/sign-in")
    scene.fill(username=timur.username, password=timur.password)
    scene.send()
    invited(scene)
    link = scene.main("#link").inner_text()
    scene.page.context.clear_cookies()
    return link


def invited(scene: Scene) -> None:
    scene.go("/admin/invitations/new")
    scene.fill(name="Somebody new")
    scene.main("input[value=reporter]").check()
    scene.send()


def invitation(scene: Scene) -> None:
    scene.page.goto(invitation_link(scene))


def invitation_mistaken(scene: Scene) -> None:
    invitation(scene)
    scene.fill(username="a b", password="short", password_again="else")
    scene.send(unchecked=True)


def first_code(scene: Scene) -> None:
    """Accept an invitation; what comes is the recovery code."""
    invitation(scene)
    name = f"new-{uuid4().hex[:8]}"
    words = "plain-bread-and-mountain-honey"
    scene.fill(name="Somebody New", username=name, password=words, password_again=words)
    scene.send()


def first_day(scene: Scene) -> None:
    first_code(scene)
    scene.page.goto("/")


def other_group(scene: Scene) -> None:
    first_code(scene)
    scene.fill(group="AAAA")
    scene.send()


def renewal_made(scene: Scene) -> None:
    scene.go("/admin/")
    scene.main(".confirm:has(form[action$=renewal]) summary").first.click()
    scene.main("form[action$=renewal] button").first.click()
    scene.main("#link").wait_for()


def renewal(scene: Scene) -> None:
    timur = scene.newsroom.people["timur"]
    scene.go("/sign-in")
    scene.fill(username=timur.username, password=timur.password)
    scene.send()
    renewal_made(scene)
    link = scene.main("#link").inner_text()
    scene.page.context.clear_cookies()
    scene.page.goto(link)


def renewal_mistaken(scene: Scene) -> None:
    renewal(scene)
    scene.fill(password="short", password_again="else")
    scene.send(unchecked=True)


def person_mistaken(scene: Scene) -> None:
    scene.go("/admin/")
    scene.page.get_by_role("link", name="Nigora Yulchieva").first.click()
    for ticked in scene.main("input[name=roles]:checked").all():
        ticked.uncheck()
    scene.send(unchecked=True)


def refused_sign_in(scene: Scene) -> None:
    scene.go("/sign-in")
    scene.fill(username="nobody", password="wrong-wrong-wrong")
    scene.send()


def waiting_for_a_code(scene: Scene) -> None:
    """Be somebody new with an app and a sheet of codes, whose password was right."""
    name = newcomer(scene)
    with_an_app(scene)
    scene.main(".section .form-button button").click()
    scene.page.context.clear_cookies()
    scene.go("/sign-in")
    scene.fill(username=name, password=WORDS)
    scene.send()


def with_an_app(scene: Scene) -> None:
    scene.go("/account/second-factor/app/new")
    secret = "".join(scene.main("#secret").inner_text().split())
    step = int(time.time()) // 30
    scene.fill(code=keys.app_code(base64.b32decode(secret), step))
    scene.send()


def wrong_code(scene: Scene) -> None:
    waiting_for_a_code(scene)
    scene.fill(code="１２３４５６")
    scene.send()


def factors(scene: Scene) -> None:
    newcomer(scene)
    with_an_app(scene)
    scene.main(".row-line .confirm summary").click()


def codes(scene: Scene) -> None:
    newcomer(scene)
    with_an_app(scene)
    scene.main(".section .form-button button").click()


def renaming(scene: Scene) -> None:
    newcomer(scene)
    with_an_app(scene)
    scene.open_first(".row-line a.btn")


def newcomer(scene: Scene) -> str:
    """Accept an invitation; returns the username."""
    invitation(scene)
    name = f"new-{uuid4().hex[:8]}"
    scene.fill(name="Somebody New", username=name, password=WORDS, password_again=WORDS)
    scene.send()
    return name


WORDS = "plain-bread-and-mountain-honey"


PLACES = [
    Place("sign in", "", "Sign in", at("/sign-in")),
    Place("forgotten password", "", "Sign in", opened("/sign-in", "", ".more summary")),
    Place("sign in refused", "", "Sign in", refused_sign_in),
    Place("invitation", "", "Your invitation", invitation),
    Place("invitation mistaken", "", "Your invitation", invitation_mistaken),
    Place("invitation gone", "", "Nothing here", at(f"/invitations/{'A' * 43}")),
    Place("code lost", "", "Forgotten password", at("/forgotten-password")),
    Place(
        "code lost mistaken",
        "",
        "Forgotten password",
        mistaken("/forgotten-password", username="daria", code="abc", password="x"),
    ),
    Place("begin anew", "", "Begin anew", renewal),
    Place("begin anew mistaken", "", "Begin anew", renewal_mistaken),
    Place("begin anew gone", "", "Nothing here", at(f"/renewals/{'A' * 43}")),
    Place("first code", "", "Your recovery code", first_code),
    Place("first code not kept", "", "Recovery code", other_group),
    Place("first day", "", "Desk", first_day),
    Place("second step", "", "Second factor", waiting_for_a_code),
    Place("second step mistaken", "", "Second factor", wrong_code),
    Place("second factors", "", "Second factor", factors),
    Place("codes on paper", "", "Your codes on paper", codes),
    Place("second factor renamed", "", "Rename a second factor", renaming),
    Place("account", "daria", "Account", at("/account/")),
    Place("account mistaken", "daria", "Account", mistaken("/account/", name="")),
    Place("password", "daria", "Password", at("/account/password")),
    Place(
        "password mistaken",
        "daria",
        "Password",
        mistaken("/account/password", current="no", password="one", password_again="two"),
    ),
    Place("second factor: none", "daria", "Second factor", at("/account/second-factor")),
    Place("app new", "daria", "Add an app", at("/account/second-factor/app/new")),
    Place(
        "app new mistaken",
        "daria",
        "Add an app",
        mistaken("/account/second-factor/app/new", code="1"),
    ),
    Place("key new", "daria", "Add a security key", at("/account/second-factor/key/new")),
    Place("password again", "daria", "Your password again", at("/account/confirm")),
    Place(
        "password again mistaken",
        "daria",
        "Your password again",
        mistaken("/account/confirm", password="not hers"),
    ),
    Place("recovery code", "daria", "Recovery code", at("/account/recovery-code")),
    Place(
        "recovery code tried",
        "daria",
        "Recovery code",
        mistaken("/account/recovery-code", code="0000-0000"),
    ),
    Place("notices", "daria", "Notices", at("/notices/")),
    Place("notices by mail", "daria", "Notices by mail", at("/account/notices")),
    Place(
        "notices by mail mistaken",
        "daria",
        "Notices by mail",
        mistaken("/account/notices", address="nobody"),
    ),
    Place("sessions", "daria", "Sessions", opened("/account/sessions", "", ".confirm summary")),
    Place("trail", "daria", "Audit trail", at("/account/trail")),
    Place("travel", "daria", "Travel", at("/account/travel")),
    Place("travel mistaken", "daria", "Travel", mistaken("/account/travel", ends_at="2001-01-01")),
    Place("person", "timur", "", opened("/admin/", "", "main th a")),
    Place("person mistaken", "timur", "", person_mistaken),
    Place("lock everything", "timur", "Lock everything", at("/lock")),
    Place("people", "timur", "People", opened("/admin/", "", ".confirm summary")),
    Place("invite", "timur", "Invite somebody", at("/admin/invitations/new")),
    Place("invite mistaken", "timur", "Invite somebody", mistaken("/admin/invitations/new")),
    Place("invited", "timur", "The invitation is ready", invited),
    Place("begin anew made", "timur", "The link is ready", renewal_made),
    Place("audit log", "timur", "Audit log", at("/admin/audit")),
]
