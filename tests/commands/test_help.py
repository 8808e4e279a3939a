from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from casefile.cli import main
from tests.real_server import run

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


def commands(group: click.Group, *path: str) -> Iterator[tuple[str, ...]]:
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield (*path, name)


COMMANDS = list(commands(main))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example_that_names_it(path: tuple[str, ...]) -> None:
    command: click.Command = main
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    with click.Context(command, info_name=" ".join(path)) as context:
        shown = " ".join(command.get_help(context).split())

    assert re.search(rf"Example: (CASEFILE_\w+=\S+ )?casefile {' '.join(path)}", shown), shown
    assert len(shown.split("Usage:")[1]) > 60


def test_the_architecture_is_not_ahead_of_the_commands() -> None:
    said = {" ".join(path) for path in COMMANDS}

    assert {
        "init",
        "serve",
        "demo",
        "doctor",
        "audit verify",
        "index verify",
        "index rebuild",
        "vault verify",
        "database sql",
        "key",
        "lock",
        "seal",
        "unseal",
    } <= said


@pytest.mark.parametrize(
    "arguments",
    [("nonsense",), ("audit", "nonsense"), ("audit", "verify", "--nonsense"), ("database", "sql")],
)
def test_a_command_used_wrongly_ends_with_2_and_says_how_on_standard_error(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    done = run(tmp_path / "nothing", *arguments)

    assert done.returncode == 2
    assert done.stdout == ""
    assert "Usage:" in done.stderr
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("audit", "verify"),
        ("index", "verify"),
        ("index", "rebuild"),
        ("vault", "verify"),
        ("database", "sql", "SELECT 1"),
        ("key",),
        ("lock",),
        ("seal",),
        ("unseal",),
    ],
    ids=" ".join,
)
def test_a_command_without_a_newsroom_makes_none_and_says_what_to_do(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    done = run(tmp_path / "nothing", *arguments)

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("casefile: There is no newsroom in")
    assert "casefile init" in done.stderr
    assert not (tmp_path / "nothing").exists()


def test_the_doctor_of_nothing_finds_everything_missing_and_makes_nothing(tmp_path: Path) -> None:
    done = run(tmp_path / "nothing", "doctor", "--check")

    assert done.returncode == 1
    assert "WRONG  key file" in done.stdout
    assert "WRONG  database" in done.stdout
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "nothing").exists()


def test_make_run_makes_a_sample_only_where_there_is_no_newsroom() -> None:
    rules = (ROOT / "Makefile").read_text()
    (recipe,) = re.findall(r"^run:.*\n((?:\t.*\n)+)", rules, flags=re.MULTILINE)

    assert "casefile demo" in recipe
    assert "CASEFILE_INSTANCE" in recipe or "demo --serve" in recipe
    assert "--index-url" not in rules
    assert "--require-hashes -r requirements.txt" in rules
    for target in ("run", "test", "check", "bench"):
        assert re.search(rf"^{target}:", rules, flags=re.MULTILINE)
    assert (
        "$(MAKE) test" in (ROOT / ".ci" / "run").read_text()
        or "make test" in (ROOT / ".ci" / "run").read_text()
    )
