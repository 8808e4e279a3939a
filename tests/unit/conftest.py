from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from casefile.index import Index
from tests.index_scene import Scene

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def index(folder: Path) -> Iterator[Index]:
    opened = Index(folder)
    yield opened
    opened.close()


@pytest.fixture
def scene() -> Scene:
    return Scene()
