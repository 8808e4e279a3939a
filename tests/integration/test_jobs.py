from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from casefile.jobs import Jobs
from tests.cast import resources_of
from tests.faults.moments import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask

    from tests.cast import Clock

KEY = bytes(range(32))
PIECES = 12


class Worker:
    """One process of a server, as far as background work goes."""

    def __init__(self, app: Flask, instance: Path, clock: Clock) -> None:
        self.done: list[tuple[UUID, bytes]] = []
        self.jobs = Jobs(instance / "queue.db", bytes(32), resources_of(app).database, clock)
        self.jobs.register("count", lambda ids, key: self.done.append((ids["item"], key)))
        self.jobs.start()

    def offer(self, item: UUID) -> bool:
        return self.jobs.offer("count", {"item": item}, KEY)


@pytest.fixture
def worker(app: Flask, instance: Path, clock: Clock) -> Iterator[Callable[[], Worker]]:
    begun: list[Worker] = []

    def begin() -> Worker:
        begun.append(Worker(app, instance, clock))
        return begun[-1]

    yield begin
    for one in begun:
        one.jobs.stop()


@pytest.fixture
def two_workers(worker: Callable[[], Worker], clock: Clock) -> tuple[Worker, Worker]:
    first = worker()
    clock.forward(seconds=1)
    return first, worker()


def queued(instance: Path) -> int:
    with sqlite3.connect(instance / "queue.db") as connection:
        count: int = connection.execute("SELECT count(*) FROM task").fetchone()[0]
    connection.close()
    return count


def test_work_is_done_whichever_of_two_workers_it_is_for(
    two_workers: tuple[Worker, Worker],
) -> None:
    first, second = two_workers
    items = [uuid4() for _ in range(PIECES)]
    for number, item in enumerate(items):
        assert (first if number % 2 else second).offer(item)

    wait_for("all is done", lambda: len(first.done) + len(second.done) == PIECES)
    assert sorted(first.done + second.done) == sorted((item, KEY) for item in items)


def test_a_worker_that_ended_leaves_the_other_at_work(two_workers: tuple[Worker, Worker]) -> None:
    first, second = two_workers
    second.jobs.stop()
    item = uuid4()

    assert first.offer(item)
    wait_for("it is done", lambda: first.done == [(item, KEY)])


def test_nobody_takes_work_without_a_worker(worker: Callable[[], Worker]) -> None:
    only = worker()
    only.jobs.stop()

    assert not only.offer(uuid4())


@pytest.mark.parametrize("hours", [1, -1])
def test_what_was_meant_for_a_worker_long_dead_is_thrown_away(
    worker: Callable[[], Worker], clock: Clock, instance: Path, hours: int
) -> None:
    dead = worker()
    dead.jobs._consumer.stop(graceful=True)  # type: ignore[union-attr]
    assert dead.offer(uuid4())
    assert queued(instance) == 1

    clock.forward(seconds=hours * 3600)
    other = worker()
    assert queued(instance) == 0
    item = uuid4()
    assert other.offer(item)
    wait_for("it is done", lambda: other.done == [(item, KEY)])
    assert not dead.done
