"""The whole trail looked over: every entry, every subtree, every checkpoint, every time-stamp."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from casefile.audit import checkpoints, stamps
from casefile.audit.chain import Broken, verify
from casefile.audit.merkle import Growing, leaf_hash
from casefile.audit.models import Checkpoint, Stamp, TreeNode
from casefile.db import table
from casefile.errors import CasefileError, DamagedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from casefile.audit.checkpoints import Head
    from casefile.audit.models import Entry
    from casefile.uow import Resources

_NODE = table(TreeNode)


@dataclass(slots=True)
class Report:
    """What was found. `broken` are entries, `wrong` everything built on them."""

    entries: int = 0
    root: bytes | None = None
    broken: list[Broken] = field(default_factory=list)
    tree: list[str] = field(default_factory=list)
    checkpoints: int = 0
    newest: int = 0
    checkpoint_faults: list[str] = field(default_factory=list)
    stamps: dict[str, int] = field(default_factory=dict)
    stamp_faults: list[str] = field(default_factory=list)
    waiting_because: str = ""

    @property
    def holds(self) -> bool:
        return not (self.broken or self.tree or self.checkpoint_faults or self.stamp_faults)


class _Walk:
    """What is built over the entries while they go by once."""

    def __init__(self, session: Session, report: Report, claims: dict[int, Head]) -> None:
        self._session = session
        self._report = report
        self._claims = claims
        self._tree = Growing()
        self._whole = True
        self._sound = 0
        self.fitting: set[int] = set()

    @property
    def root(self) -> bytes | None:
        return self._tree.root if self._whole else None

    def take(self, entries: Sequence[Entry]) -> None:
        begin, made = self._tree.size, dict[tuple[int, int], bytes]()
        for entry in entries:
            if not self._whole or entry.sequence != self._tree.size + 1:
                self._whole = False
                break
            for level, position, hashed in self._tree.add(leaf_hash(entry.hash)):
                made[level, position] = hashed
            claim = self._claims.get(self._tree.size)
            if claim and claim.root == self._tree.root:
                self.fitting.add(claim.size)
        self._compare(begin, made)

    def _compare(self, begin: int, made: dict[tuple[int, int], bytes]) -> None:
        kept: dict[tuple[int, int], bytes] = {}
        for level in {level for level, _position in made}:
            rows = self._session.execute(
                select(_NODE.c.position, _NODE.c.hash).where(
                    _NODE.c.level == level,
                    _NODE.c.position.between(begin >> level, self._tree.size >> level),
                )
            )
            kept |= {(level, row.position): row.hash for row in rows}
        for (level, position), hashed in sorted(made.items()):
            found = kept.get((level, position))
            if found == hashed:
                self._sound += 1
                continue
            entries = f"entries {(position << level) + 1} to {(position + 1) << level}"
            said = "missing" if found is None else "not made of them"
            self._report.tree.append(f"the hash over {entries} is {said}")

    def end(self) -> None:
        """Find what stands in the table beyond the entries; past a hole nothing can be said."""
        if not self._whole:
            self._report.tree.append(
                f"ends at entry {self._tree.size}: the next one is missing, so nothing after it was checked"
            )
            return
        count = self._session.scalar(select(func.count()).select_from(TreeNode)) or 0
        beyond = count - self._sound - len([f for f in self._report.tree if "not made" in f])
        if beyond:
            self._report.tree.append(f"{beyond} hashes belong to entries that are not there")


def examine(resources: Resources) -> Report:
    """Walk the trail once and compare everything with everything."""
    report = Report()
    verifier = checkpoints.signer(resources).verifier
    with resources.database.reading() as session:
        rows = session.execute(select(Checkpoint.size, Checkpoint.note).order_by(Checkpoint.size))
        notes = {row.size: row.note for row in rows}
        claims = {}
        for size, note in notes.items():
            try:
                claims[size] = checkpoints.read(note, verifier)
            except DamagedError:
                continue
        walk = _Walk(session, report, claims)
        for found in verify(session, show=walk.take):
            if isinstance(found, int):
                report.entries = found
            else:
                report.broken.append(found)
        walk.end()
        report.root = walk.root
        _check_claims(report, notes, claims, walk.fitting)
        _check_stamps(report, resources, session, notes)
    return report


def _check_claims(
    report: Report, notes: dict[int, str], claims: dict[int, Head], fitting: set[int]
) -> None:
    report.checkpoints = len(notes)
    report.newest = max(fitting, default=0)
    for size in notes:
        claim = claims.get(size)
        if claim is None or claim.size != size:
            said = "was not signed by this newsroom"
        elif size > report.entries:
            said = f"covers entries up to {size}, and the trail ends at {report.entries}: the last are gone"
        elif size not in fitting:
            said = "is not of these entries: one up to there was changed, taken out or put in"
        else:
            continue
        report.checkpoint_faults.append(f"checkpoint {size} {said}")


def _check_stamps(
    report: Report, resources: Resources, session: Session, notes: dict[int, str]
) -> None:
    rows = session.scalars(select(Stamp).order_by(Stamp.size)).all()
    for row in rows:
        report.stamps[row.state] = report.stamps.get(row.state, 0) + 1
        if row.state == "pending":
            report.waiting_because = row.reason
    done = [row for row in rows if row.state == "done"]
    if not done:
        return
    try:
        trusted = stamps.roots(resources)
    except CasefileError:
        report.stamps["unchecked"] = len(done)
        return
    for row in done:
        if row.size not in notes:
            report.stamp_faults.append(f"time-stamp {row.size}: its checkpoint is gone")
            continue
        try:
            stamps.check(row, notes[row.size], trusted)
        except CasefileError as error:
            report.stamp_faults.append(f"time-stamp {row.size}: {error.message}")
