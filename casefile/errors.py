"""Every way a request or command can be refused, each with a message that says what to do."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar


class CasefileError(Exception):
    """The parent of all refusals. The message is shown to the person; it never holds content."""

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadRequestError(CasefileError):
    """The request itself makes no sense."""

    status = HTTPStatus.BAD_REQUEST


class ForbiddenError(CasefileError):
    """The person is on the case, and this is not theirs to do."""

    status = HTTPStatus.FORBIDDEN


class NotFoundError(CasefileError):
    """There is no such thing, or not for this person: the two look the same."""

    status = HTTPStatus.NOT_FOUND


class ConflictError(CasefileError):
    """Somebody else changed it in between."""

    status = HTTPStatus.CONFLICT


class TooLargeError(CasefileError):
    """More bytes than are allowed here."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class UnsupportedTypeError(CasefileError):
    """The body is of a kind this address does not take."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class RangeError(CasefileError):
    """The asked-for part lies outside the file (RFC 9110, 15.5.17)."""

    status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE

    def __init__(self, message: str, size: int) -> None:
        super().__init__(message)
        self.size = size


class InvalidError(CasefileError):
    """Something in the form wants mending."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class TooManyRequestsError(CasefileError):
    """Too many tries; `retry_after` is in seconds."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class DamagedError(CasefileError):
    """Something stored fails its integrity check. Nothing of it is shown."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class BusyError(CasefileError):
    """The server cannot do this now; trying again soon will work."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class FullError(CasefileError):
    """No room left on the disk. Nothing already saved is touched."""

    status = HTTPStatus.INSUFFICIENT_STORAGE


class ConfigError(CasefileError):
    """A setting is wrong. The start is refused."""
