"""The trail for others to check: all of it in one file, or the proof that one entry is in it."""

from __future__ import annotations

import base64
import json
import os
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from casefile.audit import checkpoints, stamps, tree
from casefile.audit.chain import record
from casefile.audit.examination import examine
from casefile.audit.merkle import inclusion_proof
from casefile.audit.models import Checkpoint, Entry, Stamp
from casefile.errors import CasefileError, ConflictError, InvalidError, NotFoundError
from casefile.uow import UnitOfWork

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import IO

    from sqlalchemy.orm import Session

    from casefile.audit.models import EntryRow
    from casefile.uow import Resources

BATCH = 2000
SCRIPT = "verify_export.py"
README = """The audit trail of a newsroom, {size} entries, to be checked without its server.

    python3 {script} THIS_FILE.zip

entries.jsonl       one entry a line; what happened inside cases stays sealed
checkpoints.jsonl   the checkpoints (c2sp.org/tlog-checkpoint)
key.txt             the key that signed them; compare it with the one the newsroom tells you
stamps/             time-stamps of an outside authority (RFC 3161) over single checkpoints
stamps/trusted.pem  the certificates the newsroom trusts for that; choose your own if you can
"""


def to_json(entry: EntryRow) -> dict[str, Any]:
    """Return an entry as an export has it: every field that its hash covers."""
    return {
        "sequence": entry.sequence,
        "at": entry.at.isoformat(timespec="microseconds"),
        "actor_id": str(entry.actor_id) if entry.actor_id else None,
        "action": entry.action,
        "case_id": str(entry.case_id) if entry.case_id else None,
        "subject_id": str(entry.subject_id) if entry.subject_id else None,
        "generation": entry.generation,
        "detail": base64.b64encode(entry.detail).decode() if entry.detail is not None else None,
        "previous_hash": entry.previous_hash.hex(),
        "hash": entry.hash.hex(),
    }


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that is not there yet, for its owner only; nothing is left when it fails.

    Raises ConflictError when there is one; an OSError names the place.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        msg = f"{path} is there already, and nothing is overwritten. Name another file."
        raise ConflictError(msg) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@dataclass(frozen=True, slots=True)
class Exported:
    """How many entries were written, what is wrong with the trail, why no stamp came."""

    entries: int
    broken: str
    unstamped: str


def export(resources: Resources, path: Path) -> Exported:
    """Write everything into one ZIP file. A broken trail is written as it is, and said to be."""
    with new_file(path) as file:
        broken = "" if examine(resources).holds else "The trail is broken: casefile audit verify."
        with UnitOfWork(resources, None) as uow:
            record(uow, "trail.exported")
            try:
                checkpoints.sign(uow)
            except ConflictError as error:
                broken = error.message
        unstamped = "" if broken else _stamped_now(resources)
        with resources.database.reading() as session, zipfile.ZipFile(file, "w") as archive:
            entries = _write(resources, session, archive)
    return Exported(entries, broken, unstamped)


def _stamped_now(resources: Resources) -> str:
    """Try to get the stamp of the checkpoint just signed; say why not."""
    if not resources.settings.timestamp_url:
        return ""
    for _size, reason in stamps.work_off(resources, now=True):
        return reason
    return ""


def _write(resources: Resources, session: Session, archive: zipfile.ZipFile) -> int:
    verifier = checkpoints.signer(resources).verifier
    notes = session.execute(select(Checkpoint.size, Checkpoint.note).order_by(Checkpoint.size))
    kept = [{"size": row.size, "note": row.note} for row in notes]
    size = tree.size(session)

    def put(name: str, content: str | bytes) -> None:
        archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)

    put("README.txt", README.format(size=size, script=SCRIPT))
    put(SCRIPT, script())
    put("key.txt", f"{verifier}\n")
    put("checkpoints.jsonl", "".join(f"{_line(note)}\n" for note in kept))
    for row in session.scalars(select(Stamp).where(Stamp.state == "done").order_by(Stamp.size)):
        put(f"stamps/{row.size}.tsr", row.answer or b"")
    if resources.settings.timestamp_roots:
        try:
            put("stamps/trusted.pem", stamps.roots(resources))
        except CasefileError:
            put("stamps/README.txt", "The newsroom's certificates could not be read.\n")
    info = zipfile.ZipInfo("entries.jsonl")
    info.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(info, "w", force_zip64=True) as out:
        for entry in _entries(session, size):
            out.write(f"{_line(to_json(entry))}\n".encode())
    return size


def _line(thing: object) -> str:
    return json.dumps(thing, ensure_ascii=False, separators=(",", ":"))


def _entries(session: Session, size: int) -> Iterator[Entry]:
    after = 0
    while rows := session.scalars(
        select(Entry)
        .where(Entry.sequence > after, Entry.sequence <= size)
        .order_by(Entry.sequence)
        .limit(BATCH)
    ).all():
        yield from rows
        after = rows[-1].sequence
        session.expunge_all()


def script() -> str:
    """Return the program that checks exports and proofs by itself."""
    return Path(__file__).with_name(SCRIPT).read_text(encoding="utf-8")


def prove(resources: Resources, sequence: int) -> str:
    """Return the proof that an entry is in the trail (c2sp.org/tlog-proof), with the entry itself.

    Raises NotFoundError for a number that no entry has.
    """
    with UnitOfWork(resources, None) as uow:
        entry = uow.session.get(Entry, sequence) if 0 < sequence < 2**63 else None
        if entry is None:
            msg = f"There is no entry {sequence}: the trail ends at {tree.size(uow.session)}."
            raise NotFoundError(msg)
        last = checkpoints.newest(uow.session, checkpoints.signer(resources).verifier)
        covered = last is not None and last[0].size >= sequence
        note = last[1] if last and covered else checkpoints.sign(uow)
        head = checkpoints.read(note, checkpoints.signer(resources).verifier)
        try:
            path = inclusion_proof(sequence - 1, head.size, tree.hashes_of(uow.session))
        except tree.MissingError as missing:
            msg = f"Entry {missing} is missing, so nothing can be proved. Run `casefile audit verify`."
            raise InvalidError(msg) from None
        told = to_json(entry)
    return proof_text(told, [base64.b64encode(hashed).decode() for hashed in path], note)


def proof_text(entry: dict[str, Any], path: Sequence[str], note: str) -> str:
    """Write a proof as the format wants it."""
    extra = base64.b64encode(_line(entry).encode()).decode()
    lines = ["c2sp.org/tlog-proof@v1", f"extra {extra}", f"index {entry['sequence'] - 1}"]
    return "\n".join([*lines, *path, "", note])
