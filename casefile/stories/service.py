"""Stories: drafts in several languages, every version kept, and all that belongs to them as plain values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import insert

from casefile.accounts import service as accounts
from casefile.cases import service as cases
from casefile.errors import ConflictError, InvalidError, NotFoundError
from casefile.policy import Permission
from casefile.stories import keeping, statements
from casefile.stories.keeping import Held
from casefile.stories.markers import count_words, number_new, passages, without_marks
from casefile.stories.models import Story
from casefile.stories.parts import Part, Whole
from casefile.stories.records import (
    DISPUTED,
    DROPPED,
    FACT,
    LANGUAGES,
    NUMBER,
    QUOTE,
    STATEMENT_LENGTH,
    TEXT,
    UNCHECKED,
    VERIFIED,
    Claim,
    Head,
    Text,
)
from casefile.stories.rules import CLOSED, DRAFT, STATES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.uow import UnitOfWork

MOST_CLAIMS = 1000
TOO_MANY = (
    "A story holds at most 1,000 claims, and this text would make more. Nothing was saved; what you "
    "wrote is still here. Cut the story in two."
)
CLOSED_STORY = (
    "This story is spiked or retracted and takes no changes. "
    "An editor can take a spiked one up again."
)


class TextChangedError(ConflictError):
    """The draft has a newer version than the one that was edited. Nothing was overwritten."""

    def __init__(self, theirs: TextView) -> None:
        super().__init__("Somebody saved a newer version of this draft.")
        self.theirs = theirs


@dataclass(frozen=True, slots=True)
class TextView:
    """The draft in one language."""

    id: UUID | None
    language: str
    title: str
    body: str
    version: int
    author_name: str
    at: datetime
    words: int

    @property
    def language_name(self) -> str:
        return LANGUAGES.get(self.language, self.language)


@dataclass(frozen=True, slots=True)
class StoryRow:
    """A story in a list."""

    id: UUID
    number: int
    title: str
    state: str
    outlet: str
    embargo: str
    languages: Sequence[str]
    claims: int
    settled: int
    author_name: str
    created_at: datetime
    changed_at: datetime
    url: str


def create(uow: UnitOfWork, case: OpenCase, *, title: str, text: Text, outlet: str = "") -> UUID:
    """Begin a story with its first draft; claims marked in it get their numbers."""
    change = cases.hold(uow, case, Permission.STORY_EDIT)
    number = uow.session.scalar(statements.LAST_NUMBER, {"case_id": case.id}) or 0
    story_id = uuid4()
    uow.session.execute(
        insert(Story),
        {
            "id": story_id,
            "case_id": case.id,
            "number": number + 1,
            "state": DRAFT,
            "created_by_id": uow.actor_id,
            "created_at": uow.now,
            "changed_at": uow.now,
            "version": 0,
            "change_number": change,
            "generation": case.generation,
            "record": b"",
            "outline": b"",
        },
    )
    author = uow.actor_id or UUID(int=0)
    head = Head(title, DRAFT, outlet=outlet)
    held = Held(
        uow,
        case,
        Whole(story_id, case.id, number + 1, DRAFT, 0, author, uow.now, uow.now, head, sound=True),
        change,
    )
    _write(held, text, None)
    held.record("story.added")
    return story_id


def _open_for_writing(uow: UnitOfWork, case: OpenCase, story_id: UUID) -> Held:
    held = keeping.take(uow, case, Permission.STORY_EDIT, story_id)
    if held.whole.state in CLOSED:
        raise ConflictError(CLOSED_STORY)
    return held


def save_text(uow: UnitOfWork, case: OpenCase, story_id: UUID, text: Text, base: int) -> None:
    """Save the draft in one language over version `base`; 0 begins a language.

    Raises TextChangedError, with the newer version in it, when `base` is not the latest.
    """
    held = _open_for_writing(uow, case, story_id)
    part = held.whole.text(text.language)
    if (part.version if part else 0) != base:
        raise TextChangedError(_text_view(uow.session, part, text.language, uow.now))
    _write(held, text, part)
    version = part.version if part else 1
    held.record("story.written", {"language": text.language, "version": version})


def _write(held: Held, text: Text, part: Part | None) -> None:
    """Keep a text, number its new claims, and tell each claim what became of its words."""
    held.wrote = True
    before = passages(part.record.body) if part and part.record else {}

    def take(words: str) -> int:
        if len(held.whole.of("claim")) >= MOST_CLAIMS:
            raise InvalidError(TOO_MANY)
        claim = Claim(
            words[:STATEMENT_LENGTH],
            guess(words),
            passages={text.language: words},
            writers=(held.actor,),
        )
        return held.put("claim", claim).number

    body = number_new(text.body, take)
    text = replace(text, body=body, words=count_words(body))
    held.put(TEXT, text, part)
    after = passages(text.body)
    for number in sorted(before.keys() | after.keys()):
        claim = held.whole.numbered("claim", number)
        if claim is not None and claim.record is not None and claim.version:
            _follow(held, claim, text.language, after.get(number))


def _follow(held: Held, part: Part, language: str, words: str | None) -> None:
    """Let a claim know the words that are marked with it now; a verdict on others is open again."""
    claim: Claim = part.record
    old = claim.passages.get(language)
    if old == words or (words is None and old is None):
        return
    kept = {name: said for name, said in claim.passages.items() if name != language}
    lost = {name: said for name, said in claim.lost.items() if name != language}
    if words is not None:
        kept[language] = words
    elif claim.verdict != DROPPED and old is not None:
        lost[language] = old
    what = "text_changed" if words is not None else "text_deleted"
    told = replace(
        claim, event=what, passages=kept, lost=lost, writers=with_writer(claim, held.actor)
    )
    held.put("claim", opened_again(told, what), part)


def with_writer(claim: Claim, actor: str) -> tuple[str, ...]:
    return claim.writers if actor in claim.writers else (*claim.writers, actor)


def opened_again(claim: Claim, why: str) -> Claim:
    """Take a verdict back because what it was about is not the same any more."""
    if claim.verdict not in {VERIFIED, DISPUTED}:
        return claim
    return replace(claim, verdict=UNCHECKED, reopened=why, grounds={})


def guess(words: str) -> str:
    """Propose what kind of claim these words make; whoever wrote them can say better."""
    if words.startswith(("«", "“", "„", '"')):
        return QUOTE
    return NUMBER if any(letter.isdigit() for letter in words) else FACT


def describe(
    uow: UnitOfWork,
    case: OpenCase,
    story_id: UUID,
    *,
    title: str,
    outlet: str,
    embargo: str,
    zone: str,
    version: int,
) -> None:
    """Change working title, outlet and embargo.

    Raises ConflictError when the story was changed since `version`.
    """
    held = _open_for_writing(uow, case, story_id)
    if held.whole.version != version:
        msg = "Somebody changed this story meanwhile."
        raise ConflictError(msg)
    held.record(
        "story.described",
        title=title,
        outlet=outlet,
        embargo=embargo,
        zone=zone if embargo else "",
    )


def _text_view(session: Session, part: Part | None, language: str, now: datetime) -> TextView:
    if part is None or part.record is None:
        return TextView(part.id if part else None, language, "", "", 0, "", now, 0)
    name = accounts.names(session, [part.author_id]).get(part.author_id, "")
    return text_view(part, name)


def text_view(part: Part, name: str) -> TextView:
    """Return a text as pages show it; a damaged one says so."""
    if part.record is None:
        return TextView(part.id, "", "[damaged draft]", "", part.version, name, part.at, 0)
    text: Text = part.record
    return TextView(
        part.id, text.language, text.title, text.body, part.version, name, part.at, text.words
    )


def texts(session: Session, whole: Whole) -> list[TextView]:
    """Return the drafts of a story, the one begun first at the top."""
    found = whole.of(TEXT)
    names = accounts.names(session, {part.author_id for part in found})
    return [text_view(part, names.get(part.author_id, "")) for part in found]


def text(session: Session, whole: Whole, language: str) -> TextView:
    """Return the draft in this language; NotFoundError when there is none."""
    part = whole.text(language)
    if part is None:
        msg = "This story has no draft in that language."
        raise NotFoundError(msg)
    return texts_of(session, [part])[0]


def texts_of(session: Session, found: Sequence[Part]) -> list[TextView]:
    names = accounts.names(session, {part.author_id for part in found})
    return [text_view(part, names.get(part.author_id, "")) for part in found]


def versions(session: Session, case: OpenCase, whole: Whole, language: str) -> list[TextView]:
    """Return every version of a draft, newest first."""
    part = whole.text(language)
    if part is None:
        msg = "This story has no draft in that language."
        raise NotFoundError(msg)
    return texts_of(session, keeping.history(session, case, whole.id, part.id))


def listed(
    session: Session,
    case: OpenCase,
    *,
    sort: str = "changed",
    state: str = "",
    text: str = "",
    offset: int = 0,
    limit: int = 50,
) -> tuple[list[StoryRow], int]:
    """Return one page of the stories of a case, and how many there are."""
    known = sort if sort in statements.ORDERS else "changed"
    of_state = state in STATES
    asked: dict[str, object] = {"case_id": case.id, "state": state}
    if text or sort == "title":
        sought = text.casefold()
        rows = session.execute(statements.listing(known, of_state=of_state), asked).all()
        found = [
            row
            for row in story_rows(session, case, rows)
            if sought in f"S-{row.number} {row.title} {row.outlet}".casefold()
        ]
        if sort == "title":
            found.sort(key=lambda row: row.title.casefold())
        return found[offset : offset + limit], len(found)
    total = session.scalar(statements.counting(of_state=of_state), asked) or 0
    wanted = statements.listing(known, of_state=of_state, paged=True)
    rows = session.execute(wanted, {**asked, "offset": offset, "limit": limit}).all()
    return story_rows(session, case, rows), total


def story_rows(session: Session, case: OpenCase, rows: Sequence[object]) -> list[StoryRow]:
    """Open the records of several stories."""
    names = accounts.names(session, {row.created_by_id for row in rows})  # type: ignore[attr-defined]
    found = []
    for row in rows:
        head = keeping.open_head(case, row)
        found.append(
            StoryRow(
                row.id,  # type: ignore[attr-defined]
                row.number,  # type: ignore[attr-defined]
                head.title,
                row.state,  # type: ignore[attr-defined]
                head.outlet,
                head.embargo,
                head.languages,
                head.claims,
                head.settled,
                names.get(row.created_by_id, ""),  # type: ignore[attr-defined]
                row.created_at,  # type: ignore[attr-defined]
                row.changed_at,  # type: ignore[attr-defined]
                f"/cases/{case.id}/stories/{row.id}",  # type: ignore[attr-defined]
            )
        )
    return found


def get_many(session: Session, case: OpenCase, story_ids: Sequence[UUID]) -> list[StoryRow]:
    asked = {"case_id": case.id, "story_ids": list(set(story_ids))}
    return story_rows(session, case, session.execute(statements.MANY, asked).all())


def plain_text(text: TextView | Text) -> str:
    """Return what a text says, without the signs of its claims."""
    return without_marks(text.body)
