"""A database writer plants, swaps and rolls back what sources are sealed with. Nothing opens."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, select, update

from casefile import audit, keys
from casefile.audit import Entry
from casefile.cases import travel
from casefile.cases.models import CaseSeat
from casefile.sources import opening
from casefile.sources.models import (
    Source,
    SourceContact,
    SourceGrant,
    SourceHandler,
    SourceIdentity,
)
from casefile.uow import UnitOfWork
from tests.cast import open_case, resources_of
from tests.intruder import actions, copied, flipped, read, user_row, writing
from tests.sources_scene import (
    NAME,
    add_handler,
    can_open,
    handle,
    holder,
    look,
    new_source,
)

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask
    from sqlalchemy.orm import Session

    from tests.cast import Actor, Cast
    from tests.sources_scene import At
    from tests.strict_browser import Browse


def _plant_grant(
    session: Session, source_id: UUID, granter: Actor, to: Actor, key: keys.SourceKey
) -> None:
    sealed, signature = keys.issue_source_grant(
        granter.bundle, to.bundle.public, user_id=to.id, key=key
    )
    place = (source_id, to.id, key.generation)
    row = session.get(SourceGrant, place) or SourceGrant(
        source_id=source_id, user_id=to.id, generation=key.generation
    )
    row.granter_id, row.sealed, row.signature = granter.id, sealed, signature
    session.add(row)


def _plant_handler(session: Session, source_id: UUID, person: Actor) -> None:
    at = session.scalars(select(Source.added_at).where(Source.id == source_id)).one()
    session.add(
        SourceHandler(source_id=source_id, user_id=person.id, added_by_id=person.id, added_at=at)
    )


def _rows(app: Flask, at: At) -> dict[Any, list[dict[str, Any]]]:
    """Copy all that a database writer could put back later."""
    with resources_of(app).database.reading() as session:
        return {
            model: [copied(row) for row in session.scalars(select(model).where(column == at.id))]
            for model, column in (
                (Source, Source.id),
                (SourceHandler, SourceHandler.source_id),
                (SourceGrant, SourceGrant.source_id),
                (SourceIdentity, SourceIdentity.source_id),
            )
        }


def _put_back(app: Flask, at: At, rows: dict[Any, list[dict[str, Any]]]) -> None:
    with writing(app) as session:
        for model in (SourceHandler, SourceGrant, SourceIdentity):
            session.execute(delete(model).where(model.source_id == at.id))
            session.add_all([model(**row) for row in rows[model]])
        session.execute(update(Source).where(Source.id == at.id).values(**rows[Source][0]))


def _noticed(app: Flask) -> bool:
    return "damage.noticed" in actions(app)


def test_a_planted_handler_opens_nothing_and_is_shown(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    with writing(app) as session:
        _plant_handler(session, at.id, cast.ben)

    page = look(browse(cast.ben), at, 403)

    assert NAME not in page.html
    warned = browse(cast.ann).get(at.url).warnings()
    assert "Ben Writer stands in the database as a handler" in warned
    assert _noticed(app)


def test_a_grant_of_ones_own_making_is_refused_with_an_alarm(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    with writing(app) as session:
        _plant_handler(session, at.id, cast.ben)
        key = keys.SourceKey(at.id, 1, keys.random_key())
        _plant_grant(session, at.id, cast.ben, cast.ben, key)

    page = look(browse(cast.ben), at, 503)

    assert NAME not in page.html
    assert "changed outside Casefile" in page.text
    assert _noticed(app)


def test_a_grant_copied_from_a_handler_opens_nothing(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    with writing(app) as session:
        _plant_handler(session, at.id, cast.ben)
        session.flush()
        row = copied(session.get_one(SourceGrant, (at.id, cast.ann.id, 1)))
        session.add(SourceGrant(**{**row, "user_id": cast.ben.id}))

    look(browse(cast.ben), at, 503)


@pytest.mark.parametrize("signer", ["ben", "dan"])
def test_a_whole_new_line_of_keys_is_never_written_with(
    app: Flask, browse: Browse, cast: Cast, signer: str
) -> None:
    """Certified keys and the database: a key, a list and grants of one's own for every handler."""
    at = new_source(app, cast.ann, cast.case.id)
    add_handler(app, cast.ann, cast.case.id, at.id, cast.eva)
    intruder = getattr(cast, signer)
    key = keys.SourceKey(at.id, 1, keys.random_key())
    with writing(app) as session:
        source = session.get_one(Source, at.id)
        for person in (cast.ann, cast.eva):
            _plant_grant(session, at.id, intruder, person, key)
        named = {
            person.id: opening.Named(person.bundle.public.fingerprint().hex())
            for person in (cast.ann, cast.eva)
        }
        source.manifest_version -= 1
        opening.seal_list(source, key, named, [])
        source.origin = intruder.bundle.sign(keys.origin_statement(cast.case.id, key))

    for person in (cast.ann, cast.eva):
        look(browse(person), at, 503)
        browse(person).post(f"{at.url}/identity/edit", 503, name="For Ben to read", version="1")
        contact = {"met_on": "2026-11-20", "how": "call", "summary": "For Ben to read"}
        browse(person).post(f"{at.url}/contacts", 503, fields=contact)
        browse(person).post(f"{at.url}/handlers", 503, person=str(cast.ben.id))
        assert "changed outside Casefile" in browse(person).get(at.url).warnings()
    assert len(read(app, select(SourceIdentity).where(SourceIdentity.source_id == at.id))) == 1
    assert not read(app, select(SourceContact))


def test_a_former_handler_cannot_put_the_time_before_back(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    add_handler(app, cast.ann, cast.case.id, at.id, cast.ben)
    before = _rows(app, at)
    handle(app, cast.ann, cast.case.id, at.id, "remove", cast.ben.id)

    _put_back(app, at, before)

    look(browse(cast.ben), at, 503)
    look(browse(cast.ann), at, 503)
    assert browse(cast.ben).get(f"/search?q={NAME}").find("//*[@data-total='0']")
    assert _noticed(app)


def test_a_former_handler_cannot_make_the_next_key(app: Flask, browse: Browse, cast: Cast) -> None:
    """Ben kept the first key: his second one follows from it as well as the real one does."""
    at = new_source(app, cast.ann, cast.case.id)
    add_handler(app, cast.ann, cast.case.id, at.id, cast.ben)
    case = open_case(app, cast.ben, cast.case.id)
    with resources_of(app).database.reading() as session:
        source = session.get_one(Source, at.id)
        opened = opening.open_source(session, case, holder(cast.ben), source, listed=True)
    first = opened.newest
    handle(app, cast.ann, cast.case.id, at.id, "remove", cast.ben.id)
    fake = keys.SourceKey(at.id, 2, keys.random_key())

    with writing(app) as session:
        source = session.get_one(Source, at.id)
        _plant_grant(session, at.id, cast.ben, cast.ann, fake)
        source.manifest_version -= 1
        named = {cast.ann.id: opening.Named(cast.ann.bundle.public.fingerprint().hex())}
        opening.seal_list(source, fake, named, [fake.after(first)])

    look(browse(cast.ann), at, 503)
    browse(cast.ann).post(f"{at.url}/identity/edit", 503, name="For Ben", version="1")


@pytest.mark.parametrize("generation", [2, 3])
def test_not_even_with_an_entry_of_his_own_in_the_trail(
    app: Flask, browse: Browse, cast: Cast, generation: int
) -> None:
    """Ben sits on the case, knew the first key and writes a new end of the trail that holds."""
    at = new_source(app, cast.ann, cast.case.id)
    add_handler(app, cast.ann, cast.case.id, at.id, cast.ben)
    case = open_case(app, cast.ben, cast.case.id)
    with resources_of(app).database.reading() as session:
        source = session.get_one(Source, at.id)
        opened = opening.open_source(session, case, holder(cast.ben), source, listed=True)
    first = opened.newest
    handle(app, cast.ann, cast.case.id, at.id, "remove", cast.ben.id)
    fake = keys.SourceKey(at.id, generation, keys.random_key())
    proofs = [fake.after(first)] * (generation - 1)

    with UnitOfWork(resources_of(app), cast.ben.id, cast.ben.bundle) as uow:
        source = uow.session.get_one(Source, at.id)
        _plant_grant(uow.session, at.id, cast.ben, cast.ann, fake)
        named = {cast.ann.id: opening.Named(cast.ann.bundle.public.fingerprint().hex())}
        opening.seal_list(source, fake, named, proofs)
        detail = {"label": at.codename, **opening.witnessed(source, fake)}
        audit.record(uow, "source.key_renewed", subject_id=at.id, case=case, detail=detail)

    look(browse(cast.ann), at, 503)
    browse(cast.ann).post(f"{at.url}/identity/edit", 503, name="For Ben", version="1")


@pytest.mark.parametrize("column", ["manifest", "origin"])
def test_a_flipped_bit_closes_it_and_says_so(
    app: Flask, browse: Browse, cast: Cast, column: str
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    with writing(app) as session:
        source = session.get_one(Source, at.id)
        setattr(source, column, flipped(getattr(source, column)))

    look(browse(cast.ann), at, 503)
    page = browse(cast.ann).get(at.url)
    assert "changed outside Casefile" in page.warnings()
    assert at.codename in page.main


@pytest.mark.parametrize("column", ["sealed", "signature"])
def test_a_flipped_bit_in_a_grant_hurts_nobody_else(
    app: Flask, browse: Browse, cast: Cast, column: str
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    add_handler(app, cast.ann, cast.case.id, at.id, cast.ben)
    with writing(app) as session:
        grant = session.get_one(SourceGrant, (at.id, cast.ben.id, 1))
        setattr(grant, column, flipped(getattr(grant, column)))

    look(browse(cast.ben), at, 503)
    look(browse(cast.ann), at)


@pytest.mark.parametrize("what", ["flipped", "older", "gone", "another's"])
def test_an_identity_changed_in_the_database_is_not_shown(
    app: Flask, browse: Browse, cast: Cast, what: str
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    other = new_source(app, cast.ann, cast.case.id, name="Planted Person")
    browse(cast.ann).post(f"{at.url}/identity/edit", name="Second", version="1")
    with writing(app) as session:
        newest = session.get_one(SourceIdentity, (at.id, 2))
        if what == "flipped":
            newest.record = flipped(newest.record)
        elif what == "older":
            newest.record = session.get_one(SourceIdentity, (at.id, 1)).record
        elif what == "another's":
            newest.record = session.get_one(SourceIdentity, (other.id, 1)).record
        else:
            session.delete(newest)

    page = look(browse(cast.ann), at, 503)

    assert "Planted" not in page.html
    assert NAME not in page.html
    assert _noticed(app)


def test_a_source_moved_to_another_case_opens_nowhere(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    with writing(app) as session:
        session.get_one(Source, at.id).case_id = cast.other.id

    browse(cast.ann).get(at.url, 404)
    page = browse(cast.dan).get(f"{cast.other.url}/sources/{at.id}")
    assert "[damaged record]" in page.main
    look_there = f"{cast.other.url}/sources/{at.id}/identity"
    browse(cast.dan).post(look_there, 403)


def test_entries_taken_out_of_the_trail_close_it(app: Flask, browse: Browse, cast: Cast) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    with writing(app) as session:
        session.execute(
            update(Entry).where(Entry.subject_id == at.id).values(action="source.edited")
        )

    look(browse(cast.ann), at, 503)


def test_a_journey_ended_in_the_database_brings_no_key_back(app: Flask, cast: Cast) -> None:
    at = new_source(app, cast.ben, cast.case.id)
    add_handler(app, cast.ben, cast.case.id, at.id, cast.ann)
    mine = [open_case(app, cast.ben, cast.case.id)]
    with UnitOfWork(resources_of(app), cast.ben.id, cast.ben.bundle) as uow:
        travel.depart(uow, mine, uow.now + timedelta(days=9))
    with writing(app) as session:
        session.execute(
            update(CaseSeat).where(CaseSeat.user_id == cast.ben.id).values(travel_until=None)
        )

    handle(app, cast.ann, cast.case.id, at.id, "tend")

    grants = read(app, select(SourceGrant.user_id).where(SourceGrant.source_id == at.id))
    assert set(grants) == {cast.ann.id}


def test_a_handler_row_taken_out_is_put_back_by_the_sealed_list(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    with writing(app) as session:
        session.execute(delete(SourceHandler).where(SourceHandler.source_id == at.id))

    assert NAME in look(browse(cast.ann), at).main
    handle(app, cast.ann, cast.case.id, at.id, "tend")
    assert can_open(app, cast.ann, cast.case.id, at.id)
    assert read(app, select(SourceHandler.user_id)) == [cast.ann.id]


def test_a_handler_with_a_role_raised_in_the_database_stays_out(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    with writing(app) as session:
        session.execute(
            update(CaseSeat).where(CaseSeat.user_id == cast.cleo.id).values(role="lead")
        )

    look(browse(cast.cleo), at, 503)
    browse(cast.ann).post(f"{at.url}/handlers", 503, person=str(cast.cleo.id))


def test_another_key_in_a_members_place_gets_no_grant(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    thief = keys.Bundle.create(cast.ann.bundle.anchor)
    with writing(app) as session:
        user_row(session, cast.ben).public_keys = thief.public.to_bytes()

    browse(cast.ann).post(f"{at.url}/handlers", 503, person=str(cast.ben.id))

    assert set(read(app, select(SourceGrant.user_id))) == {cast.ann.id}
