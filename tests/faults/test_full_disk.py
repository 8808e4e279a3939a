from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.faults.moments import send_file, staged, stored
from tests.faults.mounts import fill
from tests.real_server import free_port, run
from tests.strict_browser import Browse

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask

    from tests.cast import Cast
    from tests.faults.mounts import Mounts

MEBIBYTE = 1024 * 1024
DISK = 24


def test_a_full_disk_refuses_notes_and_files_and_loses_nothing(
    instance: Path, mounts: Mounts, make_app: Callable[..., Flask], cast: Cast
) -> None:
    mounts.small_disk(instance, DISK)
    browse = Browse(make_app())
    ben, case = browse(cast.ben), cast.case.url
    ben.post(f"{case}/notes/", title="Before", body="There was room then.")
    kept = stored(instance)
    filler = fill(instance)

    refused = ben.post(f"{case}/notes/", 507, title="Late", body="No room for this. " * 5000)
    assert "no room left" in refused.text.lower()
    refused = ben.post(f"{case}/evidence/", 507, files=[("big.bin", os.urandom(400_000))])
    assert "no room left" in refused.text.lower()
    assert stored(instance) == kept
    assert staged(instance) == 0
    assert "There was room then." in ben.get(f"{case}/notes/").text
    assert "The pier was paid for twice." in ben.get(f"{case}/notes/{cast.case.note}").text

    filler.unlink()
    ben.post(f"{case}/notes/", title="Late", body="There is room again.")
    ben.post(f"{case}/evidence/", files=[("big.bin", os.urandom(400_000))], shows="Noise")
    assert ben.get("/search?q=again").find("//*[@data-total='1']")
    assert "No room for this" not in ben.get(f"{case}/notes/").text
    assert run(instance, "audit", "verify").returncode == 0


def test_a_disk_that_fills_up_during_an_upload_gets_its_room_back(
    instance: Path, mounts: Mounts, make_app: Callable[..., Flask], cast: Cast
) -> None:
    mounts.small_disk(instance, DISK)
    browse = Browse(make_app())
    ben = browse(cast.ben)
    filler = fill(instance, leave=3 * MEBIBYTE)
    kept = stored(instance)

    refused = send_file(ben, f"{cast.case.url}/evidence/", "big.bin", os.urandom(8 * MEBIBYTE))

    assert refused.status_code == 507
    assert "Nothing was saved" in refused.text
    assert stored(instance) == kept
    assert staged(instance) == 0
    ben.post(f"{cast.case.url}/notes/", title="Small", body="A note still fits.")
    filler.unlink()


def test_search_and_lists_are_read_on_a_full_disk(
    instance: Path, mounts: Mounts, make_app: Callable[..., Flask], cast: Cast
) -> None:
    mounts.small_disk(instance, DISK)
    ben = Browse(make_app())(cast.ben)
    assert ben.get("/search?q=pier").find("//article")
    fill(instance)

    assert "ledger.txt" in ben.get(f"{cast.case.url}/evidence/").text
    assert ben.get("/search?q=pier").find("//article")


def test_a_server_is_not_started_on_a_full_disk_and_says_so(instance: Path, mounts: Mounts) -> None:
    mounts.small_disk(instance, DISK)
    fill(instance)

    done = run(instance, "serve", port=free_port(), timeout=30)

    assert done.returncode in {1, 2}
    assert "room" in done.stderr.lower()
    assert "Traceback" not in done.stderr


def test_a_read_only_database_file_can_be_read_and_says_why_nothing_is_saved(
    instance: Path, mounts: Mounts, make_app: Callable[..., Flask], cast: Cast
) -> None:
    cookie = Browse(make_app())(cast.ben).cookie
    mounts.read_only(instance / "casefile.db")
    ben = Browse(make_app())()
    ben.client.set_cookie("casefile", cookie or "")

    assert "The pier was paid for twice." in ben.get(f"{cast.case.url}/notes/{cast.case.note}").text
    refused = ben.post(f"{cast.case.url}/notes/", 503, title="Late", body="It cannot be kept.")
    assert "cannot be written" in refused.text
    assert refused.headers["Retry-After"]


def test_an_instance_that_cannot_be_written_to_is_refused_in_one_line(
    instance: Path, mounts: Mounts
) -> None:
    mounts.read_only(instance)

    done = run(instance, "serve", port=free_port(), timeout=30)

    assert done.returncode in {1, 2}
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("casefile: ")
