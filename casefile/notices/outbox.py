"""Mails that wait: written with the change they follow from, sent by whoever holds the lease."""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select, update

from casefile import audit, keys
from casefile.accounts.models import User
from casefile.db import table
from casefile.errors import DamagedError
from casefile.notices import sending
from casefile.notices.letters import WAITS, Letter, is_address, to_account
from casefile.notices.models import MailAddress, OutgoingMail
from casefile.uow import UnitOfWork

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from casefile.uow import Resources

log = logging.getLogger(__name__)
PENDING, SENT, WITHDRAWN, ABANDONED = "pending", "sent", "withdrawn", "abandoned"
MOST_TRIES = 8
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)
LEASE = timedelta(minutes=10)
MARGIN = timedelta(minutes=2)
AT_ONCE = 50
_MAIL = table(OutgoingMail)
_ONE_AT_A_TIME = threading.Lock()


def address_key(pepper: bytes) -> bytes:
    return keys.derive(pepper, "mail addresses")


def address_of(resources: Resources, row: MailAddress) -> str:
    """Open an address; DamagedError when it was changed or is somebody else's."""
    return keys.unwrap(
        address_key(resources.pepper), row.sealed, "mail_address", row.user_id
    ).decode()


def own_address(session: Session, resources: Resources, user_id: UUID) -> str:
    """Return where this person wants mail; nothing when they want none."""
    row = session.get(MailAddress, user_id)
    try:
        return address_of(resources, row) if row is not None else ""
    except DamagedError:
        return ""


def choose_address(uow: UnitOfWork, address: str) -> None:
    """Say where I want to hear that something waits; nothing for not at all."""
    if uow.actor_id is None:
        msg = "an address of nobody"
        raise RuntimeError(msg)
    row = uow.session.get(MailAddress, uow.actor_id)
    if not address:
        if row is not None:
            uow.session.delete(row)
        uow.session.execute(
            update(OutgoingMail)
            .where(OutgoingMail.user_id == uow.actor_id, OutgoingMail.state == PENDING)
            .values(state=WITHDRAWN, ended_at=uow.now)
        )
    else:
        sealed = keys.wrap(
            address_key(uow.resources.pepper), address.encode(), "mail_address", uow.actor_id
        )
        if row is None:
            row = MailAddress(user_id=uow.actor_id)
            uow.session.add(row)
        row.sealed, row.changed_at = sealed, uow.now
    uow.session.flush()
    audit.record(uow, "mail.changed", subject_id=uow.actor_id, detail={"wanted": bool(address)})


def write(uow: UnitOfWork, person_ids: Iterable[UUID]) -> None:
    """Put a mail into the box for each of these who wants mail and has none waiting there."""
    if not uow.resources.settings.smtp_url:
        return
    waiting = select(OutgoingMail.user_id).where(
        OutgoingMail.state == PENDING, OutgoingMail.user_id.is_not(None)
    )
    wanting = uow.session.scalars(
        select(MailAddress.user_id).where(
            MailAddress.user_id.in_(set(person_ids)), MailAddress.user_id.not_in(waiting)
        )
    ).all()
    if wanting:
        uow.session.execute(
            insert(OutgoingMail),
            [
                {
                    "id": uuid4(),
                    "user_id": person_id,
                    "state": PENDING,
                    "created_at": uow.now,
                    "tries": 0,
                    "next_try_at": uow.now,
                    "reason": "",
                }
                for person_id in sorted(wanting)
            ],
        )


def write_outside(uow: UnitOfWork, about_id: UUID, letter: Letter) -> None:
    """Put a mail to somebody without an account into the box, if they gave an address.

    That something waits is said once until it is sent; each receipt goes out.
    """
    if not uow.resources.settings.smtp_url or not is_address(letter.address):
        return
    mail_id = uuid4()
    for row in uow.session.scalars(
        select(OutgoingMail).where(OutgoingMail.about_id == about_id, OutgoingMail.state == PENDING)
    ):
        if letter.says == WAITS and _letter(uow.resources, row.id, row.letter) == letter:
            return
    uow.session.add(
        OutgoingMail(
            id=mail_id,
            about_id=about_id,
            letter=keys.wrap(
                address_key(uow.resources.pepper),
                json.dumps(letter.plain()).encode(),
                "outgoing_mail",
                mail_id,
            ),
            state=PENDING,
            created_at=uow.now,
            tries=0,
            next_try_at=uow.now,
            reason="",
        )
    )
    uow.session.flush()


def _letter(resources: Resources, mail_id: UUID, sealed: bytes | None) -> Letter | None:
    try:
        plain = keys.unwrap(address_key(resources.pepper), sealed or b"", "outgoing_mail", mail_id)
    except DamagedError:
        return None
    return Letter(**json.loads(plain))


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one round."""

    sent: int = 0
    failed: int = 0
    abandoned: int = 0
    waiting: int = 0


def send(resources: Resources) -> Sent:
    """Send what is due. Two processes never send the same: each takes a lease first."""
    if not resources.settings.smtp_url or not _ONE_AT_A_TIME.acquire(blocking=False):
        return Sent(waiting=_waiting(resources))
    try:
        return _send(resources)
    finally:
        _ONE_AT_A_TIME.release()


def _send(resources: Resources) -> Sent:
    lease = uuid4()
    taken = _take(resources, lease)
    if not taken:
        return Sent(waiting=_waiting(resources))
    outcomes = {SENT: 0, PENDING: 0, ABANDONED: 0, WITHDRAWN: 0}
    last = resources.clock() + LEASE - MARGIN
    with sending.Mailer(resources.settings) as mailer:
        for row in taken:
            if resources.clock() > last:
                break  # what is left is taken again when the lease is over
            outcomes[_send_one(resources, mailer, row, lease)] += 1
    return Sent(outcomes[SENT], outcomes[PENDING], outcomes[ABANDONED], _waiting(resources))


def _take(resources: Resources, lease: UUID) -> Sequence[Any]:
    """Take what is due for a while. A time beyond every wait was set by a clock far ahead."""
    with resources.database.reading() as session:
        if not session.scalar(select(func.count()).where(_due(resources.clock()))):
            return []
    with UnitOfWork(resources, None) as uow:
        due = uow.session.scalars(
            select(_MAIL.c.id).where(_due(uow.now)).order_by(_MAIL.c.created_at).limit(AT_ONCE)
        ).all()
        uow.session.execute(
            update(_MAIL)
            .where(_MAIL.c.id.in_(due))
            .values(lease=lease, leased_until=uow.now + LEASE)
        )
        return uow.session.execute(
            select(_MAIL.c.id, _MAIL.c.user_id, _MAIL.c.letter)
            .where(_MAIL.c.lease == lease)
            .order_by(_MAIL.c.created_at)
        ).all()


def _due(now: datetime) -> Any:
    return (
        (_MAIL.c.state == PENDING)
        & ((_MAIL.c.next_try_at <= now) | (_MAIL.c.next_try_at > now + LONGEST_WAIT))
        & (
            _MAIL.c.leased_until.is_(None)
            | (_MAIL.c.leased_until <= now)
            | (_MAIL.c.leased_until > now + LEASE)
        )
    )


def _send_one(resources: Resources, mailer: sending.Mailer, row: Any, lease: UUID) -> str:
    address, body = _to_whom(resources, row)
    reason = "" if address is None else mailer.send(row.id, address, body)
    with UnitOfWork(resources, None) as uow:
        mail = uow.session.get(OutgoingMail, row.id)
        if mail is None or mail.lease != lease or mail.state != PENDING:
            return WITHDRAWN
        mail.lease = mail.leased_until = None
        mail.tries, mail.tried_at, mail.reason = mail.tries + 1, uow.now, reason
        if address is None:
            mail.state = WITHDRAWN
        elif not reason:
            mail.state = SENT
        elif mail.tries >= MOST_TRIES:
            mail.state = ABANDONED
        mail.next_try_at = uow.now + wait_after(mail.tries)
        if mail.state != PENDING:
            mail.ended_at, mail.letter = uow.now, None
            uow.session.flush()
            audit.record(uow, f"mail.{mail.state}", subject_id=mail.user_id or mail.about_id)
        return mail.state


def _to_whom(resources: Resources, row: Any) -> tuple[str | None, str]:
    if row.user_id is not None:
        return _address_for(resources, row.user_id), to_account(resources.settings)
    letter = _letter(resources, row.id, row.letter)
    return (letter.address, letter.body()) if letter is not None else (None, "")


def wait_after(tries: int) -> timedelta:
    """Say how long to wait after this many tries that failed: a minute, then twice as long each."""
    return min(FIRST_WAIT * (1 << min(max(tries - 1, 0), 12)), LONGEST_WAIT)


def _address_for(resources: Resources, user_id: UUID) -> str | None:
    """Return where this person wants mail now, or None: the account may be closed since."""
    with resources.database.reading() as session:
        row = session.scalar(
            select(MailAddress)
            .join(User, User.id == MailAddress.user_id)
            .where(
                MailAddress.user_id == user_id,
                User.disabled_at.is_(None),
                User.ends_at.is_(None) | (User.ends_at > resources.clock()),
            )
        )
    try:
        return address_of(resources, row) if row is not None else None
    except DamagedError:
        return None


def _waiting(resources: Resources) -> int:
    with resources.database.reading() as session:
        return session.scalar(select(func.count()).where(_MAIL.c.state == PENDING)) or 0


def last_failure(session: Session, user_id: UUID) -> OutgoingMail | None:
    """Return this person's last mail when it was given up, so that they hear why."""
    mail = session.scalar(
        select(OutgoingMail)
        .where(OutgoingMail.user_id == user_id, OutgoingMail.state.in_((SENT, ABANDONED)))
        .order_by(OutgoingMail.created_at.desc())
        .limit(1)
    )
    return mail if mail is not None and mail.state == ABANDONED else None
