"""What the child process may still do when it sees the first byte, which is next to nothing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

import casefile
from casefile.sandbox import ExtractionError, Limits, Reason, extract, extraction
from casefile.sandbox.extraction import converse
from tests.processes import children, gone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Seen = TypeVar("Seen")
SHORT = Limits(seconds=20)
PACKAGE_PARENT = Path(casefile.__file__).parents[1]
CONFINED = (
    "import ctypes, os, sys; sys.path.insert(0, sys.argv[1])\n"
    "from casefile.sandbox import Limits, reader\n"
    "from casefile.sandbox.frames import *\n"
    "from casefile.sandbox.reader.confinement import confine\n"
    "def say(text): os.write(1, frame(READY) + frame(PAGE, text) + frame(DONE, COUNT.pack(1)))\n"
    "confine(Limits())\n"
)


def confined(code: str) -> list[str]:
    """Runs other code in a child that has given up its rights."""
    command = [sys.executable, "-c", CONFINED + code, str(PACKAGE_PARENT)]
    return converse(command, [b"x"], SHORT)


def bounds(process: Path) -> dict[str, list[str]]:
    lines = (process / "limits").read_text().splitlines()[1:]
    return {line[:26].strip(): line[26:].split()[:2] for line in lines}


def watched(media_type: str, look: Callable[[Path], Seen]) -> Seen:
    """Looks at the living child once it has given up its rights."""
    seen: list[Seen] = []
    before = children()

    def blocks() -> Iterator[bytes]:
        (pid,) = children() - before
        process = Path(f"/proc/{pid}")
        deadline = time.monotonic() + 10
        while bounds(process)["Max cpu time"] != ["7", "8"]:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        seen.append(look(process))
        yield b"x"

    extract(media_type, blocks(), limits=Limits(cpu_seconds=7))
    return seen[0]


def test_the_child_has_given_up_its_rights_before_the_first_byte() -> None:
    def look(process: Path) -> tuple[dict[str, list[str]], str, str]:
        return bounds(process), (process / "status").read_text(), (process / "stat").read_text()

    limits, status, stat = watched("text/plain", look)

    assert limits["Max cpu time"] == ["7", "8"]
    assert limits["Max file size"] == ["0", "0"]
    assert limits["Max core file size"] == ["0", "0"]
    assert limits["Max processes"] == ["0", "0"]
    assert limits["Max open files"] == ["32", "32"]
    assert limits["Max address space"] == [str(1 << 30)] * 2
    assert "NoNewPrivs:\t1" in status
    fields = stat.rpartition(")")[2].split()
    session, niceness = int(fields[3]), int(fields[16])
    assert session != os.getsid(0)
    assert niceness >= 10


def test_the_child_inherits_no_environment_no_folder_and_no_open_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid():
        pytest.skip("only root may look into a process that is not dumpable")
    monkeypatch.setenv("CASEFILE_PEPPER", "not for the child")

    def look(process: Path) -> tuple[bytes, bytes, str, list[str]]:
        handles = (process / "fd").iterdir()
        return (
            (process / "cmdline").read_bytes().split(b"\0")[1],
            (process / "environ").read_bytes(),
            str((process / "cwd").readlink()),
            [str(handle.readlink()) for handle in handles],
        )

    with (tmp_path / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)  # noqa: FBT003
        isolated, environment, folder, handles = watched("text/plain", look)

    assert isolated == b"-I"
    assert environment == b""
    assert folder == "/"
    assert {handle.partition(":")[0] for handle in handles} == {"pipe", "/dev/null"}


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("text/plain", "Отчёт о закупках".encode("cp1251")),
        ("text/plain", "Größe über alles – schöne Straße".encode("cp1252")),
        ("text/plain", "中华人民共和国国务院关于道路建设的合同".encode("gb18030")),
        ("text/html", "<meta charset=koi8-r><p>Отчёт".encode("koi8-r")),
        ("message/rfc822", b"Subject: =?koi8-r?B?xM/Hz9fP0g==?=\nContent-Type: text/html\n\n<p>"),
        ("message/rfc822", b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\neA=="),
        ("application/pdf", b"%PDF-1.4\ntrailer<</Root 1 0 R>>"),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", b"PK\x05\x06"),
    ],
)
def test_the_child_has_all_it_needs_before_the_first_byte(kind: str, content: bytes) -> None:
    watch = (
        "import sys\n"
        "def watch(event, arguments, seen=[]):\n"
        "    if event == 'resource.setrlimit': seen.append(event)\n"
        "    if seen and event in ('open', 'import', 'socket.connect', 'os.fork'):\n"
        "        __import__('os')._exit(1)\n"
        "sys.addaudithook(watch)\n"
    )
    command = [*extraction.command(kind, SHORT)]
    script = command.index("-c") + 1
    command[script] = watch + command[script]
    try:
        assert converse(command, [content], SHORT)
    except ExtractionError as error:
        assert error.reason is Reason.DAMAGED  # noqa: PT017


def test_the_memory_of_the_child_cannot_be_looked_at_by_its_like() -> None:
    get_dumpable = 3

    assert confined(f"say(b'%d' % ctypes.CDLL(None).prctl({get_dumpable}))") == ["0"]


def test_what_a_library_prints_does_not_reach_the_answer() -> None:
    code = (
        "answer = reader._private_stdout()\n"
        "print('noise', flush=True)\n"
        "os.dup2(answer, 1)\n"
        "say(b'clean')\n"
    )

    assert confined(code) == ["clean"]


def test_the_child_cannot_write_a_byte_to_any_disk(tmp_path: Path) -> None:
    code = (
        f"file = os.open({str(tmp_path / 'a')!r}, os.O_CREAT | os.O_WRONLY)\n"
        "try: os.write(file, b'x')\n"
        "except OSError as error: say(error.strerror.encode())\n"
    )

    assert confined(code) == ["File too large"]


def test_the_child_dies_with_its_parent_in_the_middle_of_its_work(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        f"import os, sys; sys.path.insert(0, {str(PACKAGE_PARENT)!r})\n"
        "from pathlib import Path\n"
        "from casefile.sandbox import extract\n"
        "def blocks():\n"
        "    for _ in range(200):\n"
        "        yield b'<b>' * 300_000\n"
        "    print(Path(f'/proc/self/task/{os.getpid()}/children').read_text(), flush=True)\n"
        "extract('text/html', blocks())\n"
    )
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        process = Path(f"/proc/{int(parent.stdout.readline())}")
        time.sleep(0.5)
        assert process.exists()
        parent.send_signal(signal.SIGKILL)

    assert gone(process)


def test_the_child_loads_the_package_that_runs_here_and_nothing_that_lies_beside_it(
    tmp_path: Path,
) -> None:
    elsewhere = tmp_path / "else where"
    shutil.copytree(PACKAGE_PARENT / "casefile", elsewhere / "casefile")
    (elsewhere / "lxml.py").write_text("raise SystemExit('a stranger was imported')\n")
    (elsewhere / "casefile/sandbox/reader/plain.py").write_text(
        "import atexit, os\n"
        "atexit.register(os._exit, 7)\n"
        "def extract(file, output):\n"
        "    print('noise', flush=True)\n"
        "    output.write('from elsewhere')\n"
    )
    code = (
        f"import sys; sys.path.insert(0, {str(elsewhere)!r})\n"
        "from casefile.sandbox import extract\n"
        "print(extract('text/plain', [b'x']), extract('text/html', [b'<p>y']))\n"
    )

    done = subprocess.run(
        [sys.executable, "-I", "-c", code], cwd="/", capture_output=True, check=True, text=True
    )

    assert done.stdout == "['from elsewhere'] ['y']\n"
