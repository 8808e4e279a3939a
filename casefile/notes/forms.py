from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, IntegerField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import HiddenInput

from casefile.accounts.forms import FILL_IN, countable, no_control_characters, not_blank, required

TITLE_LENGTH = 200
BODY_LENGTH = 100_000
TAGS_LENGTH = 600


class NoteForm(FlaskForm):
    title = StringField(_l("Title"), validators=required(TITLE_LENGTH))
    body = TextAreaField(
        _l("Note"),
        validators=[
            InputRequired(FILL_IN),
            not_blank,
            Length(max=BODY_LENGTH, message=_l("Shorten this to at most %(max)d characters.")),
        ],
    )
    tags = StringField(
        _l("Tags"),
        description=_l("Words parted by commas."),
        validators=[Optional(), Length(max=TAGS_LENGTH), no_control_characters],
    )
    named = BooleanField(_l("Save it with the name: everybody on the case may read it"))


class NoteEditForm(NoteForm):
    version = IntegerField(widget=HiddenInput(), validators=[InputRequired(), countable])
