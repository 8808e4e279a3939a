from __future__ import annotations

import dataclasses
import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from casefile.errors import ConflictError, NotFoundError
from casefile.grants import applying, beginning, calls, keeping, questions, submitting
from casefile.grants.application_models import Application, ApplicationRevision
from casefile.grants.call_models import Call
from casefile.grants.states import ApplicationState
from tests import grants_scene as scene
from tests.access_matrix import NOWHERE

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

    from tests.cast import Clock
    from tests.strict_browser import Browse

SECRET = "Zanzibarquince"


def state_of(app: Flask, row_id: scene.UUID) -> str:
    return str(scene.fetched(app, lambda session: keeping.get(session, Application, row_id).state))


def test_a_late_submission_is_told_when_the_call_closed_and_keeps_its_draft(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock
) -> None:
    call_id = scene.open_call(app, grants, clock)
    row_id, token = scene.apply(app, call_id, submit=False)
    scene.close_call(app, clock)
    version = str(scene.version_of(app, Application, row_id))
    page = browse().post(
        f"/apply/applications/{token}",
        409,
        fields={"version": version, "title": "Late", "submit": "1"},
    )

    assert "The call closed on" in page.problems()
    assert "Asia/Bishkek, UTC+0600" in page.problems()
    assert state_of(app, row_id) == "draft"
    assert "not submitted" in browse().get(f"/apply/applications/{token}").main
    browse(grants.gina, fresh=True).get(f"/grants/applications/{row_id}", 404)


def test_pressing_submit_twice_makes_one_revision_and_one_receipt(
    app: Flask, grants: scene.Grants, clock: Clock
) -> None:
    row_id, _token = scene.apply(app, scene.open_call(app, grants, clock))
    with scene.acting(app, None) as uow:
        revision, new = submitting.submit(uow, row_id)

    assert (revision.number, new) == (1, False)


def test_each_submission_is_kept_as_it_was_and_its_receipt_names_its_hash(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock
) -> None:
    row_id, token = scene.apply(app, scene.open_call(app, grants, clock))
    changed = dataclasses.replace(scene.DRAFT, title="Another title")
    with scene.acting(app, None) as uow:
        base = keeping.get(uow.session, Application, row_id).version
        applying.save(uow, row_id, base, changed)
    assert "changed something since" in browse().get(f"/apply/applications/{token}").main
    with scene.acting(app, None) as uow:
        submitting.submit(uow, row_id)

    kept = scene.fetched(app, lambda session: submitting.revisions(session, row_id))
    assert [row.content["title"] for row in kept] == ["Another title", scene.DRAFT.title]
    for row in kept:
        sent = browse().get(f"/apply/applications/{token}/receipts/{row.number}.json").content
        assert submitting.hashlib.sha256(sent).hexdigest() == row.sha256
        assert questions.canonical(json.loads(sent)) == sent
    browse().get(f"/apply/applications/{token}/receipts/3.json", 404)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"requested": Decimal("10000.01")}, "at most 10000.00 USD"),
        ({"requested": Decimal("999.99")}, "at least 1000.00 USD"),
        ({"requested": None}, "how much"),
        ({"answers": {"q1": "no", "q2": "x"}}, "not open to you"),
        ({"answers": {"q1": "yes"}}, "Answer this question"),
        ({"contact": {}}, "how to reach you"),
        ({"title": " "}, "Fill this in"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_submitted(
    app: Flask, grants: scene.Grants, clock: Clock, changes: dict[str, object], said: str
) -> None:
    draft = dataclasses.replace(scene.DRAFT, **changes)  # type: ignore[arg-type]
    row_id, _token = scene.apply(app, scene.open_call(app, grants, clock), draft, submit=False)
    with pytest.raises(submitting.SubmissionError) as refused, scene.acting(app, None) as uow:
        submitting.submit(uow, row_id)

    assert any(said in problem for problem in refused.value.problems.values())
    assert state_of(app, row_id) == "draft"


@pytest.mark.parametrize("amount", ["-5", "1,000", "9" * 30, "5 USD", "1e3"])
def test_an_amount_that_is_none_comes_back_as_it_was_typed(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock, amount: str
) -> None:
    _row_id, token = scene.apply(app, scene.open_call(app, grants, clock), submit=False)
    page = browse().post(
        f"/apply/applications/{token}",
        422,
        fields={"version": "2", "requested": amount, "title": "Kept"},
    )

    assert page.value("requested") == amount
    assert page.value("title") == "Kept"
    assert page.problems()


def test_a_withdrawn_application_stays_so(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock
) -> None:
    row_id, token = scene.apply(app, scene.open_call(app, grants, clock))
    browse().post(f"/apply/applications/{token}/withdraw", fields={"reason": "No more time."})

    assert state_of(app, row_id) == "withdrawn"
    for act in (
        lambda uow: applying.save(
            uow, row_id, scene.version_of(app, Application, row_id), scene.DRAFT
        ),
        lambda uow: submitting.submit(uow, row_id),
        lambda uow: applying.withdraw(uow, row_id, ""),
        lambda uow: applying.answer(uow, row_id, "Hello?"),
    ):
        with pytest.raises(ConflictError, match="withdrawn"), scene.acting(app, None) as uow:
            act(uow)
    assert "withdrawn" in browse().get(f"/apply/applications/{token}").main


def test_a_draft_saved_in_two_windows_is_not_overwritten(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock
) -> None:
    _row_id, token = scene.apply(app, scene.open_call(app, grants, clock), submit=False)
    url = f"/apply/applications/{token}"
    browse().post(url, fields={"version": "2", "title": "First window"})
    page = browse().post(url, 409, fields={"version": "2", "title": "Second window"})

    assert page.value("title") == "Second window"
    browse().post(url, fields={"version": page.value("version"), "title": "Second window"})


def test_an_invitation_begins_one_application_and_no_public_one(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock
) -> None:
    call_id = scene.open_call(app, grants, clock, entry="invitation")
    code = scene.fetched(app, lambda session: keeping.get(session, Call, call_id).code)
    with scene.acting(app, grants.gina) as uow:
        token = beginning.invite(uow, call_id, "Village Voices", 14)
        late = beginning.invite(uow, call_id, "Too late", 1)
    outside = browse()

    outside.get(f"/apply/calls/{code}", 404)
    outside.post(f"/apply/calls/{code}", 404)
    assert code not in outside.get("/apply/").text
    outside.get(f"/apply/invitations/{token}")
    begun = outside.post(f"/apply/invitations/{token}")
    assert outside.get(begun.location).value("applicant") == "Village Voices"
    outside.post(f"/apply/invitations/{token}", 404)
    with pytest.raises(NotFoundError), scene.acting(app, None) as uow:
        beginning.begin(uow, call_id)
    clock.forward(days=2)
    outside.get(f"/apply/invitations/{late}", 404)


def test_a_clock_set_back_opens_no_closed_call_again(
    app: Flask, grants: scene.Grants, clock: Clock
) -> None:
    call_id = scene.open_call(app, grants, clock)
    row_id, _token = scene.apply(app, call_id, submit=False)
    scene.close_call(app, clock)
    clock.forward(days=-11)

    with pytest.raises(ConflictError, match="closed"), scene.acting(app, None) as uow:
        submitting.submit(uow, row_id)
    version = scene.version_of(app, Call, call_id)
    later = clock() + scene.timedelta(days=30)
    with pytest.raises(ConflictError), scene.acting(app, grants.gina) as uow:
        calls.extend(uow, call_id, version, later, "More time.")


def test_an_annex_is_nowhere_in_clear_and_opens_for_whoever_may(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock, instance: Path, tmp_path: Path
) -> None:
    call_id = scene.open_call(app, grants, clock)
    row_id, token = scene.apply(app, call_id, submit=False)
    content = (f"{SECRET} payroll\n" * 18_000).encode()
    outside = browse()
    url = f"/apply/applications/{token}"
    outside.post(f"{url}/files", files=[(f"{SECRET}-budget.xlsx", content)])
    draft = dataclasses.replace(scene.DRAFT, contact={"email": f"{SECRET}@village.example"})
    with scene.acting(app, None) as uow:
        applying.save(uow, row_id, keeping.get(uow.session, Application, row_id).version, draft)
        submitting.submit(uow, row_id)

    with scene.resources_of(app).database.engine.connect() as connection:
        for table in (
            "application",
            "application_attachment",
            "application_revision",
            "audit_entry",
            "grants_event",
        ):
            assert SECRET not in str(connection.exec_driver_sql(f"SELECT * FROM {table}").all())
    for folder in (instance, tmp_path):
        for path in folder.rglob("*"):
            if path.is_file():
                assert SECRET.encode() not in path.read_bytes(), path
    link = outside.get(url).find("//a[contains(@href, '/files/')]/@href")[0]
    assert outside.get(link).content == content
    scene.close_call(app, clock)
    gina = browse(grants.gina, fresh=True)
    page = gina.get(f"/grants/applications/{row_id}")
    annex = page.find("//a[contains(@href, '/annexes/')]/@href")[0]
    answer = gina.get(annex)
    assert answer.content == content
    assert answer.headers["Content-Disposition"].startswith("attachment")
    browse(grants.finn, fresh=True).get(annex, 403)


def test_an_annex_taken_out_stays_with_the_revision_it_was_submitted_with(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock
) -> None:
    call_id = scene.open_call(app, grants, clock, sealed_until_close=False)
    row_id, token = scene.apply(app, call_id, submit=False)
    url = f"/apply/applications/{token}"
    outside = browse()
    outside.post(f"{url}/files", files=[("a.txt", b"first")])
    with scene.acting(app, None) as uow:
        submitting.submit(uow, row_id)
    link = outside.get(url).find("//a[contains(@href, '/files/')]/@href")[0]
    outside.post(f"{link}/void")

    gina = browse(grants.gina, fresh=True)
    annex = gina.get(f"/grants/applications/{row_id}").find(
        "//a[contains(@href, '/annexes/')]/@href"
    )[0]
    assert gina.get(annex).content == b"first"
    other, other_token = scene.apply(app, call_id, submit=False)
    browse().get(link.replace(token, other_token), 404)
    gina.get(annex.replace(str(row_id), str(other)), 404)


def test_sealed_columns_swapped_between_two_applications_open_nothing(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock
) -> None:
    call_id = scene.open_call(app, grants, clock)
    first, token = scene.apply(app, call_id)
    second, _other = scene.apply(app, call_id)
    with scene.resources_of(app).database.engine.connect() as connection:
        connection.exec_driver_sql(
            "UPDATE application SET record = (SELECT record FROM application WHERE id = ?) WHERE id = ?",
            (second.hex, first.hex),
        )
        connection.commit()

    browse().get(f"/apply/applications/{token}", 503)


def test_an_amendment_asked_for_reopens_the_draft_and_the_answer_goes_back_to_review(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock
) -> None:
    call_id = scene.open_call(app, grants, clock)
    row_id, token = scene.apply(app, call_id)
    scene.in_review(app, grants, clock, call_id, [row_id], grants.jo)
    gina, url = browse(grants.gina, fresh=True), f"/apply/applications/{token}"
    version = str(scene.version_of(app, Application, row_id))
    gina.post(
        f"/grants/applications/{row_id}/questions",
        fields={"version": version, "text": "How many villages?"},
    )

    page = browse().get(url)
    assert "How many villages?" in page.main
    browse().post(f"{url}/answers", fields={"text": "Forty."})
    with scene.acting(app, None) as uow:
        base = keeping.get(uow.session, Application, row_id).version
        applying.save(
            uow, row_id, base, dataclasses.replace(scene.DRAFT, summary="Forty villages.")
        )
        revision, new = submitting.submit(uow, row_id)
    assert (new, revision.number) == (True, 2)
    assert state_of(app, row_id) == ApplicationState.IN_REVIEW
    assert "Forty." in gina.get(f"/grants/applications/{row_id}").main
    assert (
        scene.fetched(app, lambda session: session.get(ApplicationRevision, revision.id)).number
        == 2
    )


@pytest.mark.parametrize("what", ["", "/answers", "/files", f"/files/{NOWHERE}/void", "/withdraw"])
def test_another_site_changes_nothing_of_an_application(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock, what: str
) -> None:
    row_id, token = scene.apply(app, scene.open_call(app, grants, clock), submit=False)
    before = scene.version_of(app, Application, row_id)
    path = f"/apply/applications/{token}{what}"
    fields = {"version": str(before), "title": "Forged", "reason": "Forged"}

    page = browse().post(path, 400, token="", fields=fields)
    assert "Nothing was changed" in page.text
    browse().post(path, 400, token=browse(grants.gina).token(), fields=fields)
    browse().post(path, 400, fields=fields, headers={"Origin": "https://elsewhere.example"})

    assert scene.version_of(app, Application, row_id) == before
