"""Awards of the sample: linked to its investigations, with milestones in every state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from casefile.cases.models import CaseSeat
from casefile.demo.budgets import Budgets
from casefile.evidence.models import Item
from casefile.grants import awards, keeping, payments
from casefile.grants import milestones as grant_milestones
from casefile.grants.award_models import Award, BankAccount, Milestone, Payment
from casefile.grants.award_states import EvidenceClass
from casefile.grants.codenames import make as make_codename
from casefile.grants.models import Programme
from casefile.milestones import deciding, links, service
from casefile.milestones.content import ATTESTATIONS, NEWEST_ATTESTATION, Entered
from casefile.notes.models import Note
from casefile.policy import Seat

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from casefile.demo.loader import Account, Loader
    from casefile.uow import UnitOfWork

AMOUNTS = (Decimal("9500.00"), Decimal("480000.00"), Decimal("7200.00"), Decimal("12000.00"))
CURRENCIES = ("USD", "KGS", "EUR", "USD")
# How far each award is: what becomes of its milestones, in their order.
STORIES = (
    ("met", "accept", "accept", "release"),
    ("met", "accept", "return"),
    ("met", "waive", "drop"),
    ("met",),
)
POINTS = tuple(ATTESTATIONS[NEWEST_ATTESTATION].points)


@dataclass(frozen=True, slots=True)
class _Work:
    """A case that an award can pay for, and the editor who may release for it."""

    case_id: UUID
    editor: Account


class Awards:
    """Makes them through the services people use."""

    def __init__(self, loader: Loader) -> None:
        self.loader = loader
        self.today = loader.now.date()
        self.manager = self._with_role("grant_manager")
        self.finance = self._with_role("finance")
        self.director = self._with_role("director")

    def _with_role(self, role: str) -> Account:
        return next(
            account for account in self.loader.accounts.values() if role in account.person.roles
        )

    def run(self) -> None:
        programme_id = self._programme()
        work = self._work()
        for number, (case, story) in enumerate(zip(work, STORIES, strict=False)):
            award_id = self._active(programme_id, number)
            self._link(case, award_id)
            self._play(case, award_id, story)
            if number == 0:
                Budgets(self).spent(award_id)
            elif number == 1:
                Budgets(self).waiting(award_id)
        drafted = self._draft(programme_id, 3)
        self._act(self.manager, awards.submit_for_approval, Award, drafted)
        self._draft(programme_id, 1)
        self.loader.tell("awards", len(work) + 2, len(work) + 2)

    def _programme(self) -> UUID:
        with self.loader.resources.database.reading() as session:
            found = session.scalar(select(Programme.id).order_by(Programme.created_at).limit(1))
        if found is not None:
            return found
        with self.loader.at(timedelta(), self.manager) as uow:
            programme = Programme(
                code="TRACK",
                title_ky="TRACK: иликтөө журналистикасы",
                title_ru="TRACK: расследовательская журналистика",
                title_en="TRACK: investigative journalism",
                summary_ky="",
                summary_ru="",
                summary_en="",
                iati_identifier="",
                status="2",
                starts_precision="day",
                ends_precision="day",
            )
            return keeping.add(uow, programme, "programme.created").id

    def _work(self) -> list[_Work]:
        """Return the cases with an editor who has put no evidence on them."""
        by_id = {account.id: account for account in self.loader.accounts.values()}
        with self.loader.resources.database.reading() as session:
            seats = session.execute(
                select(CaseSeat.case_id, CaseSeat.user_id)
                .where(CaseSeat.role == Seat.EDITOR)
                .order_by(CaseSeat.granted_at)
            ).all()
            reporting = {
                (row.case_id, row.added_by_id)
                for row in session.execute(select(Item.case_id, Item.added_by_id))
            }
        found: dict[UUID, _Work] = {}
        for row in seats:
            account = by_id[row.user_id]
            if "editor" in account.person.roles and (row.case_id, row.user_id) not in reporting:
                found.setdefault(row.case_id, _Work(row.case_id, account))
        return list(found.values())

    def _draft(self, programme_id: UUID, number: int) -> UUID:
        values = {
            "programme_id": programme_id,
            "codename": make_codename(),
            "reference": f"TR-2026-{number + 1:02}-{self.loader.now.microsecond % 97:02}",
            "contract_type": "grant",
            "amount": AMOUNTS[number % len(AMOUNTS)],
            "currency": CURRENCIES[number % len(CURRENCIES)],
            "starts_on": self.today - timedelta(days=150 - 20 * number),
            "ends_on": self.today + timedelta(days=120 + 30 * number),
            "exclusion": "totals",
            "conditions": "",
        }
        with self.loader.at(timedelta(), self.manager) as uow:
            return awards.create(uow, values).id

    def _active(self, programme_id: UUID, number: int) -> UUID:
        award_id = self._draft(programme_id, number)
        self._act(self.manager, awards.submit_for_approval, Award, award_id)
        self._act(self.director, awards.approve, Award, award_id)
        signed = self.today - timedelta(days=140 - 20 * number)
        self._act(self.manager, awards.sign, Award, award_id, signed)
        self._act(self.manager, awards.activate, Award, award_id)
        fields = {
            "holder": "Sample foundation",
            "bank": "Sample bank",
            "account": f"KG00 0000 0000 000{number}",
            "code": "SAMPKG22",
        }
        with self.loader.at(timedelta(), self.manager) as uow:
            payments.enter_bank(uow, award_id, None, fields)
        with self.loader.at(timedelta(), self.finance) as uow:
            row = uow.session.scalars(
                select(BankAccount).where(BankAccount.award_id == award_id)
            ).one()
            payments.confirm_bank(uow, award_id, row.version)
        return award_id

    def _act(
        self,
        who: Account,
        verb: Callable[..., Any],
        model: type[Any],
        row_id: UUID,
        *more: Any,
        **named: Any,
    ) -> None:
        with self.loader.at(timedelta(), who) as uow:
            base = uow.session.get_one(model, row_id).version
            verb(uow, row_id, base, *more, **named)

    def _link(self, case: _Work, award_id: UUID) -> None:
        with self.loader.resources.database.reading() as session:
            codename = session.get_one(Award, award_id).codename
        self._in_case(case, lambda uow, opened: links.link(uow, opened, codename))

    def _in_case(self, case: _Work, act: Callable[[UnitOfWork, Any], Any]) -> None:
        opened = self.loader.open_case(case.case_id, case.editor)
        with self.loader.at(timedelta(), case.editor) as uow:
            act(uow, opened)

    def _play(self, case: _Work, award_id: UUID, story: tuple[str, ...]) -> None:
        with self.loader.resources.database.reading() as session:
            milestones = list(awards.milestones_of(session, award_id))
        for milestone, what in zip(milestones, story, strict=False):
            if what == "met":
                self._act(self.manager, grant_milestones.accept_contract, Milestone, milestone.id)
                self._pay(milestone.id, milestone.due_on)
            elif what == "waive":
                why = "The plan was part of the application."
                self._act(
                    self.manager, grant_milestones.propose_waiver, Milestone, milestone.id, why
                )
                self._act(self.director, grant_milestones.waive, Milestone, milestone.id)
            elif what == "drop":
                why = "The newsroom judges it too dangerous for now."
                drop = grant_milestones.cannot_be_achieved
                self._act(self.manager, drop, Milestone, milestone.id, "safety", why)
            else:
                self._release(case, milestone)
                if what == "accept":
                    self._act(self.manager, deciding.accept, Milestone, milestone.id)
                elif what == "return":
                    why = "Please say which of the two stages this is."
                    self._act(self.manager, deciding.give_back, Milestone, milestone.id, why)

    def _release(self, case: _Work, milestone: Milestone) -> None:
        what = ""
        if EvidenceClass.COMMITMENT in milestone.classes:
            with self.loader.resources.database.reading() as session:
                note_id = session.scalars(
                    select(Note.id)
                    .where(Note.case_id == case.case_id)
                    .order_by(Note.number)
                    .limit(1)
                ).one()
            what = f"note:{note_id}"
        entered = Entered(points=POINTS, words="On time and as planned.", committed_to=what)
        self._in_case(case, lambda u, c: service.save_draft(u, c, milestone.id, 0, entered))
        self._in_case(case, lambda u, c: service.release(u, c, milestone.id, 1))

    def _pay(self, milestone_id: UUID, on: date) -> None:
        with self.loader.resources.database.reading() as session:
            payment_id, signed_on = session.execute(
                select(Payment.id, Award.signed_on)
                .join(Award, Award.id == Payment.award_id)
                .where(Payment.milestone_id == milestone_id)
            ).one()
        self._act(self.manager, payments.request, Payment, payment_id)
        self._act(self.finance, payments.check, Payment, payment_id)
        self._act(self.director, payments.approve, Payment, payment_id)
        paid_on = min(max(on, signed_on or on) + timedelta(days=3), self.today)
        paid = {"paid_on": paid_on, "reference": "sample"}
        self._act(self.finance, payments.pay, Payment, payment_id, **paid)
