from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    IntegerField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional, StopValidation
from wtforms.widgets import HiddenInput

from casefile.accounts.forms import (
    FILL_IN,
    countable,
    no_control_characters,
    not_out_of_reach,
    required,
)

NAME_LENGTH = 300
TEXT_LENGTH = 20_000
LONG = Length(max=TEXT_LENGTH, message=_l("Shorten this to at most %(max)d characters."))

LEVEL_NAMES = {
    "on_record": _l("On the record"),
    "not_for_attribution": _l("Not for attribution"),
    "background": _l("Background"),
    "confidential": _l("Confidential"),
}
KIND_NAMES = {
    "anonymity": _l("Anonymity"),
    "read_back": _l("Quotes to be read back"),
    "embargo": _l("Embargo"),
    "other": _l("Something else"),
}
WAY_NAMES = {
    "in person": _l("In person"),
    "call": _l("Call"),
    "message": _l("Message"),
    "letter": _l("Letter or parcel"),
    "other": _l("Another way"),
}


def _choices(names: dict[str, object]) -> list[SelectChoice]:
    return [SelectChoice(value, name) for value, name in names.items()]


def _text(label: object, help_text: object) -> TextAreaField:
    return TextAreaField(label, description=help_text, validators=[Optional(), LONG])


class AboutForm(FlaskForm):
    protection = SelectField(_l("Protection"), choices=_choices(LEVEL_NAMES))
    reliability = _text(
        _l("Reliability"), _l("How they know it, how often they were right, what you checked.")
    )
    motive = _text(_l("Motive"), _l("Why they talk to you."))
    quotable = _text(
        _l("May be quoted for"), _l("What may be said, and as whom: “an official of the ministry”.")
    )


class IdentityFields(FlaskForm):
    name = StringField(
        _l("Name"),
        description=_l("In any script; other names and spellings too."),
        validators=[
            Optional(),
            Length(max=NAME_LENGTH, message=_l("Shorten this to at most %(max)d characters.")),
            no_control_characters,
        ],
    )
    contacts = _text(_l("Contacts"), _l("How to reach them, and how not to."))
    circumstances = _text(
        _l("Circumstances"), _l("Who they are, who else knows, what would put them in danger.")
    )


class SourceForm(AboutForm, IdentityFields):
    pass


class AboutEditForm(AboutForm):
    version = IntegerField(widget=HiddenInput(), validators=[InputRequired(), countable])


class IdentityForm(IdentityFields):
    version = IntegerField(widget=HiddenInput(), validators=[InputRequired(), countable])


class ContactForm(FlaskForm):
    met_on = DateField(_l("When"), validators=[InputRequired(FILL_IN), not_out_of_reach])
    how = SelectField(_l("How"), choices=_choices(WAY_NAMES))
    where = StringField(
        _l("Where"),
        validators=[
            Optional(),
            Length(max=NAME_LENGTH, message=_l("Shorten this to at most %(max)d characters.")),
            no_control_characters,
        ],
    )
    summary = TextAreaField(_l("What came of it"), validators=[InputRequired(FILL_IN), LONG])
    corrects = StringField(widget=HiddenInput(), validators=[Optional(), Length(max=36)])


def _said_for_an_embargo(form: FlaskForm, field: DateField) -> None:
    """Let the day be empty, but for an embargo."""
    if not (field.raw_data and field.raw_data[0].strip()):
        embargo = form["kind"].data == "embargo"
        field.errors = []
        raise StopValidation(_l("Say until when the embargo lasts.") if embargo else "")


class AgreementForm(FlaskForm):
    kind = SelectField(_l("What was promised"), choices=_choices(KIND_NAMES))
    text = TextAreaField(_l("In words"), validators=[InputRequired(FILL_IN), LONG])
    agreed_on = DateField(_l("Agreed on"), validators=[InputRequired(FILL_IN), not_out_of_reach])
    until = DateField(
        _l("Embargo until the end of"),
        validators=[_said_for_an_embargo, not_out_of_reach],
    )
    supersedes = SelectField(_l("In place of"), validators=[Optional()])


class LinkForm(FlaskForm):
    code = StringField(
        _l("Note or evidence"),
        description=_l("N-3 is note 3, E-12 is evidence 12."),
        validators=required(20),
    )
    passage = _text(
        _l("Their words in it"),
        _l("If only some of it comes from this source: copy these words here."),
    )


class HandlerForm(FlaskForm):
    person = SelectField(_l("Person"), validators=[InputRequired(FILL_IN)])
    leave = BooleanField(_l("Hand over: take myself off"))


class ShredForm(FlaskForm):
    codename = StringField(
        _l("Codename"),
        description=_l("Type the codename of the source, to be sure that it is this one."),
        validators=required(80),
    )
