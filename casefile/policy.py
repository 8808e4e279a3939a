"""The whole rule book: who may do what. Pure data and pure functions."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Role(StrEnum):
    """What a person is in the organisation. Opens no case."""

    REPORTER = "reporter"
    EDITOR = "editor"
    GRANT_MANAGER = "grant_manager"
    FINANCE = "finance"
    DIRECTOR = "director"
    JUROR = "juror"
    VERIFIER = "verifier"
    DONOR = "donor"
    ADMIN = "admin"


class Seat(StrEnum):
    """What a person is on one case."""

    LEAD = "lead"
    REPORTER = "reporter"
    EDITOR = "editor"
    FACT_CHECKER = "fact_checker"
    LAWYER = "lawyer"
    READER = "reader"


class Permission(StrEnum):
    """Written ``thing:verb``. Keep the list sorted."""

    ACTIVITY_READ = "activity:read"
    ADMINISTRATION_READ = "administration:read"
    APPLICATION_CHECK = "application:check"
    APPLICATION_READ = "application:read"
    AWARD_APPROVE = "award:approve"
    AWARD_DECIDE = "award:decide"
    AWARD_EDIT = "award:edit"
    AWARD_READ = "award:read"
    CALL_EDIT = "call:edit"
    CALL_READ = "call:read"
    CASE_CREATE = "case:create"
    CASE_EDIT = "case:edit"
    CASE_EXPORT = "case:export"
    CASE_READ = "case:read"
    EVIDENCE_ADD = "evidence:add"
    EVIDENCE_DOWNLOAD = "evidence:download"
    EVIDENCE_EDIT = "evidence:edit"
    EVIDENCE_READ = "evidence:read"
    EVIDENCE_VERIFY = "evidence:verify"
    EXPENDITURE_CHECK = "expenditure:check"
    EXPENDITURE_RECORD = "expenditure:record"
    GRANTS_EXPORT = "grants:export"
    GRANTS_IMPORT = "grants:import"
    GRANTS_READ = "grants:read"
    GRANTS_VISIT = "grants:visit"
    INVITATION_MANAGE = "invitation:manage"
    MEMBER_MANAGE = "member:manage"
    MEMBER_READ = "member:read"
    MILESTONE_DECIDE = "milestone:decide"
    MILESTONE_PREPARE = "milestone:prepare"
    MILESTONE_READ = "milestone:read"
    MILESTONE_RELEASE = "milestone:release"
    NEWSROOM_LOCK = "newsroom:lock"
    NOTE_ADD = "note:add"
    NOTE_DELETE = "note:delete"
    NOTE_EDIT = "note:edit"
    NOTE_READ = "note:read"
    PAYMENT_APPROVE = "payment:approve"
    PAYMENT_CHECK = "payment:check"
    PAYMENT_PAY = "payment:pay"
    PAYMENT_REQUEST = "payment:request"
    PERSON_MANAGE = "person:manage"
    PROGRAMME_EDIT = "programme:edit"
    RATE_ADD = "rate:add"
    REVIEW_WRITE = "review:write"
    RULES_EDIT = "rules:edit"
    RULES_READ = "rules:read"
    SOURCE_ADD = "source:add"
    SOURCE_EDIT = "source:edit"
    SOURCE_HANDLE = "source:handle"
    SOURCE_READ = "source:read"
    STORY_ASSIGN = "story:assign"
    STORY_CHECK = "story:check"
    STORY_CLEAR = "story:clear"
    STORY_DECIDE = "story:decide"
    STORY_EDIT = "story:edit"
    STORY_READ = "story:read"
    STORY_RETURN = "story:return"


_READ = frozenset(
    {
        Permission.ACTIVITY_READ,
        Permission.CASE_READ,
        Permission.EVIDENCE_DOWNLOAD,
        Permission.EVIDENCE_READ,
        Permission.EVIDENCE_VERIFY,
        Permission.MEMBER_READ,
        Permission.MILESTONE_READ,
        Permission.NOTE_READ,
        Permission.SOURCE_READ,
        Permission.STORY_READ,
    }
)
_WRITE = _READ | {
    Permission.EVIDENCE_ADD,
    Permission.EVIDENCE_EDIT,
    Permission.MILESTONE_PREPARE,
    Permission.NOTE_ADD,
    Permission.NOTE_DELETE,
    Permission.NOTE_EDIT,
    Permission.SOURCE_ADD,
    Permission.SOURCE_EDIT,
    Permission.SOURCE_HANDLE,
    Permission.STORY_EDIT,
}
_COMMENT = _READ | {Permission.NOTE_ADD, Permission.NOTE_EDIT}
_JUDGE = frozenset(
    {
        Permission.STORY_CHECK,
        Permission.STORY_CLEAR,
        Permission.STORY_DECIDE,
        Permission.STORY_RETURN,
    }
)
_RUN = (
    _WRITE
    | _JUDGE
    | {
        Permission.CASE_EDIT,
        Permission.CASE_EXPORT,
        Permission.MEMBER_MANAGE,
        Permission.STORY_ASSIGN,
    }
)

_GRANTS_SEEN = frozenset(
    {
        Permission.CALL_READ,
        Permission.GRANTS_EXPORT,
        Permission.GRANTS_READ,
        Permission.GRANTS_VISIT,
    }
)

SEAT_GRANTS: Mapping[Seat, frozenset[Permission]] = {
    Seat.LEAD: _RUN,
    Seat.EDITOR: _RUN | {Permission.MILESTONE_RELEASE},
    Seat.REPORTER: _WRITE,
    Seat.FACT_CHECKER: _COMMENT | {Permission.STORY_CHECK, Permission.STORY_RETURN},
    Seat.LAWYER: _COMMENT | {Permission.STORY_CLEAR, Permission.STORY_RETURN},
    Seat.READER: _READ,
}
ROLE_GRANTS: Mapping[Role, frozenset[Permission]] = {
    Role.REPORTER: frozenset({Permission.CASE_CREATE, Permission.RULES_READ}),
    Role.EDITOR: frozenset(
        {Permission.CASE_CREATE, Permission.NEWSROOM_LOCK, Permission.RULES_READ}
    ),
    Role.GRANT_MANAGER: _GRANTS_SEEN
    | {
        Permission.APPLICATION_CHECK,
        Permission.APPLICATION_READ,
        Permission.AWARD_EDIT,
        Permission.AWARD_READ,
        Permission.CALL_EDIT,
        Permission.EXPENDITURE_CHECK,
        Permission.EXPENDITURE_RECORD,
        Permission.GRANTS_IMPORT,
        Permission.MILESTONE_DECIDE,
        Permission.PAYMENT_CHECK,
        Permission.PAYMENT_PAY,
        Permission.PAYMENT_REQUEST,
        Permission.PROGRAMME_EDIT,
        Permission.RATE_ADD,
        Permission.REVIEW_WRITE,
    },
    Role.FINANCE: _GRANTS_SEEN
    | {
        Permission.AWARD_READ,
        Permission.EXPENDITURE_CHECK,
        Permission.EXPENDITURE_RECORD,
        Permission.PAYMENT_CHECK,
        Permission.PAYMENT_PAY,
        Permission.RATE_ADD,
    },
    Role.DIRECTOR: _GRANTS_SEEN
    | {
        Permission.APPLICATION_READ,
        Permission.AWARD_APPROVE,
        Permission.AWARD_DECIDE,
        Permission.AWARD_READ,
        Permission.EXPENDITURE_CHECK,
        Permission.PAYMENT_APPROVE,
        Permission.PROGRAMME_EDIT,
        Permission.REVIEW_WRITE,
    },
    Role.JUROR: frozenset({Permission.GRANTS_VISIT, Permission.REVIEW_WRITE}),
    Role.VERIFIER: frozenset(),
    Role.DONOR: frozenset({Permission.GRANTS_READ, Permission.GRANTS_VISIT}),
    Role.ADMIN: frozenset(
        {
            Permission.ADMINISTRATION_READ,
            Permission.INVITATION_MANAGE,
            Permission.NEWSROOM_LOCK,
            Permission.PERSON_MANAGE,
            Permission.RULES_EDIT,
            Permission.RULES_READ,
        }
    ),
}
SECOND_FACTOR: Mapping[str, frozenset[Role]] = {
    "editors": frozenset({Role.EDITOR, Role.ADMIN}),
    "nobody": frozenset(),
}
NEWSROOM_ROLES: frozenset[Role] = frozenset({Role.REPORTER, Role.EDITOR})
# Who has these roles only stands beyond the wall, unless a case gave them a seat.
GRANT_ROLES: frozenset[Role] = frozenset(
    {Role.GRANT_MANAGER, Role.FINANCE, Role.DIRECTOR, Role.JUROR, Role.VERIFIER, Role.DONOR}
)
CASE_PERMISSIONS: frozenset[Permission] = frozenset().union(*SEAT_GRANTS.values())


def seat_may(seat: Seat, permission: Permission) -> bool:
    """Say whether this seat may do this on its case."""
    return permission in SEAT_GRANTS[seat]


def roles_may(roles: Iterable[Role], permission: Permission) -> bool:
    """Say whether one of these roles may do this in the organisation."""
    return any(permission in ROLE_GRANTS[role] for role in roles)


def must_have_factor(rule: str, roles: Iterable[Role]) -> bool:
    """Say whether these roles may work only with a second factor. Guests have no role at all."""
    return rule == "everyone" or not SECOND_FACTOR[rule].isdisjoint(roles)
