from __future__ import annotations

import os
import shutil
import tempfile
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from jinja2 import FileSystemBytecodeCache

pytest.register_assert_rewrite("tests.strict_browser")

from casefile.app import create_app  # noqa: E402
from tests import addresses, grants_scene  # noqa: E402
from tests.cast import Cast, Clock, close, make_newsroom, resources_of, settings_for  # noqa: E402
from tests.grant_cast import Team, make_team  # noqa: E402
from tests.real_server import RealServer  # noqa: E402
from tests.strict_browser import Browse  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask

    from casefile.uow import Resources

for _name in [name for name in os.environ if name.startswith("CASEFILE_")]:
    del os.environ[_name]

addresses.compile_once()

# No test of ours is about time on the clock, and a machine may be busy with others.
settings.register_profile("unhurried", settings(), deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Cast]:
    """A newsroom made once, which each test gets its own copy of."""
    folder = tmp_path_factory.mktemp("newsroom") / "instance"
    return folder, make_newsroom(folder)


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Templates compiled once, not for each of the hundreds of applications."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def cast(prepared: tuple[Path, Cast]) -> Cast:
    return prepared[1]


@pytest.fixture
def instance(prepared: tuple[Path, Cast], tmp_path: Path) -> Path:
    folder = tmp_path / "instance"
    shutil.copytree(prepared[0], folder)
    return folder


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_app(
    instance: Path, clock: Clock, compiled_templates: FileSystemBytecodeCache
) -> Iterator[Callable[..., Flask]]:
    """Start one more process over the same folder; settings can be given."""
    made: list[Flask] = []

    def make(**more: object) -> Flask:
        app = create_app(settings_for(instance, **more), clock=clock)
        app.jinja_env.bytecode_cache = compiled_templates
        made.append(app)
        return app

    yield make
    for app in made:
        close(app)


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app()


@pytest.fixture
def resources(app: Flask) -> Resources:
    return resources_of(app)


@pytest.fixture
def team(resources: Resources, cast: Cast) -> Team:
    """The people of a programme and its awards."""
    return make_team(resources, cast)


@pytest.fixture
def grants(app: Flask, cast: Cast) -> grants_scene.Grants:
    """The people of a programme and its calls."""
    return grants_scene.make(app, cast)


@pytest.fixture
def browse(app: Flask) -> Browse:
    return Browse(app)


@pytest.fixture
def worker(app: Flask) -> Iterator[None]:
    """The background worker, taking work beside the test."""
    jobs = resources_of(app).jobs
    jobs.start()
    yield
    jobs.stop()


@pytest.fixture
def real_server(instance: Path, tmp_path: Path) -> Iterator[Callable[..., RealServer]]:
    """Start `casefile serve` over the folder of this test."""
    running: list[RealServer] = []

    def start(**settings: object) -> RealServer:
        running.append(RealServer(instance, tmp_path, **settings))
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture(autouse=True)
def _private_temporary_files(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Temporary files of a test stay apart from those of the machine."""
    folder = tmp_path_factory.mktemp("tmp")
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))


@pytest.fixture
def until() -> Callable[[Callable[[], object]], None]:
    """Wait until something has happened beside the test."""

    def wait(happened: Callable[[], object], seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while not happened():
            assert time.monotonic() < end, "it did not happen in time"
            time.sleep(0.05)

    return wait
