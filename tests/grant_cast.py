"""The people of the grant side, a programme, and awards at every stage of their life."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import select

from casefile import keys
from casefile.accounts import service as accounts
from casefile.grants import awards, keeping, ladders, payments
from casefile.grants import milestones as grant_milestones
from casefile.grants.award_models import Award, BankAccount, Milestone, Payment
from casefile.grants.award_states import AwardState
from casefile.grants.models import Programme
from casefile.milestones import links, service
from casefile.milestones.content import Entered
from casefile.policy import Role
from casefile.uow import UnitOfWork
from tests.cast import Actor, change, resources_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask

    from casefile.uow import Resources
    from tests.cast import Cast

TODAY = date(2026, 11, 22)
POINTS = ("stage", "standards", "safety", "independence")
BANK = {"holder": "Foundation A", "bank": "Bank", "account": "KG12 3456 7890", "code": "AAAAKG22"}
ATTESTED = Entered(points=POINTS, words="All on time.")


@dataclass(frozen=True, slots=True)
class Team:
    """Mira and Max manage grants, Fiona keeps the books, Dora directs."""

    mira: Actor
    max: Actor
    fiona: Actor
    dora: Actor
    programme: UUID


def add_person(resources: Resources, cast: Cast, username: str, roles: Sequence[Role]) -> Actor:
    password = f"tall pine above {username} lake"
    user_id, bundle = uuid4(), keys.Bundle.create(cast.ada.bundle.anchor)
    sealed = accounts.seal_bundle(resources, user_id, username, password, bundle)
    with UnitOfWork(resources, cast.ada.id, cast.ada.bundle) as uow:
        user = accounts.new_user(
            uow,
            user_id=user_id,
            username=username,
            name=username.title(),
            roles=roles,
            bundle=bundle,
            sealed=sealed,
        )
        user.invited_by_id = cast.ada.id
        accounts.certify(uow, user, cast.ada.id, cast.ada.bundle)
    return Actor(user_id, username, username.title(), password, bundle)


def make_team(resources: Resources, cast: Cast) -> Team:
    mira = add_person(resources, cast, "mira", [Role.GRANT_MANAGER])
    other = add_person(resources, cast, "max", [Role.GRANT_MANAGER])
    fiona = add_person(resources, cast, "fiona", [Role.FINANCE])
    dora = add_person(resources, cast, "dora", [Role.DIRECTOR])
    with UnitOfWork(resources, mira.id, mira.bundle) as uow:
        words = {
            f"{name}_{language}": ""
            for name in ("title", "summary")
            for language in ("ky", "ru", "en")
        }
        programme = Programme(
            code=f"P-{uuid4().hex[:8]}",
            **words,
            iati_identifier="",
            status="2",
            starts_precision="day",
            ends_precision="day",
        )
        keeping.add(uow, programme, "programme.created")
        return Team(mira, other, fiona, dora, programme.id)


def terms(team: Team, **more: Any) -> dict[str, Any]:
    return {
        "programme_id": team.programme,
        "codename": f"amber-{uuid4().hex[:8]}",
        "reference": "TR-1",
        "contract_type": "grant",
        "amount": Decimal("1000.00"),
        "currency": "USD",
        "starts_on": TODAY - timedelta(days=30),
        "ends_on": TODAY + timedelta(days=330),
        "exclusion": "totals",
        "conditions": "",
        **more,
    }


def draft(
    resources: Resources, team: Team, steps: Sequence[ladders.Step] | None = None, **more: Any
) -> UUID:
    with UnitOfWork(resources, team.mira.id, team.mira.bundle) as uow:
        return awards.create(uow, terms(team, **more), steps).id


def version(resources: Resources, model: type[Any], row_id: UUID) -> int:
    with resources.database.reading() as session:
        found: int = session.get_one(model, row_id).version
        return found


def act(
    resources: Resources, actor: Actor, verb: Any, row_id: UUID, *more: Any, **named: Any
) -> Any:
    """Do one step, over the newest version."""
    model = {
        awards: Award,
        grant_milestones: Milestone,
        payments: Payment,
    }
    module = next(m for m in model if getattr(m, verb.__name__, None) is verb)
    base = version(resources, model[module], row_id)
    with UnitOfWork(resources, actor.id, actor.bundle) as uow:
        return verb(uow, row_id, base, *more, **named)


def active(
    resources: Resources, team: Team, steps: Sequence[ladders.Step] | None = None, **more: Any
) -> UUID:
    """Take an award from the draft to where work begins."""
    award_id = draft(resources, team, steps, **more)
    act(resources, team.mira, awards.submit_for_approval, award_id)
    act(resources, team.dora, awards.approve, award_id)
    act(resources, team.mira, awards.sign, award_id, TODAY - timedelta(days=1))
    act(resources, team.mira, awards.activate, award_id)
    return award_id


def give_bank(resources: Resources, team: Team, award_id: UUID) -> None:
    with UnitOfWork(resources, team.mira.id, team.mira.bundle) as uow:
        payments.enter_bank(uow, award_id, None, BANK)
    with resources.database.reading() as session:
        row = session.scalars(select(BankAccount).where(BankAccount.award_id == award_id)).one()
    with UnitOfWork(resources, team.fiona.id, team.fiona.bundle) as uow:
        payments.confirm_bank(uow, award_id, row.version)


def milestone_ids(resources: Resources, award_id: UUID) -> list[UUID]:
    with resources.database.reading() as session:
        return [one.id for one in awards.milestones_of(session, award_id)]


def payment_of(resources: Resources, milestone_id: UUID) -> Payment:
    with resources.database.reading() as session:
        return session.scalars(select(Payment).where(Payment.milestone_id == milestone_id)).one()


def codename_of(resources: Resources, award_id: UUID) -> str:
    with resources.database.reading() as session:
        return session.get_one(Award, award_id).codename


def link(app: Flask, cast: Cast, award_id: UUID) -> None:
    """Let Eva, editor of Ann's case, link the award to it."""
    codename = codename_of(resources_of(app), award_id)
    change(app, cast.eva, cast.case.id, lambda uow, case: links.link(uow, case, codename))


def prepare(app: Flask, cast: Cast, milestone_id: UUID, entered: Entered = ATTESTED) -> int:
    """Let Eva write down what is to be released; returns the draft's version."""

    def save(uow: UnitOfWork, case: Any) -> int:
        before = service.draft_of(uow.session, case, milestone_id)
        base = before.version if before else 0
        service.save_draft(uow, case, milestone_id, base, entered)
        return base + 1

    made = change(app, cast.eva, cast.case.id, save)
    assert isinstance(made, int)
    return made


def release(app: Flask, cast: Cast, milestone_id: UUID, entered: Entered = ATTESTED) -> UUID:
    base = prepare(app, cast, milestone_id, entered)
    made = change(
        app,
        cast.eva,
        cast.case.id,
        lambda uow, case: service.release(uow, case, milestone_id, base),
    )
    assert isinstance(made, UUID)
    return made


def step(title: str, share: int, *classes: str, days: int = 30) -> ladders.Step:
    return ladders.Step(title, TODAY + timedelta(days=days), "As agreed", classes, Decimal(share))


ACTIVE = AwardState.ACTIVE
