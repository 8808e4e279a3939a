"""Servers as processes of their own, and what the system says of them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = "127.0.0.1"
START_SECONDS = 60
STOP_SECONDS = 20
PROJECT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        return int(probe.getsockname()[1])


def environment(**settings: object) -> dict[str, str]:
    """Return an environment in which no setting of whoever runs this takes part."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CASEFILE_")}
    return {**kept, **{f"CASEFILE_{name.upper()}": str(value) for name, value in settings.items()}}


@dataclass(slots=True)
class Memory:
    """What master and worker hold, in MiB; pages that both have count twice in `resident`."""

    resident: float
    proportional: float


class Process:
    """A server that answers, until the block ends."""

    def __init__(self, arguments: list[str], port: int, given: dict[str, str]) -> None:
        self.port = port
        self._arguments = arguments
        self._environment = given
        self.started_in = 0.0

    def __enter__(self) -> Self:
        began = time.perf_counter()
        self._process = subprocess.Popen(
            self._arguments, env=self._environment, cwd=PROJECT, stdout=subprocess.DEVNULL
        )
        try:
            self._wait_until_ready(began + START_SECONDS)
        except BaseException:
            self._stop()
            raise
        self.started_in = time.perf_counter() - began
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop()

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            for pid in self.pids():
                os.kill(pid, 9)
            self._process.wait()

    def _wait_until_ready(self, deadline: float) -> None:
        while not self._is_ready():
            if self._process.poll() is not None or time.perf_counter() > deadline:
                msg = f"no server came up: {' '.join(self._arguments)}"
                raise RuntimeError(msg)
            time.sleep(0.01)

    def _is_ready(self) -> bool:
        connection = HTTPConnection(HERE, self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def pids(self) -> list[int]:
        """Return master and workers."""
        found = [self._process.pid]
        for pid in found:
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                found += [int(child) for child in children.read_text().split()]
        return found

    def memory(self) -> Memory | None:
        """Return what the whole program holds, or None where the system does not say."""
        total = {"Rss": 0, "Pss": 0}
        try:
            for pid in self.pids():
                for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    name, _colon, rest = line.partition(":")
                    if name in total:
                        total[name] += int(rest.split()[0])
        except OSError:
            return None
        return Memory(total["Rss"] / 1024, total["Pss"] / 1024)

    def _worker(self) -> int:
        return self.pids()[-1]

    @contextmanager
    def growth(self) -> Iterator[list[float]]:
        """Give a list that will hold how much the worker grew at most meanwhile, in MiB."""
        grown: list[float] = []
        try:
            Path(f"/proc/{self._worker()}/clear_refs").write_text("5")
            before = self._peak_kib()
        except OSError:
            before = None
        yield grown
        if before is not None:
            grown.append((self._peak_kib() - before) / 1024)

    def _peak_kib(self) -> int:
        status = Path(f"/proc/{self._worker()}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0])


def casefile(instance: Path, command: str = "serve", **settings: object) -> Process:
    """Return the program's server for this instance; it runs inside `with`."""
    port = free_port()
    given = environment(instance=instance, port=port, **{"second_factor": "nobody", **settings})
    return Process([sys.executable, "-m", "casefile.cli", *command.split()], port, given)


def plain(folder: Path) -> Process:
    """Return the plain server, which keeps its files in this folder."""
    port = free_port()
    arguments = [sys.executable, "-m", "tests.bench.plain", str(folder), str(port)]
    return Process(arguments, port, environment())
