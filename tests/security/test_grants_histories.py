"""Random histories of a call: whatever people try in whatever order, the rules of the field hold."""

from __future__ import annotations

import contextlib
import random
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from casefile.errors import CasefileError
from casefile.grants import (
    applications,
    applying,
    beginning,
    calls,
    deciding,
    interests,
    keeping,
    reviewing,
    submitting,
)
from casefile.grants.application_models import (
    Application,
    ApplicationReview,
    ApplicationRevision,
    AwardDecision,
    ConflictDeclaration,
    DecisionMember,
)
from casefile.grants.call_models import Call, CallForm, Criterion
from casefile.grants.models import GrantsEvent
from casefile.grants.money import Money
from casefile.grants.states import (
    APPLICATION_MOVES,
    CALL_MOVES,
    NEEDS_REASON,
    ApplicationState,
    CallState,
)
from tests import grants_scene as scene

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.cast import Actor, Cast, Clock

STEPS = 170
SEEDS = [3, 14, 159, 2653]


class History:
    """One call and everybody who might do something to it."""

    def __init__(self, app: Flask, cast: Cast, clock: Clock, seed: int) -> None:
        self.app, self.clock, self.chance = app, clock, random.Random(seed)
        self.grants = scene.make(app, cast)
        wanted = {
            "reviews_wanted": 1,
            "quorum": 2,
            "blind": self.chance.choice(["none", "single", "double"]),
        }
        self.call_id = scene.draft_call(app, self.grants, **wanted)
        self.rows: list[Any] = []
        self.deadlines: list[Any] = []
        self.done = self.refused = 0
        self.judges = [self.grants.jo, self.grants.jan, self.grants.joy]

    def step(self) -> None:
        acts: list[tuple[int, Callable[[], object]]] = [
            (2, self.publish), (1, self.edit), (1, self.criteria), (1, self.form), (2, self.extend),
            (4, self.wait), (6, self.begin), (6, self.save), (8, self.submit), (1, self.withdraw),
            (9, self.move), (4, self.begin_review), (3, self.reviewer), (8, self.declare),
            (12, self.review), (2, self.ask), (6, self.decide), (2, self.promote),
        ]  # fmt: skip
        act = self.chance.choices([act for _w, act in acts], [weight for weight, _a in acts])[0]
        try:
            act()
            self.done += 1
        except CasefileError:
            self.refused += 1

    def _call(self, act: Callable[[Any, int], object], actor: Actor | None = None) -> None:
        with scene.acting(self.app, actor or self.grants.gina) as uow:
            act(uow, keeping.get(uow.session, Call, self.call_id).version)

    def _row(self) -> Any:
        return self.chance.choice(self.rows) if self.rows else scene.uuid4()

    def _changed(self, act: Callable[[Any, Any, int], object], actor: Actor | None) -> None:
        row_id = self._row()
        with scene.acting(self.app, actor) as uow:
            act(uow, row_id, keeping.get(uow.session, Application, row_id).version)

    def publish(self) -> None:
        self._call(lambda uow, base: calls.move(uow, self.call_id, base, CallState.PUBLISHED, ""))

    def edit(self) -> None:
        days = self.chance.randint(2, 20)

        def act(uow: Any, base: int) -> None:
            closes = uow.now + scene.timedelta(days=days)
            calls.save(
                uow,
                self.call_id,
                base,
                scene.call_values(uow.now, closes_at=closes, reviews_wanted=1),
            )

        self._call(act)

    def criteria(self) -> None:
        weights = self.chance.choice([(60, 40), (50, 40), (100, 0), (30, 70), (120, -20)])
        given = [(f"Criterion {at}", "", weight) for at, weight in enumerate(weights)]
        self._call(lambda uow, base: calls.save_criteria(uow, self.call_id, base, given))

    def form(self) -> None:
        self._call(lambda uow, base: calls.save_form(uow, self.call_id, base, scene.ASKED))

    def extend(self) -> None:
        days = self.chance.randint(-5, 8)

        def act(uow: Any, base: int) -> None:
            closes = keeping.get(uow.session, Call, self.call_id).closes_at
            calls.extend(uow, self.call_id, base, closes + scene.timedelta(days=days), "More time.")

        self._call(act)

    def wait(self) -> None:
        self.clock.forward(hours=self.chance.choice([-3, 1, 5, 30, 80]))
        with scene.acting(self.app, None) as uow:
            calls.settle_due(uow)

    def begin(self) -> None:
        with scene.acting(self.app, None) as uow:
            row, _token = beginning.begin(uow, self.call_id)
        self.rows.append(row.id)

    def save(self) -> None:
        amount = Decimal(self.chance.choice(["500.00", "1000.00", "9000.00", "20000.00"]))
        draft = scene.dataclass_replace(
            requested=amount, title=f"Title {self.chance.randint(1, 9)}"
        )
        self._changed(lambda uow, row_id, base: applying.save(uow, row_id, base, draft), None)

    def submit(self) -> None:
        self._changed(submitting.submit, None)

    def withdraw(self) -> None:
        self._changed(lambda uow, row_id, _base: applying.withdraw(uow, row_id, ""), None)

    def move(self) -> None:
        to = self.chance.choice(list(ApplicationState))
        why = self.chance.choice(["", "Because."])
        gina = scene.person_of(self.grants.gina)
        self._changed(
            lambda uow, row_id, base: applications.move(uow, gina, row_id, base, to, why),
            self.grants.gina,
        )

    def begin_review(self) -> None:
        self._call(
            lambda uow, base: calls.move(uow, self.call_id, base, CallState.UNDER_REVIEW, "")
        )

    def reviewer(self) -> None:
        judge = self.chance.choice(self.judges)
        self._call(lambda uow, _base: calls.add_reviewer(uow, self.call_id, judge.id))

    def declare(self) -> None:
        scene.declare(
            self.app,
            self.chance.choice(self.judges),
            self._row(),
            conflict=self.chance.random() < 0.15,
        )

    def review(self) -> None:
        judge, row_id = self.chance.choice(self.judges), self._row()
        scores = [self.chance.choice([None, 0, 1, 2, 3, 4, 5, 7]) for _one in range(2)]
        with contextlib.suppress(ValueError):
            scene.review(self.app, judge, row_id, scores, send=self.chance.random() < 0.7)

    def ask(self) -> None:
        gina = scene.person_of(self.grants.gina)
        self._changed(
            lambda uow, row_id, base: applications.ask(uow, gina, row_id, base, "Why?"),
            self.grants.gina,
        )

    def _line(self, row_id: Any) -> deciding.Line:
        outcome = self.chance.choice(deciding.OUTCOMES)
        amount = Money(Decimal(self.chance.choice(["4000.00", "9000.00", "10000.01"])), "USD")
        return deciding.Line(
            row_id, outcome, amount, self.chance.choice(["A reason.", "A reason.", ""])
        )

    def decide(self) -> None:
        present = self.chance.sample(self.judges, self.chance.randint(0, 3))
        chosen = self.chance.sample(self.rows, min(len(self.rows), self.chance.randint(1, 2)))
        scene.decide(
            self.app, self.grants.dora, self.call_id, present, *(self._line(one) for one in chosen)
        )

    def promote(self) -> None:
        row_id = self._row()
        with scene.acting(self.app, self.grants.dora) as uow:
            deciding.promote(uow, self.call_id, row_id, self._line(row_id))

    def check(self) -> None:
        with scene.resources_of(self.app).database.reading() as session:
            call = keeping.get(session, Call, self.call_id)
            self._check_call(session, call)
            self._check_events(session)
            self._check_reviews(session)
            self._check_awards(session, call)

    def _check_call(self, session: Any, call: Call) -> None:
        weights = [one.weight for one in calls.criteria(session, call.id)]
        assert sum(weights) == 100
        if call.frozen_at is not None:
            made = session.scalars(
                select(Criterion.created_at).where(Criterion.call_id == call.id)
            ).all()
            made += session.scalars(
                select(CallForm.created_at).where(CallForm.call_id == call.id)
            ).all()
            assert all(at <= call.frozen_at for at in made), "form and criteria freeze at open"
        if call.state != CallState.DRAFT:
            if self.deadlines:
                assert call.closes_at >= self.deadlines[-1], "a deadline moved earlier"
            self.deadlines.append(call.closes_at)

    def _check_events(self, session: Any) -> None:
        events = session.scalars(
            select(GrantsEvent).order_by(GrantsEvent.subject_id, GrantsEvent.number)
        ).all()
        tables = {
            "grant_call": (CallState, CALL_MOVES),
            "application": (ApplicationState, APPLICATION_MOVES),
        }
        past: dict[Any, str] = {}
        for event in events:
            if event.what != "state" or event.subject_kind not in tables:
                continue
            states, moves = tables[event.subject_kind]
            before, after = states(event.before), states(event.after)
            assert after in moves[before]
            assert past.get(event.subject_id, event.before) == event.before
            assert event.reason or after not in NEEDS_REASON
            past[event.subject_id] = event.after
        for row in session.scalars(select(Application)):
            assert row.state == past.get(row.id, "draft")

    def _check_reviews(self, session: Any) -> None:
        for review in session.scalars(select(ApplicationReview)):
            said = session.get(ConflictDeclaration, review.declaration_id)
            assert said.user_id == review.reviewer_id
            assert said.application_id == review.application_id
            assert said.created_at <= review.created_at
            revision = session.get(ApplicationRevision, review.revision_id)
            assert revision.application_id == review.application_id
            last = interests.declaration(session, review.application_id, review.reviewer_id)
            assert (last.outcome == interests.CLEAR) == (review.state != "recused")
        for judge in self.judges:
            self._check_hidden(session, judge)

    def _check_hidden(self, session: Any, judge: Actor) -> None:
        person = scene.person_of(judge)
        for row_id in self.rows:
            try:
                opened = applications.read(session, person, row_id, self.clock())
            except CasefileError:
                continue
            said = interests.declaration(session, row_id, judge.id)
            assert said is not None
            assert said.outcome == interests.CLEAR
            mine = reviewing.own(session, row_id, judge.id)
            if mine is None or mine.state != "submitted":
                assert reviewing.seen(session, person, opened) == []

    def _check_awards(self, session: Any, call: Call) -> None:
        rows = session.scalars(select(AwardDecision).where(AwardDecision.voided_at.is_(None))).all()
        awarded = [row.amount for row in rows if row.outcome == "awarded"]
        assert sum(awarded, Decimal()) <= call.envelope
        assert all(amount <= call.maximum for amount in awarded)
        assert len({row.application_id for row in rows}) == len(rows)
        for row in rows:
            there = session.scalars(
                select(DecisionMember).where(DecisionMember.decision_id == row.id)
            ).all()
            assert sum(not one.recused for one in there) >= call.quorum
            assert row.reason


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_people_try_the_rules_of_the_field_hold(
    app: Flask, cast: Cast, clock: Clock, seed: int
) -> None:
    history = History(app, cast, clock, seed)
    history.publish()
    history.reviewer()
    for number in range(STEPS):
        history.step()
        if number % 5 == 0:
            history.check()
    history.check()

    assert history.done > 25
    assert history.refused > 25
