from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import casefile
from casefile.errors import DamagedError
from casefile.sandbox import EXTRACTABLE, ExtractionError, Limits, Reason, extract
from casefile.sandbox.extraction import converse
from casefile.sandbox.reader.output import PART_CHARACTERS
from tests.processes import children, gone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

SHORT = Limits(seconds=20)
FRAMES = "import sys; sys.path.insert(0, sys.argv[1]); from casefile.sandbox.frames import *\n"
SEND = "import os\ndef send(*a): os.write(1, frame(*a))\nsend(READY)\n"
PACKAGE_PARENT = Path(casefile.__file__).parents[1]


def child_says(code: str, blocks: Iterable[bytes] = (b"x",), limits: Limits = SHORT) -> list[str]:
    """Lets other code play the child's part."""
    script = FRAMES + SEND + code
    return converse([sys.executable, "-c", script, str(PACKAGE_PARENT)], blocks, limits)


def refusal(act: Callable[[], object]) -> Reason:
    before, threads = children(), threading.active_count()
    with pytest.raises(ExtractionError) as caught:
        act()
    assert children() <= before
    assert threading.active_count() == threads
    assert caught.value.message == str(caught.value.reason)
    return caught.value.reason


def test_a_note_comes_back_as_it_was() -> None:
    assert extract("text/plain", ["Отчёт\r\n".encode(), "о закупках".encode()]) == [
        "Отчёт\nо закупках"
    ]


def test_a_character_may_be_cut_between_two_blocks() -> None:
    content = "Өкмөт".encode()

    assert extract("text/csv", [content[:1], b"", content[1:]]) == ["Өкмөт"]


def test_an_empty_file_is_one_empty_page() -> None:
    assert extract("text/plain", []) == [""]


def test_signs_that_are_not_text_are_left_out() -> None:
    assert extract("text/plain", ["a\0b\x1b[31m\ufeff со\xadюз\x07".encode()]) == ["ab[31m союз"]


def test_a_long_text_comes_in_parts_that_end_between_paragraphs() -> None:
    paragraph = "Сумма договора составила 14 млн сомов. " * 20 + "\n\n"
    text = paragraph * 100

    pages = extract("text/plain", [text.encode()])

    assert len(pages) > 1
    assert all(len(page) <= PART_CHARACTERS and page.endswith("сомов.") for page in pages)
    assert " ".join(pages).split() == text.split()


def test_a_line_without_end_is_cut_rather_than_lost() -> None:
    pages = extract("text/plain", [b"a" * 50_000])

    assert "".join(pages) == "a" * 50_000
    assert len(pages) == 3


def test_a_kind_without_a_reader_is_refused_before_anything_starts() -> None:
    blocks = iter([b"x"])

    assert refusal(lambda: extract("image/png", blocks)) is Reason.UNREADABLE_KIND
    assert next(blocks) == b"x"
    assert "image/png" not in EXTRACTABLE


def test_a_file_above_the_limit_is_not_read_to_its_end() -> None:
    given = []

    def blocks() -> Iterator[bytes]:
        for _ in range(1000):
            given.append(1)
            yield b"x" * 1000

    limits = Limits(input_bytes=5000)

    assert refusal(lambda: extract("text/plain", blocks(), limits=limits)) is Reason.TOO_LARGE
    assert len(given) == 6


def test_too_much_text_is_refused() -> None:
    limits = Limits(characters=1000)

    assert extract("text/plain", [b"x" * 1000], limits=limits) == ["x" * 1000]
    assert (
        refusal(lambda: extract("text/plain", [b"x" * 1001], limits=limits)) is Reason.TOO_MUCH_TEXT
    )


def test_too_many_parts_are_refused() -> None:
    limits = Limits(pages=2)

    assert (
        refusal(lambda: extract("text/plain", [b"x" * 90_000], limits=limits))
        is Reason.TOO_MANY_PAGES
    )


def test_a_file_that_needs_too_much_memory_is_refused() -> None:
    limits = Limits(memory_bytes=150 << 20)
    blocks = [b"<p>" + b"x" * (1 << 20)] * 150

    assert refusal(lambda: extract("text/html", blocks, limits=limits)) is Reason.TOO_MUCH_MEMORY


@pytest.mark.slow
def test_a_file_that_takes_too_much_work_is_refused() -> None:
    limits = Limits(cpu_seconds=1, seconds=20)
    blocks = [b"<b>" * 300_000] * 60

    assert refusal(lambda: extract("text/html", blocks, limits=limits)) is Reason.TOO_SLOW


def test_a_large_file_goes_through_without_either_side_waiting_for_the_other() -> None:
    line = "2021-03-12 нет связи с сервером\n".encode()

    pages = extract("text/plain", (line * 1000 for _ in range(100)), limits=SHORT)

    assert sum(page.count("сервером") for page in pages) == 100_000


def test_damage_found_while_reading_ends_it_and_reaches_the_caller() -> None:
    def blocks() -> Iterator[bytes]:
        yield b"the first block was fine"
        raise DamagedError("second block")  # noqa: TRY003

    before, threads = children(), threading.active_count()

    with pytest.raises(DamagedError, match="second block"):
        extract("text/plain", blocks())

    assert children() <= before
    assert threading.active_count() == threads


@pytest.mark.slow
def test_waiting_for_the_files_bytes_is_not_counted_as_reading() -> None:
    def blocks() -> Iterator[bytes]:
        time.sleep(1.2)
        yield b"slow disk"

    assert extract("text/plain", blocks(), limits=Limits(seconds=1)) == ["slow disk"]


@pytest.mark.slow
def test_a_child_that_keeps_silent_is_killed_in_time() -> None:
    started = time.monotonic()
    limits = Limits(seconds=1)

    assert refusal(lambda: child_says("import time; time.sleep(60)", limits=limits)) is (
        Reason.TOO_SLOW
    )
    assert time.monotonic() - started < 10


@pytest.mark.slow
def test_a_child_that_closes_its_mouth_but_lives_on_is_killed_in_time() -> None:
    code = "os.close(1); import time; time.sleep(60)"

    assert refusal(lambda: child_says(code, limits=Limits(seconds=1))) is Reason.TOO_SLOW


@pytest.mark.slow
def test_what_the_child_started_is_killed_with_it(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    code = (
        "import time, pathlib\n"
        f"if not os.fork(): pathlib.Path({str(note)!r}).write_text(str(os.getpid()))\n"
        "time.sleep(60)\n"
    )

    assert refusal(lambda: child_says(code, limits=Limits(seconds=1))) is Reason.TOO_SLOW
    assert gone(Path(f"/proc/{note.read_text()}"))


@pytest.mark.slow
def test_a_child_that_never_reads_its_input_does_not_block_us() -> None:
    code = "import time; time.sleep(60)"
    blocks = [b"x" * (1 << 20)] * 8

    assert refusal(lambda: child_says(code, blocks, Limits(seconds=1))) is Reason.TOO_SLOW


@pytest.mark.parametrize(
    "code",
    [
        "os.kill(os.getpid(), 11)",
        "os.abort()",
        "os._exit(3)",
        "os._exit(0)",
        "print('Hello, world', flush=True)",
        "while True: os.write(1, b'P' * 65536)",
        "while True: send(PAGE, b'')",
        "send(PAGE, b'x' * (1 << 20))",
        "send(PAGE, b'a half'); os.write(1, b'P'); os._exit(0)",
        "send(PAGE, b'one'); send(DONE, COUNT.pack(2))",
        "send(DONE, COUNT.pack(0)); os._exit(1)",
        "send(FAILED, b'because I say so')",
        "os.read(0, 10); os.close(0); os._exit(0)",
    ],
)
def test_a_child_that_crashes_or_talks_nonsense_is_a_failed_file_and_no_more(code: str) -> None:
    limits = Limits(seconds=20, characters=10_000, pages=100)

    assert refusal(lambda: child_says(code, [b"x" * (1 << 20)] * 4, limits)) is Reason.CRASHED


def test_a_child_stopped_for_using_up_its_time_is_said_to_be_slow() -> None:
    code = "os.kill(os.getpid(), 24)"

    assert refusal(lambda: child_says(code)) is Reason.TOO_SLOW


def test_a_child_may_answer_before_it_has_read_everything() -> None:
    code = "send(PAGE, b'enough'); send(DONE, COUNT.pack(1)); os._exit(0)"

    assert child_says(code, (b"x" * (1 << 20) for _ in range(50))) == ["enough"]


def test_a_reader_that_cannot_start_is_not_blamed_on_the_file() -> None:
    missing = ["/does/not/exist"]
    broken = [sys.executable, "-c", "import no_such_module"]

    assert refusal(lambda: converse(missing, [b"x"], SHORT)) is Reason.NOT_STARTED
    assert refusal(lambda: converse(broken, [b"x"], SHORT)) is Reason.NOT_STARTED
