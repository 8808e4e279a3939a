from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
LOCKS = ["requirements.txt", "requirements-build.txt", "requirements-dev.txt"]
PINNED = re.compile(r"[A-Za-z0-9][\w.\-]*(\[[\w,\-]+\])?==[\w.!+]+( ; .+)?( \\)?")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")


@pytest.mark.parametrize("name", LOCKS)
def test_everything_is_pinned_with_hashes_and_no_host_is_named(name: str) -> None:
    lines = [line for line in (ROOT / name).read_text().splitlines() if line.strip()]
    hashed = 0
    for line in lines:
        assert "://" not in line, line
        assert not line.startswith(("-", "#")), line
        if line.startswith(" "):
            assert HASH.fullmatch(line), line
            hashed += 1
        else:
            assert PINNED.fullmatch(line), line
    assert hashed > len(lines) / 2


def test_the_lock_holds_every_dependency_of_the_program() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {re.split(r"[=<>!~\[ ]", need)[0].lower() for need in project["dependencies"]}
    pinned = {
        re.split(r"==|\[", line)[0].lower()
        for line in (ROOT / "requirements.txt").read_text().splitlines()
        if line and not line.startswith(" ")
    }

    assert wanted <= pinned, wanted - pinned


def test_no_dependency_is_of_a_licence_or_kind_that_was_ruled_out() -> None:
    ruled_out = {"pymupdf", "extract-msg", "kreuzberg", "flask-session", "flask-talisman", "pygal"}
    for name in LOCKS:
        text = (ROOT / name).read_text().lower()
        assert not {word for word in ruled_out if re.search(rf"^{word}==", text, re.MULTILINE)}
