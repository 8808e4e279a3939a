"""What search knows of stories and claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casefile.accounts import service as accounts
from casefile.index import Document
from casefile.stories import keeping, service, statements
from casefile.stories.markers import without_marks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.stories.parts import Part


def documents(session: Session, case: OpenCase, since: int, until: int) -> Iterator[Document]:
    """Yield what search is to know of stories changed after `since`, up to `until`."""
    asked = {"case_id": case.id, "since": since, "until": until}
    rows = session.execute(statements.CHANGED, asked).all()
    drafts: dict[UUID, list[Part]] = {}
    if rows:
        wanted = {"case_id": case.id, "story_ids": [row.id for row in rows]}
        for found in session.execute(statements.TEXTS_OF, wanted):
            drafts.setdefault(found.story_id, []).append(keeping.open_part(case, found))
    claims = session.execute(statements.PARTS_CHANGED, {**asked, "kind": "claim"}).all()
    people = {row.created_by_id for row in rows} | {row.author_id for row in claims}
    names = accounts.names(session, people)
    for row in rows:
        head = keeping.open_head(case, row)
        pages = [(0, f"{head.outlet}\nS-{row.number}".strip())]
        for part in drafts.get(row.id, ()):
            if part.record:
                text = f"{part.record.title}\n\n{without_marks(part.record.body)}"
                pages.append((part.number, text))
        for page, text in pages:
            yield Document(
                id=row.id,
                kind="story",
                title="" if page else head.title,
                text=text,
                author_id=row.created_by_id,
                author=names.get(row.created_by_id, ""),
                created_at=row.created_at,
                tags=(),
                change=row.change_number,
                page=page,
            )
    for row in claims:
        part = keeping.open_part(case, row)
        if part.record is None:
            continue
        yield Document(
            id=row.id,
            kind="claim",
            title=part.record.statement,
            text=claim_text(part),
            author_id=row.author_id,
            author=names.get(row.author_id, ""),
            created_at=row.at,
            tags=(),
            change=row.change_number,
        )


def claim_text(part: Part) -> str:
    """Return what is said of a claim, as search sees it."""
    record = part.record
    words = [*record.passages.values(), *(one.passage for one in record.supports)]
    return "\n".join(word for word in (*words, record.reasoning, f"C-{part.number}") if word)


def found_claims(
    session: Session, case: OpenCase, part_ids: Iterable[UUID]
) -> list[tuple[Part, service.StoryRow]]:
    """Return these claims of this case, each with its story."""
    asked = {"case_id": case.id, "part_ids": list(set(part_ids))}
    parts = [keeping.open_part(case, row) for row in session.execute(statements.SOME_PARTS, asked)]
    stories = service.get_many(session, case, [part.story_id for part in parts])
    by_id = {story.id: story for story in stories}
    return [
        (part, by_id[part.story_id])
        for part in parts
        if part.kind == "claim" and part.record and part.story_id in by_id
    ]


def story_text(session: Session, case: OpenCase, story_id: UUID, page: int) -> str:
    """Return the words of one draft of a story, for the piece of it that search shows."""
    asked = {"case_id": case.id, "story_ids": [story_id]}
    for row in session.execute(statements.TEXTS_OF, asked):
        part = keeping.open_part(case, row)
        if part.record and page in {0, part.number}:
            return without_marks(part.record.body)
    return ""
