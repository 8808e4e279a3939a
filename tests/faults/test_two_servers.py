from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest

from tests.real_server import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cast import Cast
    from tests.real_server import RealServer, Visitor

THREADS, NOTES = 8, 3


@pytest.mark.slow
def test_two_servers_save_side_by_side_and_lose_nothing(
    instance: Path,
    start: Callable[..., RealServer],
    ben: Callable[[RealServer], Visitor],
    cast: Cast,
) -> None:
    visitors = [ben(start()), ben(start())]
    for visitor in visitors:
        assert visitor.token
    saved: dict[str, str] = {}
    refused: list[int] = []

    def write(visitor: Visitor, writer: str) -> None:
        for number in range(NOTES):
            word = f"side{writer}y{number}"
            answer, _body = visitor.post(
                f"{cast.case.url}/notes/", title=f"Note {word}", body=f"It says {word}, sidelong."
            )
            if answer.status == 303:
                saved[word] = answer.headers["Location"]
            else:
                refused.append(answer.status)

    writers = [
        threading.Thread(target=write, args=(visitor, f"{side}x{number}"))
        for side, visitor in enumerate(visitors)
        for number in range(THREADS)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert refused == []
    assert len(saved) == 2 * THREADS * NOTES
    assert len(set(saved.values())) == len(saved)
    for visitor in visitors:
        _answer, body = visitor.get("/search?q=sidelong")
        assert f'data-total="{len(saved)}"'.encode() in body
        for word, where in list(saved.items())[::7]:
            assert f"It says {word}".encode() in visitor.get(where)[1]
    verified = run(instance, "audit", "verify", "--json")
    assert verified.returncode == 0
    assert json.loads(verified.stdout)["broken"] == []
    counted = run(
        instance,
        "database",
        "sql",
        "SELECT count(*) AS notes, count(DISTINCT number) AS numbers, "
        f"count(DISTINCT change_number) AS changes FROM note WHERE case_id = '{cast.case.id.hex}'",
    )
    (counts,) = json.loads(counted.stdout)
    assert set(counts.values()) == {len(saved) + 1}
