"""What lies beside the files in a bag: what each is and where it came from, and what was done with it."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from casefile import audit
from casefile.accounts import service as accounts
from casefile.bags import names
from casefile.errors import DamagedError
from casefile.web.spreadsheets import harmless

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.audit.extracts import Extract
    from casefile.cases.access import OpenCase
    from casefile.evidence.service import EvidenceView

EVIDENCE: Final = "evidence"
COLUMNS: Final = (
    "number", "file", "name", "size", "media_type", "sha256", "sha512", "shows", "obtained_at",
    "obtained_from", "obtained_how", "added_by", "added_at", "withdrawn", "id",
)  # fmt: skip
LOG_COLUMNS: Final = ("entry", "at", "person", "action", "number", "particulars", "sha256_of_entry")
BOM: Final = "\ufeff"


def path(item: EvidenceView) -> str:
    """Return where a file lies below `data/`."""
    return f"{EVIDENCE}/{names.safe(item.code, item.name)}"


def utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def told(item: EvidenceView) -> dict[str, Any]:
    """Return what a bag says of a file. Tags stay in the newsroom."""
    return {
        "number": item.code,
        "file": f"data/{path(item)}",
        "name": item.name,
        "size": item.size,
        "media_type": item.media_type,
        "sha256": item.sha256,
        "sha512": item.sha512,
        "shows": item.shows,
        "obtained_at": item.obtained_at.isoformat() if item.obtained_at else "",
        "obtained_from": item.obtained_from,
        "obtained_how": item.obtained_how,
        "added_by": item.added_by_name,
        "added_at": utc(item.added_at),
        "withdrawn": item.withdrawn,
        "id": str(item.id),
    }


def lines(items: Sequence[EvidenceView]) -> bytes:
    """Return the exact list, one file a line; its SHA-256 stands in the trail."""
    return b"".join(line(told(item)) for item in items)


def line(thing: Mapping[str, Any]) -> bytes:
    return f"{json.dumps(thing, ensure_ascii=False, separators=(',', ':'))}\n".encode()


def table(items: Sequence[EvidenceView]) -> Iterator[bytes]:
    """Yield the same for people: a table that any spreadsheet opens."""
    yield (BOM + row(COLUMNS)).encode()
    for item in items:
        yield row(told(item).values()).encode()


def row(cells: Iterable[object]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow([harmless(str(cell)) for cell in cells])
    return written.getvalue()


def log(
    session: Session,
    case: OpenCase,
    codes: Mapping[UUID, str],
    extract: Extract | None,
    until: int,
) -> tuple[bytes, bytes]:
    """Return what was done with these files: to be read, and to be checked against the trail."""
    found = audit.extracts.entries_of(session, case.id, set(codes), until)
    people = accounts.names(session, {entry.actor_id for entry in found if entry.actor_id})
    shown, proven = [], []
    for entry in found:
        cells = (
            entry.sequence,
            utc(entry.at),
            people.get(entry.actor_id, "") if entry.actor_id else "",
            entry.action,
            codes[entry.subject_id] if entry.subject_id else "",
            particulars(entry, case),
            entry.hash.hex(),
        )
        shown.append(row(cells).encode())
        if extract is not None:
            proven.append(line(extract.prove(session, entry)))
    return b"".join(shown), b"".join(proven)


def particulars(entry: audit.EntryRow, case: OpenCase) -> str:
    """Say what is exact and harmless. What somebody wrote earlier and took out again stays inside."""
    try:
        detail = audit.open_detail(entry, case)
    except DamagedError:
        return "damaged"
    kept = [
        f"{name} {detail[name]}"
        for name in ("sha256", "size", "from", "to", "as")
        if name in detail
    ]
    return ", ".join(kept)
