"""Pages people open all day, against the same bytes from a bare view, and while others sign in."""

from __future__ import annotations

import threading
import time
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from casefile.notes import service as notes
from tests.bench import servers
from tests.bench.client import Browser
from tests.bench.corpus import Corpus
from tests.bench.filling import add_notes, fill
from tests.bench.measure import Row, in_turn, milliseconds, p95, ratio, tell, timed
from tests.bench.newsroom import PASSWORD, Newsroom

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from casefile.uow import Resources
    from tests.bench.measure import Scale
    from tests.bench.newsroom import Colleague

LISTED = 2000
CASES = 20
MEMBERS = 5
SIGNING_IN = 4
WINDOWS = 5


def _large_case(room: Newsroom, resources: Resources, members: list[Colleague]) -> UUID:
    case_id = room.new_case(resources, members)
    lead = members[0]
    said = Corpus(LISTED, 1, seed=3).notes(0)
    texts = [notes.Text(note.title, note.text, note.tags) for note in said]
    add_notes(resources, room.open_case(resources, case_id, lead), lead, texts)
    room.add_files(resources, case_id, lead, 10)
    return case_id


def run(folder: Path, scale: Scale) -> list[Row]:
    """Open the case page, the desk and a list of 2,000 notes, each by turns with its bytes."""
    tell(f"pages: a newsroom with {CASES} cases, one of them with {LISTED:,} notes")
    room = Newsroom(folder / "instance", MEMBERS)
    with room.opened() as resources:
        fill(room, resources, count=10 * CASES, cases=CASES, seated=CASES - 1, indexed=False)
        case_id = _large_case(room, resources, room.people)
        secret = room.session(resources, room.people[1])
    paths = {
        "case page": f"/cases/{case_id}/",
        "desk": "/",
        f"list of {LISTED:,} notes": f"/cases/{case_id}/notes/",
    }
    rows = []
    with servers.casefile(room.settings.instance) as server, servers.plain(folder) as bare:
        mine, theirs = Browser(server.port, secret), Browser(bare.port)
        for number, (name, path) in enumerate(paths.items()):
            tell(f"pages: {name}, {scale.pages} times each")
            content = mine.get(path)
            theirs.send("PUT", f"/page/{number}", content)
            acts = [partial(mine.get, path), partial(theirs.get, f"/page/{number}")]
            measured, said = ratio(*in_turn(acts, scale.pages, warm=20))
            rows.append(
                Row(
                    f"{name}, against a bare view with its bytes",
                    measured,
                    5,
                    f"{said}, {len(content) / 1024:.0f} KiB",
                )
            )
    return rows


def run_while_signing_in(folder: Path, scale: Scale) -> list[Row]:
    """Open pages with and without four people who sign in all the time."""
    tell(f"signing in: a newsroom where {SIGNING_IN} people do nothing else")
    default = 128
    room = Newsroom(folder / "instance", SIGNING_IN + 2, password_mb=default)
    with room.opened() as resources:
        reader = room.people[1]
        case_id = _large_case(room, resources, [room.people[0], reader])
        secret = room.session(resources, reader)
    paths = [f"/cases/{case_id}/", "/", f"/cases/{case_id}/notes/"]
    quiet: list[float] = []
    busy: list[float] = []
    with servers.casefile(room.settings.instance) as server:
        browser = Browser(server.port, secret)
        for path in paths * 10:
            browser.get(path)
        crowd = Crowd(server.port, room.people[2:])
        for _ in range(WINDOWS):
            quiet += _open(browser, paths, scale.pages // len(paths))
            with crowd:
                busy += _open(browser, paths, scale.pages // len(paths))
    return [
        Row(
            f"pages while {SIGNING_IN} others sign in, p95 against p95 without",
            p95(busy) / p95(quiet),
            1.5,
            f"{milliseconds(p95(busy))} / {milliseconds(p95(quiet))}, {crowd.done} sign-ins",
        )
    ]


def _open(browser: Browser, paths: list[str], times: int) -> list[float]:
    return [timed(partial(browser.get, path)) for _ in range(times) for path in paths]


class Crowd:
    """People who sign in one after the other, each from an address of their own, inside `with`."""

    def __init__(self, port: int, people: list[Colleague]) -> None:
        self._port = port
        self._people = people
        self._failed: list[BaseException] = []
        self.done = 0

    def __enter__(self) -> None:
        self._leave = threading.Event()
        self._arrived = threading.Barrier(len(self._people) + 1)
        self._threads = [
            threading.Thread(target=self._sign_in, args=(person, f"127.0.0.{number}"))
            for number, person in zip(count(2), self._people)
        ]
        for thread in self._threads:
            thread.start()
        self._arrived.wait()
        time.sleep(0.05)

    def __exit__(self, *_error: object) -> None:
        self._leave.set()
        for thread in self._threads:
            thread.join()
        if self._failed:
            raise self._failed[0]

    def _sign_in(self, person: Colleague, address: str) -> None:
        self._arrived.wait()
        try:
            while not self._leave.is_set():
                browser = Browser(self._port, address=address)
                browser.sign_in(person.username, PASSWORD)
                browser.close()
                self.done += 1
        except BaseException as error:  # noqa: BLE001 - raised again where the block ends
            self._failed.append(error)
