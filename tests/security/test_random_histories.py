"""Random histories of seats, keys and passwords: a model says who may read what, and is right."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

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

from casefile import keys
from casefile.accounts import escrow, recovery, renewing, service, signing_in
from casefile.app import create_app
from casefile.cases import restoring, seats
from casefile.cases.models import CaseGrant, CaseSeat
from casefile.errors import DamagedError
from casefile.notes.models import NoteVersion
from casefile.policy import Permission, Seat, seat_may
from casefile.uow import UnitOfWork
from tests.cast import (
    Actor,
    add_note,
    change,
    close,
    give_seat,
    open_session,
    resources_of,
    settings_for,
    take_seat,
    visit_of,
)
from tests.intruder import read
from tests.strict_browser import StrictBrowser

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast

PEOPLE = ("ann", "ben", "cleo", "dan", "eva")
ROLES = st.sampled_from(list(Seat))
WHO = st.sampled_from(PEOPLE)
HISTORIES, STEPS = 12, 14


class Person:
    """What the model knows of somebody: their keys of today, and all that ever came to them."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.bundles = [actor.bundle]
        self.kept: set[int] = set()
        self.written_down: dict[int, bytes] = {}
        self.generation = 1
        self.certified = True

    def renewed(self, bundle: keys.Bundle) -> None:
        old = self.actor
        self.actor = Actor(old.id, old.username, old.name, old.password, bundle, old.code)
        self.bundles.append(bundle)
        self.generation += 1


class Histories(RuleBasedStateMachine):
    prepared: tuple[Path, Cast]

    @initialize()
    def begin(self) -> None:
        folder, self.cast = self.prepared
        self.root = Path(tempfile.mkdtemp())
        shutil.copytree(folder, self.root / "instance")
        self.app: Flask = create_app(settings_for(self.root / "instance"))
        self.case_id = self.cast.case.id
        ada = self.cast.ada
        with UnitOfWork(resources_of(self.app), ada.id, ada.bundle) as uow:
            self.offline = escrow.create(uow, ada.id, ada.bundle)
        self.people = {name: Person(getattr(self.cast, name)) for name in PEOPLE}
        self.seats = {
            "ann": Seat.LEAD,
            "ben": Seat.REPORTER,
            "cleo": Seat.READER,
            "eva": Seat.EDITOR,
        }
        self.open = dict.fromkeys(self.seats, True)
        self.generation = 1
        self.notes: dict[UUID, int] = {self.cast.case.note: 1}
        self._learn()

    def teardown(self) -> None:
        if hasattr(self, "app"):
            close(self.app)
            shutil.rmtree(self.root)

    # What the model says

    def _learn(self) -> None:
        """Whoever has the case open has every key there is by now, and could write it down."""
        for name, is_open in self.open.items():
            if is_open:
                self.people[name].kept |= set(range(1, self.generation + 1))

    def _manager(self) -> str | None:
        able = [
            name
            for name, seat in self.seats.items()
            if self.open[name] and seat_may(seat, Permission.MEMBER_MANAGE)
        ]
        return able[0] if able else None

    def _leads_without(self, name: str) -> bool:
        return any(seat is Seat.LEAD for other, seat in self.seats.items() if other != name)

    # What happens

    @precondition(lambda self: self._manager() is not None)
    @rule(who=WHO, role=ROLES)
    def seat_is_given(self, who: str, role: Seat) -> None:
        by, person = self._manager(), self.people[who]
        if by is None or who in self.seats or not person.certified:
            return
        give_seat(self.app, self.people[by].actor, self.case_id, person.actor, role)
        self.seats[who], self.open[who] = role, True
        self._learn()

    @precondition(lambda self: self._manager() is not None)
    @rule(who=WHO)
    def seat_is_taken(self, who: str) -> None:
        by = self._manager()
        if by is None or who not in self.seats or not self._leads_without(who):
            return
        take_seat(self.app, self.people[by].actor, self.case_id, self.people[who].actor)
        del self.seats[who], self.open[who]
        self.generation += 1
        self._learn()

    @precondition(lambda self: self._manager() is not None)
    @rule(who=WHO, role=ROLES)
    def role_is_changed(self, who: str, role: Seat) -> None:
        by = self._manager()
        if by is None or who not in self.seats:
            return
        if role is not Seat.LEAD and not self._leads_without(who):
            return
        seat_id = self._seat_id(who)
        change(
            self.app,
            self.people[by].actor,
            self.case_id,
            lambda uow, case: seats.change(uow, case, seat_id, role=role, ends_at=None),
        )
        self.seats[who] = role

    @rule(who=WHO)
    def note_is_added(self, who: str) -> None:
        seat = self.seats.get(who)
        if seat is None or not self.open[who] or not seat_may(seat, Permission.NOTE_ADD):
            return
        note = add_note(self.app, self.people[who].actor, self.case_id, "N", "A note.")
        self.notes[note] = self.generation

    @rule(who=WHO)
    def password_is_changed(self, who: str) -> None:
        person = self.people[who]
        word = f"{uuid4().hex} changed"
        signing_in.change_password(
            resources_of(self.app),
            visit_of(person.actor),
            current=person.actor.password,
            password=word,
        )
        self._with_password(person, word)

    @rule(who=WHO)
    def password_is_recovered(self, who: str) -> None:
        person, word = self.people[who], f"{uuid4().hex} recovered"
        code = recovery.reset_password(
            resources_of(self.app),
            username=who,
            typed=person.actor.code,
            password=word,
            address="127.0.0.1",
        )
        self._with_password(person, word, code)

    @rule(who=WHO)
    def person_begins_anew(self, who: str) -> None:
        resources, ada, person = resources_of(self.app), self.cast.ada, self.people[who]
        with UnitOfWork(resources, ada.id, ada.bundle) as uow:
            row, token = renewing.create(uow, person.actor.id)
        bundle, word = keys.Bundle.create(row.anchor), f"{uuid4().hex} anew"
        sealed = service.seal_bundle(resources, person.actor.id, who, word, bundle)
        with UnitOfWork(resources, None) as uow:
            renewing.accept(uow, token, sealed=sealed, bundle=bundle)
            restoring.drop_grants(uow, person.actor.id)
            code = recovery.make(uow, person.actor.id, bundle)
        person.renewed(bundle)
        person.certified = False
        self._with_password(person, word, code)
        if who in self.open:
            self.open[who] = False

    @rule()
    def administrator_certifies(self) -> None:
        ada = self.cast.ada
        with UnitOfWork(resources_of(self.app), ada.id, ada.bundle) as uow:
            renewing.certify_renewed(uow)
        for person in self.people.values():
            person.certified = True

    @precondition(lambda self: self._manager() is not None)
    @rule(who=WHO)
    def access_is_restored(self, who: str) -> None:
        by, person = self._manager(), self.people[who]
        if by is None or self.open.get(who) is not False or not person.certified:
            return
        seat_id = self._seat_id(who)
        change(
            self.app,
            self.people[by].actor,
            self.case_id,
            lambda uow, case: restoring.restore(uow, case, seat_id),
        )
        self.open[who] = True
        self._learn()

    @rule(who=WHO)
    def escrow_opens_the_case(self, who: str) -> None:
        person, resources = self.people[who], resources_of(self.app)
        own = escrow.escrow_id(self.cast.ada.bundle.anchor)
        granted = set(read(self.app, select(CaseGrant.generation).where(CaseGrant.user_id == own)))
        if not person.certified or granted != set(range(1, self.generation + 1)):
            return
        with resources.database.reading() as session:
            actor_id, bundle = escrow.recognise(session, self.offline)
        with UnitOfWork(resources, actor_id, bundle) as uow:
            case = restoring.open_in_escrow(uow, str(self.case_id))
            restoring.recover(uow, case, who, None)
        self.seats.setdefault(who, Seat.LEAD)
        self.open[who] = True
        self._learn()

    def _seat_id(self, who: str) -> UUID:
        wanted = select(CaseSeat.id).where(
            CaseSeat.case_id == self.case_id, CaseSeat.user_id == self.people[who].actor.id
        )
        [found] = read(self.app, wanted)
        assert isinstance(found, UUID)
        return found

    def _with_password(self, person: Person, word: str, code: str = "") -> None:
        old = person.actor
        person.actor = Actor(old.id, old.username, old.name, word, old.bundle, code or old.code)

    # What must be so

    @invariant()
    def the_pages_agree(self) -> None:
        if not hasattr(self, "app"):
            return
        for name, person in self.people.items():
            browser = StrictBrowser(self.app, open_session(self.app, person.actor))
            expected = 200 if self.open.get(name) else 404
            for note in self.notes:
                browser.get(f"/cases/{self.case_id}/notes/{note}", expected)
            seat = self.seats.get(name, Seat.READER)
            may_write = expected == 200 and seat_may(seat, Permission.NOTE_ADD)
            status = 200 if may_write else 404 if expected == 404 else 403
            browser.get(f"/cases/{self.case_id}/notes/new", status)

    @invariant()
    def the_database_alone_opens_exactly_what_was_theirs(self) -> None:
        """With every private key somebody ever had, and every row: what opens is what they had."""
        if not hasattr(self, "app"):
            return
        grants = read(self.app, select(CaseGrant).where(CaseGrant.case_id == self.case_id))
        versions = read(self.app, select(NoteVersion).where(NoteVersion.note_id.in_(self.notes)))
        for name, person in self.people.items():
            granted = _opened(grants, person.bundles)
            now = range(1, self.generation + 1) if self.open.get(name) else []
            assert set(granted) == set(now), f"{name} is granted {set(granted)}"
            person.written_down.update(granted)
            assert set(person.written_down) == person.kept
            readable = {
                version.note_id
                for version in versions
                if any(
                    _reads(keys.CaseKey(self.case_id, version.generation, secret), version)
                    for secret in person.written_down.values()
                )
            }
            assert readable == {
                note for note, generation in self.notes.items() if generation in person.kept
            }


def _opened(grants: list[CaseGrant], bundles: list[keys.Bundle]) -> dict[int, bytes]:
    """Try every private key on every grant, whoever it is for and whoever signed it."""
    found = {}
    for grant in grants:
        info = keys.packed("casefile grant", grant.case_id, grant.user_id, grant.generation)
        for bundle in bundles:
            try:
                found[grant.generation] = bundle.open(grant.sealed, info)
            except DamagedError:
                continue
    return found


def _reads(key: keys.CaseKey, version: NoteVersion) -> bool:
    try:
        key.open(version.record, "note_version", version.note_id, "record", version.version)
    except DamagedError:
        return False
    return True


@pytest.mark.slow
def test_the_program_agrees_with_the_model_through_any_history(
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
