"""A bag on its way out: made block by block while it is sent, and on record however it ends."""

from __future__ import annotations

import logging
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Final

from casefile import audit
from casefile.audit.exports import script
from casefile.bags import about, lists, service
from casefile.bags.packing import Bag, Packed
from casefile.cases.access import NO_CASE
from casefile.errors import BusyError, CasefileError, DamagedError, NotFoundError
from casefile.evidence import custody
from casefile.evidence import service as evidence
from casefile.sandbox import ExtractionError, making
from casefile.uow import UnitOfWork

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from uuid import UUID

    from casefile.audit.extracts import Extract
    from casefile.bags.choosing import Plan
    from casefile.bags.service import Begun
    from casefile.cases.access import OpenCase
    from casefile.evidence.service import EvidenceView
    from casefile.uow import Resources

log = logging.getLogger(__name__)
BATCH: Final = 100
# Each holds one of the server's threads for as long as it takes.
AT_ONCE: Final = 4
TRIES: Final = 60
TRY_AGAIN_SECONDS: Final = 1
_LANES = BoundedSemaphore(AT_ONCE)
BUSY: Final = (
    "Several evidence bags are being sent just now. Nothing was exported; try again in a while."
)
LEFT, STOPPED, SEAT, FAILED = "left", "stopped", "seat", "failed"


class SeatGoneError(ConnectionAbortedError):
    """Whoever was being sent a bag may not have it any more."""


@dataclass(frozen=True, slots=True)
class Page:
    """A dossier as it goes into a bag."""

    folder: str
    name: str
    html: str
    to_print: str


@dataclass(slots=True)
class Job:
    """All that a bag is made of, taken along out of the request."""

    resources: Resources
    case: OpenCase
    person_id: UUID
    allowed: Callable[[], bool]
    plan: Plan
    begun: Begun
    pages: Sequence[Page]
    stylesheet: str
    unprinted: list[str] = field(default_factory=list)
    now_at: EvidenceView | None = None
    sent: bool = False

    @property
    def folder(self) -> str:
        return f"{self.case.codename}-{self.begun.code}"


def take_lane() -> None:
    """Take one of the few places. BusyError when all are taken; `Sending` gives it back."""
    if not _LANES.acquire(blocking=False):
        raise BusyError(BUSY)


def leave_lane() -> None:
    _LANES.release()


class Sending:
    """The body of the answer. Closed before its end, begun or not, it says so in the trail."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._blocks = _blocks(job)
        self._open = True
        self._first = b""

    def start(self) -> Sending:
        """Make the first block, while a refusal can still be answered with a page that says why."""
        try:
            self._first = next(self)
        except SeatGoneError as error:
            raise NotFoundError(NO_CASE) from error
        return self

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._first:
            first, self._first = self._first, b""
            return first
        try:
            return next(self._blocks)
        except StopIteration:
            self._end(FAILED)
            raise
        except BaseException as error:
            self._end(_why(error))
            raise

    def close(self) -> None:
        try:
            self._blocks.close()
        finally:
            self._end(LEFT)

    def _end(self, why: str) -> None:
        if not self._open:
            return
        self._open = False
        leave_lane()
        job = self._job
        if job.sent:
            return
        item = job.now_at if why == STOPPED else None
        try:
            with UnitOfWork(job.resources, job.person_id) as uow:
                service.interrupt(uow, job.case, job.begun, why, item)
        except CasefileError as error:
            log.warning("end_of_bag_not_recorded", extra={"error": type(error).__name__})


def _why(error: BaseException) -> str:
    if isinstance(error, SeatGoneError):
        return SEAT
    return STOPPED if isinstance(error, DamagedError) else FAILED


def _blocks(job: Job) -> Generator[bytes]:
    bag = Bag(job.folder, job.begun.at)
    yield from _evidence(job, bag)
    yield from _custody(job, bag)
    yield from _stories(job, bag)
    yield from _notes(job, bag)
    yield from bag.tag("README.txt", _readme(job))
    yield from bag.tag("check_bag.py", Path(__file__).with_name("check_bag.py").read_bytes())
    yield from bag.tag("verify_export.py", script().encode())
    yield from bag.tag("bag-info.txt", _info(job, bag))
    held = b""
    for block in bag.finish():
        if held:
            yield held
        held = block
    # Without the last block there is neither bag nor ZIP file: whoever gets it is on record as having it.
    _check(job)
    with UnitOfWork(job.resources, job.person_id) as uow:
        service.end(uow, job.case, job.begun, sha256=bag.sha256, size=bag.size)
    job.sent = True
    yield held


def _check(job: Job) -> None:
    if not job.allowed():
        msg = "the seat ended while the bag was sent"
        raise SeatGoneError(msg)


def _evidence(job: Job, bag: Bag) -> Iterator[bytes]:
    items = job.plan.items
    for start in range(0, len(items), BATCH):
        _check(job)
        some = items[start : start + BATCH]
        with job.resources.database.reading() as session:
            rows = {
                row.id: row
                for row in evidence.get_many(session, job.case, [item.id for item in some])
            }
        for item in some:
            job.now_at = item
            if item.id not in rows:
                msg = "A file was taken out of the case while the bag was made."
                raise DamagedError(msg)
            part = custody.open_part(
                job.resources, job.case, rows[item.id], start=None, stop=None, allowed=job.allowed
            )
            yield from _file(bag, item, part)
            job.now_at = None


def _file(bag: Bag, item: EvidenceView, part: custody.Part) -> Iterator[bytes]:
    wanted = Packed("", item.size, item.sha256, item.sha512)
    if part.size != item.size:
        msg = "A file is not as long as it was when it was put on record."
        raise DamagedError(msg)
    with closing(part.blocks):  # type: ignore[type-var]
        try:
            yield from bag.payload(lists.path(item), part.blocks, wanted)
        except ConnectionAbortedError as error:
            raise SeatGoneError(str(error)) from error


def _custody(job: Job, bag: Bag) -> Iterator[bytes]:
    items = job.plan.items
    yield from bag.payload("custody/evidence.jsonl", (job.begun.evidence,))
    yield from bag.payload("custody/evidence.csv", lists.table(items))
    extract = _extract(job)
    proofs: list[bytes] = []

    def logged() -> Iterator[bytes]:
        yield (lists.BOM + lists.row(lists.LOG_COLUMNS)).encode()
        for start in range(0, len(items), BATCH):
            codes = {item.id: item.code for item in items[start : start + BATCH]}
            with job.resources.database.reading() as session:
                shown, proven = lists.log(session, job.case, codes, extract, job.begun.sequence)
            proofs.append(proven)
            yield shown

    yield from bag.payload("custody/log.csv", logged())
    if extract is not None:
        yield from _proofs(job, bag, extract, proofs)


def _extract(job: Job) -> Extract | None:
    if not job.begun.note:
        return None
    with job.resources.database.reading() as session:
        return audit.extracts.Extract(session, job.resources, job.begun.note)


def _proofs(job: Job, bag: Bag, extract: Extract, proofs: list[bytes]) -> Iterator[bytes]:
    yield from bag.payload("custody/proofs.jsonl", proofs)
    with job.resources.database.reading() as session:
        own = extract.proof_text(session, job.begun.sequence)
    yield from bag.payload("custody/export.tlog-proof", (own.encode(),))
    yield from bag.payload("custody/key.txt", (f"{extract.verifier}\n".encode(),))
    kept = [{"size": size, "note": extract.notes[size]} for size in sorted(extract.used)]
    yield from bag.payload("custody/checkpoints.jsonl", map(lists.line, kept))
    stamped = sorted(extract.used & extract.stamps.keys())
    for size in stamped:
        yield from bag.payload(f"custody/stamps/{size}.tsr", (extract.stamps[size],))
    if stamped:
        try:
            roots = audit.stamps.roots(job.resources)
        except CasefileError:
            return
        yield from bag.payload("custody/stamps/trusted.pem", (roots,))


def _stories(job: Job, bag: Bag) -> Iterator[bytes]:
    for folder in dict.fromkeys(page.folder for page in job.pages):
        yield from bag.payload(f"stories/{folder}/dossier.css", (job.stylesheet.encode(),))
    for page in job.pages:
        where = f"stories/{page.folder}/{page.name}"
        yield from bag.payload(f"{where}.html", (page.html.encode(),))
    for page in job.pages:
        _check(job)
        content = _printed(job, page)
        if content:
            where = f"stories/{page.folder}/{page.name}.pdf"
            yield from bag.payload(where, (content,))


def _printed(job: Job, page: Page) -> bytes:
    """Return the PDF; without one the bag is whole too, and says why there is none."""
    for _ in range(TRIES):
        try:
            return making.paper(page.to_print, job.stylesheet)
        except BusyError:
            time.sleep(TRY_AGAIN_SECONDS)
        except ExtractionError as error:
            job.unprinted.append(f"{page.folder}/{page.name}: {error.reason.value}")
            return b""
    job.unprinted.append(f"{page.folder}/{page.name}: the press was busy")
    return b""


def _notes(job: Job, bag: Bag) -> Iterator[bytes]:
    for note in job.plan.notes:
        about_it = f"{note.author_name}, {lists.utc(note.changed_at)}"
        content = f"# {note.title}\n\n{note.body}\n\n---\nN-{note.number} · {about_it}\n"
        yield from bag.payload(f"notes/N-{note.number}.md", (content.encode(),))


def _readme(job: Job) -> bytes:
    proven = bool(job.begun.note)
    return about.readme(job.folder, job.plan.damaged, job.unprinted, proven=proven)


def _info(job: Job, bag: Bag) -> bytes:
    pairs = [
        ("Bag-Software-Agent", about.AGENT),
        ("Bagging-Date", lists.utc(job.begun.at)[:10]),
        ("External-Identifier", job.folder),
        ("Internal-Sender-Identifier", str(job.begun.id)),
        ("Payload-Oxum", bag.oxum),
        ("Casefile-Audit-Entry", str(job.begun.sequence)),
        ("Casefile-Proofs", "yes" if job.begun.note else "none: the audit trail did not hold"),
    ]
    pairs += [("Casefile-Left-Out", f"{one.code} ({one.reason})") for one in job.plan.damaged]
    pairs += [("Casefile-Without-PDF", one) for one in job.unprinted]
    return about.info(pairs)
