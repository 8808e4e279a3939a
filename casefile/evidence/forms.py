from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    DateField,
    IntegerField,
    MultipleFileField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import HiddenInput

from casefile.accounts.forms import FILL_IN, countable, no_control_characters, not_blank

SHOWS_LENGTH = 2000
LINE_LENGTH = 300
NOTE_LENGTH = 100_000
TOO_LONG = _l("Shorten this to at most %(max)d characters.")
FIRST_YEAR = 1000


def whole_year(_form: object, field: DateField) -> None:
    """Refuse a year of one to three digits: a slip of the hand that browsers cannot show again."""
    if field.data and field.data.year < FIRST_YEAR:
        raise ValidationError(_l("Write the year with four digits."))


class OriginForm(FlaskForm):
    shows = TextAreaField(
        _l("What it shows"), validators=[Optional(), Length(max=SHOWS_LENGTH, message=TOO_LONG)]
    )
    obtained_at = DateField(_l("Obtained on"), validators=[Optional(), whole_year])
    obtained_from = StringField(
        _l("Obtained from"),
        description=_l("A place or an office. Name a source only by codename."),
        validators=[Optional(), Length(max=LINE_LENGTH, message=TOO_LONG), no_control_characters],
    )
    obtained_how = StringField(
        _l("How it was obtained"),
        validators=[Optional(), Length(max=LINE_LENGTH, message=TOO_LONG), no_control_characters],
    )
    tags = StringField(
        _l("Tags"),
        description=_l("Words parted by commas."),
        validators=[Optional(), Length(max=600, message=TOO_LONG), no_control_characters],
    )


class EvidenceForm(OriginForm):
    files = MultipleFileField(_l("Files"))
    note = TextAreaField(
        _l("Note"),
        description=_l("Saved with the files and citing them. Markdown."),
        validators=[Optional(), Length(max=NOTE_LENGTH, message=TOO_LONG)],
    )


class WithdrawForm(FlaskForm):
    reason = TextAreaField(
        _l("Why it does not stand any more"),
        validators=[
            InputRequired(FILL_IN),
            not_blank,
            Length(max=SHOWS_LENGTH, message=TOO_LONG),
        ],
    )
    version = IntegerField(widget=HiddenInput(), validators=[InputRequired(), countable])


class ReinstateForm(FlaskForm):
    version = IntegerField(widget=HiddenInput(), validators=[InputRequired(), countable])


class EvidenceEditForm(OriginForm):
    version = IntegerField(widget=HiddenInput(), validators=[InputRequired(), countable])
