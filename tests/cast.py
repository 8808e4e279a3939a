"""Who plays: Ann leads the case, Ben reports on it, Cleo reads it, Eva edits it, Dan has another, Ada administers."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import select

from casefile import config, db, keys
from casefile.accounts import recovery, sessions
from casefile.accounts import service as accounts
from casefile.accounts.models import RecoveryCode, User
from casefile.app import create_app
from casefile.cases import access, seats
from casefile.cases import service as cases
from casefile.cases.models import CaseSeat
from casefile.config import Settings
from casefile.evidence import service as evidence
from casefile.notes import service as notes
from casefile.policy import Role, Seat
from casefile.uow import UnitOfWork
from casefile.vault import SealedUpload
from casefile.web import Person, Visit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from flask import Flask

    from casefile.uow import Resources

PEPPER = bytes(range(32))
LEDGER = b"Ledger of the bridge works.\nThe second pier was paid for twice.\n"
OTHER_LEDGER = b"Ledger of the orchard. Nobody on the bridge has seen it.\n"
UPLOAD_LIMIT = 64 * 1024 * 1024


class Clock:
    """The time, which a test can move forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self.standing: datetime | None = None

    def __call__(self) -> datetime:
        return (self.standing or datetime.now(UTC)) + self.ahead

    def freeze(self) -> None:
        """Let no time go by but what the test moves it forward."""
        self.standing = datetime.now(UTC)

    def forward(self, **by: float) -> None:
        self.ahead += timedelta(**by)


@dataclass(frozen=True, slots=True)
class Actor:
    """A person with an account and, so that a test can play them, their keys."""

    id: UUID
    username: str
    name: str
    password: str
    bundle: keys.Bundle = field(repr=False)
    code: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """A case with one note and one file in it; `seats` are seat ids by username."""

    id: UUID
    codename: str
    note: UUID
    evidence: UUID
    seats: Mapping[str, UUID]

    @property
    def url(self) -> str:
        return f"/cases/{self.id}"


@dataclass(frozen=True, slots=True)
class Cast:
    ann: Actor
    ben: Actor
    cleo: Actor
    dan: Actor
    eva: Actor
    ada: Actor
    case: Scene
    other: Scene


PEOPLE = {
    "ada": ("Ada Keeper", [Role.ADMIN]),
    "ann": ("Ann Lead", [Role.REPORTER]),
    "ben": ("Ben Writer", [Role.REPORTER]),
    "cleo": ("Cleo Reader", [Role.VERIFIER]),
    "dan": ("Dan Outsider", [Role.REPORTER]),
    "eva": ("Eva Editor", [Role.EDITOR]),
}


def settings_for(instance: Path, **more: object) -> Settings:
    """Nobody here must have a second factor, unless a test says so."""
    given = {"password_memory_mb": 64, "second_factor": "nobody", **more}
    return Settings(instance=instance, **given)  # type: ignore[arg-type]


def make_newsroom(instance: Path) -> Cast:
    """Found a newsroom in this folder: the people, Ann's case and Dan's."""
    settings = settings_for(instance)
    config.create_pepper(settings, PEPPER)
    database = db.open_file(settings.database_path, keys.derive(PEPPER, "database"))
    db.migrate(database)
    database.close()
    app = create_app(settings)
    people = _people(resources_of(app))
    case = _case(
        app,
        people,
        people["ann"],
        seated={"ben": Seat.REPORTER, "cleo": Seat.READER, "eva": Seat.EDITOR},
        words=("The second pier", "Paid for twice", "Pier", "The *pier* was paid for twice."),
        file=("ledger.txt", LEDGER),
    )
    other = _case(
        app,
        people,
        people["dan"],
        seated={},
        words=("The orchard", "Cut down", "Orchard", "The orchard was cut down at night."),
        file=("orchard.txt", OTHER_LEDGER),
    )
    close(app)
    return Cast(**people, case=case, other=other)


def close(app: Flask) -> None:
    resources = resources_of(app)
    resources.index.close()
    db.checkpoint(resources.database)
    resources.database.close()


def _people(resources: Resources) -> dict[str, Actor]:
    founded: dict[str, Actor] = {}
    for username, (name, roles) in PEOPLE.items():
        password = f"green mill past {name.split()[0][::-1]} at noon"
        if not founded:
            with UnitOfWork(resources, None) as uow:
                user, bundle = accounts.found(
                    uow, username=username, name=name, password=password, roles=roles
                )
        else:
            founder = founded["ada"]
            user_id, bundle = uuid4(), keys.Bundle.create(founder.bundle.anchor)
            sealed = accounts.seal_bundle(resources, user_id, username, password, bundle)
            with UnitOfWork(resources, founder.id, founder.bundle) as uow:
                user = accounts.new_user(
                    uow,
                    user_id=user_id,
                    username=username,
                    name=name,
                    roles=roles,
                    bundle=bundle,
                    sealed=sealed,
                )
                user.invited_by_id = founder.id
                accounts.certify(uow, user, founder.id, founder.bundle)
        code = keep_code(resources, user.id, bundle)
        founded[username] = Actor(user.id, username, name, password, bundle, code)
    return founded


def keep_code(resources: Resources, user_id: UUID, bundle: keys.Bundle) -> str:
    """Make somebody a recovery code, which they keep."""
    with UnitOfWork(resources, user_id, bundle) as uow:
        code = recovery.make(uow, user_id, bundle)
        uow.session.get_one(RecoveryCode, user_id).kept_at = uow.now
    return code


def resources_of(app: Flask) -> Resources:
    found: Resources = app.extensions["casefile"]
    return found


def _case(
    app: Flask,
    people: Mapping[str, Actor],
    lead: Actor,
    *,
    seated: Mapping[str, Seat],
    words: tuple[str, str, str, str],
    file: tuple[str, bytes],
) -> Scene:
    title, summary, note_title, note_body = words
    with UnitOfWork(resources_of(app), lead.id, lead.bundle) as uow:
        case_id = cases.create(uow, title=title, summary=summary)
    for username, seat in seated.items():
        give_seat(app, lead, case_id, people[username], seat)
    writer = people["ben"] if "ben" in seated else lead
    note = add_note(app, writer, case_id, note_title, note_body)
    item = add_evidence(app, writer, case_id, *file)
    opened = open_case(app, lead, case_id)
    with resources_of(app).database.reading() as session:
        rows = session.execute(
            select(User.username, CaseSeat.id)
            .join(User, User.id == CaseSeat.user_id)
            .where(CaseSeat.case_id == case_id)
        )
        found = {row.username: row.id for row in rows}
        return Scene(case_id, opened.codename, note, item, found)


def visit_of(actor: Actor) -> Visit:
    person = Person(actor.id, actor.username, actor.name, frozenset(), "auto", "")
    return Visit(person, actor.bundle, uuid4().bytes, keys.random_key())


def open_case(app: Flask, actor: Actor, case_id: UUID) -> access.OpenCase:
    """Open a case as this person does."""
    with app.app_context(), resources_of(app).database.reading() as session:
        return access.open_case(session, visit_of(actor), case_id)


def change(
    app: Flask,
    actor: Actor,
    case_id: UUID,
    act: Callable[[UnitOfWork, access.OpenCase], object],
) -> object:
    """Do something to a case through the services, as this person."""
    case = open_case(app, actor, case_id)
    with UnitOfWork(resources_of(app), actor.id, actor.bundle) as uow:
        return act(uow, case)


def give_seat(
    app: Flask,
    lead: Actor,
    case_id: UUID,
    person: Actor,
    seat: Seat,
    ends_at: datetime | None = None,
) -> None:
    change(
        app,
        lead,
        case_id,
        lambda uow, case: seats.add(
            uow, case, username=person.username, role=seat, ends_at=ends_at
        ),
    )


def change_seat(app: Flask, lead: Actor, case_id: UUID, seat_id: UUID, role: Seat) -> None:
    change(
        app,
        lead,
        case_id,
        lambda uow, case: seats.change(uow, case, seat_id, role=role, ends_at=None),
    )


def take_seat(app: Flask, lead: Actor, case_id: UUID, person: Actor) -> None:
    with resources_of(app).database.reading() as session:
        seat_id = session.scalars(
            select(CaseSeat.id).where(CaseSeat.case_id == case_id, CaseSeat.user_id == person.id)
        ).one()
    change(app, lead, case_id, lambda uow, case: seats.remove(uow, case, seat_id))


def add_note(app: Flask, actor: Actor, case_id: UUID, title: str, body: str, *tags: str) -> UUID:
    text = notes.Text(title, body, tags)
    made = change(app, actor, case_id, lambda uow, case: notes.add(uow, case, text))
    assert isinstance(made, UUID)
    return made


def add_evidence(
    app: Flask, actor: Actor, case_id: UUID, name: str, content: bytes, shows: str = ""
) -> UUID:
    upload = SealedUpload(resources_of(app).vault, case_id, limit=UPLOAD_LIMIT)
    upload.write(content)
    upload.finish()
    origin = evidence.Origin(shows=shows)
    change(
        app,
        actor,
        case_id,
        lambda uow, case: evidence.add(uow, case, [(name, upload)], origin),
    )
    return upload.file_id


def open_session(app: Flask, actor: Actor) -> str:
    """Open a session for a person without asking for the password; returns the cookie."""
    with UnitOfWork(resources_of(app), actor.id, actor.bundle) as uow:
        user = uow.session.get_one(User, actor.id)
        secret = sessions.begin(uow, user, actor.bundle)
    return base64.urlsafe_b64encode(secret).decode()
