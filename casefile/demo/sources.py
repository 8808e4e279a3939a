"""The sources of the sample: put on a case as their handlers would."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from casefile.sources import agreements, handlers, identities, links, service

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from casefile.cases.access import OpenCase
    from casefile.demo import content
    from casefile.uow import UnitOfWork


def add_source(
    open_case: Callable[[], OpenCase],
    begin: Callable[[timedelta], UnitOfWork],
    told: content.Source,
    others: Sequence[UUID],
    moment: tuple[datetime, timedelta],
) -> None:
    """Add a source, its handlers, what was promised and said, and the files it gave."""
    case = open_case()
    now, age = moment

    def day(days_ago: int) -> str:
        return (now + age - timedelta(days=days_ago)).date().isoformat()

    with begin(age) as uow:
        source_id = service.add(
            uow,
            case,
            service.About(told.protection, told.reliability, told.motive, told.quotable),
            identities.Identity(told.name, told.contacts, told.circumstances),
        )
        for other in others:
            source, opened = handlers.open_for(uow, case, source_id)
            handlers.add(uow, case, source, opened, other)
        source, opened = handlers.open_for(uow, case, source_id)
        for promise in told.promises:
            until = day(-promise.until_in_days) if promise.until_in_days is not None else ""
            written = agreements.Agreement(promise.kind, promise.text, day(promise.days_ago), until)
            agreements.add(uow, case, source, written)
        for met in told.met:
            contact = identities.Contact(day(met.days_ago), met.how, met.where, met.summary)
            identities.log_contact(uow, case, source, opened, contact)
        for number in told.evidence:
            links.add(uow, case, source, f"E-{number}", "")
