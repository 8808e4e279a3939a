"""What an import writes once its preview was read: in one change, all rows or none."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select

from casefile import audit, keys
from casefile.errors import InvalidError
from casefile.grants import budgets, codenames, importing, keeping, organisations, sealed
from casefile.grants.application_models import Application, ApplicationRevision, AwardDecision
from casefile.grants.call_models import Call
from casefile.grants.models import (
    Component,
    FundingAgreement,
    GrantsEvent,
    Organisation,
    Programme,
    ProgrammeOrganisation,
)
from casefile.grants.states import CALL_MOVES, AgreementState, ApplicationState, CallState
from casefile.grants.submitting import content_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from casefile.grants.importing import Preview, Tell
    from casefile.grants.money import Money
    from casefile.uow import UnitOfWork

CHUNK: Final = 500
HISTORY: Final = "Taken over from a list of winners."


def apply(
    uow: UnitOfWork, result: Preview, *, target: UUID | None, tell: Tell | None = None
) -> int:
    """Do what a preview showed, in one change. InvalidError while it has problems."""
    _refuse(result)
    say: Tell = tell or (lambda _what, _at, _of: None)
    writers = {
        "applications": _write_applications,
        "projects": _write_projects,
        "components": _write_components,
        "budget": _write_budget,
    }
    if target is None and result.kind != "projects":
        msg = "Choose what the rows belong to: a call for applications, a programme for the others."
        raise InvalidError(msg)
    writers[result.kind](uow, result, target, say)
    audit.record(
        uow,
        "list.imported",
        subject_id=target,
        detail={"kind": result.kind, "rows": result.count},
    )
    return result.count


def _refuse(result: Preview) -> None:
    if result.problems:
        msg = f"Nothing was imported. {result.problems[0]}"
        raise InvalidError(msg)


def _known(uow: UnitOfWork, rows: Sequence[dict[str, Any]], say: Tell) -> dict[str, UUID]:
    """Return the organisations of these rows by folded name, adding those that are new."""
    known = organisations.by_folded_names(uow.session, [row["organisation"] for row in rows])
    new: dict[str, dict[str, Any]] = {}
    for row in rows:
        name = organisations.folded(row["organisation"])
        if name not in known and name not in new:
            new[name] = {
                **_stamp(uow),
                "name": row["organisation"],
                "folded_name": name,
                "legal_form": row["legal_form"],
                "kind": "",
                "region": row["region_stated"],
                "iati_identifier": "",
            }
    _insert(uow, Organisation, list(new.values()), say, "organisations")
    return known | {name: row["id"] for name, row in new.items()}


def _stamp(uow: UnitOfWork) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "version": 1,
        "created_at": uow.now,
        "created_by_id": uow.actor_id,
        "changed_at": uow.now,
        "voided_reason": "",
    }


def _insert(
    uow: UnitOfWork, model: type[Any], rows: Sequence[dict[str, Any]], say: Tell, what: str
) -> None:
    for start in range(0, len(rows), CHUNK):
        uow.session.execute(insert(model), rows[start : start + CHUNK])
        say(what, min(start + CHUNK, len(rows)), len(rows))


def _write_applications(uow: UnitOfWork, result: Preview, target: UUID | None, say: Tell) -> None:
    """Winners of the past: awarded applications of a call that nobody has applied to here."""
    assert target is not None  # noqa: S101 - looked at in apply
    if uow.actor_id is None:
        msg = "Say who imports: the decisions taken over carry a name."
        raise InvalidError(msg)
    call = keeping.held(uow, Call, target)
    if call.state != CallState.DRAFT:
        msg = "Winners of the past go into a call that is still a draft. Make one for them."
        raise InvalidError(msg)
    there = uow.session.scalar(
        select(func.count()).select_from(Application).where(Application.call_id == call.id)
    )
    if there:
        msg = f"This call has {there} applications already. Nothing was imported; use another call."
        raise InvalidError(msg)
    importing.hold_against(result, call)
    _refuse(result)
    known = _known(uow, result.rows, say)
    rows, revisions, decided, happened = [], [], [], []
    taken: set[str] = set()
    for row in result.rows:
        application = _application(uow, call, row, known, codenames.make_new(taken))
        taken.add(application["codename"])
        revision = _revision(uow, application)
        rows.append(application)
        revisions.append(revision)
        decided.append(_decision(uow, application, revision["id"], row["number"]))
        happened.append(_event(uow, application["id"]))
    _insert(uow, Application, rows, say, "applications")
    _insert(uow, ApplicationRevision, revisions, say, "revisions")
    _insert(uow, AwardDecision, decided, say, "decisions")
    _insert(uow, GrantsEvent, happened, say, "history")
    for step in (CallState.PUBLISHED, CallState.OPEN, CallState.CLOSED, CallState.UNDER_REVIEW):
        keeping.move(uow, call, step, CALL_MOVES, "call.moved", HISTORY)
    keeping.move(uow, call, CallState.DECIDED, CALL_MOVES, "call.moved", HISTORY)
    call.frozen_at = uow.now


def _application(
    uow: UnitOfWork, call: Call, row: dict[str, Any], known: dict[str, UUID], codename: str
) -> dict[str, Any]:
    stamp = _stamp(uow)
    money: Money | None = row["money"]
    return {
        **stamp,
        "call_id": call.id,
        "number": row["number"],
        "codename": codename,
        "state": ApplicationState.AWARDED.value,
        "capability_digest": keys.random_key(),
        "organisation_id": known[organisations.folded(row["organisation"])],
        "applicant": row["organisation"],
        "legal_form": row["legal_form"],
        "kind": "",
        "title": row["project"],
        "summary": "",
        "requested": money.amount if money else None,
        "currency": call.currency,
        "regions": [row["region_stated"]] if row["region_stated"] else [],
        "place": row["place_stated"],
        "answers": {},
        "form_version": call.form_version,
        "record": sealed.seal(uow.resources, "application", stamp["id"], "record", {}),
        "revision": 1,
        "submitted_at": uow.now,
    }


def _revision(uow: UnitOfWork, row: dict[str, Any]) -> dict[str, Any]:
    content = {
        "application": str(row["id"]),
        **{
            name: row[name] for name in ("form_version", "applicant", "legal_form", "kind", "title")
        },
        **{name: row[name] for name in ("summary", "currency", "regions", "place", "answers")},
        "requested": str(row["requested"]) if row["requested"] is not None else None,
        "partners": [],
        "annexes": [],
    }
    return {
        "id": uuid4(),
        "application_id": row["id"],
        "number": 1,
        "form_version": row["form_version"],
        "submitted_at": uow.now,
        "receipt": f"R-{keys.paper_code().upper()}",
        "sha256": content_hash(content),
        "content": content,
    }


def _decision(
    uow: UnitOfWork, row: dict[str, Any], revision_id: UUID, number: int
) -> dict[str, Any]:
    return {
        **_stamp(uow),
        "application_id": row["id"],
        "revision_id": revision_id,
        "outcome": ApplicationState.AWARDED.value,
        "rank": number,
        "score": None,
        "amount": row["requested"],
        "currency": row["currency"],
        "reason": HISTORY,
        "feedback": "",
        "decided_by_id": uow.actor_id,
    }


def _event(uow: UnitOfWork, row_id: UUID) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "subject_kind": Application.__tablename__,
        "subject_id": row_id,
        "number": 1,
        "what": "state",
        "before": "",
        "after": ApplicationState.AWARDED.value,
        "at": uow.now,
        "actor_id": uow.actor_id,
        "reason": HISTORY,
    }


def _write_projects(uow: UnitOfWork, result: Preview, _target: UUID | None, say: Tell) -> None:
    names = {name for row in result.rows for own in row["roles"].values() for name in own}
    blank = {"legal_form": "", "region_stated": ""}
    known = _known(uow, [{"organisation": name, **blank} for name in sorted(names)], say)
    taken = set(uow.session.scalars(select(Programme.code)))
    rows, links = [], []
    for number, row in enumerate(result.rows, start=1):
        stamp = _stamp(uow)
        code = _free_code(taken, number)
        rows.append({**stamp, "code": code, **_programme(row)})
        for role, own in row["roles"].items():
            links += [
                {
                    **_stamp(uow),
                    "programme_id": stamp["id"],
                    "organisation_id": known[organisations.folded(name)],
                    "role": role.value,
                }
                for name in own
            ]
    _insert(uow, Programme, rows, say, "programmes")
    _insert(uow, ProgrammeOrganisation, links, say, "roles")


def _free_code(taken: set[str], number: int) -> str:
    while f"P-{number:03}" in taken:
        number += 1
    taken.add(f"P-{number:03}")
    return f"P-{number:03}"


def _programme(row: dict[str, Any]) -> dict[str, Any]:
    starts, ends = row["starts"], row["ends"]
    return {
        **dict.fromkeys(("title_ky", "title_ru", "summary_ky", "summary_ru"), ""),
        "title_en": row["title"],
        "summary_en": row["figures"],
        "iati_identifier": "",
        "status": "2",
        "starts_on": starts.day if starts else None,
        "starts_precision": starts.precision.value if starts else "",
        "ends_on": ends.day if ends else None,
        "ends_precision": ends.precision.value if ends else "",
        "currency": None,
    }


def _write_components(uow: UnitOfWork, result: Preview, target: UUID | None, say: Tell) -> None:
    assert target is not None  # noqa: S101 - looked at in apply
    keeping.held(uow, Programme, target)
    last = uow.session.scalar(
        select(func.max(Component.position)).where(Component.programme_id == target)
    )
    rows = [
        {
            **_stamp(uow),
            "programme_id": target,
            "position": at,
            "name": row["component"],
            "kind": row["kind"],
            "audience": row["audience"],
            "recurrence": row["recurrence"],
            "since": row["year"],
        }
        for at, row in enumerate(result.rows, start=(last or 0) + 1)
    ]
    _insert(uow, Component, rows, say, "components")


def _write_budget(uow: UnitOfWork, result: Preview, target: UUID | None, _say: Tell) -> None:
    """A budget becomes a draft of a funding agreement and the first version of its budget."""
    assert target is not None  # noqa: S101 - looked at in apply
    assert result.totals is not None  # noqa: S101 - a budget has one
    keeping.held(uow, Programme, target)
    whole = result.totals.only
    if whole is None or not result.totals.complete:
        msg = "The budget has no sum: an amount is missing. Nothing was imported."
        raise InvalidError(msg)
    row = FundingAgreement(
        programme_id=target,
        state=AgreementState.DRAFT,
        reference="",
        title=f"Budget of {result.count} headings",
        amount=whole.amount,
        currency=whole.currency,
        starts_precision="",
        ends_precision="",
        rate_method="",
    )
    keeping.add(uow, row, "agreement.created")
    lines = [
        budgets.Line(
            one["heading"],
            one["description"] or one["heading"],
            Decimal(1),
            "",
            one["money"].amount,
        )
        for one in result.rows
    ]
    budgets.prepare(uow, row, lines, stated=whole.amount, years=len(result.years))
