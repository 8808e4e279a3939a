from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from casefile import config, db, keys
from casefile.app import create_app
from casefile.errors import ConfigError, DamagedError
from tests.cast import resources_of, settings_for
from tests.real_server import free_port, run
from tests.strict_browser import Browse

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask

    from tests.cast import Actor, Cast

PAGE = 4096
OTHER_PEPPER = bytes(range(100, 132))


def flip(path: Path) -> None:
    """Change one bit on every page but the first."""
    content = bytearray(path.read_bytes())
    for at in range(PAGE + 700, len(content), PAGE):
        content[at] ^= 1
    path.write_bytes(content)


def flip_the_first_page(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2 // PAGE * PAGE)


def cut_within_a_page(path: Path) -> None:
    os.truncate(path, 1000)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def replace_by_noise(path: Path) -> None:
    path.write_bytes(os.urandom(path.stat().st_size))


def replace_by_an_open_one(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + bytes(PAGE - 16))


def replace_by_another_newsrooms(path: Path) -> None:
    path.unlink()
    other = db.open_file(path, keys.derive(OTHER_PEPPER, "database"))
    db.migrate(other)
    other.close()


DAMAGES = [
    flip,
    flip_the_first_page,
    cut,
    cut_within_a_page,
    empty,
    replace_by_noise,
    replace_by_an_open_one,
    replace_by_another_newsrooms,
]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_database_stops_the_start_or_the_page_with_a_message(
    damage: Callable[[Path], None],
    instance: Path,
    cast: Cast,
    cookie: Callable[[Actor], str],
) -> None:
    secret = cookie(cast.ben)
    damage(instance / "casefile.db")
    before = (instance / "casefile.db").read_bytes()

    app, refusal = started(instance)
    if app is None:
        assert "database" in refusal.lower()
        assert "casefile doctor" in refusal or "casefile init" in refusal
        return
    ben = Browse(app)()
    ben.client.set_cookie("casefile", secret)
    pages = [
        ben.get(path, None)
        for path in ("/", "/cases/", cast.case.url + "/", f"{cast.case.url}/notes/", "/sign-in")
    ]
    resources_of(app).database.close()
    assert {page.status for page in pages} <= {200, 302, 503}
    refused = [page for page in pages if page.status == 503]
    assert refused, "damage that nobody notices"
    for page in refused:
        assert "database is damaged" in page.text
    assert (instance / "casefile.db").read_bytes() == before, "the damage is not made worse"


def started(instance: Path) -> tuple[Flask | None, str]:
    """Return the application, or why there is none."""
    try:
        return create_app(settings_for(instance)), ""
    except (ConfigError, DamagedError) as error:
        return None, error.message


@pytest.mark.slow
@pytest.mark.parametrize(
    "damage",
    [flip_the_first_page, empty, replace_by_another_newsrooms],
    ids=lambda damage: damage.__name__,
)
def test_commands_on_a_damaged_database_end_with_one_line(
    damage: Callable[[Path], None], instance: Path
) -> None:
    damage(instance / "casefile.db")

    served = run(instance, "serve", port=free_port(), timeout=40)
    verified = run(instance, "audit", "verify")
    examined = run(instance, "doctor", "--check")

    assert served.returncode in {1, 2}
    assert served.stderr.startswith("casefile: ")
    assert "answers at" not in served.stdout
    assert verified.returncode in {1, 2}
    assert verified.stderr.startswith("casefile: ")
    assert examined.returncode == 1
    assert "WRONG  database:" in examined.stdout
    for done in (served, verified, examined):
        assert "Traceback" not in done.stdout + done.stderr
        assert "database" in done.stdout + done.stderr


def test_an_emptied_database_is_not_taken_for_a_new_newsroom(instance: Path) -> None:
    empty(instance / "casefile.db")

    done = run(instance, "init", "--username", "m", "--name", "M", "--password-stdin", given="x")

    assert done.returncode == 2
    assert "empty" in done.stderr
    assert (instance / "casefile.db").stat().st_size == 0


def test_damage_that_comes_while_the_server_runs_is_a_page_and_never_a_wrong_answer(
    instance: Path, cast: Cast
) -> None:
    app = create_app(settings_for(instance))
    ben = Browse(app)(cast.ben)
    assert "was paid for twice" in ben.get(f"{cast.case.url}/notes/").text
    resources = resources_of(app)
    db.checkpoint(resources.database)
    resources.database.close()
    resources.opened_keys.clear()
    flip(instance / "casefile.db")

    for path in ("/", f"{cast.case.url}/notes/", "/search?q=pier"):
        page = ben.get(path, 503)
        assert "damaged" in page.text
        assert page.headers["Retry-After"]
    resources.index.close()
    resources.database.close()


def test_the_doctor_names_a_flipped_page_deep_inside(instance: Path) -> None:
    pepper = config.read_pepper(settings_for(instance))
    database = db.open_file(instance / "casefile.db", keys.derive(pepper, "database"))
    with database.reading() as session:
        pages = session.scalar(text("PRAGMA page_count"))
    database.close()
    content = bytearray((instance / "casefile.db").read_bytes())
    content[(pages - 2) * PAGE + 99] ^= 1
    (instance / "casefile.db").write_bytes(content)

    done = run(instance, "doctor", "--check")

    assert done.returncode == 1
    assert "WRONG  database:" in done.stdout
    assert "Traceback" not in done.stderr
