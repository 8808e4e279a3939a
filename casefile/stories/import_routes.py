from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from casefile.cases.access import OpenCase, requires
from casefile.errors import InvalidError, TooLargeError
from casefile.policy import Permission
from casefile.sandbox import ExtractionError, Reason, making
from casefile.stories.forms import TITLE_LENGTH, StoryForm, TextForm
from casefile.stories.routes import edit_page, known_language, new_page, none_of, opened
from casefile.vault import open_sealed
from casefile.web import resources, sealed_upload

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue

bp = Blueprint("story_imports", __name__, url_prefix="/cases/<uuid:case_id>/stories")
TOO_LARGE = _l(
    "This file is larger than 16 MiB, so it was not opened. Take the pictures out of it."
)
NO_FILE = _l("Choose a Word file (.docx) first.")
WORDS = {
    Reason.HAS_MACROS: _l(
        "This file holds macros, which are programs, so it was not opened. Save it in Word as a "
        "“Word document (.docx)”, which has none, and choose that."
    ),
    Reason.ENCRYPTED: _l(
        "This file is protected with a password. Take the password away in Word, then choose it again."
    ),
    Reason.UNREADABLE_KIND: _l(
        "This is not a Word file (.docx). Save it in Word or LibreOffice as .docx and choose that."
    ),
    Reason.TOO_MUCH_TEXT: _l(
        "This file has more text than a draft holds (400,000 characters). Cut it in two."
    ),
    Reason.NOT_STARTED: _l("The file could not be opened just now. Try again in a moment."),
}
OTHERWISE = _l(
    "This file could not be read: %(reason)s. Open it in Word, save it anew and try again."
)


def _words(case: OpenCase) -> str:
    """Return the words of the file that was sent, as Markdown.

    Raises InvalidError or TooLargeError with what to do about it.
    """
    part = request.files.get("files")
    upload = sealed_upload(part) if part is not None else None
    if upload is None or not upload.size:
        raise InvalidError(str(NO_FILE))
    if upload.size > making.DRAFT_BYTES:
        raise TooLargeError(str(TOO_LARGE))
    kept = open_sealed(resources().vault, upload.key, case.id, upload.file_id)
    try:
        return making.draft(b"".join(kept.blocks()))
    except ExtractionError as error:
        told = WORDS.get(error.reason)
        words = str(told) if told else str(OTHERWISE % {"reason": _(error.reason.value)})
        raise InvalidError(words) from error


def _take(case: OpenCase, form: StoryForm | TextForm) -> tuple[str, HTTPStatus]:
    """Put the words of the file into the form, below what stands there; return what went wrong."""
    try:
        words = _words(case)
    except (InvalidError, TooLargeError) as error:
        return error.message, error.status
    if not words.strip():
        return _("There are no words in this file."), HTTPStatus.UNPROCESSABLE_ENTITY
    typed = (form.body.data or "").rstrip()
    form.body.data = f"{typed}\n\n{words}" if typed else words
    if not (form.title.data or "").strip():
        form.title.data = words.splitlines()[0].lstrip("# ")[:TITLE_LENGTH]
    return "", HTTPStatus.OK


@bp.post("/import")
@requires(Permission.STORY_EDIT, files=True)
def create(case: OpenCase) -> ResponseReturnValue:
    form = StoryForm()
    trouble, status = _take(case, form)
    return new_page(case, form, trouble=trouble, taken=not trouble), status


@bp.post("/<uuid:story_id>/texts/<string(length=2):language>/import")
@requires(Permission.STORY_EDIT, files=True)
def update(case: OpenCase, story_id: UUID, language: str) -> ResponseReturnValue:
    form, story = TextForm(), opened(case, story_id, none_of)
    trouble, status = _take(case, form)
    page = edit_page(
        case, story, known_language(language), form, trouble=trouble, taken=not trouble
    )
    return page, status
