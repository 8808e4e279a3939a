"""What awards, milestones and payments can be, and which states follow which. Pure data."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class AwardState(StrEnum):
    DRAFT = "draft"
    INTERNAL_APPROVAL = "internal_approval"
    OFFERED = "offered"
    SIGNED = "signed"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSING = "closing"
    CLOSED = "closed"
    DECLINED = "declined"
    TERMINATED = "terminated"


class MilestoneState(StrEnum):
    PLANNED = "planned"
    DUE = "due"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    WAIVED = "waived"
    NOT_ACHIEVABLE = "not_achievable"
    CANCELLED = "cancelled"


class PaymentState(StrEnum):
    SCHEDULED = "scheduled"
    REQUESTED = "requested"
    CHECKED = "checked"
    APPROVED = "approved"
    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"


class EvidenceClass(StrEnum):
    """What crosses the valve. Each says a little and shows nothing of the work."""

    ARTEFACT = "E0"
    COUNTS = "E1"
    ATTESTATION = "E2"
    COMMITMENT = "E3"
    REDACTED_FILE = "E4"
    VERIFIER = "E5"
    VOUCHER = "E6"


class Obstacle(StrEnum):
    """Why a milestone cannot be achieved. Only the kind is told."""

    LEGAL = "legal"
    SAFETY = "safety"
    EDITORIAL = "editorial"
    OTHER = "other"


_A, _M, _P = AwardState, MilestoneState, PaymentState

AWARD_MOVES: Mapping[AwardState, frozenset[AwardState]] = {
    _A.DRAFT: frozenset({_A.INTERNAL_APPROVAL, _A.TERMINATED}),
    _A.INTERNAL_APPROVAL: frozenset({_A.DRAFT, _A.OFFERED}),
    _A.OFFERED: frozenset({_A.SIGNED, _A.DECLINED, _A.DRAFT}),
    _A.SIGNED: frozenset({_A.ACTIVE, _A.TERMINATED}),
    _A.ACTIVE: frozenset({_A.SUSPENDED, _A.CLOSING, _A.TERMINATED}),
    _A.SUSPENDED: frozenset({_A.ACTIVE, _A.TERMINATED}),
    _A.CLOSING: frozenset({_A.ACTIVE, _A.CLOSED, _A.TERMINATED}),
    _A.CLOSED: frozenset(),
    _A.DECLINED: frozenset(),
    _A.TERMINATED: frozenset(),
}
_OUT = {_M.WAIVED, _M.NOT_ACHIEVABLE, _M.CANCELLED}
MILESTONE_MOVES: Mapping[MilestoneState, frozenset[MilestoneState]] = {
    _M.PLANNED: frozenset({_M.DUE, _M.CANCELLED}),
    _M.DUE: frozenset({_M.SUBMITTED, *_OUT}),
    _M.SUBMITTED: frozenset({_M.ACCEPTED, _M.RETURNED, *_OUT}),
    _M.RETURNED: frozenset({_M.SUBMITTED, *_OUT}),
    _M.ACCEPTED: frozenset(),
    _M.WAIVED: frozenset(),
    _M.NOT_ACHIEVABLE: frozenset(),
    _M.CANCELLED: frozenset(),
}
PAYMENT_MOVES: Mapping[PaymentState, frozenset[PaymentState]] = {
    _P.SCHEDULED: frozenset({_P.REQUESTED, _P.CANCELLED}),
    _P.REQUESTED: frozenset({_P.CHECKED, _P.SCHEDULED, _P.CANCELLED}),
    _P.CHECKED: frozenset({_P.APPROVED, _P.SCHEDULED, _P.CANCELLED}),
    _P.APPROVED: frozenset({_P.PAID, _P.FAILED, _P.CANCELLED}),
    _P.FAILED: frozenset({_P.REQUESTED, _P.CANCELLED}),
    _P.PAID: frozenset(),
    _P.CANCELLED: frozenset(),
}
OPEN_MILESTONE = frozenset({_M.DUE, _M.RETURNED})
MET = frozenset({_M.ACCEPTED, _M.WAIVED})
RUNNING = frozenset({_A.ACTIVE, _A.CLOSING})
COMMITTED = frozenset({_A.SIGNED, _A.ACTIVE, _A.SUSPENDED, _A.CLOSING, _A.CLOSED})
# What takes from the award's amount: all that was not called off or sent back.
COUNTED = frozenset(PaymentState) - {_P.CANCELLED, _P.FAILED}


@dataclass(frozen=True, slots=True)
class Rung:
    """One milestone of a ladder: what is due when, how it is shown, what part of the money it opens."""

    title: str
    method: str
    classes: tuple[EvidenceClass, ...]
    share: Decimal
    after_share_of_time: Decimal = Decimal()


_C = EvidenceClass
# fmt: off
DEFAULT_LADDER: Sequence[Rung] = (
    Rung("Contract", "Signed by both sides", (), Decimal(40), Decimal()),
    Rung("Research plan", "An editor attests that there is one",
         (_C.ATTESTATION,), Decimal(0), Decimal("0.1")),
    Rung("Evidence base", "Counts in bands, and an editor's attestation",
         (_C.COUNTS, _C.ATTESTATION), Decimal(20), Decimal("0.4")),
    Rung("Draft", "A commitment to the draft", (_C.COMMITMENT,), Decimal(0), Decimal("0.6")),
    Rung("Fact-check", "An editor attests that every claim was checked",
         (_C.ATTESTATION, _C.COMMITMENT), Decimal(10), Decimal("0.75")),
    Rung("Published", "The published page", (_C.ARTEFACT,), Decimal(20), Decimal("0.9")),
    Rung("Reports", "Report received and complete", (_C.ATTESTATION,), Decimal(10), Decimal(1)),
)
# fmt: on
