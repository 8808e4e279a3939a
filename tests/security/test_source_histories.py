"""Random histories of a source's handlers: a model says who may open it, and is right."""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from casefile.app import create_app
from casefile.cases import restoring, seats, travel
from casefile.cases.models import CaseSeat
from casefile.errors import ConflictError
from casefile.policy import Permission, Seat, seat_may
from casefile.uow import UnitOfWork
from tests.cast import (
    Actor,
    Clock,
    change,
    close,
    give_seat,
    open_case,
    open_session,
    resources_of,
    settings_for,
    take_seat,
)
from tests.intruder import read
from tests.sources_scene import begin_anew, handle, keys_out_of, new_source, shred
from tests.strict_browser import StrictBrowser

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast

# Ann leads and never goes, so that there is always somebody to ask.
OTHERS = ("ben", "eva", "dan")
WHO = st.sampled_from(OTHERS)
HISTORIES, STEPS = 12, 16


class Histories(RuleBasedStateMachine):
    prepared: tuple[Path, Cast]

    @initialize()
    def begin(self) -> None:
        folder, self.cast = self.prepared
        self.root = Path(tempfile.mkdtemp())
        shutil.copytree(folder, self.root / "instance")
        self.clock = Clock()
        self.app: Flask = create_app(settings_for(self.root / "instance"), clock=self.clock)
        self.case_id = self.cast.case.id
        self.people: dict[str, Actor] = {
            name: getattr(self.cast, name) for name in ("ann", *OTHERS)
        }
        self.old: dict[str, list[Actor]] = {name: [] for name in self.people}
        self.at = new_source(self.app, self.people["ann"], self.case_id)
        self.seats = {"ann": Seat.LEAD, "ben": Seat.REPORTER, "eva": Seat.EDITOR}
        self.waits: set[str] = set()  # for the case's key, after new keys or on a journey
        self.away: dict[str, object] = {}
        self.handlers = {"ann"}  # by the sealed list
        self.holds = {"ann"}  # a key to the source
        self.shredded = False

    def teardown(self) -> None:
        if hasattr(self, "app"):
            close(self.app)
            shutil.rmtree(self.root)

    # What the model says

    def _may(self, name: str) -> bool:
        seat = self.seats.get(name)
        return (
            not self.shredded
            and seat is not None
            and seat_may(seat, Permission.SOURCE_HANDLE)
            and name not in self.waits
            and name in self.holds
        )

    def _tended(self) -> None:
        """Ann looks at the page of the source, as somebody always does."""
        if not self.shredded and "ann" in self.holds:
            handle(self.app, self.people["ann"], self.case_id, self.at.id, "tend")
            now = self.clock()
            for name in list(self.away):
                if name in self.handlers and name not in self.waits and self.away[name] <= now:
                    self.holds.add(name)
                    del self.away[name]

    # What happens

    @precondition(lambda self: not self.shredded)
    @rule(who=WHO)
    def handler_is_added(self, who: str) -> None:
        able = seat_may(self.seats.get(who, Seat.READER), Permission.SOURCE_HANDLE)
        if who in self.handlers or who in self.waits or not able:
            return
        self._do("add", who)
        self.handlers.add(who)
        self.holds.add(who)

    @precondition(lambda self: not self.shredded)
    @rule(who=WHO)
    def handler_is_taken_off(self, who: str) -> None:
        if who not in self.handlers:
            return
        self._do("remove", who)
        self._gone(who)

    @precondition(lambda self: not self.shredded)
    @rule(who=WHO)
    def handler_is_restored(self, who: str) -> None:
        if who not in self.handlers or who in self.waits or self._may(who):
            return
        self._do("restore", who)
        self.holds.add(who)
        self.away.pop(who, None)

    def _do(self, verb: str, who: str) -> None:
        given = [self.people[who].id] if who else []
        handle(self.app, self.people["ann"], self.case_id, self.at.id, verb, *given)

    def _gone(self, who: str) -> None:
        self.handlers.discard(who)
        self.holds.discard(who)
        self.away.pop(who, None)

    @rule(who=WHO)
    def seat_is_taken(self, who: str) -> None:
        if who not in self.seats:
            return
        take_seat(self.app, self.people["ann"], self.case_id, self.people[who])
        del self.seats[who]
        self.waits.discard(who)
        self._gone(who)
        self._tended()

    @rule(who=WHO, role=st.sampled_from([Seat.REPORTER, Seat.EDITOR, Seat.READER]))
    def seat_is_given_or_changed(self, who: str, role: Seat) -> None:
        if who not in self.seats:
            if self._renewed_away(who):
                return
            give_seat(self.app, self.people["ann"], self.case_id, self.people[who], role)
        else:
            seat_id = self._seat_id(who)
            change(
                self.app,
                self.people["ann"],
                self.case_id,
                lambda uow, case: seats.change(uow, case, seat_id, role=role, ends_at=None),
            )
            if not seat_may(role, Permission.SOURCE_HANDLE):
                self._gone(who)
        self.seats[who] = role
        self._tended()

    def _renewed_away(self, who: str) -> bool:
        """Whoever travels takes no seat anew."""
        from casefile.accounts.models import User

        [until] = read(self.app, select(User.travel_until).where(User.id == self.people[who].id))
        return until is not None and until > self.clock()

    @rule(who=WHO, days=st.integers(1, 9))
    def somebody_travels(self, who: str, days: int) -> None:
        if who not in self.seats or who in self.waits:
            return
        person, until = self.people[who], self.clock() + timedelta(days=days)
        mine = [open_case(self.app, person, self.case_id)]
        if who == "dan":
            mine.append(open_case(self.app, person, self.cast.other.id))
        try:
            with UnitOfWork(resources_of(self.app), person.id, person.bundle) as uow:
                travel.depart(uow, mine, until)
        except ConflictError:
            return  # a case that only they lead, or a journey not over everywhere
        self.waits.add(who)
        self.holds.discard(who)
        if who in self.handlers:
            self.away[who] = until

    @rule(days=st.integers(1, 6))
    def days_go_by(self, days: int) -> None:
        self.clock.forward(days=days)
        change(self.app, self.people["ann"], self.case_id, travel.bring_back)
        for name in list(self.waits):
            if name in self.seats and not self._still_away(name) and not self._has_new_keys(name):
                self.waits.discard(name)
        self._tended()

    def _still_away(self, who: str) -> bool:
        wanted = select(CaseSeat.travel_until).where(
            CaseSeat.case_id == self.case_id, CaseSeat.user_id == self.people[who].id
        )
        return read(self.app, wanted) != [None]

    def _has_new_keys(self, who: str) -> bool:
        return who in self.renewed

    renewed: frozenset[str] = frozenset()

    @rule(who=WHO)
    def somebody_begins_anew(self, who: str) -> None:
        if who in self.waits:
            return
        self.old[who].append(self.people[who])
        self.people[who] = begin_anew(self.app, self.cast, self.people[who])
        self.holds.discard(who)
        if who in self.seats:
            self.waits.add(who)
            self.renewed |= {who}

    @rule(who=WHO)
    def access_to_the_case_is_restored(self, who: str) -> None:
        if who not in self.renewed or who not in self.seats:
            return
        seat_id = self._seat_id(who)
        change(
            self.app,
            self.people["ann"],
            self.case_id,
            lambda uow, case: restoring.restore(uow, case, seat_id),
        )
        self.renewed -= {who}
        self.waits.discard(who)

    @precondition(lambda self: not self.shredded)
    @rule(sure=st.integers(0, 5))
    def source_is_shredded(self, sure: int) -> None:
        if sure:
            return
        shred(self.app, self.people["ann"], self.case_id, self.at)
        self.shredded = True

    def _seat_id(self, who: str) -> UUID:
        wanted = select(CaseSeat.id).where(
            CaseSeat.case_id == self.case_id, CaseSeat.user_id == self.people[who].id
        )
        [found] = read(self.app, wanted)
        assert isinstance(found, UUID)
        return found

    # What must be so

    @invariant()
    def the_pages_agree(self) -> None:
        if not hasattr(self, "app"):
            return
        for name, person in self.people.items():
            browser = StrictBrowser(self.app, open_session(self.app, person))
            on_case = name in self.seats and name not in self.waits
            handles = on_case and seat_may(self.seats[name], Permission.SOURCE_HANDLE)
            wanted = 404 if not on_case else 403 if not handles else 409 if self.shredded else 403
            browser.post(f"{self.at.url}/identity", 200 if self._may(name) else wanted)

    @invariant()
    def the_database_alone_opens_it_for_nobody_else(self) -> None:
        if not hasattr(self, "app"):
            return
        for name, person in self.people.items():
            opens = keys_out_of(self.app, person.bundle, self.at.id)
            assert bool(opens) == (name in self.holds and not self.shredded), name
            for before in self.old[name]:
                assert not keys_out_of(self.app, before.bundle, self.at.id), f"old keys of {name}"


@pytest.mark.slow
def test_the_program_agrees_with_the_model_through_any_history_of_handlers(
    prepared: tuple[Path, Cast],
) -> None:
    class Machine(Histories):
        pass

    Machine.prepared = prepared
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=HISTORIES,
            stateful_step_count=STEPS,
            deadline=None,
            phases=(Phase.explicit, Phase.reuse, Phase.generate),  # each step is dear
            suppress_health_check=list(HealthCheck),
        ),
    )
