"""The ceremony in which two of the founding's papers open named cases."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from casefile import keys
from casefile.accounts import escrow
from casefile.accounts.models import User
from casefile.app import create_app
from tests import cast as scenes
from tests.cast import settings_for
from tests.integration.test_begin_anew import begin, link
from tests.intruder import actions, writing
from tests.real_server import run
from tests.strict_browser import Browse, StrictBrowser

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from tests.cast import Cast


@pytest.fixture
def recover(
    casefile: Callable[..., subprocess.CompletedProcess[str]],
) -> Callable[..., subprocess.CompletedProcess[str]]:
    def ceremony(*more: str, shares: list[str]) -> subprocess.CompletedProcess[str]:
        return casefile("recover", *more, "--shares-stdin", given="\n".join(shares) + "\n")

    return ceremony


@pytest.fixture
def before(instance: Path) -> Callable[[], list[Any]]:
    """Say what stands in the tables that a ceremony changes."""

    def look() -> list[Any]:
        statements = (
            "SELECT case_id, user_id, generation, hex(signature) FROM case_grant ORDER BY 1, 2, 3",
            "SELECT case_id, user_id, role FROM seat ORDER BY 1, 2",
            'SELECT generation, hex(manifest) FROM "case" ORDER BY 2',
        )
        return [
            json.loads(run(instance, "database", "sql", statement).stdout)
            for statement in statements
        ]

    return look


def test_two_shares_open_a_named_case_to_a_named_person_and_everybody_sees_it(
    recover: Callable[..., subprocess.CompletedProcess[str]],
    papers: list[str],
    instance: Path,
    cast: Cast,
) -> None:
    done = recover("--case", cast.case.codename, "--user", "dan", shares=[papers[2], papers[0]])

    assert done.returncode == 0, done.stderr
    assert f"{cast.case.codename} is open to dan." in done.stdout
    app = create_app(settings_for(instance))
    browse = Browse(app)
    dan = browse(cast.dan)
    assert "was paid for twice" in dan.get(f"{cast.case.url}/notes/{cast.case.note}").text
    dan.post(f"{cast.case.url}/members/{cast.case.seats['cleo']}/delete")
    for person in (cast.ann, cast.ben):
        page = browse(person).get(f"{cast.case.url}/")
        assert "escrow key opened this case" in page.main
        assert "Escrow key of the organisation opened the case to Dan Outsider" in page.main
        browse(person).get(f"{cast.case.url}/notes/{cast.case.note}")
        activity = browse(person).get(f"{cast.case.url}/activity/").main
        assert "Escrow key of the organisation opened the case to Dan Outsider" in activity
    assert {"seat.recovered", "escrow.used"} <= set(actions(app))
    assert "escrow.used" in browse(cast.ada).get("/admin/audit").main
    scenes.close(app)
    assert run(instance, "audit", "verify").returncode == 0


def test_a_case_whose_people_all_lost_their_keys_is_brought_back(
    recover: Callable[..., subprocess.CompletedProcess[str]],
    papers: list[str],
    instance: Path,
    cast: Cast,
) -> None:
    app = create_app(settings_for(instance))
    browse = Browse(app)
    anew = {}
    for person in (cast.ann, cast.ben, cast.cleo, cast.eva):
        anew[person.username] = begin(app, link(browse(cast.ada), person))
    browse(cast.ada).get("/")
    for browser in anew.values():
        browser.get(f"{cast.case.url}/", 404)
    scenes.close(app)

    done = recover("--case", str(cast.case.id), "--user", "ann", shares=papers[:2])

    assert done.returncode == 0, done.stderr
    app = create_app(settings_for(instance))
    ann = StrictBrowser(app, anew["ann"].cookie)
    ann.get(f"{cast.case.url}/notes/{cast.case.note}")
    ann.post(f"{cast.case.url}/members/{cast.case.seats['ben']}/restore")
    StrictBrowser(app, anew["ben"].cookie).get(f"{cast.case.url}/notes/{cast.case.note}")
    ann.post(f"{cast.case.url}/members/{cast.case.seats['cleo']}/delete")
    scenes.close(app)


def test_several_cases_and_people_are_all_opened_or_none(
    recover: Callable[..., subprocess.CompletedProcess[str]],
    papers: list[str],
    before: Callable[[], list[Any]],
    cast: Cast,
) -> None:
    was = before()

    refused = recover("--case", cast.case.codename, "--user", "dan", "--user", "zed", shares=papers)

    assert refused.returncode == 1
    assert "There is no active account zed" in refused.stderr
    assert before() == was
    done = recover(
        "--case",
        cast.case.codename,
        "--user",
        "dan",
        "--user",
        "ada",
        "--seat",
        "reader",
        shares=papers,
    )
    assert done.returncode == 0, done.stderr


def _wrong_word(papers: list[str]) -> list[str]:
    words = papers[0].split()
    words[4] = "zebra"
    return [" ".join(words), papers[1]]


def _wrong_place(papers: list[str]) -> list[str]:
    words = papers[0].split()
    words[30] = "acid" if words[30] != "acid" else "acne"
    return [" ".join(words), papers[1]]


def _other_set(papers: list[str]) -> list[str]:
    return [papers[0], keys.OfflineKey.create(scenes.PEPPER).split()[1]]


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (_wrong_word, "Share 1, word 5"),
        (_wrong_place, "Share 1: the words do not fit together"),
        (lambda papers: papers[:1], "2 of the 3 shares are needed"),
        (lambda _papers: [], "2 of the 3 shares are needed"),
        (lambda papers: [papers[1], papers[1]], "same share was given twice"),
        (_other_set, "different sets"),
        (
            lambda _papers: keys.OfflineKey.create(bytes(32)).split(),
            "not of this newsroom, or its key file was replaced",
        ),
        (
            lambda _papers: keys.OfflineKey.create(scenes.PEPPER).split(),
            "not of this newsroom, or its escrow was changed",
        ),
    ],
    ids=[
        "a word",
        "a place",
        "one short",
        "none",
        "twice",
        "other set",
        "other pepper",
        "other key",
    ],
)
def test_shares_that_will_not_do_are_told_apart_and_change_nothing(
    harm: Callable[[list[str]], list[str]],
    says: str,
    recover: Callable[..., subprocess.CompletedProcess[str]],
    papers: list[str],
    before: Callable[[], list[Any]],
    instance: Path,
    cast: Cast,
) -> None:
    was = before()

    refused = recover("--case", cast.case.codename, "--user", "dan", shares=harm(papers))

    assert refused.returncode == 1
    assert says in refused.stderr
    assert refused.stderr.startswith("casefile: ")
    assert "Traceback" not in refused.stderr
    assert before() == was
    trail = run(instance, "database", "sql", "SELECT action FROM audit_entry").stdout
    assert "escrow.refused" in trail


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--case", "no-such-case", "--user", "dan"), "There is no case no-such-case"),
        (("--case", "{other}", "--user", "dan"), "no valid grant for every key"),
    ],
)
def test_cases_that_cannot_be_opened_are_named(
    arguments: tuple[str, ...],
    says: str,
    recover: Callable[..., subprocess.CompletedProcess[str]],
    papers: list[str],
    cast: Cast,
) -> None:
    given = [part.format(other=cast.other.codename) for part in arguments]

    refused = recover(*given, shares=papers)

    assert refused.returncode == 1
    assert says in refused.stderr


@pytest.mark.parametrize(
    "arguments",
    [(), ("--case", "x"), ("--user", "x"), ("--case", "x", "--user", "y", "--seat", "z")],
)
def test_a_ceremony_without_names_is_refused_before_any_share_is_asked_for(
    arguments: tuple[str, ...], recover: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    refused = recover(*arguments, shares=[])

    assert refused.returncode == 2
    assert "share" not in refused.stderr.lower().replace("--shares-stdin", "")


def test_nobody_is_let_in_whose_keys_are_not_certified(
    recover: Callable[..., subprocess.CompletedProcess[str]],
    papers: list[str],
    instance: Path,
    cast: Cast,
    before: Callable[[], list[Any]],
) -> None:
    app = create_app(settings_for(instance))
    thief = keys.Bundle.create(cast.ada.bundle.anchor)
    with writing(app) as session:
        session.get_one(User, cast.dan.id).public_keys = thief.public.to_bytes()
    scenes.close(app)
    was = before()

    refused = recover("--case", cast.case.codename, "--user", "dan", shares=papers)

    assert refused.returncode == 1
    assert "not certified" in refused.stderr
    assert before() == was


def test_a_founder_put_in_the_place_of_the_true_one_gets_nothing(
    recover: Callable[..., subprocess.CompletedProcess[str]],
    papers: list[str],
    instance: Path,
    cast: Cast,
    before: Callable[[], list[Any]],
) -> None:
    """Whoever writes into the database could found a newsroom of their own in it; the papers know."""
    app = create_app(settings_for(instance))
    false = keys.Bundle.create(None)
    with writing(app) as session:
        for person in (cast.ada, cast.dan):
            row = session.get_one(User, person.id)
            bundle = false if person is cast.ada else keys.Bundle.create(false.anchor)
            row.public_keys = bundle.public.to_bytes()
            row.certificate = keys.certify(
                false,
                issuer_id=cast.ada.id,
                user_id=person.id,
                public=bundle.public,
                may_certify=person is cast.ada,
            ).to_bytes()
        old = session.scalars(select(User).where(User.username == escrow.USERNAME)).one()
        old.certificate = keys.certify(
            false,
            issuer_id=cast.ada.id,
            user_id=old.id,
            public=keys.PublicKeys.from_bytes(old.public_keys),
        ).to_bytes()
    scenes.close(app)
    was = before()

    refused = recover("--case", cast.case.codename, "--user", "dan", shares=papers)

    assert refused.returncode == 1
    assert "its escrow was changed" in refused.stderr
    assert before() == was


def test_a_lost_key_file_is_written_again_from_the_shares(
    recover: Callable[..., subprocess.CompletedProcess[str]],
    papers: list[str],
    instance: Path,
    cast: Cast,
) -> None:
    pepper = (instance / "pepper").read_bytes()
    (instance / "pepper").unlink()

    without = recover("--case", cast.case.codename, "--user", "dan", shares=papers)
    assert without.returncode == 2
    assert "--key-file" in without.stderr
    foreign = recover("--key-file", shares=keys.OfflineKey.create(bytes(32)).split())
    assert foreign.returncode == 1
    assert "do not open the database" in foreign.stderr
    assert not (instance / "pepper").exists()

    done = recover("--key-file", shares=papers[1:])

    assert done.returncode == 0, done.stderr
    assert "would open its cases" in done.stdout
    assert (instance / "pepper").read_bytes() == pepper
    assert (instance / "pepper").stat().st_mode & 0o777 == 0o600
    assert run(instance, "audit", "verify").returncode == 0


def test_shares_can_be_tried_without_changing_anything(
    recover: Callable[..., subprocess.CompletedProcess[str]],
    papers: list[str],
    before: Callable[[], list[Any]],
) -> None:
    was = before()

    done = recover("--key-file", shares=papers[:2])
    foreign = recover("--key-file", shares=keys.OfflineKey.create(scenes.PEPPER).split())

    assert done.returncode == 0, done.stderr
    assert "would open its cases" in done.stdout
    assert foreign.returncode == 1
    assert before() == was
