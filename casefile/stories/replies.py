"""Right of reply: who was asked, how, until when, what they answered and what was used of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casefile.errors import ConflictError, InvalidError
from casefile.policy import Permission
from casefile.stories import keeping, moments, telling
from casefile.stories.records import REPLY, Reply
from casefile.stories.rules import CLOSED
from casefile.stories.service import CLOSED_STORY

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from casefile.cases.access import OpenCase
    from casefile.uow import UnitOfWork

MOVED_ON = (
    "Somebody changed this request while you were writing. Nothing of theirs was overwritten: their "
    "words and yours stand here. Bring them together and save again."
)


class ReplyChangedError(ConflictError):
    """The request has a newer version than the one that was edited."""

    def __init__(self, theirs: Reply, version: int) -> None:
        super().__init__(MOVED_ON)
        self.theirs = theirs
        self.version = version


def check(reply: Reply, now: datetime) -> None:
    """Refuse what cannot have been: answers before questions, deadlines before they were set."""
    sent, deadline = moments.read(reply.sent_at), moments.read(reply.deadline)
    answered = moments.read(reply.answered_at)
    moments.check_past(sent, now, "A request cannot have been sent later than now.")
    moments.check_past(answered, now, "An answer cannot have come later than now.")
    if sent and not reply.how:
        msg = "Say how the request was sent: by letter, e-mail, telephone, in person."
        raise InvalidError(msg)
    if sent and not deadline:
        msg = "Say until when an answer was asked for."
        raise InvalidError(msg)
    if deadline and not sent:
        msg = "A deadline counts from a request: say when it was sent."
        raise InvalidError(msg)
    if sent and deadline and deadline <= sent:
        msg = "The deadline must be later than the request."
        raise InvalidError(msg)
    if reply.answer and not answered:
        msg = "Say when the answer came."
        raise InvalidError(msg)
    if answered and (not sent or answered < sent):
        msg = "An answer comes after the request."
        raise InvalidError(msg)
    if reply.used and not (reply.answer or (deadline and deadline <= now)):
        msg = (
            "What was used can be said once an answer came or the deadline is over. Keep it in a note "
            "until then."
        )
        raise InvalidError(msg)


def save(
    uow: UnitOfWork,
    case: OpenCase,
    story_id: UUID,
    reply: Reply,
    *,
    reply_id: UUID | None = None,
    version: int = 0,
) -> UUID:
    """Keep a request or its next version.

    Raises ReplyChangedError when somebody saved a newer one.
    """
    held = keeping.take(uow, case, Permission.STORY_EDIT, story_id)
    if held.whole.state in CLOSED:
        raise ConflictError(CLOSED_STORY)
    part = held.whole.get(REPLY, reply_id) if reply_id else None
    if part is not None and part.version != version:
        raise ReplyChangedError(part.record or Reply(""), part.version)
    check(reply, uow.now)
    kept = held.put(REPLY, reply, part)
    held.record("reply.edited" if part else "reply.added", {"reply": kept.number})
    telling.asked(uow, case, held.whole, kept)
    telling.mentioned(uow, case, held.whole, reply.used, f"reply-{kept.number}-")
    return kept.id
