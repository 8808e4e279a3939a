"""What everybody may know of a source, and what its handlers wrote down: put back, cut, moved, planted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, select

from casefile.sources import quoting
from casefile.sources.models import (
    Source,
    SourceAgreement,
    SourceContact,
    SourceHandler,
    SourceIdentity,
    SourceLink,
)
from tests.cast import open_case, resources_of
from tests.intruder import copied, flipped, writing
from tests.sources_scene import NAME, look, new_source, row_of

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast
    from tests.sources_scene import At
    from tests.strict_browser import Browse

PROMISE = {"kind": "anonymity", "text": "Never by name", "agreed_on": "2026-01-01"}
OUTSIDE = "outside Casefile"


def test_a_record_put_back_counts_as_confidential_until_it_is_saved_anew(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id, protection="on_record")
    before, ann = copied(row_of(app, at.id)), browse(cast.ann)
    ann.post(f"{at.url}/edit", protection="confidential", version="1")
    with writing(app) as session:
        row = session.get_one(Source, at.id)
        row.record, row.version = before["record"], before["version"]

    page = browse(cast.cleo).get(at.url)
    assert f"put back to an earlier day {OUTSIDE}" in page.warnings()
    case = open_case(app, cast.eva, cast.case.id)
    with resources_of(app).database.reading() as session:
        [found] = quoting.check(resources_of(app), session, case, f"So {at.codename} said.")
    assert found.protection == "confidential"
    version = ann.get(f"{at.url}/edit").value("version")
    ann.post(f"{at.url}/edit", protection="confidential", version=version)
    assert OUTSIDE not in ann.get(at.url).main


def test_a_handler_planted_in_the_database_lowers_no_protection(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    with writing(app) as session:
        session.add(
            SourceHandler(
                source_id=at.id,
                user_id=cast.ben.id,
                added_by_id=cast.ann.id,
                added_at=datetime.now(UTC),
            )
        )

    browse(cast.ben).post(f"{at.url}/edit", 403, protection="on_record", version="1")

    assert row_of(app, at.id).version == 1


def test_nothing_is_saved_over_a_damaged_record(app: Flask, browse: Browse, cast: Cast) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    with writing(app) as session:
        row = session.get_one(Source, at.id)
        row.record = flipped(row.record)

    page = browse(cast.ben).post(
        f"{at.url}/edit", 503, protection="confidential", reliability="x", version="1"
    )

    assert "bring it back from a backup" in page.main
    assert row_of(app, at.id).version == 1


def _promised(app: Flask, browse: Browse, cast: Cast) -> At:
    at = new_source(app, cast.ann, cast.case.id)
    browse(cast.ann).post(f"{at.url}/agreements", fields=PROMISE)
    return at


def test_a_promise_taken_out_is_missed(app: Flask, browse: Browse, cast: Cast) -> None:
    at = _promised(app, browse, cast)
    assert OUTSIDE not in browse(cast.cleo).get(at.url).main
    with writing(app) as session:
        session.execute(delete(SourceAgreement))

    assert f"1 promise to this source was taken out of the database {OUTSIDE}" in (
        browse(cast.cleo).get(at.url).warnings()
    )


def test_a_promise_moved_to_another_source_says_nothing_there(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at, other = _promised(app, browse, cast), new_source(app, cast.ann, cast.case.id)
    with writing(app) as session:
        session.scalars(select(SourceAgreement)).one().source_id = other.id

    assert PROMISE["text"] not in browse(cast.cleo).get(other.url).main
    assert OUTSIDE in browse(cast.cleo).get(at.url).warnings()


def test_a_promise_is_not_replaced_by_one_that_was_not_said_to(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = _promised(app, browse, cast)
    browse(cast.ann).post(f"{at.url}/agreements", fields={**PROMISE, "text": "Tea at noon"})
    with writing(app) as session:
        first, second = session.scalars(select(SourceAgreement).order_by(SourceAgreement.at)).all()
        second.supersedes_id = first.id

    page = browse(cast.cleo).get(at.url)
    assert "replaced by a later one" not in page.main
    assert PROMISE["text"] in page.main


def test_words_of_one_source_are_not_put_down_to_another(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at, other = (new_source(app, cast.ann, cast.case.id) for _each in range(2))
    browse(cast.ann).post(f"{at.url}/links", code="N-1", passage="They weighed empty lorries.")
    with writing(app) as session:
        session.scalars(select(SourceLink)).one().source_id = other.id

    assert "empty lorries" not in browse(cast.cleo).get(other.url).main


@pytest.mark.parametrize("what", ["contact", "older version"])
def test_what_is_taken_out_of_the_log_or_the_versions_is_missed(
    app: Flask, browse: Browse, cast: Cast, what: str
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    ann = browse(cast.ann)
    ann.post(f"{at.url}/contacts", met_on="2026-01-01", how="call", summary="Called me.")
    ann.post(f"{at.url}/identity/edit", name="Zamira O.", version="1")
    assert OUTSIDE not in look(ann, at).main
    with writing(app) as session:
        if what == "contact":
            session.execute(delete(SourceContact))
        else:
            session.execute(delete(SourceIdentity).where(SourceIdentity.version == 1))

    assert OUTSIDE in look(ann, at).warnings()


def test_an_identity_set_back_to_an_older_version_stays_closed(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    ann = browse(cast.ann)
    ann.post(f"{at.url}/identity/edit", name="Zamira O.", version="1")
    with writing(app) as session:
        session.execute(delete(SourceIdentity).where(SourceIdentity.version == 2))
        session.get_one(Source, at.id).identity_version = 1

    assert NAME not in look(ann, at, 503).html
