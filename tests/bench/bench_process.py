"""The whole program after `make run`: how much memory it holds, how soon it answers again."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import cycle, islice
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.bench import servers
from tests.bench.client import Browser
from tests.bench.measure import Row, tell

if TYPE_CHECKING:
    from pathlib import Path

MAKE_RUN = "demo --serve"
REQUESTS = 1000
STARTS = 3
ADDRESS = re.compile(rb'href="(/(?:cases|search|account|admin)[^"#]*)"')
QUERIES = (
    "bank", "банк", '"счёт"', "акча", "pay* OR transfer", "Bishkek~", "kind:evidence bank",
    "мекеме -жер", "after:2020-01-01 договор", "contarct",
)  # fmt: skip
LINKS = 400


def run(folder: Path, _scale: object) -> list[Row]:
    tell("process: the sample newsroom")
    instance = folder / "instance"
    people = _demo(instance)
    starts = []
    for _ in range(STARTS):
        with servers.casefile(instance, MAKE_RUN) as server:
            starts.append(server.started_in)
    with servers.casefile(instance, MAKE_RUN) as server:
        fresh = server.memory()
        tell(f"process: {REQUESTS:,} requests over all kinds of pages")
        kinds = _visit(server.port, people)
        after = server.memory()
    said = ""
    if fresh and after:
        said = (
            f"{fresh.resident:.0f} MiB before; counting shared pages once {after.proportional:.0f} MiB; "
            f"{kinds} addresses"
        )
    return [
        Row(
            f"memory of the whole program after {REQUESTS:,} requests",
            after.resident if after else None,
            200,
            said,
            "MiB",
        ),
        Row(
            "second `make run` until it answers",
            median(starts),
            3,
            f"median of {STARTS}",
            "s",
        ),
    ]


def _demo(instance: Path) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "casefile.cli", "demo", "--json"],
        env=servers.environment(instance=instance),
        cwd=servers.PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def _visit(port: int, people: list[dict[str, Any]]) -> int:
    """Sign in as the people with most cases and as an administrator, and open what pages link to."""
    by_cases = sorted(people, key=lambda person: len(person["cases"]), reverse=True)
    admins = [person for person in people if "admin" in person["roles"]]
    chosen = {person["username"]: person for person in [*by_cases[:2], *admins[:1]]}
    opened = []
    for person in chosen.values():
        browser = Browser(port)
        browser.sign_in(person["username"], person["password"])
        opened.append((browser, cycle(_addresses(browser))))
    seen = set()
    for browser, addresses in islice(cycle(opened), REQUESTS):
        path = next(addresses)
        status, _content, _where = browser.send("GET", path)
        if status >= 400:
            msg = f"{path} answered {status}"
            raise RuntimeError(msg)
        seen.add(path)
    return len(seen)


def _addresses(browser: Browser) -> list[str]:
    """Follow links from the desk, breadth first, as far as a person would on a long day."""
    found = dict.fromkeys(["/", *(f"/search?q={words}" for words in map(_quoted, QUERIES))])
    for path in found.copy():
        _collect(browser, path, found)
    for path in list(found):
        if len(found) >= LINKS:
            break
        _collect(browser, path, found)
    return list(found)


def _collect(browser: Browser, path: str, found: dict[str, None]) -> None:
    status, content, _where = browser.send("GET", path)
    if status == 200:
        for link in ADDRESS.findall(content):
            found.setdefault(link.decode().replace("&amp;", "&"))


def _quoted(words: str) -> str:
    from urllib.parse import quote

    return quote(words)
