from __future__ import annotations

import base64
import binascii
import zlib
from http import HTTPStatus
from typing import TYPE_CHECKING
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from casefile.errors import CasefileError, InvalidError
from casefile.grants import importing, lists, tables, taking_over
from casefile.grants.access import requires
from casefile.grants.call_models import Call
from casefile.grants.models import Programme
from casefile.policy import Permission
from casefile.vault.upload import open_sealed
from casefile.web import database_session, resources, sealed_upload, unit_of_work

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = Blueprint("imports", __name__, url_prefix="/grants/imports")
# Files wait for their preview sealed under this id, and are thrown away with the request.
WAITING = UUID("6772616e-7473-4d69-8d70-6f7274696e67")
CHOICES = 500


def _page(problem: str = "", result: importing.Preview | None = None, kept: str = "") -> str:
    session = database_session()
    programmes = session.scalars(
        select(Programme)
        .where(Programme.voided_at.is_(None))
        .order_by(Programme.code)
        .limit(CHOICES)
    )
    drafts = session.scalars(
        select(Call)
        .where(Call.state == "draft", Call.voided_at.is_(None))
        .order_by(Call.code)
        .limit(CHOICES)
    )
    return render_template(
        "grants/import.html",
        kinds=importing.KINDS,
        kind=request.form.get("kind", ""),
        target=request.form.get("target", ""),
        programmes=[(str(row.id), f"{row.code} · {lists.title(row)}") for row in programmes],
        calls=[(str(row.id), f"{row.code} · {lists.title(row)}") for row in drafts],
        problem=problem,
        result=result,
        kept=kept,
    )


@bp.get("/")
@requires(Permission.GRANTS_IMPORT)
def new() -> ResponseReturnValue:
    return _page()


def _target() -> UUID | None:
    text = request.form.get("target", "")
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _read(text: str) -> importing.Preview:
    """Read a table for what was chosen, and hold it against the call it goes into."""
    session, kind, target = database_session(), request.form.get("kind", ""), _target()
    if kind != "applications":
        return importing.preview(session, kind, text)
    call = session.get(Call, target) if target else None
    if call is None:
        msg = "Choose the call these applications belong to: a draft made for them."
        raise InvalidError(msg)
    result = importing.preview(session, kind, text, call.currency)
    importing.hold_against(result, call)
    return result


@bp.post("/preview")
@requires(Permission.GRANTS_IMPORT, files=WAITING)
def preview() -> ResponseReturnValue:
    try:
        text = tables.decode(_content())
        result = _read(text)
    except InvalidError as error:
        return _page(_(error.message)), error.status
    status = HTTPStatus.UNPROCESSABLE_ENTITY if result.problems else HTTPStatus.OK
    return _page(result=result, kept=_pack(text)), status


def _content() -> bytes:
    """Read the file that was sent; it lies sealed and goes when the request ends."""
    part = request.files.get("files")
    upload = sealed_upload(part) if part is not None else None
    if upload is None:
        msg = "Choose a CSV file with something in it."
        raise InvalidError(msg)
    if upload.size > tables.MOST_BYTES:
        return b"\0" * (tables.MOST_BYTES + 1)
    file = open_sealed(resources().vault, upload.key, WAITING, upload.file_id)
    return b"".join(file.blocks())


def _pack(text: str) -> str:
    """Put the table into the page, so that what is confirmed is what was shown."""
    return base64.b64encode(zlib.compress(text.encode())).decode()


def _unpack(packed: str) -> str:
    try:
        opener = zlib.decompressobj()
        content = opener.decompress(base64.b64decode(packed, validate=True), 2 * tables.MOST_BYTES)
        if opener.unconsumed_tail:
            raise InvalidError(AGAIN)
        return content.decode()
    except (binascii.Error, zlib.error, UnicodeDecodeError) as error:
        raise InvalidError(AGAIN) from error


AGAIN = "The preview cannot be read any more. Nothing was imported; choose the file again."


@bp.post("/")
@requires(Permission.GRANTS_IMPORT)
def create() -> ResponseReturnValue:
    try:
        text = _unpack(request.form.get("content", ""))
        result = _read(text)
        with unit_of_work() as uow:
            count = taking_over.apply(uow, result, target=_target())
    except CasefileError as error:
        return _page(_(error.message)), error.status
    flash(ngettext("%(num)s row was imported.", "%(num)s rows were imported.", count))
    return redirect(_where_they_are(result.kind, _target()), HTTPStatus.SEE_OTHER)


def _where_they_are(kind: str, target: UUID | None) -> str:
    if target is None:
        return url_for("grants.programme_index")
    if kind == "applications":
        return url_for("calls.call_show", call_id=target)
    return url_for("grants.programme_show", programme_id=target)
