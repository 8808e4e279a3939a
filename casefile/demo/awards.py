"""Awards of the sample: linked to its investigations, with milestones in every state."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from casefile.demo.budgets import Budgets
from casefile.grants import awards, payments
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
    from collections.abc import Callable, Iterator
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
# How many days ago the first of them began.
BEGAN = 150
POINTS = tuple(ATTESTATIONS[NEWEST_ATTESTATION].points)


@dataclass(frozen=True, slots=True)
class _Work:
    """A case that an award can pay for, and the editor who may release for it."""

    key: str
    opened_days_ago: int
    editor: Account


class Awards:
    """Makes them through the services people use."""

    def __init__(self, loader: Loader) -> None:
        self.loader = loader
        self.today = loader.now.date()
        self.manager = self._with_role("grant_manager")
        self.finance = self._with_role("finance")
        self.director = self._with_role("director")
        self.age = timedelta()
        self.made: dict[int, UUID] = {}

    def _with_role(self, role: str) -> Account:
        return next(
            account for account in self.loader.accounts.values() if role in account.person.roles
        )

    def histories(self) -> list[Iterator[timedelta]]:
        """Return what happens to each award: each says how long ago its next thing was, then does it."""
        work = self._work()
        found = [
            self._history(number, case, story)
            for number, (case, story) in enumerate(zip(work, STORIES, strict=False))
        ]
        return [*found, self._drafts(), *Budgets(self).histories()]

    def wait(self, days: float) -> Iterator[timedelta]:
        """Wait until so many days ago; what follows is done then."""
        age = timedelta(days=days)
        yield age
        self.age = age

    def _history(self, number: int, case: _Work, story: tuple[str, ...]) -> Iterator[timedelta]:
        begun = BEGAN - 20 * number
        yield from self.wait(begun + 6)
        award_id = self.made[number] = self._draft(number)
        yield from self.wait(begun - 10)
        self._sign(number)
        linked = min(begun - 10.5, case.opened_days_ago - 1)
        yield from self.wait(linked)
        self._link(case, award_id)
        with self.loader.resources.database.reading() as session:
            milestones = list(awards.milestones_of(session, award_id))
        last = linked
        for milestone, what in zip(milestones, story, strict=False):
            for step_days, act in self._steps(case, milestone, what):
                # Never before what went before, never later than now.
                last = max(min(step_days, last - 0.1), last * 0.8)
                yield from self.wait(last)
                act()

    def _drafts(self) -> Iterator[timedelta]:
        yield from self.wait(3)
        self._act(self.manager, awards.submit_for_approval, Award, self._draft(3))
        yield from self.wait(1)
        self._draft(1)
        self.loader.tell("awards", len(STORIES) + 2, len(STORIES) + 2)

    def _programme(self) -> UUID:
        with self.loader.resources.database.reading() as session:
            return session.scalars(select(Programme.id).order_by(Programme.created_at)).first()  # type: ignore[return-value]

    def _work(self) -> list[_Work]:
        """Return the cases with an editor who puts no evidence on them, the oldest first."""
        found = []
        for told in sorted(
            self.loader.newsroom.investigations, key=lambda one: -one.opened_days_ago
        ):
            reporting = {one.added_by for one in told.evidence}
            editors = [
                self.loader.accounts[key]
                for key, seat in told.seats.items()
                if seat.role == Seat.EDITOR and key not in reporting
            ]
            fitting = [one for one in editors if "editor" in one.person.roles]
            if fitting:
                found.append(_Work(told.key, told.opened_days_ago, fitting[0]))
        return found

    def _draft(self, number: int) -> UUID:
        values = {
            "programme_id": self._programme(),
            "codename": make_codename(),
            "reference": f"TR-2026-{number + 1:02}-{self.loader.now.microsecond % 97:02}",
            "contract_type": "grant",
            "amount": AMOUNTS[number % len(AMOUNTS)],
            "currency": CURRENCIES[number % len(CURRENCIES)],
            "starts_on": self.today - timedelta(days=BEGAN - 20 * number),
            "ends_on": self.today + timedelta(days=120 + 30 * number),
            "exclusion": "totals",
            "conditions": "",
        }
        with self.loader.at(self.age, self.manager) as uow:
            return awards.create(uow, values).id

    def _sign(self, number: int) -> None:
        """Let an award be approved, signed and begun, with an account that is confirmed."""
        award_id = self.made[number]
        self._act(self.manager, awards.submit_for_approval, Award, award_id)
        self._act(self.director, awards.approve, Award, award_id)
        self._act(self.manager, awards.sign, Award, award_id, (self.loader.now - self.age).date())
        self._act(self.manager, awards.activate, Award, award_id)
        fields = {
            "holder": "Sample foundation",
            "bank": "Sample bank",
            "account": f"KG00 0000 0000 000{number}",
            "code": "SAMPKG22",
        }
        with self.loader.at(self.age, self.manager) as uow:
            payments.enter_bank(uow, award_id, None, fields)
        with self.loader.at(self.age, self.finance) as uow:
            row = uow.session.scalars(
                select(BankAccount).where(BankAccount.award_id == award_id)
            ).one()
            payments.confirm_bank(uow, award_id, row.version)

    def _act(
        self,
        who: Account,
        verb: Callable[..., Any],
        model: type[Any],
        row_id: UUID,
        *more: Any,
        **named: Any,
    ) -> None:
        with self.loader.at(self.age, who) as uow:
            base = uow.session.get_one(model, row_id).version
            verb(uow, row_id, base, *more, **named)

    def _link(self, case: _Work, award_id: UUID) -> None:
        with self.loader.resources.database.reading() as session:
            codename = session.get_one(Award, award_id).codename
        self._in_case(case, lambda uow, opened: links.link(uow, opened, codename))

    def _in_case(self, case: _Work, act: Callable[[UnitOfWork, Any], Any]) -> None:
        opened = self.loader.open_case(self.loader.cases[case.key], case.editor)
        with self.loader.at(self.age, case.editor) as uow:
            act(uow, opened)

    def _steps(
        self, case: _Work, milestone: Milestone, what: str
    ) -> list[tuple[float, Callable[[], None]]]:
        """Return what becomes of a milestone, each step with how many days ago it is best done."""
        due = (self.today - milestone.due_on).days
        on = functools.partial(self._on, milestone.id)
        if what == "met":
            met = functools.partial(on, self.manager, grant_milestones.accept_contract)
            return [(due, met), *((due - days, pay) for days, pay in self._pay(milestone.id))]
        if what == "waive":
            why = "The plan was part of the application."
            ask = functools.partial(on, self.manager, grant_milestones.propose_waiver, why)
            return [
                (due + 2, ask),
                (due, functools.partial(on, self.director, grant_milestones.waive)),
            ]
        if what == "drop":
            why = "The newsroom judges it too dangerous for now."
            drop = grant_milestones.cannot_be_achieved
            return [(due + 4, functools.partial(on, self.manager, drop, "safety", why))]
        steps: list[tuple[float, Callable[[], None]]] = [
            (due + 1, functools.partial(self._release, case, milestone))
        ]
        if what == "accept":
            steps.append((due - 2, functools.partial(on, self.manager, deciding.accept)))
        elif what == "return":
            why = "Please say which of the two stages this is."
            steps.append((due - 2, functools.partial(on, self.manager, deciding.give_back, why)))
        return steps

    def _on(self, milestone_id: UUID, who: Account, verb: Callable[..., Any], *more: Any) -> None:
        self._act(who, verb, Milestone, milestone_id, *more)

    def _release(self, case: _Work, milestone: Milestone) -> None:
        what = ""
        if EvidenceClass.COMMITMENT in milestone.classes:
            with self.loader.resources.database.reading() as session:
                note_id = session.scalars(
                    select(Note.id)
                    .where(Note.case_id == self.loader.cases[case.key])
                    .order_by(Note.number)
                    .limit(1)
                ).one()
            what = f"note:{note_id}"
        entered = Entered(points=POINTS, words="On time and as planned.", committed_to=what)
        self._in_case(case, lambda u, c: service.save_draft(u, c, milestone.id, 0, entered))
        self._in_case(case, lambda u, c: service.release(u, c, milestone.id, 1))

    def _pay(self, milestone_id: UUID) -> list[tuple[float, Callable[[], None]]]:
        """Return the steps of a payment, each with how many days after the milestone."""

        def step(who: Account, verb: Callable[..., Any], **named: Any) -> None:
            with self.loader.resources.database.reading() as session:
                payment_id = session.scalars(
                    select(Payment.id).where(Payment.milestone_id == milestone_id)
                ).one()
            self._act(who, verb, Payment, payment_id, **named)

        def pay() -> None:
            paid = {"paid_on": (self.loader.now - self.age).date(), "reference": "sample"}
            step(self.finance, payments.pay, **paid)

        return [
            (1, functools.partial(step, self.manager, payments.request)),
            (1.3, functools.partial(step, self.finance, payments.check)),
            (2, functools.partial(step, self.director, payments.approve)),
            (3, pay),
        ]
