"""Mails to applicants: that something waits on their page, and receipts. Their link is in none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from casefile.errors import DamagedError
from casefile.grants import sealed
from casefile.grants.dates import local_in
from casefile.grants.states import ApplicationState
from casefile.notices import letters, outbox

if TYPE_CHECKING:
    from casefile.grants.application_models import Application, ApplicationRevision
    from casefile.grants.call_models import Call
    from casefile.uow import UnitOfWork

# What the applicant's own page does not tell apart, or what they did themselves.
NOT_TOLD: Final = frozenset(
    {
        ApplicationState.DRAFT,
        ApplicationState.SUBMITTED,
        ApplicationState.ELIGIBLE,
        ApplicationState.RECOMMENDED,
        ApplicationState.NOT_RECOMMENDED,
        ApplicationState.WITHDRAWN,
    }
)


def moved(uow: UnitOfWork, row: Application) -> None:
    """Write to the applicant when their page says something else than before."""
    if row.state not in NOT_TOLD:
        waits(uow, row)


def waits(uow: UnitOfWork, row: Application) -> None:
    """Write that something waits, and not what."""
    outbox.write_outside(uow, row.id, letters.Letter(_address(uow, row), letters.WAITS))


def received(uow: UnitOfWork, row: Application, call: Call, revision: ApplicationRevision) -> None:
    """Send the receipt: its number and the time, on the clocks of the call's zone."""
    when = local_in(revision.submitted_at, call.zone)
    at = f"{when:%Y-%m-%d %H:%M} ({call.zone}, UTC{when:%z})"
    letter = letters.Letter(_address(uow, row), letters.RECEIVED, revision.receipt, at)
    outbox.write_outside(uow, row.id, letter)


def _address(uow: UnitOfWork, row: Application) -> str:
    try:
        contact = sealed.unseal(uow.resources, "application", row.id, "record", row.record)
    except DamagedError:
        return ""
    return str(contact.get("email", "")).strip()
