from __future__ import annotations

import csv
import hashlib
import io
import json
from typing import TYPE_CHECKING

import pytest

from casefile.errors import ConflictError
from casefile.sandbox import ExtractionError, Reason, making
from tests import bag_scene, newsdesk
from tests.bag_scene import WHY, get_bag, send
from tests.cast import LEDGER, OTHER_LEDGER, add_evidence, add_note
from tests.intruder import actions
from tests.sources_scene import CIRCUMSTANCES, CONTACTS, NAME, new_source

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast, Clock
    from tests.strict_browser import Browse


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_a_bag_holds_the_originals_their_hashes_and_their_custody(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    add_evidence(app, cast.ben, cast.case.id, "Эсеп №5.pdf", b"%PDF- no", "The *second* bill")
    browse(cast.cleo).get(f"{cast.case.url}/evidence/{cast.case.evidence}/content")

    bag = get_bag(browse(cast.ann), cast.ann, bag_scene.url(cast))

    assert bag.name == f"{cast.case.codename}-B-1"
    assert bag.files["data/evidence/E-1 ledger.txt"] == LEDGER
    assert bag.files["data/evidence/E-2 Эсеп №5.pdf"] == b"%PDF- no"
    listed = [json.loads(line) for line in bag.text("data/custody/evidence.jsonl").splitlines()]
    shown = table(bag.text("data/custody/evidence.csv"))
    assert [one["number"] for one in listed] == [one["number"] for one in shown] == ["E-1", "E-2"]
    assert listed[0]["sha256"] == hashlib.sha256(LEDGER).hexdigest()
    assert listed[0]["sha512"] == hashlib.sha512(LEDGER).hexdigest()
    assert (listed[1]["shows"], listed[1]["added_by"]) == ("The *second* bill", "Ben Writer")
    log = table(bag.text("data/custody/log.csv"))
    told = [(line["action"], line["person"]) for line in log if line["number"] == "E-1"]
    assert told == [
        ("evidence.added", "Ben Writer"),
        ("evidence.downloaded", "Cleo Reader"),
        ("evidence.exported", "Ann Lead"),
    ]
    assert not [path for path in bag.payload if "stories" in path or "notes" in path]
    for language in ("EVIDENCE BAG", "ПАКЕТ ДОКАЗАТЕЛЬСТВ", "ДАЛИЛДЕР ПАКЕТИ"):
        assert f"{language} {bag.name}" in bag.text("README.txt")


def test_a_bag_is_on_record_and_in_the_list_with_its_hash(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    ann, where = browse(cast.ann), bag_scene.url(cast)

    page = send(ann, cast.ann, where)

    digest = hashlib.sha256(page.content).hexdigest()
    assert page.headers["X-Accel-Buffering"] == "no"
    assert page.headers["Content-Disposition"].endswith(f'"{cast.case.codename}-B-1.zip"')
    assert actions(app)[-3:] == ["evidence.exported", "bag.exported", "bag.sent"]
    shown = browse(cast.eva).get(where).main
    for told in ("B-1", WHY, "Ann Lead", "1 file", "Sent whole"):
        assert told in shown
    assert digest in "".join(browse(cast.eva).get(where).html.split()).replace("</span><span>", "")
    assert "Ann Lead exported it" in ann.get(f"{cast.case.url}/evidence/{cast.case.evidence}").main
    activity = ann.get(f"{cast.case.url}/activity/").main
    assert "Ann Lead exported an evidence bag" in activity
    assert "The evidence bag B-1 was sent whole to Ann Lead" in activity


def test_a_bag_is_asked_for_with_a_reason_and_the_password(browse: Browse, cast: Cast) -> None:
    ann, where = browse(cast.ann, fresh=True), bag_scene.url(cast)
    newsdesk.confirm(ann, cast.ann)

    shown = ann.get(f"{where}new?evidence=all")
    assert "leaves Casefile in clear" in shown.main
    assert "E-1 ledger.txt" in shown.main
    refused = ann.post(where, 422, evidence="all", reason=" ", shown=shown.value("shown"))
    assert "Fill this in." in refused.problems()
    assert "E-1 ledger.txt" in refused.main


def test_the_password_is_asked_again_and_nothing_is_lost_by_it(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    ann, where = browse(cast.ann), bag_scene.url(cast)

    sent = bag_scene.fields(ann, where)
    clock.forward(minutes=6)
    asked = ann.get(f"{where}new?evidence=all", 303)
    assert asked.location.startswith("/account/confirm?next=")
    again = ann.post(where, 403, fields=sent)
    assert again.value("reason") == WHY
    assert "bag.exported" not in actions(app)
    page = ann.post(where, 200, fields=sent, confirm_password=cast.ann.password)
    assert bag_scene.read_bag(page.content).wrong == []


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ("E-1", {"E-1"}),
        ("2, 3", {"E-2", "E-3"}),
        ("E-1–E-2", {"E-1", "E-2"}),
        ("е-3;E1", {"E-1", "E-3"}),
        ("E-1-3", {"E-1", "E-2", "E-3"}),
        ("1-999999999", {"E-1", "E-2", "E-3"}),
    ],
)
def test_evidence_is_chosen_by_number(
    app: Flask, browse: Browse, cast: Cast, asked: str, numbers: set[str]
) -> None:
    for name in ("a.txt", "b.txt"):
        add_evidence(app, cast.ben, cast.case.id, name, name.encode())

    bag = get_bag(browse(cast.eva), cast.eva, bag_scene.url(cast), evidence="some", numbers=asked)

    files = {path.split("/")[2] for path in bag.payload if path.startswith("data/evidence/")}
    assert {name.split(" ")[0] for name in files} == numbers


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("", "Write the numbers"),
        (" , ", "Write the numbers"),
        ("E-9", "There is no evidence E-9 in this case."),
        ("E-1, E-7-E-8", "There is no evidence E-7 to E-8 in this case."),
        ("E-2-E-1", "is no evidence number"),
        ("N-1", "is no evidence number"),
        ("../../x", "is no evidence number"),
        ("1\x00", "invisible control characters"),
    ],
)
def test_a_number_that_is_none_of_this_case_is_said(
    app: Flask, browse: Browse, cast: Cast, asked: str, said: str
) -> None:
    ann, where = browse(cast.ann), bag_scene.url(cast)
    page = send(ann, cast.ann, where, 422, evidence="some", numbers=asked)

    assert said in page.problems()
    shown = ann.get(f"{where}new", 422, query_string={"evidence": "some", "numbers": asked})
    assert said in shown.problems()
    assert "bag.exported" not in actions(app)


def test_stories_go_in_as_dossiers_and_with_them_what_they_rest_on(
    app: Flask, browse: Browse, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_evidence(app, cast.ben, cast.case.id, "unused.txt", b"unused")
    story = newsdesk.begin(app, cast)
    newsdesk.support(app, cast.ben, cast, story)
    newsdesk.write(app, cast.ben, cast, story, "Экинчи тирөөч.", "ky")
    set_pages = []

    def press(html: str, _stylesheet: str) -> bytes:
        set_pages.append(html)
        return b"%PDF-set"

    monkeypatch.setattr(making, "paper", press)

    bag = get_bag(browse(cast.eva), cast.eva, bag_scene.url(cast), evidence="stories", stories="1")

    files = {path for path in bag.payload if not path.startswith("data/custody/")}
    assert files == {
        "data/evidence/E-1 ledger.txt",
        *(
            f"data/stories/S-1/dossier{end}"
            for end in (".html", ".pdf", "-ky.html", "-ky.pdf", ".css")
        ),
    }
    page = bag.text("data/stories/S-1/dossier.html")
    assert "The second pier was paid for twice." in page
    assert 'href="dossier.css"' in page
    assert "Экинчи тирөөч" in bag.text("data/stories/S-1/dossier-ky.html")
    assert len(set_pages) == 2
    assert "dossier.css" not in set_pages[0]
    assert actions(app).count("story.exported") == 1


def test_without_a_press_the_bag_says_why_there_is_no_pdf(
    app: Flask, browse: Browse, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    newsdesk.begin(app, cast)

    def refuse(*_given: object) -> bytes:
        raise ExtractionError(Reason.NOT_STARTED)

    monkeypatch.setattr(making, "paper", refuse)

    bag = get_bag(browse(cast.ann), cast.ann, bag_scene.url(cast), stories="1")

    assert "data/stories/S-1/dossier.html" in bag.payload
    assert "data/stories/S-1/dossier.pdf" not in bag.payload
    assert any(label == "Casefile-Without-PDF" for label, _value in bag.info)
    assert "NO PDF" in bag.text("README.txt")


@pytest.mark.slow
def test_a_real_press_sets_the_dossier(app: Flask, browse: Browse, cast: Cast) -> None:
    newsdesk.begin(app, cast)

    bag = get_bag(browse(cast.ann), cast.ann, bag_scene.url(cast), stories="1")

    if "data/stories/S-1/dossier.pdf" not in bag.payload:
        pytest.skip("WeasyPrint or libpango is missing here")
    assert bag.files["data/stories/S-1/dossier.pdf"].startswith(b"%PDF-")


def test_notes_go_in_only_when_asked_for(app: Flask, browse: Browse, cast: Cast) -> None:
    binned = add_note(app, cast.ben, cast.case.id, "Binned", "thrown away")
    browse(cast.ben).post(f"{cast.case.url}/notes/{binned}/delete")

    without = get_bag(browse(cast.ann), cast.ann, bag_scene.url(cast))
    with_them = get_bag(browse(cast.ann), cast.ann, bag_scene.url(cast), notes="1")

    assert not [path for path in without.payload if path.startswith("data/notes/")]
    assert "The *pier* was paid for twice." in with_them.text("data/notes/N-1.md")
    assert b"thrown away" not in with_them.everything()
    assert actions(app).count("note.exported") == 1


def test_nothing_of_the_case_but_what_was_chosen_is_in_a_bag(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    add_evidence(app, cast.dan, cast.other.id, "theirs.txt", b"of the other case")

    found = get_bag(browse(cast.ann), cast.ann, bag_scene.url(cast)).everything()

    for planted in (
        "The second pier",
        "Paid for twice",
        "The *pier* was paid for twice.",
        WHY,
        cast.other.codename,
        "orchard",
        OTHER_LEDGER.decode(),
        cast.ben.username,
        "theirs.txt",
    ):
        assert planted.encode() not in found.replace(LEDGER, b"")


def test_no_bag_tells_who_a_source_is_and_codenames_are_looked_at_first(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    story = newsdesk.begin(app, cast)
    newsdesk.support(app, cast.ben, cast, story, what=at.codename)
    ann, where = browse(cast.ann), bag_scene.url(cast)
    ann.post(f"{at.url}/links", code="E-1", passage="")
    add_note(app, cast.ben, cast.case.id, "Call", f"{at.codename} called.")

    asked = {"stories": "1", "notes": "1"}
    page = send(ann, cast.ann, where, 422, **asked)
    assert f"E-1: {at.codename} (Confidential)" in page.main
    assert f"{at.codename} is named in this text" in page.main
    assert "bag.exported" not in actions(app)
    assert "Look at what is said of sources" in page.problems()
    bag = get_bag(ann, cast.ann, where, **asked, looked="1")

    found = bag.everything()
    assert at.codename.encode() in found
    for planted in (*NAME.split(), CONTACTS, CIRCUMSTANCES):
        assert planted.encode() not in found


@pytest.mark.parametrize("shown", ["", "0" * 64, None])
def test_nobody_sends_what_they_were_not_shown(
    app: Flask, browse: Browse, cast: Cast, shown: str | None
) -> None:
    ann, where = browse(cast.ann), bag_scene.url(cast)
    old = bag_scene.fields(ann, where)["shown"]
    add_evidence(app, cast.ben, cast.case.id, "later.txt", b"later")

    page = send(ann, cast.ann, where, 422, shown=old if shown is None else shown)

    assert "has changed since you looked" in page.problems()
    assert "later.txt" in page.main
    assert page.value("reason") == WHY
    assert "bag.exported" not in actions(app)
    send(ann, cast.ann, where, 200, shown=page.value("shown"))


def test_people_who_left_meanwhile_are_said_and_the_reason_is_kept(
    app: Flask, browse: Browse, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_given: object) -> None:
        msg = "The people on this case have just changed."
        raise ConflictError(msg)

    monkeypatch.setattr("casefile.bags.service.begin", refuse)

    page = send(browse(cast.ann), cast.ann, bag_scene.url(cast), 409)

    assert "have just changed" in page.problems()
    assert page.value("reason") == WHY


def test_what_was_said_of_a_file_earlier_stays_inside(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    item = add_evidence(app, cast.ben, cast.case.id, "a.txt", b"a", "Given by Zamira herself")
    browse(cast.ben).post(f"{cast.case.url}/evidence/{item}/edit", shows="A list", version="1")

    bag = get_bag(browse(cast.ann), cast.ann, bag_scene.url(cast))

    assert b"evidence.edited" in bag.everything()
    assert b"Zamira" not in bag.everything()


def test_an_empty_file_and_a_withdrawn_one_go_in(app: Flask, browse: Browse, cast: Cast) -> None:
    add_evidence(app, cast.ben, cast.case.id, "empty.bin", b"")
    item = f"{cast.case.url}/evidence/{cast.case.evidence}"
    browse(cast.ben).post(f"{item}/withdraw", reason="A forgery", version="1")

    bag = get_bag(browse(cast.ann), cast.ann, bag_scene.url(cast))

    assert bag.files["data/evidence/E-2 empty.bin"] == b""
    assert "A forgery" in bag.text("data/custody/evidence.csv")


def test_an_empty_case_has_no_bag(app: Flask, browse: Browse, cast: Cast) -> None:
    ann = browse(cast.ann)
    where = ann.post("/cases/", title="Nothing in it").location + "export/"

    assert "Nothing to hand over yet" in ann.get(where).main
    page = send(ann, cast.ann, where, 422)
    assert "Nothing would be in the bag" in page.main
    send(ann, cast.ann, where, 422, evidence="stories")
    send(ann, cast.ann, where, 422, notes="1")
    assert "bag.exported" not in actions(app)


def test_an_archived_case_can_still_hand_over_proof(browse: Browse, cast: Cast) -> None:
    ann = browse(cast.ann)
    told = {"title": "The second pier", "summary": "", "status": "archived", "version": "1"}
    ann.post(f"{cast.case.url}/edit", fields=told)

    assert get_bag(ann, cast.ann, bag_scene.url(cast)).payload


def test_bags_are_counted_and_paged(app: Flask, browse: Browse, cast: Cast) -> None:
    ann, where = browse(cast.ann), bag_scene.url(cast)
    names = [get_bag(ann, cast.ann, where, reason=f"Bag {n}").name[-4:] for n in range(1, 4)]

    assert names == ["-B-1", "-B-2", "-B-3"]
    shown = ann.get(where).main
    assert shown.index("Bag 3") < shown.index("Bag 1")
