"""A case's search shard: which key opens it and where its documents come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from casefile.cases.models import Case
from casefile.index import CaseShard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from casefile.cases.access import OpenCase
    from casefile.index import Document
    from casefile.uow import Resources, UnitOfWork

LABEL = "index"


def shard(resources: Resources, case: OpenCase, change: int | None = None) -> CaseShard:
    """Return the shard of a case as somebody on it can open it."""

    def documents(since: int, until: int) -> Iterator[Document]:
        with resources.database.reading() as session:
            found = [
                document
                for source in resources.document_sources
                for document in source(session, case, since, until)
            ]
        found.sort(key=lambda document: (document.change, document.page))
        yield from found

    return CaseShard(
        case_id=case.id,
        codename=case.codename,
        keys=[
            (generation, case.keys[generation].derive(LABEL))
            for generation in sorted(case.keys, reverse=True)
        ],
        change=case.change_number if change is None else change,
        documents=documents,
    )


def catch_up(resources: Resources, case: OpenCase) -> None:
    """Bring the shard of a case to what the database holds now."""
    with resources.database.reading() as session:
        change = session.scalar(select(Case.change_number).where(Case.id == case.id))
    resources.index.catch_up(shard(resources, case, change or 0))


def follow(uow: UnitOfWork, case: OpenCase) -> None:
    """Make this change searchable once it is saved; should that fail, the next search does it."""
    uow.after_commit(lambda: catch_up(uow.resources, case))
