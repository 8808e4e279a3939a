"""Pages of cases, notes, evidence and search, and what stands in their place when something is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.browser.paper import upload

if TYPE_CHECKING:
    from collections.abc import Callable

    Way = Callable[["Scene"], None]
from tests.browser.places.scene import (
    FILE,
    NOTE,
    Place,
    Scene,
    at,
    changed_meanwhile,
    empty_case,
    first,
    mistaken,
    opened,
)


def bag_of_what_is_not_there(scene: Scene) -> None:
    bag_looked_at(scene, "?evidence=some&numbers=E-999")


def bag_looked_at(scene: Scene, asked: str = "") -> None:
    """See what would be in a bag; the password may be asked again on the way."""
    scene.go(f"export/new{asked}", "lead")
    if "/account/confirm" in scene.page.url:
        scene.fill(password=scene.newsroom.people[scene.who].password)
        scene.send()


def changed_case(scene: Scene) -> None:
    scene.go("edit", "lead")
    other = scene.page.context.new_page()
    other.goto(scene.page.url)
    with other.expect_navigation():
        other.locator("main .form-actions button[type=submit]").first.click()
    other.close()
    scene.fill(summary="Another summary.")
    scene.send()


def note_with_versions(scene: Scene) -> None:
    scene.go("notes/new", "lead")
    scene.fill(title="Two versions", body="The first wording of it.\n\nA line that stays.")
    scene.send()
    scene.page.goto(f"{scene.page.url}/edit")
    scene.fill(body="The second wording of it.\n\nA line that stays.\n\nA line that is new.")
    scene.send()


def versions(scene: Scene) -> None:
    note_with_versions(scene)
    scene.page.goto(f"{scene.page.url}/versions/")


def deleted_note(scene: Scene) -> None:
    scene.go("notes/new", "lead")
    scene.fill(title="Deleted", body="To be deleted.")
    scene.send()
    note = scene.page.url
    scene.main(".confirm summary").click()
    scene.main(".confirm button").click()
    scene.page.goto(note)


def preview(scene: Scene) -> None:
    scene.go("notes/new", "lead")
    scene.fill(
        title="Everything",
        body="# One\n\n## Two\n\n- a\n- b\n\n1. c\n\n> said\n\n`code`\n\n---\n\n| a | b |\n|---|---|\n"
        "| 1 | 2 |\n\n[E-1] and [a link](https://example.org) **bold** *slanted*",
    )
    scene.page.get_by_role("tab", name="Preview").click()
    scene.main("#panel-preview h2, #panel-preview h3").first.wait_for()


def chosen_files(scene: Scene) -> None:
    scene.go("evidence/new", "lead")
    files: Any = [
        upload("a-rather-long-name-of-a-file-" * 4 + ".txt", b"one"),
        upload("b.txt", b"2"),
    ]
    scene.main("#files").set_input_files(files)


def same_file(scene: Scene) -> None:
    for name in ("twin-one.txt", "twin-two.txt"):
        scene.go("evidence/new", "lead")
        files: Any = [upload(name, b"the same to the last byte")]
        scene.main("#files").set_input_files(files)
        scene.fill(shows="A twin")
        scene.send()


def no_file(scene: Scene) -> None:
    scene.go("evidence/new", "lead")
    scene.fill(shows="Forgot the file")
    scene.main("#upload").evaluate("(form) => { form.noValidate = true; }")
    scene.main("#upload .form-actions button").click()
    scene.main("[data-upload-problem]").wait_for()


def unread_file(scene: Scene) -> None:
    scene.go("evidence/new", "lead")
    files: Any = [upload("broken.pdf", b"%PDF-1.4\nnot really a document")]
    scene.main("#files").set_input_files(files)
    scene.send()
    scene.main("#text-state [data-tone=warn]").wait_for(timeout=30_000)


def forged(scene: Scene) -> None:
    scene.go("/cases/new")
    scene.fill(title="Sent by another site")
    scene.page.evaluate(
        "() => { const form = document.querySelector('main form');"
        " form.csrf_token.value = 'not-a-token'; form.submit(); }"
    )
    scene.page.wait_for_url("**/cases/")


def too_much(scene: Scene) -> None:
    scene.go("/cases/new")
    scene.page.evaluate(
        "() => { const form = document.querySelector('main form');"
        " form.summary.value = 'much '.repeat(850000); form.submit(); }"
    )
    scene.page.wait_for_url("**/cases/")


def completions(scene: Scene) -> None:
    scene.go("/cases/")
    scene.page.keyboard.press("/")
    scene.page.keyboard.type("ma")
    scene.page.get_by_role("option").first.wait_for()
    scene.page.keyboard.press("ArrowDown")


def shortcuts(scene: Scene) -> None:
    scene.go("", "lead")
    scene.page.keyboard.press("?")
    scene.page.get_by_role("dialog").wait_for()


PLACES = [
    Place("nothing for a stranger", "", "Nothing here", at("/nothing")),
    Place("desk", "daria", "Desk", at("/")),
    Place("desk with the menu", "daria", "Desk", opened("/", "", ".menu-toggle")),
    Place("desk without cases", "timur", "Desk", at("/")),
    Place("cases", "daria", "Cases", at("/cases/")),
    Place("cases with suggestions", "daria", "Cases", completions),
    Place("cases: none fits", "daria", "Cases", at("/cases/?q=nothing+like+it&status=open")),
    Place("cases: none at all", "timur", "Cases", at("/cases/")),
    Place("new case", "daria", "New case", at("/cases/new")),
    Place("new case mistaken", "daria", "New case", mistaken("/cases/new")),
    Place("case", "daria", "", at("", "lead")),
    Place("case of a reader", "daria", "", at("", "reader")),
    Place("case with nothing in it", "daria", "Nothing in it yet", empty_case("")),
    Place("case edit", "daria", "Edit the case", at("edit", "lead")),
    Place("case edit mistaken", "daria", "Edit the case", mistaken("edit", "lead", title="")),
    Place("case edit conflict", "daria", "Edit the case", changed_case),
    Place("shortcuts", "daria", "", shortcuts),
    Place("evidence bag", "daria", "Evidence bag", at("export/", "lead")),
    Place("evidence bag mistaken", "daria", "Evidence bag", bag_of_what_is_not_there),
    Place("bag looked at", "daria", "What would be in the bag", bag_looked_at),
    Place("members", "daria", "Members", at("members/", "lead")),
    Place(
        "member changed", "daria", "Members", opened("members/", "lead", ".seat .confirm summary")
    ),
    Place(
        "member removed",
        "daria",
        "Members",
        opened("members/", "lead", ".confirm:last-child summary"),
    ),
    Place(
        "member mistaken", "daria", "Members", mistaken("members/", "lead", ends_at="2001-01-01")
    ),
    Place("members of a reader", "daria", "Members", at("members/", "reader")),
    Place("activity", "daria", "Activity", at("activity/", "lead")),
    Place("notes", "daria", "Notes", at("notes/", "lead")),
    Place("notes: none fits", "daria", "Notes", at("notes/?q=nothing+like+it", "lead")),
    Place("notes: none at all", "daria", "Notes", empty_case("notes/")),
    Place("note", "daria", "", first("notes/?sort=created", NOTE)),
    Place("note with versions", "daria", "Two versions", note_with_versions),
    Place("note deleted", "daria", "Deleted", deleted_note),
    Place("note new", "daria", "Add a note", at("notes/new", "lead")),
    Place("note new mistaken", "daria", "Add a note", mistaken("notes/new", "lead", body="Text")),
    Place("note preview", "daria", "Add a note", preview),
    Place("note edit", "daria", "Edit the note", first("notes/", NOTE, "/edit")),
    Place(
        "note conflict", "daria", "Somebody saved first", changed_meanwhile("notes/", NOTE, "body")
    ),
    Place("versions", "daria", "Versions", versions),
    Place("evidence", "daria", "Evidence", at("evidence/", "lead")),
    Place("evidence: none fits", "daria", "Evidence", at("evidence/?q=nothing+like+it", "lead")),
    Place("evidence: none at all", "daria", "Evidence", empty_case("evidence/")),
    Place("file", "daria", "", first("evidence/?sort=added", FILE)),
    Place("file twice", "daria", "twin-two.txt", same_file),
    Place("file unread", "daria", "broken.pdf", unread_file),
    Place("evidence new", "daria", "Add evidence", at("evidence/new", "lead")),
    Place("evidence new chosen", "daria", "Add evidence", chosen_files),
    Place("evidence new refused", "daria", "Add evidence", no_file),
    Place("evidence edit", "daria", "Edit what it shows", first("evidence/", FILE, "/edit")),
    Place(
        "evidence edit conflict",
        "daria",
        "Edit what it shows",
        changed_meanwhile("evidence/", FILE, "shows"),
    ),
    Place("search", "daria", "Search", at("/search")),
    Place("search found", "daria", "Search", at("/search?q=certificate")),
    Place(
        "search narrowed", "daria", "Search", at("/search?q=certificate&kind=note&after=2020-01-01")
    ),
    Place("search: nothing", "daria", "Search", at("/search?q=xyzzyplugh")),
    Place("search: another spelling", "daria", "Search", at("/search?q=certifcate")),
    Place("nothing here", "daria", "Nothing here", at("/nothing")),
    Place("not allowed", "daria", "That is not yours to do", at("edit", "reader")),
    Place("forged", "daria", "That request could not be used", forged),
    Place("too much", "daria", "Too much at once", too_much),
]
