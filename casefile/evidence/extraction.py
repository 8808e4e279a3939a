"""The text of a file: read in a jail by a worker that holds this one file's key, then sealed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, or_, select, update

from casefile import audit, keys, sandbox, vault
from casefile.cases import service as cases
from casefile.errors import BusyError, CasefileError, DamagedError, FullError
from casefile.evidence import service
from casefile.evidence.models import Item, PageText
from casefile.index import Document
from casefile.uow import UnitOfWork

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.uow import Resources

WORK = "read-text"
OFFER_LASTS = timedelta(minutes=2)
WORK_LASTS = timedelta(minutes=10)
OFFERS_AT_ONCE = 20
KEY_BYTES = 32
WAITING = ("pending", "running")


def brief(case: OpenCase, item: Item) -> bytes:
    """Return what a worker must know of a file, for sealing to it: its key and what it is."""
    return service.file_key(case, item) + service.view(item, case, "").media_type.encode()


def offer(resources: Resources, case: OpenCase, items: Iterable[Item]) -> None:
    """Ask a live worker to read these files; without one they stay pending."""
    for item in items:
        if item.state not in WAITING:
            continue
        try:
            told = brief(case, item)
        except DamagedError:
            continue  # the page of the file says so; it must not close everything else
        if not resources.jobs.offer(WORK, {"case": case.id, "item": item.id}, told):
            return


def offer_waiting(resources: Resources, session: Session, opened: Sequence[OpenCase]) -> None:
    """Offer again what no worker took or finished in time: a member's request does this."""
    by_id = {case.id: case for case in opened}
    now = resources.clock()
    waiting = session.scalars(
        select(Item)
        .where(
            Item.case_id.in_(by_id),
            Item.state.in_(WAITING),
            or_(Item.leased_until.is_(None), Item.leased_until < now),
        )
        .limit(OFFERS_AT_ONCE)
    ).all()
    if not waiting:
        return
    try:
        with resources.database.writing() as writer:
            for item in waiting:
                service.set_lease(writer, item.id, now + OFFER_LASTS)
            writer.commit()
    except (BusyError, FullError):
        return  # who reads a page need not wait for it; the next request offers again
    for item in waiting:
        offer(resources, by_id[item.case_id], [item])


def read_text(resources: Resources, ids: dict[str, UUID], told: bytes) -> None:
    """Do the work a brief asks for: lease the row, read the file in the jail, seal what it says."""
    case_id, item_id = ids["case"], ids["item"]
    key, media_type = told[:KEY_BYTES], told[KEY_BYTES:].decode()
    if not _lease(resources, item_id):
        return
    reason, pages = "", []
    try:
        reader = vault.open_sealed(resources.vault, key, case_id, item_id)
        pages = sandbox.extract(media_type, reader.blocks())
    except sandbox.ExtractionError as error:
        reason = str(error)
    except CasefileError:
        reason = "the stored file is damaged"
    _finish(resources, case_id, item_id, key, pages, reason)


def _lease(resources: Resources, item_id: UUID) -> bool:
    now = resources.clock()
    with resources.database.writing() as session:
        taken = session.execute(
            update(Item)
            .where(
                Item.id == item_id,
                or_(Item.state == "pending", (Item.state == "running") & (Item.leased_until < now)),
            )
            .values(state="running", leased_until=now + WORK_LASTS)
        ).rowcount  # type: ignore[attr-defined]
        session.commit()
    return bool(taken)


def _finish(
    resources: Resources, case_id: UUID, item_id: UUID, key: bytes, pages: list[str], reason: str
) -> None:
    text_key = keys.derive(key, "text")
    sealed = [
        {
            "item_id": item_id,
            "page": number,
            "sealed": keys.wrap(text_key, page.encode(), "evidence_text", item_id, number),
        }
        for number, page in enumerate(pages, start=1)
        if page.strip()
    ]
    if not sealed and not reason:
        reason = "there is no text in it: it may be a scan"
    with UnitOfWork(resources, None) as uow:
        uow.session.execute(delete(PageText).where(PageText.item_id == item_id))
        if sealed:
            uow.session.execute(insert(PageText), sealed)
        uow.session.execute(
            update(Item)
            .where(Item.id == item_id)
            .values(
                state="done" if sealed else "failed",
                state_reason=reason,
                leased_until=None,
                pages=len(pages),
                change_number=cases.count_change(uow, case_id),
            )
        )
        audit.record(
            uow,
            "evidence.read" if sealed else "evidence.unreadable",
            subject_id=item_id,
            case_id=case_id,
        )


def pages_of(session: Session, case: OpenCase, item: Item) -> Iterator[tuple[int, str]]:
    """Yield (page number, text) of what was read in a file."""
    key = keys.derive(service.file_key(case, item), "text")
    rows = session.execute(
        select(PageText.page, PageText.sealed)
        .where(PageText.item_id == item.id)
        .order_by(PageText.page)
        .execution_options(yield_per=50)
    )
    for number, sealed in rows:
        yield number, keys.unwrap(key, sealed, "evidence_text", item.id, number).decode()


def page_of(session: Session, case: OpenCase, item: Item, number: int) -> str:
    """Return the text of one page, empty when nothing was read there."""
    sealed = session.scalar(
        select(PageText.sealed).where(PageText.item_id == item.id, PageText.page == number)
    )
    if sealed is None:
        return ""
    key = keys.derive(service.file_key(case, item), "text")
    return keys.unwrap(key, sealed, "evidence_text", item.id, number).decode()


def record_text(item: service.EvidenceView) -> str:
    """Return what is said of a file, as search sees it."""
    parts = (item.shows, item.obtained_from, item.obtained_how, " ".join(item.tags), item.code)
    return "\n".join(part for part in parts if part)


def documents(session: Session, case: OpenCase, since: int, until: int) -> Iterator[Document]:
    """Yield what search is to know of evidence changed after `since`, up to `until`."""
    items = session.scalars(
        select(Item)
        .where(Item.case_id == case.id, Item.change_number > since, Item.change_number <= until)
        .order_by(Item.change_number)
    ).all()
    for item, shown in zip(items, service.views(session, case, items), strict=True):
        texts = [(0, record_text(shown))]
        try:
            texts.extend(pages_of(session, case, item))
        except CasefileError:
            texts = texts[:1]
        for number, text in texts:
            yield Document(
                id=item.id,
                kind="evidence",
                title=shown.name if number == 0 else "",
                text=text,
                author_id=item.added_by_id,
                author=shown.added_by_name,
                created_at=item.added_at,
                tags=shown.tags,
                change=item.change_number,
                page=number,
            )
