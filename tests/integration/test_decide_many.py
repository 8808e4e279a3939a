"""Deciding many applications with many people asks as few questions as deciding two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from casefile.grants import deciding, interests, keeping, organisations, ranking
from casefile.grants.application_models import Application
from casefile.grants.call_models import Call
from casefile.grants.states import ApplicationState
from tests import grants_scene as scene
from tests.cast import resources_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from flask import Flask

    from tests.cast import Clock


def reviewed(app: Flask, grants: scene.Grants, clock: Clock, count: int) -> UUID:
    """Return a call under review whose applications are recommended; nobody of the grants reviewed."""
    call_id = scene.open_call(app, grants, clock, reviews_wanted=0, envelope=None)
    ids = [scene.apply(app, call_id)[0] for _one in range(count)]
    scene.in_review(app, grants, clock, call_id, ids)
    for row_id in ids:
        scene.recommend(app, grants, row_id)
    return call_id


def questions(
    app: Flask, grants: scene.Grants, call_id: UUID, present: Sequence[scene.Actor]
) -> list[str]:
    """Reject everything in a call and return what was read for it, but for the trail's own chain."""
    asked: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("SELECT") and "audit_" not in statement:
            asked.append(statement.partition(" IN (")[0])

    lines = scene.fetched(
        app,
        lambda session: [
            deciding.Line(one.row.id, ApplicationState.REJECTED, None, "Too late.")
            for one in ranking.ranked(session, keeping.get(session, Call, call_id))
        ],
    )
    engine = resources_of(app).database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        scene.decide(app, grants.dora, call_id, present, *lines)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return asked


@pytest.mark.slow
def test_a_decision_on_many_with_many_asks_no_more_than_one_on_two_with_two(
    app: Flask, grants: scene.Grants, clock: Clock
) -> None:
    with scene.acting(app, grants.gina) as uow:
        values = {"name": "Another", "legal_form": "", "kind": "ngo", "region": ""}
        row = organisations.create(uow, {**values, "iati_identifier": ""})
    for actor in (grants.jan, grants.joy):
        with scene.acting(app, grants.gina) as uow:
            organisations.affiliate(uow, row.id, actor.username)

    few = questions(app, grants, reviewed(app, grants, clock, 2), [grants.dora, grants.jan])
    everybody = [grants.dora, grants.gina, grants.jo, grants.jan, grants.joy]
    many = questions(app, grants, reviewed(app, grants, clock, 9), everybody)

    assert many == few
    assert len(few) < 24


def test_who_stands_aside_is_found_for_all_at_once_as_for_each(
    app: Flask, grants: scene.Grants, clock: Clock
) -> None:
    call_id = scene.open_call(app, grants, clock)
    with scene.acting(app, grants.gina) as uow:
        values = {"legal_form": "", "kind": "ngo", "region": "", "iati_identifier": ""}
        mine = organisations.create(uow, {**values, "name": "Mountain Voice"})
        theirs = organisations.create(uow, {**values, "name": "River Voice"})
    for actor, row in ((grants.jo, mine), (grants.jan, theirs)):
        with scene.acting(app, grants.gina) as uow:
            organisations.affiliate(uow, row.id, actor.username)
    by_name, _ = scene.apply(app, call_id, scene.dataclass_replace(applicant="mountain  VOICE"))
    partner, _ = scene.apply(
        app, call_id, scene.dataclass_replace(partners=[("River Voice", "translates")])
    )
    other, _ = scene.apply(app, call_id, scene.dataclass_replace(title="Else"))
    scene.in_review(app, grants, clock, call_id, [by_name, partner, other], grants.joy)
    scene.declare(app, grants.joy, other, conflict=True)
    scene.declare(app, grants.joy, partner)

    people = [grants.jo.id, grants.jan.id, grants.joy.id, grants.dora.id]
    with resources_of(app).database.reading() as session:
        rows = [keeping.get(session, Application, one) for one in (by_name, partner, other)]
        found = interests.recused(session, rows, people)
        for row in rows:
            alone = {one for one in people if interests.stands_aside(session, row, one)}
            assert found[row.id] == alone
    assert found == {by_name: {grants.jo.id}, partner: {grants.jan.id}, other: {grants.joy.id}}
