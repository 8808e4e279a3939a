"""Every list of the grants: paged, sorted, filtered, and the same as a file in which nothing is a formula."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import openpyxl
import pytest
from sqlalchemy import select, update

from casefile.grants import agreements, amendments, form_routes, organisations, programmes
from casefile.grants.award_models import Payment
from casefile.grants.budget_models import Expenditure
from casefile.grants.budget_states import AmendmentKind
from casefile.web.spreadsheets import DANGEROUS, harmless
from tests import budget_scene
from tests import grants_scene as scene
from tests.cast import resources_of
from tests.grant_cast import TODAY, Team, active, step

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask

    from tests.cast import Clock
    from tests.strict_browser import Browse, Page, StrictBrowser

# Where a list stands, what it is called as a file, and by which word one of the three rows is found.
LISTS = (
    ("/grants/programmes/", "programmes", "P-two"),
    ("/grants/organisations/", "organisations", "two"),
    ("/grants/agreements/", "agreements", "two"),
    ("/grants/rates/", "rates", "two"),
    ("/grants/calls/", "calls", "C-two"),
    ("/grants/applications/", "applications", "two"),
    ("/grants/calls/{call}/applications", "applications", "two"),
    ("/grants/awards/", "awards", "two"),
    ("/grants/milestones/", "milestones", "two"),
    ("/grants/payments/", "payments", "two"),
    ("/grants/budgets/", "budgets", "two"),
    ("/grants/expenditures/", "expenditures", "two"),
    ("/grants/awards/{award}/expenditures/", "expenditures", "E-two"),
    ("/grants/amendments/", "amendments", "two"),
)
# What ends in a slash too and is no list: where a person begins, their own queue, a form.
NO_LISTS = {"/grants/", "/grants/reviews/", "/grants/imports/"}
NAMES = ("=one()", "=two()", "+three")
FIRST_IS_TEXT = frozenset({"code", "name", "title"})


@pytest.fixture
def things(app: Flask, grants: scene.Grants, clock: Clock) -> dict[str, UUID]:
    """Three of everything, named as somebody would who tries formulas."""
    clock.standing = datetime(TODAY.year, TODAY.month, TODAY.day, 6, tzinfo=UTC)
    _programmes(app, grants)
    call = scene.open_call(app, grants, clock, sealed_until_close=False, title_en="-call")
    for name in ("C-two", "C-three"):
        scene.draft_call(app, grants, code=name, title_en=f"@{name}")
    for name in NAMES:
        scene.apply(app, call, scene.dataclass_replace(title=name, applicant=f"{name} applicant"))
    return {"call": call, "award": _money(app, grants)}


def _programmes(app: Flask, grants: scene.Grants) -> None:
    numbers = ("report_every_months", "interim_report_days", "final_report_months")
    shares = ("heading_flexibility", "prefinancing_previous", "prefinancing_earlier")
    blank = dict.fromkeys((*numbers, *shares, "prefinancing_most", "donor_id"))
    dates = {"starts_on": None, "starts_precision": "", "ends_on": None, "ends_precision": ""}
    plain = {"legal_form": "", "kind": "ngo", "region": "=region", "iati_identifier": ""}
    with scene.acting(app, grants.gina) as uow:
        for code in ("P-two", "P-three"):
            programmes.create(uow, scene.programme_values(code=code, title_en=f"={code}"), {})
        for number, name in enumerate(NAMES, start=1):
            organisations.create(uow, {**plain, "name": name})
            amount = {"amount": Decimal(number), "currency": "USD", "rate_method": "day"}
            values = {**blank, **dates, **amount, "reference": "@ref", "title": name}
            agreements.create(uow, grants.programme, values)
            values = {"base": "USD", "quote": "KGS", "value": Decimal(80), "source": name}
            agreements.record_rate(uow, {**values, "valid_on": TODAY - timedelta(days=number)})


def _money(app: Flask, grants: scene.Grants) -> UUID:
    resources = resources_of(app)
    team = Team(grants.gina, grants.gina, grants.finn, grants.dora, grants.programme)
    awards = [
        active(
            resources,
            team,
            [step("=First()", 60), step("@Last", 40, days=60)],
            codename=name,
            reference=name,
        )
        for name in ("amber-one", "amber-two", "amber-three")
    ]
    for award, name in zip(awards, NAMES, strict=True):
        budget_scene.approved(resources, team, award, "=People | -Work | 1 | month | 600")
        budget_scene.spend(resources, team, award, "10.00", heading="=People", check=False)
        wanted = amendments.Wanted(
            kind=AmendmentKind.EXTENSION, reason=name, ends_on=TODAY + timedelta(days=400)
        )
        budget_scene.do(resources, team.mira, amendments.propose, award, wanted)
    for _number in range(2):
        budget_scene.spend(resources, team, awards[0], "5.00", heading="=People", check=False)
    with scene.acting(app, grants.gina) as uow:
        last = uow.session.scalars(select(Expenditure).order_by(Expenditure.created_at.desc()))
        last.first().reference = "E-two"  # type: ignore[union-attr]
        uow.session.execute(update(Payment).values(reference="=cmd|' /C calc'!A1"))
    return awards[0]


def _walk(browser: StrictBrowser, url: str) -> list[Page]:
    found = [browser.get(url)]
    while following := found[-1].find("//a[@rel='next']/@href"):
        found.append(browser.get(following[0]))
    return found


def _rows(pages: list[Page]) -> list[str]:
    return [
        " ".join(cell.text_content().split())
        for page in pages
        for cell in page.find("//main//tbody/tr/*[1]")
    ]


def _table(browser: StrictBrowser, page: Page, ending: str) -> list[list[object]]:
    """Fetch a list as a file from the very link that stands above it."""
    (link,) = page.find(f"//a[contains(@href, '.{ending}')]/@href")
    content = browser.get(link).content
    if ending == "csv":
        return [list(row) for row in csv.reader(io.StringIO(content.decode("utf-8-sig")))]
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    assert not [cell for row in sheet for cell in row if cell.data_type == "f"], link
    return [list(row) for row in sheet.iter_rows(values_only=True)]


@pytest.mark.slow
def test_every_list_is_paged_sorted_filtered_and_goes_out_as_it_stands(
    browse: Browse,
    grants: scene.Grants,
    things: dict[str, UUID],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(form_routes, "PAGE", 2)
    gina = browse(grants.gina, fresh=True)
    for where, name, word in LISTS:
        url, listing = where.format(**things), form_routes.EVERY_LIST[name]
        pages = _walk(gina, url)
        every = _rows(pages)
        assert len(every) >= 3, where
        assert len(pages) == -(-len(every) // 2), where
        for sort in listing.sorts:
            ordered = _walk(gina, f"{url}?sort={sort}")
            said = [harmless(one) for one in _rows(ordered)]
            assert len(said) == len(every), (where, sort)
            table = _table(gina, ordered[0], "csv")
            assert len(table) == len(every) + 1, (where, sort)
            assert not [cell for row in table for cell in row if str(cell).startswith(DANGEROUS)], (
                where,
                sort,
            )
            if listing.columns[0].key in FIRST_IS_TEXT:
                assert [row[0] for row in table[1:]] == said, (where, sort)
        book = _table(gina, pages[0], "xlsx")
        assert len(book) == len(every) + 1, where
        assert list(book[0])[: len(table[0])] == table[0], where
        _check_filters(gina, url, listing.states, len(every), word)


def _check_filters(
    browser: StrictBrowser, url: str, states: tuple[str, ...], total: int, word: str
) -> None:
    found = 0
    for state in states:
        count = len(_rows(_walk(browser, f"{url}?state={state}")))
        found += count if state not in {"all", "voided"} else 0
    assert not states or found == total, url
    some = _walk(browser, f"{url}?q={word}")
    assert 0 < len(_rows(some)) < total, url
    assert len(_table(browser, some[0], "csv")) == len(_rows(some)) + 1, url
    assert "Nothing fits" in browser.get(f"{url}?q=nothing+like+it").main, url


def test_no_list_is_left_out(app: Flask) -> None:
    rules = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/grants/")
        and rule.rule.endswith("/")
        and "GET" in (rule.methods or ())
    ]
    named = {
        url.replace("{call}", "<uuid:call_id>").replace("{award}", "<uuid:award_id>")
        for url, _name, _word in LISTS
    }

    assert set(rules) <= named | NO_LISTS
    assert {name for _url, name, _word in LISTS} == set(form_routes.EVERY_LIST)


def test_the_ranked_list_and_a_budget_go_out_too(
    browse: Browse, app: Flask, grants: scene.Grants, clock: Clock
) -> None:
    call_id = scene.open_call(app, grants, clock, reviews_wanted=0)
    row_id, _token = scene.apply(app, call_id, scene.dataclass_replace(title="=1+1"))
    scene.in_review(app, grants, clock, call_id, [row_id])
    gina = browse(grants.gina, fresh=True)
    page = gina.get(f"/grants/calls/{call_id}/decision")

    assert _table(gina, page, "csv")[1][3] == "'=1+1"
    assert _table(gina, page, "xlsx")[1][3] == "=1+1"
    browse(grants.finn, fresh=True).get(f"/grants/calls/{call_id}/decision.csv", 403)
