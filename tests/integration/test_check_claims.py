from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from casefile.accounts.models import User
from casefile.errors import ForbiddenError, InvalidError
from casefile.evidence import service as evidence
from casefile.evidence import withdrawing
from tests import newsdesk
from tests.cast import add_evidence, add_note, change
from tests.intruder import writing
from tests.sources_scene import new_source

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse


def what_blocks(app: Flask, cast: Cast, story: object) -> set[str]:
    found = newsdesk.story(app, cast.ann, cast.case.id, story)  # type: ignore[arg-type]
    return {one.what for one in found.blocking}


def withdraw(app: Flask, cast: Cast, reason: str = "It is a forgery.") -> None:
    def act(uow: object, case: object) -> None:
        item = evidence.get(uow.session, case, cast.case.evidence)  # type: ignore[attr-defined, arg-type]
        withdrawing.withdraw(uow, case, item.id, reason=reason, version=item.version)  # type: ignore[arg-type]

    change(app, cast.ben, cast.case.id, act)  # type: ignore[arg-type]


def test_a_claim_is_checked_by_somebody_who_did_not_write_it(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.begin(app, cast, by=cast.eva)
    newsdesk.support(app, cast.ben, cast, story)
    claim = newsdesk.claim_of(app, cast, story)

    page = browse(cast.eva).post(
        f"{claim.url}/verdict", 403, verdict="verified", reasoning="I know.", version=claim.version
    )
    assert "You wrote this claim" in page.main
    browse(cast.ann).post(
        f"{claim.url}/verdict", verdict="verified", reasoning="I read it.", version=claim.version
    )

    shown = browse(cast.cleo).get(claim.url).main
    assert "Verified" in shown
    assert "I read it." in shown
    assert "Ann Lead: Verified" in shown


def test_a_second_account_of_its_writer_does_not_check_a_claim(app: Flask, cast: Cast) -> None:
    story = newsdesk.begin(app, cast)
    newsdesk.support(app, cast.ben, cast, story)
    with writing(app) as session:
        session.get_one(User, cast.eva.id).name = cast.ben.name.upper()

    with pytest.raises(ForbiddenError, match="same name"):
        newsdesk.check(app, cast.eva, cast, story)


def test_whoever_changes_the_words_of_a_claim_has_written_it(app: Flask, cast: Cast) -> None:
    story = newsdesk.begin(app, cast)
    newsdesk.support(app, cast.ben, cast, story)
    newsdesk.write(app, cast.eva, cast, story, "[The second pier was paid for thrice.](c:1)")

    with pytest.raises(ForbiddenError):
        newsdesk.check(app, cast.eva, cast, story)
    newsdesk.check(app, cast.ann, cast, story)


def test_a_verdict_wants_its_reasoning_and_something_to_rest_on(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.begin(app, cast)
    claim = newsdesk.claim_of(app, cast, story)
    path = f"{claim.url}/verdict"

    page = browse(cast.eva).post(path, 422, verdict="verified", reasoning="", version=1)
    assert "Fill this in." in page.problems()
    page = browse(cast.eva).post(path, 422, verdict="verified", reasoning="Hm.", version=1)
    assert "Nothing that still stands is under this claim" in page.problems()
    assert page.value("reasoning") == "Hm."
    browse(cast.eva).post(path, verdict="disputed", reasoning="No proof.", version=1)
    assert "disputed" in what_blocks(app, cast, story)


def test_a_verdict_on_an_older_version_is_refused_and_nothing_typed_is_lost(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.begin(app, cast)
    claim = newsdesk.claim_of(app, cast, story)
    newsdesk.support(app, cast.ben, cast, story)

    page = browse(cast.eva).post(
        f"{claim.url}/verdict", 409, verdict="dropped", reasoning="Late.", version=claim.version
    )

    assert "Somebody changed this claim" in page.problems()
    assert page.value("reasoning") == "Late."
    assert newsdesk.claim_of(app, cast, story).verdict == "unchecked"


@pytest.mark.parametrize(
    ("change_it", "why"),
    [
        (lambda a, c, s: newsdesk.write(a, c.ben, c, s, "[The pier was paid for once.](c:1)"), "text_changed"),
        (lambda a, c, s: newsdesk.write(a, c.ben, c, s, "Nothing is claimed."), "text_deleted"),
        (lambda a, c, s: newsdesk.write(a, c.ben, c, s, "[Төлөнгөн.](c:1)", "ky"), "text_changed"),
        (lambda a, c, _s: withdraw(a, c), "withdrawn"),
    ],
)  # fmt: skip
def test_a_verified_claim_is_open_again_when_what_it_was_about_changes(
    app: Flask,
    browse: Browse,
    cast: Cast,
    change_it: Callable[[Flask, Cast, object], None],
    why: str,
) -> None:
    story = newsdesk.proven(app, cast)
    assert newsdesk.claim_of(app, cast, story).verdict == "verified"

    change_it(app, cast, story)

    claim = newsdesk.claim_of(app, cast, story)
    assert claim.verdict == "unchecked"
    assert claim.reopened[0][0] == why
    assert "reopened" in what_blocks(app, cast, story)
    assert "It has to be checked again." in browse(cast.cleo).get(claim.url).main


def test_deleted_words_are_noticed_and_kept_with_the_claim(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.begin(app, cast)

    newsdesk.write(app, cast.ben, cast, story, "All of it is gone.")

    claim = newsdesk.claim_of(app, cast, story)
    assert claim.lost == {"en": "The second pier was paid for twice."}
    page = browse(cast.cleo).get(claim.url)
    assert "The words of this claim were deleted" in page.main
    assert "The second pier was paid for twice." in page.main
    assert "lost" in what_blocks(app, cast, story)
    newsdesk.write(app, cast.ben, cast, story, "[Paid for twice](c:1), all of it.")
    assert not newsdesk.claim_of(app, cast, story).lost


def test_a_dropped_claim_must_leave_the_draft(app: Flask, cast: Cast) -> None:
    story = newsdesk.begin(app, cast)
    newsdesk.check(app, cast.eva, cast, story, verdict="dropped")
    assert "dropped_in_text" in what_blocks(app, cast, story)

    newsdesk.write(app, cast.ben, cast, story, "Without it.")

    assert what_blocks(app, cast, story) == {"not_cleared"}


def test_a_mark_of_no_claim_is_said(app: Flask, browse: Browse, cast: Cast) -> None:
    story = newsdesk.begin(app, cast, "[Made up](c:77) and [real](c:).")

    page = browse(cast.ben).get(newsdesk.url(cast, story))

    assert "marks claim 77, which there is not" in page.main
    assert "unknown_marker" in what_blocks(app, cast, story)


def test_claims_cannot_prove_each_other_in_a_circle(app: Flask, cast: Cast) -> None:
    story = newsdesk.begin(app, cast, "[One](c:), [two](c:) and [three](c:).")
    newsdesk.support(app, cast.ben, cast, story, 1, "C-2")
    newsdesk.support(app, cast.ben, cast, story, 2, "C-3")

    for number, what in ((3, "C-1"), (2, "C-1"), (1, "C-1")):
        with pytest.raises(InvalidError, match="rests on this one already"):
            newsdesk.support(app, cast.ben, cast, story, number, what)
    newsdesk.support(app, cast.ben, cast, story, 3)
    newsdesk.check(app, cast.eva, cast, story, 3)
    newsdesk.check(app, cast.eva, cast, story, 2)
    newsdesk.check(app, cast.eva, cast, story, 1)
    assert newsdesk.claim_of(app, cast, story, 1).strength.label == "one_document"

    withdraw(app, cast)

    for number in (1, 2, 3):
        assert newsdesk.claim_of(app, cast, story, number).verdict == "unchecked"


def test_notes_alone_prove_nothing_and_a_removed_support_opens_the_claim(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.begin(app, cast)
    newsdesk.support(app, cast.ben, cast, story, what="N-1")
    assert newsdesk.claim_of(app, cast, story).strength.label == "only_notes"
    newsdesk.support(app, cast.ben, cast, story, what="е-1")  # written with a Cyrillic letter
    newsdesk.check(app, cast.eva, cast, story)
    claim = newsdesk.claim_of(app, cast, story)

    browse(cast.ben).post(f"{claim.url}/supports/1/delete", version=claim.version)

    assert newsdesk.claim_of(app, cast, story).reopened[0][0] == "support_changed"
    browse(cast.ben).post(f"{claim.url}/supports/9/delete", 409, version=claim.version + 1)


def test_what_another_case_holds_supports_nothing_here(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    for number in range(3):
        add_note(app, cast.dan, cast.other.id, f"Note {number}", "Over there.")
    story = newsdesk.begin(app, cast)
    claim = newsdesk.claim_of(app, cast, story)

    for what in ("N-3", "E-7", "C-9", "somebody", str(cast.other.evidence)):
        page = browse(cast.ben).post(f"{claim.url}/supports", 422, what=what, version=1)
        assert "There is no such thing in this case" in page.problems()


def test_documents_from_one_hand_are_not_independent(app: Flask, cast: Cast) -> None:
    story = newsdesk.begin(app, cast)
    add_evidence(app, cast.ben, cast.case.id, "second.txt", b"Another ledger.")
    newsdesk.support(app, cast.ben, cast, story)
    newsdesk.support(app, cast.ben, cast, story, what="E-2")

    assert newsdesk.claim_of(app, cast, story).strength.label == "one_origin"


@pytest.mark.parametrize("told", ["obtained from", "link"])
def test_a_source_and_the_file_it_gave_are_one_hand(
    app: Flask, browse: Browse, cast: Cast, told: str
) -> None:
    story = newsdesk.begin(app, cast)
    at = new_source(app, cast.ann, cast.case.id)
    for what in ("E-1", at.codename):
        newsdesk.support(app, cast.ben, cast, story, what=what)
    assert newsdesk.claim_of(app, cast, story).strength.independent == 2
    edit = f"{cast.case.url}/evidence/{cast.case.evidence}/edit"
    if told == "link":
        browse(cast.ben).post(f"{at.url}/links", code="E-1")
    else:
        version = browse(cast.ben).get(edit).value("version")
        browse(cast.ben).post(edit, obtained_from=f"{at.codename}, at the gate", version=version)

    strength = newsdesk.claim_of(app, cast, story).strength

    assert (strength.documents, strength.sources, strength.independent) == (1, 1, 1)


def test_the_words_of_a_claim_are_marked_by_its_form(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.begin(app, cast)
    where = newsdesk.url(cast, story)
    given = {"statement": "Nobody noticed.", "category": "fact", "language": "en"}

    browse(cast.ben).post(f"{where}/claims/", words="Nobody  noticed", **given)

    body = browse(cast.ben).get(f"{where}/texts/en").value("body")
    assert "[Nobody noticed](c:2)" in body
    page = browse(cast.ben).post(f"{where}/claims/", 422, words="second pier", **given)
    assert "do not stand in that draft" in page.problems()
    assert page.value("words") == "second pier"
    assert len(newsdesk.story(app, cast.ben, cast.case.id, story).claims) == 2


def test_one_click_leads_from_a_claim_to_page_and_passage(
    app: Flask, browse: Browse, cast: Cast, worker: None, until: Callable[..., None]
) -> None:
    story = newsdesk.begin(app, cast)
    newsdesk.support(app, cast.ben, cast, story)
    claim = newsdesk.claim_of(app, cast, story)
    browse(cast.ben).get(f"{cast.case.url}/evidence/")
    until(lambda: browse(cast.ben).get(f"{claim.url}/supports/0").find("//mark[@id='passage']"))

    page = browse(cast.cleo).get(f"{claim.url}/supports/0")

    assert page.find("//mark[@id='passage']")[0].text == "paid for twice"
    assert "The second pier was" in page.main
    assert page.find(f"//main//a[@href='{claim.url}']")
    browse(cast.cleo).get(f"{claim.url}/supports/1", 404)
