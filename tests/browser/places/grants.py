"""Pages of the grants, and of milestones on both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Way = Callable[["Scene"], None]
from tests.browser.places.scene import Place, Scene, at, empty_case, mistaken, opened


def budget_edit(scene: Scene) -> None:
    opened("/grants/budgets/?state=draft", "", "main tbody th a")(scene)
    scene.page.locator(".page-actions a[href$='/edit']").click()


def bank_account(scene: Scene) -> None:
    opened("/grants/awards/?state=active", "", "main tbody th a")(scene)
    scene.page.goto(f"{scene.page.url}/bank")


def milestones(then: str = "") -> Way:
    """Open the milestones of a case that an award pays for, as its editor."""

    def way(scene: Scene) -> None:
        scene.go("milestones/", "editor")
        if then:
            scene.page.locator(then).first.click()

    return way


def prepared_release(scene: Scene) -> None:
    scene.go("milestones/", "editor")
    scene.page.locator("main .rows li", has_text="Open").first.locator("a").click()
    scene.page.get_by_role("link", name="release").click()


PLACES = [
    Place("desk of the grants", "hanna", "", at("/")),
    Place("milestones and money", "hanna", "Milestones and money", at("/grants/overview")),
    Place("awards", "hanna", "Awards", at("/grants/awards/")),
    Place("awards: none fits", "hanna", "Awards", at("/grants/awards/?q=nothing+like+it")),
    Place("award", "hanna", "", opened("/grants/awards/", "", "main tbody th a")),
    Place("award new", "hanna", "Prepare an award", at("/grants/awards/new")),
    Place("award new mistaken", "hanna", "Prepare an award", mistaken("/grants/awards/new")),
    Place("payments", "hanna", "Payments", at("/grants/payments/")),
    Place("milestones by day", "hanna", "Milestones by day", at("/grants/milestones/")),
    Place("payment", "hanna", "", opened("/grants/payments/?sort=due", "", "main tbody th a")),
    Place("bank account", "hanna", "Bank account", bank_account),
    Place("calendar", "hanna", "Calendar", at("/grants/calendar")),
    Place("budgets", "hanna", "Budgets", at("/grants/budgets/")),
    Place("budget", "hanna", "", opened("/grants/budgets/", "", "main tbody th a")),
    Place("budget edit", "hanna", "Budget", budget_edit),
    Place("expenditures", "hanna", "Expenditure", at("/grants/expenditures/")),
    Place("expenditure", "hanna", "", opened("/grants/expenditures/", "", "main tbody th a")),
    Place("amendments", "hanna", "Amendments", at("/grants/amendments/")),
    Place("amendment", "hanna", "", opened("/grants/amendments/", "", "main tbody th a")),
    Place(
        "milestone to decide",
        "hanna",
        "",
        opened("/grants/", "", "main .row-line a[href*=milestones]"),
    ),
    Place("milestones of a case", "jamilya", "Milestones", milestones()),
    Place("milestone of a case", "jamilya", "", milestones("main .rows a")),
    Place("release prepared", "jamilya", "", prepared_release),
    Place("no award", "daria", "Milestones", empty_case("milestones/")),
    Place("grants", "hanna", "Grants", at("/grants/")),
    Place("programmes", "hanna", "Programmes", at("/grants/programmes/")),
    Place("programme", "hanna", "", opened("/grants/programmes/", "", "tbody a")),
    Place("programme new", "hanna", "New programme", at("/grants/programmes/new")),
    Place(
        "programme mistaken", "hanna", "New programme", mistaken("/grants/programmes/new", code="")
    ),
    Place("agreements", "hanna", "Funding agreements", at("/grants/agreements/")),
    Place("agreement", "hanna", "", opened("/grants/agreements/", "", "tbody a")),
    Place("rates", "hanna", "Exchange rates", at("/grants/rates/")),
    Place("organisations", "hanna", "Organisations", at("/grants/organisations/")),
    Place("organisation", "hanna", "", opened("/grants/organisations/", "", "tbody a")),
    Place("calls", "hanna", "Calls", at("/grants/calls/")),
    Place("call", "hanna", "", opened("/grants/calls/?q=TRACK-1", "", "tbody th a")),
    Place("applications", "hanna", "Applications", at("/grants/applications/")),
    Place("applications: none fits", "hanna", "Applications", at("/grants/applications/?q=xyzzy")),
    Place("application", "hanna", "", opened("/grants/applications/", "", "tbody th a")),
    Place("import", "hanna", "Import a table", at("/grants/imports/")),
    Place("my reviews", "osmon", "My reviews", at("/grants/reviews/")),
    Place("grants of a director", "meerim", "Grants", at("/grants/")),
    Place("calls to apply to", "", "Calls for applications", at("/apply/")),
    Place("call to apply to", "", "", at("/apply/calls/TRACK-2")),
]
