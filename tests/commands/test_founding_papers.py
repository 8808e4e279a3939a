"""What the founding prints once: a recovery code and three shares."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import select

from casefile import keys
from casefile.accounts import escrow
from casefile.app import create_app
from casefile.cases import service as cases
from casefile.cases.models import CaseGrant
from casefile.uow import UnitOfWork
from tests import cast as scenes
from tests.cast import resources_of, settings_for, take_seat
from tests.intruder import read
from tests.real_server import run
from tests.strict_browser import Browse, StrictBrowser

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from tests.cast import Cast


GROUPS = re.compile(r"([0-9A-Z]{4}-){8}[0-9A-Z]{4}")


NUMBERED = re.compile(r"\d+ ([a-z]+)")


def shares_of(printed: str) -> list[str]:
    parts = re.split(r"Share \d of \d:", printed)[1:]
    return [" ".join(NUMBERED.findall(part.split("Keep a copy")[0])) for part in parts]


def test_the_founding_prints_a_recovery_code_and_three_shares_once(
    found: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    done = found()

    assert done.returncode == 0, done.stderr
    assert len(set(GROUPS.findall(done.stdout))) == 1
    shares = shares_of(done.stdout)
    assert [len(share.split()) for share in shares] == [59, 59, 59]
    offline = keys.join([keys.read_share(shares[0], 1), keys.read_share(shares[2], 2)])
    assert offline.pepper == (tmp_path / "new" / "pepper").read_bytes()
    again = found()
    assert not GROUPS.search(again.stdout)
    assert "Share" not in again.stdout


def test_neither_code_nor_shares_nor_seed_lie_in_the_instance(
    found: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    done = found()
    instance = tmp_path / "new"
    said = [done.stdout[m.start() : m.end()] for m in GROUPS.finditer(done.stdout)]
    shares = shares_of(done.stdout)
    offline = keys.join([keys.read_share(shares[0], 1), keys.read_share(shares[1], 2)])
    rows = run(
        instance, "database", "sql", 'SELECT hex(sealed_bundle), hex(public_keys) FROM "user"'
    )
    kept = b"".join(path.read_bytes() for path in instance.rglob("*") if path.is_file())

    for secret in (said[0].encode(), keys.read_code(said[0]), offline._seed, shares[0].encode()):
        assert secret not in kept
        assert secret.hex().upper() not in rows.stdout


def test_no_escrow_is_warned_of_and_makes_no_shares(
    found: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    done = found("--no-escrow")

    assert done.returncode == 0
    assert "There is no escrow" in done.stdout
    assert "Share" not in done.stdout
    people = run(tmp_path / "new", "database", "sql", 'SELECT username FROM "user"').stdout
    assert "escrow" not in people


def test_the_founders_code_of_the_founding_works(
    found: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    code = GROUPS.search(found().stdout)
    assert code
    app = create_app(settings_for(tmp_path / "new"))
    nobody = StrictBrowser(app)
    new = {"password": "nine grey cranes over", "password_again": "nine grey cranes over"}

    nobody.post("/forgotten-password", 200, username="founder", code=code[0], **new)

    nobody.post("/sign-in", username="founder", password="nine grey cranes over")
    assert "(escrow)" not in nobody.get("/", None).html
    scenes.close(app)


def test_every_new_key_of_a_case_is_granted_to_the_escrow(
    papers: list[str], instance: Path, cast: Cast
) -> None:
    app = create_app(settings_for(instance))
    take_seat(app, cast.ann, cast.case.id, cast.cleo)
    with UnitOfWork(resources_of(app), cast.ben.id, cast.ben.bundle) as uow:
        fresh = cases.create(uow, title="After the escrow", summary="")
    own = escrow.escrow_id(cast.ada.bundle.anchor)
    granted = {
        (row.case_id, row.generation)
        for row in read(app, select(CaseGrant).where(CaseGrant.user_id == own))
    }

    assert granted == {(cast.case.id, 1), (cast.case.id, 2), (cast.case.id, 3), (fresh, 1)}
    scenes.close(app)


def test_nobody_signs_in_as_the_escrow_or_gives_it_a_seat(
    papers: list[str], instance: Path, cast: Cast
) -> None:
    app = create_app(settings_for(instance))
    browse = Browse(app)
    own = escrow.escrow_id(cast.ada.bundle.anchor)

    browse().post("/sign-in", 422, username=escrow.USERNAME, password="anything at all")
    browse(cast.ada).post(f"/admin/people/{own}/enable", 403)
    browse(cast.ada).post(f"/admin/people/{own}/renewal", 403)
    assert escrow.NAME not in browse(cast.ada).get("/admin/").html
    assert escrow.NAME not in browse(cast.ann).get(f"{cast.case.url}/members/").html
    browse(cast.ann).post(f"{cast.case.url}/members/", 422, username=escrow.USERNAME, role="reader")
    scenes.close(app)
