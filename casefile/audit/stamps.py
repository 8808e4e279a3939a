"""Time-stamps (RFC 3161) for checkpoints: asked for in a queue that nobody waits for."""

from __future__ import annotations

import http.client
import logging
import threading
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy import func, insert, select, update

from casefile import keys
from casefile.audit.models import Checkpoint, Stamp
from casefile.db import table
from casefile.errors import CasefileError, ConfigError, DamagedError
from casefile.uow import UnitOfWork

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from casefile.uow import Resources

log = logging.getLogger(__name__)
WORK = "stamps"
CONNECT_SECONDS = 10
ANSWER_SECONDS = 20
LARGEST_ANSWER = 64 * 1024
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
LONGEST_REASON = 200
OK = 200
_STAMP = table(Stamp)
_ONE_AT_A_TIME = threading.Lock()


class AuthorityError(CasefileError):
    """The time-stamping authority did not answer, or not with a time-stamp."""


def ask_for(uow: UnitOfWork, size: int) -> None:
    """Queue a time-stamp for this checkpoint, when an authority is configured."""
    if not uow.resources.settings.timestamp_url:
        return
    there = uow.session.scalar(select(_STAMP.c.size).where(_STAMP.c.size == size))
    if there is None:
        row = {"size": size, "state": "pending", "asked_at": uow.now, "tries": 0, "reason": ""}
        uow.session.execute(insert(_STAMP), row)
    resources = uow.resources
    uow.after_commit(lambda: resources.jobs.offer(WORK, {}, b""))


def set_aside(uow: UnitOfWork, sizes: Sequence[int]) -> None:
    """Keep the stamps of checkpoints that no longer count, apart from those that do."""
    chosen = update(Stamp).where(Stamp.size.in_(sizes), Stamp.state != "aside")
    uow.session.execute(chosen.values(state="aside"))


def in_background(resources: Resources, _ids: dict[str, UUID], _key: bytes) -> None:
    """Work the queue off beside the worker, which has files to read meanwhile."""
    threading.Thread(target=_quietly, args=(resources,), name="time-stamps", daemon=True).start()


def _quietly(resources: Resources) -> None:
    if not _ONE_AT_A_TIME.acquire(blocking=False):
        return
    try:
        for _size, reason in work_off(resources):
            if reason:
                log.warning("time_stamp_missing", extra={"error": "AuthorityError"})
    except Exception as error:  # noqa: BLE001
        log.warning("time_stamp_missing", extra={"error": type(error).__name__})
    finally:
        _ONE_AT_A_TIME.release()


def work_off(resources: Resources, *, now: bool = False) -> Iterator[tuple[int, str]]:
    """Ask for what waits, and yield (size, what went wrong or nothing); stop at the first refusal.

    Newest first: its stamp holds for everything before it. `now` asks for what was refused a
    moment ago too.
    """
    at = resources.clock()
    with resources.database.reading() as session:
        waiting = session.execute(
            select(_STAMP.c.size, _STAMP.c.tries, _STAMP.c.tried_at)
            .where(_STAMP.c.state == "pending")
            .order_by(_STAMP.c.size.desc())
        ).all()
    for row in waiting:
        if not now and not _is_due(row.tries, row.tried_at, at):
            continue
        reason = _try_one(resources, row.size)
        yield row.size, reason
        if reason:
            return


def _is_due(tries: int, tried_at: datetime | None, at: datetime) -> bool:
    if tried_at is None or tried_at > at:
        return True
    wait = min(FIRST_WAIT * (1 << min(tries, 12)), LONGEST_WAIT)
    return at - tried_at >= wait


def _try_one(resources: Resources, size: int) -> str:
    """Ask once; the network is waited for outside of any change."""
    with resources.database.reading() as session:
        note = session.scalar(select(Checkpoint.note).where(Checkpoint.size == size))
    answer, stamped_at, reason = None, None, ""
    try:
        if note is None:
            msg = "The checkpoint of this time-stamp is gone. Run `casefile audit verify`."
            raise AuthorityError(msg)
        answer, stamped_at = obtain(resources, note.encode())
    except CasefileError as error:
        reason = error.message[:LONGEST_REASON]
    with UnitOfWork(resources, None) as uow:
        row = uow.session.get(Stamp, size)
        if row is not None and row.state == "pending":
            row.tries, row.tried_at, row.reason = row.tries + 1, uow.now, reason
            if answer is not None:
                row.state, row.answer, row.stamped_at = "done", answer, stamped_at
    return reason


def roots(resources: Resources) -> bytes:
    """Return the certificates that the operator trusts for time-stamps, as PEM."""
    path = Path(resources.settings.timestamp_roots)
    try:
        return path.read_bytes()
    except OSError as error:
        msg = f"timestamp_roots: {path} cannot be read: {error.strerror}."
        raise ConfigError(msg) from error


def obtain(resources: Resources, content: bytes) -> tuple[bytes, datetime]:
    """Get a time-stamp over this content, checked: (answer as it came, time).

    An answer whose certificates cannot be read is asked for once more without them; then the
    authority's own certificate has to be among the configured ones.
    """
    trusted, url = roots(resources), resources.settings.timestamp_url
    with_certificates = keys.StampRequest(content)
    try:
        answer = _post(url, with_certificates.to_bytes())
        return answer, with_certificates.check(answer, trusted)
    except keys.UnreadableStampError:
        plain = keys.StampRequest(content, certificates=False)
        answer = _post(url, plain.to_bytes())
        return answer, plain.check(answer, trusted)


def check(stamp: Stamp, note: str, trusted: bytes) -> datetime:
    """Return the time a kept stamp tells for this checkpoint. DamagedError when it does not hold."""
    told = keys.check_stamp(stamp.answer or b"", note.encode(), trusted)
    if stamp.stamped_at != told:
        msg = "The time kept beside the time-stamp is not the one inside it."
        raise DamagedError(msg)
    return told


def counts(resources: Resources) -> dict[str, int]:
    """Count what waits and what is done."""
    with resources.database.reading() as session:
        rows = session.execute(select(_STAMP.c.state, func.count()).group_by(_STAMP.c.state))
        return {state: count for state, count in rows}  # noqa: C416


def _post(url: str, body: bytes) -> bytes:
    """Send a query and return the answer, within a bounded time and size, following nobody."""
    where = urlsplit(url)
    made = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
    path = (where.path or "/") + (f"?{where.query}" if where.query else "")
    headers = {"Content-Type": "application/timestamp-query", "Connection": "close"}
    try:
        with closing(made(where.hostname or "", where.port, timeout=CONNECT_SECONDS)) as connection:
            connection.connect()
            # An authority that sends a byte now and then would outlast every timeout.
            ending = threading.Timer(ANSWER_SECONDS, _hang_up, (connection,))
            ending.daemon = True
            ending.start()
            try:
                connection.request("POST", path, body, headers)
                answer = connection.getresponse()
                content = answer.read(LARGEST_ANSWER + 1)
            finally:
                ending.cancel()
    except (OSError, http.client.HTTPException, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else ""
        msg = f"The time-stamping authority does not answer: {said or type(error).__name__}."
        raise AuthorityError(msg) from error
    if answer.status != OK:
        msg = f"The time-stamping authority answers {answer.status} instead of a time-stamp."
        raise AuthorityError(msg)
    if len(content) > LARGEST_ANSWER:
        msg = "The time-stamping authority's answer is far too large to be a time-stamp."
        raise AuthorityError(msg)
    return content


def _hang_up(connection: http.client.HTTPConnection) -> None:
    with suppress(OSError):
        if connection.sock is not None:
            connection.sock.shutdown(2)
