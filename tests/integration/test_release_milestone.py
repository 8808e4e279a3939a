from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from casefile import keys
from casefile.accounts import roles
from casefile.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from casefile.grants.award_models import Milestone
from casefile.milestones import deciding, links, service
from casefile.milestones.content import Entered
from casefile.milestones.models import AwardLink, MilestoneSecret, MilestoneSubmission
from casefile.notes import service as notes
from casefile.policy import Role, Seat
from casefile.uow import UnitOfWork
from tests.cast import add_evidence, add_note, change, give_seat, open_case
from tests.grant_cast import (
    ATTESTED,
    Team,
    active,
    codename_of,
    link,
    milestone_ids,
    payment_of,
    prepare,
    release,
    step,
    version,
)

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask

    from casefile.uow import Resources
    from tests.cast import Cast
    from tests.strict_browser import Browse

PAGE = Entered(
    url="https://news.example/story",
    outlet="The News",
    published_on=date(2026, 11, 20),
    language="ky",
    page_sha256="ab" * 32,
)


def linked(app: Flask, resources: Resources, cast: Cast, team: Team, *classes: str) -> UUID:
    award_id = active(resources, team, [step("Work", 100, *classes)])
    link(app, cast, award_id)
    return milestone_ids(resources, award_id)[0]


def test_an_editor_releases_what_the_preview_showed_and_nothing_else_crosses(
    app: Flask, browse: Browse, resources: Resources, cast: Cast, team: Team
) -> None:
    milestone = linked(app, resources, cast, team, "E1", "E2")
    prepare(app, cast, milestone)
    url = f"{cast.case.url}/milestones/{milestone}"
    before = browse(cast.eva).get(url)
    preview = before.find("//*[@data-preview]/*[@class='released']")[0].text_content().split()
    assert "Nothing released yet" in browse(team.mira).get(f"/grants/milestones/{milestone}").text

    browse(cast.eva).post(
        f"{url}/release",
        version=before.find("//form[contains(@action,'release')]//input[@name='version']/@value")[
            0
        ],
    )

    shown = browse(team.mira).get(f"/grants/milestones/{milestone}")
    assert shown.find("//*[@class='released']")[0].text_content().split() == preview
    for word in ("pier", "ledger", "Ann", "Ben", "Eva", cast.case.codename, str(cast.case.id)):
        assert word not in shown.html


def test_accepting_makes_the_payment_due_and_tells_the_newsroom(
    app: Flask, browse: Browse, resources: Resources, cast: Cast, team: Team
) -> None:
    milestone = linked(app, resources, cast, team, "E2")
    release(app, cast, milestone)
    assert payment_of(resources, milestone).due_on is None
    base = version(resources, Milestone, milestone)

    browse(team.mira).post(f"/grants/milestones/{milestone}/accept", version=base)

    assert payment_of(resources, milestone).due_on is not None
    assert "A milestone was accepted" in browse(cast.eva).get("/notices/").text
    again = browse(team.max).post(f"/grants/milestones/{milestone}/accept", 409, version=base)
    assert "Somebody may have decided first" in again.text


def test_a_returned_milestone_is_released_again_and_the_history_is_kept(
    app: Flask, browse: Browse, resources: Resources, cast: Cast, team: Team
) -> None:
    milestone = linked(app, resources, cast, team, "E2")
    release(app, cast, milestone)
    base = version(resources, Milestone, milestone)
    where = f"/grants/milestones/{milestone}"
    browse(team.mira).post(f"{where}/return", 422, version=base)
    browse(team.mira).post(f"{where}/return", version=base, reason="Which stage?")
    assert "Which stage?" in browse(cast.eva).get(f"{cast.case.url}/milestones/{milestone}").text

    release(app, cast, milestone, replace(ATTESTED, words="The second stage."))

    page = browse(team.mira).get(where)
    assert "Release 1" in page.text
    assert "Release 2" in page.text
    assert "The second stage." in page.text
    browse(team.mira).post(f"{where}/accept", version=version(resources, Milestone, milestone))


def test_only_an_editor_who_does_not_report_releases(
    app: Flask, browse: Browse, resources: Resources, cast: Cast, team: Team
) -> None:
    milestone = linked(app, resources, cast, team, "E2")
    base = prepare(app, cast, milestone)
    url = f"{cast.case.url}/milestones/{milestone}/release"
    for person, status in ((cast.ann, 403), (cast.ben, 403), (cast.cleo, 403), (cast.dan, 404)):
        browse(person).post(url, status, version=base)
    browse(team.mira).post(url, 404, version=base)
    add_evidence(app, cast.eva, cast.case.id, "own.txt", b"her own find")

    refused = browse(cast.eva).post(url, 403, version=base)

    assert "does not report on this case" in refused.text


def test_a_seat_as_editor_is_not_enough_without_the_role(
    app: Flask, resources: Resources, cast: Cast, team: Team
) -> None:
    milestone = linked(app, resources, cast, team, "E2")
    base = prepare(app, cast, milestone)
    give_seat(app, cast.ann, cast.case.id, cast.dan, Seat.EDITOR)

    with pytest.raises(ForbiddenError):
        change(app, cast.dan, cast.case.id, lambda u, c: service.release(u, c, milestone, base))


def test_the_editor_who_attested_cannot_accept(
    app: Flask, browse: Browse, resources: Resources, cast: Cast, team: Team
) -> None:
    milestone = linked(app, resources, cast, team, "E2")
    release(app, cast, milestone)
    with UnitOfWork(resources, cast.ada.id, cast.ada.bundle) as uow:
        roles.change_roles(uow, cast.eva.id, [Role.EDITOR, Role.GRANT_MANAGER])
    base = version(resources, Milestone, milestone)

    page = browse(cast.eva, fresh=True).post(
        f"/grants/milestones/{milestone}/accept", 403, version=base
    )

    assert "You attested this milestone" in page.text


def test_a_change_after_the_preview_stops_the_release(
    app: Flask, browse: Browse, resources: Resources, cast: Cast, team: Team
) -> None:
    milestone = linked(app, resources, cast, team, "E2")
    seen = prepare(app, cast, milestone)
    prepare(app, cast, milestone, replace(ATTESTED, words="Changed by another."))

    page = browse(cast.eva).post(
        f"{cast.case.url}/milestones/{milestone}/release", 409, version=seen
    )

    assert "look at it again" in page.text
    assert "Nothing released yet" in browse(team.mira).get(f"/grants/milestones/{milestone}").text


def test_two_people_prepare_at_once_and_nothing_typed_is_lost(
    app: Flask, browse: Browse, resources: Resources, cast: Cast, team: Team
) -> None:
    milestone = linked(app, resources, cast, team, "E2")
    url = f"{cast.case.url}/milestones/{milestone}/edit"
    browse(cast.ben).get(url)
    prepare(app, cast, milestone)

    page = browse(cast.ben).post(url, 409, version="0", points=list(ATTESTED.points), words="Mine.")

    assert page.value("words") == "Mine."
    assert "What Eva Editor saved meanwhile" in page.text
    assert "All on time." in page.text
    browse(cast.ben).post(
        url, version=page.value("version"), points=list(ATTESTED.points), words="Mine."
    )


def test_counts_are_told_in_bands_and_a_changed_count_stops_the_release(
    app: Flask, resources: Resources, cast: Cast, team: Team
) -> None:
    milestone = linked(app, resources, cast, team, "E1")
    base = prepare(app, cast, milestone)
    add_note(app, cast.ben, cast.case.id, "Talk", "Said much.", "Интервью")

    with pytest.raises(ConflictError, match="counts have changed"):
        change(app, cast.eva, cast.case.id, lambda u, c: service.release(u, c, milestone, base))

    case = open_case(app, cast.eva, cast.case.id)
    prepare(app, cast, milestone)
    with resources.database.reading() as session:
        ready = service.draft_of(session, case, milestone)
    assert ready is not None
    assert dict(ready.shown.part("E1")) == {
        "documents": "1–4", "interviews": "1–4", "requests_sent": "0", "requests_answered": "0", "field_days": "0",
    }  # fmt: skip


def test_a_commitment_tells_nothing_before_it_is_opened_and_can_be_checked_then(
    app: Flask, browse: Browse, resources: Resources, cast: Cast, team: Team
) -> None:
    milestone = linked(app, resources, cast, team, "E3")
    submission = release(app, cast, milestone, Entered(committed_to=f"note:{cast.case.note}"))
    case = open_case(app, cast.ann, cast.case.id)
    with resources.database.reading() as session:
        note = notes.get(session, case, cast.case.note)
        row = session.get_one(MilestoneSubmission, submission)
        secret = session.get_one(MilestoneSecret, submission)
    plain = f"{note.title}\n\n{note.body}\n".encode()
    sha256 = hashlib.sha256(plain).hexdigest()
    assert sha256 not in row.content
    assert sha256.encode() not in secret.record
    where = f"/grants/milestones/{milestone}"
    assert sha256 not in browse(team.mira).get(where).html.replace("</span><span>", "")

    url = f"{cast.case.url}/milestones/{milestone}/submissions/{submission}/open"
    browse(cast.ann).post(url, 403)
    browse(cast.eva).post(url)
    browse(cast.eva).post(url, 409)

    page = browse(team.mira).get(where)
    assert "The commitment was opened and holds" in page.text
    told = re.sub(r"</span><span>", "", page.html)
    nonce = re.findall(r"<span>([0-9a-f]{64})</span>", told)
    committed = keys.Committed(milestone, 1, sha256, len(plain))
    made = bytes.fromhex(json.loads(row.content)["parts"]["E3"]["commitment"])
    assert any(keys.opens(made, bytes.fromhex(one), committed) for one in nonce)


def test_a_forged_release_is_shown_as_such_and_cannot_be_accepted(
    app: Flask, browse: Browse, resources: Resources, cast: Cast, team: Team
) -> None:
    milestone = linked(app, resources, cast, team, "E2")
    submission = release(app, cast, milestone)
    with UnitOfWork(resources, None) as uow:
        row = uow.session.get_one(MilestoneSubmission, submission)
        row.content = row.content.replace("All on time.", "All is done!")
    base = version(resources, Milestone, milestone)

    page = browse(team.mira).get(f"/grants/milestones/{milestone}")
    refused = browse(team.mira).post(f"/grants/milestones/{milestone}/accept", 409, version=base)

    assert "All is done!" not in page.text
    assert "not what an editor released" in page.text
    assert "not what an editor released" in refused.text


def test_a_release_moved_to_another_milestone_is_not_genuine(
    app: Flask, resources: Resources, cast: Cast, team: Team
) -> None:
    award_id = active(resources, team, [step("One", 50, "E2"), step("Two", 50, "E2")])
    link(app, cast, award_id)
    one, two = milestone_ids(resources, award_id)
    release(app, cast, one)
    with UnitOfWork(resources, None) as uow:
        uow.session.execute(update(MilestoneSubmission).values(milestone_id=two))

    with resources.database.reading() as session:
        found = deciding.released(session, team.mira.bundle.anchor, two)
    assert [row.genuine for row in found] == [False]


def test_a_link_planted_in_the_database_opens_nothing(
    app: Flask, browse: Browse, resources: Resources, cast: Cast, team: Team
) -> None:
    award_id = active(resources, team)
    link(app, cast, award_id)
    other = active(resources, team)
    with UnitOfWork(resources, None) as uow:
        uow.session.execute(update(AwardLink).values(award_id=other))

    page = browse(cast.eva).get(f"{cast.case.url}/milestones/", 503)

    assert "changed outside Casefile" in page.text


def test_an_award_is_linked_once_by_its_codename_and_drafts_are_nobodys_business(
    app: Flask, browse: Browse, resources: Resources, cast: Cast, team: Team
) -> None:
    from tests.grant_cast import draft

    award_id = active(resources, team)
    secret = codename_of(resources, draft(resources, team))
    url = f"{cast.case.url}/milestones/link"
    missing = browse(cast.eva).post(url, 422, codename="no-such-award")
    hidden = browse(cast.eva).post(url, 422, codename=secret)
    assert missing.problems() == hidden.problems()
    browse(cast.ann).post(url, 403, codename=codename_of(resources, award_id))
    browse(cast.eva).post(url, codename=codename_of(resources, award_id).upper())
    page = browse(team.mira).get(f"/grants/awards/{award_id}")
    assert "linked its work to this award" in page.text
    assert cast.case.codename not in page.text
    assert "Eva" not in page.text
    browse(cast.eva).post(f"{cast.case.url}/milestones/unlink")
    assert "Link an award" in browse(cast.eva).get(f"{cast.case.url}/milestones/").text


@pytest.mark.parametrize(
    ("classes", "entered", "says"),
    [
        (["E2"], replace(ATTESTED, points=("stage",)), "ticked"),
        (["E2"], replace(ATTESTED, words="x" * 301), "300"),
        (["E0"], replace(PAGE, url="javascript:alert(1)"), "address"),
        (["E0"], replace(PAGE, url="https://me@news.example/"), "address"),
        (["E0"], replace(PAGE, published_on=date(2099, 1, 1)), "future"),
        (["E0"], replace(PAGE, page_sha256="zz"), "SHA-256"),
        (["E0"], replace(PAGE, outlet=" "), "outlet"),
        (["E3"], Entered(committed_to="note:nonsense"), "committed"),
        (["E3"], Entered(), "committed"),
        (["E6"], Entered(amount="-1", currency="KGS", heading="a", month="2026-11", payee="b"), "above"),
        (["E6"], Entered(amount="1", currency="KGS", heading="a", month="2026-13", payee="b"), "month"),
        (["E6"], Entered(amount="1", currency="KGS", heading="a", month="2026-11"), "paid"),
    ],
)  # fmt: skip
def test_what_is_not_right_is_refused_with_what_to_do(
    app: Flask,
    resources: Resources,
    cast: Cast,
    team: Team,
    classes: list[str],
    entered: Entered,
    says: str,
) -> None:
    milestone = linked(app, resources, cast, team, *classes)

    with pytest.raises(InvalidError, match=says):
        prepare(app, cast, milestone, entered)


def test_a_voucher_crosses_without_the_payee(
    app: Flask, browse: Browse, resources: Resources, cast: Cast, team: Team
) -> None:
    milestone = linked(app, resources, cast, team, "E6")
    voucher = Entered(
        amount="1 500", currency="KGS", heading="Travel", month="2026-10", payee="Driver Zamir"
    )
    submission = release(app, cast, milestone, voucher)

    page = browse(team.mira).get(f"/grants/milestones/{milestone}")

    assert "Travel" in page.text
    assert "Zamir" not in page.html
    with resources.database.reading() as session:
        assert "Zamir" not in session.get_one(MilestoneSubmission, submission).content
        assert b"Zamir" not in session.get_one(MilestoneSecret, submission).record


def test_the_things_of_another_case_and_award_are_not_found(
    app: Flask, browse: Browse, resources: Resources, cast: Cast, team: Team
) -> None:
    milestone = linked(app, resources, cast, team, "E2", "E3")
    stranger = milestone_ids(resources, active(resources, team))[0]
    submission = release(
        app, cast, milestone, replace(ATTESTED, committed_to=f"note:{cast.case.note}")
    )

    browse(cast.eva).get(f"{cast.case.url}/milestones/{stranger}", 404)
    browse(cast.dan).get(f"{cast.other.url}/milestones/{milestone}", 404)
    with pytest.raises(NotFoundError):
        change(
            app, cast.dan, cast.other.id, lambda u, c: links.milestone_of(u.session, c, milestone)
        )

    def open_theirs(uow: UnitOfWork, case: Any) -> None:
        give = service.open_commitment
        give(uow, case, submission)

    give_seat(app, cast.dan, cast.other.id, cast.eva, Seat.EDITOR)
    with pytest.raises(NotFoundError):
        change(app, cast.eva, cast.other.id, open_theirs)
