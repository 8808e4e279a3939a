from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from casefile.app import create_app
from tests.cast import close, open_session, settings_for
from tests.faults.mounts import Mounts
from tests.real_server import RealServer, Visitor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cast import Actor


@pytest.fixture(scope="session", autouse=True)
def _compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Programs that are started keep what they compiled, whatever this shell says about it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        shared = tmp_path_factory.getbasetemp().parent / "compiled"
        patch.setenv("PYTHONPYCACHEPREFIX", str(shared))
        yield


@pytest.fixture
def start(instance: Path, tmp_path: Path) -> Iterator[Callable[..., RealServer]]:
    """Start one more server over the folder of this test, each with its own log."""
    running: list[RealServer] = []

    def start_one(**settings: object) -> RealServer:
        beside = tmp_path / f"server-{len(running) + 1}"
        beside.mkdir()
        running.append(RealServer(instance, beside, **settings))
        return running[-1]

    yield start_one
    for server in running:
        server.stop()


@pytest.fixture
def cookie(instance: Path) -> Callable[[Actor], str]:
    """Open a session for a person before any server runs."""

    def opened(actor: Actor) -> str:
        app = create_app(settings_for(instance))
        try:
            return open_session(app, actor)
        finally:
            close(app)

    return opened


@pytest.fixture
def ben(cast: object, cookie: Callable[[Actor], str]) -> Callable[[RealServer], Visitor]:
    """Ben at his browser, whichever server he is looking at."""
    secret = cookie(cast.ben)  # type: ignore[attr-defined]
    return lambda server: server.visitor(secret)


@pytest.fixture
def mounts() -> Iterator[Mounts]:
    made = Mounts()
    yield made
    made.take_down()
