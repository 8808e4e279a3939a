"""What people tried against applications, and what must come of it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from casefile.errors import ForbiddenError, InvalidError
from casefile.grants import (
    applications,
    applying,
    calls,
    counting,
    interests,
    keeping,
    organisations,
    submitting,
)
from casefile.grants.application_models import Application
from casefile.grants.call_models import Call
from casefile.grants.money import Money
from casefile.grants.states import ApplicationState
from tests import grants_scene as scene

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Actor, Clock
    from tests.strict_browser import Browse

BLANK = {"legal_form": "", "region": "", "iati_identifier": "", "kind": "newsroom"}


def changed_after(app: Flask, call_id: scene.UUID, draft: applying.Draft) -> scene.UUID:
    """Submit one thing, then save another and never submit it."""
    row_id, _token = scene.apply(app, call_id, draft)
    with scene.acting(app, None) as uow:
        base = keeping.get(uow.session, Application, row_id).version
        applying.save(
            uow,
            row_id,
            base,
            replace(
                draft,
                applicant="Somebody else",
                title="Another title",
                requested=Decimal("1234.00"),
                partners=(),
            ),
        )
    return row_id


def test_what_was_saved_and_not_submitted_is_seen_by_the_applicant_alone(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock
) -> None:
    call_id = scene.open_call(app, grants, clock, reviews_wanted=1)
    row_id = changed_after(app, call_id, scene.DRAFT)
    scene.in_review(app, grants, clock, call_id, [row_id], grants.jo)
    gina = browse(grants.gina)
    pages = [
        gina.get(f"/grants/calls/{call_id}/applications").text,
        gina.get("/grants/applications/").text,
        gina.get("/grants/exports/applications.csv").content.decode("utf-8-sig"),
        gina.get(f"/grants/calls/{call_id}/decision").text,
        gina.get(f"/grants/calls/{call_id}").text,
        gina.get(f"/grants/applications/{row_id}").text,
    ]

    for page in pages:
        assert "Another title" not in page
        assert "Somebody else" not in page
        assert "1,234" not in page
        assert "1234.00" not in page
    assert "Сельская жизнь" in pages[0]
    assert "Media for the villages" in pages[3]
    found = gina.get("/grants/applications/?q=another").html
    assert str(row_id) not in found
    assert str(row_id) in gina.get("/grants/applications/?q=villages").html

    def counted(session: object) -> Money | None:
        call = keeping.get(session, Call, call_id)  # type: ignore[arg-type]
        return counting.by_state(session, call, clock()).requested.only  # type: ignore[arg-type]

    assert scene.fetched(app, counted) == Money(Decimal("9000.00"), "USD")


def test_dropping_a_partner_from_the_draft_hides_no_interest(
    app: Flask, grants: scene.Grants, clock: Clock
) -> None:
    call_id = scene.open_call(app, grants, clock)
    draft = replace(scene.DRAFT, partners=[("Радио «Ак-Суу»", "sends it")])
    row_id = changed_after(app, call_id, draft)
    scene.in_review(app, grants, clock, call_id, [row_id], grants.jo, grants.jan)
    with scene.acting(app, grants.gina) as uow:
        for name, person in (("Радио Ак-Суу", "jo"), ("СЕЛЬСКАЯ ЖИЗНЬ", "jan")):
            own = organisations.create(uow, {"name": name, **BLANK})
            organisations.affiliate(uow, own.id, person)

    assert scene.declare(app, grants.jo, row_id) == interests.BLOCKED
    assert scene.declare(app, grants.jan, row_id) == interests.BLOCKED


def test_a_review_counts_no_more_once_its_author_declares_an_interest(
    app: Flask, grants: scene.Grants, clock: Clock
) -> None:
    call_id = scene.open_call(app, grants, clock, reviews_wanted=1)
    row_id, _token = scene.apply(app, call_id)
    scene.in_review(app, grants, clock, call_id, [row_id], grants.jo)
    scene.declare(app, grants.jo, row_id)
    scene.review(app, grants.jo, row_id, [5, 5])
    assert scene.declare(app, grants.jo, row_id, conflict=True) == interests.CONFLICT

    with pytest.raises(InvalidError, match="0 of 1 reviews"):
        scene.recommend(app, grants, row_id)


def test_an_application_takes_so_many_files_and_no_more(
    app: Flask,
    browse: Browse,
    grants: scene.Grants,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(applying, "MOST_FILES", 2)
    call_id = scene.open_call(app, grants, clock)
    row_id, token = scene.apply(app, call_id, submit=False)
    url = f"/apply/applications/{token}"
    outside = browse()
    outside.post(f"{url}/files", files=[("a.txt", b"1")])
    outside.post(f"{url}/files", files=[("b.txt", b"2"), ("c.txt", b"3")])

    kept = scene.fetched(app, lambda session: applying.attachments(session, row_id))
    assert len(kept) == 1, "all of them or none"
    assert "At most 2 files" in outside.get(url).text


def test_what_is_sealed_until_the_deadline_is_read_by_nobody_before(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock
) -> None:
    call_id = scene.open_call(app, grants, clock)
    row_id, token = scene.apply(app, call_id, submit=False)
    url = f"/apply/applications/{token}"
    browse().post(f"{url}/files", files=[("a.txt", b"first")])
    with scene.acting(app, None) as uow:
        submitting.submit(uow, row_id)
    [annex] = scene.fetched(app, lambda session: applying.attachments(session, row_id))
    with scene.acting(app, grants.gina) as uow:
        calls.add_reviewer(uow, call_id, grants.jo.id)
    one = f"/grants/applications/{row_id}"
    lists = (
        "/grants/",
        "/grants/applications/",
        f"/grants/calls/{call_id}",
        f"/grants/calls/{call_id}/applications",
        f"/grants/calls/{call_id}/decision",
        "/grants/exports/applications.csv",
    )

    def seen(who: Actor) -> list[str]:
        page = browse(who, fresh=True)
        return [place for place in lists if "Media for the" in page.get(place).content.decode()]

    for who in (grants.gina, grants.dora):
        browse(who, fresh=True).get(one, 403)
        browse(who, fresh=True).get(f"{one}/annexes/{annex.id}", 403)
        assert seen(who) == []
    scene.declare(app, grants.jo, row_id)
    browse(grants.jo, fresh=True).get(f"{one}/review", 403)
    gina = scene.person_of(grants.gina)
    to, base = ApplicationState.ELIGIBLE, scene.version_of(app, Application, row_id)
    with (
        pytest.raises(ForbiddenError, match="closed until its deadline"),
        scene.acting(app, grants.gina) as uow,
    ):
        applications.move(uow, gina, row_id, base, to, "")
    scene.close_call(app, clock)
    browse(grants.gina, fresh=True).get(one)
    assert lists[1] in seen(grants.gina)
