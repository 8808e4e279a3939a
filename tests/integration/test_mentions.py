"""Colleagues named with @: told once for each mention, and only those with a seat on the case."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from casefile.accounts.models import User
from casefile.cases.models import CaseSeat
from casefile.notices import outbox
from casefile.notices.models import Notice, OutgoingMail
from casefile.policy import Seat
from casefile.uow import UnitOfWork
from tests import intruder, newsdesk
from tests.cast import add_note, give_seat, resources_of, take_seat

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.cast import Actor, Cast, Clock
    from tests.strict_browser import Browse, Page

NOBODY = "Nobody on this case goes by"


def told(app: Flask, person: Actor) -> list[str]:
    """Return the pages of somebody's mentions, oldest first."""
    wanted = select(Notice.path).where(Notice.user_id == person.id, Notice.kind == "mention.made")
    found: list[str] = intruder.read(app, wanted.order_by(Notice.created_at, Notice.path))
    return found


def write(browse: Browse, cast: Cast, body: str) -> Page:
    """Let Ben add a note; returns the page he comes to."""
    ben = browse(cast.ben)
    return ben.get(ben.post(f"{cast.case.url}/notes/", title="Pier", body=body).location)


def rewrite(browse: Browse, cast: Cast, body: str, *, by: Actor | None = None) -> Page:
    """Save the note of the case over its newest version."""
    writer, url = browse(by or cast.ben), f"{cast.case.url}/notes/{cast.case.note}/edit"
    form = writer.get(url)
    return writer.get(
        writer.post(url, title="Pier", body=body, version=form.value("version")).location
    )


def test_a_colleague_named_in_a_note_hears_of_it_and_is_led_to_the_place(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    page = write(browse, cast, "Who poured it? @Eva, ask. Not ann@example.org.\n\nSee `@ann`.")

    [path] = told(app, cast.eva)
    assert told(app, cast.ann) == []
    assert NOBODY not in page.text
    [mention] = page.find("//article//span[@class='mention']")
    assert (mention.text, mention.get("title")) == ("@Eva", "Eva Editor")
    assert path.partition("#")[2] == mention.get("id")
    listed = browse(cast.eva).get("/notices/")
    assert f"Somebody mentions you {cast.case.codename} N-2" in listed.text
    notice = intruder.read(app, select(Notice.id).where(Notice.user_id == cast.eva.id))[0]
    went = browse(cast.eva).post(f"/notices/{notice}", go="1")
    assert went.location == path
    assert "Who poured it?" in browse(cast.eva).get(went.location).main


def test_nobody_is_told_twice_of_one_mention_whatever_becomes_of_the_text(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    rewrite(browse, cast, "@eva look at the pier.")
    assert len(told(app, cast.eva)) == 1
    browse(cast.eva).post("/notices/read")

    rewrite(browse, cast, "@eva look at the second pier.", by=cast.ann)
    rewrite(browse, cast, "Look at the second pier.")
    rewrite(browse, cast, "@eva look at the second pier again.")
    assert len(told(app, cast.eva)) == 1

    rewrite(browse, cast, "@eva look at the second pier. Done? @eva")
    rewrite(browse, cast, "@eva look at the second pier. And done? @eva")
    assert len(told(app, cast.eva)) == 2


def test_without_a_seat_nobody_learns_anything_and_the_writer_is_told_so(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    page = rewrite(browse, cast, "@dan @ada @nobody-at-all @eva @ben")

    warning = page.find("//*[@data-category='warning']")[0].text_content()
    assert "@ada, @dan, @nobody-at-all" in warning
    assert "@eva" not in warning
    assert "@ben" not in warning
    assert told(app, cast.dan) == told(app, cast.ada) == []
    assert told(app, cast.ben) == [], "whoever writes is not told"
    shown = [one.text for one in page.find("//article//span[@class='mention']")]
    assert shown == ["@eva", "@ben"]
    assert cast.case.codename not in browse(cast.dan).get("/notices/").text


def test_who_gets_a_seat_later_is_told_when_the_text_is_saved_again(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    rewrite(browse, cast, "@dan knows the pier.")
    give_seat(app, cast.ann, cast.case.id, cast.dan, Seat.READER)

    page = rewrite(browse, cast, "@dan knows the pier well.")

    assert NOBODY not in page.text
    assert len(told(app, cast.dan)) == 1


def test_a_seat_that_ended_or_an_account_that_is_closed_reaches_nobody(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    until = clock() + timedelta(hours=1)
    give_seat(app, cast.ann, cast.case.id, cast.dan, Seat.READER, until)
    with UnitOfWork(resources_of(app), cast.ada.id) as uow:
        uow.session.get_one(User, cast.cleo.id).disabled_at = uow.now
    clock.forward(hours=2)

    page = rewrite(browse, cast, "@dan @cleo")

    assert "@cleo, @dan" in page.find("//*[@data-category='warning']")[0].text_content()
    assert told(app, cast.dan) == told(app, cast.cleo) == []


def test_a_seat_written_into_the_database_reaches_nobody(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    with intruder.writing(app) as session:
        planted = intruder.copied(intruder.seat_row(session, cast.case.id, cast.cleo))
        session.add(CaseSeat(**{**planted, "id": uuid4(), "user_id": cast.dan.id}))

    rewrite(browse, cast, "@dan @eva")

    assert told(app, cast.dan) == []
    assert len(told(app, cast.eva)) == 1


def test_the_notice_goes_with_the_seat(app: Flask, browse: Browse, cast: Cast) -> None:
    rewrite(browse, cast, "@cleo read this.")
    assert len(told(app, cast.cleo)) == 1

    take_seat(app, cast.ann, cast.case.id, cast.cleo)

    assert told(app, cast.cleo) == []


def test_the_mail_says_only_that_something_waits(
    make_app: Callable[..., Flask], cast: Cast
) -> None:
    app = make_app(smtp_url="smtp+plain://127.0.0.1:9", mail_from="desk@newsroom.example")
    with UnitOfWork(resources_of(app), cast.eva.id) as uow:
        outbox.choose_address(uow, "eva@example.org")

    add_note(app, cast.ben, cast.case.id, "Pier", "@eva the pier was paid for twice.")

    [mail] = intruder.read(app, select(OutgoingMail))
    assert mail.user_id == cast.eva.id
    assert not {"label", "path", "kind"} & {column.key for column in OutgoingMail.__table__.c}


@pytest.mark.parametrize(
    "body",
    [
        "<span class='mention'>@eva</span>",
        "<script>@eva</script>",
        "@eva<img src=x onerror=alert(1)>",
        "[@eva](javascript:alert(1))",
        '@eva" onmouseover="alert(1)',
    ],
)
def test_a_mention_lets_no_html_through(browse: Browse, cast: Cast, body: str) -> None:
    page = rewrite(browse, cast, body)

    article = page.find("//article")[0]
    assert not article.xpath(".//script | .//img | .//*[@onerror] | .//*[@onmouseover]")
    assert not article.xpath(".//a[starts-with(@href, 'javascript')]")
    assert all(one.get("title") == "Eva Editor" for one in article.xpath(".//span"))


def test_many_names_cost_no_more_than_one(app: Flask, browse: Browse, cast: Cast) -> None:
    note = add_note(
        app, cast.ben, cast.case.id, "Names", " ".join(f"@nobody{n}" for n in range(200))
    )

    page = browse(cast.ben).get(f"{cast.case.url}/notes/{note}")

    assert "@nobody199" in page.main
    counted = intruder.read(app, select(func.count()).select_from(Notice))
    assert counted == [0]


def test_verdicts_reasons_and_replies_name_colleagues_too(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.begin(app, cast)
    newsdesk.support(app, cast.ben, cast, story)
    newsdesk.step(app, cast.ben, cast, story, "submit")
    url, eva = newsdesk.url(cast, story), browse(cast.eva)
    claim = newsdesk.claim_of(app, cast, story)

    said = {"verdict": "verified", "version": claim.version, "reasoning": "@ben page 3? @dan"}
    page = eva.get(eva.post(f"{claim.url}/verdict", **said).location)
    assert "@dan" in page.find("//*[@data-category='warning']")[0].text_content()
    [path] = told(app, cast.ben)
    where, _hash, anchor = path.partition("#")
    assert where == claim.url
    assert browse(cast.ben).get(where).find(f"//*[@id='{anchor}']")[0].text == "@ben"

    seen = newsdesk.fields(eva.get(f"{url}/decisions/"))
    eva.post(f"{url}/return", reason="@cleo, find the contract.", **seen)
    [path] = told(app, cast.cleo)
    where, _hash, anchor = path.partition("#")
    assert browse(cast.cleo).get(where).find(f"//*[@id='{anchor}']")[0].text == "@cleo"

    ben, asked = browse(cast.ben), {"subject": "The director", "version": 0}
    sent = {"how": "letter", "sent_at": "2026-01-02T10:00", "deadline": "2026-01-09T10:00"}
    ben.post(f"{url}/replies/", **asked, **sent, used="@ann: paragraph two.")
    [path] = told(app, cast.ann)
    where, _hash, anchor = path.partition("#")
    assert browse(cast.ann).get(where).find(f"//*[@id='{anchor}']")[0].text == "@ann"


def test_the_draft_itself_names_nobody(app: Flask, browse: Browse, cast: Cast) -> None:
    story = newsdesk.begin(app, cast, "Write to @eva on the network.\n\n[It is so.](c:)")

    page = browse(cast.eva).get(newsdesk.url(cast, story))

    assert told(app, cast.eva) == []
    assert not page.find("//*[@class='mention']")


def test_the_people_of_the_case_stand_ready_for_the_script(browse: Browse, cast: Cast) -> None:
    page = browse(cast.ben).get(f"{cast.case.url}/notes/new")

    offered = page.find("//datalist[@id='mention-people']/option/@value")
    assert offered == ["ann", "cleo", "eva"]
