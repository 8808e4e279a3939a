from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from casefile.accounts import escrow
from casefile.app import create_app
from casefile.audit.exports import script
from casefile.policy import Seat
from casefile.uow import UnitOfWork
from tests import cast as scenes
from tests.cast import give_seat, resources_of, settings_for, take_seat
from tests.real_server import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cast import Cast

    Run = Callable[..., subprocess.CompletedProcess[str]]

PASSWORD = "a slow green mill past noon"


@pytest.fixture(scope="session", autouse=True)
def _compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Programs that are started keep what they compiled, whatever this shell says about it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        shared = tmp_path_factory.getbasetemp().parent / "compiled"
        patch.setenv("PYTHONPYCACHEPREFIX", str(shared))
        yield


@pytest.fixture
def casefile(instance: Path) -> Run:
    """Run a command on the prepared newsroom."""
    return lambda *arguments, **more: run(instance, *arguments, **more)


@pytest.fixture
def found(tmp_path: Path) -> Run:
    """Run `casefile init` in a folder where nothing is yet, or with what is given instead."""

    def init(
        *more: str, password: str = PASSWORD, username: str = "founder", **settings: object
    ) -> subprocess.CompletedProcess[str]:
        return run(
            tmp_path / "new",
            *("init", "--username", username, "--name", "A. Founder", "--password-stdin", *more),
            given=f"{password}\n",
            **settings,  # type: ignore[arg-type]
        )

    return init


@pytest.fixture
def check(tmp_path: Path) -> Run:
    """Run the program that comes with an export, with nothing else around it."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    program = folder / "verify_export.py"
    program.write_text(script())

    def run(*arguments: object, path: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", "-S", program, *map(str, arguments)],
            cwd=folder,
            env={"PATH": os.environ["PATH"] if path is None else path},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def export(casefile: Run, tmp_path: Path) -> Path:
    file = tmp_path / "trail.zip"
    done = casefile("audit", "export", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    assert str(file) in done.stdout
    return file


@pytest.fixture
def papers(instance: Path, cast: Cast) -> list[str]:
    """The prepared newsroom with an escrow; its case gets the grants with the next change of seats."""
    app = create_app(settings_for(instance))
    with UnitOfWork(resources_of(app), cast.ada.id, cast.ada.bundle) as uow:
        offline = escrow.create(uow, cast.ada.id, cast.ada.bundle)
    give_seat(app, cast.ann, cast.case.id, cast.dan, Seat.READER)
    take_seat(app, cast.ann, cast.case.id, cast.dan)
    scenes.close(app)
    return offline.split()
