"""What leaves with a story: never an identity, a codename only when asked for and looked at."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pypdfium2
import pytest

from tests import newsdesk
from tests.cast import add_note
from tests.integration.test_publish_story import placed
from tests.intruder import actions
from tests.sources_scene import CIRCUMSTANCES, CONTACTS, NAME, new_source

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask

    from tests.cast import Cast
    from tests.sources_scene import At
    from tests.strict_browser import Browse, Page, StrictBrowser


@pytest.fixture
def told(app: Flask, cast: Cast) -> tuple[At, UUID]:
    """Return a confidential source of Ann's, and a story with a claim that rests on it."""
    at = new_source(app, cast.ann, cast.case.id)
    story = newsdesk.begin(app, cast)
    newsdesk.support(app, cast.ben, cast, story)
    newsdesk.support(app, cast.ben, cast, story, what=at.codename)
    return at, story


def words(page: Page) -> str:
    """Return everything a file holds, unpacked."""
    if page.content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(page.content)) as archive:
            return " ".join(archive.read(name).decode("latin-1") for name in archive.namelist())
    if page.content.startswith(b"%PDF"):
        opened = pypdfium2.PdfDocument(page.content)
        found = [opened[at].get_textpage().get_text_range() for at in range(len(opened))]
        meta = str(opened.get_metadata_dict())
        opened.close()
        return " ".join([*found, meta]) + page.content.decode("latin-1")
    return page.html


def export(browser: StrictBrowser, where: str, status: int, **asked: str) -> Page:
    fields = {"language": "en", "form": "html", "claims": "1", **asked}
    return browser.post(f"{where}/export", status, **fields)


@pytest.mark.parametrize("form", ["docx", "html"])
def test_no_export_holds_an_identity_and_codenames_stay_out_unless_asked_for(
    app: Flask, browse: Browse, cast: Cast, told: tuple[At, UUID], form: str
) -> None:
    at, story = told
    where = newsdesk.url(cast, story)
    for person in (cast.ann, cast.cleo):
        page = export(browse(person), where, 200, form=form)
        found = words(page)
        assert "a source" in found
        for planted in (*NAME.split(), CONTACTS, CIRCUMSTANCES, at.codename, cast.ben.name):
            assert planted not in found


def test_a_codename_is_exported_after_the_warning_only(
    app: Flask, browse: Browse, cast: Cast, told: tuple[At, UUID]
) -> None:
    at, story = told
    where, ben = newsdesk.url(cast, story), browse(cast.ben)

    warned = export(ben, where, 422, codenames="1")
    assert f"{at.codename} is named in this text" in warned.main
    assert warned.value("codenames") == "1"
    assert "story.exported" not in actions(app)
    looked = warned.value("looked")
    export(ben, where, 422, codenames="1", looked="1")
    assert at.codename in export(ben, where, 200, codenames="1", looked=looked).html

    newsdesk.write(app, cast.ben, cast, story, f"{newsdesk.AGAIN}\nAnd {at.codename} saw it.")
    export(ben, where, 422, codenames="1", looked=looked)


def test_a_name_in_the_draft_is_told_to_its_handler_before_it_leaves(
    app: Flask, browse: Browse, cast: Cast, told: tuple[At, UUID]
) -> None:
    _at, story = told
    newsdesk.write(app, cast.ben, cast, story, f"{newsdesk.AGAIN}\nAs {NAME} says.")
    where = newsdesk.url(cast, story)

    assert "The name of" in export(browse(cast.ann), where, 422).warnings()
    assert "The name of" not in browse(cast.ben).get(f"{where}/export").main
    assert "The name of" in browse(cast.ann).get(f"{where}/dossier").warnings()
    assert "The name of" in browse(cast.ann).get(f"{where}/decisions/").warnings()


def test_a_handler_is_asked_before_a_draft_with_the_name_is_saved(
    app: Flask, browse: Browse, cast: Cast, told: tuple[At, UUID]
) -> None:
    _at, story = told
    where, ann = f"{newsdesk.url(cast, story)}/texts/en", browse(cast.ann)
    sent = {"title": "The pier", "body": f"{newsdesk.AGAIN}\nAs {NAME} says.", "version": "1"}

    page = ann.post(where, 422, fields=sent)
    assert "gives away who a source is" in page.problems()
    assert NAME in page.value("body")
    ann.post(where, fields=sent, named="1")
    shown = ann.post(f"{cast.case.url}/stories/preview", 200, body=f"As {NAME} says.")
    assert "The name of" in shown.html


def test_the_dossier_names_sources_by_codename_alone(
    app: Flask, browse: Browse, cast: Cast, told: tuple[At, UUID]
) -> None:
    at, story = told
    where = newsdesk.url(cast, story)
    for path in ("dossier", "dossier.pdf"):
        found = words(browse(cast.ann).get(f"{where}/{path}"))
        assert at.codename in found
        for planted in (*NAME.split(), CONTACTS, CIRCUMSTANCES):
            assert planted not in found


def test_a_name_typed_beside_a_claim_is_pointed_out_on_the_dossier(
    app: Flask, browse: Browse, cast: Cast, told: tuple[At, UUID]
) -> None:
    _at, story = told
    where = newsdesk.url(cast, story)
    assert "The name of" not in browse(cast.ann).get(f"{where}/dossier").warnings()
    one = newsdesk.claim_of(app, cast, story)
    sent = {"what": "N-1", "passage": f"{NAME} said so", "version": str(one.version)}
    browse(cast.ben).post(f"{one.url}/supports", fields=sent)

    assert "The name of" in browse(cast.ann).get(f"{where}/dossier").warnings()


def test_a_story_that_quotes_a_protected_source_comes_out_only_when_somebody_looked(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    body = f"{newsdesk.BODY}\nSo said {at.codename}."
    story = newsdesk.proven(app, cast, body)
    newsdesk.step(app, cast.eva, cast, story, "approve")
    where, eva = newsdesk.url(cast, story), browse(cast.eva)
    newsdesk.confirm(eva, cast.eva)
    page = eva.get(f"{where}/decisions/")
    assert f"{at.codename} is named in this text" in page.main
    out = {"url": "https://outlet.example/p", "outlet": "Weekly", "at": "2026-01-02T10:00"}

    refused = eva.post(f"{where}/publish", 422, **newsdesk.fields(page), **out)
    assert "names or quotes a protected source" in refused.problems()
    assert refused.value("outlet") == "Weekly"
    assert newsdesk.state(app, cast, story) == "approved"
    eva.post(f"{where}/publish", **newsdesk.fields(refused), **out, exposed="1")
    assert newsdesk.state(app, cast, story) == "published"


TOLD = "They weighed the empty lorries and wrote down full ones"


@pytest.mark.parametrize(
    "written",
    [
        "[They weighed the empty lorries](c:) and wrote down full ones.",
        "They weighed the empty [E-1] lorries and _wrote_ down full ones.",
        "They weighed the [empty lorries](https://a.example/x) and wrote down full ones.",
    ],
)
def test_signs_between_the_words_of_a_source_hide_nothing(
    app: Flask, browse: Browse, cast: Cast, written: str
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    add_note(app, cast.ben, cast.case.id, "Talk", f"{at.codename}: {TOLD}")
    story = newsdesk.begin(app, cast, f"{written}\n")
    where = newsdesk.url(cast, story)

    for path in ("decisions/", "export", "dossier"):
        assert f"Words of {at.codename}" in browse(cast.eva).get(f"{where}/{path}").main, path
    page = browse(cast.eva).post(f"{cast.case.url}/stories/preview", 200, body=written)
    assert f"Words of {at.codename}" in page.html


def test_a_correction_that_names_a_source_waits_until_somebody_looked(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.approved(app, cast)
    newsdesk.step(app, cast.eva, cast, story, "publish", publication=placed())
    at = new_source(app, cast.ann, cast.case.id)
    newsdesk.write(app, cast.ben, cast, story, f"{newsdesk.AGAIN}\nSo said {at.codename}.")
    where, eva = newsdesk.url(cast, story), browse(cast.eva)
    today = datetime.now(UTC).date().isoformat()
    page = eva.get(f"{where}/decisions/")
    assert f"{at.codename} is named in this text" in page.main
    told = {**newsdesk.fields(page), "reason": "A number was wrong.", "day": today}

    refused = eva.post(f"{where}/correct", 422, **told)
    assert "names or quotes a protected source" in refused.problems()
    assert newsdesk.state(app, cast, story) == "published"
    eva.post(f"{where}/correct", **told, exposed="1")
    assert newsdesk.state(app, cast, story) == "corrected"


def test_a_question_that_names_a_source_is_kept_only_when_its_writer_looked(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    story = newsdesk.begin(app, cast)
    replies, ben = f"{newsdesk.url(cast, story)}/replies/", browse(cast.ben)
    asked = {"subject": "The director", "asked": f"Is {at.codename} right?", "version": "0"}

    page = ben.post(replies, 422, fields=asked)
    assert f"{at.codename} is named in this text" in page.problems()
    assert page.value("asked") == asked["asked"]
    ben.post(replies, fields={**asked, "exposed": "1"})
    [kept] = newsdesk.story(app, cast.ann, cast.case.id, story).replies
    ben.post(kept.url, fields={**asked, "how": "letter", "version": "1"})


def test_another_case_s_story_is_not_exported_through_one_s_own(
    app: Flask, browse: Browse, cast: Cast, told: tuple[At, UUID]
) -> None:
    _at, story = told
    there = f"{cast.other.url}/stories/{story}"
    for path in ("export", "dossier", "dossier.pdf"):
        browse(cast.dan).get(f"{there}/{path}", 404)
    export(browse(cast.dan), there, 404)
