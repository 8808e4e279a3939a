from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional

from casefile.accounts.forms import FILL_IN, no_control_characters, not_blank
from casefile.bags.choosing import ALL, KINDS, SOME, UNDER_STORIES, Choice

NUMBERS_LENGTH = 10_000
REASON_LENGTH = 2000
TOO_LONG = _l("Shorten this to at most %(max)d characters.")
EVIDENCE_NAMES = {
    ALL: _l("All evidence of the case"),
    UNDER_STORIES: _l("What the chosen stories rest on"),
    SOME: _l("These numbers only"),
}


class ChoiceForm(FlaskForm):
    """What goes in. It is sent in the address: numbers, and nothing that is sealed."""

    evidence = SelectField(
        _l("Evidence"),
        choices=[SelectChoice(kind, EVIDENCE_NAMES[kind]) for kind in KINDS],
        default=ALL,
    )
    numbers = StringField(
        _l("Numbers"),
        validators=[
            Optional(),
            Length(max=NUMBERS_LENGTH, message=TOO_LONG),
            no_control_characters,
        ],
    )
    stories = SelectMultipleField(_l("Dossiers of stories"), coerce=int, choices=[])
    notes = BooleanField(_l("All notes of the case"), false_values=("", "0"))

    def choice(self) -> Choice:
        return Choice(
            evidence=self.evidence.data or ALL,
            numbers=self.numbers.data or "",
            stories=tuple(self.stories.data or ()),
            notes=bool(self.notes.data),
        )


class BagForm(ChoiceForm):
    """The same once more, with what only the person who answers for it can say."""

    reason = TextAreaField(
        _l("For whom and why"),
        description=_l("Stays in the case, sealed; it is not in the bag."),
        validators=[
            InputRequired(FILL_IN),
            not_blank,
            Length(max=REASON_LENGTH, message=TOO_LONG),
        ],
    )
    shown = StringField()
    looked = StringField()
    leave_out = BooleanField(_l("Leave out what is damaged, and say so in the bag"))
