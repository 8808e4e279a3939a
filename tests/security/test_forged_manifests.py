"""A database writer plants, swaps and rolls back rows. Nothing opens, and the members are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete

from casefile.cases.models import CaseGrant, CaseSeat
from casefile.policy import Seat
from tests.cast import change_seat, take_seat
from tests.intruder import (
    case_row,
    copied,
    flipped,
    grant_row,
    seat_row,
    writing,
)

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse


def _roll_back_a_removal(app: Flask, cast: Cast, *names: str) -> None:
    """Cleo loses her seat; her rows and these columns of the case come back as they were."""
    with writing(app) as session:
        seat = copied(seat_row(session, cast.case.id, cast.cleo))
        grant = copied(grant_row(session, cast.case.id, cast.cleo))
        before = copied(case_row(session, cast.case.id))
    take_seat(app, cast.ann, cast.case.id, cast.cleo)
    with writing(app) as session:
        session.add_all([CaseSeat(**seat), CaseGrant(**grant)])
        row = case_row(session, cast.case.id)
        for name in names:
            setattr(row, name, before[name])


def test_a_manifest_rolled_back_to_before_a_removal_closes_the_case(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    _roll_back_a_removal(app, cast, "manifest", "manifest_generation", "manifest_version")

    browse(cast.ben).post(f"{cast.case.url}/notes/", 503, title="x", body="x")
    browse(cast.cleo).get(f"{cast.case.url}/", 404)


def test_a_generation_rolled_back_closes_the_case(app: Flask, browse: Browse, cast: Cast) -> None:
    """Else what is written next would be sealed with a key the removed person has."""
    _roll_back_a_removal(
        app, cast, "generation", "manifest", "manifest_generation", "manifest_version"
    )

    browse(cast.ben, fresh=True).post(f"{cast.case.url}/notes/", 503, title="x", body="x")


def test_a_role_change_rolled_back_in_the_manifest_is_refused(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    with writing(app) as session:
        before = copied(case_row(session, cast.case.id))
    change_seat(app, cast.ann, cast.case.id, cast.case.seats["ben"], Seat.READER)
    with writing(app) as session:
        row = case_row(session, cast.case.id)
        row.manifest, row.manifest_version = before["manifest"], before["manifest_version"]

    browse(cast.ben).get(f"{cast.case.url}/", 503)


def test_a_damaged_manifest_closes_the_case_and_says_so(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    with writing(app) as session:
        row = case_row(session, cast.case.id)
        row.manifest = flipped(row.manifest)

    for path in ("/", "/notes/", "/members/", f"/notes/{cast.case.note}"):
        browse(cast.ann).get(f"{cast.case.url}{path}", 503)
    browse(cast.ann).get("/")
    browse(cast.ann).get("/search?q=pier")


def test_a_seat_row_taken_out_is_told_to_the_others(app: Flask, browse: Browse, cast: Cast) -> None:
    with writing(app) as session:
        session.execute(delete(CaseSeat).where(CaseSeat.id == cast.case.seats["cleo"]))

    browse(cast.cleo).get(f"{cast.case.url}/", 404)
    page = browse(cast.ann).get(f"{cast.case.url}/members/")
    assert "is missing from the database" in page.text
