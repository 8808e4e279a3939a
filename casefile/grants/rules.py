"""The rules of the agreement that pays for an award: moves between headings, and paying in advance."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from casefile.grants.call_models import Call
from casefile.grants.models import FundingAgreement
from casefile.grants.states import AgreementState

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from casefile.grants.award_models import Award

USUAL_FLEXIBILITY: Final = Decimal(25)
IN_FORCE: Final = frozenset(
    {
        AgreementState.SIGNED,
        AgreementState.ACTIVE,
        AgreementState.SUSPENDED,
        AgreementState.CLOSING,
    }
)


@dataclass(frozen=True, slots=True)
class Rules:
    """Percentages. A rule of paying in advance that the agreement does not state is None: there is none."""

    flexibility: Decimal = USUAL_FLEXIBILITY
    previous: Decimal | None = None
    earlier: Decimal | None = None
    most: Decimal | None = None


def of_award(session: Session, award: Award) -> Rules:
    """Return the rules of the call's agreement; else of the programme's, when it has just one."""
    agreement = _agreement(session, award)
    if agreement is None:
        return Rules()
    stated = agreement.heading_flexibility
    return Rules(
        USUAL_FLEXIBILITY if stated is None else stated,
        agreement.prefinancing_previous,
        agreement.prefinancing_earlier,
        agreement.prefinancing_most,
    )


def _agreement(session: Session, award: Award) -> FundingAgreement | None:
    call = session.get(Call, award.call_id) if award.call_id else None
    if call is not None and call.agreement_id is not None:
        return session.get(FundingAgreement, call.agreement_id)
    found = session.scalars(
        select(FundingAgreement).where(
            FundingAgreement.programme_id == award.programme_id,
            FundingAgreement.state.in_(IN_FORCE),
            FundingAgreement.voided_at.is_(None),
        )
    ).all()
    return found[0] if len(found) == 1 else None
