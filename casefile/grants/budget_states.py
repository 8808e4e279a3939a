"""What budgets, expenditures and amendments can be, and which states follow which. Pure data."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class BudgetState(StrEnum):
    DRAFT = "draft"
    APPROVED = "approved"
    SUPERSEDED = "superseded"


class ExpenditureState(StrEnum):
    RECORDED = "recorded"
    CHECKED = "checked"
    ELIGIBLE = "eligible"
    INELIGIBLE = "ineligible"
    VOID = "void"


class AmendmentState(StrEnum):
    PROPOSED = "proposed"
    IN_EFFECT = "in_effect"
    WITHDRAWN = "withdrawn"


class AmendmentKind(StrEnum):
    EXTENSION = "extension"
    AMOUNT = "amount"
    BUDGET = "budget"
    MILESTONES = "milestones"


class AmendmentForm(StrEnum):
    """How an amendment is agreed: one tells and the other acknowledges, or both sign."""

    NOTIFICATION = "notification"
    ADDENDUM = "addendum"


_B, _E, _A = BudgetState, ExpenditureState, AmendmentState

BUDGET_MOVES: Mapping[BudgetState, frozenset[BudgetState]] = {
    _B.DRAFT: frozenset({_B.APPROVED}),
    _B.APPROVED: frozenset({_B.SUPERSEDED}),
    _B.SUPERSEDED: frozenset(),
}
EXPENDITURE_MOVES: Mapping[ExpenditureState, frozenset[ExpenditureState]] = {
    _E.RECORDED: frozenset({_E.CHECKED, _E.VOID}),
    _E.CHECKED: frozenset({_E.ELIGIBLE, _E.INELIGIBLE, _E.VOID}),
    _E.ELIGIBLE: frozenset({_E.INELIGIBLE, _E.VOID}),
    _E.INELIGIBLE: frozenset({_E.ELIGIBLE, _E.VOID}),
    _E.VOID: frozenset(),
}
AMENDMENT_MOVES: Mapping[AmendmentState, frozenset[AmendmentState]] = {
    _A.PROPOSED: frozenset({_A.IN_EFFECT, _A.WITHDRAWN}),
    _A.IN_EFFECT: frozenset(),
    _A.WITHDRAWN: frozenset(),
}
# What stands against a heading: all that was not turned down or taken back.
SPENT = frozenset({_E.RECORDED, _E.CHECKED, _E.ELIGIBLE})
# What counts as shown to be spent, for the next instalment.
SHOWN_SPENT = frozenset({_E.CHECKED, _E.ELIGIBLE})
NEEDS_WHY = frozenset({_E.INELIGIBLE, _E.VOID, _A.WITHDRAWN})
