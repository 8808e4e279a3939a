"""Somebody in front of a browser, and the ways most pages are come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import Newsroom

    Way = Callable[["Scene"], None]


SENT_FORM = "form[method=post]:has(.form-actions):not(.confirm form)"


@dataclass(frozen=True, slots=True)
class Scene:
    """Somebody in front of a browser."""

    page: Page
    newsroom: Newsroom
    who: str

    def case(self, seat: str = "lead") -> str:
        return self.newsroom.people[self.who].case(seat)

    def go(self, path: str, seat: str = "") -> None:
        self.page.goto(f"{self.case(seat)}/{path}" if seat else path)

    def fill(self, **fields: str) -> None:
        for field, text in fields.items():
            self.main(f"#{field}").fill(text)

    def main(self, selector: str) -> Locator:
        return self.page.locator(f"main {selector}")

    def send(self, *, unchecked: bool = False) -> None:
        """Send the page's first form; `unchecked` past what the browser itself would ask for."""
        form = self.main(SENT_FORM).first
        if unchecked:
            form.evaluate("(form) => { form.noValidate = true; }")
        with self.page.expect_navigation():
            form.locator(".form-actions button[type=submit]").click()

    def open_first(self, selector: str) -> None:
        self.main(selector).first.click()
        self.page.wait_for_load_state()


@dataclass(frozen=True, slots=True)
class Place:
    """A page as one person sees it; nobody's when `who` is empty."""

    name: str
    who: str
    heading: str
    way: Way

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


def at(path: str, seat: str = "") -> Way:
    return lambda scene: scene.go(path, seat)


def opened(path: str, seat: str, selector: str) -> Way:
    """Go somewhere, then press something there."""

    def way(scene: Scene) -> None:
        scene.go(path, seat)
        scene.page.locator(selector).first.click()

    return way


def mistaken(path: str, seat: str = "", **fields: str) -> Way:
    """Send a form that wants mending."""

    def way(scene: Scene) -> None:
        scene.go(path, seat)
        scene.fill(**fields)
        scene.send(unchecked=True)

    return way


def first(path: str, selector: str, then: str = "") -> Way:
    """Open the first thing of a list on the case one leads, and go on from there."""

    def way(scene: Scene) -> None:
        scene.go(path, "lead")
        scene.open_first(selector)
        if then:
            scene.page.goto(scene.page.url.rstrip("/") + then)

    return way


def changed_meanwhile(path: str, selector: str, field: str) -> Way:
    """Edit something that somebody else has changed since the page was opened."""

    def way(scene: Scene) -> None:
        first(path, selector, "/edit")(scene)
        other = scene.page.context.new_page()
        other.goto(scene.page.url)
        written = other.locator(f"main #{field}").input_value()
        other.locator(f"main #{field}").fill(f"{written} Theirs.")
        with other.expect_navigation():
            other.locator("main .form-actions button[type=submit]").first.click()
        other.close()
        scene.fill(**{field: f"{written} Mine."})
        scene.send()

    return way


def empty_case(path: str) -> Way:
    def way(scene: Scene) -> None:
        scene.go("/cases/new")
        scene.fill(title="Nothing in it yet")
        scene.send()
        scene.page.goto(scene.page.url + path)

    return way


NOTE, FILE, SOURCE = ".note-row-title", ".cell-file a", "tbody .source-chip"
