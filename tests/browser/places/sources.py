"""Pages of sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Way = Callable[["Scene"], None]
from tests.browser.places.scene import (
    SOURCE,
    Place,
    Scene,
    at,
    changed_meanwhile,
    empty_case,
    first,
)


def source_of_another(scene: Scene) -> None:
    scene.go("sources/?protection=confidential", "fact_checker")
    scene.open_first(SOURCE)


def source_opened_up(scene: Scene) -> None:
    first("sources/?protection=confidential", SOURCE)(scene)
    for folded in scene.main("details.more > summary").all():
        folded.click()
    scene.main(".handlers .confirm summary").first.click()


def source_mistaken(scene: Scene) -> None:
    scene.go("sources/new", "lead")
    scene.main("#name").evaluate("(box) => { box.maxLength = 9999; }")
    scene.fill(name="x" * 400)
    scene.send(unchecked=True)


def identity(scene: Scene) -> None:
    first("sources/?protection=confidential", SOURCE)(scene)
    with scene.page.expect_navigation():
        scene.page.get_by_role("button", name="Show identity").click()


def shredded(scene: Scene) -> None:
    scene.go("sources/new", "lead")
    scene.fill(name="Nobody At All")
    scene.send()
    codename, url = scene.main("h1").inner_text(), scene.page.url
    scene.page.goto(f"{url}/shred")
    scene.fill(codename=codename)
    scene.send()


def note_with_a_name(scene: Scene) -> None:
    scene.go("notes/new", "lead")
    scene.fill(title="Who it was", body="We met Askat Jumaliev again.")
    scene.send()


PLACES = [
    Place("sources", "daria", "Sources", at("sources/", "lead")),
    Place("sources: none fits", "daria", "Sources", at("sources/?q=nothing+like+it", "lead")),
    Place("sources: none at all", "daria", "Sources", empty_case("sources/")),
    Place("source", "daria", "", first("sources/?protection=confidential", SOURCE)),
    Place("source of a reader", "aizada", "", source_of_another),
    Place("source opened up", "daria", "", source_opened_up),
    Place("source new", "daria", "Add a source", at("sources/new", "lead")),
    Place("source new mistaken", "daria", "Add a source", source_mistaken),
    Place("source edit", "daria", "Edit the source", first("sources/", SOURCE, "/edit")),
    Place(
        "source edit conflict",
        "daria",
        "Edit the source",
        changed_meanwhile("sources/", SOURCE, "motive"),
    ),
    Place("identity", "daria", "Identity", identity),
    Place(
        "identity edit", "daria", "Edit the identity", first("sources/", SOURCE, "/identity/edit")
    ),
    Place("contact new", "daria", "Log a contact", first("sources/", SOURCE, "/contacts/new")),
    Place("shred", "daria", "Shred a source", first("sources/", SOURCE, "/shred")),
    Place("shredded", "daria", "", shredded),
    Place("note with a name", "daria", "Add a note", note_with_a_name),
    Place("search found by identity", "daria", "Search", at("/search?q=Jumaliev")),
]
