"""Imports with a preview: applications, projects, components and budgets. All of a file, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from casefile.errors import InvalidError
from casefile.grants import counting, organisations, tables
from casefile.grants.dates import PartialDate
from casefile.grants.money import Money, Totals, checked_currency, read_amount, share, split, total
from casefile.grants.states import OrganisationRole

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from casefile.grants.call_models import Call
    from casefile.grants.tables import Table

    Tell = Callable[[str, int, int], object]

SHOWN: Final = 20
KINDS: Final = {
    "applications": (
        (
            "number",
            "legal_form",
            "organisation",
            "project",
            "region_stated",
            "place_stated",
            "amount",
        ),
        ("number", "organisation", "project"),
    ),
    "projects": (
        ("title", "funding", "extending", "implementing", "accountable", "start", "end", "figures"),
        ("title",),
    ),
    "components": (
        ("component", "kind", "audience", "recurrence", "since"),
        ("component", "kind", "recurrence"),
    ),
    "budget": (
        ("heading", "description", "amount", "currency"),
        ("heading", "amount", "currency"),
    ),
}
COMPONENT_KINDS: Final = ("course", "workshop", "grants", "forum", "other")
RECURRENCES: Final = ("annual", "series", "calls", "once")
YEARS: Final = 3


@dataclass(slots=True)
class Preview:
    """What an import would do. With problems it can do nothing."""

    kind: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    problems: list[tables.Problem] = field(default_factory=list)
    totals: Totals | None = None
    regions: counting.Regions | None = None
    shares: list[tuple[str, Money, Decimal | None]] = field(default_factory=list)
    years: list[Money] = field(default_factory=list)
    new_organisations: int = 0

    @property
    def count(self) -> int:
        return len(self.rows)

    @property
    def share_total(self) -> Decimal:
        """What the rounded shares come to. It may miss 100, so shares never make amounts."""
        return sum((one[2] or Decimal() for one in self.shares), Decimal())


def preview(
    session: Session, kind: str, text: str, currency: str = "", tell: Tell | None = None
) -> Preview:
    """Read a file and say what importing it would do, or all that is wrong with it."""
    if kind not in KINDS:
        msg = f"Choose what the file holds: {', '.join(KINDS)}."
        raise InvalidError(msg)
    wanted, needed = KINDS[kind]
    found = tables.read(
        text, wanted, needed, (lambda at: tell("reading", at, at)) if tell else None
    )
    result = Preview(kind)
    READERS[kind](found, result, currency)
    result.problems = found.problems
    if kind == "applications" and not result.problems:
        names = {organisations.folded(row["organisation"]) for row in result.rows}
        known = organisations.by_folded_names(session, names)
        result.new_organisations = len(names - set(known))
    return result


def hold_against(result: Preview, call: Call) -> None:
    """Put down as problems what is more than the call gives: for one award, and for all together."""
    most, envelope = (Money.of(one, call.currency) for one in (call.maximum, call.envelope))
    whole: Money | None = None
    for row in result.rows:
        money, at = row["money"], int(row["row"])
        if money is None:
            continue
        whole = money if whole is None else whole + money
        if most is not None and money > most:
            said = f"the call gives at most {most.amount} {most.currency}."
            result.problems.append(tables.Problem(at, "amount", said))
        elif envelope is not None and whole > envelope:
            said = f"up to here it is {whole.amount}, and the envelope is {envelope.amount} {whole.currency}."
            result.problems.append(tables.Problem(at, "amount", said))
            return


def _amount(found: Table, row: dict[str, str], currency: str) -> Money | None:
    if not row["amount"]:
        return None
    try:
        value = read_amount(row["amount"])
        if value < 0:
            found.refuse(int(row["row"]), "amount", "it is below nought.")
            return None
        return Money(value, checked_currency(currency))
    except InvalidError as error:
        found.refuse(int(row["row"]), "amount", error.message)
        return None


def _needed(found: Table, row: dict[str, str], *names: str) -> None:
    for name in names:
        if not row[name]:
            found.refuse(int(row["row"]), name, "it is empty.")


def _read_applications(found: Table, result: Preview, currency: str) -> None:
    numbers: dict[int, str] = {}
    for row in found.rows:
        number = tables.check_number(found, row)
        if number is not None and number in numbers:
            found.refuse(
                int(row["row"]), "number", f"{number} stands in row {numbers[number]} already."
            )
        if number is not None:
            numbers.setdefault(number, row["row"])
        _needed(found, row, "organisation", "project")
        for name in ("organisation", "project", "legal_form", "region_stated"):
            tables.check_glued(found, row, name, number)
        if len(row["legal_form"]) > 32:  # noqa: PLR2004
            found.refuse(int(row["row"]), "legal_form", "it is longer than 32 characters.")
        result.rows.append({**row, "number": number, "money": _amount(found, row, currency)})
    result.totals = total(row["money"] for row in result.rows)
    stated = [[row["region_stated"]] if row["region_stated"] else [] for row in result.rows]
    result.regions = counting.regions(stated)


def _date(found: Table, row: dict[str, str], name: str) -> PartialDate | None:
    try:
        return PartialDate.read(row[name])
    except InvalidError as error:
        found.refuse(int(row["row"]), name, error.message)
        return None


def _read_projects(found: Table, result: Preview, _currency: str) -> None:
    for row in found.rows:
        _needed(found, row, "title")
        starts, ends = _date(found, row, "start"), _date(found, row, "end")
        if starts and ends and ends.last_day < starts.day:
            found.refuse(int(row["row"]), "end", "it lies before the start.")
        roles = {
            role: [name.strip() for name in row[role].split(";") if name.strip()]
            for role in OrganisationRole
        }
        result.rows.append({**row, "starts": starts, "ends": ends, "roles": roles})


def _read_components(found: Table, result: Preview, _currency: str) -> None:
    for row in found.rows:
        _needed(found, row, "component")
        at = int(row["row"])
        if row["kind"] not in COMPONENT_KINDS:
            found.refuse(at, "kind", f"it is one of: {', '.join(COMPONENT_KINDS)}.")
        if row["recurrence"] not in RECURRENCES:
            found.refuse(at, "recurrence", f"it is one of: {', '.join(RECURRENCES)}.")
        since = row["since"]
        good = since.isascii() and since.isdigit() and 1900 <= int(since[:5]) <= 2100  # noqa: PLR2004
        if since and not good:
            found.refuse(at, "since", "it is a year, such as 2020, or empty.")
        result.rows.append({**row, "year": int(since) if since and good else None})


def _read_budget(found: Table, result: Preview, _currency: str) -> None:
    for row in found.rows:
        _needed(found, row, "heading", "amount", "currency")
        result.rows.append({**row, "money": _amount(found, row, row["currency"])})
    used = {row["currency"].upper() for row in result.rows}
    if len(used) > 1:
        found.refuse(
            2, "currency", f"a budget has one currency; this one has {', '.join(sorted(used))}."
        )
    result.totals = total(row["money"] for row in result.rows)
    whole = result.totals.only
    if whole is not None and not found.problems:
        result.shares = [
            (row["heading"], row["money"], share(row["money"], whole)) for row in result.rows
        ]
        result.years = split(whole, YEARS)


READERS: Final[dict[str, Callable[[Table, Preview, str], None]]] = {
    "applications": _read_applications,
    "projects": _read_projects,
    "components": _read_components,
    "budget": _read_budget,
}
