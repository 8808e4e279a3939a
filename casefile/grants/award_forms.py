from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, IntegerField, SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import HiddenInput

from casefile.accounts.forms import FILL_IN, no_control_characters, not_out_of_reach, required
from casefile.errors import InvalidError
from casefile.grants.award_states import EvidenceClass
from casefile.grants.awards import CONTRACT_TYPES, EXCLUSIONS
from casefile.grants.columns import REASON_LENGTH
from casefile.grants.forms import USUAL_CURRENCIES, AmountField, choices
from casefile.grants.ladders import Step
from casefile.grants.money import currencies, read_percent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

CONTRACT_NAMES = dict(
    zip(CONTRACT_TYPES, (_l("Grant"), _l("Service contract"), _l("In kind")), strict=True)
)
EXCLUSION_NAMES = dict(
    zip(
        EXCLUSIONS,
        (
            _l("Only as part of the programme's totals"),
            _l("With its codename"),
            _l("With title and recipient"),
        ),
        strict=True,
    )
)
OBSTACLES = {
    "legal": _l("Legal"),
    "safety": _l("Safety"),
    "editorial": _l("Editorial"),
    "other": _l("Other"),
}
PARTS = 5


class AwardForm(FlaskForm):
    programme_id = SelectField(_l("Programme"), validators=[InputRequired(FILL_IN)])
    codename = StringField(_l("Codename"), validators=required(60))
    reference = StringField(
        _l("Contract number"), validators=[Length(max=64), no_control_characters]
    )
    contract_type = SelectField(_l("Kind of contract"), choices=choices(CONTRACT_NAMES))
    amount = AmountField(_l("Amount"), validators=[InputRequired(FILL_IN)])
    currency = SelectField(
        _l("Currency"), choices=[SelectChoice(code, code) for code in USUAL_CURRENCIES]
    )
    starts_on = DateField(_l("First day"), validators=[InputRequired(FILL_IN), not_out_of_reach])
    ends_on = DateField(_l("Last day"), validators=[InputRequired(FILL_IN), not_out_of_reach])
    exclusion = SelectField(_l("What the public may learn of it"), choices=choices(EXCLUSION_NAMES))
    conditions = TextAreaField(_l("Conditions (optional)"), validators=[Length(max=20_000)])
    steps = TextAreaField(_l("Milestones"), validators=[Length(max=20_000)])
    application = StringField(widget=HiddenInput(), validators=[Length(max=36)])
    version = IntegerField(widget=HiddenInput(), validators=[Optional()])

    def offer_currency(self) -> None:
        """Offer the currency that a call or the award is in, beside the usual ones."""
        if self.currency.data in currencies() and self.currency.data not in USUAL_CURRENCIES:
            self.currency.choices = [
                SelectChoice(code, code) for code in (self.currency.data, *USUAL_CURRENCIES)
            ]

    def values(self, programme_id: Any) -> dict[str, Any]:
        """Return the terms as the service takes them."""
        return {
            "programme_id": programme_id,
            "codename": "-".join((self.codename.data or "").casefold().split()),
            "reference": (self.reference.data or "").strip(),
            "contract_type": self.contract_type.data,
            "amount": self.amount.data,
            "currency": self.currency.data,
            "starts_on": self.starts_on.data,
            "ends_on": self.ends_on.data,
            "exclusion": self.exclusion.data,
            "conditions": self.conditions.data or "",
        }


class ReasonForm(FlaskForm):
    reason = TextAreaField(
        _l("Reason"),
        validators=[
            Length(max=REASON_LENGTH, message=_l("Shorten this to at most %(max)d characters."))
        ],
    )
    version = IntegerField(widget=HiddenInput(), validators=[InputRequired(FILL_IN)])
    on = DateField(_l("Day"), validators=[Optional(), not_out_of_reach])
    reference = StringField(_l("Reference of the bank"), validators=[Length(max=100)])
    obstacle = SelectField(
        _l("Why"), choices=choices(OBSTACLES), validators=[Optional()], validate_choice=False
    )

    def day(self, today: date) -> date:
        """Return the day that was typed, or today when none was. InvalidError for what is no day."""
        typed = " ".join(self.on.raw_data or ()).strip()
        if typed and self.on.data is None:
            msg = "This day cannot be read. Nothing was recorded: write it as 2027-03-31."
            raise InvalidError(msg)
        return self.on.data or today


class BankForm(FlaskForm):
    holder = StringField(_l("Account holder"), validators=required(140))
    bank = StringField(_l("Bank"), validators=required(140))
    account = StringField(_l("Account number or IBAN"), validators=required(140))
    code = StringField(_l("Bank code (BIC)"), validators=[Length(max=140), no_control_characters])
    version = IntegerField(widget=HiddenInput(), validators=[Optional()])


def read_steps(text: str) -> list[Step]:
    """Read milestones, one on a line: day | share | classes | title | how it is verified.

    Raises InvalidError naming the line and the part that cannot be read.
    """
    found = []
    for number, line in enumerate((line for line in text.splitlines() if line.strip()), start=1):
        parts = [part.strip() for part in line.split("|")]
        if len(parts) != PARTS:
            msg = (
                f"Milestone {number} has {len(parts)} parts instead of {PARTS}. Write: "
                "day | share | classes | title | how it is verified."
            )
            raise InvalidError(msg)
        found.append(
            Step(
                parts[3],
                read_day(number, parts[0]),
                parts[4],
                read_classes(number, parts[2]),
                _share(number, parts[1]),
            )
        )
    return found


def read_day(number: int, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        msg = f"Milestone {number}: write its day as 2027-03-31."
        raise InvalidError(msg) from error


def _share(number: int, text: str) -> Decimal:
    share = read_percent(text)
    if share is None:
        msg = f"Milestone {number}: write its share in percent, such as 20 or 12.5."
        raise InvalidError(msg)
    return share


def read_classes(number: int, text: str) -> tuple[str, ...]:
    names = text.replace(",", " ").upper().split()
    wrong = [name for name in names if name not in set(EvidenceClass)]
    if wrong:
        msg = f"Milestone {number}: there is no class {wrong[0][:20]}. There are E0 to E6."
        raise InvalidError(msg)
    return tuple(sorted(set(names)))


def write_steps(steps: Sequence[Any]) -> str:
    """Write milestones the way they are read."""
    return "\n".join(
        " | ".join(
            (
                step.due_on.isoformat(),
                f"{step.share.normalize():f}",
                " ".join(step.classes),
                step.title,
                step.method,
            )
        )
        for step in steps
    )
