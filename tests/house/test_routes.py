from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import pytest

from casefile.policy import CASE_PERMISSIONS, ROLE_GRANTS, Permission
from casefile.web import mark
from tests.access_matrix import ROWS, fill

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast

pytestmark = pytest.mark.xdist_group("house")

KINDS = {"public", "link", "signed_in", "newsroom", "role", "case", "grants"}
LONGEST_VIEW = 34


def _rules(app: Flask) -> set[tuple[str, str]]:
    return {
        (method, rule.endpoint)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }


def test_every_route_carries_one_permission_mark(app: Flask) -> None:
    for endpoint, view in app.view_functions.items():
        found = mark(view)

        assert found is not None, f"{endpoint} has no mark, so nobody reaches it"
        assert found.kind in KINDS, endpoint
        assert (found.permission is not None) == (found.kind in {"role", "case", "grants"}), (
            endpoint
        )


def test_a_route_in_a_case_asks_for_a_seat_and_no_other_does(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        found = mark(app.view_functions[rule.endpoint])
        assert found is not None
        assert (found.kind == "case") == ("case_id" in rule.arguments), rule.rule


def test_a_seat_permission_guards_cases_and_a_role_permission_the_rest(app: Flask) -> None:
    by_role = frozenset[Permission]().union(*ROLE_GRANTS.values())
    for endpoint, view in app.view_functions.items():
        found = mark(view)
        if found is not None and found.kind == "case":
            assert found.permission in CASE_PERMISSIONS, endpoint
        if found is not None and found.kind in {"role", "grants"}:
            assert found.permission in by_role, endpoint


def test_no_permission_is_given_both_by_seats_and_by_roles() -> None:
    by_role = frozenset[Permission]().union(*ROLE_GRANTS.values())

    assert not by_role & CASE_PERMISSIONS
    assert by_role | CASE_PERMISSIONS == frozenset(Permission)
    assert list(Permission) == sorted(Permission)


def test_every_route_has_a_row_in_the_access_matrix(app: Flask, cast: Cast) -> None:
    adapter = app.url_map.bind("localhost")
    rows = {(method, adapter.match(fill(url, cast), method)[0]) for method, url, _answers in ROWS}

    assert rows == _rules(app)
    assert len(ROWS) == len({(method, url) for method, url, _answers in ROWS})


def test_only_public_rows_answer_somebody_signed_out(app: Flask, cast: Cast) -> None:
    adapter = app.url_map.bind("localhost")
    for method, url, answers in ROWS:
        endpoint, _given = adapter.match(fill(url, cast), method)
        found = mark(app.view_functions[endpoint])
        assert found is not None
        assert (answers[-1] == 302) == (found.kind not in {"public", "link"}), url


def test_reading_and_writing_are_different_views(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        methods = rule.methods - {"HEAD", "OPTIONS"}
        assert methods in ({"GET"}, {"POST"}), rule.rule


def test_every_view_is_short(app: Flask) -> None:
    for endpoint, view in app.view_functions.items():
        if view.__module__.startswith("casefile"):
            lines = len(inspect.getsource(inspect.unwrap(view)).splitlines())
            assert lines <= LONGEST_VIEW, f"{endpoint} has {lines} lines: give its service a verb"
