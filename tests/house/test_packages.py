from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent.parent
NEVER = (
    "instance/",
    ".venv/",
    ".git",
    "__pycache__",
    ".pyc",
    "pepper",
    ".db",
    ".hypothesis",
    ".env",
)
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("packages")]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Build wheel and source package once, and list what is in them."""
    folder = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    wheel, source = next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))
    with zipfile.ZipFile(wheel) as opened, tarfile.open(source) as archive:
        return {
            "wheel": opened.namelist(),
            "source": [name.partition("/")[2] for name in archive.getnames()],
        }


def _sources(*folders: str) -> Iterator[str]:
    for folder in folders:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(ROOT).as_posix()


def test_the_wheel_holds_the_program_its_templates_and_nothing_else(
    built: dict[str, list[str]],
) -> None:
    held = {name for name in built["wheel"] if ".dist-info/" not in name}
    templates = {f"casefile/{name}" for name in _sources("templates")}
    program = {name for name in _sources("casefile") if not name.endswith(".mo")}

    assert templates <= held
    assert program <= held, program - held
    assert all(name.startswith("casefile/") for name in held)
    assert any(name.endswith("licenses/LICENSE") for name in built["wheel"])


def test_the_source_package_can_be_built_and_tested(built: dict[str, list[str]]) -> None:
    held = set(built["source"])

    for name in (
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "Makefile",
        "requirements.txt",
        "wsgi.py",
    ):
        assert name in held
    assert set(_sources("casefile", "templates", "tests")) <= held


@pytest.mark.parametrize("kind", ["wheel", "source"])
def test_a_package_never_holds_a_newsroom(built: dict[str, list[str]], kind: str) -> None:
    for name in built[kind]:
        assert not [part for part in NEVER if part in name and name != ".gitignore"], name
