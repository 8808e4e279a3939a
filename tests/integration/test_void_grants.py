"""What was written down by mistake is voided with a reason: kept, struck through, and counted no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from casefile.audit.models import Entry
from casefile.errors import ConflictError, ForbiddenError
from casefile.grants import (
    agreements,
    applying,
    beginning,
    budgets,
    calls,
    keeping,
    programmes,
    voiding,
)
from casefile.grants.application_models import Application
from casefile.grants.budget_forms import read_lines
from casefile.grants.call_models import Call
from casefile.grants.models import FundingAgreement, GrantsEvent, Programme
from casefile.grants.states import AgreementState, CallState
from tests import grants_scene as scene
from tests.cast import resources_of
from tests.grant_cast import Team, draft

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask

    from tests.cast import Clock
    from tests.strict_browser import Browse

WHY = "Typed twice."


def agreement_of(app: Flask, grants: scene.Grants) -> UUID:
    numbers = ("report_every_months", "interim_report_days", "final_report_months")
    shares = ("heading_flexibility", "prefinancing_previous", "prefinancing_earlier")
    blank = dict.fromkeys((*numbers, *shares, "prefinancing_most", "donor_id", "amount"))
    dates = {"starts_on": None, "starts_precision": "", "ends_on": None, "ends_precision": ""}
    named = {"reference": "", "title": "Promise", "currency": "USD", "rate_method": "day"}
    with scene.acting(app, grants.gina) as uow:
        return agreements.create(uow, grants.programme, {**blank, **dates, **named}).id


def base_of(app: Flask, model: type[keeping.Kept], row_id: UUID) -> str:
    return str(scene.version_of(app, model, row_id))


def test_a_programme_a_draft_agreement_a_call_and_an_application_are_voided_with_a_reason(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock
) -> None:
    agreement, empty = agreement_of(app, grants), scene.draft_call(app, grants)
    call_id = scene.open_call(app, grants, clock, sealed_until_close=False)
    application, _token = scene.apply(app, call_id)
    with scene.acting(app, grants.gina) as uow:
        mistake = programmes.create(uow, scene.programme_values(code="OOPS"), {}).id
    gina = browse(grants.gina, fresh=True)
    for model, name, row_id in (
        (Programme, "programmes", mistake),
        (FundingAgreement, "agreements", agreement),
        (Call, "calls", empty),
        (Application, "applications", application),
    ):
        url = f"/grants/{name}/{row_id}"
        gina.post(f"{url}/void", fields={"version": base_of(app, model, row_id), "reason": WHY})

        page = gina.get(url)
        assert page.find("//h1/del"), name
        assert WHY in page.main, name
        assert url not in gina.get(f"/grants/{name}/").html, name
        shown = gina.get(f"/grants/{name}/?state=voided")
        assert shown.find(f"//a[@href='{url}']/del"), name
        assert WHY in shown.main, name
        assert WHY in gina.get(f"/grants/exports/{name}.csv?state=voided").content.decode()
        assert WHY not in gina.get(f"/grants/exports/{name}.csv").content.decode()
    with resources_of(app).database.reading() as session:
        entries = set(session.scalars(select(Entry.action)))
        told = session.scalars(select(GrantsEvent).where(GrantsEvent.what == "voided")).all()
    things = ("programme", "agreement", "call", "application")
    assert {f"{thing}.voided" for thing in things} <= entries
    assert [(one.reason, one.actor_id) for one in told] == [(WHY, grants.gina.id)] * 4


def test_without_a_reason_or_over_a_newer_version_nothing_is_voided(
    app: Flask, browse: Browse, grants: scene.Grants
) -> None:
    call_id = scene.draft_call(app, grants)
    gina = browse(grants.gina, fresh=True)
    base = base_of(app, Call, call_id)

    for fields in ({"version": base, "reason": " "}, {"version": "1", "reason": WHY}):
        gina.post(f"/grants/calls/{call_id}/void", fields=fields)
        page = gina.get(f"/grants/calls/{call_id}")
        assert "Say why" in page.text or "newer version" in page.text
        assert not page.find("//h1/del")


def test_what_something_rests_on_is_not_voided_and_the_refusal_names_it(
    app: Flask, grants: scene.Grants, clock: Clock
) -> None:
    agreement = agreement_of(app, grants)
    call_id = scene.open_call(app, grants, clock, agreement_id=agreement)
    scene.apply(app, call_id)
    code = scene.fetched(app, lambda session: keeping.get(session, Call, call_id).code)
    with scene.acting(app, grants.gina) as uow:
        for verb, row_id, model, named in (
            (voiding.programme, grants.programme, Programme, code),
            (voiding.agreement, agreement, FundingAgreement, code),
            (voiding.call, call_id, Call, "submitted: 1"),
        ):
            base = keeping.get(uow.session, model, row_id).version
            with pytest.raises(ConflictError, match=named):
                verb(uow, row_id, base, WHY)
    team = Team(grants.gina, grants.gina, grants.finn, grants.dora, grants.programme)
    draft(resources_of(app), team, codename="amber-fox")
    base = int(base_of(app, Programme, grants.programme))
    with scene.acting(app, grants.gina) as uow, pytest.raises(ConflictError, match="amber-fox"):
        voiding.programme(uow, grants.programme, base, WHY)


def test_what_is_signed_or_decided_is_not_voided(
    app: Flask, grants: scene.Grants, clock: Clock
) -> None:
    agreement = agreement_of(app, grants)
    base = int(base_of(app, FundingAgreement, agreement))
    with scene.acting(app, grants.dora) as uow:
        agreements.move(uow, agreement, base, AgreementState.SIGNED, "")
    with scene.acting(app, grants.dora) as uow, pytest.raises(ForbiddenError, match="Terminate"):
        voiding.agreement(uow, agreement, base + 1, WHY)
    call_id = scene.open_call(app, grants, clock)
    row_id, _token = scene.apply(app, call_id)
    scene.close_call(app, clock)
    with scene.acting(app, grants.gina) as uow:
        keeping.get(uow.session, Application, row_id).state = "rejected"
        uow.session.flush()
        base = keeping.get(uow.session, Application, row_id).version
        with pytest.raises(ConflictError, match="decided"):
            voiding.application(uow, scene.person_of(grants.gina), row_id, base, WHY)


def test_nothing_voided_changes_any_more_and_nothing_new_rests_on_it(
    app: Flask, grants: scene.Grants, clock: Clock
) -> None:
    agreement, call_id = agreement_of(app, grants), scene.draft_call(app, grants)
    with scene.acting(app, grants.gina) as uow:
        voiding.agreement(uow, agreement, 1, WHY)
        base = keeping.get(uow.session, Call, call_id).version
        voiding.call(uow, call_id, base, WHY)
    for act in (
        lambda uow: calls.move(uow, call_id, base + 1, CallState.PUBLISHED, ""),
        lambda uow: voiding.call(uow, call_id, base + 1, WHY),
        lambda uow: beginning.begin(uow, call_id),
        lambda uow: calls.create(
            uow, grants.programme, scene.call_values(uow.now, agreement_id=agreement)
        ),
    ):
        with pytest.raises(ConflictError, match="voided"), scene.acting(app, grants.gina) as uow:
            act(uow)


def test_the_draft_of_a_budget_ends_with_the_agreement_it_belongs_to(
    app: Flask, grants: scene.Grants
) -> None:
    agreement = agreement_of(app, grants)
    with scene.acting(app, grants.gina) as uow:
        owner = keeping.get(uow.session, FundingAgreement, agreement)
        row = budgets.prepare(uow, owner, read_lines("People | Work | 1 | month | 5"))
    with scene.acting(app, grants.gina) as uow:
        voiding.agreement(uow, agreement, 1, WHY)
    with scene.acting(app, grants.dora) as uow, pytest.raises(ConflictError, match="voided"):
        budgets.approve(uow, row.id, row.version)


def test_an_applicant_still_reads_what_was_voided_and_can_do_no_more_with_it(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock
) -> None:
    call_id = scene.open_call(app, grants, clock, sealed_until_close=False)
    row_id, token = scene.apply(app, call_id)
    _draft, other = scene.apply(app, call_id, submit=False)
    with scene.acting(app, grants.gina) as uow:
        base = keeping.get(uow.session, Application, row_id).version
        voiding.application(uow, scene.person_of(grants.gina), row_id, base, WHY)
    with scene.acting(app, grants.gina) as uow:
        voiding.call(uow, call_id, keeping.get(uow.session, Call, call_id).version, WHY)

    page = browse().get(f"/apply/applications/{token}")
    assert "has voided this application" in page.main
    assert "R-" in page.main
    assert WHY not in page.html
    assert "has voided this call" in browse().get(f"/apply/applications/{other}").main
    with scene.acting(app, None) as uow, pytest.raises(ConflictError, match="voided"):
        applying.withdraw(uow, row_id, "")
    with scene.acting(app, None) as uow, pytest.raises(ConflictError, match="voided"):
        applying.save(uow, _draft, 2, scene.DRAFT)
