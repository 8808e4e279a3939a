"""Every page there is and how a person comes to it: whole, empty, refused and just after a mistake."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from casefile import keys
from tests.browser.paper import upload

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


def budget_edit(scene: Scene) -> None:
    opened("/grants/budgets/?state=draft", "", "main tbody th a")(scene)
    scene.page.locator(".page-actions a[href$='/edit']").click()


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


def empty_case(path: str) -> Way:
    def way(scene: Scene) -> None:
        scene.go("/cases/new")
        scene.fill(title="Nothing in it yet")
        scene.send()
        scene.page.goto(scene.page.url + path)

    return way


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


WORDS = "plain-bread-and-mountain-honey"
NOTE, FILE, SOURCE = ".note-row-title", ".cell-file a", "tbody .source-chip"
PLACES = [
    Place("sign in", "", "Sign in", at("/sign-in")),
    Place("forgotten password", "", "Sign in", opened("/sign-in", "", ".more summary")),
    Place("sign in refused", "", "Sign in", refused_sign_in),
    Place("nothing for a stranger", "", "Nothing here", at("/nothing")),
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
    Place("desk", "daria", "Desk", at("/")),
    Place("desk with the menu", "daria", "Desk", opened("/", "", ".menu-toggle")),
    Place("desk without cases", "timur", "Desk", at("/")),
    Place("desk of the grants", "hanna", "", at("/")),
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
    Place("decisions", "aizada", "Decisions", story("/decisions/")),
    Place("decisions approved", "aizada", "Decisions", story("/decisions/", "approved")),
    Place("story moved on", "aizada", "The story moved on", moved_story),
    Place("publication", "aizada", "Publication", story("/published", "approved")),
    Place("search", "daria", "Search", at("/search")),
    Place("search found", "daria", "Search", at("/search?q=certificate")),
    Place(
        "search narrowed", "daria", "Search", at("/search?q=certificate&kind=note&after=2020-01-01")
    ),
    Place("search: nothing", "daria", "Search", at("/search?q=xyzzyplugh")),
    Place("search: another spelling", "daria", "Search", at("/search?q=certifcate")),
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
    Place("milestones and money", "hanna", "Milestones and money", at("/grants/overview")),
    Place("awards", "hanna", "Awards", at("/grants/awards/")),
    Place("awards: none fits", "hanna", "Awards", at("/grants/awards/?q=nothing+like+it")),
    Place("award", "hanna", "", opened("/grants/awards/", "", "main tbody th a")),
    Place("award new", "hanna", "Prepare an award", at("/grants/awards/new")),
    Place("award new mistaken", "hanna", "Prepare an award", mistaken("/grants/awards/new")),
    Place("payments", "hanna", "Payments", at("/grants/payments/")),
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
    Place("nothing here", "daria", "Nothing here", at("/nothing")),
    Place("not allowed", "daria", "That is not yours to do", at("edit", "reader")),
    Place("forged", "daria", "That request could not be used", forged),
    Place("too much", "daria", "Too much at once", too_much),
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
