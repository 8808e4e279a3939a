from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from casefile.accounts import limits, signing_in
from casefile.accounts.models import User
from casefile.errors import InvalidError
from tests.cast import resources_of
from tests.intruder import user_row, writing

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast

SAMPLES, ATTEMPTS = 30, 5
NEAR = 0.05


@pytest.fixture(autouse=True)
def _no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in limits.TRIES:
        monkeypatch.setitem(limits.TRIES, kind, 10**6)


def _seconds(app: Flask, username: str, password: str) -> float:
    began = time.perf_counter()
    with pytest.raises(InvalidError, match="username or the password is wrong"):
        signing_in.sign_in(
            resources_of(app), username=username, password=password, address="10.0.0.1"
        )
    return time.perf_counter() - began


@pytest.mark.slow
def test_known_unknown_disabled_and_ended_people_take_the_same_time(app: Flask, cast: Cast) -> None:
    """A leak is there each time; the noise of a busy machine is not."""
    with writing(app) as session:
        user_row(session, cast.cleo).disabled_at = resources_of(app).clock()
        user_row(session, cast.eva).ends_at = resources_of(app).clock()
    asked = {
        "wrong": ("ben", "a quite wrong password"),
        "unknown": ("nobody", "a quite wrong password"),
        "disabled": ("cleo", cast.cleo.password),
        "ended": ("eva", cast.eva.password),
    }
    seen = []
    for _ in range(ATTEMPTS):
        times: dict[str, list[float]] = {name: [] for name in asked}
        for _round in range(SAMPLES):
            for name, (username, password) in asked.items():
                times[name].append(_seconds(app, username, password))
        middle = {name: median(taken) for name, taken in times.items()}
        seen.append(max(middle.values()) / min(middle.values()) - 1)
        if seen[-1] <= NEAR:
            return
    pytest.fail(f"the medians differ by {[f'{ratio:.1%}' for ratio in seen]}")


def test_nobody_costs_what_somebody_costs_however_old_the_accounts(app: Flask, cast: Cast) -> None:
    opened = resources_of(app)
    with writing(app) as session:
        for actor, memory in ((cast.ada, 65536), (cast.ann, 70000), (cast.ben, 80000)):
            user_row(session, actor).password_memory_kib = memory
    with opened.database.reading() as session:
        real = {user.password_memory_kib for user in session.scalars(select(User))}
        fake = {
            signing_in._settings_of_nobody(opened, session, bytes(16) + bytes([0] * 7 + [n]) + b"x")
            for n in range(12)
        }
    assert {settings.memory_kib for settings in fake} == real
