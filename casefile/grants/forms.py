from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    IntegerField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional
from wtforms.widgets import HiddenInput

from casefile.accounts.forms import countable, no_control_characters, required
from casefile.errors import InvalidError
from casefile.grants.columns import REASON_LENGTH, TITLE_LENGTH
from casefile.grants.dates import PartialDate
from casefile.grants.money import checked_currency, rate_value, read_amount, read_percent
from casefile.grants.states import Blind, Entry, OrganisationRole, ProgrammeStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

SUMMARY_LENGTH = 20_000
USUAL_CURRENCIES = ("KGS", "USD", "EUR", "GBP")
LANGUAGES = ("ky", "ru", "en")
STATUS_NAMES = {
    ProgrammeStatus.PIPELINE: _l("Planned"),
    ProgrammeStatus.IMPLEMENTATION: _l("Running"),
    ProgrammeStatus.FINALISATION: _l("Finalising"),
    ProgrammeStatus.CLOSED: _l("Closed"),
    ProgrammeStatus.CANCELLED: _l("Cancelled"),
    ProgrammeStatus.SUSPENDED: _l("Suspended"),
}
ROLE_NAMES = {
    OrganisationRole.FUNDING: _l("Funding"),
    OrganisationRole.ACCOUNTABLE: _l("Accountable"),
    OrganisationRole.EXTENDING: _l("Extending"),
    OrganisationRole.IMPLEMENTING: _l("Implementing"),
}
ORGANISATION_KINDS = {
    "": _l("Not stated"),
    "donor": _l("Donor"),
    "ngo": _l("Civil society organisation"),
    "newsroom": _l("Newsroom"),
    "public": _l("Public body"),
    "academic": _l("School or university"),
    "company": _l("Company"),
}
COMPONENT_KINDS = {
    "course": _l("Course"),
    "workshop": _l("Workshop"),
    "grants": _l("Grants"),
    "forum": _l("Forum"),
    "other": _l("Other"),
}
RECURRENCES = {
    "annual": _l("Each year"),
    "series": _l("In series"),
    "calls": _l("By calls"),
    "once": _l("Once"),
}
EDITION_STATES = {
    "planned": _l("Planned"),
    "held": _l("Took place"),
    "cancelled": _l("Fell out"),
}
RATE_METHODS = {
    "": _l("Not stated"),
    "inforeuro": _l("InforEuro of the month"),
    "national_bank": _l("National bank on the day"),
    "received": _l("As received by the bank"),
}


def choices(names: Mapping[Any, Any]) -> list[SelectChoice]:
    return [SelectChoice(str(value), name) for value, name in names.items()]


def optional_text(longest: int) -> list[object]:
    return [
        Optional(),
        Length(max=longest, message=_l("Shorten this to at most %(max)d characters.")),
        no_control_characters,
    ]


def long_text(longest: int) -> list[object]:
    return [
        Optional(),
        Length(max=longest, message=_l("Shorten this to at most %(max)d characters.")),
    ]


class ReadField(StringField):
    """Text that means something: what cannot be read comes back as it was typed, with the reason."""

    def read(self, text: str) -> Any:
        raise ValueError(text)

    def write(self, value: Any) -> str:
        return str(value)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else self.write(self.data)

    def process_formdata(self, valuelist: list[str]) -> None:
        text = valuelist[0].strip() if valuelist else ""
        self.data = None
        if text:
            try:
                self.data = self.read(text[:200])
            except InvalidError as error:
                raise ValueError(error.message) from error


class AmountField(ReadField):
    def read(self, text: str) -> Decimal:
        amount = read_amount(text)
        if amount < 0:
            raise InvalidError(str(_l("An amount here is not below nought.")))
        return amount


class RateField(ReadField):
    def read(self, text: str) -> Decimal:
        return rate_value(text)

    def write(self, value: Decimal) -> str:
        return f"{value.normalize():f}"


class PercentField(ReadField):
    def read(self, text: str) -> Decimal:
        value = read_percent(text)
        if value is None:
            raise InvalidError(str(_l("Write a percentage from 0 to 100, such as 25 or 12.5.")))
        return value

    def write(self, value: Decimal) -> str:
        return f"{value.normalize():f}"


class PartialDateField(ReadField):
    def read(self, text: str) -> PartialDate | None:
        return PartialDate.read(text)

    def write(self, value: PartialDate) -> str:
        return value.code


class CurrencyField(ReadField):
    def read(self, text: str) -> str:
        return checked_currency(text)


class LocalTimeField(ReadField):
    """A day and a time on the clocks of a zone that another field names."""

    def read(self, text: str) -> datetime:
        try:
            value = datetime.fromisoformat(text)
        except ValueError as error:
            raise InvalidError(str(_l("Write day and time as 2027-03-01T18:00."))) from error
        if value.tzinfo is not None or not 2000 <= value.year <= 2100:  # noqa: PLR2004
            raise InvalidError(str(_l("Write day and time as 2027-03-01T18:00.")))
        return value.replace(second=0, microsecond=0)

    def write(self, value: datetime) -> str:
        return value.strftime("%Y-%m-%dT%H:%M")


class VersionedForm(FlaskForm):
    version = IntegerField(widget=HiddenInput(), validators=[Optional(), countable])


class ReasonForm(VersionedForm):
    reason = TextAreaField(_l("Reason"), validators=long_text(REASON_LENGTH))


class MoveForm(ReasonForm):
    to = StringField(_l("Next state"), validators=required(32))


class ProgrammeForm(VersionedForm):
    code = StringField(_l("Code"), validators=required(32))
    title_en = StringField(_l("Title in English"), validators=optional_text(TITLE_LENGTH))
    title_ru = StringField(_l("Title in Russian"), validators=optional_text(TITLE_LENGTH))
    title_ky = StringField(_l("Title in Kyrgyz"), validators=optional_text(TITLE_LENGTH))
    summary_en = TextAreaField(_l("Summary in English"), validators=long_text(SUMMARY_LENGTH))
    summary_ru = TextAreaField(_l("Summary in Russian"), validators=long_text(SUMMARY_LENGTH))
    summary_ky = TextAreaField(_l("Summary in Kyrgyz"), validators=long_text(SUMMARY_LENGTH))
    status = SelectField(_l("Status"), choices=choices(STATUS_NAMES))
    starts = PartialDateField(_l("Start"))
    ends = PartialDateField(_l("End"))
    currency = CurrencyField(_l("Currency for comparison"))
    iati_identifier = StringField(_l("IATI identifier"), validators=optional_text(100))
    sectors = TextAreaField(
        _l("Sectors (OECD DAC codes)"),
        description=_l("One in each line: code and percent, such as 15153 60. They add up to 100."),
        validators=long_text(2000),
    )


class OrganisationForm(VersionedForm):
    name = StringField(_l("Name"), validators=required(TITLE_LENGTH))
    legal_form = StringField(_l("Legal form"), validators=optional_text(32))
    kind = SelectField(_l("Kind"), choices=choices(ORGANISATION_KINDS))
    region = StringField(_l("Region"), validators=optional_text(TITLE_LENGTH))
    iati_identifier = StringField(_l("IATI identifier"), validators=optional_text(100))


class ProgrammeRoleForm(FlaskForm):
    organisation = SelectField(_l("Organisation"), validators=[InputRequired()])
    role = SelectField(_l("Role"), choices=choices(ROLE_NAMES))


class AffiliationForm(FlaskForm):
    username = StringField(_l("Username"), validators=required(64))


class ComponentForm(VersionedForm):
    name = StringField(_l("What"), validators=required(TITLE_LENGTH))
    kind = SelectField(_l("Kind"), choices=choices(COMPONENT_KINDS))
    audience = StringField(_l("For whom"), validators=optional_text(TITLE_LENGTH))
    recurrence = SelectField(_l("How often"), choices=choices(RECURRENCES))
    since = IntegerField(_l("Since which year"), validators=[Optional(), NumberRange(1900, 2100)])


class EditionForm(FlaskForm):
    year = IntegerField(_l("Year"), validators=[InputRequired(), NumberRange(1900, 2100)])
    state = SelectField(_l("State"), choices=choices(EDITION_STATES))
    title = StringField(_l("Title"), validators=optional_text(TITLE_LENGTH))
    starts = PartialDateField(_l("When"))
    note = StringField(_l("Note"), validators=optional_text(REASON_LENGTH))


class AgreementForm(VersionedForm):
    donor = SelectField(_l("Donor"), validators=[Optional()])
    reference = StringField(_l("Reference"), validators=optional_text(100))
    title = StringField(_l("Title"), validators=required(TITLE_LENGTH))
    amount = AmountField(_l("Amount"), description=_l("Leave empty if it is not stated."))
    currency = CurrencyField(_l("Currency"), validators=[InputRequired()])
    starts = PartialDateField(_l("Start"))
    ends = PartialDateField(_l("End"))
    report_every_months = IntegerField(
        _l("Report every … months"), validators=[Optional(), NumberRange(1, 60)]
    )
    interim_report_days = IntegerField(
        _l("Interim report after … days"), validators=[Optional(), NumberRange(0, 366)]
    )
    final_report_months = IntegerField(
        _l("Final report after … months"), validators=[Optional(), NumberRange(0, 24)]
    )
    heading_flexibility = PercentField(_l("Moves between headings without asking, percent"))
    prefinancing_previous = PercentField(_l("Of the previous instalment spent, percent"))
    prefinancing_earlier = PercentField(_l("Of earlier instalments spent, percent"))
    prefinancing_most = PercentField(_l("Paid in advance at most, percent"))
    rate_method = SelectField(_l("Exchange rate used"), choices=choices(RATE_METHODS))


class RateForm(FlaskForm):
    base = CurrencyField(_l("One unit of"), validators=[InputRequired()])
    value = RateField(_l("is worth"), validators=[InputRequired()])
    quote = CurrencyField(_l("units of"), validators=[InputRequired()])
    valid_on = DateField(_l("On"), validators=[InputRequired()])
    source = StringField(_l("Source"), validators=required(TITLE_LENGTH))


class CallForm(VersionedForm):
    code = StringField(_l("Code"), validators=required(32))
    agreement = SelectField(_l("Paid from"), validators=[Optional()])
    title_en = StringField(_l("Title in English"), validators=optional_text(TITLE_LENGTH))
    title_ru = StringField(_l("Title in Russian"), validators=optional_text(TITLE_LENGTH))
    title_ky = StringField(_l("Title in Kyrgyz"), validators=optional_text(TITLE_LENGTH))
    summary_en = TextAreaField(_l("Text in English"), validators=long_text(SUMMARY_LENGTH))
    summary_ru = TextAreaField(_l("Text in Russian"), validators=long_text(SUMMARY_LENGTH))
    summary_ky = TextAreaField(_l("Text in Kyrgyz"), validators=long_text(SUMMARY_LENGTH))
    opens = LocalTimeField(_l("Opens"))
    closes = LocalTimeField(_l("Closes"))
    zone = StringField(_l("Time zone of both"), validators=required(64))
    currency = CurrencyField(_l("Currency"), validators=[InputRequired()])
    envelope = AmountField(_l("Envelope"), description=_l("What all awards together may come to."))
    minimum = AmountField(_l("Smallest amount"))
    maximum = AmountField(_l("Largest amount"))
    kinds = TextAreaField(
        _l("Kinds of projects"), description=_l("One in each line."), validators=long_text(2000)
    )
    regions = TextAreaField(
        _l("Regions"), description=_l("One in each line."), validators=long_text(2000)
    )
    regions_declared = IntegerField(
        _l("Regions, as declared"), validators=[Optional(), NumberRange(0, 99)]
    )
    partners_required = IntegerField(
        _l("Partners required"), validators=[InputRequired(), NumberRange(0, 20)]
    )
    entry = SelectField(
        _l("Who may apply"),
        choices=choices(
            {Entry.PUBLIC: _l("Everybody"), Entry.INVITATION: _l("Who has an invitation")}
        ),
    )
    blind = SelectField(
        _l("Blindness"),
        choices=choices(
            {
                Blind.NONE: _l("None: reviewers see applicants and one another"),
                Blind.SINGLE: _l("Single: reviewers do not see one another"),
                Blind.DOUBLE: _l("Double: reviewers do not see applicants either"),
            }
        ),
    )
    sealed_until_close = BooleanField(_l("Nobody reads applications before the deadline"))
    reviews_wanted = IntegerField(
        _l("Reviews for each application"), validators=[InputRequired(), NumberRange(1, 20)]
    )
    quorum = IntegerField(
        _l("Members needed to decide"), validators=[InputRequired(), NumberRange(1, 20)]
    )
    reviewers_may_decide = BooleanField(_l("Whoever reviewed may decide too"))


class LinesForm(VersionedForm):
    lines = TextAreaField(_l("Lines"), validators=long_text(SUMMARY_LENGTH))


class DeadlineForm(ReasonForm):
    closes = LocalTimeField(_l("New deadline"), validators=[InputRequired()])


class ReviewerForm(FlaskForm):
    person = SelectField(_l("Person"), validators=[InputRequired()])


class ApplicantInvitationForm(FlaskForm):
    name = StringField(_l("For whom"), validators=required(120))
    days = IntegerField(_l("Days it works"), validators=[InputRequired(), NumberRange(1, 90)])


class TextForm(VersionedForm):
    text = TextAreaField(_l("Text"), validators=[*required(5000)[:3]])


class InterestForm(FlaskForm):
    conflict = SelectField(
        _l("Your interest in this application"),
        choices=choices(
            {
                "": _l("Choose one"),
                "no": _l("I have none: no kinship, work, money or quarrel with anybody in it"),
                "yes": _l("I have one, and stand aside"),
            }
        ),
        validators=[InputRequired(_l("Say whether you have an interest."))],
    )
    reason = StringField(_l("Which one"), validators=optional_text(REASON_LENGTH))


class OrganisationChoiceForm(VersionedForm):
    organisation = SelectField(_l("Organisation"), validators=[InputRequired()])


class ApplyForm(VersionedForm):
    applicant = StringField(
        _l("Applicant (needed to submit)"), validators=optional_text(TITLE_LENGTH)
    )
    legal_form = StringField(_l("Legal form"), validators=optional_text(32))
    title = StringField(
        _l("Title of the project (needed to submit)"), validators=optional_text(TITLE_LENGTH)
    )
    kind = SelectField(_l("Kind of project"), validators=[Optional()])
    summary = TextAreaField(
        _l("Summary that may be made public (needed to submit)"),
        validators=long_text(SUMMARY_LENGTH),
    )
    requested = AmountField(_l("Amount you ask for (needed to submit)"))
    regions = SelectMultipleField(_l("Regions"), validators=[Optional()])
    place = StringField(_l("Place"), validators=optional_text(TITLE_LENGTH))
    partners = TextAreaField(
        _l("Partners"),
        description=_l("One in each line: name | what they do."),
        validators=long_text(5000),
    )
    name = StringField(_l("Contact person"), validators=optional_text(200))
    email = StringField(_l("E-mail"), validators=optional_text(254))
    phone = StringField(_l("Telephone"), validators=optional_text(60))
