from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.cast import resources_of
from tests.real_server import run
from tests.strict_browser import Browse

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask

    from tests.cast import Cast


def flip(path: Path, _other: Path) -> None:
    content = bytearray(path.read_bytes())
    for at in range(700, len(content), 4096):
        content[at] ^= 1
    path.write_bytes(content)


def cut(path: Path, _other: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path, _other: Path) -> None:
    os.truncate(path, 0)


def replace_by_noise(path: Path, _other: Path) -> None:
    path.write_bytes(os.urandom(path.stat().st_size))


def replace_by_another_cases(path: Path, other: Path) -> None:
    shutil.copyfile(other, path)


def remove(path: Path, _other: Path) -> None:
    path.unlink()


DAMAGES = [flip, cut, empty, replace_by_noise, replace_by_another_cases, remove]


def shards(instance: Path, cast: Cast) -> tuple[Path, Path]:
    return instance / "index" / f"{cast.case.id}.db", instance / "index" / f"{cast.other.id}.db"


def settle(browse: Browse, cast: Cast) -> None:
    """Make the shards of both cases, and nothing open on them."""
    assert total(browse, cast.ben, "pier") == "1"
    assert total(browse, cast.dan, "orchard") == "2"
    resources_of(browse(cast.ben).app).index.close()


def total(browse: Browse, who: object, word: str) -> str:
    page = browse(who).get(f"/search?q={word}")  # type: ignore[arg-type]
    return str(page.find("//*[@data-total]/@data-total")[0])


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_shard_is_built_anew_by_the_next_search(
    damage: Callable[[Path, Path], None], instance: Path, cast: Cast, browse: Browse
) -> None:
    settle(browse, cast)
    own, other = shards(instance, cast)
    for suffix in ("-wal", "-shm"):
        own.with_name(own.name + suffix).unlink(missing_ok=True)
    damage(own, other)

    assert total(browse, cast.ben, "pier") == "1"
    assert total(browse, cast.ben, "orchard") == "0"
    browse(cast.ben).post(f"{cast.case.url}/notes/", title="After", body="The pier again.")
    assert total(browse, cast.ben, "pier") == "2"
    assert total(browse, cast.dan, "pier") == "0"


@pytest.mark.parametrize(
    "damage", [flip, empty, replace_by_noise, remove], ids=lambda d: d.__name__
)
def test_a_shard_damaged_while_it_is_open_is_built_anew(
    damage: Callable[[Path, Path], None], instance: Path, cast: Cast, browse: Browse
) -> None:
    assert total(browse, cast.ben, "pier") == "1"
    own, other = shards(instance, cast)
    damage(own, other)

    browse(cast.ben).post(f"{cast.case.url}/notes/", title="After", body="The pier again.")
    assert total(browse, cast.ben, "pier") == "2"


def test_one_damaged_shard_does_not_hide_what_other_cases_hold(
    instance: Path, cast: Cast, make_app: Callable[..., Flask]
) -> None:
    browse = Browse(make_app())
    second = browse(cast.ben).post("/cases/", title="The quarry", summary="Stone").location
    browse(cast.ben).post(f"{second.rstrip('/')}/notes/", title="Pier", body="The pier's stone.")
    assert total(browse, cast.ben, "pier") == "2"
    resources_of(browse(cast.ben).app).index.close()
    own, other = shards(instance, cast)
    replace_by_noise(own, other)

    assert total(browse, cast.ben, "pier") == "2"


def test_the_operator_sees_a_shard_that_is_not_sealed_and_can_throw_it_away(
    instance: Path, cast: Cast, browse: Browse
) -> None:
    settle(browse, cast)
    own, _other = shards(instance, cast)
    own.write_bytes(b"SQLite format 3\0" + b"in clear " * 1000)

    found = run(instance, "index", "verify")
    assert found.returncode == 1
    assert own.name in found.stderr

    rebuilt = run(instance, "index", "rebuild", str(cast.case.id))
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert run(instance, "index", "verify").returncode == 0
    assert total(browse, cast.ben, "pier") == "1"
