from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.real_server import run

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

Run = "Callable[..., subprocess.CompletedProcess[str]]"
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
def casefile(instance: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command on the prepared newsroom."""
    return lambda *arguments, **more: run(instance, *arguments, **more)


@pytest.fixture
def found(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
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
