"""Every way reading a file's text can fail, each as one short phrase a reporter understands."""

from __future__ import annotations

from enum import StrEnum
from http import HTTPStatus

from casefile.errors import CasefileError


class Reason(StrEnum):
    """The file itself is kept whatever happens; the phrase only says why it has no text."""

    CRASHED = "the file made the reader fail"
    DAMAGED = "the file is damaged"
    ENCRYPTED = "the file is protected with a password"
    HAS_MACROS = "the file holds macros"
    NOT_STARTED = "the reader could not be started"
    TOO_LARGE = "the file is too large to read text from"
    TOO_MANY_PAGES = "the file has too many pages"
    TOO_MUCH_MEMORY = "reading it needs too much memory"
    TOO_MUCH_TEXT = "the file has too much text"
    TOO_SLOW = "reading it took too long"
    UNPACKS_TOO_FAR = "the file unpacks to far more than it should"
    UNREADABLE_KIND = "text cannot be read from this kind of file"


class ExtractionError(CasefileError):
    """No text came out. `NOT_STARTED` is not the file's fault and worth another try."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason
