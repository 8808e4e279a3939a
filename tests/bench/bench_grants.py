"""The grants: the grid of a large programme against a small one, an import, and a workbook."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import update

from casefile.accounts.models import User
from casefile.grants import awards, exports, importing, ladders, taking_over
from casefile.grants.award_models import Award, Milestone
from casefile.grants.models import Programme
from casefile.uow import UnitOfWork
from tests.bench import servers
from tests.bench.client import Browser
from tests.bench.measure import Row, in_turn, ratio, tell, timed
from tests.bench.newsroom import Newsroom

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from casefile.uow import Resources
    from tests.bench.measure import Scale

LARGE, SMALL, STEPS = 500, 10, 7
IMPORTED = 5_000
WRITTEN = 10_000
AT_ONCE = 50
GRID, RATE, WORKBOOK = 3, 1_000, 1.5


def run(folder: Path, scale: Scale) -> list[Row]:
    return [_grid(folder, scale), _imported(folder), _workbook(scale)]


def _grid(folder: Path, scale: Scale) -> Row:
    """Open the first page of the grid, by turns with 500 awards and with 10."""
    tell(f"grants: the grid with {LARGE} awards × {STEPS} milestones, and with {SMALL}")
    rooms = [_awarded(folder / str(count), count) for count in (LARGE, SMALL)]
    with (
        servers.casefile(rooms[0][0].settings.instance) as one,
        servers.casefile(rooms[1][0].settings.instance) as other,
    ):
        large, small = Browser(one.port, rooms[0][1]), Browser(other.port, rooms[1][1])
        path = "/grants/overview"
        acts = [partial(large.get, path), partial(small.get, path)]
        measured, said = ratio(*in_turn(acts, scale.pages, warm=20))
    what = f"programme grid, {LARGE} awards × {STEPS} milestones against {SMALL} awards"
    return Row(what, measured, GRID, said)


def _manager(folder: Path) -> Newsroom:
    room = Newsroom(folder, 1)
    with room.opened() as resources, resources.database.writing() as session:
        session.execute(update(User).values(roles="admin editor grant_manager"))
        session.commit()
    return room


def _awarded(folder: Path, count: int) -> tuple[Newsroom, bytes]:
    room = _manager(folder)
    with room.opened() as resources:
        programme = _programme(resources, room)
        for start in range(0, count, AT_ONCE):
            _add_awards(resources, room, programme, range(start, min(count, start + AT_ONCE)))
        with resources.database.writing() as session:
            session.execute(update(Award).values(state="active"))
            session.execute(update(Milestone).values(state="due"))
            session.commit()
        return room, room.session(resources, room.people[0])


def _programme(resources: Resources, room: Newsroom) -> UUID:
    lead = room.people[0]
    words = {f"{a}_{b}": "" for a in ("title", "summary") for b in ("ky", "ru", "en")}
    with UnitOfWork(resources, lead.id, lead.bundle) as uow:
        row = Programme(
            id=uuid4(),
            code="TRACK",
            **words,
            iati_identifier="",
            status="2",
            starts_precision="day",
            ends_precision="day",
            version=1,
            created_at=uow.now,
            changed_at=uow.now,
        )
        uow.session.add(row)
        return row.id


def _add_awards(resources: Resources, room: Newsroom, programme: UUID, numbers: range) -> None:
    lead = room.people[0]
    shares = [Decimal(40), *[Decimal(10)] * (STEPS - 1)]
    steps = [
        ladders.Step(f"Step {at}", date(2026, 6 + at % 6, 1), "As agreed", ("E2",), share)
        for at, share in enumerate(shares)
    ]
    with UnitOfWork(resources, lead.id, lead.bundle) as uow:
        for number in numbers:
            terms: dict[str, Any] = {
                "programme_id": programme,
                "codename": f"amber-{number:04}",
                "reference": f"TR-{number}",
                "contract_type": "grant",
                "amount": Decimal("1000.00"),
                "currency": "USD",
                "starts_on": date(2026, 1, 1),
                "ends_on": date(2026, 12, 31),
                "exclusion": "totals",
                "conditions": "",
            }
            awards.create(uow, terms, steps)


def _imported(folder: Path) -> Row:
    """Read a list of 5,000 projects and write it, as `casefile grants import --apply` does."""
    tell(f"grants: an import of {IMPORTED:,} rows")
    room = _manager(folder / "import")
    lines = [
        f"Bridge number {at},Northern Fund,Agency; Office,Foundation {at % 40},2020,2024-12,{at} metres"
        for at in range(IMPORTED)
    ]
    text = "\n".join(["title,funding,extending,implementing,start,end,figures", *lines])
    lead = room.people[0]
    told: list[int] = []

    def take_over() -> None:
        with resources.database.reading() as session:
            found = importing.preview(session, "projects", text, "")
        with UnitOfWork(resources, lead.id, lead.bundle) as uow:
            taking_over.apply(uow, found, target=None, tell=lambda _w, at, _of: told.append(at))

    with room.opened() as resources:
        seconds = timed(take_over)
    said = f"{seconds:.2f} s, {len(told)} times told how far"
    return Row(
        f"import of {IMPORTED:,} rows", IMPORTED / seconds, RATE, said, " rows/s", at_least=True
    )


def _workbook(scale: Scale) -> Row:
    """Write 10,000 rows, by turns with XlsxWriter alone writing the same cells."""
    tell(f"grants: a workbook of {WRITTEN:,} rows")
    rounds = 3 if scale.quick else 9
    acts = [lambda: exports.write_xlsx(_table(), "Awards"), _bare]
    measured, said = ratio(*in_turn(acts, rounds))
    return Row(f"workbook of {WRITTEN:,} rows against XlsxWriter alone", measured, WORKBOOK, said)


def _table() -> Iterator[list[Any]]:
    at = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
    yield ["Award", "Organisation", "Due", "Changed", "Number", "Amount", "Currency"]
    for number in range(WRITTEN):
        yield [
            f"amber-{number}",
            f"Foundation {number % 40}",
            at.date(),
            at,
            number,
            Decimal(number) / 4,
            "USD",
        ]


def _bare() -> bytes:
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "remove_timezone": True})
    sheet = book.add_worksheet("Awards")
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for at, row in enumerate(_table()):
        for column, cell in enumerate(row):
            if isinstance(cell, date):
                sheet.write_datetime(at, column, cell, day)
            else:
                sheet.write(at, column, cell)
    book.close()
    return out.getvalue()
