"""The acceptance data: figures of public documents, kept outside of the project."""

from __future__ import annotations

import csv
import os
import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from casefile.errors import InvalidError
from casefile.grants import counting, importing, keeping, programmes, tables, taking_over
from casefile.grants.application_models import Application
from casefile.grants.call_models import Call
from casefile.grants.models import FundingAgreement, Organisation, Programme
from casefile.grants.money import Money
from casefile.grants.states import OrganisationRole
from tests import grants_scene as scene

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Clock
    from tests.strict_browser import Browse

DATA = Path(os.environ.get("ACCEPTANCE_DATA") or Path(__file__).parents[3] / "shared" / "data")
WINNERS = "number,legal_form,organisation,project,region_stated,place_stated,amount\n"


def data(name: str) -> bytes:
    if not (DATA / name).exists():
        pytest.skip(f"the acceptance data is not here: {name}")
    return (DATA / name).read_bytes()


def take(
    app: Flask, grants: scene.Grants, kind: str, text: str, target: object, currency: str = ""
) -> None:
    with scene.acting(app, grants.gina) as uow:
        result = importing.preview(uow.session, kind, text, currency)
        taking_over.apply(uow, result, target=target)  # type: ignore[arg-type]


def test_the_eight_winners_have_no_amount_and_keep_their_letters(
    app: Flask, browse: Browse, grants: scene.Grants
) -> None:
    content = data("mini_grants_2021.csv")
    call_id = scene.draft_call(app, grants, currency="KGS", code="MINI-2021", regions_declared=7)
    gina = browse(grants.gina)
    form = {"kind": "applications", "target": str(call_id)}
    shown = gina.post("/grants/imports/preview", 200, files=[("w.csv", content)], fields=form)

    assert "0 of 8 known" in shown.main
    assert "4 known, 3 rows name none" in shown.main
    assert "ОФ Инсан-Лейлек" in shown.main
    assert "0.00" not in shown.main
    taken = gina.post("/grants/imports/", fields={**form, "content": shown.value("content")})
    assert taken.location == f"/grants/calls/{call_id}"
    page = gina.get(f"/grants/calls/{call_id}")
    assert "0 of 8 known" in page.main
    assert "Awarded 8" in page.main
    assert "Regions declared: 7. Regions: 4 known, 3 applications name none." in page.main
    listed = gina.get(f"/grants/calls/{call_id}/applications").main
    assert "Эл-Үнү" in listed
    assert "not stated" in listed
    assert "0.00" not in listed
    rows = list(
        csv.DictReader(
            gina.get("/grants/exports/applications.csv").content.decode("utf-8-sig").splitlines()
        )
    )
    assert len(rows) == 8
    assert all(row["Requested"] == "" for row in rows)
    again = gina.post("/grants/imports/", 422, fields={**form, "content": shown.value("content")})
    assert again.problems()


def test_the_rights_project_is_its_budget_to_the_penny(app: Flask, grants: scene.Grants) -> None:
    text = tables.decode(data("mrg_budget.csv"))
    result = scene.fetched(app, lambda session: importing.preview(session, "budget", text))

    assert result.totals.only == Money(Decimal("156497.00"), "GBP")
    assert result.share_total == Decimal("100.01")
    assert [money.amount for money in result.years] == [
        Decimal("52165.67"),
        Decimal("52165.67"),
        Decimal("52165.66"),
    ]
    take(app, grants, "budget", text, grants.programme)
    kept = scene.fetched(app, lambda session: session.scalars(select(FundingAgreement)).one())
    assert (kept.amount, kept.currency, kept.state) == (Decimal("156497.00"), "GBP", "draft")


def test_projects_keep_who_pays_extends_and_carries_out_apart(
    app: Flask, grants: scene.Grants
) -> None:
    take(app, grants, "projects", tables.decode(data("un_projects.csv")), None)

    def look(session: object) -> None:
        rows = session.scalars(select(Programme).where(Programme.code.like("P-%")))  # type: ignore[attr-defined]
        by_title = {row.title_en: row for row in rows}
        assert len(by_title) == 6
        border = next(
            row for title, row in by_title.items() if title.startswith("Joint Prosperity")
        )
        behind = programmes.organisations(session, border.id)  # type: ignore[arg-type]
        named = {role: [one.name for _link, one in found] for role, found in behind.items()}
        assert named[OrganisationRole.FUNDING] == ["UN Peacebuilding Fund"]
        assert named[OrganisationRole.EXTENDING] == ["FAO", "UNFPA"]
        assert named[OrganisationRole.IMPLEMENTING] == ["Foundation for Tolerance International"]
        museum = by_title["Inclusive Museum"]
        assert not programmes.organisations(session, museum.id)[OrganisationRole.FUNDING]  # type: ignore[arg-type]
        assert (museum.starts_precision, by_title["Access to Markets"].starts_precision) == (
            "month",
            "year",
        )

    scene.fetched(app, look)


def test_missing_editions_are_seen_where_an_annual_component_has_none(
    app: Flask, browse: Browse, grants: scene.Grants
) -> None:
    take(app, grants, "components", tables.decode(data("track_components.csv")), grants.programme)

    def rows(session: object) -> list[programmes.GridRow]:
        programme = keeping.get(session, Programme, grants.programme)  # type: ignore[arg-type]
        return programmes.grid(session, programme, 2026)[1]  # type: ignore[arg-type]

    course, workshops, calls, forum = scene.fetched(app, rows)
    assert course.missing == frozenset(range(2020, 2027))
    assert not workshops.missing
    assert not calls.missing
    assert not forum.missing, "nobody states since when the forum is held"
    gina = browse(grants.gina)
    url = f"/grants/programmes/{grants.programme}/components/{course.component.id}"
    gina.post(f"{url}/editions", fields={"year": "2021", "state": "held"})
    gina.post(f"{url}/editions", fields={"year": "2022", "state": "cancelled"})
    course = scene.fetched(app, rows)[0]
    assert course.missing == frozenset({2020, 2023, 2024, 2025, 2026})
    assert "missing" in gina.get(f"/grants/programmes/{grants.programme}").main


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            WINNERS + "1,ОО,1Сельская жизнь,Радио,,,\n",
            "Row 2, organisation: the list number 1 is glued",
        ),
        (WINNERS + "1а,ОО,Сельская жизнь,Радио,,,\n", "Row 2, number:"),
        (WINNERS + "1,ОО,,Радио,,,\n", "Row 2, organisation: it is empty"),
        (WINNERS + "1,ОО,A,Радио,,,1,000\n", "Row 2: it has 8 cells"),
        (WINNERS + "1,ОО,A,Радио,,,ten\n", "Row 2, amount:"),
        (WINNERS + "1,ОО,A,Радио,,,-5\n", "Row 2, amount: it is below nought"),
        (WINNERS + "1,ОО,A,Радио,,,99999999999999\n", "Row 2, amount: This amount is too large"),
        (WINNERS + "1,ОО,A,Р,,,\n1,ОО,B,Р,,,\n", "Row 3, number: 1 stands in row 2"),
        ("name,money\nA,5\n", "these columns are missing: number, organisation, project"),
    ],
)
def test_a_mistake_is_named_by_row_and_field_and_nothing_is_half_done(
    app: Flask, browse: Browse, grants: scene.Grants, content: str, said: str
) -> None:
    call_id = scene.draft_call(app, grants)
    gina = browse(grants.gina)
    form = {"kind": "applications", "target": str(call_id)}
    page = gina.post(
        "/grants/imports/preview", 422, files=[("w.csv", content.encode())], fields=form
    )

    assert said in page.problems()
    counts = scene.fetched(
        app,
        lambda session: [
            session.scalar(select(func.count()).select_from(one))
            for one in (Application, Organisation)
        ],
    )
    assert counts == [0, 0]


def test_a_file_from_an_old_spreadsheet_is_read_too(
    app: Flask, grants: scene.Grants, clock: Clock
) -> None:
    text = (WINNERS + '1,ОО,Сельская жизнь,Радио,Чуй,,"5 000,50"\n').replace(",", ";", 6)
    content = (WINNERS.replace(",", ";") + "1;ОО;Сельская жизнь;Радио;Чуй;;5 000,50\n").encode(
        "cp1251"
    )
    assert text
    call_id = scene.draft_call(app, grants, currency="KGS")
    take(app, grants, "applications", tables.decode(content), call_id, "KGS")

    def look(session: object) -> None:
        call = keeping.get(session, Call, call_id)  # type: ignore[arg-type]
        found = counting.by_state(session, call, clock())  # type: ignore[arg-type]
        assert found.requested.only == Money(Decimal("5000.50"), "KGS")
        assert call.state == "decided"

    scene.fetched(app, look)


def test_five_thousand_rows_go_in_at_a_thousand_a_second_with_progress(
    app: Flask, grants: scene.Grants
) -> None:
    rows = "".join(f"{at},ОО,Organisation {at},Project {at},Чуй,,\n" for at in range(1, 5001))
    call_id = scene.draft_call(app, grants)
    told: list[tuple[str, int, int]] = []
    started = time.perf_counter()
    with scene.acting(app, grants.gina) as uow:
        result = importing.preview(uow.session, "applications", WINNERS + rows, "USD")
        taking_over.apply(uow, result, target=call_id, tell=lambda *said: told.append(said))
    took = time.perf_counter() - started

    assert result.count == 5000
    assert ("applications", 5000, 5000) in told
    assert took < 20, f"{took:.1f} s"
    print(f"{5000 / took:.0f} rows/s")


def test_a_budget_of_two_currencies_is_refused(app: Flask, grants: scene.Grants) -> None:
    text = "heading,description,amount,currency\nA,,10,EUR\nB,,10,USD\n"
    result = scene.fetched(app, lambda session: importing.preview(session, "budget", text))

    assert any("one currency; this one has EUR, USD" in str(one) for one in result.problems)
    with pytest.raises(InvalidError, match="one currency"):
        take(app, grants, "budget", text, grants.programme)


def test_winners_go_into_a_draft_alone(app: Flask, grants: scene.Grants, clock: Clock) -> None:
    call_id = scene.open_call(app, grants, clock)
    with pytest.raises(InvalidError, match="still a draft"):
        take(app, grants, "applications", WINNERS + "1,,A,Radio,,,\n", call_id, "USD")
