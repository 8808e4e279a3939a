from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.chromium import CHROMIUM, NO_CHROMIUM
from tests.real_server import RealServer, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import (
        Browser,
        BrowserContext,
        ConsoleMessage,
        Page,
        Request,
        Response,
        WebError,
    )

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
WAIT_MS = 30_000
INLINE = frozenset({"data", "blob", "about"})
NOT_LOADED = "Failed to load resource"


@dataclass(frozen=True, slots=True)
class Player:
    """Somebody of the sample newsroom; `cases` are case ids by the seat held on them."""

    username: str
    password: str
    roles: tuple[str, ...]
    seats: dict[str, str]

    def case(self, seat: str) -> str:
        """Return the address of the case on which this person has this seat."""
        return f"/cases/{self.seats[seat]}"


@dataclass(slots=True)
class Newsroom:
    """The sample newsroom, served for real."""

    server: RealServer
    people: dict[str, Player]
    cookies: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://localhost:{self.server.port}"


class Watch:
    """Notes what no page may do: complain, break the content policy or call another host."""

    def __init__(self, context: BrowserContext, addresses: set[str]) -> None:
        self._addresses = addresses
        self.wrong: list[str] = []
        context.on("console", self._heard)
        context.on("weberror", self._broke)
        context.on("request", self._asked)
        context.on("response", self._answered)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(NOT_LOADED):
            self.wrong.append(f"the console says: {message.text}")

    def _broke(self, error: WebError) -> None:
        self.wrong.append(f"a script failed: {error.error}")

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in INLINE and parts.netloc not in self._addresses:
            self.wrong.append(f"a request left for {parts.netloc}: {request.url}")

    def _answered(self, response: Response) -> None:
        kind = response.request.resource_type
        if response.status >= 400 and kind not in {"document", "xhr", "fetch"}:
            self.wrong.append(f"{response.url} answered {response.status}")


class Newsstand:
    """Opens browsers for people, and looks over their shoulders."""

    def __init__(self, chromium: Browser, newsroom: Newsroom) -> None:
        self._chromium = chromium
        self._newsroom = newsroom
        self._open: list[tuple[BrowserContext, Watch]] = []
        self.addresses = {urlsplit(newsroom.address).netloc}

    def __call__(self, username: str | None = None, *, fresh: bool = False, **options: Any) -> Page:
        """Open a browser of its own, signed in as this person unless there is none.

        `fresh` begins a session that nothing else shares, for tests that end it.
        """
        given: dict[str, Any] = {
            "base_url": self._newsroom.address,
            "viewport": DESKTOP,
            "locale": "en-GB",
            "reduced_motion": "reduce",
            **options,
        }
        context = self._chromium.new_context(**given)
        context.set_default_timeout(WAIT_MS)
        self._open.append((context, Watch(context, self.addresses)))
        page = context.new_page()
        if username is not None:
            self._sign_in(page, username, fresh=fresh)
        return page

    def _sign_in(self, page: Page, username: str, *, fresh: bool) -> None:
        kept = self._newsroom.cookies
        if not fresh and username in kept:
            page.context.add_cookies(kept[username])
            # A test that confirmed a password has a new cookie, and this one is of no more use.
            if page.context.request.get("/", max_redirects=0).status == HTTPStatus.OK:
                return
            page.context.clear_cookies()
        person = self._newsroom.people[username]
        page.goto("/sign-in")
        page.get_by_label("Username").fill(person.username)
        page.get_by_label("Password", exact=True).fill(person.password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/")
        if not fresh:
            kept[username] = page.context.cookies()

    def complaints(self, page: Page) -> list[str]:
        """Return what went wrong so far in this page's browser."""
        return next(watch.wrong for context, watch in self._open if context == page.context)

    def close(self) -> list[str]:
        """Close every browser and return what went wrong in them."""
        wrong: list[str] = []
        for context, watch in self._open:
            context.close()
            wrong += watch.wrong
        self._open = []
        return wrong


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put a test's group at the end of its id, where `--dist loadgroup` looks for it.

    xdist 3.8 does so by an attribute that pytest 9.2 no longer reads, and so sends one group to
    all workers: each would make its own newsroom.
    """
    if not config.getoption("loadgroup", default=False):
        return
    for item in items:
        group = item.get_closest_marker("xdist_group")
        if group and not item.nodeid.endswith(f"@{group.args[0]}"):
            item._id = type(item._id).parse(f"{item.nodeid}@{group.args[0]}")  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def _sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Player]]:
    if CHROMIUM is None:
        pytest.skip(NO_CHROMIUM)
    folder = tmp_path_factory.mktemp("sample-newsroom") / "instance"
    made = run(folder, "demo", "--json", timeout=120)
    assert made.returncode == 0, made.stderr
    people = {
        told["username"]: Player(
            told["username"],
            told["password"],
            tuple(told["roles"]),
            {case["seat"]: case["id"] for case in told["cases"]},
        )
        for told in json.loads(made.stdout)
    }
    return folder, people


@pytest.fixture(scope="session")
def newsroom(_sample: tuple[Path, dict[str, Player]]) -> Iterator[Newsroom]:
    folder, people = _sample
    server = RealServer(folder, folder.parent)
    yield Newsroom(server, people)
    server.stop()


@pytest.fixture
def small_newsroom(
    newsroom: Newsroom, _sample: tuple[Path, dict[str, Player]], tmp_path: Path
) -> Iterator[Newsroom]:
    """A second process over the same folder that takes files of at most one mebibyte."""
    folder, people = _sample
    server = RealServer(folder, tmp_path, upload_limit_mb=1)
    yield Newsroom(server, people, newsroom.cookies)
    server.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip(NO_CHROMIUM)
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser, newsroom: Newsroom) -> Iterator[Newsstand]:
    """Open browsers; at the end of the test none of them may have complained."""
    stand = Newsstand(chromium, newsroom)
    yield stand
    wrong = stand.close()
    assert not wrong, "\n".join(wrong)


@pytest.fixture(scope="module")
def module_visit(chromium: Browser, newsroom: Newsroom) -> Iterator[Newsstand]:
    """The same for pages that several tests look at in turn."""
    stand = Newsstand(chromium, newsroom)
    yield stand
    stand.close()
