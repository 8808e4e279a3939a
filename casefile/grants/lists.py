"""Every list of the grant side: what a row shows, by what it sorts, who may see which rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select

from casefile.grants.application_models import Application, ApplicationRevision
from casefile.grants.call_models import Call, CallReviewer
from casefile.grants.dates import PartialDate
from casefile.grants.exports import Column
from casefile.grants.listing import VOIDED, Filters, Listing, standing, words
from casefile.grants.models import ExchangeRate, FundingAgreement, Organisation, Programme
from casefile.grants.money import Money
from casefile.grants.programmes import seen_by
from casefile.grants.states import AgreementState, ApplicationState, Blind, CallState
from casefile.grants.submitting import IS_NEWEST

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from casefile.web import Person

SEALED_STATES = ("draft", "published", "open")


def title(row: Any) -> str:
    """Return the title of a programme or a call in a language there is one in."""
    return str(row.title_en or row.title_ru or row.title_ky or row.code)


def _programmes(
    session: Session, person: Person, filters: Filters, _now: datetime
) -> Select[*tuple[Any, ...]]:
    query: Select[*tuple[Any, ...]] = select(Programme)
    seen = seen_by(person, session)
    if seen is not None:
        query = query.where(Programme.id.in_(seen))
    query = standing(query, Programme, Programme.status, filters)
    if filters.text:
        named = (Programme.code, Programme.title_en, Programme.title_ru, Programme.title_ky)
        query = query.where(words(filters.text, *named))
    return query


def _programme(found: Any) -> dict[str, Any]:
    row = found[0]
    return {
        "url": f"/grants/programmes/{row.id}",
        "voided": row.voided_reason,
        "code": row.code,
        "title": title(row),
        "status": row.status,
        "starts": PartialDate.of(row.starts_on, row.starts_precision),
        "ends": PartialDate.of(row.ends_on, row.ends_precision),
    }


def _organisations(
    _session: Session, _person: Person, filters: Filters, _now: datetime
) -> Select[*tuple[Any, ...]]:
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


def _agreements(
    session: Session, person: Person, filters: Filters, _now: datetime
) -> Select[*tuple[Any, ...]]:
    query: Select[*tuple[Any, ...]] = (
        select(FundingAgreement, Organisation.name.label("donor"), Programme.code)
        .join(Programme, Programme.id == FundingAgreement.programme_id)
        .outerjoin(Organisation, Organisation.id == FundingAgreement.donor_id)
    )
    seen = seen_by(person, session)
    if seen is not None:
        query = query.where(FundingAgreement.programme_id.in_(seen))
    if filters.parent:
        query = query.where(FundingAgreement.programme_id == filters.parent)
    query = standing(query, FundingAgreement, FundingAgreement.state, filters)
    if filters.text:
        query = query.where(words(filters.text, FundingAgreement.title, FundingAgreement.reference))
    return query


def _agreement(found: Any) -> dict[str, Any]:
    row = found.FundingAgreement
    return {
        "url": f"/grants/agreements/{row.id}",
        "voided": row.voided_reason,
        "title": row.title,
        "reference": row.reference,
        "programme": found.code,
        "donor": found.donor,
        "state": row.state,
        "amount": Money.of(row.amount, row.currency),
        "starts": PartialDate.of(row.starts_on, row.starts_precision),
        "ends": PartialDate.of(row.ends_on, row.ends_precision),
    }


def _rates(
    _session: Session, _person: Person, filters: Filters, _now: datetime
) -> Select[*tuple[Any, ...]]:
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


def _calls(
    session: Session, person: Person, filters: Filters, _now: datetime
) -> Select[*tuple[Any, ...]]:
    query: Select[*tuple[Any, ...]] = select(Call, Programme.code.label("programme")).join(
        Programme, Programme.id == Call.programme_id
    )
    seen = seen_by(person, session)
    if seen is not None:
        query = query.where(Call.programme_id.in_(seen))
    if filters.parent:
        query = query.where(Call.programme_id == filters.parent)
    query = standing(query, Call, Call.state, filters)
    if filters.text:
        named = (Call.code, Call.title_en, Call.title_ru, Call.title_ky)
        query = query.where(words(filters.text, *named))
    return query


def _call(found: Any) -> dict[str, Any]:
    row = found.Call
    return {
        "url": f"/grants/calls/{row.id}",
        "voided": row.voided_reason,
        "code": row.code,
        "title": title(row),
        "programme": found.programme,
        "state": row.state,
        "opens_at": row.opens_at,
        "closes_at": row.closes_at,
        "envelope": Money.of(row.envelope, row.currency),
    }


SAID = ("title", "legal_form", "applicant", "requested", "currency", "place")


def _applications(
    _session: Session, person: Person, filters: Filters, now: datetime
) -> Select[*tuple[Any, ...]]:
    """Drafts belong to their applicants, and a sealed call shows nothing before its deadline.

    What is shown is what was submitted last; who reviews for a double-blind call sees no names.
    """
    reviews_it = select(CallReviewer.id).where(
        CallReviewer.call_id == Call.id,
        CallReviewer.user_id == person.id,
        CallReviewer.voided_at.is_(None),
    )
    named = ((Call.blind != Blind.DOUBLE) | ~reviews_it.exists()).label("named")
    may_be_read = or_(
        Call.sealed_until_close.is_(False), Call.closes_at <= now, Call.state.not_in(SEALED_STATES)
    )
    query: Select[*tuple[Any, ...]] = (
        select(
            Application,
            Call.code,
            named,
            *(said(name).as_string().label(f"said_{name}") for name in SAID),
            said("regions").as_json().label("said_regions"),
        )
        .join(Call, Call.id == Application.call_id)
        .join(ApplicationRevision, IS_NEWEST)
        .where(Application.revision > 0, may_be_read)
    )
    if filters.parent:
        query = query.where(Application.call_id == filters.parent)
    query = standing(query, Application, Application.state, filters)
    if filters.text:
        sought = words(filters.text, Application.codename, said("title").as_string())
        by_name = words(filters.text, said("applicant").as_string())
        query = query.where(sought | (named.element & by_name))
    return query


def said(name: str) -> Any:
    """Return a part of what was submitted last."""
    return ApplicationRevision.content[name]


def _application(found: Any) -> dict[str, Any]:
    row = found.Application
    return {
        "url": f"/grants/applications/{row.id}",
        "voided": row.voided_reason,
        "number": row.number,
        "codename": row.codename,
        "legal_form": found.said_legal_form if found.named else "",
        "applicant": found.said_applicant if found.named else row.codename,
        "title": found.said_title,
        "state": row.state,
        "requested": Money.read(found.said_requested, found.said_currency)
        if found.said_requested
        else None,
        "regions": "; ".join(found.said_regions),
        "place": found.said_place if found.named else "",
        "call": found.code,
        "submitted_at": row.submitted_at,
    }


PROGRAMMES = Listing(
    "programmes",
    (
        Column("code", _l("Code"), "code"),
        Column("title", _l("Title"), "title"),
        Column("status", _l("Status")),
        Column("starts", _l("Start"), "start", wide=True),
        Column("ends", _l("End"), wide=True),
        Column("voided", _l("Voided because"), page=False),
    ),
    _programmes,
    _programme,
    {
        "code": (Programme.code,),
        "title": (Programme.title_en, Programme.code),
        "start": (Programme.starts_on.desc(), Programme.code),
    },
    states=("1", "2", "3", "4", "5", "6", VOIDED),
)
ORGANISATIONS = Listing(
    "organisations",
    (
        Column("name", _l("Name"), "name"),
        Column("legal_form", _l("Legal form"), wide=True),
        Column("kind", _l("Kind")),
        Column("region", _l("Region"), "region", wide=True),
        Column("iati_identifier", _l("IATI identifier"), page=False),
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
        Column("title", _l("Title"), "title"),
        Column("donor", _l("Donor"), "donor"),
        Column("reference", _l("Reference"), wide=True),
        Column("programme", _l("Programme"), wide=True),
        Column("amount", _l("Amount"), "amount"),
        Column("state", _l("State")),
        Column("starts", _l("Start"), "start", wide=True),
        Column("ends", _l("End"), wide=True),
        Column("voided", _l("Voided because"), page=False),
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
    states=(*AgreementState, VOIDED),
)
RATES = Listing(
    "rates",
    (
        Column("valid_on", _l("On"), "day"),
        Column("base", _l("One unit of"), "pair"),
        Column("value", _l("is worth")),
        Column("quote", _l("units of")),
        Column("source", _l("Source")),
        Column("superseded_at", _l("Superseded"), wide=True),
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
        Column("code", _l("Code"), "code"),
        Column("title", _l("Title"), "title"),
        Column("programme", _l("Programme"), wide=True),
        Column("state", _l("State")),
        Column("opens_at", _l("Opens"), wide=True),
        Column("closes_at", _l("Closes"), "deadline"),
        Column("envelope", _l("Envelope"), wide=True),
        Column("voided", _l("Voided because"), page=False),
    ),
    _calls,
    _call,
    {
        "deadline": (Call.closes_at.desc(), Call.code),
        "code": (Call.code,),
        "title": (Call.title_en, Call.code),
    },
    money=frozenset({"envelope"}),
    states=(*CallState, VOIDED),
)
APPLICATIONS = Listing(
    "applications",
    (
        Column("number", _l("Number"), "number", wide=True),
        Column("codename", _l("Codename"), page=False),
        Column("title", _l("Project"), "title"),
        Column("legal_form", _l("Legal form"), page=False),
        Column("applicant", _l("Applicant"), "applicant"),
        Column("requested", _l("Requested"), "amount"),
        Column("state", _l("State")),
        Column("regions", _l("Regions"), page=False),
        Column("place", _l("Place"), page=False),
        Column("call", _l("Call"), wide=True),
        Column("submitted_at", _l("Submitted"), "submitted", wide=True),
        Column("voided", _l("Voided because"), page=False),
    ),
    _applications,
    _application,
    {
        "submitted": (Application.submitted_at, Application.number),
        "number": (Application.number, Application.id),
        "title": (said("title").as_string(), Application.id),
        "applicant": (said("applicant").as_string(), Application.id),
        "amount": (Application.currency, said("requested").as_numeric(14, 2).desc()),
    },
    money=frozenset({"requested"}),
    states=(*(state for state in ApplicationState if state != ApplicationState.DRAFT), VOIDED),
)
ALL = {
    listing.name: listing
    for listing in (PROGRAMMES, ORGANISATIONS, AGREEMENTS, RATES, CALLS, APPLICATIONS)
}
