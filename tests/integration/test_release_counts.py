"""Counts for a funder: what is on record, looked at by an editor, lowered with a reason, told in bands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from casefile.errors import InvalidError
from casefile.evidence import service as evidence
from casefile.evidence import withdrawing
from casefile.milestones import content, counting, service
from casefile.milestones.content import Entered
from casefile.vault import SealedUpload
from tests.cast import add_note, change, open_case, resources_of
from tests.grant_cast import active, link, make_team, milestone_ids, prepare, release, step

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse

ZONE = "Asia/Bishkek"


def put_file(app: Flask, cast: Cast, tag: str, day: str = "") -> UUID:
    def put(uow: object, case: object) -> UUID:
        upload = SealedUpload(resources_of(app).vault, cast.case.id, limit=1000)
        upload.write(f"{tag} {day}".encode())
        upload.finish()
        origin = evidence.Origin(shows="One", obtained_at=day, tags=(tag,))
        return evidence.add(uow, case, [("one.txt", upload)], origin)[0].id  # type: ignore[arg-type]

    return change(app, cast.ben, cast.case.id, put)  # type: ignore[return-value]


def numbers(app: Flask, cast: Cast) -> dict[str, int]:
    case = open_case(app, cast.eva, cast.case.id)
    with resources_of(app).database.reading() as session:
        return {name: one.number for name, one in counting.counted(session, case, ZONE).items()}


def milestone_of(app: Flask, cast: Cast) -> UUID:
    resources = resources_of(app)
    award_id = active(resources, make_team(resources, cast), [step("Work", 100, "E1")])
    link(app, cast, award_id)
    return milestone_ids(resources, award_id)[0]


def test_notes_and_files_count_once_and_what_was_withdrawn_does_not(app: Flask, cast: Cast) -> None:
    before = numbers(app, cast)
    put_file(app, cast, "Interview")
    gone = put_file(app, cast, "interview")
    change(
        app,
        cast.ben,
        cast.case.id,
        lambda uow, case: withdrawing.withdraw(uow, case, gone, reason="False.", version=1),
    )
    assert numbers(app, cast)["interviews"] == 1
    add_note(app, cast.ben, cast.case.id, "Talk", "On tape: [E-2].", "интервью")

    found = numbers(app, cast)

    assert found["interviews"] == 1, "the note and the recording it cites are one interview"
    assert found["documents"] == before["documents"] + 1


def test_field_days_are_days_and_what_was_answered_was_sent(app: Flask, cast: Cast) -> None:
    for day in ("2026-11-02", "2026-11-02", "2026-11-03"):
        put_file(app, cast, "выезд", day)
    for _number in range(3):
        put_file(app, cast, "жооп")
    put_file(app, cast, "request")

    found = numbers(app, cast)

    assert found["field_days"] == 2
    assert (found["requests_sent"], found["requests_answered"]) == (3, 3)


def test_the_editor_sees_what_counts_and_tells_less_with_a_reason_that_stays(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    milestone = milestone_of(app, cast)
    for _number in range(6):
        put_file(app, cast, "interview")
    url, eva = f"{cast.case.url}/milestones/{milestone}", browse(cast.eva)
    page = eva.get(f"{url}/edit")
    assert "6" in page.main
    assert page.find("//details//a[text()='E-2']")
    offered = page.find("//select[@name='lower_interviews']/option/text()")
    assert [one.strip() for one in offered] == ["5–9, as counted", "1–4", "0"]
    sent = {"version": page.value("version"), "lower_interviews": "1–4"}
    refused = eva.post(f"{url}/edit", 422, **sent)
    assert "Say why you tell less" in refused.problems()
    assert refused.value("lower_interviews") == "1–4"

    eva.post(f"{url}/edit", **sent, lower_reason="Two of them were one Zanzibarquince.")

    shown = eva.get(url)
    preview = shown.find("//*[@data-preview]")[0].text_content()
    assert "Interviews1–4" in "".join(preview.split())
    assert "Zanzibarquince" not in preview
    assert "Zanzibarquince" in shown.main
    assert shown.find("//a[text()='E-2']")
    version = shown.find("//form[contains(@action,'release')]//input[@name='version']/@value")[0]
    eva.post(f"{url}/release", version=version)
    with resources_of(app).database.reading() as session:
        text = service.submissions(session, milestone)[0].content
    assert '"interviews":"1–4"' in text
    assert "Zanzibarquince" not in text


@pytest.mark.parametrize("wanted", ["20+", "5–9", "7", "many"])
def test_nobody_tells_more_than_was_counted(wanted: str) -> None:
    entered = Entered(lowered={"interviews": wanted}, lower_reason="So it was.")
    try:
        told = content.counts({"interviews": "1–4"}, entered)
    except InvalidError:
        assert wanted not in content.EVERY_BAND
    else:
        assert told == {"interviews": "1–4"}


def test_lowered_counts_are_released_while_the_counts_are_the_same(app: Flask, cast: Cast) -> None:
    milestone = milestone_of(app, cast)
    entered = Entered(lowered={"documents": "0"}, lower_reason="Copies of one page.")
    assert prepare(app, cast, milestone, entered) == 1

    release(app, cast, milestone, entered)
