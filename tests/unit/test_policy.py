from __future__ import annotations

import pytest

from casefile import policy
from casefile.policy import Permission, Role, Seat

WRITERS = {Seat.LEAD, Seat.EDITOR, Seat.REPORTER}
COMMENTERS = WRITERS | {Seat.FACT_CHECKER, Seat.LAWYER}


@pytest.mark.parametrize(
    ("permission", "seats"),
    [
        (Permission.CASE_READ, set(Seat)),
        (Permission.EVIDENCE_DOWNLOAD, set(Seat)),
        (Permission.NOTE_ADD, COMMENTERS),
        (Permission.NOTE_DELETE, WRITERS),
        (Permission.EVIDENCE_ADD, WRITERS),
        (Permission.CASE_EDIT, {Seat.LEAD, Seat.EDITOR}),
        (Permission.MEMBER_MANAGE, {Seat.LEAD, Seat.EDITOR}),
        (Permission.CASE_CREATE, set()),
        (Permission.PERSON_MANAGE, set()),
    ],
)
def test_a_seat_may_do_what_its_work_is(permission: Permission, seats: set[Seat]) -> None:
    assert {seat for seat in Seat if policy.seat_may(seat, permission)} == seats


@pytest.mark.parametrize(
    ("permission", "roles"),
    [
        (Permission.CASE_CREATE, {Role.REPORTER, Role.EDITOR}),
        (Permission.NEWSROOM_LOCK, {Role.EDITOR, Role.ADMIN}),
        (Permission.PERSON_MANAGE, {Role.ADMIN}),
        (Permission.CASE_READ, set()),
        (Permission.EVIDENCE_DOWNLOAD, set()),
        (Permission.NOTE_READ, set()),
    ],
)
def test_a_role_may_do_what_it_is_for_and_opens_no_case(
    permission: Permission, roles: set[Role]
) -> None:
    assert {role for role in Role if policy.roles_may([role], permission)} == roles


def test_one_role_of_several_is_enough_and_none_is_nothing() -> None:
    assert policy.roles_may([Role.DONOR, Role.ADMIN], Permission.PERSON_MANAGE)
    assert not policy.roles_may([Role.DONOR, Role.JUROR], Permission.PERSON_MANAGE)
    assert not policy.roles_may([], Permission.CASE_CREATE)


@pytest.mark.parametrize(
    ("rule", "roles", "must"),
    [
        ("editors", {Role.EDITOR}, True),
        ("editors", {Role.REPORTER, Role.ADMIN}, True),
        ("editors", {Role.REPORTER}, False),
        ("editors", set(), False),
        ("everyone", {Role.REPORTER}, True),
        ("everyone", set(), True),
        ("nobody", {Role.ADMIN}, False),
    ],
)
def test_a_second_factor_is_wanted_of_whom_the_rule_names(
    rule: str, roles: set[Role], *, must: bool
) -> None:
    assert policy.must_have_factor(rule, roles) is must


def test_a_rule_nobody_made_is_an_error_and_lets_nobody_through() -> None:
    with pytest.raises(KeyError):
        policy.must_have_factor("some", {Role.EDITOR})


def test_no_role_has_a_permission_of_a_case() -> None:
    for role, granted in policy.ROLE_GRANTS.items():
        assert not granted & policy.CASE_PERMISSIONS, role
