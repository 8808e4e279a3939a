"""A story as a whole: opened, checked against its own record, taken for a change and sealed again."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import insert, update

from casefile import audit, keys
from casefile.cases import service as cases
from casefile.errors import DamagedError, NotFoundError
from casefile.stories import outline, records, signing, statements, telling
from casefile.stories.content import contents, digest
from casefile.stories.models import Story, StoryPart, StoryPartVersion
from casefile.stories.parts import NO_PART, Part, Whole
from casefile.stories.records import DECISION, Decision, Head
from casefile.stories.rules import APPROVED, FACT_CHECK, STEPS, VOID
from casefile.stories.supports import look_up

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.policy import Permission
    from casefile.uow import UnitOfWork

DAMAGED = "[damaged story]"
NO_STORY = "There is no such story in this case."
TAMPERED = (
    "The parts of this story were changed outside Casefile, so nothing is added to it and nothing is "
    "decided. What can be read stays readable. Tell the lead of the case and the administrator."
)
CHANGES = frozenset(
    {
        "story.added",
        "story.described",
        "story.written",
        "story.voided",
        "claim.added",
        "claim.edited",
        "claim.checked",
        "reply.added",
        "reply.edited",
        "publication.added",
        "impact.added",
        *(f"story.{step.done}" for step in STEPS.values()),
    }
)


def seal_head(case: OpenCase, story_id: UUID, version: int, head: Head) -> bytes:
    plain = json.dumps({name: getattr(head, name) for name in Head.__slots__}, ensure_ascii=False)
    return case.newest.seal(plain.encode(), "story", story_id, "record", version)


def open_head(case: OpenCase, row: Any) -> Head:
    """Open the record of a story; a damaged one is shown as such."""
    try:
        opened = case.key(row.generation).open(row.record, "story", row.id, "record", row.version)
        return Head(**json.loads(opened))
    except DamagedError:
        return Head(DAMAGED, row.state)


def _place(kind: str, story_id: UUID) -> str:
    return f"{kind} of {story_id.hex}"


def open_part(case: OpenCase, row: Any) -> Part:
    """Open one version of a part."""
    try:
        plain = case.key(row.generation).open(
            row.record, "story_part_version", row.id, _place(row.kind, row.story_id), row.version
        )
        record, stands_for = records.read(row.kind, json.loads(plain)), keys.digest(plain).hex()
    except DamagedError:
        record, stands_for = None, "damaged"
    return Part(
        row.id,
        row.story_id,
        row.kind,
        row.number,
        row.version,
        row.author_id,
        row.at,
        record,
        stands_for,
    )


def ledger(parts: Iterable[Any]) -> str:
    """Stand for these parts under these numbers, in these versions, and no others."""
    each = sorted(keys.packed(part.id, part.kind, part.number, part.version) for part in parts)
    return keys.digest(b"".join(each)).hex()


def load(
    session: Session,
    case: OpenCase,
    story_id: UUID,
    choose: Callable[[Whole], Container[int]] | None = None,
) -> Whole:
    """Return a story of this case with all its parts; NotFoundError when there is none.

    With `choose`, only the claims it names are opened; the others are as the outline has them.
    """
    asked = {"case_id": case.id, "story_id": story_id}
    row = session.execute(statements.ONE, asked).first()
    if row is None:
        raise NotFoundError(NO_STORY)
    head = open_head(case, row)
    whole = Whole(
        row.id,
        row.case_id,
        row.number,
        row.state,
        row.version,
        row.created_by_id,
        row.created_at,
        row.changed_at,
        head,
        sound=True,
    )
    every: Iterable[Any]
    if choose is None:
        for found in session.execute(statements.PARTS, asked):
            whole.of(found.kind).append(open_part(case, found))
        every = [part for parts in whole.parts.values() for part in parts]
    else:
        every = session.execute(statements.PLACES, asked).all()
        _load_lightly(session, case, whole, row, choose)
    whole.sound = head.title != DAMAGED and head.state == row.state
    whole.sound = whole.sound and ledger(every) == head.ledger
    return whole


def _load_lightly(
    session: Session,
    case: OpenCase,
    whole: Whole,
    row: Any,
    choose: Callable[[Whole], Container[int]],
) -> None:
    asked = {"case_id": case.id, "story_id": whole.id}
    for found in session.execute(statements.BUT_CLAIMS, asked):
        whole.of(found.kind).append(open_part(case, found))
    whole.parts["claim"] = outline.read(case, row, whole.created_at)
    wanted = choose(whole)
    numbers = [part.number for part in whole.of("claim") if part.number in wanted]
    opened = {
        found.number: open_part(case, found)
        for found in session.execute(statements.SOME_CLAIMS, {**asked, "numbers": numbers})
    }
    for place, part in enumerate(whole.of("claim")):
        if part.number in opened:
            whole.parts["claim"][place] = opened[part.number]
        elif part.number in wanted:
            part.record = None  # it was cut out; nothing of it is shown


def fits_trail(session: Session, whole: Whole) -> bool:
    """Say whether the newest entry of the trail about a story is the one its record names.

    A story set back as a whole, record and parts, does not fit the trail any more.
    """
    asked = {"story_id": whole.id, "actions": list(CHANGES)}
    return session.scalar(statements.NEWEST_ENTRY, asked) == whole.head.entry


class Held:
    """A story taken for one change. What is put in is kept when the change is recorded, with one entry."""

    def __init__(self, uow: UnitOfWork, case: OpenCase, whole: Whole, change: int) -> None:
        self.uow, self.case, self.whole, self.change = uow, case, whole, change
        self.wrote = False
        self.words_changed = False

    @property
    def actor(self) -> str:
        return str(self.uow.actor_id)

    def put(self, kind: str, record: records.Record, part: Part | None = None) -> Part:
        """Keep a new part, or the next version of one."""
        parts = self.whole.of(kind)
        if part is None:
            number = max((one.number for one in parts), default=0) + 1
            part = Part(uuid4(), self.whole.id, kind, number, 0, UUID(int=0), self.uow.now, None)
            parts.append(part)
            self.uow.session.execute(
                insert(StoryPart),
                {
                    "id": part.id,
                    "case_id": self.case.id,
                    "story_id": self.whole.id,
                    "kind": kind,
                    "number": number,
                    "version": 1,
                    "change_number": self.change,
                },
            )
        self.words_changed |= kind == records.TEXT
        part.version, part.record, part.at = part.version + 1, record, self.uow.now
        part.author_id = self.uow.actor_id or UUID(int=0)
        self._write(part)
        return part

    def _write(self, part: Part) -> None:
        plain = json.dumps(records.written(part.record), ensure_ascii=False).encode()
        part.digest = keys.digest(plain).hex()
        place = _place(part.kind, self.whole.id)
        self.uow.session.execute(
            insert(StoryPartVersion),
            {
                "part_id": part.id,
                "version": part.version,
                "author_id": part.author_id,
                "at": self.uow.now,
                "generation": self.case.generation,
                "record": self.case.newest.seal(
                    plain, "story_part_version", part.id, place, part.version
                ),
            },
        )
        if part.version > 1:
            self.uow.session.execute(
                update(StoryPart)
                .where(StoryPart.id == part.id)
                .values(version=part.version, change_number=self.change)
            )

    def decide(self, **told: Any) -> Part:
        """Keep a decision, signed by whoever makes it."""
        number = len(self.whole.of(DECISION)) + 1
        decision = Decision(
            actor=self.actor, at=self.uow.now.isoformat(), before=self.whole.state, **told
        )
        made = self.put(
            DECISION, signing.sign(self.uow, self.case.id, self.whole.id, number, decision)
        )
        self.whole.state = decision.after
        telling.decided(self.uow, self.case, self.whole, decision)
        return made

    def record(self, action: str, detail: dict[str, Any] | None = None, **head: Any) -> None:
        """Seal the story's record over what it is now and leave the entry."""
        whole = self.whole
        whole.head = replace(whole.head, **head)
        self.words_changed |= "title" in head
        entry = audit.record(
            self.uow,
            action,
            subject_id=whole.id,
            case=self.case,
            detail={"label": whole.head.title, **(detail or {})},
        )
        if whole.state == APPROVED and action != "story.approved":
            entry = self._void() or entry
        if self.wrote and self.actor not in whole.head.authors:
            whole.head.authors = [*whole.head.authors, self.actor]
        self._seal(entry)

    def _void(self) -> int | None:
        """Take back an approval that is not of this story any more, and say what changed."""
        approval = self.whole.decision("approve")
        cards = look_up(self.uow.session, self.case, self.whole.of("claim"))
        now = contents(self.whole, cards)
        if approval is not None and digest(now) == approval.record.content:
            return None
        before = approval.record.contents if approval else {}
        changed = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
        self.decide(
            action=VOID,
            after=FACT_CHECK,
            content=digest(now),
            blocked=tuple(changed),
        )
        return audit.record(self.uow, "story.voided", subject_id=self.whole.id, case=self.case)

    def _seal(self, entry: int) -> None:
        whole = self.whole
        whole.version += 1
        claims = [part.record for part in whole.of("claim") if part.record]
        whole.head = replace(
            whole.head,
            state=whole.state,
            entry=entry,
            ledger=ledger(part for parts in whole.parts.values() for part in parts),
            claims=len(claims),
            settled=sum(one.verdict in {"verified", "dropped"} for one in claims),
            languages=[part.record.language for part in whole.of("text") if part.record],
        )
        # Search has nothing to learn from a decision.
        found = {"change_number": self.change} if self.words_changed else {}
        self.uow.session.execute(
            update(Story)
            .where(Story.id == whole.id)
            .values(
                state=whole.state,
                changed_at=self.uow.now,
                version=whole.version,
                generation=self.case.generation,
                record=seal_head(self.case, whole.id, whole.version, whole.head),
                outline=outline.seal(self.case, whole),
                **found,
            )
        )


def take(uow: UnitOfWork, case: OpenCase, permission: Permission, story_id: UUID) -> Held:
    """Take a story for a change; DamagedError when it was changed outside of the program."""
    change = cases.hold(uow, case, permission)
    whole = load(uow.session, case, story_id)
    if not whole.sound or not fits_trail(uow.session, whole):
        raise DamagedError(TAMPERED)
    return Held(uow, case, whole, change)


def history(session: Session, case: OpenCase, story_id: UUID, part_id: UUID) -> list[Part]:
    """Return every version of a part, newest first."""
    asked = {"case_id": case.id, "story_id": story_id, "part_id": part_id}
    found = [open_part(case, row) for row in session.execute(statements.HISTORY, asked)]
    if not found:
        raise NotFoundError(NO_PART)
    return found
