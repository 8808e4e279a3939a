from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    DateTimeLocalField,
    IntegerField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import HiddenInput

from casefile.accounts.forms import (
    FILL_IN,
    MOST_VERSION,
    countable,
    no_control_characters,
    not_blank,
    not_out_of_reach,
    required,
)
from casefile.evidence.forms import whole_year
from casefile.stories.records import LANGUAGES, STATEMENT_LENGTH

TITLE_LENGTH = 200
BODY_LENGTH = 400_000
LONG, LINE, ADDRESS = 20_000, 300, 2000
MOST_PAGES = 1_000_000
TOO_LONG = _l("Shorten this to at most %(max)d characters.")
MINUTE = "%Y-%m-%dT%H:%M"

CATEGORY_NAMES = {
    "fact": _l("Fact"),
    "number": _l("Number"),
    "allegation": _l("Allegation"),
    "quote": _l("Quote"),
}
VERDICT_NAMES = {
    "verified": _l("Verified: it is so, and what it rests on shows it"),
    "disputed": _l("Disputed: something speaks against it"),
    "dropped": _l("Dropped: it goes out of the story"),
    "unchecked": _l("Open again: it has to be checked anew"),
}
TASK_NAMES = {
    "claim": _l("Check single claims"),
    "check": _l("Check the facts of the whole story"),
    "write": _l("Write the draft"),
    "clear": _l("Read it as its lawyer"),
}
EXPORT_NAMES = {"docx": _l("Word file (.docx)"), "html": _l("Web page (.html)")}
ALLEGATION_NAMES = {
    "1": _l("one support is enough"),
    "2": _l("two supports from different hands"),
    "3": _l("three supports from different hands"),
    "4": _l("four supports from different hands"),
    "5": _l("five supports from different hands"),
}
NUMBER_NAMES = {
    "document": _l("a document, not only what somebody says"),
    "any": _l("any support"),
}
LEVEL_NAMES = {
    "block": _l("keeps the story back"),
    "warn": _l("is a warning to whoever decides"),
}
LEGAL_NAMES = {
    "required": _l("reads every story before it is approved"),
    "optional": _l("is asked where the newsroom wants it"),
}
IMPACT_NAMES = {
    "reaction": _l("Official reaction"),
    "inquiry": _l("Inquiry or court case"),
    "change": _l("Something was changed or paid back"),
    "award": _l("Award"),
    "pickup": _l("Others took it up"),
    "threat": _l("Threat or complaint against us"),
    "other": _l("Something else"),
}


def base_version(_form: object, field: IntegerField) -> None:
    """Refuse a version no draft can have; 0 begins a language."""
    if field.data is None or not 0 <= field.data <= MOST_VERSION:
        raise ValidationError(_l("This page is out of step. Open the form again."))


def web_address(_form: object, field: StringField) -> None:
    """Refuse what is no address of a web page."""
    if not (field.data or "").startswith(("https://", "http://")):
        raise ValidationError(_l("Begin with https:// or http://."))


def page_number(_form: object, field: IntegerField) -> None:
    if field.data is not None and not 1 <= field.data <= MOST_PAGES:
        raise ValidationError(_l("Pages are counted from 1."))


def _choices(names: dict[str, object]) -> list[SelectChoice]:
    return [SelectChoice(value, name) for value, name in names.items()]


def _long(label: object, longest: int = LONG, **more: object) -> TextAreaField:
    return TextAreaField(
        label, validators=[Optional(), Length(max=longest, message=TOO_LONG)], **more
    )


def _line(label: object, longest: int = LINE, **more: object) -> StringField:
    return StringField(
        label,
        validators=[Optional(), Length(max=longest, message=TOO_LONG), no_control_characters],
        **more,
    )


def _named() -> BooleanField:
    return BooleanField(_l("Save it with the name: everybody on the case may read it"))


def _moment(label: object, **more: object) -> DateTimeLocalField:
    return DateTimeLocalField(label, format=MINUTE, validators=[Optional()], **more)


class TextForm(FlaskForm):
    title = StringField(_l("Headline"), validators=required(TITLE_LENGTH))
    body = TextAreaField(
        _l("Draft"),
        validators=[
            InputRequired(FILL_IN),
            not_blank,
            Length(max=BODY_LENGTH, message=TOO_LONG),
        ],
    )
    version = IntegerField(widget=HiddenInput(), validators=[base_version])
    named = _named()


class StoryForm(FlaskForm):
    title = StringField(
        _l("Working title"),
        description=_l("What colleagues call it. The headline can say something else later."),
        validators=required(TITLE_LENGTH),
    )
    language = SelectField(_l("Language of the first draft"), choices=_choices(dict(LANGUAGES)))
    body = TextAreaField(
        _l("Draft"),
        validators=[InputRequired(FILL_IN), not_blank, Length(max=BODY_LENGTH, message=TOO_LONG)],
    )
    outlet = _line(_l("Outlet"))
    named = _named()


class SettingsForm(FlaskForm):
    title = StringField(_l("Working title"), validators=required(TITLE_LENGTH))
    outlet = _line(_l("Outlet"))
    embargo = _moment(
        _l("Embargo until"), description=_l("It cannot be published before. In your time zone.")
    )
    version = IntegerField(widget=HiddenInput(), validators=[InputRequired(), countable])


class ClaimForm(FlaskForm):
    statement = TextAreaField(
        _l("What it claims"),
        description=_l("One thing that can be checked."),
        validators=[
            InputRequired(FILL_IN),
            not_blank,
            Length(max=STATEMENT_LENGTH, message=TOO_LONG),
        ],
    )
    category = SelectField(_l("Kind"), choices=_choices(dict(CATEGORY_NAMES)))
    version = IntegerField(widget=HiddenInput(), validators=[base_version])


class NewClaimForm(FlaskForm):
    statement = ClaimForm.statement
    category = ClaimForm.category
    language = SelectField(_l("Draft"), validators=[Optional()], validate_choice=False)
    words = _long(
        _l("Words to mark"),
        4000,
        description=_l("Exactly as they stand in that draft. Leave empty to mark them later."),
    )


class SupportForm(FlaskForm):
    what = StringField(
        _l("What it rests on"),
        description=_l(
            "E-12 for evidence, N-3 for a note, C-4 for another claim, or the codename of a source."
        ),
        validators=required(LINE),
    )
    page = IntegerField(_l("Page"), validators=[Optional(), page_number])
    passage = _long(_l("Passage"), 4000, description=_l("The words that show it."))
    version = IntegerField(widget=HiddenInput(), validators=[InputRequired(), countable])


class VerdictForm(FlaskForm):
    verdict = SelectField(_l("Verdict"), choices=_choices(dict(VERDICT_NAMES)))
    reasoning = TextAreaField(
        _l("Reasoning"),
        description=_l("What you compared with what, and what you found."),
        validators=[InputRequired(FILL_IN), not_blank, Length(max=LONG, message=TOO_LONG)],
    )
    version = IntegerField(widget=HiddenInput(), validators=[InputRequired(), countable])


class AssignmentEditForm(FlaskForm):
    person = SelectField(_l("To whom"), validate_choice=False)
    due = DateField(
        _l("Until"),
        description=_l("The last day, in your time zone."),
        validators=[Optional(), whole_year, not_out_of_reach],
    )
    reason = _long(_l("Why, or what to look at"), 2000)
    version = IntegerField(widget=HiddenInput(), validators=[base_version])


class AssignmentForm(AssignmentEditForm):
    task = SelectField(_l("What is to be done"), choices=_choices(dict(TASK_NAMES)))
    claims = _line(
        _l("Which claims"),
        600,
        description=_l("Only for single claims: their numbers, such as 3, 5-8."),
    )


class VersionForm(FlaskForm):
    version = IntegerField(widget=HiddenInput(), validators=[InputRequired(), countable])


class ReplyForm(FlaskForm):
    subject = StringField(_l("Who is asked"), validators=required(LINE))
    asked = _long(_l("What was asked"))
    how = _line(_l("Sent how"), description=_l("By letter, e-mail, telephone, in person."))
    sent_at = _moment(_l("Sent"), description=_l("In your time zone."))
    deadline = _moment(_l("Answer asked for until"), description=_l("In your time zone."))
    answer = _long(_l("Answer"))
    answered_at = _moment(_l("Answered"), description=_l("In your time zone."))
    used = _long(
        _l("What was used of it"),
        description=_l("Where the story says what they answered, or that they did not."),
    )
    version = IntegerField(widget=HiddenInput(), validators=[base_version])
    exposed = BooleanField(_l("I looked at each of these, and it may be asked so"))


class DecisionForm(FlaskForm):
    version = IntegerField(widget=HiddenInput(), validators=[InputRequired(), countable])
    content = StringField(
        widget=HiddenInput(), validators=[InputRequired(), Length(max=64), no_control_characters]
    )
    rules = StringField(widget=HiddenInput(), validators=[Optional(), Length(max=64)])
    reason = _long(_l("Why"))


class DayForm(DecisionForm):
    day = DateField(_l("On"), validators=[InputRequired(FILL_IN), whole_year, not_out_of_reach])


class PublicationForm(FlaskForm):
    url = StringField(_l("Address"), validators=[*required(ADDRESS), web_address])
    outlet = StringField(_l("Outlet"), validators=required(LINE))
    at = DateTimeLocalField(
        _l("Came out"),
        format=MINUTE,
        description=_l("In your time zone."),
        validators=[InputRequired(FILL_IN)],
    )
    language = SelectField(
        _l("Language"),
        choices=[SelectChoice("", "–"), *_choices(dict(LANGUAGES))],
        validators=[Optional()],
    )
    saved_page = _line(
        _l("Saved page"),
        20,
        description=_l("E-12, if the page was put on record as evidence; its hash is kept here."),
    )


class CorrectForm(DayForm):
    exposed = BooleanField(_l("I looked at each of these, and the story may come out so"))


class PublishForm(PublicationForm):
    exposed = CorrectForm.exposed
    version = DecisionForm.version
    content = DecisionForm.content
    rules = DecisionForm.rules
    reason = DecisionForm.reason


class ImpactForm(FlaskForm):
    kind = SelectField(_l("What followed"), choices=_choices(dict(IMPACT_NAMES)))
    day = DateField(_l("On"), validators=[InputRequired(FILL_IN), whole_year, not_out_of_reach])
    text = TextAreaField(
        _l("What happened"),
        validators=[InputRequired(FILL_IN), not_blank, Length(max=LONG, message=TOO_LONG)],
    )
    url = StringField(
        _l("Address"),
        validators=[
            Optional(),
            Length(max=ADDRESS, message=TOO_LONG),
            no_control_characters,
            web_address,
        ],
    )


class RulesForm(FlaskForm):
    allegation_supports = SelectField(
        _l("Under an allegation"), choices=_choices(dict(ALLEGATION_NAMES))
    )
    number = SelectField(_l("Under a number"), choices=_choices(dict(NUMBER_NAMES)))
    confidential = SelectField(
        _l("A claim that rests on confidential sources alone"), choices=_choices(dict(LEVEL_NAMES))
    )
    reply = SelectField(
        _l("A right of reply that is not settled"), choices=_choices(dict(LEVEL_NAMES))
    )
    legal = SelectField(_l("The lawyer"), choices=_choices(dict(LEGAL_NAMES)))
    reason = TextAreaField(
        _l("Why"),
        description=_l("Everybody in the newsroom may read it: name no case and no source here."),
        validators=[InputRequired(FILL_IN), not_blank, Length(max=2000, message=TOO_LONG)],
    )
    edition = IntegerField(widget=HiddenInput(), validators=[base_version])


class ExportForm(FlaskForm):
    language = SelectField(_l("Draft"), validate_choice=False)
    form = SelectField(_l("As"), choices=_choices(dict(EXPORT_NAMES)))
    claims = BooleanField(_l("With the claims: number, statement, verdict and what each rests on"))
    codenames = BooleanField(_l("Name sources by their codenames"))
    looked = StringField(validators=[Optional(), Length(max=64)])
