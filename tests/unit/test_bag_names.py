from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefile.bags.names import safe
from casefile.bags.packing import Bag
from tests.bag_scene import is_safe, read_bag

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.slow
@given(st.text(max_size=300))
def test_whatever_a_file_was_called_itis_safe_in_a_bag(name: str) -> None:
    found = safe("E-12", name)

    assert is_safe(found)
    assert "/" not in found
    assert "%" not in found
    assert found.split(" ")[0] == "E-12"
    assert len(found.splitlines()) == 1


def test_the_ending_of_a_long_name_stays() -> None:
    assert safe("E-1", f"{'ж' * 250}.docx").endswith("ж.docx")
    assert safe("E-1", f"a.{'b' * 250}").startswith("E-1 a.bbb")


def test_manifests_write_paths_as_rfc_8493_wants_them() -> None:
    bag = Bag("bag", NOON)
    made = b"".join(
        [
            *bag.payload("100%\r\n25%0A.txt", [b"a", b"b"]),
            *bag.tag("bag-info.txt", b"Payload-Oxum: 2.1\n"),
            *bag.finish(),
        ]
    )

    found = read_bag(made)
    assert found.files["data/100%\r\n25%0A.txt"] == b"ab"
    assert "  data/100%25%0D%0A25%250A.txt\n" in found.text("manifest-sha256.txt")
    assert found.wrong == ["data/100%\r\n25%0A.txt is no safe name"]
