from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import StringField, ValidationError
from wtforms.validators import Length

from casefile.accounts.forms import no_control_characters
from casefile.notices.letters import is_address


def _one_address(_form: object, field: StringField) -> None:
    text = (field.data or "").strip()
    if text and not is_address(text):
        raise ValidationError(
            _l("Write one address like name@example.org, or leave this empty for no mail.")
        )


class MailForm(FlaskForm):
    address = StringField(
        _l("E-mail address"),
        validators=[
            Length(max=200, message=_l("Shorten this to at most %(max)d characters.")),
            no_control_characters,
            _one_address,
        ],
    )
