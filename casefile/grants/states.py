"""What grant things can be, and which states follow which. Pure data."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class AgreementState(StrEnum):
    DRAFT = "draft"
    SIGNED = "signed"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSING = "closing"
    CLOSED = "closed"
    TERMINATED = "terminated"


class CallState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    OPEN = "open"
    CLOSED = "closed"
    UNDER_REVIEW = "under_review"
    DECIDED = "decided"
    ARCHIVED = "archived"


class ApplicationState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    ELIGIBLE = "eligible"
    INELIGIBLE = "ineligible"
    IN_REVIEW = "in_review"
    MORE_INFO = "more_info"
    RECOMMENDED = "recommended"
    NOT_RECOMMENDED = "not_recommended"
    AWARDED = "awarded"
    RESERVE = "reserve"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class ReviewState(StrEnum):
    DECLARED = "declared"
    DRAFT = "draft"
    SUBMITTED = "submitted"
    RECUSED = "recused"


class OrganisationRole(StrEnum):
    """The roles of IATI 2.03, codelist OrganisationRole 1 to 4."""

    FUNDING = "funding"
    ACCOUNTABLE = "accountable"
    EXTENDING = "extending"
    IMPLEMENTING = "implementing"


class Entry(StrEnum):
    """Who may apply to a call."""

    PUBLIC = "public"
    INVITATION = "invitation"


class Blind(StrEnum):
    """Who does not know whom: nobody; applicants their reviewers; and reviewers their applicants."""

    NONE = "none"
    SINGLE = "single"
    DOUBLE = "double"


class Precision(StrEnum):
    """How much of a date is known."""

    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class ProgrammeStatus(StrEnum):
    """IATI 2.03, codelist ActivityStatus 1 to 6."""

    PIPELINE = "1"
    IMPLEMENTATION = "2"
    FINALISATION = "3"
    CLOSED = "4"
    CANCELLED = "5"
    SUSPENDED = "6"


_A, _C, _P = AgreementState, CallState, ApplicationState

AGREEMENT_MOVES: Mapping[AgreementState, frozenset[AgreementState]] = {
    _A.DRAFT: frozenset({_A.SIGNED}),
    _A.SIGNED: frozenset({_A.ACTIVE, _A.TERMINATED}),
    _A.ACTIVE: frozenset({_A.SUSPENDED, _A.CLOSING, _A.TERMINATED}),
    _A.SUSPENDED: frozenset({_A.ACTIVE, _A.TERMINATED}),
    _A.CLOSING: frozenset({_A.CLOSED, _A.TERMINATED}),
    _A.CLOSED: frozenset(),
    _A.TERMINATED: frozenset(),
}
CALL_MOVES: Mapping[CallState, frozenset[CallState]] = {
    _C.DRAFT: frozenset({_C.PUBLISHED}),
    _C.PUBLISHED: frozenset({_C.DRAFT, _C.OPEN}),
    _C.OPEN: frozenset({_C.CLOSED}),
    _C.CLOSED: frozenset({_C.UNDER_REVIEW}),
    _C.UNDER_REVIEW: frozenset({_C.DECIDED}),
    _C.DECIDED: frozenset({_C.ARCHIVED}),
    _C.ARCHIVED: frozenset(),
}
APPLICATION_MOVES: Mapping[ApplicationState, frozenset[ApplicationState]] = {
    _P.DRAFT: frozenset({_P.SUBMITTED, _P.WITHDRAWN}),
    _P.SUBMITTED: frozenset({_P.SUBMITTED, _P.ELIGIBLE, _P.INELIGIBLE, _P.WITHDRAWN}),
    _P.ELIGIBLE: frozenset({_P.IN_REVIEW, _P.INELIGIBLE, _P.WITHDRAWN}),
    _P.INELIGIBLE: frozenset({_P.ELIGIBLE}),
    _P.IN_REVIEW: frozenset({_P.MORE_INFO, _P.RECOMMENDED, _P.NOT_RECOMMENDED, _P.WITHDRAWN}),
    _P.MORE_INFO: frozenset({_P.IN_REVIEW, _P.WITHDRAWN}),
    _P.RECOMMENDED: frozenset({_P.AWARDED, _P.RESERVE, _P.REJECTED, _P.WITHDRAWN}),
    _P.NOT_RECOMMENDED: frozenset({_P.AWARDED, _P.RESERVE, _P.REJECTED, _P.WITHDRAWN}),
    _P.AWARDED: frozenset(),
    _P.RESERVE: frozenset({_P.AWARDED, _P.REJECTED}),
    _P.REJECTED: frozenset(),
    _P.WITHDRAWN: frozenset(),
}
# Steps back and steps that take something from somebody say why.
NEEDS_REASON: frozenset[StrEnum] = frozenset(
    {_A.SUSPENDED, _A.TERMINATED, _P.INELIGIBLE, _P.MORE_INFO, _P.NOT_RECOMMENDED}
)
