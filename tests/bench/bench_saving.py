"""Saving notes: in a small newsroom and in large ones, alone and eight at once."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from casefile.notes.models import Note
from tests.bench import servers
from tests.bench.client import Browser
from tests.bench.corpus import Corpus
from tests.bench.filling import fill
from tests.bench.measure import Row, in_turn, milliseconds, p95, ratio, tell
from tests.bench.newsroom import Newsroom

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

    from tests.bench.measure import Scale

SEATED = 20
PEOPLE = 8
WARM = 8
WORDS = (
    "Alpha",
    "Bravo",
    "Charlie",
    "Delta",
    "Echo",
    "Foxtrot",
    "Golf",
    "Hotel",
    "India",
    "Juliet",
)


class Writer:
    """Somebody who saves one note after the other, in each of their cases by turns."""

    def __init__(self, browser: Browser, case_ids: list[UUID], mark: str) -> None:
        self._browser = browser
        self._paths = cycle([f"/cases/{case_id}/notes/" for case_id in case_ids])
        self._texts = _texts(mark)
        self.saved = 0
        browser.take_token(f"/cases/{case_ids[0]}/notes/new")

    def save(self) -> None:
        title, body = next(self._texts)
        self._browser.post(next(self._paths), title=title, body=body, tags="bank, court")
        self.saved += 1


def _texts(mark: str) -> Iterator[tuple[str, str]]:
    for note in cycle(Corpus(200, 1, seed=2).notes(0)):
        yield f"{mark} {note.title}", f"{note.text} {mark}"


def _word(number: int) -> str:
    """Return a word that no other note has and no language bends."""
    return "qx" + "".join(WORDS[int(digit)] for digit in str(number)).lower()


def run(folder: Path, scale: Scale) -> list[Row]:
    """Save in newsrooms of different sizes by turns."""
    with ExitStack() as stack:
        writers, lost = [], 0
        for number, count in enumerate(scale.notes):
            tell(f"saving: a newsroom with {count:,} notes in {scale.cases} cases")
            room = Newsroom(folder / str(count), 2)
            with room.opened() as resources:
                made = fill(room, resources, count=count, cases=scale.cases, seated=SEATED)
                secret = room.session(resources, room.people[1])
            server = stack.enter_context(servers.casefile(room.settings.instance))
            writers.append((Browser(server.port, secret), made.seated, _word(number)))
        acting = [Writer(browser, cases, word) for browser, cases, word in writers]
        tell(f"saving: {scale.saves} notes in each, by turns")
        times = in_turn([writer.save for writer in acting], scale.saves, warm=SEATED + WARM)
        for writer, (browser, _cases, word) in zip(acting, writers, strict=True):
            lost += writer.saved - browser.found(word)
    if lost:
        msg = f"{lost} of the saved notes are not found by search"
        raise RuntimeError(msg)
    rows = []
    for count, bar, taken in zip(scale.notes[1:], (1.3, 1.5), times[1:], strict=True):
        measured, said = ratio(taken, times[0])
        what = f"save a note among {count:,}, against {scale.notes[0]:,}"
        rows.append(Row(what, measured, bar, f"{said}, p95 {milliseconds(p95(taken))}"))
    return rows


def run_together(folder: Path, scale: Scale) -> list[Row]:
    """Save alone, then eight people at once, several times, all in one case."""
    tell(f"saving together: a newsroom of {PEOPLE}")
    room = Newsroom(folder / "instance", PEOPLE)
    with room.opened() as resources:
        case_id = room.new_case(resources, room.people)
        secrets = [room.session(resources, person) for person in room.people]
    with servers.casefile(room.settings.instance) as server:
        browsers = [Browser(server.port, secret) for secret in secrets]
        writers = [Writer(browser, [case_id], _word(5)) for browser in browsers]
        alone, together = _Times(), _Times()
        _all_at_once(writers, WARM, _Times())
        for _ in range(3):
            _all_at_once(writers[:1], scale.saves, alone)
            _all_at_once(writers, scale.saves // 4, together)
        found = browsers[0].found(_word(5))
    saved = sum(writer.saved for writer in writers)
    with room.opened() as resources, resources.database.reading() as session:
        kept = session.scalar(select(func.count()).select_from(Note).where(Note.case_id == case_id))
    lost = max(saved - found, saved - (kept or 0))
    waits = f"p95 {milliseconds(p95(together.each))} / {milliseconds(p95(alone.each))}"
    return [
        Row(
            f"{PEOPLE} people saving at once, saves a second against one",
            together.rate / alone.rate,
            1,
            f"{together.rate:.0f} / {alone.rate:.0f} a second",
            at_least=True,
        ),
        Row("  how long each waits", p95(together.each) / p95(alone.each), 12, waits),
        Row("  saves lost", lost, 0, f"{saved} saved, {found} found by search", "notes"),
    ]


class _Times:
    def __init__(self) -> None:
        self.each: list[float] = []
        self.whole = 0.0

    @property
    def rate(self) -> float:
        return len(self.each) / self.whole


def _all_at_once(writers: list[Writer], saves: int, times: _Times) -> None:
    failed: list[BaseException] = []
    gate = threading.Barrier(len(writers) + 1)
    threads = [
        threading.Thread(target=partial(_save, writer, saves, gate, times, failed))
        for writer in writers
    ]
    for thread in threads:
        thread.start()
    gate.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    times.whole += time.perf_counter() - began
    if failed:
        raise failed[0]


def _save(
    writer: Writer,
    saves: int,
    gate: threading.Barrier,
    times: _Times,
    failed: list[BaseException],
) -> None:
    gate.wait()
    try:
        for _ in range(saves):
            began = time.perf_counter()
            writer.save()
            times.each.append(time.perf_counter() - began)
    except BaseException as error:  # noqa: BLE001 - raised again where the threads are joined
        failed.append(error)
