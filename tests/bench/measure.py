"""What a measurement is: a ratio, the bar it has to reach, and the medians it came from."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from statistics import median, quantiles
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MILLI = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table. Without a bar it is there to be read only."""

    work: str
    measured: float | None
    bar: float | None
    detail: str
    unit: str = "×"
    at_least: bool = False

    @property
    def verdict(self) -> str:
        if self.bar is None:
            return ""
        if self.measured is None:
            return "not measured"
        held = self.measured >= self.bar if self.at_least else self.measured <= self.bar
        return "ok" if held else "NOT"


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured: the sizes of the issue, or small ones for a quick look."""

    quick: bool
    file_bytes: int
    rounds: int
    notes: tuple[int, ...]
    cases: int
    saves: int
    pages: int


FULL = Scale(
    quick=False,
    file_bytes=100 * 1024 * 1024,
    rounds=9,
    notes=(100, 10_000, 100_000),
    cases=200,
    saves=100,
    pages=300,
)
QUICK = Scale(
    quick=True,
    file_bytes=100 * 1024 * 1024,
    rounds=5,
    notes=(100, 1000, 10_000),
    cases=40,
    saves=40,
    pages=100,
)


def tell(what: str) -> None:
    """Say on standard error what is being done: some of it takes a while."""
    sys.stderr.write(f"  {what} …\n")
    sys.stderr.flush()


def timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def in_turn(acts: Sequence[Callable[[], object]], rounds: int, warm: int = 1) -> list[list[float]]:
    """Time each of these once a round, one after the other, so that all see the same machine.

    Every second round goes the other way about: nobody always comes after the same neighbour.
    """
    for _ in range(warm):
        for act in acts:
            act()
    times: list[list[float]] = [[] for _ in acts]
    order = list(range(len(acts)))
    for _ in range(rounds):
        for number in order:
            times[number].append(timed(acts[number]))
        order.reverse()
    return times


def p95(times: Sequence[float]) -> float:
    return quantiles(times, n=20)[-1]


def milliseconds(seconds: float) -> str:
    amount = seconds * MILLI
    return f"{amount:.0f} ms" if amount >= 100 else f"{amount:.2f} ms"


def ratio(times: Sequence[float], against: Sequence[float]) -> tuple[float, str]:
    """Return how many times longer, and the two medians as text."""
    first, second = median(times), median(against)
    return first / second, f"{milliseconds(first)} / {milliseconds(second)}"


def table(rows: Sequence[Row]) -> str:
    """Write the rows in columns."""
    head = ("work", "measured", "bar", "", "from medians")
    lines = [head, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    written = []
    for line in lines:
        work, measured, bar, verdict, detail = line
        written.append(
            f"{work:<{widths[0]}}  {measured:>{widths[1]}}  {bar:>{widths[2]}}  "
            f"{verdict:<{widths[3]}}  {detail}".rstrip()
        )
    return "\n".join(written)


def _cells(row: Row) -> tuple[str, str, str, str, str]:
    measured = "–" if row.measured is None else f"{row.measured:.2f} {row.unit}"
    sign = "≥" if row.at_least else "≤"
    bar = "" if row.bar is None else f"{sign} {row.bar:g} {row.unit}"
    return row.work, measured, bar, row.verdict, row.detail
