from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _

from casefile import audit
from casefile.cases.access import OpenCase
from casefile.cases.access import requires as requires_seat
from casefile.errors import CasefileError, InvalidError, NotFoundError
from casefile.grants import keeping
from casefile.grants import milestones as grant_milestones
from casefile.grants.access import requires as requires_role
from casefile.grants.application_routes import send
from casefile.milestones import deciding, files, links, service
from casefile.policy import Permission
from casefile.web import current, database_session, resources, sealed_upload, unit_of_work

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue

    from casefile.vault import SealedUpload

bp = Blueprint("milestone_files", __name__)
OURS = "/cases/<uuid:case_id>/milestones/<uuid:milestone_id>/file"


@bp.post(OURS)
@requires_seat(Permission.MILESTONE_PREPARE, files=True)
def create(case: OpenCase, milestone_id: UUID) -> ResponseReturnValue:
    """Strip a file and keep it for the next release; what was sent is thrown away with the request."""
    award, milestone = links.milestone_of(database_session(), case, milestone_id)
    service.check_open(award, milestone)
    made = files.strip(resources(), case, _chosen(), milestone.id)
    try:
        with unit_of_work() as uow:
            older = files.keep(uow, case, milestone_id, made)
    except CasefileError:
        made.discard()
        raise
    for file_id in older:
        resources().vault.delete(file_id.hex)
    flash(
        _(
            "The file was made anew of what is seen of it. Open it and see what the funder would get."
        )
    )
    where = url_for("milestones.show", case_id=case.id, milestone_id=milestone_id)
    return redirect(where, HTTPStatus.SEE_OTHER)


def _chosen() -> SealedUpload:
    part = request.files.get("files")
    upload = sealed_upload(part) if part else None
    if upload is None or not upload.size:
        msg = "Choose the file made for the funder first."
        raise InvalidError(msg)
    return upload


@bp.get(OURS)
@requires_seat(Permission.MILESTONE_READ)
def preview(case: OpenCase, milestone_id: UUID) -> ResponseReturnValue:
    session = database_session()
    award, milestone = links.milestone_of(session, case, milestone_id)
    file = files.preview(resources(), session, case, milestone_id)
    return send(files.name_of(award, milestone), file)


@bp.get("/grants/milestones/<uuid:milestone_id>/files/<int(max=9999):version>")
@requires_role(Permission.AWARD_READ)
def released(milestone_id: UUID, version: int) -> ResponseReturnValue:
    session = database_session()
    award, milestone = grant_milestones.get(session, milestone_id)
    history = deciding.released(session, current().bundle.anchor, milestone_id)
    shown = next((one.shown for one in history if one.version == version), None)
    if shown is None or not shown.part("E4"):
        raise NotFoundError(keeping.NOT_THERE)
    file = files.released(resources(), session, milestone_id, dict(shown.part("E4")))
    with unit_of_work() as uow:
        audit.record(uow, "milestone.file_downloaded", subject_id=milestone.id)
    return send(files.name_of(award, milestone), file)
