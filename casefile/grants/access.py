"""The wall as routes meet it: without a role in the grants there is nothing here."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from casefile.errors import ForbiddenError, NotFoundError
from casefile.grants.keeping import NOT_THERE
from casefile.policy import Permission
from casefile.web import Mark, accept_files, check_forgery, current, set_mark

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from flask.typing import ResponseReturnValue, RouteCallable

NOT_YOURS = "Your role does not include this. An administrator can change roles."


def requires(
    permission: Permission, *, files: UUID | None = None
) -> Callable[[RouteCallable], RouteCallable]:
    """Let in who has a role with this permission: other grant people see 403, all others 404.

    `files` says that the form may carry files, and under which id they are sealed until they are read.
    """

    def decorate(view: RouteCallable) -> RouteCallable:
        @functools.wraps(view)
        def guarded(**given: Any) -> ResponseReturnValue:
            person = current().person
            if not person.may(Permission.GRANTS_VISIT):
                raise NotFoundError(NOT_THERE)
            if not person.may(permission):
                raise ForbiddenError(NOT_YOURS)
            if files is not None:
                accept_files(files)
            check_forgery()
            return view(**given)  # type: ignore[return-value]

        return set_mark(guarded, Mark("grants", permission))

    return decorate
