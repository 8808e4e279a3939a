"""A bag that was broken off is none, a damaged file is not handed over, and nobody gets what is not theirs."""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, update

from casefile.bags import sending, service
from casefile.bags.models import EvidenceBag
from casefile.bags.packing import Bag, Packed
from casefile.errors import DamagedError
from casefile.evidence.models import Item
from casefile.policy import Seat
from tests import bag_scene, newsdesk
from tests.bag_scene import WHY, get_bag, send
from tests.cast import LEDGER, add_evidence, give_seat, resources_of, take_seat
from tests.intruder import actions, copied, flipped, object_of, read, writing
from tests.strict_browser import HOST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from tests.cast import Actor, Cast, Clock
    from tests.strict_browser import Browse, StrictBrowser

LARGE = 20 * 1024 * 1024
DAMAGED = "cannot be handed over"


class Download:
    """An answer that is read as slowly as a test wants."""

    def __init__(self, browser: StrictBrowser, actor: Actor, where: str) -> None:
        newsdesk.confirm(browser, actor)
        asked = {**bag_scene.fields(browser, where), "csrf_token": browser.token()}
        self._answer = browser.client.post(where, data=asked, base_url=HOST, buffered=False)
        assert self._answer.status_code == 200
        self._blocks: Iterator[bytes] = self._answer.iter_encoded()
        self.got = b""

    def take(self, size: int) -> None:
        while len(self.got) < size:
            self.got += next(self._blocks)

    def take_all(self) -> None:
        for block in self._blocks:
            self.got += block

    def leave(self) -> None:
        self._answer.close()


def is_no_zip(content: bytes) -> bool:
    try:
        zipfile.ZipFile(io.BytesIO(content))
    except zipfile.BadZipFile:
        return b"-B-1/bagit.txt" not in content
    return False


@pytest.fixture
def large(app: Flask, cast: Cast) -> None:
    add_evidence(app, cast.ben, cast.case.id, "large.bin", os.urandom(LARGE))


@pytest.mark.slow
@pytest.mark.usefixtures("large")
def test_a_seat_taken_away_ends_the_bag_in_the_middle(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    bag = Download(browse(cast.eva), cast.eva, bag_scene.url(cast))
    bag.take(1024 * 1024)

    take_seat(app, cast.ann, cast.case.id, cast.eva)

    with pytest.raises(ConnectionAbortedError):
        bag.take_all()
    bag.leave()
    assert len(bag.got) < LARGE
    assert is_no_zip(bag.got)
    assert actions(app)[-1] == "bag.interrupted"
    assert "the seat or the session ended" in browse(cast.ann).get(bag_scene.url(cast)).main


@pytest.mark.parametrize("how", ["seat", "session", "expiry"])
def test_a_small_bag_too_needs_the_seat_at_its_end(
    app: Flask, browse: Browse, cast: Cast, clock: Clock, how: str
) -> None:
    give_seat(app, cast.ann, cast.case.id, cast.dan, Seat.EDITOR, clock() + timedelta(minutes=4))
    dan = browse(cast.dan)
    bag = Download(dan, cast.dan, bag_scene.url(cast))

    if how == "seat":
        take_seat(app, cast.ann, cast.case.id, cast.dan)
    elif how == "session":
        browse(cast.dan, fresh=True).post("/account/sessions/delete")
    else:
        clock.forward(minutes=5)

    with pytest.raises(sending.SeatGoneError):
        bag.take_all()
    bag.leave()
    assert is_no_zip(bag.got)
    assert actions(app).count("bag.interrupted") == 1
    assert "bag.sent" not in actions(app)


def test_a_guest_whose_seat_is_over_finds_nothing(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    give_seat(app, cast.ann, cast.case.id, cast.dan, Seat.EDITOR, clock() + timedelta(minutes=1))
    newsdesk.confirm(browse(cast.dan), cast.dan)
    browse(cast.dan).get(f"{bag_scene.url(cast)}new?evidence=all")
    clock.forward(minutes=2)

    send(browse(cast.dan), cast.dan, bag_scene.url(cast), 404)
    browse(cast.dan).get(f"{bag_scene.url(cast)}new?evidence=all", 404)


@pytest.mark.parametrize("taken", [0, 300])
def test_a_browser_that_leaves_is_on_record_and_frees_its_place(
    app: Flask, browse: Browse, cast: Cast, taken: int
) -> None:
    for _ in range(sending.AT_ONCE + 1):
        bag = Download(browse(cast.ann), cast.ann, bag_scene.url(cast))
        bag.take(taken)
        bag.leave()

    assert actions(app)[-1] == "bag.interrupted"
    assert actions(app).count("bag.interrupted") == sending.AT_ONCE + 1
    assert "Broken off by the browser" in browse(cast.ann).get(bag_scene.url(cast)).main
    assert get_bag(browse(cast.ann), cast.ann, bag_scene.url(cast))


def test_bags_at_once_are_bags_of_their_own_up_to_a_number(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    where = bag_scene.url(cast)
    running = [Download(browse(cast.ann), cast.ann, where) for _ in range(sending.AT_ONCE)]

    refused = send(browse(cast.eva), cast.eva, where, 503)
    assert "Several evidence bags are being sent" in refused.main
    names = set()
    for bag in reversed(running):
        bag.take_all()
        found = bag_scene.read_bag(bag.got)
        assert found.wrong == []
        names.add(found.name)
    assert len(names) == sending.AT_ONCE
    assert get_bag(browse(cast.eva), cast.eva, where).name.endswith(f"-B-{sending.AT_ONCE + 1}")


@pytest.mark.parametrize("how", ["gone", "cut", "turned", "planted", "record"])
def test_a_damaged_file_is_named_before_anything_begins_and_left_out_if_wanted(
    app: Flask, browse: Browse, cast: Cast, how: str
) -> None:
    instance = resources_of(app).settings.instance
    add_evidence(app, cast.ben, cast.case.id, "second.txt", b"second")
    stored = object_of(instance, cast.case.evidence)
    damage(app, cast, stored, how)
    ann, where = browse(cast.ann), bag_scene.url(cast)

    page = send(ann, cast.ann, where, 422)

    assert DAMAGED in page.problems()
    assert "E-1" in page.problems()
    assert "bag.exported" not in actions(app)
    assert DAMAGED in ann.get(f"{where}new?evidence=all").problems()
    bag = get_bag(ann, cast.ann, where, leave_out="1")
    assert [p for p in bag.payload if "/evidence/" in p] == ["data/evidence/E-2 second.txt"]
    assert [label for label, _value in bag.info].count("Casefile-Left-Out") == 1
    assert "LEFT OUT" in bag.text("README.txt")
    assert "without E-1" in ann.get(where).main


def damage(app: Flask, cast: Cast, stored: Path, how: str) -> None:
    stored.chmod(0o600)
    if how == "gone":
        stored.unlink()
    elif how == "cut":
        stored.write_bytes(stored.read_bytes()[:-1])
    elif how == "turned":
        stored.write_bytes(flipped(stored.read_bytes(), -20))
    elif how == "planted":
        theirs = object_of(resources_of(app).settings.instance, cast.other.evidence)
        stored.write_bytes(theirs.read_bytes())
    else:
        with writing(app) as session:
            row = session.get_one(Item, cast.case.evidence)
            row.record = flipped(row.record)


def test_nothing_but_damaged_files_is_no_bag(app: Flask, browse: Browse, cast: Cast) -> None:
    object_of(resources_of(app).settings.instance, cast.case.evidence).unlink()

    send(browse(cast.ann), cast.ann, bag_scene.url(cast), 422, leave_out="1")

    assert "bag.exported" not in actions(app)


def test_damage_found_in_the_middle_ends_the_bag_and_is_found_first_the_next_time(
    app: Flask, browse: Browse, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casefile.bags.choosing.READ_BEFORE", 0)
    item = add_evidence(app, cast.ben, cast.case.id, "b.bin", os.urandom(600_000))
    stored = object_of(resources_of(app).settings.instance, item)
    stored.chmod(0o600)
    stored.write_bytes(flipped(stored.read_bytes(), 300_000))
    ann, where = browse(cast.ann), bag_scene.url(cast)
    bag = Download(ann, cast.ann, where)

    with pytest.raises(DamagedError):
        bag.take_all()

    bag.leave()
    assert is_no_zip(bag.got)
    assert actions(app)[-2:] == ["bag.interrupted", "evidence.mismatched"]
    assert "Broken off: E-2 is damaged" in ann.get(where).main
    assert "E-2" in send(ann, cast.ann, where, 422).problems()
    assert get_bag(ann, cast.ann, where, leave_out="1")


def test_damage_found_before_the_first_byte_is_a_page_that_says_so(
    app: Flask, browse: Browse, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casefile.bags.choosing._wrong_with", lambda *_given, **_more: "")
    damage(app, cast, object_of(resources_of(app).settings.instance, cast.case.evidence), "turned")

    page = send(browse(cast.ann), cast.ann, bag_scene.url(cast), 503)

    assert "changed after it was stored" in page.main
    assert actions(app)[-4:-1] == ["bag.exported", "bag.interrupted", "evidence.mismatched"]
    assert actions(app)[-1] == "damage.noticed"


def test_a_file_with_another_content_under_its_own_key_ends_the_bag(app: Flask) -> None:
    bag = Bag("x", resources_of(app).clock())
    with pytest.raises(DamagedError):
        list(bag.payload("a", [b"other"], Packed("", 5, "0" * 64, "0" * 128)))


def test_the_trail_that_cannot_be_written_at_the_end_leaves_no_bag(
    app: Flask, browse: Browse, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    bag = Download(browse(cast.ann), cast.ann, bag_scene.url(cast))

    def refuse(*_given: object, **_more: object) -> None:
        msg = "no"
        raise DamagedError(msg)

    monkeypatch.setattr(service, "end", refuse)
    with pytest.raises(DamagedError):
        bag.take_all()
    bag.leave()
    assert is_no_zip(bag.got)
    assert actions(app)[-1] == "bag.interrupted"


def test_evidence_and_stories_of_another_case_are_not_there(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    for name in ("a", "b"):
        add_evidence(app, cast.dan, cast.other.id, name, name.encode())
    ann, where = browse(cast.ann), bag_scene.url(cast)

    said = send(ann, cast.ann, where, 422, evidence="some", numbers="E-3").problems()
    assert "There is no evidence E-3 in this case." in said
    send(ann, cast.ann, where, 422, stories="1")
    send(ann, cast.ann, where, 422, evidence="theirs")
    send(ann, cast.ann, f"{cast.other.url}/export/", 404)
    assert "bag.exported" not in actions(app)


def test_an_item_that_was_moved_here_by_the_database_does_not_open(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    with writing(app) as session:
        session.execute(
            update(Item)
            .where(Item.id == cast.other.evidence)
            .values(case_id=cast.case.id, number=77)
        )

    page = send(browse(cast.ann), cast.ann, bag_scene.url(cast), 422)
    assert "E-77" in page.problems()
    bag = get_bag(browse(cast.ann), cast.ann, bag_scene.url(cast), leave_out="1")
    assert b"orchard" not in bag.everything()


def test_names_lead_nowhere_and_are_all_different(app: Flask, browse: Browse, cast: Cast) -> None:
    names = [
        "../../x",
        "..",
        "/etc/passwd",
        "C:\\Windows\\x.txt",
        "CON",
        "nul.txt",
        "a%0Ab%2e.txt",
        "line\nbreak\r.txt",
        "same.txt",
        "same.txt",
        "SAME.TXT",
        "ө" * 255,
        f"{'ж' * 250}.docx",
        "=1+1.csv",
        "\u202egnp.exe",
        " . ",
        "e\u0301.txt",
        "<script>.html",
        "*?.txt",
        "😀.txt",
    ]
    for number, name in enumerate(names):
        add_evidence(app, cast.ben, cast.case.id, name, str(number).encode())

    bag = get_bag(browse(cast.ann), cast.ann, bag_scene.url(cast))

    files = [path.split("/", 2)[2] for path in bag.payload if path.startswith("data/evidence/")]
    assert len({name.casefold() for name in files}) == len(names) + 1
    assert not any("%" in name or "/" in name for name in files)
    assert any(name.endswith("😀.txt") for name in files)
    assert any(name.endswith("ж.docx") for name in files)
    assert ",'=1+1.csv," in bag.text("data/custody/evidence.csv")


def test_a_bag_taken_out_of_the_list_or_changed_in_it_is_noticed(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    ann, where = browse(cast.ann), bag_scene.url(cast)
    for reason in ("First", "Second"):
        get_bag(ann, cast.ann, where, reason=reason)
    rows: list[Any] = read(app, EvidenceBag.__table__.select().order_by(EvidenceBag.number))
    assert len(rows) == 2
    with writing(app) as session:
        first, second = session.query(EvidenceBag).order_by(EvidenceBag.number)
        assert WHY.encode() not in first.record
        first.record = copied(second)["record"]
    assert "[damaged record]" in ann.get(where).main
    with writing(app) as session:
        session.execute(delete(EvidenceBag).where(EvidenceBag.number == 1))

    assert "tells of 1 bag that is missing" in ann.get(where).warnings()


def test_nothing_of_a_bag_is_ever_on_a_disk(
    app: Flask, browse: Browse, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    for name in ("TemporaryFile", "NamedTemporaryFile", "SpooledTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, lambda *a, **k: made.append((a, k)))
    before = set(Path(tempfile.gettempdir()).rglob("*"))

    get_bag(browse(cast.ann), cast.ann, bag_scene.url(cast))

    assert made == []
    assert set(Path(tempfile.gettempdir()).rglob("*")) == before
    instance = resources_of(app).settings.instance
    planted = (LEDGER[:40], WHY.encode())
    for path in instance.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(word in content for word in planted), path


@pytest.mark.slow
def test_memory_does_not_grow_with_the_files(app: Flask, browse: Browse, cast: Cast) -> None:
    import tracemalloc

    add_evidence(app, cast.ben, cast.case.id, "large.bin", bytes(60 * 1024 * 1024))
    bag = Download(browse(cast.ann), cast.ann, bag_scene.url(cast))
    tracemalloc.start()
    most = 0
    for block in bag._blocks:
        most = max(most, len(block))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < 2 * 1024 * 1024
    assert peak < 16 * 1024 * 1024
