"""Small things on pages of the grants that kept somebody from their work."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from casefile.errors import InvalidError
from casefile.grants import agreements, calls, keeping, organisations, programmes
from casefile.grants.call_models import Call
from casefile.grants.states import OrganisationRole
from tests import grants_scene as scene

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Clock
    from tests.strict_browser import Browse

BLANK = {"legal_form": "", "region": "", "iati_identifier": "", "kind": "donor"}


def test_history_says_who_and_until_when(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock
) -> None:
    call_id = scene.open_call(app, grants, clock)
    with scene.acting(app, grants.gina) as uow:
        call = keeping.get(uow.session, Call, call_id)
        later = call.closes_at + scene.timedelta(days=2)
        calls.extend(uow, call_id, call.version, later, "A flood.")
    page = browse(grants.gina).get(f"/grants/calls/{call_id}").main

    assert "Gina Grant Manager" in page[page.index("What happened") :]
    assert f"Deadline moved to {later.astimezone(ZoneInfo('Asia/Bishkek')).day} " in page
    assert "+00:00" not in page
    with scene.acting(app, grants.gina) as uow:
        own = organisations.create(uow, {"name": "Fund", **BLANK})
        organisations.affiliate(uow, own.id, "don")
        programmes.add_organisation(uow, grants.programme, own.id, OrganisationRole.FUNDING)
    assert "Gina" not in browse(grants.don).get(f"/grants/calls/{call_id}").main


def test_an_applicant_nobody_has_named_yet_is_taken_for_no_organisation(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock
) -> None:
    with scene.acting(app, grants.gina) as uow:
        organisations.create(uow, {"name": "A donor", **BLANK})
    call_id = scene.open_call(app, grants, clock)
    row_id, _token = scene.apply(app, call_id)
    scene.close_call(app, clock)
    page = browse(grants.gina).get(f"/grants/applications/{row_id}")

    first = page.find("//select[@name='organisation']/option")[0]
    assert first.get("value") == ""
    assert not page.find("//select[@name='organisation']/option[@selected][@value!='']")
    where = f"/grants/applications/{row_id}"
    version = page.value("version")
    browse(grants.gina).post(
        f"{where}/organisation", fields={"version": version, "organisation": ""}
    )
    row = scene.fetched(app, lambda session: keeping.get(session, scene.Application, row_id))
    assert row.organisation_id is None


def test_a_codename_is_proposed_that_no_award_has(
    app: Flask, browse: Browse, grants: scene.Grants
) -> None:
    gina = browse(grants.gina)
    proposed = gina.get("/grants/awards/new").value("codename")
    assert "-" in proposed
    assert gina.get("/grants/awards/new").value("codename")


def test_the_calendar_marks_days_of_other_months_and_empty_days(
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock
) -> None:
    page = browse(grants.gina).get("/grants/calendar?month=2026-11")

    other = page.find("//li[contains(@class,'month-day')][@data-other]")
    assert len(other) == 12
    assert all("data-empty" in one.attrib for one in other)
    assert len(page.find("//li[@data-empty]")) == 42
    assert "November 2026" in page.main


def test_the_rate_of_a_day_is_written_down_once_the_day_has_come_here(
    app: Flask, grants: scene.Grants, clock: Clock
) -> None:
    clock.standing = datetime(2026, 11, 22, 20, tzinfo=UTC)  # two in the morning in Bishkek
    values = {"base": "USD", "quote": "KGS", "value": Decimal("87.45"), "source": "Bank"}
    with scene.acting(app, grants.gina) as uow:
        agreements.record_rate(uow, {**values, "valid_on": date(2026, 11, 23)})
    with pytest.raises(InvalidError, match="not come yet"), scene.acting(app, grants.gina) as uow:
        agreements.record_rate(uow, {**values, "valid_on": date(2026, 11, 24)})
