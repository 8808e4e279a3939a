"""Releasing a milestone: drafted in the newsroom, seen as it will be seen, released by an editor."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import select

from casefile import audit, keys
from casefile.accounts import service as accounts
from casefile.cases import service as cases
from casefile.cases.models import CaseSeat
from casefile.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
)
from casefile.evidence import service as evidence
from casefile.evidence.models import Item
from casefile.grants import awards, keeping
from casefile.grants import milestones as grant_milestones
from casefile.grants.award_states import EvidenceClass
from casefile.milestones import content, counting, files, links, published
from casefile.milestones.content import Entered, Shown
from casefile.milestones.models import (
    MilestoneDraft,
    MilestoneOpening,
    MilestoneSecret,
    MilestoneSubmission,
)
from casefile.notes import service as notes
from casefile.notices import service as notices
from casefile.policy import Permission, Role, Seat

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.grants.award_models import Award, Milestone
    from casefile.uow import Resources, UnitOfWork

SIGNED_AS = "casefile milestone submission 1"
STALE = "What is to be released was changed since you looked at it. Nothing was released: look at it again."


@dataclass(frozen=True, slots=True)
class Draft:
    """What is ready to be released: what will be seen, what was typed, and what stays sealed here."""

    version: int
    text: str
    entered: Entered
    secrets: Mapping[str, Any]
    changed_by_id: UUID
    shown: Shown


def draft_of(session: Session, case: OpenCase, milestone_id: UUID) -> Draft | None:
    row = session.scalar(
        select(MilestoneDraft).where(
            MilestoneDraft.case_id == case.id, MilestoneDraft.milestone_id == milestone_id
        )
    )
    if row is None:
        return None
    plain = json.loads(
        case.key(row.generation).open(row.record, "milestone_draft", row.id, "record", row.version)
    )
    typed = plain["entered"]
    on = typed["published_on"]
    entered = Entered(**{**typed, "published_on": date.fromisoformat(on) if on else None})
    return Draft(
        row.version,
        plain["content"],
        entered,
        plain["secrets"],
        row.changed_by_id,
        content.read(plain["content"]),
    )


def save_draft(
    uow: UnitOfWork, case: OpenCase, milestone_id: UUID, base: int, entered: Entered
) -> None:
    """Write down what could be released. The program counts, and commits, here.

    Raises InvalidError naming what is missing, ConflictError when somebody saved meanwhile.
    """
    cases.hold(uow, case, Permission.MILESTONE_PREPARE)
    award, milestone = links.milestone_of(uow.session, case, milestone_id)
    check_open(award, milestone)
    row = uow.session.scalar(
        select(MilestoneDraft).where(
            MilestoneDraft.case_id == case.id, MilestoneDraft.milestone_id == milestone_id
        )
    )
    if (row.version if row else 0) != base:
        raise ConflictError(STALE)
    parts, secrets = _parts(uow, case, award, milestone, entered)
    text = content.written(parts, milestone.id, _next_version(uow.session, milestone.id))
    if row is None:
        row = MilestoneDraft(id=uuid4(), case_id=case.id, milestone_id=milestone_id, version=0)
        uow.session.add(row)
    row.version, row.generation = base + 1, case.generation
    row.changed_by_id, row.changed_at = _actor(uow), uow.now
    typed = {**asdict(entered), "points": list(entered.points), "lowered": dict(entered.lowered)}
    if entered.published_on:
        typed["published_on"] = entered.published_on.isoformat()
    plain = json.dumps({"content": text, "entered": typed, "secrets": secrets})
    row.record = case.newest.seal(plain.encode(), "milestone_draft", row.id, "record", row.version)
    uow.session.flush()
    audit.record(
        uow,
        "milestone.prepared",
        subject_id=milestone_id,
        case=case,
        detail={"label": f"M{milestone.number}", "version": row.version},
    )


def check_open(award: Award, milestone: Milestone) -> None:
    if not awards.is_open(award, milestone):
        msg = "This milestone is not open now: the award rests, or it was submitted or settled already."
        raise ConflictError(msg)


def _actor(uow: UnitOfWork) -> UUID:
    if uow.actor_id is None:
        msg = "a change by nobody"
        raise RuntimeError(msg)
    return uow.actor_id


def _next_version(session: Session, milestone_id: UUID) -> int:
    return len(submissions(session, milestone_id)) + 1


def _parts(
    uow: UnitOfWork, case: OpenCase, award: Award, milestone: Milestone, entered: Entered
) -> tuple[dict[str, Any], dict[str, Any]]:
    wanted = {EvidenceClass(name) for name in milestone.classes}
    today = uow.now.astimezone(ZoneInfo(uow.resources.settings.timezone)).date()
    parts: dict[str, Any] = {}
    secrets: dict[str, Any] = {}
    if EvidenceClass.ARTEFACT in wanted:
        parts["E0"] = content.artefact(entered, today)
    if EvidenceClass.COUNTS in wanted:
        told = counted(uow.resources, uow.session, case)
        parts["E1"] = content.counts(told, entered)
        secrets["E1"] = {"counted": told, "reason": entered.lower_reason.strip()}
    if EvidenceClass.ATTESTATION in wanted:
        parts["E2"] = content.attestation(entered)
    if EvidenceClass.COMMITMENT in wanted:
        version = _next_version(uow.session, milestone.id)
        sha256, length = committed_to(uow.session, case, entered.committed_to)
        nonce = keys.random_key()
        made = keys.make_commitment(nonce, keys.Committed(milestone.id, version, sha256, length))
        parts["E3"] = {"commitment": made.hex()}
        secrets["E3"] = {
            "nonce": nonce.hex(),
            "sha256": sha256,
            "length": length,
            "of": entered.committed_to,
        }
    if EvidenceClass.REDACTED_FILE in wanted:
        parts["E4"] = files.part(uow.session, case, award, milestone)
    if EvidenceClass.VOUCHER in wanted:
        parts["E6"] = content.voucher(entered)
        secrets["E6"] = {"payee": entered.payee.strip()}
    return parts, secrets


def committed_to(session: Session, case: OpenCase, what: str) -> tuple[str, int]:
    """Return SHA-256 and length of a note's text or a file of this case."""
    kind, _colon, text = what.partition(":")
    try:
        thing_id = UUID(text)
    except ValueError as error:
        msg = "Choose the note or the file that is committed to."
        raise InvalidError(msg) from error
    if kind == "note":
        note = notes.get(session, case, thing_id)
        plain = f"{note.title}\n\n{note.body}\n".encode()
        return hashlib.sha256(plain).hexdigest(), len(plain)
    view = evidence.views(session, case, [evidence.get(session, case, thing_id)])[0]
    return view.sha256, view.size


def release(uow: UnitOfWork, case: OpenCase, milestone_id: UUID, base: int) -> UUID:
    """Let the grant side have exactly what the preview showed. Signed by the editor who attests it.

    Raises ForbiddenError for somebody who reports on the case, ConflictError when anything
    changed since the preview.
    """
    cases.hold(uow, case, Permission.MILESTONE_RELEASE)
    check_attester(uow, case)
    award, milestone = links.milestone_of(uow.session, case, milestone_id)
    check_open(award, milestone)
    ready = draft_of(uow.session, case, milestone_id)
    if ready is None or ready.version != base:
        raise ConflictError(STALE)
    version = _next_version(uow.session, milestone.id)
    if ready.shown.version != version or ready.shown.milestone != str(milestone.id):
        raise ConflictError(STALE)
    _check_complete(uow, case, milestone, ready)
    if "E4" in ready.shown.parts:
        files.hand_over(uow, case, milestone_id, dict(ready.shown.part("E4")))
    submission_id = uuid4()
    uow.session.add(
        MilestoneSubmission(
            id=submission_id,
            milestone_id=milestone.id,
            version=version,
            content=ready.text,
            signature=_sign(uow, milestone.id, version, ready.text),
            attester_id=_actor(uow),
            released_at=uow.now,
            state="released",
            reason="",
        )
    )
    uow.session.flush()
    plain = json.dumps(dict(ready.secrets)).encode()
    uow.session.add(
        MilestoneSecret(
            submission_id=submission_id,
            case_id=case.id,
            generation=case.generation,
            record=case.newest.seal(plain, "milestone_secret", submission_id, "record"),
        )
    )
    uow.session.delete(_draft_row(uow.session, case, milestone_id))
    grant_milestones.submit(uow, milestone.id)
    audit.record(
        uow,
        "milestone.released",
        subject_id=submission_id,
        case=case,
        detail={
            "label": f"{award.codename} M{milestone.number}",
            "version": version,
            "sha256": keys.digest(ready.text.encode()).hex(),
        },
    )
    return submission_id


def _draft_row(session: Session, case: OpenCase, milestone_id: UUID) -> MilestoneDraft:
    return session.scalars(
        select(MilestoneDraft).where(
            MilestoneDraft.case_id == case.id, MilestoneDraft.milestone_id == milestone_id
        )
    ).one()


def counted(resources: Resources, session: Session, case: OpenCase) -> dict[str, str]:
    """Return the bands that the program counts now."""
    return counting.bands(counting.counted(session, case, resources.settings.timezone))


def _check_complete(uow: UnitOfWork, case: OpenCase, milestone: Milestone, ready: Draft) -> None:
    """Look once more: every class that is asked for is there, and the counts are still right."""
    asked = set(milestone.classes) - {EvidenceClass.VERIFIER}
    if asked != set(ready.shown.parts):
        raise ConflictError(STALE)
    if "E1" not in ready.shown.parts:
        return
    now, then = counted(uow.resources, uow.session, case), ready.secrets.get("E1", {})
    if now != then.get("counted") or dict(ready.shown.part("E1")) != content.counts(
        now, ready.entered
    ):
        msg = "The counts have changed since the preview. Save the draft again and look at it once more."
        raise ConflictError(msg)


def check_attester(uow: UnitOfWork, case: OpenCase) -> None:
    """Raise ForbiddenError unless this is an editor who does not report on the case."""
    user = accounts.get(uow.session, _actor(uow))
    reports = uow.session.scalar(
        select(Item.id).where(Item.case_id == case.id, Item.added_by_id == user.id).limit(1)
    )
    wrote = user.id in published.writers(uow.session, case)
    if Role.EDITOR not in accounts.roles_of(user.roles) or reports is not None or wrote:
        msg = (
            "Only an editor who does not report on this case may attest and release: you have put "
            "evidence on it, wrote a story of it, or are no editor of the newsroom. Give another editor a "
            "seat as editor; if there is none, ask the grant manager for an independent verifier."
        )
        raise ForbiddenError(msg)


def _statement(milestone_id: UUID, version: int, text: str) -> bytes:
    return keys.packed(SIGNED_AS, milestone_id, version, text)


def _sign(uow: UnitOfWork, milestone_id: UUID, version: int, text: str) -> bytes:
    if uow.bundle is None:
        msg = "a release by nobody"
        raise RuntimeError(msg)
    return uow.bundle.sign(_statement(milestone_id, version, text))


def submissions(session: Session, milestone_id: UUID) -> Sequence[MilestoneSubmission]:
    """Return everything that was ever released for a milestone, newest first."""
    return session.scalars(
        select(MilestoneSubmission)
        .where(MilestoneSubmission.milestone_id == milestone_id)
        .order_by(MilestoneSubmission.version.desc())
    ).all()


def open_commitment(uow: UnitOfWork, case: OpenCase, submission_id: UUID) -> None:
    """Give out what the commitment was made of, so that anybody can check it. Cannot be taken back."""
    cases.hold(uow, case, Permission.MILESTONE_RELEASE)
    secret = uow.session.scalar(
        select(MilestoneSecret).where(
            MilestoneSecret.submission_id == submission_id, MilestoneSecret.case_id == case.id
        )
    )
    if secret is None:
        raise NotFoundError(keeping.NOT_THERE)
    told = json.loads(
        case.key(secret.generation).open(secret.record, "milestone_secret", submission_id, "record")
    ).get("E3")
    if told is None:
        raise NotFoundError(keeping.NOT_THERE)
    if uow.session.get(MilestoneOpening, submission_id) is not None:
        msg = "This commitment is open already."
        raise ConflictError(msg)
    uow.session.add(
        MilestoneOpening(
            submission_id=submission_id,
            nonce=bytes.fromhex(told["nonce"]),
            sha256=told["sha256"],
            length=told["length"],
            opened_at=uow.now,
        )
    )
    uow.session.flush()
    audit.record(uow, "commitment.opened", subject_id=submission_id, case=case)


def tell_newsroom(uow: UnitOfWork, award: Award, milestone: Milestone, kind: str) -> None:
    """Tell the editors of the case that something came back. Written where nobody of the grants reads."""
    for case_id in links.cases_of(uow.session, award.id):
        people = uow.session.scalars(
            select(CaseSeat.user_id).where(
                CaseSeat.case_id == case_id,
                CaseSeat.role.in_((Seat.EDITOR, Seat.LEAD)),
                CaseSeat.ends_at.is_(None) | (CaseSeat.ends_at > uow.now),
            )
        ).all()
        label = f"{award.codename} M{milestone.number}"
        path = f"/cases/{case_id}/milestones/{milestone.id}"
        notices.tell(uow, people, kind, notices.Thing(label, path, case_id))


def attester_ids(session: Session, milestone_id: UUID) -> list[UUID]:
    """Return who attested a milestone: for keeping duties apart, and for no page."""
    return [row.attester_id for row in submissions(session, milestone_id)]
