"""Sessions and seats: what a request pays for its keys, a sign-in for its cases, a removal for size."""

from __future__ import annotations

import statistics
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import insert, select, update

from casefile import keys
from casefile.accounts import sessions
from casefile.cases import access, receipts, seats
from casefile.cases import service as cases
from casefile.cases.models import Case, CaseSeat
from casefile.evidence.models import Item
from casefile.notes import service as written
from casefile.policy import Seat
from casefile.uow import UnitOfWork
from casefile.web import Person, Visit
from tests.bench.corpus import Corpus
from tests.bench.filling import add_notes
from tests.bench.measure import MILLI, Row, milliseconds, ratio, tell, timed
from tests.bench.newsroom import Newsroom

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from casefile.uow import Resources
    from tests.bench.measure import Scale
    from tests.bench.newsroom import Colleague

GRANTS = 200
OPENINGS = 400
NOTES, FILES, SEATED = 20_000, 5_000, 6


def run(folder: Path, scale: Scale) -> list[Row]:
    """Measure in this process, without a server in between."""
    room = Newsroom(folder / "instance", SEATED)
    with room.opened() as resources:
        return [
            _unwrapping(room, resources),
            *_grants(room, resources, 40 if scale.quick else GRANTS),
            _revoking(room, resources, scale),
        ]


def _unwrapping(room: Newsroom, resources: Resources) -> Row:
    tell("sessions: opening one for a request")
    secret = room.session(resources, room.people[1])
    with resources.database.reading() as session:
        act = partial(sessions.open_visit, resources, session, secret)
        times = [timed(act) for _ in range(OPENINGS)]
    middle = statistics.median(times)
    return Row("open a session for a request", middle * MILLI, 0.3, milliseconds(middle), "ms")


def _visit(person: Colleague) -> Visit:
    who = Person(person.id, person.username, person.username, frozenset(), "auto", "")
    return Visit(who, person.bundle, uuid4().bytes * 2, keys.random_key())


def _grants(room: Newsroom, resources: Resources, count: int) -> list[Row]:
    tell(f"sessions: {count} cases of one person")
    founder, reporter = room.people[:2]
    for _ in range(count):
        room.new_case(resources, [founder, reporter])
    now = resources.clock()
    unseen: list[float] = []
    first: list[float] = []
    again: list[float] = []
    for _ in range(8):
        visit = _visit(reporter)
        with resources.database.reading() as session:
            wanted = dict(
                session.execute(
                    select(Case.id, Case.generation)
                    .join(CaseSeat, CaseSeat.case_id == Case.id)
                    .where(CaseSeat.user_id == reporter.id)
                ).all()
            )
            times = first if unseen else unseen
            times.append(timed(partial(access.open_keys, session, visit, wanted)))
            again.append(timed(partial(access.open_keys, session, visit, wanted)))
            found = cases.all_mine(session, visit, now)
        if visit.receipts:
            receipts.keep(resources, visit)
        if len(found) != count:
            msg = f"{len(found)} of {count} cases could be opened"
            raise RuntimeError(msg)
    opened, kept = statistics.median(first), statistics.median(again)
    bar = 60 * count / GRANTS
    return [
        Row(f"open {count} case grants at sign-in", opened * MILLI, bar, "", "ms"),
        Row("  the first time, signatures checked", unseen[0] * MILLI, None, "", "ms"),
        Row("  on the requests after it", kept * MILLI, bar / 10, "from what is kept", "ms"),
    ]


def _revoking(room: Newsroom, resources: Resources, scale: Scale) -> Row:
    notes, files = (2000, 500) if scale.quick else (NOTES, FILES)
    tell(f"sessions: taking seats on a case of {notes:,} notes and {files:,} files")
    founder, *others = room.people
    full, empty = (room.new_case(resources, [founder]) for _ in range(2))
    case = room.open_case(resources, full, founder)
    texts = _texts(notes)
    add_notes(resources, case, founder, texts)
    _add_rows_of_files(room, resources, full, files)
    times: dict[UUID, list[float]] = {full: [], empty: []}
    for _round in range(scale.rounds):
        for case_id in (full, empty):
            for other in others:
                times[case_id].append(_give_and_take(room, resources, case_id, other))
    measured, said = ratio(times[full], times[empty])
    what = f"take a seat among {notes:,} notes and {files:,} files, against none"
    return Row(what, measured, 2, said)


def _texts(count: int) -> list[written.Text]:
    return [written.Text(note.title, note.text, note.tags) for note in Corpus(count, 1).notes(0)]


def _add_rows_of_files(room: Newsroom, resources: Resources, case_id: UUID, count: int) -> None:
    """Put one file on record, and its row many times under other ids: nobody opens them here."""
    founder = room.people[0]
    room.add_files(resources, case_id, founder, 1)
    with UnitOfWork(resources, founder.id, founder.bundle) as uow:
        model = uow.session.scalars(select(Item).where(Item.case_id == case_id)).one()
        columns = {column.key: getattr(model, column.key) for column in Item.__table__.columns}
        rows = [
            {**columns, "id": uuid4(), "number": columns["number"] + number}
            for number in range(1, count)
        ]
        uow.session.execute(insert(Item), rows)
        uow.session.execute(update(Case).where(Case.id == case_id).values(evidence_count=count))


def _give_and_take(room: Newsroom, resources: Resources, case_id: UUID, other: Colleague) -> float:
    founder = room.people[0]
    case = room.open_case(resources, case_id, founder)
    with UnitOfWork(resources, founder.id, founder.bundle) as uow:
        seats.add(uow, case, username=other.username, role=Seat.REPORTER, ends_at=None)
    with resources.database.reading() as session:
        seat_id = session.scalars(
            select(CaseSeat.id).where(CaseSeat.case_id == case_id, CaseSeat.user_id == other.id)
        ).one()
    case = room.open_case(resources, case_id, founder)

    def take() -> None:
        with UnitOfWork(resources, founder.id, founder.bundle) as uow:
            seats.remove(uow, case, seat_id)

    return timed(take)
