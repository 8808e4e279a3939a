from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefile import keys

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "commitments.json").read_text())
COMMITTED = keys.Committed(UUID(int=1), 1, "00" * 32, 0)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["comment"])
def test_commitments_are_made_as_written_down(vector: dict[str, str]) -> None:
    told = json.loads(vector["canonical"])
    committed = keys.Committed(
        UUID(told["milestone"]), told["version"], told["sha256"], told["length"]
    )
    nonce = bytes.fromhex(vector["nonce"])

    assert committed.canonical() == vector["canonical"].encode()
    assert keys.make_commitment(nonce, committed).hex() == vector["commitment"]
    plain = hmac.new(nonce, vector["canonical"].encode(), hashlib.sha256).hexdigest()
    assert plain == vector["commitment"]
    assert keys.opens(bytes.fromhex(vector["commitment"]), nonce, committed)


@given(
    st.binary(min_size=32, max_size=32),
    st.uuids(),
    st.integers(1, 10**6),
    st.binary(min_size=32, max_size=32),
    st.integers(0, 2**50),
)
def test_a_commitment_opens_to_what_it_was_made_of_and_to_nothing_else(
    nonce: bytes, milestone: UUID, version: int, digest: bytes, length: int
) -> None:
    committed = keys.Committed(milestone, version, digest.hex(), length)
    made = keys.make_commitment(nonce, committed)
    others = [
        keys.Committed(UUID(int=milestone.int ^ 1), version, digest.hex(), length),
        keys.Committed(milestone, version + 1, digest.hex(), length),
        keys.Committed(milestone, version, bytes([digest[0] ^ 1, *digest[1:]]).hex(), length),
        keys.Committed(milestone, version, digest.hex(), length + 1),
    ]

    assert keys.opens(made, nonce, committed)
    assert not any(keys.opens(made, nonce, other) for other in others)
    assert not keys.opens(made, bytes([nonce[0] ^ 1, *nonce[1:]]), committed)


def test_a_short_nonce_and_a_strange_hash_are_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        keys.make_commitment(b"short", COMMITTED)
    assert not keys.opens(b"\0" * 32, b"short", COMMITTED)
    for sha256, length, version in (
        ("AB" * 32, 0, 1),
        ("ab", 0, 1),
        ("ab" * 32, -1, 1),
        ("ab" * 32, 0, 0),
    ):
        with pytest.raises(ValueError, match="SHA-256"):
            keys.Committed(UUID(int=1), version, sha256, length)
