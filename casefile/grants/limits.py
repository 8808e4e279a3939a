"""How often an address or a link may be used: applicants have no account that could be counted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete

from casefile import keys
from casefile.errors import TooManyRequestsError
from casefile.grants.call_models import ApplicantLimit
from casefile.uow import UnitOfWork

if TYPE_CHECKING:
    from casefile.uow import Resources

WINDOW: Final = timedelta(minutes=10)
KEPT: Final = timedelta(hours=1)
MOST: Final = {"begin": 10, "link": 40, "save": 120, "file": 40}
WAIT: Final = (
    "That was often in a short time. Wait ten minutes, then go on; what was saved stays saved."
)


def count(resources: Resources, kind: str, who: str) -> None:
    """Count a try. Raises TooManyRequestsError when there were too many in ten minutes.

    Tries are counted before they are looked at, so many at once all count; a clock set back begins
    a window anew. The address is kept as a digest under the pepper only.
    """
    key = keys.derive(resources.pepper, "applicant-limit", kind, who)
    with UnitOfWork(resources, None) as uow:
        row = uow.session.get(ApplicantLimit, key, with_for_update=True)
        if row is None or not timedelta() <= uow.now - row.window_at < WINDOW:
            uow.session.execute(delete(ApplicantLimit).where(ApplicantLimit.key == key))
            uow.session.execute(
                delete(ApplicantLimit).where(ApplicantLimit.window_at < uow.now - KEPT)
            )
            uow.session.expire_all()
            uow.session.add(ApplicantLimit(key=key, window_at=uow.now, tries=1))
            return
        row.tries += 1
        over = row.tries > MOST[kind]
        wait = int((WINDOW - (uow.now - row.window_at)).total_seconds()) + 1
    if over:
        raise TooManyRequestsError(WAIT, wait)
