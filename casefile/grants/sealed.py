"""What the grant side keeps sealed: contacts and confidential annexes, under a key below the pepper."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from casefile import keys
from casefile.grants.application_models import ApplicationAttachment
from casefile.vault.upload import open_sealed

if TYPE_CHECKING:
    from uuid import UUID

    from casefile.keys import FileReader
    from casefile.uow import Resources
    from casefile.vault import SealedUpload

LABEL = "grants-fields"


def seal(resources: Resources, table: str, row_id: UUID, field: str, value: object) -> bytes:
    """Seal a value to the place it stands in: it opens nowhere else."""
    plain = json.dumps(value, ensure_ascii=False).encode()
    return keys.wrap(_key(resources), plain, table, row_id, field)


def unseal(resources: Resources, table: str, row_id: UUID, field: str, sealed: bytes) -> Any:
    """Open a sealed value. DamagedError when it was changed, or moved from another row."""
    return json.loads(keys.unwrap(_key(resources), sealed, table, row_id, field))


def file_record(resources: Resources, upload: SealedUpload, name: str) -> bytes:
    """Return the sealed record of a kept file: its key, name and hash."""
    value = {"key": upload.key.hex(), "name": name, "sha256": upload.sha256, "size": upload.size}
    return seal(resources, "application_attachment", upload.file_id, "record", value)


def open_record(resources: Resources, file_id: UUID, record: bytes) -> dict[str, Any]:
    opened: dict[str, Any] = unseal(resources, "application_attachment", file_id, "record", record)
    return opened


def open_file(
    resources: Resources, owner_id: UUID, file_id: UUID, record: dict[str, Any]
) -> FileReader:
    """Open a kept file of this owner. DamagedError when it is not the one that was kept."""
    return open_sealed(resources.vault, bytes.fromhex(record["key"]), owner_id, file_id)


def link_digest(resources: Resources, kind: str, token: str) -> bytes:
    """Return what is kept of a link: without the pepper nobody can tell a guess from a hit."""
    return keys.digest(keys.derive(resources.pepper, kind, token))


def annex_objects(resources: Resources) -> frozenset[str]:
    """Return the names of the objects in the vault that applications keep, revisions' included."""
    with resources.database.reading() as session:
        return frozenset(row_id.hex for row_id in session.scalars(select(ApplicationAttachment.id)))


def _key(resources: Resources) -> bytes:
    return keys.derive(resources.pepper, LABEL)
