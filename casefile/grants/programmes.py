"""Programmes: what they are, who stands behind them in which role, what takes place each year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from casefile.errors import ConflictError, InvalidError, NotFoundError
from casefile.grants import keeping
from casefile.grants.models import (
    Affiliation,
    Component,
    Edition,
    Organisation,
    Programme,
    ProgrammeOrganisation,
    ProgrammeSector,
)
from casefile.grants.money import HUNDRED
from casefile.grants.states import OrganisationRole
from casefile.policy import Role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from decimal import Decimal
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.uow import UnitOfWork
    from casefile.web import Person

YEARS = 12
CODE_TAKEN = "This code is taken. Choose another: codes stand in addresses and in reports."


@dataclass(frozen=True, slots=True)
class GridRow:
    """A component and, for each year, its editions; `missing` are years that should have one."""

    component: Component
    editions: Mapping[int, Sequence[Edition]]
    missing: frozenset[int]


def fill(row: object, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(row, name, value)


def create(uow: UnitOfWork, values: Mapping[str, Any], sectors: Mapping[str, Decimal]) -> Programme:
    """Begin a programme. InvalidError unless its sectors add up to 100."""
    _check(values, sectors)
    programme = Programme(**values)
    _add_coded(uow, programme, "programme.created")
    _put_sectors(uow, programme.id, sectors)
    return programme


def _add_coded(uow: UnitOfWork, row: Any, action: str) -> None:
    try:
        keeping.add(uow, row, action)
    except IntegrityError as error:
        raise ConflictError(CODE_TAKEN) from error


def save(
    uow: UnitOfWork,
    programme_id: UUID,
    base: int,
    values: Mapping[str, Any],
    sectors: Mapping[str, Decimal],
) -> None:
    """Change what a programme says of itself."""
    _check(values, sectors)
    programme = keeping.held(uow, Programme, programme_id, base)
    if programme.status != values["status"]:
        keeping.write_event(uow, programme, "state", programme.status, values["status"])
    fill(programme, values)
    _put_sectors(uow, programme_id, sectors)
    try:
        keeping.changed(uow, programme, "programme.changed")
    except IntegrityError as error:
        raise ConflictError(CODE_TAKEN) from error


def _check(values: Mapping[str, Any], sectors: Mapping[str, Decimal]) -> None:
    check_order(values["starts_on"], values["ends_on"])
    whole = sum(sectors.values(), HUNDRED - HUNDRED)
    if sectors and whole != HUNDRED:
        msg = (
            f"The sectors add up to {whole} percent. Make them add up to 100, or leave them empty."
        )
        raise InvalidError(msg)
    if any(percent <= 0 for percent in sectors.values()):
        msg = "Each sector has more than 0 percent. Leave out those that have none."
        raise InvalidError(msg)


def check_order(starts_on: date | None, ends_on: date | None) -> None:
    if starts_on and ends_on and ends_on < starts_on:
        msg = "The end lies before the start. Change one of the two."
        raise InvalidError(msg)


def _put_sectors(uow: UnitOfWork, programme_id: UUID, sectors: Mapping[str, Decimal]) -> None:
    uow.session.execute(delete(ProgrammeSector).where(ProgrammeSector.programme_id == programme_id))
    for code, percent in sectors.items():
        uow.session.add(ProgrammeSector(programme_id=programme_id, code=code, percent=percent))
    uow.session.flush()


def sectors(session: Session, programme_id: UUID) -> dict[str, Decimal]:
    rows = session.scalars(
        select(ProgrammeSector)
        .where(ProgrammeSector.programme_id == programme_id)
        .order_by(ProgrammeSector.code)
    )
    return {row.code: row.percent for row in rows}


def seen_by(person: Person, session: Session) -> set[UUID] | None:
    """Return the programmes a donor may see, those their organisations fund; None is all."""
    if person.roles - {Role.DONOR, Role.JUROR}:
        return None
    return set(
        session.scalars(
            select(ProgrammeOrganisation.programme_id)
            .join(Affiliation, Affiliation.organisation_id == ProgrammeOrganisation.organisation_id)
            .where(
                Affiliation.user_id == person.id,
                Affiliation.voided_at.is_(None),
                ProgrammeOrganisation.voided_at.is_(None),
                ProgrammeOrganisation.role == OrganisationRole.FUNDING,
            )
        )
    )


def get(session: Session, person: Person, programme_id: UUID) -> Programme:
    """Return a programme this person may see. NotFoundError else."""
    seen = seen_by(person, session)
    if seen is not None and programme_id not in seen:
        raise NotFoundError(keeping.NOT_THERE)
    return keeping.get(session, Programme, programme_id)


def organisations(
    session: Session, programme_id: UUID
) -> dict[OrganisationRole, list[tuple[ProgrammeOrganisation, Organisation]]]:
    """Return who stands behind a programme, by role; a role nobody is known for is empty."""
    rows = session.execute(
        select(ProgrammeOrganisation, Organisation)
        .join(Organisation, Organisation.id == ProgrammeOrganisation.organisation_id)
        .where(
            ProgrammeOrganisation.programme_id == programme_id,
            ProgrammeOrganisation.voided_at.is_(None),
        )
        .order_by(Organisation.name)
    ).all()
    return {
        role: [(link, found) for link, found in rows if link.role == role]
        for role in OrganisationRole
    }


def add_organisation(
    uow: UnitOfWork, programme_id: UUID, organisation_id: UUID, role: OrganisationRole
) -> None:
    """Say that an organisation has a role in a programme."""
    keeping.held(uow, Programme, programme_id)
    keeping.get(uow.session, Organisation, organisation_id)
    there = uow.session.scalar(
        select(ProgrammeOrganisation.id).where(
            ProgrammeOrganisation.programme_id == programme_id,
            ProgrammeOrganisation.organisation_id == organisation_id,
            ProgrammeOrganisation.role == role,
            ProgrammeOrganisation.voided_at.is_(None),
        )
    )
    if there is not None:
        msg = "This organisation has this role in the programme already."
        raise ConflictError(msg)
    row = ProgrammeOrganisation(
        programme_id=programme_id, organisation_id=organisation_id, role=role
    )
    keeping.add(uow, row, "programme.role_added")


def void_organisation(uow: UnitOfWork, programme_id: UUID, link_id: UUID, reason: str) -> None:
    row = keeping.held(uow, ProgrammeOrganisation, link_id, programme_id=programme_id)
    keeping.void(uow, row, "programme.role_voided", reason)


def add_component(uow: UnitOfWork, programme_id: UUID, values: Mapping[str, Any]) -> Component:
    """Add something that a programme does again and again."""
    keeping.held(uow, Programme, programme_id)
    places = uow.session.scalars(
        select(Component.position).where(Component.programme_id == programme_id)
    ).all()
    row = Component(programme_id=programme_id, position=max(places, default=0) + 1, **values)
    return keeping.add(uow, row, "component.added")


def save_component(
    uow: UnitOfWork, programme_id: UUID, component_id: UUID, base: int, values: Mapping[str, Any]
) -> None:
    row = keeping.held(uow, Component, component_id, base, programme_id=programme_id)
    fill(row, values)
    keeping.changed(uow, row, "component.changed")


def add_edition(
    uow: UnitOfWork, programme_id: UUID, component_id: UUID, values: Mapping[str, Any]
) -> Edition:
    """Write down one time a component took place, is planned for, or fell out."""
    keeping.get(uow.session, Component, component_id, programme_id=programme_id)
    return keeping.add(uow, Edition(component_id=component_id, **values), "edition.added")


def void_edition(
    uow: UnitOfWork, programme_id: UUID, component_id: UUID, edition_id: UUID, reason: str
) -> None:
    keeping.get(uow.session, Component, component_id, programme_id=programme_id)
    row = keeping.held(uow, Edition, edition_id, component_id=component_id)
    keeping.void(uow, row, "edition.voided", reason)


def edition(session: Session, programme_id: UUID, component_id: UUID, edition_id: UUID) -> Edition:
    """Return an edition of this component of this programme. NotFoundError else."""
    keeping.get(session, Component, component_id, programme_id=programme_id)
    return keeping.get(session, Edition, edition_id, component_id=component_id)


def editions_of(session: Session, component_id: UUID) -> Sequence[Edition]:
    return session.scalars(
        select(Edition)
        .where(Edition.component_id == component_id, Edition.voided_at.is_(None))
        .order_by(Edition.year.desc(), Edition.created_at)
    ).all()


def role(session: Session, programme_id: UUID, role_id: UUID) -> ProgrammeOrganisation:
    return keeping.get(session, ProgrammeOrganisation, role_id, programme_id=programme_id)


def grid(session: Session, programme: Programme, this_year: int) -> tuple[list[int], list[GridRow]]:
    """Return the years and a row for each component, with the years that lack an edition.

    A year is missing where a component is annual, began by then, and has neither an edition nor a
    note that it fell out. Where nobody says since when, nothing before its first edition is missed.
    """
    components = session.scalars(
        select(Component)
        .where(Component.programme_id == programme.id, Component.voided_at.is_(None))
        .order_by(Component.position)
    ).all()
    editions = session.scalars(
        select(Edition)
        .join(Component, Component.id == Edition.component_id)
        .where(Component.programme_id == programme.id, Edition.voided_at.is_(None))
        .order_by(Edition.year, Edition.created_at)
    ).all()
    known = [edition.year for edition in editions]
    known += [component.since for component in components if component.since]
    if programme.starts_on:
        known.append(programme.starts_on.year)
    last = max([this_year, *known])
    years = list(range(max(min([this_year, *known]), last - YEARS + 1), last + 1))
    return years, [_row(component, editions, years, this_year) for component in components]


def _row(
    component: Component, editions: Sequence[Edition], years: Sequence[int], this_year: int
) -> GridRow:
    own: dict[int, list[Edition]] = {}
    for edition in editions:
        if edition.component_id == component.id:
            own.setdefault(edition.year, []).append(edition)
    began = component.since or min(own, default=None)
    missing: frozenset[int] = frozenset()
    if component.recurrence == "annual" and began is not None:
        missing = frozenset(
            year for year in years if began <= year <= this_year and year not in own
        )
    return GridRow(component, own, missing)
