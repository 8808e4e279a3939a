from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    DateField,
    HiddenField,
    IntegerField,
    PasswordField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    ValidationError,
)
from wtforms.validators import EqualTo, InputRequired, Length, Optional

from casefile.policy import Role

if TYPE_CHECKING:
    from casefile.errors import CasefileError

NAME_LENGTH = 120
PASSWORD_LENGTH = 1024
LAST_YEAR = 2100
MOST_VERSION = 2**31 - 1
FILL_IN = _l("Fill this in.")

ROLE_NAMES = {
    Role.REPORTER: _l("Reporter"),
    Role.EDITOR: _l("Editor"),
    Role.GRANT_MANAGER: _l("Grant manager"),
    Role.FINANCE: _l("Finance"),
    Role.DIRECTOR: _l("Director"),
    Role.JUROR: _l("Juror"),
    Role.VERIFIER: _l("Verifier"),
    Role.DONOR: _l("Donor"),
    Role.ADMIN: _l("Administrator"),
}


def required(longest: int) -> list[object]:
    return [
        InputRequired(FILL_IN),
        not_blank,
        Length(max=longest, message=_l("Shorten this to at most %(max)d characters.")),
        no_control_characters,
    ]


def not_blank(_form: object, field: StringField) -> None:
    """Refuse blanks only: a title nobody can see cannot be clicked either."""
    if not (field.data or "").strip():
        raise ValidationError(FILL_IN)


def countable(_form: object, field: IntegerField) -> None:
    """Refuse a version no row can have. WTForms' NumberRange fails on what is no float."""
    if not 1 <= (field.data or 0) <= MOST_VERSION:
        raise ValidationError(_l("This page is out of step. Open the form again."))


def no_control_characters(_form: object, field: StringField) -> None:
    """Refuse characters that nobody can see and no list shows right."""
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in field.data or ""):  # noqa: PLR2004
        raise ValidationError(_l("Remove the invisible control characters from this."))


def not_out_of_reach(_form: object, field: DateField) -> None:
    """Refuse a slip of the hand: near the last day a date can hold, zones cannot be applied."""
    if field.data and field.data.year > LAST_YEAR:
        raise ValidationError(_l("Choose a day before the year 2101, or leave it empty."))


class SignInForm(FlaskForm):
    username = StringField(_l("Username"), validators=required(200))
    password = PasswordField(
        _l("Password"),
        validators=[InputRequired(FILL_IN), Length(max=PASSWORD_LENGTH)],
    )
    next = HiddenField()


class InvitationForm(FlaskForm):
    username = StringField(_l("Username"), validators=required(64))
    name = StringField(_l("Your name, as colleagues see it"), validators=required(NAME_LENGTH))
    password = PasswordField(
        _l("Password"), validators=[InputRequired(FILL_IN), Length(max=PASSWORD_LENGTH)]
    )
    password_again = PasswordField(
        _l("Password again"),
        validators=[InputRequired(FILL_IN), EqualTo("password", _l("The two passwords differ."))],
    )


class AccountForm(FlaskForm):
    name = StringField(_l("Your name, as colleagues see it"), validators=required(NAME_LENGTH))
    theme = SelectField(
        _l("Appearance"),
        choices=[
            SelectChoice("auto", _l("As the device is set")),
            SelectChoice("light", _l("Light")),
            SelectChoice("dark", _l("Dark")),
        ],
    )
    timezone = SelectField(
        _l("Time zone"),
        choices=lambda: [
            SelectChoice("", _l("As the newsroom")),
            *(SelectChoice(zone) for zone in sorted(available_timezones())),
        ],
    )


class PasswordForm(FlaskForm):
    current = PasswordField(
        _l("Current password"), validators=[InputRequired(FILL_IN), Length(max=PASSWORD_LENGTH)]
    )
    password = PasswordField(
        _l("New password"), validators=[InputRequired(FILL_IN), Length(max=PASSWORD_LENGTH)]
    )
    password_again = PasswordField(
        _l("New password again"),
        validators=[InputRequired(FILL_IN), EqualTo("password", _l("The two passwords differ."))],
    )


class InviteForm(FlaskForm):
    name = StringField(_l("Name"), validators=required(NAME_LENGTH))
    roles = SelectMultipleField(
        _l("Roles"),
        choices=[SelectChoice(role.value, name) for role, name in ROLE_NAMES.items()],
        validators=[InputRequired(_l("Choose at least one role."))],
    )
    ends_at = DateField(
        _l("Last day of the account"),
        validators=[Optional(), not_out_of_reach],
    )


class RolesForm(FlaskForm):
    roles = SelectMultipleField(
        _l("Roles"),
        choices=[SelectChoice(role.value, name) for role, name in ROLE_NAMES.items()],
        validators=[InputRequired(_l("Choose at least one role."))],
    )


class EndForm(FlaskForm):
    ends_at = DateField(
        _l("Last day of the account"),
        validators=[Optional(), not_out_of_reach],
    )


class TravelForm(FlaskForm):
    ends_at = DateField(
        _l("Last day of the journey"), validators=[InputRequired(FILL_IN), not_out_of_reach]
    )


class KeptForm(FlaskForm):
    group = StringField(_l("Last group of the code"), validators=required(20))
    proof = HiddenField()


def put_error(form: FlaskForm, field: str, error: CasefileError) -> None:
    """Show a refusal of the service beside the field it is about."""
    form[field].errors = [*form[field].errors, error.message]
