"""Every list of the grant side: what a row shows, by what it sorts, who may see which rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from casefile.grants import exports
from casefile.grants.application_models import Application
from casefile.grants.call_models import Call
from casefile.grants.dates import PartialDate
from casefile.grants.exports import Column
from casefile.grants.models import ExchangeRate, FundingAgreement, Organisation, Programme
from casefile.grants.money import Money
from casefile.grants.programmes import seen_by
from casefile.grants.states import ApplicationState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import Session

    from casefile.web import Person

    Translate = Callable[[str], str]

CHUNK = 1000
SEALED_STATES = ("draft", "published", "open")


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to."""

    text: str = ""
    state: str = ""
    sort: str = ""
    parent: UUID | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A list. `query` gives what a person may see; `row` what a line of it shows."""

    name: str
    columns: Sequence[Column]
    query: Callable[[Session, Person, Filters, datetime], Select[Any]]
    row: Callable[[Any], dict[str, Any]]
    sorts: Mapping[str, Sequence[ColumnElement[Any]]]
    money: frozenset[str] = frozenset()
    states: Sequence[str] = ()

    def narrowed(
        self, session: Session, person: Person, filters: Filters, now: datetime
    ) -> Select[Any]:
        return self.query(session, person, filters, now)

    def page(
        self,
        session: Session,
        person: Person,
        filters: Filters,
        now: datetime,
        *,
        offset: int,
        limit: int,
    ) -> list[dict[str, Any]]:
        query = self._sorted(self.narrowed(session, person, filters, now), filters.sort)
        return [self.row(found) for found in session.execute(query.offset(offset).limit(limit))]

    def count(self, session: Session, person: Person, filters: Filters, now: datetime) -> int:
        narrowed = self.narrowed(session, person, filters, now).order_by(None)
        return session.scalar(select(func.count()).select_from(narrowed.subquery())) or 0

    def _sorted(self, query: Select[Any], sort: str) -> Select[Any]:
        usual = next(iter(self.sorts))
        return query.order_by(*self.sorts.get(sort, self.sorts[usual]))

    def table(
        self,
        session: Session,
        person: Person,
        filters: Filters,
        now: datetime,
        translate: Translate,
    ) -> Iterator[list[Any]]:
        """Yield the whole list for a file, header first."""
        columns = [
            Column(column.key, translate(column.label), column.sort) for column in self.columns
        ]
        yield exports.header(columns, self.money, translate("currency"))
        query = self._sorted(self.narrowed(session, person, filters, now), filters.sort)
        for found in session.execute(query.execution_options(yield_per=CHUNK)):
            yield exports.flat(self.row(found), columns, self.money)


def words(text: str, *columns: Any) -> ColumnElement[bool]:
    """Say that one of the columns holds this text, whatever signs are in it."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return or_(*(column.ilike(f"%{escaped}%", escape="\\") for column in columns))


def title(row: Any) -> str:
    """Return the title of a programme or a call in a language there is one in."""
    return str(row.title_en or row.title_ru or row.title_ky or row.code)


def _programmes(session: Session, person: Person, filters: Filters, _now: datetime) -> Select[Any]:
    query = select(Programme).where(Programme.voided_at.is_(None))
    seen = seen_by(person, session)
    if seen is not None:
        query = query.where(Programme.id.in_(seen))
    if filters.state:
        query = query.where(Programme.status == filters.state)
    if filters.text:
        named = (Programme.code, Programme.title_en, Programme.title_ru, Programme.title_ky)
        query = query.where(words(filters.text, *named))
    return query


def _programme(found: Any) -> dict[str, Any]:
    row = found[0]
    return {
        "url": f"/grants/programmes/{row.id}",
        "code": row.code,
        "title": title(row),
        "status": row.status,
        "starts": PartialDate.of(row.starts_on, row.starts_precision),
        "ends": PartialDate.of(row.ends_on, row.ends_precision),
    }


def _organisations(
    _session: Session, _person: Person, filters: Filters, _now: datetime
) -> Select[Any]:
    query = select(Organisation).where(Organisation.voided_at.is_(None))
    if filters.state:
        query = query.where(Organisation.kind == filters.state)
    if filters.text:
        query = query.where(words(filters.text, Organisation.name, Organisation.region))
    return query


def _organisation(found: Any) -> dict[str, Any]:
    row = found[0]
    return {
        "url": f"/grants/organisations/{row.id}",
        "name": row.name,
        "legal_form": row.legal_form,
        "kind": row.kind,
        "region": row.region,
        "iati_identifier": row.iati_identifier,
    }


def _agreements(session: Session, person: Person, filters: Filters, _now: datetime) -> Select[Any]:
    query = (
        select(FundingAgreement, Organisation.name.label("donor"), Programme.code)
        .join(Programme, Programme.id == FundingAgreement.programme_id)
        .outerjoin(Organisation, Organisation.id == FundingAgreement.donor_id)
        .where(FundingAgreement.voided_at.is_(None))
    )
    seen = seen_by(person, session)
    if seen is not None:
        query = query.where(FundingAgreement.programme_id.in_(seen))
    if filters.parent:
        query = query.where(FundingAgreement.programme_id == filters.parent)
    if filters.state:
        query = query.where(FundingAgreement.state == filters.state)
    if filters.text:
        query = query.where(words(filters.text, FundingAgreement.title, FundingAgreement.reference))
    return query


def _agreement(found: Any) -> dict[str, Any]:
    row = found.FundingAgreement
    return {
        "url": f"/grants/agreements/{row.id}",
        "title": row.title,
        "reference": row.reference,
        "programme": found.code,
        "donor": found.donor,
        "state": row.state,
        "amount": Money.of(row.amount, row.currency),
        "starts": PartialDate.of(row.starts_on, row.starts_precision),
        "ends": PartialDate.of(row.ends_on, row.ends_precision),
    }


def _rates(_session: Session, _person: Person, filters: Filters, _now: datetime) -> Select[Any]:
    query = select(ExchangeRate)
    if filters.state == "superseded":
        query = query.where(ExchangeRate.superseded_at.is_not(None))
    elif filters.state != "all":
        query = query.where(ExchangeRate.superseded_at.is_(None))
    if filters.text:
        named = (ExchangeRate.base, ExchangeRate.quote, ExchangeRate.source)
        query = query.where(words(filters.text, *named))
    return query


def _rate(found: Any) -> dict[str, Any]:
    row = found[0]
    return {
        "valid_on": row.valid_on,
        "base": row.base,
        "quote": row.quote,
        "value": f"{row.value.normalize():f}",
        "source": row.source,
        "superseded_at": row.superseded_at,
    }


def _calls(session: Session, person: Person, filters: Filters, _now: datetime) -> Select[Any]:
    query = (
        select(Call, Programme.code.label("programme"))
        .join(Programme, Programme.id == Call.programme_id)
        .where(Call.voided_at.is_(None))
    )
    seen = seen_by(person, session)
    if seen is not None:
        query = query.where(Call.programme_id.in_(seen))
    if filters.parent:
        query = query.where(Call.programme_id == filters.parent)
    if filters.state:
        query = query.where(Call.state == filters.state)
    if filters.text:
        named = (Call.code, Call.title_en, Call.title_ru, Call.title_ky)
        query = query.where(words(filters.text, *named))
    return query


def _call(found: Any) -> dict[str, Any]:
    row = found.Call
    return {
        "url": f"/grants/calls/{row.id}",
        "code": row.code,
        "title": title(row),
        "programme": found.programme,
        "state": row.state,
        "opens_at": row.opens_at,
        "closes_at": row.closes_at,
        "envelope": Money.of(row.envelope, row.currency),
    }


def _applications(
    _session: Session, _person: Person, filters: Filters, now: datetime
) -> Select[Any]:
    """Drafts belong to their applicants, and a sealed call shows nothing before its deadline."""
    may_be_read = or_(
        Call.sealed_until_close.is_(False), Call.closes_at <= now, Call.state.not_in(SEALED_STATES)
    )
    query = (
        select(Application, Call.code)
        .join(Call, Call.id == Application.call_id)
        .where(Application.voided_at.is_(None), Application.revision > 0, may_be_read)
    )
    if filters.parent:
        query = query.where(Application.call_id == filters.parent)
    if filters.state:
        query = query.where(Application.state == filters.state)
    if filters.text:
        named = (Application.codename, Application.applicant, Application.title)
        query = query.where(words(filters.text, *named))
    return query


def _application(found: Any) -> dict[str, Any]:
    row = found.Application
    return {
        "url": f"/grants/applications/{row.id}",
        "number": row.number,
        "codename": row.codename,
        "legal_form": row.legal_form,
        "applicant": row.applicant,
        "title": row.title,
        "state": row.state,
        "requested": Money.of(row.requested, row.currency),
        "regions": "; ".join(row.regions),
        "place": row.place,
        "call": found.code,
        "submitted_at": row.submitted_at,
    }


PROGRAMMES = Listing(
    "programmes",
    (
        Column("code", "Code", "code"),
        Column("title", "Title", "title"),
        Column("status", "Status"),
        Column("starts", "Start", "start", wide=True),
        Column("ends", "End", wide=True),
    ),
    _programmes,
    _programme,
    {
        "code": (Programme.code,),
        "title": (Programme.title_en, Programme.code),
        "start": (Programme.starts_on.desc(), Programme.code),
    },
    states=("1", "2", "3", "4", "5", "6"),
)
ORGANISATIONS = Listing(
    "organisations",
    (
        Column("name", "Name", "name"),
        Column("legal_form", "Legal form", wide=True),
        Column("kind", "Kind"),
        Column("region", "Region", "region", wide=True),
        Column("iati_identifier", "IATI identifier", page=False),
    ),
    _organisations,
    _organisation,
    {
        "name": (Organisation.folded_name, Organisation.id),
        "region": (Organisation.region, Organisation.folded_name),
    },
    states=("donor", "ngo", "newsroom", "public", "academic", "company"),
)
AGREEMENTS = Listing(
    "agreements",
    (
        Column("title", "Title", "title"),
        Column("donor", "Donor", "donor"),
        Column("reference", "Reference", wide=True),
        Column("programme", "Programme", wide=True),
        Column("amount", "Amount", "amount"),
        Column("state", "State"),
        Column("starts", "Start", "start", wide=True),
        Column("ends", "End", wide=True),
    ),
    _agreements,
    _agreement,
    {
        "start": (FundingAgreement.starts_on.desc(), FundingAgreement.id),
        "title": (FundingAgreement.title, FundingAgreement.id),
        "donor": (Organisation.name, FundingAgreement.id),
        "amount": (FundingAgreement.currency, FundingAgreement.amount.desc()),
    },
    money=frozenset({"amount"}),
    states=("draft", "signed", "active", "suspended", "closing", "closed", "terminated"),
)
RATES = Listing(
    "rates",
    (
        Column("valid_on", "On", "day"),
        Column("base", "One unit of", "pair"),
        Column("value", "is worth"),
        Column("quote", "units of"),
        Column("source", "Source"),
        Column("superseded_at", "Superseded", wide=True),
    ),
    _rates,
    _rate,
    {
        "day": (ExchangeRate.valid_on.desc(), ExchangeRate.created_at.desc()),
        "pair": (ExchangeRate.base, ExchangeRate.quote, ExchangeRate.valid_on.desc()),
    },
    states=("current", "superseded", "all"),
)
CALLS = Listing(
    "calls",
    (
        Column("code", "Code", "code"),
        Column("title", "Title", "title"),
        Column("programme", "Programme", wide=True),
        Column("state", "State"),
        Column("opens_at", "Opens", wide=True),
        Column("closes_at", "Closes", "deadline"),
        Column("envelope", "Envelope", wide=True),
    ),
    _calls,
    _call,
    {
        "deadline": (Call.closes_at.desc(), Call.code),
        "code": (Call.code,),
        "title": (Call.title_en, Call.code),
    },
    money=frozenset({"envelope"}),
    states=("draft", "published", "open", "closed", "under_review", "decided", "archived"),
)
APPLICATIONS = Listing(
    "applications",
    (
        Column("number", "Number", "number", wide=True),
        Column("codename", "Codename", page=False),
        Column("title", "Project", "title"),
        Column("legal_form", "Legal form", page=False),
        Column("applicant", "Applicant", "applicant"),
        Column("requested", "Requested", "amount"),
        Column("state", "State"),
        Column("regions", "Regions", page=False),
        Column("place", "Place", page=False),
        Column("call", "Call", wide=True),
        Column("submitted_at", "Submitted", "submitted", wide=True),
    ),
    _applications,
    _application,
    {
        "submitted": (Application.submitted_at, Application.number),
        "number": (Application.number, Application.id),
        "title": (Application.title, Application.id),
        "applicant": (Application.applicant, Application.id),
        "amount": (Application.currency, Application.requested.desc()),
    },
    money=frozenset({"requested"}),
    states=tuple(state.value for state in ApplicationState if state != ApplicationState.DRAFT),
)
ALL = {
    listing.name: listing
    for listing in (PROGRAMMES, ORGANISATIONS, AGREEMENTS, RATES, CALLS, APPLICATIONS)
}
