from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    DateField,
    IntegerField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import HiddenInput

from casefile.accounts.forms import FILL_IN, countable, not_out_of_reach, required
from casefile.policy import Seat

TITLE_LENGTH = 200
SUMMARY_LENGTH = 20_000

SEAT_NAMES = {
    Seat.LEAD: _l("Lead"),
    Seat.REPORTER: _l("Reporter"),
    Seat.EDITOR: _l("Editor"),
    Seat.FACT_CHECKER: _l("Fact-checker"),
    Seat.LAWYER: _l("Lawyer"),
    Seat.READER: _l("Reader"),
}
STATUS_NAMES = {
    "open": _l("Open"),
    "dormant": _l("Dormant"),
    "closed": _l("Closed"),
    "archived": _l("Archived"),
}


class CaseForm(FlaskForm):
    title = StringField(_l("Working title"), validators=required(TITLE_LENGTH))
    summary = TextAreaField(
        _l("Summary"),
        validators=[
            Optional(),
            Length(max=SUMMARY_LENGTH, message=_l("Shorten this to at most %(max)d characters.")),
        ],
    )


class CaseEditForm(CaseForm):
    status = SelectField(
        _l("Status"),
        choices=[SelectChoice(status, name) for status, name in STATUS_NAMES.items()],
    )
    version = IntegerField(widget=HiddenInput(), validators=[InputRequired(), countable])


class SeatForm(FlaskForm):
    role = SelectField(
        _l("Seat"),
        choices=[SelectChoice(seat.value, name) for seat, name in SEAT_NAMES.items()],
    )
    ends_at = DateField(_l("Last day"), validators=[Optional(), not_out_of_reach])


class NewSeatForm(SeatForm):
    username = SelectField(_l("Person"), validators=[InputRequired(FILL_IN)])
