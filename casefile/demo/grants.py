"""The grant side of the sample: the TRACK programme, a decided call and one that is open."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from casefile.grants import (
    agreements,
    applications,
    applying,
    beginning,
    calls,
    deciding,
    interests,
    keeping,
    organisations,
    programmes,
    questions,
    reviewing,
    submitting,
)
from casefile.grants.application_models import Application
from casefile.grants.call_models import Call
from casefile.grants.money import Money
from casefile.grants.states import (
    AgreementState,
    ApplicationState,
    CallState,
    OrganisationRole,
    Precision,
)
from casefile.policy import Role
from casefile.web import Person

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from casefile.demo.loader import Loader

ASKED = """
yes_no=yes | Is your newsroom registered in the country?
paragraph* | What will the public learn that it does not know? | 1500
paragraph* | How do you keep your sources safe? | 1500
text | Where will it be published? | 200
"""
CRITERIA = (
    ("Public interest", "Who is better off once this is known?", 40),
    ("Method", "Can it be proven with what is planned?", 35),
    ("Safety", "Are sources and reporters kept safe?", 25),
)
# Name, legal form, title, region, amount, scores of Osmon and Lidia; all invented.
APPLICANTS: tuple[tuple[Any, ...], ...] = (
    (
        "Тоо Кабары",
        "ОФ",
        "Пастбища: кому достались летние выгоны",
        "Нарын",
        "4200.00",
        (5, 4, 4),
        (4, 5, 4),
    ),
    ("Жээк Медиа", "ОО", "Жээктеги курулуштар", "Иссык-Куль", "3900.00", (4, 4, 3), (4, 4, 3)),
    ("Fergana Notebook", "", "Buses that never came", "Ош", "4800.00", (4, 4, 3), (4, 4, 3)),
    ("Радио «Ак-Суу»", "ОсОО", "Вода по вторникам", "Чуй", "2500.00", (2, 3, 2), (1, 2, 3)),
)
COMPONENTS = (
    ("Training course in investigative journalism", "course", "reporters", "annual", 2020),
    ("Workshops on information campaigns", "workshop", "NGOs", "series", 2020),
    ("Grants for investigations", "grants", "reporters and newsrooms", "calls", 2020),
    ("Chyndyk Investigative Journalists Forum", "forum", "journalists", "annual", None),
)
EDITIONS = {0: (2020, 2021, 2022, 2024, 2025), 2: (2020, 2021, 2023, 2025), 3: (2022, 2023, 2025)}


class Story:
    """The grants of the sample, told by the same services people use."""

    def __init__(self, loader: Loader) -> None:
        self.loader = loader
        self.programme: UUID
        self.call: UUID
        self.rows: list[UUID] = []

    def tell(self) -> Iterator[timedelta]:
        """Give how long ago the next thing happened; asked again, do it."""
        for days, act in (
            (165, self._programme),
            (56, self._sign),
            (54, self._publish),
            (40, self._apply),
            (31, self._sort),
            (24, self._review),
            (16, self._decide),
            (9, self._next_call),
            (5, self._next_applications),
        ):
            yield timedelta(days=days)
            act(timedelta(days=days))

    def _at(self, age: timedelta, who: str | None) -> Any:
        return self.loader.at(age, self.loader.accounts[who] if who else None)

    def _person(self, who: str) -> Person:
        account = self.loader.accounts[who]
        roles = frozenset(Role(role) for role in account.person.roles)
        return Person(account.id, account.person.username, account.person.name, roles, "auto", "")

    def _programme(self, age: timedelta) -> None:
        with self._at(age, "hanna") as uow:
            row = programmes.create(
                uow,
                {
                    "code": "TRACK",
                    "title_en": "TRACK: investigative journalism",
                    "title_ru": "TRACK: журналистские расследования",
                    "title_ky": "TRACK: журналисттик иликтөө",
                    "summary_en": "Trains reporters, pays for investigations, brings the field together.",
                    "summary_ru": "Учит репортёров, оплачивает расследования, собирает всех вместе.",
                    "summary_ky": "Кабарчыларды окутат, иликтөөлөрдү каржылайт.",
                    "iati_identifier": "",
                    "status": "2",
                    "starts_on": date(2020, 1, 1),
                    "starts_precision": Precision.YEAR.value,
                    "ends_on": None,
                    "ends_precision": "",
                    "currency": "EUR",
                },
                {"15153": Decimal(70), "15150": Decimal(30)},
            )
            self.programme = row.id
            self._behind(uow)
            for at, (name, kind, audience, recurrence, since) in enumerate(COMPONENTS):
                values = {"name": name, "kind": kind, "audience": audience}
                values |= {"recurrence": recurrence, "since": since}  # type: ignore[dict-item]
                part = programmes.add_component(uow, row.id, values)
                for year in EDITIONS.get(at, ()):
                    edition = {"year": year, "title": "", "state": "held", "note": ""}
                    edition |= {"starts_on": None, "starts_precision": ""}
                    programmes.add_edition(uow, row.id, part.id, edition)

    def _behind(self, uow: Any) -> None:
        blank = {"legal_form": "", "region": "", "iati_identifier": ""}
        roles = (
            ("Northern Press Fund", "donor", OrganisationRole.FUNDING),
            ("Школа репортёров «Чындык»", "ngo", OrganisationRole.IMPLEMENTING),
        )
        for name, kind, role in roles:
            row = organisations.create(uow, {"name": name, "kind": kind, **blank})
            programmes.add_organisation(uow, self.programme, row.id, role)
            if kind == "donor":
                self.donor = row.id
                organisations.affiliate(uow, row.id, "ingrid")
        shore = organisations.create(uow, {"name": "Жээк Медиа", "kind": "newsroom", **blank})
        organisations.affiliate(uow, shore.id, "lidia")

    def _sign(self, age: timedelta) -> None:
        blank = ("heading_flexibility", "prefinancing_previous", "prefinancing_earlier")
        values = {
            **dict.fromkeys((*blank, "prefinancing_most", "report_every_months")),
            **dict.fromkeys(("interim_report_days", "final_report_months", "ends_on"), None),
            "donor_id": self.donor,
            "reference": "NPF-17",
            "title": "Three years of TRACK",
            "amount": Decimal("96000.00"),
            "currency": "USD",
            "starts_on": date(2025, 1, 1),
            "starts_precision": Precision.QUARTER.value,
            "ends_precision": "",
            "rate_method": "national_bank",
        }
        with self._at(age, "hanna") as uow:
            row = agreements.create(uow, self.programme, values)
            second = {**values, "reference": "", "title": "Forum, second donor", "amount": None}
            agreements.create(uow, self.programme, {**second, "donor_id": None})
            rate = {
                "base": "USD",
                "quote": "EUR",
                "value": Decimal("0.92"),
                "source": "Sample bank",
            }
            day = (self.loader.now - age).date()
            agreements.record_rate(uow, {**rate, "valid_on": day})
        with self._at(age, "meerim") as uow:
            for state in (AgreementState.SIGNED, AgreementState.ACTIVE):
                base = keeping.get(uow.session, type(row), row.id).version
                agreements.move(uow, row.id, base, state, "")

    def _new_call(self, age: timedelta, code: str, title: str, *, opens: int, closes: int) -> UUID:
        """Write a call and publish it; it opens and closes so many days before now."""
        now = self.loader.now
        values = {
            **dict.fromkeys(("title_ky", "title_ru", "summary_ky", "summary_ru"), ""),
            "code": code,
            "title_en": title,
            "summary_en": "For reporters and newsrooms who have something to prove.",
            "opens_at": _hour(now - timedelta(days=opens)),
            "closes_at": _hour(now - timedelta(days=closes)),
            "zone": "Asia/Bishkek",
            "currency": "EUR",
            "envelope": Decimal("9000.00"),
            "minimum": Decimal("500.00"),
            "maximum": Decimal("5000.00"),
            "kinds": ["Investigation", "Data project"],
            "regions": ["Нарын", "Иссык-Куль", "Ош", "Чуй", "Талас", "Баткен", "Жалал-Абад"],
            "partners_required": 0,
            "entry": "public",
            "blind": "single",
            "sealed_until_close": True,
            "reviews_wanted": 1,
            "quorum": 2,
            "reviewers_may_decide": False,
            "agreement_id": None,
        }
        with self._at(age, "hanna") as uow:
            row = calls.create(uow, self.programme, values)
            calls.save_form(uow, row.id, row.version, questions.read(ASKED))
            calls.save_criteria(uow, row.id, row.version, CRITERIA)
            calls.move(uow, row.id, row.version, CallState.PUBLISHED, "")
            for who in ("osmon", "lidia"):
                calls.add_reviewer(uow, row.id, self.loader.accounts[who].id)
            return row.id

    def _publish(self, age: timedelta) -> None:
        title = "Small grants for investigations, first round"
        self.call = self._new_call(age, "TRACK-1", title, opens=50, closes=32)

    def _one(self, age: timedelta, call_id: UUID, told: tuple[Any, ...], *, send: bool) -> UUID:
        name, legal_form, title, region, amount, *_scores = told
        draft = applying.Draft(
            applicant=name,
            legal_form=legal_form,
            kind="Investigation",
            title=title,
            summary=f"{title}. {region}.",
            requested=Decimal(amount),
            regions=[region],
            answers={"q1": "yes", "q2": title, "q3": "Nobody but the two of us knows them."},
            contact={"name": "", "email": "newsroom@example.org", "phone": ""},
        )
        with self._at(age, None) as uow:
            row, _token = beginning.begin(uow, call_id)
            applying.save(uow, row.id, row.version, draft)
            if send:
                submitting.submit(uow, row.id)
            return row.id

    def _apply(self, age: timedelta) -> None:
        self.rows = [self._one(age, self.call, told, send=True) for told in APPLICANTS]
        self._one(age, self.call, APPLICANTS[-1], send=False)

    def _move(self, uow: Any, row_id: UUID, to: ApplicationState, why: str = "") -> None:
        base = keeping.get(uow.session, Application, row_id).version
        applications.move(uow, self._person("hanna"), row_id, base, to, why)

    def _sort(self, age: timedelta) -> None:
        with self._at(age, "hanna") as uow:
            calls.settle_due(uow)
            for row_id in self.rows:
                self._move(uow, row_id, ApplicationState.ELIGIBLE)
            call = keeping.get(uow.session, Call, self.call)
            calls.move(uow, call.id, call.version, CallState.UNDER_REVIEW, "")
            for row_id in self.rows:
                self._move(uow, row_id, ApplicationState.IN_REVIEW)

    def _review(self, age: timedelta) -> None:
        for who, place in (("osmon", 5), ("lidia", 6)):
            for row_id, told in zip(self.rows, APPLICANTS, strict=True):
                with self._at(age, who) as uow:
                    said = interests.declare(uow, row_id, conflict=False, reason="")
                    if said != interests.CLEAR:
                        continue
                    wanted = [one.id for one in calls.criteria(uow.session, self.call)]
                    scores: dict[UUID, int | None] = dict(zip(wanted, told[place], strict=True))
                    advice = "fund" if sum(told[place]) > 9 else "do_not_fund"  # noqa: PLR2004
                    given = reviewing.Given(scores, "Clear and to the point.", "", advice)
                    reviewing.save(uow, self._person(who), row_id, 0, given, send=True)

    def _decide(self, age: timedelta) -> None:
        with self._at(age, "hanna") as uow:
            for row_id in self.rows[:-1]:
                self._move(uow, row_id, ApplicationState.RECOMMENDED)
            why = "The question is not one for an investigation."
            self._move(uow, self.rows[-1], ApplicationState.NOT_RECOMMENDED, why)
        outcomes = (
            (ApplicationState.AWARDED, "4200.00", "The strongest, and nobody else looks there."),
            (ApplicationState.AWARDED, "3900.00", "Documents are at hand."),
            (ApplicationState.RESERVE, None, "As good as the second; the envelope is spent."),
            (ApplicationState.REJECTED, None, "No question to prove."),
        )
        lines = [
            deciding.Line(row_id, to, Money(Decimal(amount), "EUR") if amount else None, why)
            for row_id, (to, amount, why) in zip(self.rows, outcomes, strict=True)
        ]
        with self._at(age, "meerim") as uow:
            base = keeping.get(uow.session, Call, self.call).version
            present = {self.loader.accounts[who].id for who in ("osmon", "lidia", "hanna")}
            deciding.decide(uow, self.call, base, present, lines)

    def _next_call(self, age: timedelta) -> None:
        title = "Small grants for investigations, second round"
        self.next = self._new_call(age, "TRACK-2", title, opens=8, closes=-21)

    def _next_applications(self, age: timedelta) -> None:
        with self._at(age, None) as uow:
            calls.settle_due(uow)
        self._one(age, self.next, APPLICANTS[2], send=True)
        self._one(age, self.next, APPLICANTS[3], send=False)


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
