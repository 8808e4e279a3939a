from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired, Length

from casefile.accounts.forms import FILL_IN, PASSWORD_LENGTH, required

CODE_LENGTH = 200


class NewPasswordForm(FlaskForm):
    password = PasswordField(
        _l("New password"), validators=[InputRequired(FILL_IN), Length(max=PASSWORD_LENGTH)]
    )
    password_again = PasswordField(
        _l("New password again"),
        validators=[InputRequired(FILL_IN), EqualTo("password", _l("The two passwords differ."))],
    )


class ForgottenForm(NewPasswordForm):
    username = StringField(_l("Username"), validators=required(200))
    code = StringField(_l("Recovery code"), validators=required(CODE_LENGTH))


class NewCodeForm(FlaskForm):
    current = PasswordField(
        _l("Current password"), validators=[InputRequired(FILL_IN), Length(max=PASSWORD_LENGTH)]
    )


class TryCodeForm(FlaskForm):
    code = StringField(_l("Recovery code"), validators=required(CODE_LENGTH))
