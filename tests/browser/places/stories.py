"""Pages of stories and claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Way = Callable[["Scene"], None]
from tests.browser.places.scene import NOTE, Place, Scene, at, empty_case, mistaken


def story(path: str = "", state: str = "fact_check", then: str = "") -> Way:
    """Open the story of the sample that stands here, and go on from there."""

    def way(scene: Scene) -> None:
        scene.go(f"stories/?state={state}", "lead")
        scene.open_first(NOTE)
        if path:
            scene.page.goto(scene.page.url + path)
        if then:
            scene.open_first(then)

    return way


def story_conflict(scene: Scene) -> None:
    story("/texts/ru")(scene)
    other = scene.page.context.new_page()
    other.goto(scene.page.url)
    with other.expect_navigation():
        other.locator("main .form-actions button[type=submit]").first.click()
    other.close()
    scene.fill(title="Mine")
    scene.send()


def moved_story(scene: Scene) -> None:
    story("/decisions/")(scene)
    scene.main("form[action$=return] input[name=version]").evaluate("(box) => { box.value = 1; }")
    scene.fill(**{"return-reason": "Not strong enough."})
    with scene.page.expect_navigation():
        scene.main("form[action$=return] .form-actions button").click()


def claim_to_check(scene: Scene) -> None:
    scene.go(f"{scene.newsroom.people['aizada'].case('lead')}/stories/?state=fact_check")
    scene.open_first(NOTE)
    scene.page.goto(f"{scene.page.url}/claims/?verdict=unchecked")
    scene.open_first(NOTE)


def assigned(path: str, state: str = "fact_check") -> Way:
    """Open a story of the case that Jamilya edits, and go on from there."""

    def way(scene: Scene) -> None:
        scene.go(f"{scene.newsroom.people['aizada'].case('lead')}/stories/?state={state}")
        scene.open_first(NOTE)
        scene.page.goto(scene.page.url + path)

    return way


def assignment_mistaken(scene: Scene) -> None:
    assigned("/assignments/")(scene)
    scene.fill(claims="1, 99", reason="Look again.")
    with scene.page.expect_navigation():
        scene.main(".column-side .form-actions button").first.click()


def assignment_edit(scene: Scene) -> None:
    assigned("/assignments/")(scene)
    scene.open_first(".assigned-actions a")


def word_file_refused(scene: Scene) -> None:
    scene.go("stories/new", "lead")
    file = {"name": "draft.docx", "mimeType": "application/octet-stream", "buffer": b"not a draft"}
    scene.main("#word-file").set_input_files(file)  # type: ignore[arg-type]
    with scene.page.expect_navigation():
        scene.main(".word-file button").click()


def story_mistaken(scene: Scene) -> None:
    story("/replies/new")(scene)
    scene.fill(subject="Somebody", answer="Yes.")
    scene.send()


PLACES = [
    Place("stories", "aizada", "Stories", at("stories/", "lead")),
    Place("stories: none fits", "aizada", "Stories", at("stories/?q=nothing+like+it", "lead")),
    Place("stories: none at all", "daria", "Stories", empty_case("stories/")),
    Place("story", "aizada", "", story()),
    Place("story approved", "aizada", "", story(state="approved")),
    Place("story side by side", "aizada", "", story("?lang=ru&beside=ky", "approved")),
    Place("story new", "aizada", "Begin a story", at("stories/new", "lead")),
    Place("story new mistaken", "aizada", "Begin a story", mistaken("stories/new", "lead")),
    Place("story edit", "aizada", "Edit the draft", story("/texts/ru", "approved")),
    Place("story conflict", "aizada", "Somebody saved first", story_conflict),
    Place("story versions", "aizada", "Versions", story("/texts/ru/versions/")),
    Place("story export", "aizada", "Export the draft", story("/export")),
    Place("story dossier", "aizada", "", story("/dossier", "approved")),
    Place("story from a Word file refused", "aizada", "Begin a story", word_file_refused),
    Place("story settings", "aizada", "Settings of the story", story("/edit")),
    Place("claims", "aizada", "Claims", story("/claims/")),
    Place("claim", "aizada", "", story("/claims/", then=NOTE)),
    Place("claim to check", "jamilya", "", claim_to_check),
    Place("claim new", "aizada", "Add a claim", story("/claims/new")),
    Place(
        "passage",
        "aizada",
        "What claim 1 rests on",
        story(state="approved", then=".margin-supports a"),
    ),
    Place("reply", "aizada", "Right of reply", story(then=".rows .note-row-title")),
    Place("reply mistaken", "aizada", "Right of reply", story_mistaken),
    Place("assignments", "jamilya", "Assignments", assigned("/assignments/")),
    Place("assignments mistaken", "jamilya", "Assignments", assignment_mistaken),
    Place("assignments: none", "jamilya", "Assignments", assigned("/assignments/", "approved")),
    Place("assignment edit", "jamilya", "Change the assignment", assignment_edit),
    Place("assigned: the desk", "bektur", "Desk", at("/")),
    Place("rules for stories", "timur", "Rules for stories", at("/admin/story-rules")),
    Place("rules for stories read", "jamilya", "Rules for stories", at("/admin/story-rules")),
    Place("decisions", "aizada", "Decisions", story("/decisions/")),
    Place("decisions approved", "aizada", "Decisions", story("/decisions/", "approved")),
    Place("story moved on", "aizada", "The story moved on", moved_story),
    Place("publication", "aizada", "Publication", story("/published", "approved")),
]
