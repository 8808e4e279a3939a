from __future__ import annotations

import threading
from datetime import timedelta
from email import message_from_string, policy
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from casefile.audit import Entry
from casefile.notices import outbox, sending, service
from casefile.notices.models import MailAddress, OutgoingMail
from casefile.notices.ticking import tick
from casefile.uow import UnitOfWork
from tests.cast import resources_of
from tests.mail_server import PASSWORD, USER, MailServer
from tests.real_server import free_port, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask

    from casefile.uow import Resources
    from tests.cast import Actor, Cast, Clock
    from tests.strict_browser import Browse

THING = service.Thing("amber-heron M3", "/verifications/1")
ADDRESS = "ann.lead@newsroom.example"


@pytest.fixture
def post() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.stop()


@pytest.fixture
def mailing(make_app: Callable[..., Flask], post: MailServer) -> Resources:
    return resources_of(make_app(**settings(post)))


def settings(post: MailServer, scheme: str = "smtp+plain", who: str = "") -> dict[str, str]:
    return {
        "smtp_url": f"{scheme}://{who}127.0.0.1:{post.port}",
        "mail_from": "casefile@newsroom.example",
        "public_url": "https://casefile.example",
    }


def choose(resources: Resources, actor: Actor, address: str = ADDRESS) -> None:
    with UnitOfWork(resources, actor.id, actor.bundle) as uow:
        outbox.choose_address(uow, address)


def tell(resources: Resources, *people: Actor, number: int = 1) -> None:
    with UnitOfWork(resources, None) as uow:
        thing = service.Thing(f"amber-heron M{number}", "/verifications/1")
        service.tell(uow, [person.id for person in people], "milestone.due", thing)


def one_mail(resources: Resources) -> OutgoingMail:
    with resources.database.reading() as session:
        return session.scalars(select(OutgoingMail)).one()


def test_a_mail_says_that_something_waits_and_where_and_never_what(
    mailing: Resources, post: MailServer, cast: Cast
) -> None:
    choose(mailing, cast.ann)
    tell(mailing, cast.ann)

    assert tick(mailing).sent == 1

    to, text = post.box.mails[0]
    mail = message_from_string(text, policy=policy.default)
    assert to == [ADDRESS]
    assert mail["Subject"] == "Casefile"
    body = mail.get_content()
    assert "https://casefile.example" in body
    assert "күтүп" in body
    for word in ("heron", "M3", "milestone", "Ann", cast.case.codename):
        assert word not in text.replace(ADDRESS, "")
        assert word not in body
    assert tick(mailing).sent == 0
    assert len(post.box.mails) == 1


def test_whoever_wants_no_mail_gets_none_and_many_notices_make_one(
    mailing: Resources, post: MailServer, cast: Cast
) -> None:
    choose(mailing, cast.ann)
    for number in range(5):
        tell(mailing, cast.ann, cast.ben, number=number)

    tick(mailing)

    assert [to for to, _text in post.box.mails] == [[ADDRESS]]


def test_mail_turned_off_meanwhile_is_not_sent(
    mailing: Resources, post: MailServer, cast: Cast
) -> None:
    choose(mailing, cast.ann)
    tell(mailing, cast.ann)
    choose(mailing, cast.ann, "")

    assert tick(mailing) == tick(mailing)

    assert post.box.mails == []
    assert one_mail(mailing).state == "withdrawn"


def test_a_failed_mail_is_tried_again_ever_more_rarely_and_given_up(
    mailing: Resources, post: MailServer, cast: Cast, clock: Clock, browse: Browse
) -> None:
    clock.freeze()
    choose(mailing, cast.ann, "nobody@newsroom.example")
    tell(mailing, cast.ann)
    waits = []
    for _try in range(outbox.MOST_TRIES):
        before = clock()
        tick(mailing)
        row = one_mail(mailing)
        waits.append(row.next_try_at - before)
        clock.forward(seconds=(row.next_try_at - before).total_seconds() - 1)
        assert tick(mailing).failed == 0
        clock.forward(seconds=1)

    assert waits == [timedelta(minutes=2**n) for n in range(outbox.MOST_TRIES)]
    assert one_mail(mailing).state == "abandoned"
    assert one_mail(mailing).reason == "The mail server does not take mail for this address (550)."
    page = browse(cast.ann).get("/account/notices")
    assert "The last mail to you was given up" in page.text
    assert post.box.mails == []


def test_one_bad_address_keeps_nobody_else_from_their_mail(
    mailing: Resources, post: MailServer, cast: Cast
) -> None:
    choose(mailing, cast.ben, "nobody@newsroom.example")
    choose(mailing, cast.ann)
    tell(mailing, cast.ann, cast.ben)

    done = tick(mailing)

    assert (done.sent, done.failed) == (1, 1)


def test_a_server_that_is_away_or_busy_loses_no_mail(
    mailing: Resources, post: MailServer, cast: Cast, clock: Clock
) -> None:
    choose(mailing, cast.ann)
    tell(mailing, cast.ann)
    post.box.answers = ["451 later"]

    assert tick(mailing).failed == 1
    clock.forward(minutes=2)
    assert tick(mailing).sent == 1
    assert one_mail(mailing).tries == 2


def test_nobody_answers_is_a_reason_without_an_address(
    make_app: Callable[..., Flask], cast: Cast
) -> None:
    nobody = {"smtp_url": f"smtp+plain://127.0.0.1:{free_port()}", "mail_from": "a@b.example"}
    resources = resources_of(make_app(**nobody))
    choose(resources, cast.ann)
    tell(resources, cast.ann)

    assert tick(resources).failed == 1
    assert one_mail(resources).reason.startswith("The mail server does not answer")


def test_two_processes_never_send_the_same_mail(
    make_app: Callable[..., Flask], post: MailServer, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_ONE_AT_A_TIME", _Open())
    both = [resources_of(make_app(**settings(post))) for _process in range(2)]
    for number, person in enumerate((cast.ann, cast.ben, cast.cleo, cast.eva, cast.dan)):
        choose(both[0], person, f"person{number}@newsroom.example")
    tell(both[0], cast.ann, cast.ben, cast.cleo, cast.eva, cast.dan)

    threads = [threading.Thread(target=tick, args=(resources,)) for resources in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(to[0] for to, _text in post.box.mails) == [
        f"person{number}@newsroom.example" for number in range(5)
    ]


class _Open:
    """A lock that keeps nobody out, as that of another process."""

    def acquire(self, *, blocking: bool) -> bool:
        return not blocking

    def release(self) -> None:
        return


def test_a_lease_of_a_dead_process_is_taken_over_and_a_clock_set_back_holds_nothing_up(
    mailing: Resources, post: MailServer, cast: Cast, clock: Clock
) -> None:
    choose(mailing, cast.ann)
    tell(mailing, cast.ann)
    assert len(outbox._take(mailing, cast.ann.id)) == 1

    assert tick(mailing).sent == 0
    clock.forward(minutes=11)
    assert tick(mailing).sent == 1

    tell(mailing, cast.ann, number=2)
    outbox._take(mailing, cast.ann.id)
    clock.forward(days=-400)
    assert tick(mailing).sent == 1


def test_mail_goes_by_tls_to_a_server_that_is_trusted_and_to_no_other(
    make_app: Callable[..., Flask], cast: Cast, tmp_path: Path, clock: Clock
) -> None:
    server = MailServer(tmp_path, signed_in=True)
    password = tmp_path / "password"
    password.write_text(f"{PASSWORD}\n")
    more = {**settings(server, "smtp", f"{USER}@"), "smtp_password_file": str(password)}
    try:
        untrusting = resources_of(make_app(**more))
        choose(untrusting, cast.ann)
        tell(untrusting, cast.ann)
        assert tick(untrusting).failed == 1
        assert "certificate" in one_mail(untrusting).reason
        clock.forward(minutes=2)
        trusting = resources_of(make_app(**more, smtp_roots=str(tmp_path / "roots.pem")))
        assert tick(trusting).sent == 1
        password.write_text("not it")
        tell(trusting, cast.ann, number=2)
        clock.forward(minutes=2)
        assert tick(trusting).failed == 1
    finally:
        server.stop()
    assert len(server.box.mails) == 1


def test_a_server_without_tls_gets_no_mail(
    make_app: Callable[..., Flask], post: MailServer, cast: Cast
) -> None:
    resources = resources_of(make_app(**settings(post, "smtp")))
    choose(resources, cast.ann)
    tell(resources, cast.ann)

    assert tick(resources).failed == 1
    assert "no TLS" in one_mail(resources).reason
    assert post.box.mails == []


def test_addresses_stand_nowhere_in_clear(
    mailing: Resources,
    post: MailServer,
    cast: Cast,
    caplog: pytest.LogCaptureFixture,
) -> None:
    choose(mailing, cast.ann, "nobody.hidden@newsroom.example")
    tell(mailing, cast.ann)
    tick(mailing)

    with mailing.database.reading() as session:
        sealed = session.scalars(select(MailAddress.sealed)).one()
        entries = session.execute(select(Entry.action, Entry.detail)).all()
    assert b"hidden" not in sealed
    assert not [entry for entry in entries if entry.detail and b"hidden" in entry.detail]
    assert "hidden" not in caplog.text
    assert "hidden" not in one_mail(mailing).reason


def test_an_address_swapped_in_the_database_gets_nothing(
    mailing: Resources, post: MailServer, cast: Cast
) -> None:
    choose(mailing, cast.ann)
    choose(mailing, cast.dan, "dan@elsewhere.example")
    with UnitOfWork(mailing, None) as uow:
        rows = {row.user_id: row for row in uow.session.scalars(select(MailAddress))}
        rows[cast.ann.id].sealed = rows[cast.dan.id].sealed
    tell(mailing, cast.ann)

    tick(mailing)

    assert post.box.mails == []


def test_the_account_page_takes_one_address_or_none(browse: Browse, cast: Cast) -> None:
    me = browse(cast.ann)
    for wrong in ("nonsense", "a@b", "a b@c.example", "a@b.example, c@d.example", "х@почта.рф"):
        page = me.post("/account/notices", 422, address=wrong)
        assert "Write one address" in page.problems()
        assert page.value("address") == wrong
    me.post("/account/notices", address=ADDRESS)
    assert me.get("/account/notices").value("address") == ADDRESS
    me.post("/account/notices", address="")
    assert me.get("/account/notices").value("address") == ""


def test_the_command_sends_and_says_so(
    instance: Path, mailing: Resources, post: MailServer, cast: Cast
) -> None:
    choose(mailing, cast.ann)
    tell(mailing, cast.ann)

    done = run(instance, "tick", "--json", **settings(post))

    assert done.returncode == 0, done.stderr
    assert '"sent": 1' in done.stdout
    assert ADDRESS not in done.stdout + done.stderr
    assert "0 mails sent" in run(instance, "tick", **settings(post)).stdout


def test_a_reason_quotes_nobody() -> None:
    assert sending._reason(OSError(ADDRESS)) == "The mail server does not answer (OSError)."
