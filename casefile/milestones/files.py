"""The redacted file (E4): made for the funder, stripped of all that is not seen, sealed on both sides."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import delete, select

from casefile import audit, sandbox
from casefile.cases import service as cases
from casefile.errors import ConflictError, InvalidError, NotFoundError
from casefile.grants import keeping, sealed
from casefile.milestones import links
from casefile.milestones.models import MilestoneFile
from casefile.policy import Permission
from casefile.sandbox import making
from casefile.vault import SealedUpload
from casefile.vault.upload import open_sealed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.grants.award_models import Award, Milestone
    from casefile.keys import FileReader
    from casefile.uow import Resources, UnitOfWork

TABLE: Final = "milestone_file"
TEXTS: Final = frozenset({"text/plain", "text/markdown", "text/csv", "text/tab-separated-values"})
OFFICE: Final = ("application/vnd.openxmlformats", "application/vnd.oasis", "application/msword")
TEXT_LIMITS: Final = sandbox.Limits(input_bytes=4 << 20, characters=200_000)
TYPE: Final = """
@page { size: A4; margin: 20mm }
pre { font: 10pt/1.45 "DejaVu Sans Mono", "Noto Sans Mono", monospace; white-space: pre-wrap;
      overflow-wrap: anywhere }
"""
NOT_THIS_KIND: Final = (
    "This kind of file cannot be handed over: what it hides cannot be taken out of it here. A PDF can, "
    "and a photograph or scan (JPEG, PNG, TIFF, WebP), and a plain text. Save it as PDF and choose that."
)
NOT_OFFICE: Final = (
    "A document of Word, Excel or the like cannot be handed over: what a black marker or a shape covers "
    "in it is still there, and would show. Choose File, then Save as PDF; look at every page of the PDF, "
    "and choose that."
)
NOT_MADE: Final = (
    "Nothing can be handed over of this file: %s. Print it to a new PDF and choose that one."
)


def strip(
    resources: Resources, case: OpenCase, upload: SealedUpload, owner_id: UUID
) -> SealedUpload:
    """Return the file the funder would get: pictures of what is seen and nothing else, sealed anew.

    Raises InvalidError saying what to do when that cannot be.
    """
    kind = sandbox.media_type(upload.head, "")
    if kind not in sandbox.REPAINTED and kind not in TEXTS:
        raise InvalidError(NOT_OFFICE if kind.startswith(OFFICE) else NOT_THIS_KIND)
    reader = open_sealed(resources.vault, upload.key, case.id, upload.file_id)
    try:
        content = _painted(kind, reader.blocks())
    except sandbox.ExtractionError as error:
        raise InvalidError(NOT_MADE % error.message) from error
    made = SealedUpload(resources.vault, owner_id, limit=len(content))
    made.write(content)
    made.finish()
    return made


def _painted(kind: str, blocks: Iterable[bytes]) -> bytes:
    if kind not in TEXTS:
        return sandbox.as_pictures(kind, blocks)
    words = "\n".join(sandbox.extract(kind, blocks, limits=TEXT_LIMITS))
    if not words.strip():
        raise sandbox.ExtractionError(sandbox.Reason.DAMAGED)
    return sandbox.as_pictures(
        "application/pdf", [making.paper(f"<pre>{escape(words)}</pre>", TYPE)]
    )


def keep(uow: UnitOfWork, case: OpenCase, milestone_id: UUID, made: SealedUpload) -> list[UUID]:
    """Keep a stripped file for the next release; return the files it stands instead of."""
    cases.hold(uow, case, Permission.MILESTONE_PREPARE)
    _award, milestone = links.milestone_of(uow.session, case, milestone_id)
    older = list(
        uow.session.scalars(
            select(MilestoneFile.id).where(
                MilestoneFile.case_id == case.id, MilestoneFile.milestone_id == milestone_id
            )
        )
    )
    uow.session.execute(delete(MilestoneFile).where(MilestoneFile.id.in_(older)))
    plain = json.dumps({"key": made.key.hex(), "sha256": made.sha256, "size": made.size}).encode()
    uow.session.add(
        MilestoneFile(
            id=made.file_id,
            milestone_id=milestone_id,
            case_id=case.id,
            generation=case.generation,
            record=case.newest.seal(plain, TABLE, made.file_id, "record"),
            made_at=uow.now,
        )
    )
    uow.session.flush()
    audit.record(
        uow,
        "milestone.file_made",
        subject_id=made.file_id,
        case=case,
        detail={"label": f"M{milestone.number}", "sha256": made.sha256},
    )
    return older


def waiting(
    session: Session, case: OpenCase, milestone_id: UUID
) -> tuple[MilestoneFile, dict[str, Any]] | None:
    """Return the file that would be released next, and what is sealed of it."""
    row = session.scalar(
        select(MilestoneFile).where(
            MilestoneFile.case_id == case.id, MilestoneFile.milestone_id == milestone_id
        )
    )
    if row is None:
        return None
    key = case.key(row.generation or 0)
    told: dict[str, Any] = json.loads(key.open(row.record, TABLE, row.id, "record"))
    return row, told


def name_of(award: Award, milestone: Milestone) -> str:
    """Name the file after award and milestone: what it was called in the newsroom stays there."""
    return f"{award.codename}-M{milestone.number}.pdf"


def part(session: Session, case: OpenCase, award: Award, milestone: Milestone) -> dict[str, Any]:
    """Return E4 as it is released. InvalidError when no file was chosen."""
    found = waiting(session, case, milestone.id)
    if found is None:
        msg = "Choose the file made for the funder first, on the page of the milestone."
        raise InvalidError(msg)
    row, told = found
    name = name_of(award, milestone)
    return {"file": str(row.id), "name": name, "sha256": told["sha256"], "length": told["size"]}


def hand_over(uow: UnitOfWork, case: OpenCase, milestone_id: UUID, shown: dict[str, Any]) -> None:
    """Seal the key of the file that was shown for the grants. ConflictError for another file."""
    found = waiting(uow.session, case, milestone_id)
    if found is None or str(found[0].id) != shown["file"] or found[1]["sha256"] != shown["sha256"]:
        msg = "The file was changed since the preview. Prepare the release again and look at it once more."
        raise ConflictError(msg)
    row, told = found
    row.record = sealed.seal(uow.resources, TABLE, row.id, "record", told)
    row.case_id, row.generation, row.released_at = None, None, uow.now
    uow.session.flush()


def preview(
    resources: Resources, session: Session, case: OpenCase, milestone_id: UUID
) -> FileReader:
    """Open the very bytes the funder would get. NotFoundError when there are none."""
    found = waiting(session, case, milestone_id)
    if found is None:
        raise NotFoundError(keeping.NOT_THERE)
    row, told = found
    return open_sealed(resources.vault, bytes.fromhex(told["key"]), milestone_id, row.id)


def released(
    resources: Resources, session: Session, milestone_id: UUID, shown: dict[str, Any]
) -> FileReader:
    """Open a released file whose hash stands in a genuine release. NotFoundError for any other."""
    row = session.scalar(
        select(MilestoneFile).where(
            MilestoneFile.id == UUID(shown["file"]),
            MilestoneFile.milestone_id == milestone_id,
            MilestoneFile.released_at.is_not(None),
        )
    )
    if row is None:
        raise NotFoundError(keeping.NOT_THERE)
    told = sealed.unseal(resources, TABLE, row.id, "record", row.record)
    if told["sha256"] != shown["sha256"]:
        raise NotFoundError(keeping.NOT_THERE)
    return open_sealed(resources.vault, bytes.fromhex(told["key"]), milestone_id, row.id)


def objects(resources: Resources) -> frozenset[str]:
    """Return the names of the objects in the vault that milestones keep."""
    with resources.database.reading() as session:
        return frozenset(row_id.hex for row_id in session.scalars(select(MilestoneFile.id)))
