"""A fresh newsroom made through the program's own services, and sessions of the people in it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from casefile import config, db, keys
from casefile.accounts import service as accounts
from casefile.accounts import sessions
from casefile.app import create_app, open_resources
from casefile.cases import access, indexing, seats
from casefile.cases import service as cases
from casefile.config import Settings
from casefile.evidence import service as evidence
from casefile.policy import Role, Seat
from casefile.uow import Resources, UnitOfWork
from casefile.vault import SealedUpload
from casefile.web import Person, Visit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PASSWORD = "four unrelated quiet words"
CHEAP_PASSWORD_MB = 64
FILE_LIMIT = 1024 * 1024


@dataclass(slots=True)
class Colleague:
    id: UUID
    username: str
    bundle: keys.Bundle


class Newsroom:
    """An instance and its people; the first one founded it and leads what nobody else does."""

    def __init__(self, folder: Path, people: int, *, password_mb: int = CHEAP_PASSWORD_MB) -> None:
        self.settings = Settings(folder, password_memory_mb=password_mb, second_factor="nobody")
        folder.mkdir(mode=0o700, parents=True)
        config.create_pepper(self.settings, keys.random_key())
        resources = open_resources(self.settings)
        db.migrate(resources.database)
        _close(resources)
        self.people: list[Colleague] = []
        with self.opened() as opened:
            self._people(opened, people)

    @contextmanager
    def opened(self) -> Iterator[Resources]:
        """Open the instance as a process of its own would."""
        app = create_app(self.settings)
        resources: Resources = app.extensions["casefile"]
        try:
            with app.app_context():
                yield resources
        finally:
            _close(resources)

    def _people(self, resources: Resources, count: int) -> None:
        with UnitOfWork(resources, None) as uow:
            user, bundle = accounts.found(
                uow,
                username="founder",
                name="Founder",
                password=PASSWORD,
                roles=[Role.ADMIN, Role.EDITOR],
            )
        founder = Colleague(user.id, "founder", bundle)
        self.people.append(founder)
        for number in range(1, count):
            person = Colleague(
                uuid4(), f"reporter{number}", keys.Bundle.create(founder.bundle.anchor)
            )
            sealed = accounts.seal_bundle(
                resources, person.id, person.username, PASSWORD, person.bundle
            )
            with UnitOfWork(resources, founder.id, founder.bundle) as uow:
                user = accounts.new_user(
                    uow,
                    user_id=person.id,
                    username=person.username,
                    name=f"Reporter {number}",
                    roles=[Role.REPORTER],
                    bundle=person.bundle,
                    sealed=sealed,
                )
                user.invited_by_id = founder.id
                accounts.certify(uow, user, founder.id, founder.bundle)
            self.people.append(person)

    def session(self, resources: Resources, person: Colleague) -> bytes:
        """Sign a person in without their password and return the secret for the cookie."""
        with UnitOfWork(resources, person.id, person.bundle) as uow:
            return sessions.begin(uow, accounts.get(uow.session, person.id), person.bundle)

    def new_case(self, resources: Resources, members: Sequence[Colleague]) -> UUID:
        """Open a case led by the first of these, with seats for the others."""
        lead, *others = members
        with UnitOfWork(resources, lead.id, lead.bundle) as uow:
            case_id = cases.create(uow, title="A road nobody built", summary="Who was paid for it?")
        for other in others:
            case = self.open_case(resources, case_id, lead)
            with UnitOfWork(resources, lead.id, lead.bundle) as uow:
                seats.add(uow, case, username=other.username, role=Seat.REPORTER, ends_at=None)
        return case_id

    def open_case(self, resources: Resources, case_id: UUID, person: Colleague) -> access.OpenCase:
        who = Person(person.id, person.username, person.username, frozenset(), "auto", "")
        visit = Visit(who, person.bundle, person.id.bytes, keys.random_key())
        with resources.database.reading() as session:
            return access.open_case(session, visit, case_id)

    def add_files(self, resources: Resources, case_id: UUID, person: Colleague, count: int) -> None:
        """Put small files on record whose text nobody has to read first."""
        case = self.open_case(resources, case_id, person)
        for number in range(count):
            upload = SealedUpload(resources.vault, case_id, limit=FILE_LIMIT)
            upload.write(bytes([number]) * 1000)
            upload.finish()
            origin = evidence.Origin(shows="Two signatures of the same hand", tags=("bank",))
            with UnitOfWork(resources, person.id, person.bundle) as uow:
                evidence.add(uow, case, [(f"scan {number}.bin", upload)], origin)

    def index(self, resources: Resources, case_id: UUID, person: Colleague) -> None:
        indexing.catch_up(resources, self.open_case(resources, case_id, person))


def _close(resources: Resources) -> None:
    resources.index.close()
    db.checkpoint(resources.database)
    resources.database.close()
