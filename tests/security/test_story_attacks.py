"""Somebody with the database tries to get a story out that nobody approved."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, select

from casefile.audit import Entry
from casefile.cases.access import TAMPERED
from casefile.cases.models import CaseSeat
from casefile.errors import DamagedError
from casefile.policy import Seat
from casefile.stories import keeping, records, signing
from casefile.stories.decisions import BlockedError
from casefile.stories.models import Story, StoryPart, StoryPartVersion
from casefile.stories.records import Decision, Publication, Reply
from tests import newsdesk
from tests.cast import open_case
from tests.faults.traces import leaks
from tests.intruder import copied, flipped, writing

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from sqlalchemy.orm import Session

    from tests.cast import Cast
    from tests.strict_browser import Browse

OUT = Publication(
    "https://outlet.example/x", "Weekly", datetime(2026, 1, 2, tzinfo=UTC).isoformat(), "UTC"
)
PLANTED = ("zqxvkwpleadtitle", "wjxqzbodyofdraft", "qvzxclaimspassage", "xzqvreplyanswered")


def rows_of(session: Session, story: UUID) -> list[dict[str, object]]:
    """Return copies of every row of a story, to put the whole of it back later."""
    head = session.get_one(Story, story)
    parts = session.scalars(select(StoryPart).where(StoryPart.story_id == story)).all()
    return [copied(head), *map(copied, parts)]


def put_back(app: Flask, story: UUID, kept: list[dict[str, object]]) -> None:
    with writing(app) as session:
        known = {row["id"] for row in kept}
        for part in session.scalars(select(StoryPart).where(StoryPart.story_id == story)):
            if part.id not in known:
                _cut(session, part.id)
        for row in kept:
            found = session.get_one(Story if row["id"] == story else StoryPart, row["id"])
            for name, value in row.items():
                setattr(found, name, value)


def _cut(session: Session, part_id: UUID) -> None:
    session.execute(delete(StoryPartVersion).where(StoryPartVersion.part_id == part_id))
    session.execute(delete(StoryPart).where(StoryPart.id == part_id))


def part_of(session: Session, story: UUID, kind: str) -> StoryPart:
    wanted = select(StoryPart).where(StoryPart.story_id == story, StoryPart.kind == kind)
    return session.scalars(wanted.order_by(StoryPart.number.desc())).first()  # type: ignore[return-value]


def refused(app: Flask, browse: Browse, cast: Cast, story: UUID) -> None:
    """Nothing is published, and the page says that something is wrong."""
    with pytest.raises(DamagedError):
        newsdesk.step(app, cast.eva, cast, story, "publish", publication=OUT)
    page = browse(cast.cleo).get(newsdesk.url(cast, story))
    assert "changed outside Casefile" in page.main or "does not hold any more" in page.main


def test_a_state_written_into_the_row_approves_nothing(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.proven(app, cast)
    with writing(app) as session:
        session.get_one(Story, story).state = "approved"

    refused(app, browse, cast, story)


def test_a_planted_decision_decides_nothing(app: Flask, browse: Browse, cast: Cast) -> None:
    approved, story = newsdesk.approved(app, cast), newsdesk.proven(app, cast)
    with writing(app) as session:
        theirs = part_of(session, approved, "decision")
        version = session.get_one(StoryPartVersion, (theirs.id, 1))
        planted = {**copied(theirs), "id": uuid4(), "story_id": story, "number": 9}
        session.add(StoryPart(**planted))
        session.flush()
        session.add(StoryPartVersion(**{**copied(version), "part_id": planted["id"]}))
        session.get_one(Story, story).state = "approved"

    refused(app, browse, cast, story)


def _forged(app: Flask, cast: Cast, story: UUID, content: str, how: str) -> Decision:
    """Return an approval of Ben's making: in Eva's name, or in his own and signed by himself."""
    actor = cast.ben if how == "his own name" else cast.eva
    made = Decision(
        "approve", "ready", "approved", str(actor.id), datetime.now(UTC).isoformat(), content
    )
    number = len(newsdesk.story(app, cast.ben, cast.case.id, story).decisions) + 1
    statement = signing._statement(cast.case.id, story, number, made)
    return replace(made, signature=cast.ben.bundle.sign(statement).hex())


def plant(app: Flask, cast: Cast, story: UUID, decision: Decision) -> None:
    """Write a decision as Ben can: everything fits but the signature."""
    case = open_case(app, cast.ben, cast.case.id)
    with writing(app) as session:
        whole = keeping.load(session, case, story)
        part_id, place = uuid4(), f"decision of {story.hex}"
        made = StoryPart(
            id=part_id, case_id=case.id, story_id=story, kind="decision",
            number=whole.of("decision")[-1].number + 1, version=1, change_number=1,
        )  # fmt: skip
        session.add(made)
        session.flush()
        plain = json.dumps(records.written(decision)).encode()
        session.add(
            StoryPartVersion(
                part_id=part_id,
                version=1,
                author_id=UUID(decision.actor),
                at=datetime.now(UTC),
                generation=1,
                record=case.newest.seal(plain, "story_part_version", part_id, place, 1),
            )
        )
        session.flush()
        every = [p for parts in keeping.load(session, case, story).parts.values() for p in parts]
        head = whole.head
        head.state, head.ledger = decision.after, keeping.ledger(every)
        row = session.get_one(Story, story)
        row.state = decision.after
        row.record = keeping.seal_head(case, story, row.version, head)


def test_an_override_forged_in_an_editor_s_name_lets_nothing_pass(app: Flask, cast: Cast) -> None:
    story = newsdesk.proven(app, cast)
    newsdesk.seat_finn(app, cast)
    newsdesk.check(app, cast.ann, cast, story, verdict="disputed")
    shown = newsdesk.story(app, cast.dan, cast.case.id, story)
    blocked = tuple(sorted(one.key for one in shown.blocking))
    forged = _forged(app, cast, story, shown.content, "eva's name")
    plant(app, cast, story, replace(forged, action="override", after="ready", blocked=blocked))

    with pytest.raises(BlockedError):
        newsdesk.step(app, cast.dan, cast, story, "approve")


@pytest.mark.parametrize("how", ["eva's name", "his own name"])
def test_an_approval_forged_with_the_key_of_the_case_does_not_hold(
    app: Flask, browse: Browse, cast: Cast, how: str
) -> None:
    """Ben holds the case's key, as every reporter on it, and can write into the database."""
    story = newsdesk.begin(app, cast, by=cast.ann)
    newsdesk.support(app, cast.ann, cast, story)
    newsdesk.step(app, cast.ann, cast, story, "submit")
    newsdesk.check(app, cast.eva, cast, story)
    for name in ("refer", "clear"):
        newsdesk.step(app, cast.eva, cast, story, name)
    shown = newsdesk.story(app, cast.ben, cast.case.id, story)
    decision = _forged(app, cast, story, shown.content, how)
    plant(app, cast, story, decision)

    page = browse(cast.cleo).get(newsdesk.url(cast, story))
    assert "The approval does not hold any more." in page.main
    form = newsdesk.fields(browse(cast.eva).get(f"{newsdesk.url(cast, story)}/decisions/"))
    browse(cast.eva).post(
        f"{newsdesk.url(cast, story)}/publish", 409, **form,
        url="https://outlet.example/x", outlet="Weekly", at="2026-01-02T10:00",
    )  # fmt: skip
    assert newsdesk.state(app, cast, story) == "approved"


def test_a_cut_decision_does_not_bring_the_approval_back(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.approved(app, cast)
    newsdesk.step(app, cast.eva, cast, story, "return")
    with writing(app) as session:
        _cut(session, part_of(session, story, "decision").id)
        session.get_one(Story, story).state = "approved"

    refused(app, browse, cast, story)


def test_a_story_set_back_as_a_whole_does_not_fit_the_trail(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.approved(app, cast)
    with writing(app) as session:
        kept = rows_of(session, story)
    newsdesk.step(app, cast.eva, cast, story, "return")
    put_back(app, story, kept)

    assert newsdesk.state(app, cast, story) == "approved"
    refused(app, browse, cast, story)


@pytest.mark.parametrize("kind", ["claim", "reply", "text", "decision"])
def test_a_part_cut_out_is_noticed(app: Flask, browse: Browse, cast: Cast, kind: str) -> None:
    story = newsdesk.proven(app, cast)
    newsdesk.ask_for_reply(app, cast, story, Reply("The mayor"))
    with writing(app) as session:
        part = part_of(session, story, kind)
        session.execute(delete(keeping.StoryPartVersion).where(StoryPartVersion.part_id == part.id))
        session.flush()
        from casefile.stories.models import StoryCitation

        session.execute(delete(StoryCitation).where(StoryCitation.part_id == part.id))
        session.execute(delete(StoryPart).where(StoryPart.id == part.id))

    page = browse(cast.cleo).get(newsdesk.url(cast, story))
    assert "changed outside Casefile" in page.main
    with pytest.raises(DamagedError):
        newsdesk.step(app, cast.eva, cast, story, "approve")


@pytest.mark.parametrize("kind", ["claim", "text"])
def test_an_older_version_put_forward_again_is_noticed(
    app: Flask, browse: Browse, cast: Cast, kind: str
) -> None:
    story = newsdesk.proven(app, cast)
    newsdesk.write(app, cast.ben, cast, story, "[Changed](c:1) altogether.")
    with writing(app) as session:
        part_of(session, story, kind).version = 1

    page = browse(cast.cleo).get(newsdesk.url(cast, story))
    assert "changed outside Casefile" in page.main


def test_a_damaged_claim_blocks_shows_itself_and_cannot_be_overridden(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.proven(app, cast)
    with writing(app) as session:
        part = part_of(session, story, "claim")
        row = session.get_one(StoryPartVersion, (part.id, part.version))
        row.record = flipped(row.record)

    page = browse(cast.cleo).get(newsdesk.url(cast, story))
    assert "is damaged and cannot be read" in page.main
    shown = newsdesk.story(app, cast.ann, cast.case.id, story)
    assert not all(one.can_be_overridden for one in shown.blocking)
    for path in ("/claims/", "/decisions/", f"/claims/{part.id}", "/texts/en/versions/"):
        browse(cast.cleo).get(f"{newsdesk.url(cast, story)}{path}")
    browse(cast.cleo).get(f"{cast.case.url}/stories/")
    browse(cast.cleo).get("/search?q=pier")


def test_a_record_of_another_story_in_its_place_is_damage(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    one, other = newsdesk.begin(app, cast), newsdesk.begin(app, cast, "Another [thing](c:).")
    with writing(app) as session:
        mine, theirs = part_of(session, one, "text"), part_of(session, other, "text")
        row = session.get_one(StoryPartVersion, (mine.id, 1))
        row.record = session.get_one(StoryPartVersion, (theirs.id, 1)).record

    page = browse(cast.cleo).get(newsdesk.url(cast, one))
    assert "Another thing" not in page.main


def test_a_seat_planted_in_the_database_decides_nothing(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.proven(app, cast)
    form = newsdesk.fields(browse(cast.eva).get(f"{newsdesk.url(cast, story)}/decisions/"))
    with writing(app) as session:
        session.get_one(CaseSeat, cast.case.seats["cleo"]).role = Seat.EDITOR

    page = browse(cast.cleo).post(f"{newsdesk.url(cast, story)}/approve", 503, **form)

    assert TAMPERED.split(",")[0] in page.main


def test_entries_of_the_trail_name_no_contents(app: Flask, cast: Cast) -> None:
    newsdesk.approved(app, cast)
    with writing(app) as session:
        entries = session.scalars(select(Entry)).all()
        told = [entry for entry in entries if entry.action.startswith(("story.", "claim."))]
        assert len(told) >= 6
        for entry in told:
            assert b"pier" not in (entry.detail or b"").lower()


def test_the_things_of_one_case_are_not_found_under_another(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    ids = newsdesk.things(app, cast)
    story, claim, reply = ids["story"], ids["claim"], ids["reply"]
    other = newsdesk.begin(app, cast, "Another.")
    mine, here = f"{cast.case.url}/stories", f"{cast.other.url}/stories"
    for path in ("", "/edit", "/texts/en", "/claims/", "/decisions/", "/published", "/replies/new"):
        browse(cast.dan).get(f"{here}/{story}{path}", 404)
    for path in (f"/claims/{claim}", f"/claims/{claim}/supports/0", f"/replies/{reply}/edit"):
        browse(cast.dan).get(f"{here}/{story}{path}", 404)
        browse(cast.ben).get(f"{mine}/{other}{path}", 404)
    sent = {"version": "1", "content": "0" * 64, "statement": "Taken", "category": "fact"}
    more = {"title": "Taken", "body": "Taken", "reason": "Taken", "subject": "Taken"}
    for path in ("/edit", "/texts/en", "/claims/", f"/claims/{claim}", "/submit", "/replies/"):
        browse(cast.dan).post(f"{here}/{story}{path}", 404, **sent, **more)
    browse(cast.ben).post(f"{mine}/{other}/claims/{claim}", 404, **sent)
    browse(cast.ben).post(f"{mine}/{other}/replies/{reply}/edit", 404, **sent, **more)
    assert "Taken" not in browse(cast.ben).get(f"{mine}/{story}").main


def test_nothing_of_a_story_lies_in_clear(
    app: Flask, browse: Browse, cast: Cast, instance: Path, tmp_path: Path
) -> None:
    title, body, passage, answer = PLANTED
    ben = browse(cast.ben)
    where = ben.post(
        f"{cast.case.url}/stories/",
        title=title, language="en", body=f"{body} [{passage}](c:)", outlet=title,
    ).location  # fmt: skip
    ben.post(
        f"{where}/replies/", subject=answer, asked=answer, how="letter", version=0,
        sent_at="2026-01-05T10:00", deadline="2026-01-12T18:00",
        answer=answer, answered_at="2026-01-06T10:00", used=answer,
    )  # fmt: skip
    ben.post(f"{where}/texts/en", 422, title="", body=body, version=1)
    assert browse(cast.cleo).get(f"/search?q={body}").find("//article")

    assert leaks([instance, tmp_path], PLANTED) == []
