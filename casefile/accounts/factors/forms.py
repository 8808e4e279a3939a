from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from casefile.accounts.forms import FILL_IN, PASSWORD_LENGTH, required

NAME_LENGTH = 60
CODE_LENGTH = 60
# More than the sealed setup of a page ever is.
SETUP_LENGTH = 1000


class CodeForm(FlaskForm):
    code = StringField(_l("Code"), validators=[InputRequired(FILL_IN), Length(max=CODE_LENGTH)])
    next = HiddenField()


class TouchForm(FlaskForm):
    answer = HiddenField(validators=[InputRequired(_l("The key did not answer. Try again."))])
    next = HiddenField()


class ConfirmForm(FlaskForm):
    password = PasswordField(
        _l("Password"), validators=[InputRequired(FILL_IN), Length(max=PASSWORD_LENGTH)]
    )
    next = HiddenField()


class NameForm(FlaskForm):
    name = StringField(_l("Name"), validators=required(NAME_LENGTH))


class AppForm(NameForm):
    code = StringField(
        _l("Code that the app shows now"),
        validators=[InputRequired(FILL_IN), Length(max=CODE_LENGTH)],
    )
    setup = HiddenField(validators=[Length(max=SETUP_LENGTH)])


class KeyForm(NameForm):
    answer = HiddenField(validators=[InputRequired(_l("The key did not answer. Try again."))])
    setup = HiddenField(validators=[Length(max=SETUP_LENGTH)])
