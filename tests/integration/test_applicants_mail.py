"""Applicants who gave an address hear that something waits, and get receipts; their link is nowhere."""

from __future__ import annotations

import re
from email import message_from_string, policy
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from casefile.audit import Entry
from casefile.grants import applications, keeping, submitting, voiding
from casefile.grants.application_models import Application
from casefile.notices.models import OutgoingMail
from casefile.notices.ticking import tick
from tests import grants_scene as scene
from tests.cast import resources_of
from tests.mail_server import MailServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from flask import Flask

    from tests.cast import Cast, Clock

ADDRESS = scene.DRAFT.contact["email"]


@pytest.fixture
def post() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.stop()


@pytest.fixture
def mailing(make_app: Callable[..., Flask], post: MailServer) -> Flask:
    return make_app(
        smtp_url=f"smtp+plain://127.0.0.1:{post.port}",
        mail_from="casefile@newsroom.example",
        public_url="https://casefile.example",
    )


@pytest.fixture
def grants(mailing: Flask, cast: Cast) -> scene.Grants:
    return scene.make(mailing, cast)


def bodies(post: MailServer) -> list[str]:
    mails = [message_from_string(text, policy=policy.default) for _to, text in post.box.mails]
    return [mail.get_content() for mail in mails]


def receipt_of(app: Flask, row_id: UUID) -> str:
    last = scene.fetched(app, lambda session: submitting.latest_revision(session, row_id))
    return str(last.receipt)


def test_a_submission_is_answered_with_its_receipt_and_time_and_nothing_else(
    mailing: Flask,
    post: MailServer,
    grants: scene.Grants,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    row_id, token = scene.apply(mailing, scene.open_call(mailing, grants, clock))
    with resources_of(mailing).database.reading() as session:
        kept = session.scalars(select(OutgoingMail)).one()
    assert kept.letter is not None
    assert ADDRESS.encode() not in kept.letter

    assert tick(resources_of(mailing)).sent == 1

    assert post.box.mails[0][0] == [ADDRESS]
    (body,) = bodies(post)
    assert receipt_of(mailing, row_id) in body
    assert re.search(r"20\d\d-\d\d-\d\d \d\d:\d\d \(Asia/Bishkek, UTC\+0600\)", body)
    row = scene.fetched(mailing, lambda session: keeping.get(session, Application, row_id))
    for word in (token, row.codename, scene.DRAFT.title, scene.DRAFT.applicant, "9000", "http"):
        assert word not in body
        assert word not in post.box.mails[0][1].replace("https://casefile.example", "")
    with resources_of(mailing).database.reading() as session:
        assert session.scalars(select(OutgoingMail)).one().letter is None
        entries = session.execute(
            select(Entry.subject_id, Entry.detail).where(Entry.action == "mail.sent")
        ).all()
    assert [entry.subject_id for entry in entries] == [row_id]
    assert token not in caplog.text
    assert ADDRESS not in caplog.text


def test_a_question_and_every_step_the_page_shows_say_only_that_something_waits(
    mailing: Flask, post: MailServer, grants: scene.Grants, clock: Clock
) -> None:
    call_id = scene.open_call(mailing, grants, clock)
    row_id, _token = scene.apply(mailing, call_id)
    tick(resources_of(mailing))
    post.box.mails.clear()

    scene.in_review(mailing, grants, clock, call_id, [row_id])
    tick(resources_of(mailing))
    assert len(post.box.mails) == 1, "eligible is not told; that the review began is"
    with scene.acting(mailing, grants.gina) as uow:
        base = keeping.get(uow.session, Application, row_id).version
        person = scene.person_of(grants.gina)
        applications.ask(uow, person, row_id, base, "Who is Zanzibarquince?")
    with scene.acting(mailing, grants.gina) as uow:
        base = keeping.get(uow.session, Application, row_id).version
        applications.go_on(uow, person, row_id, base)
    tick(resources_of(mailing))
    assert len(post.box.mails) == 2, "what waits already is not said again"
    with scene.acting(mailing, grants.gina) as uow:
        base = keeping.get(uow.session, Application, row_id).version
        voiding.application(uow, person, row_id, base, "Zanzibarquince sent it twice.")
    tick(resources_of(mailing))

    assert len(post.box.mails) == 3
    assert len(set(bodies(post))) == 1
    for body in bodies(post):
        assert "Something waits for you" in body
        assert "Zanzibarquince" not in body
        assert "http" not in body


@pytest.mark.parametrize(
    "address", ["", "ask at the shop", "a@b.example, c@d.example", "х@почта.рф"]
)
def test_whoever_gave_no_address_that_mail_can_go_to_gets_none(
    mailing: Flask, grants: scene.Grants, clock: Clock, address: str
) -> None:
    contact = {"name": "Anne", "email": address, "phone": "1"}
    scene.apply(
        mailing, scene.open_call(mailing, grants, clock), scene.dataclass_replace(contact=contact)
    )

    with resources_of(mailing).database.reading() as session:
        assert session.scalars(select(OutgoingMail)).all() == []


def test_a_letter_swapped_in_the_database_goes_to_nobody(
    mailing: Flask, post: MailServer, grants: scene.Grants, clock: Clock
) -> None:
    call_id = scene.open_call(mailing, grants, clock)
    for name in ("one", "two"):
        contact = {"name": "", "email": f"{name}@village.example", "phone": ""}
        scene.apply(mailing, call_id, scene.dataclass_replace(contact=contact, title=name))
    with scene.acting(mailing, None) as uow:
        first, second = uow.session.scalars(select(OutgoingMail)).all()
        first.letter = second.letter

    assert tick(resources_of(mailing)).sent == 1

    assert len(post.box.mails) == 1


def test_colleagues_get_their_mail_while_an_applicants_waits(
    mailing: Flask, post: MailServer, grants: scene.Grants, clock: Clock, cast: Cast
) -> None:
    from casefile.notices import outbox, service

    resources = resources_of(mailing)
    scene.apply(mailing, scene.open_call(mailing, grants, clock))
    with scene.acting(mailing, cast.ann) as uow:
        outbox.choose_address(uow, "ann.lead@newsroom.example")
    with scene.acting(mailing, None) as uow:
        thing = service.Thing("amber-heron M1", "/verifications/1")
        service.tell(uow, [cast.ann.id], "milestone.due", thing)

    assert tick(resources).sent == 2

    assert sorted(to[0] for to, _text in post.box.mails) == ["ann.lead@newsroom.example", ADDRESS]
