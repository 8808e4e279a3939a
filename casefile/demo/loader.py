"""Makes the sample newsroom, through the same services people use."""

from __future__ import annotations

import functools
import heapq
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import select

from casefile import keys
from casefile.accounts import recovery
from casefile.accounts import service as accounts
from casefile.accounts.models import RecoveryCode, User
from casefile.app import create_app
from casefile.cases import access, indexing, seats
from casefile.cases import service as cases
from casefile.cases.models import Case, CaseSeat
from casefile.demo import content, grants, stories
from casefile.demo.awards import Awards
from casefile.demo.sources import add_source
from casefile.evidence import extraction
from casefile.evidence import service as evidence
from casefile.notes import service as notes
from casefile.policy import Role, Seat
from casefile.uow import Resources, UnitOfWork
from casefile.vault import SealedUpload
from casefile.web import Person, Visit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from casefile.config import Settings

BLOCK = 256 * 1024
FILE_LIMIT = 64 * 1024 * 1024
READERS = 3


@dataclass(slots=True)
class Account:
    id: UUID
    bundle: keys.Bundle
    person: content.Person


def _keep_code(uow: UnitOfWork, account: Account) -> None:
    """Give somebody of the sample a recovery code that, like the password, is no secret."""
    recovery.make(uow, account.id, account.bundle, recovery_code(account.person.username))
    uow.session.get_one(RecoveryCode, account.id).kept_at = uow.now


def recovery_code(username: str) -> str:
    """Return the code of somebody of the sample."""
    return keys.write_code(keys.digest(f"sample {username}".encode())[:20])


class Loader:
    """Fills an empty newsroom; `tell` hears how far it is."""

    def __init__(self, settings: Settings, tell: Callable[[str, int, int], None]) -> None:
        self.app = create_app(settings)
        self.resources: Resources = self.app.extensions["casefile"]
        self.newsroom = content.load()
        self.now = self.resources.clock()
        self.tell = tell
        self.accounts: dict[str, Account] = {}
        self.cases: dict[str, UUID] = {}
        self.to_read: list[tuple[UUID, UUID, bytes]] = []

    def run(self) -> None:
        """Make people, cases, notes and evidence, read the files and index it all."""
        with self.app.app_context():
            self._people()
            self._investigations()
            self._read_files()
            self._index()
        self.resources.index.close()
        self.resources.database.close()

    def _people(self) -> None:
        people = sorted(self.newsroom.people, key=lambda person: Role.ADMIN not in person.roles)
        first, *others = people
        opened = max(case.opened_days_ago for case in self.newsroom.investigations)
        with self.at(timedelta(days=opened + 2), None) as uow:
            user, bundle = accounts.found(
                uow,
                username=first.username,
                name=first.name,
                password=first.password,
                roles=[Role(role) for role in first.roles],
            )
            founder = Account(user.id, bundle, first)
            _keep_code(uow, founder)
        self.accounts[first.key] = founder
        made = [(person, uuid4(), keys.Bundle.create(bundle.anchor)) for person in others]
        sealed = [
            accounts.seal_bundle(self.resources, user_id, person.username, person.password, own)
            for person, user_id, own in made
        ]
        with self.at(timedelta(days=opened + 1), founder) as uow:
            for (person, user_id, own), put in zip(made, sealed, strict=True):
                user = accounts.new_user(
                    uow,
                    user_id=user_id,
                    username=person.username,
                    name=person.name,
                    roles=[Role(role) for role in person.roles],
                    bundle=own,
                    sealed=put,
                )
                user.invited_by_id = founder.id
                accounts.certify(uow, user, founder.id, founder.bundle)
                self.accounts[person.key] = Account(user_id, own, person)
                _keep_code(uow, self.accounts[person.key])
        self.tell("people", len(people), len(people))

    def at(self, age: timedelta, account: Account | None) -> UnitOfWork:
        uow = UnitOfWork(
            self.resources,
            account.id if account else None,
            account.bundle if account else None,
        )
        uow.now = self.now - age
        return uow

    def open_case(self, case_id: UUID, account: Account) -> access.OpenCase:
        person = Person(
            account.id, account.person.username, account.person.name, frozenset(), "auto", ""
        )
        visit = Visit(person, account.bundle, account.id.bytes, keys.random_key())
        with self.resources.database.reading() as session:
            return access.open_case(session, visit, case_id)

    def _investigations(self) -> None:
        """Let all cases happen side by side, so that the audit trail runs forward in time."""
        histories = [self._investigation(told) for told in self.newsroom.investigations]
        histories += [grants.Story(self).tell(), *Awards(self).histories()]
        waiting = [(-next(history), number) for number, history in enumerate(histories)]
        heapq.heapify(waiting)
        while waiting:
            _age, number = heapq.heappop(waiting)
            following = next(histories[number], None)
            if following is not None:
                heapq.heappush(waiting, (-following, number))
            else:
                self.tell("cases", len(histories) - len(waiting), len(histories))

    def _investigation(self, told: content.Investigation) -> Iterator[timedelta]:
        """Give how long ago the next thing happened; asked again, do it."""
        lead_key = next(key for key, seat in told.seats.items() if seat.role == Seat.LEAD)
        lead = self.accounts[lead_key]
        opened = timedelta(days=told.opened_days_ago)
        yield opened
        with self.at(opened, lead) as uow:
            case_id = cases.create(uow, title=told.title, summary=told.summary)
        self.cases[told.key] = case_id
        seated = opened - timedelta(minutes=10)
        yield seated
        for key, seat in told.seats.items():
            if key != lead_key:
                self._seat(case_id, lead, key, seat, seated)
        note_ids: dict[int, UUID] = {}
        for age, act in sorted(
            self._events(told, case_id, note_ids), key=lambda event: event[0], reverse=True
        ):
            yield age
            act(age)
        if told.status != "open":
            closed = min((note.age for note in told.notes), default=timedelta()) / 2
            yield closed
            case = self.open_case(case_id, lead)
            with self.at(closed, lead) as uow:
                cases.describe(
                    uow,
                    case,
                    title=told.title,
                    summary=told.summary,
                    status=told.status,
                    version=case.record_version,
                )

    def _seat(
        self, case_id: UUID, lead: Account, key: str, seat: content.Seat, age: timedelta
    ) -> None:
        ends = self.now + timedelta(days=seat.ends_in_days) if seat.ends_in_days else None
        case = self.open_case(case_id, lead)
        with self.at(age, lead) as uow:
            seats.add(
                uow,
                case,
                username=self.accounts[key].person.username,
                role=Seat(seat.role),
                ends_at=ends,
            )

    def _events(
        self, told: content.Investigation, case_id: UUID, note_ids: dict[int, UUID]
    ) -> Iterator[tuple[timedelta, Callable[[timedelta], None]]]:
        """Give everything that happened on a case with its age, evidence in its own order."""
        yield from stories.events(self, told, case_id)
        latest = max((note.age for note in told.notes), default=timedelta())
        previous = max([latest, *(item.age for item in told.evidence)]) + timedelta(hours=1)
        for item in told.evidence:
            previous = min(item.age, previous - timedelta(minutes=1))
            yield previous, lambda age, item=item: self._evidence(case_id, item, age)  # type: ignore[misc]
        for source in told.sources:
            yield source.age, lambda age, source=source: self._source(case_id, source, age)  # type: ignore[misc]
        for number, note in enumerate(told.notes):
            yield (
                note.age,
                lambda age, note=note, number=number: self._note(  # type: ignore[misc]
                    case_id, note, number, note_ids, age
                ),
            )
            for edit in note.edits:
                yield (
                    edit.age,
                    lambda age, edit=edit, note=note, number=number: self._edit(  # type: ignore[misc]
                        case_id, note, edit, note_ids[number], age
                    ),
                )

    def _source(self, case_id: UUID, told: content.Source, age: timedelta) -> None:
        first, *others = (self.accounts[key] for key in told.handlers)
        add_source(
            functools.partial(self.open_case, case_id, first),
            functools.partial(self.at, account=first),
            told,
            [other.id for other in others],
            (self.now - age, age),
        )

    def _evidence(self, case_id: UUID, told: content.Evidence, age: timedelta) -> None:
        account = self.accounts[told.added_by]
        case = self.open_case(case_id, account)
        upload = SealedUpload(self.resources.vault, case_id, limit=FILE_LIMIT)
        with content.open_file(told.file) as file:
            while block := file.read(BLOCK):
                upload.write(block)
        upload.finish()
        origin = evidence.Origin(
            shows=told.shows,
            obtained_at=told.obtained_at.isoformat(),
            obtained_from=told.obtained_from,
            obtained_how=told.obtained_how,
            tags=told.tags,
        )
        with self.at(age, account) as uow:
            items = evidence.add(uow, case, [(told.file, upload)], origin)
            self.to_read += [
                (case_id, item.id, extraction.brief(case, item))
                for item in items
                if item.state == "pending"
            ]

    def _note(
        self,
        case_id: UUID,
        told: content.Note,
        number: int,
        note_ids: dict[int, UUID],
        age: timedelta,
    ) -> None:
        account = self.accounts[told.author]
        case = self.open_case(case_id, account)
        with self.at(age, account) as uow:
            note_ids[number] = notes.add(uow, case, notes.Text(told.title, told.body, told.tags))

    def _edit(
        self, case_id: UUID, told: content.Note, edit: content.Edit, note_id: UUID, age: timedelta
    ) -> None:
        account = self.accounts[edit.author]
        case = self.open_case(case_id, account)
        with self.at(age, account) as uow:
            base = notes.get(uow.session, case, note_id).version
            notes.save(uow, case, note_id, notes.Text(told.title, edit.body, told.tags), base)

    def _read_files(self) -> None:
        def read(one: tuple[UUID, UUID, bytes]) -> None:
            case_id, item_id, told = one
            extraction.read_text(self.resources, {"case": case_id, "item": item_id}, told)

        with ThreadPoolExecutor(READERS) as pool:
            for number, _done in enumerate(pool.map(read, self.to_read), start=1):
                self.tell("files", number, len(self.to_read))

    def _index(self) -> None:
        with self.resources.database.reading() as session:
            leads = session.execute(
                select(CaseSeat.case_id, CaseSeat.user_id).where(CaseSeat.role == Seat.LEAD)
            ).all()
        by_id = {account.id: account for account in self.accounts.values()}
        for number, (case_id, user_id) in enumerate(leads, start=1):
            indexing.catch_up(self.resources, self.open_case(case_id, by_id[user_id]))
            self.tell("search", number, len(leads))


def clear_half_made(settings: Settings) -> None:
    """Remove what a sample that was interrupted while being made has left."""
    for suffix in ("", "-wal", "-shm"):
        settings.database_path.with_name(settings.database_path.name + suffix).unlink(
            missing_ok=True
        )
    for folder in (settings.index_folder, settings.instance / "vault"):
        shutil.rmtree(folder, ignore_errors=True)


def sign_ins(resources: Resources, now: datetime) -> list[dict[str, Any]]:
    """Return everybody of the sample with password, roles and the cases they have a seat on."""
    passwords = {person.username: person.password for person in content.load().people}
    with resources.database.reading() as session:
        users = session.scalars(select(User).order_by(User.created_at, User.username)).all()
        rows = session.execute(
            select(CaseSeat.user_id, CaseSeat.role, CaseSeat.ends_at, Case.id, Case.codename)
            .join(Case, Case.id == CaseSeat.case_id)
            .order_by(Case.created_at)
        ).all()
    return [
        {
            "username": user.username,
            "password": passwords[user.username],
            "recovery_code": recovery_code(user.username),
            "roles": user.roles.split(),
            "cases": [
                {"id": str(row.id), "codename": row.codename, "seat": row.role}
                for row in rows
                if row.user_id == user.id and (row.ends_at is None or row.ends_at > now)
            ],
        }
        for user in users
        if user.username in passwords
    ]
