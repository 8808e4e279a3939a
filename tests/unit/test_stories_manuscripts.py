from __future__ import annotations

from datetime import UTC, datetime

import pytest

from casefile.stories import manuscripts
from casefile.stories.service import TextView

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("address", "leads"),
    [
        ("https://a.example/x", 1),
        ("mailto:desk@a.example", 1),
        ("ms-msdt:/id", 0),
        ("//share.example/x", 0),
        ("/cases/5b1c/notes/", 0),
    ],
)
def test_a_word_file_leads_only_to_pages_and_people_outside(address: str, leads: int) -> None:
    text = TextView(None, "en", "Title", f"See [this]({address}) now.", 1, "", NOW, 3)

    told = manuscripts.blocks(text, [], claims=True)

    runs = [run for block in told for run in block["runs"]]
    assert "".join(run["text"] for run in runs) == "TitleSee this now."
    assert {run["link"] for run in runs if run.get("link")} == ({address} if leads else set())
