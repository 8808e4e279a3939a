from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, IntegerField, SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional
from wtforms.widgets import HiddenInput

from casefile.accounts.forms import FILL_IN, no_control_characters, not_out_of_reach, required
from casefile.errors import InvalidError
from casefile.grants.amended_milestones import Change
from casefile.grants.award_forms import read_classes, read_day
from casefile.grants.budget_models import QUANTITY_PLACES
from casefile.grants.budget_states import AmendmentKind
from casefile.grants.budgets import MOST_YEARS, Line
from casefile.grants.columns import REASON_LENGTH, TITLE_LENGTH
from casefile.grants.forms import USUAL_CURRENCIES, AmountField, choices
from casefile.grants.money import PLAIN, half_up, read_amount

if TYPE_CHECKING:
    from collections.abc import Sequence

KIND_NAMES: Final = {
    AmendmentKind.EXTENSION: _l("More time, same money"),
    AmendmentKind.AMOUNT: _l("Another amount"),
    AmendmentKind.BUDGET: _l("Another budget"),
    AmendmentKind.MILESTONES: _l("Other milestones"),
}
LINE_PARTS, STEP_PARTS = 5, 6
LONGEST_QUANTITY: Final = 20
MOST_QUANTITY: Final = Decimal(100_000_000)
HOW_LINES = _l(
    "One on a line: heading | what | quantity | unit | cost of one. Each is quantity × cost, rounded "
    "half up; lines of one heading stand together."
)
HOW_STEPS = _l(
    "One on a line: number | day | tranche | classes | title | how it is verified. What you leave out "
    "stays; a new milestone has the next number; all tranches add up to the award."
)


class BudgetForm(FlaskForm):
    lines = TextAreaField(
        _l("Lines"),
        validators=[InputRequired(FILL_IN), Length(max=100_000)],
        description=HOW_LINES,
        render_kw={"rows": 14},
    )
    stated = AmountField(
        _l("Total as stated (optional)"),
        validators=[Optional()],
        description=_l("Held against the sum of the lines, to find a slip of the pen."),
    )
    years = IntegerField(
        _l("Years"),
        default=1,
        validators=[InputRequired(FILL_IN), NumberRange(1, MOST_YEARS)],
        description=_l("Over how many years it is spread; the parts add up to the cent."),
    )
    version = IntegerField(widget=HiddenInput(), validators=[Optional()])


class ExpenditureForm(FlaskForm):
    heading = SelectField(_l("Heading"), validators=[InputRequired(FILL_IN)])
    spent_on = DateField(_l("Day"), validators=[InputRequired(FILL_IN), not_out_of_reach])
    title = StringField(
        _l("What for"),
        validators=required(TITLE_LENGTH),
        description=_l("Words that anybody on the grant side may read; never to whom it went."),
    )
    reference = StringField(
        _l("Voucher number"), validators=[Length(max=100), no_control_characters]
    )
    amount = AmountField(_l("Amount"), validators=[InputRequired(FILL_IN)])
    currency = SelectField(
        _l("Currency"), choices=[SelectChoice(code, code) for code in USUAL_CURRENCIES]
    )

    def values(self) -> dict[str, Any]:
        return {
            "thread_id": UUID(self.heading.data),
            "spent_on": self.spent_on.data,
            "title": (self.title.data or "").strip(),
            "reference": (self.reference.data or "").strip(),
            "amount": self.amount.data,
            "currency": self.currency.data,
        }


class AmendmentForm(FlaskForm):
    """The fields of one kind: what another kind wants is taken out."""

    kind = SelectField(_l("What changes"), choices=choices(KIND_NAMES))
    ends_on = DateField(_l("New last day"), validators=[Optional(), not_out_of_reach])
    amount = AmountField(_l("New amount"), validators=[Optional()])
    budget = SelectField(_l("Draft of the budget"), validators=[Optional()])
    milestones = TextAreaField(
        _l("Milestones that change"),
        validators=[Length(max=20_000)],
        description=HOW_STEPS,
        render_kw={"rows": 8},
    )
    reason = TextAreaField(
        _l("Reason"),
        validators=[InputRequired(FILL_IN), Length(max=REASON_LENGTH)],
        render_kw={"rows": 3},
    )


FIELDS_OF: Final = {
    AmendmentKind.EXTENSION: {"ends_on"},
    AmendmentKind.AMOUNT: {"amount", "milestones"},
    AmendmentKind.BUDGET: {"budget"},
    AmendmentKind.MILESTONES: {"milestones"},
}


def read_lines(text: str) -> list[Line]:
    """Read lines of a budget. InvalidError names the line and the part that cannot be read."""
    found = []
    for number, line in enumerate((line for line in text.splitlines() if line.strip()), start=1):
        parts = [part.strip() for part in line.split("|")]
        if len(parts) != LINE_PARTS:
            msg = (
                f"Line {number} has {len(parts)} parts instead of {LINE_PARTS}. Write: "
                "heading | what | quantity | unit | cost of one."
            )
            raise InvalidError(msg)
        quantity = _quantity(number, parts[2])
        found.append(
            Line(parts[0], parts[1], quantity, parts[3], _amount("Line", number, parts[4]))
        )
    return found


def _quantity(number: int, text: str) -> Decimal:
    plain = text.replace(",", ".", 1)
    good = PLAIN.fullmatch(plain) and len(plain) <= LONGEST_QUANTITY
    value = Decimal(plain) if good else Decimal(-1)
    step = Decimal(1).scaleb(-QUANTITY_PLACES)
    if not 0 < value < MOST_QUANTITY or value != half_up(value, step):
        msg = (
            f"Line {number}: write the quantity above nought, such as 12 or 0.5, with at most "
            f"{QUANTITY_PLACES} digits after the point."
        )
        raise InvalidError(msg)
    return half_up(value, step)


def _amount(what: str, number: int, text: str) -> Decimal:
    try:
        value = read_amount(text)
    except InvalidError as error:
        msg = f"{what} {number}: {error.message}"
        raise InvalidError(msg) from error
    if value < 0:
        msg = f"{what} {number}: an amount here is not below nought."
        raise InvalidError(msg)
    return value


def write_lines(lines: Sequence[Line]) -> str:
    """Write lines the way they are read."""
    return "\n".join(
        " | ".join(
            (
                line.heading,
                line.title,
                f"{line.quantity.normalize():f}",
                line.unit,
                str(line.unit_cost),
            )
        )
        for line in lines
    )


def read_changes(text: str) -> list[Change]:
    """Read the milestones that an amendment changes."""
    found = []
    for at, line in enumerate((line for line in text.splitlines() if line.strip()), start=1):
        parts = [part.strip() for part in line.split("|")]
        if len(parts) != STEP_PARTS:
            msg = (
                f"Line {at} of the milestones has {len(parts)} parts instead of {STEP_PARTS}. Write: "
                "number | day | tranche | classes | title | how it is verified."
            )
            raise InvalidError(msg)
        digits = parts[0].removeprefix("M")
        if not (digits.isascii() and digits.isdigit() and 0 < len(digits) < 4):  # noqa: PLR2004
            msg = f"Line {at} of the milestones: write the number of the milestone, such as 3."
            raise InvalidError(msg)
        number = int(digits)
        found.append(
            Change(
                number,
                read_day(number, parts[1]),
                _amount("Milestone", number, parts[2]),
                read_classes(number, parts[3]),
                parts[4],
                parts[5],
            )
        )
    return found


def write_changes(changes: Sequence[Change]) -> str:
    return "\n".join(
        " | ".join(
            (
                str(one.number),
                one.due_on.isoformat(),
                str(one.tranche),
                " ".join(one.classes),
                one.title,
                one.method,
            )
        )
        for one in changes
    )
