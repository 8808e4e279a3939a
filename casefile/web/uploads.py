from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, cast

from flask import Request, g, request
from werkzeug.exceptions import ClientDisconnected

from casefile.errors import UnsupportedTypeError
from casefile.vault import SealedUpload
from casefile.web.visit import resources

if TYPE_CHECKING:
    from uuid import UUID

    from werkzeug.datastructures import FileStorage

FORM_LIMIT = 4 * 1024 * 1024
PARTS_LIMIT = 1000
DRAIN_LIMIT = 64 * 1024 * 1024
MEBIBYTE = 1024 * 1024
NO_LIMIT = 2**62  # each file has its own limit; None would mean the one for plain forms


class SealedPart:
    """A file part of a form as the parser sees it: writes go straight into the encryptor."""

    def __init__(self, case_id: UUID) -> None:
        self._case_id = case_id
        self.upload: SealedUpload | None = None

    def write(self, block: bytes) -> int:
        if self.upload is None:
            opened = resources()
            self.upload = SealedUpload(
                opened.vault, self._case_id, limit=opened.settings.upload_limit_mb * MEBIBYTE
            )
            g.setdefault("uploads", []).append(self.upload)
        self.upload.write(block)
        return len(block)

    def seek(self, _offset: int, _whence: int = 0) -> int:
        """Told by the parser that the part is complete."""
        if self.upload is not None:
            self.upload.finish()
        return 0

    def close(self) -> None:
        """Nothing is held open: the upload is kept or thrown away when the request ends."""


class CasefileRequest(Request):
    """A request whose files are never written down in clear."""

    max_form_memory_size = FORM_LIMIT
    max_form_parts = PARTS_LIMIT
    is_json = False  # Flask-WTF would fill forms from JSON, whose text can hold half letters

    def _get_file_stream(
        self,
        total_content_length: int | None,  # noqa: ARG002
        content_type: str | None,  # noqa: ARG002
        filename: str | None = None,  # noqa: ARG002
        content_length: int | None = None,  # noqa: ARG002
    ) -> IO[bytes]:
        case_id = g.get("files_for_case")
        if case_id is None:
            msg = "This page takes no files. Add files as evidence of a case."
            raise UnsupportedTypeError(msg)
        return cast("IO[bytes]", SealedPart(case_id))


def accept_files(case_id: UUID) -> None:
    """Let this request carry files for this case, each up to the limit of the settings."""
    g.files_for_case = case_id
    request.max_content_length = NO_LIMIT


def sealed_upload(part: FileStorage) -> SealedUpload | None:
    """Return what a file field of a form became, or None when no file was chosen."""
    stream: Any = part.stream
    if isinstance(stream, SealedPart):
        return stream.upload
    return None


def empty_upload(case_id: UUID) -> SealedUpload:
    """Return the sealed form of a chosen file that holds nothing."""
    part = SealedPart(case_id)
    part.write(b"")
    part.seek(0)
    return cast("SealedUpload", part.upload)


def keep_uploads() -> None:
    """Say that every file of this request now belongs to a saved row."""
    g.uploads = []


def discard_uploads(_error: BaseException | None = None) -> None:
    """Throw away the files of a request that saved nothing with them."""
    for upload in g.pop("uploads", []):
        upload.discard()


def drain() -> None:
    """Read what a refused request still sends, within a limit, so that it reads our answer."""
    left = DRAIN_LIMIT
    try:
        while left > 0:
            block = request.environ["wsgi.input"].read(min(left, MEBIBYTE))
            if not block:
                return
            left -= len(block)
    except (OSError, ValueError, ClientDisconnected):
        return
