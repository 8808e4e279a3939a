"""Generations: whoever leaves keeps no key to what comes after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from casefile import keys
from casefile.cases import seats
from casefile.cases import service as cases
from casefile.cases.models import CaseGrant
from casefile.errors import ConflictError, DamagedError, NotFoundError
from casefile.evidence import service as evidence
from casefile.evidence.models import Item
from casefile.notes import service as notes
from casefile.notes.models import NoteVersion
from casefile.policy import Seat
from casefile.uow import UnitOfWork
from casefile.vault import SealedUpload
from tests.cast import LEDGER, add_note, give_seat, open_case, resources_of, take_seat
from tests.intruder import read

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse


def _record(app: Flask, note_id: UUID) -> NoteVersion:
    found: NoteVersion = read(app, select(NoteVersion).where(NoteVersion.note_id == note_id))[0]
    return found


def _grants(app: Flask, cast: Cast, user_id: UUID) -> list[int]:
    wanted = select(CaseGrant.generation).where(
        CaseGrant.case_id == cast.case.id, CaseGrant.user_id == user_id
    )
    return sorted(read(app, wanted))


def test_the_key_a_removed_person_kept_opens_the_old_notes_and_none_of_the_new(
    app: Flask, cast: Cast
) -> None:
    kept = open_case(app, cast.cleo, cast.case.id)
    take_seat(app, cast.ann, cast.case.id, cast.cleo)
    new = add_note(app, cast.ben, cast.case.id, "After", "What Cleo must not read.")

    old_row, new_row = _record(app, cast.case.note), _record(app, new)
    kept.newest.open(old_row.record, "note_version", cast.case.note, "record", 1)
    assert new_row.generation == 2
    for generation in (1, 2):
        key = keys.CaseKey(cast.case.id, generation, kept.newest.secret)
        with pytest.raises(DamagedError):
            key.open(new_row.record, "note_version", new, "record", 1)


def test_removing_a_seat_takes_its_grants_and_gives_the_others_a_new_key(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    browse(cast.ann).post(f"{cast.case.url}/members/{cast.case.seats['cleo']}/delete")

    assert _grants(app, cast, cast.cleo.id) == []
    for person in (cast.ann, cast.ben, cast.eva):
        assert _grants(app, cast, person.id) == [1, 2]
        browse(person).get(f"{cast.case.url}/notes/{cast.case.note}")
        page = browse(person).get(f"{cast.case.url}/evidence/{cast.case.evidence}/content")
        assert page.content == LEDGER


def test_old_and_new_things_are_searchable_after_a_new_key(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    take_seat(app, cast.ann, cast.case.id, cast.cleo)
    browse(cast.ben).post(f"{cast.case.url}/notes/", title="Later", body="The pier again")

    page = browse(cast.ben).get("/search?q=pier")

    assert len(page.find("//article[@data-kind='note']")) == 2


def test_a_new_seat_gets_every_generation(app: Flask, browse: Browse, cast: Cast) -> None:
    take_seat(app, cast.ann, cast.case.id, cast.cleo)
    give_seat(app, cast.ann, cast.case.id, cast.dan, Seat.READER)

    assert _grants(app, cast, cast.dan.id) == [1, 2]
    assert (
        "was paid for twice" in browse(cast.dan).get(f"{cast.case.url}/notes/{cast.case.note}").text
    )


def test_a_seat_given_back_gets_every_generation_again(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    take_seat(app, cast.ann, cast.case.id, cast.cleo)
    add_note(app, cast.ben, cast.case.id, "Between", "Written meanwhile.")
    give_seat(app, cast.ann, cast.case.id, cast.cleo, Seat.READER)

    browse(cast.cleo).get(f"{cast.case.url}/")
    assert "Between" in browse(cast.cleo).get(f"{cast.case.url}/notes/").text


def test_nothing_is_written_with_a_stale_generation(app: Flask, cast: Cast) -> None:
    stale = open_case(app, cast.ben, cast.case.id)
    upload = SealedUpload(resources_of(app).vault, cast.case.id, limit=100)
    upload.finish()
    take_seat(app, cast.ann, cast.case.id, cast.cleo)
    text = notes.Text("Stale", "Sealed with a key Cleo has.")

    for write in (
        lambda uow: notes.add(uow, stale, text),
        lambda uow: notes.save(uow, stale, cast.case.note, text, 1),
        lambda uow: evidence.add(uow, stale, [("x.txt", upload)], evidence.Origin()),
        lambda uow: evidence.describe(uow, stale, cast.case.evidence, evidence.Origin(), 1),
    ):
        with (
            pytest.raises(ConflictError, match="just changed"),
            UnitOfWork(resources_of(app), cast.ben.id, cast.ben.bundle) as uow,
        ):
            write(uow)

    assert len(read(app, select(NoteVersion))) == 2
    assert len(read(app, select(Item))) == 2


def test_the_lead_cannot_describe_a_case_with_a_stale_generation(app: Flask, cast: Cast) -> None:
    stale = open_case(app, cast.ann, cast.case.id)
    take_seat(app, cast.eva, cast.case.id, cast.cleo)

    with (
        pytest.raises(ConflictError),
        UnitOfWork(resources_of(app), cast.ann.id, cast.ann.bundle) as uow,
    ):
        cases.describe(uow, stale, title="Stale", summary="", status="open", version=1)


def test_who_lost_the_seat_while_writing_saves_nothing(app: Flask, cast: Cast) -> None:
    opened = open_case(app, cast.ben, cast.case.id)
    take_seat(app, cast.ann, cast.case.id, cast.ben)

    with (
        pytest.raises(NotFoundError),
        UnitOfWork(resources_of(app), cast.ben.id, cast.ben.bundle) as uow,
    ):
        notes.add(uow, opened, notes.Text("Late", "Late"))


def test_two_seats_taken_one_after_the_other_make_two_generations(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    take_seat(app, cast.ann, cast.case.id, cast.cleo)
    take_seat(app, cast.ann, cast.case.id, cast.ben)

    assert _grants(app, cast, cast.ann.id) == [1, 2, 3]
    assert _grants(app, cast, cast.eva.id) == [1, 2, 3]
    browse(cast.eva).get(f"{cast.case.url}/notes/{cast.case.note}")


def test_a_case_keeps_somebody_who_leads_it(app: Flask, browse: Browse, cast: Cast) -> None:
    anns = cast.case.seats["ann"]

    browse(cast.eva).post(f"{cast.case.url}/members/{anns}/delete", 409)
    browse(cast.eva).post(f"{cast.case.url}/members/{anns}", 409, role="reader")

    assert _grants(app, cast, cast.ann.id) == [1]


def test_no_case_key_lies_in_the_memory_of_the_process_in_clear(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    key = open_case(app, cast.ben, cast.case.id).newest.secret
    browse(cast.ben).get(f"{cast.case.url}/")

    kept = resources_of(app).opened_keys

    assert kept
    assert all(key not in sealed for sealed in kept.values())


def test_seats_change_only_by_people_on_the_case(app: Flask, cast: Cast) -> None:
    opened = open_case(app, cast.ann, cast.case.id)
    with (
        pytest.raises(NotFoundError),
        UnitOfWork(resources_of(app), cast.ann.id, cast.ann.bundle) as uow,
    ):
        seats.remove(uow, opened, cast.other.seats["dan"])
