from __future__ import annotations

import re
from uuid import UUID

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    DateField,
    IntegerField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import HiddenInput

from casefile.accounts.forms import no_control_characters, not_out_of_reach, required
from casefile.grants.forms import USUAL_CURRENCIES
from casefile.milestones.content import (
    ATTESTATIONS,
    COUNTS,
    LANGUAGES,
    LONGEST_OUTLET,
    LONGEST_URL,
    LONGEST_WORDS,
    NEWEST_ATTESTATION,
    Entered,
)

LANGUAGE_NAMES = {
    "ky": _l("Kyrgyz"),
    "ru": _l("Russian"),
    "en": _l("English"),
    "uz": _l("Uzbek"),
    "tg": _l("Tajik"),
}

LOWER = "lower_"
TYPED = frozenset(Entered.__dataclass_fields__)


def _short(longest: int) -> list[object]:
    return [
        Length(max=longest, message=_l("Shorten this to at most %(max)d characters.")),
        no_control_characters,
    ]


class LinkForm(FlaskForm):
    codename = StringField(_l("Codename of the award"), validators=required(64))


class DraftForm(FlaskForm):
    """Everything a milestone may ask for; the page shows what this one does."""

    url = StringField(_l("Address of the published page"), validators=_short(LONGEST_URL))
    outlet = StringField(_l("Outlet"), validators=_short(LONGEST_OUTLET))
    published_on = DateField(_l("Published on"), validators=[Optional(), not_out_of_reach])
    language = SelectField(
        _l("Language"),
        choices=[SelectChoice(code, LANGUAGE_NAMES[code]) for code in LANGUAGES],
        validate_choice=False,
    )
    page_sha256 = StringField(_l("SHA-256 of the page"), validators=_short(100))
    points = SelectMultipleField(
        _l("What you attest"),
        choices=[
            SelectChoice(name, text)
            for name, text in ATTESTATIONS[NEWEST_ATTESTATION].points.items()
        ],
    )
    words = TextAreaField(
        _l("In your own words (optional)"),
        validators=[
            Length(max=LONGEST_WORDS, message=_l("Shorten this to at most %(max)d characters."))
        ],
    )
    lower_reason = TextAreaField(
        _l("Why less (stays in the case)"), validators=_short(LONGEST_WORDS)
    )
    committed_to = SelectField(
        _l("What the commitment is made to"), choices=[], validate_choice=False
    )
    amount = StringField(_l("Amount"), validators=_short(40))
    currency = SelectField(
        _l("Currency"),
        choices=[SelectChoice(code, code) for code in USUAL_CURRENCIES],
        validate_choice=False,
    )
    heading = StringField(_l("Heading of the budget"), validators=_short(LONGEST_OUTLET))
    month = StringField(_l("Month"), validators=_short(7))
    payee = StringField(_l("Who was paid"), validators=_short(200))
    version = IntegerField(widget=HiddenInput(), validators=[Optional()])

    def entered(self) -> Entered:
        """Return what was typed, for the service."""
        told = {name: value for name, value in self.data.items() if value and name in TYPED}
        told["lowered"] = {
            name: self[LOWER + name].data
            for name in COUNTS
            if LOWER + name in self and self[LOWER + name].data
        }
        if "points" in told:
            told["points"] = tuple(told["points"])
        if "page_sha256" in told:
            told["page_sha256"] = re.sub(r"\s", "", told["page_sha256"])
        return Entered(**told)


for _name, _label in COUNTS.items():
    setattr(DraftForm, LOWER + _name, SelectField(_label, choices=[], validate_choice=False))


class ReleaseForm(FlaskForm):
    version = IntegerField(widget=HiddenInput(), validators=[InputRequired()])


class NameForm(FlaskForm):
    verifier = StringField()

    def person_id(self) -> UUID | None:
        """Return who was chosen, or None for what is no id."""
        try:
            return UUID(self.verifier.data or "")
        except ValueError:
            return None


class AdmitForm(FlaskForm):
    last_day = DateField(_l("Last day"), validators=[Optional(), not_out_of_reach])


class DeclareForm(FlaskForm):
    declared = SelectField(
        _l("Your interest in this work"),
        choices=[
            SelectChoice("", _l("Choose")),
            SelectChoice(
                "none", _l("I have none: no tie to the newsroom, the people or the money")
            ),
            SelectChoice("conflict", _l("I have one and stand aside")),
        ],
        validate_choice=False,
    )


class VerdictForm(FlaskForm):
    verdict = SelectField(
        _l("Your verdict"),
        choices=[
            SelectChoice("", _l("Choose")),
            SelectChoice("met", _l("Met")),
            SelectChoice("not_met", _l("Not met")),
            SelectChoice("cannot_tell", _l("Cannot tell")),
        ],
    )
    note = TextAreaField(
        _l("Why, in at most 300 characters"),
        validators=[
            Length(max=LONGEST_WORDS, message=_l("Shorten this to at most %(max)d characters."))
        ],
    )
