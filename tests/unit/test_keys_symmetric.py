import hmac
import json
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefile.errors import DamagedError
from casefile.keys import (
    authenticate,
    derive,
    digest,
    packed,
    random_key,
    same,
    unwrap,
    wrap,
)
from casefile.keys.symmetric import cipher

VECTORS = Path(__file__).parents[1] / "vectors"
AES_GCM = json.loads((VECTORS / "aes_gcm.json").read_text())["tests"]
KEY = bytes(range(32))

parts = st.lists(
    st.one_of(st.binary(max_size=8), st.text(max_size=4), st.integers(0, 2**64 - 1), st.uuids()),
    max_size=4,
)


def _as_bytes(part: bytes | str | int | UUID) -> bytes:
    if isinstance(part, UUID):
        return part.bytes
    if isinstance(part, int):
        return part.to_bytes(8, "big")
    return part.encode() if isinstance(part, str) else part


@given(parts, parts)
def test_two_lists_of_parts_pack_alike_only_when_they_are_alike(
    first: list[bytes | str | int | UUID], second: list[bytes | str | int | UUID]
) -> None:
    alike = [_as_bytes(part) for part in first] == [_as_bytes(part) for part in second]

    assert (packed(*first) == packed(*second)) is alike


def test_moving_a_byte_from_one_part_to_the_next_changes_what_is_packed() -> None:
    assert packed(b"ab", b"c") != packed(b"a", b"bc")
    assert packed(b"abc") != packed(b"abc", b"")


@pytest.mark.parametrize("number", [-1, 2**64])
def test_a_number_that_does_not_fit_is_refused_and_never_cut(number: int) -> None:
    with pytest.raises(OverflowError):
        packed(number)


def test_deriving_is_hkdf_expand_as_rfc_5869_writes_it() -> None:
    first_block = hmac.digest(KEY, packed("audit", b"x", 7) + b"\x01", "sha256")

    assert derive(KEY, "audit", b"x", 7) == first_block


@given(st.text(max_size=8), st.text(max_size=8))
def test_another_label_gives_another_key(first: str, second: str) -> None:
    assert (derive(KEY, first) == derive(KEY, second)) is (first == second)


def test_a_short_key_is_not_derived_from() -> None:
    with pytest.raises(ValueError, match=r"^A key to derive from needs at least 32 bytes\.$"):
        derive(bytes(31), "label")


@given(st.binary(max_size=300), parts)
def test_what_was_wrapped_opens_in_its_place(
    plaintext: bytes, place: list[bytes | str | int | UUID]
) -> None:
    sealed = wrap(KEY, plaintext, *place)

    assert len(sealed) == len(plaintext) + 29
    assert unwrap(KEY, sealed, *place) == plaintext


def test_wrapping_twice_gives_different_bytes() -> None:
    assert wrap(KEY, b"same") != wrap(KEY, b"same")


def test_a_changed_byte_anywhere_is_refused() -> None:
    sealed = wrap(KEY, b"A name", "note", 1)
    for at in range(len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1

        with pytest.raises(DamagedError, match=r"^Something stored here"):
            unwrap(KEY, bytes(changed), "note", 1)


def test_a_cut_or_lengthened_piece_is_refused() -> None:
    sealed = wrap(KEY, b"A name")
    for wrong in [sealed[:cut] for cut in range(len(sealed))] + [sealed + b"\0"]:
        with pytest.raises(DamagedError, match=r"^Something stored here"):
            unwrap(KEY, wrong)


def test_another_place_or_key_is_refused() -> None:
    sealed = wrap(KEY, b"A name", "note", "body")

    with pytest.raises(DamagedError):
        unwrap(KEY, sealed, "note", "title")
    with pytest.raises(DamagedError):
        unwrap(KEY, sealed, "notebody")
    with pytest.raises(DamagedError):
        unwrap(random_key(), sealed, "note", "body")


@pytest.mark.parametrize("length", [0, 16, 24, 31, 33])
def test_only_a_256_bit_key_seals(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        wrap(bytes(length), b"")


@pytest.mark.parametrize("vector", AES_GCM, ids=lambda vector: f"wycheproof-{vector['tcId']}")
def test_unwrapping_agrees_with_wycheproof(vector: dict[str, str]) -> None:
    key, nonce, associated, message, ciphertext, tag = (
        bytes.fromhex(vector[name]) for name in ("key", "iv", "aad", "msg", "ct", "tag")
    )
    if associated:
        assert cipher(key).decrypt(nonce, ciphertext + tag, associated) == message
    elif vector["result"] == "valid":
        assert unwrap(key, b"\x01" + nonce + ciphertext + tag) == message
    else:
        with pytest.raises(DamagedError):
            unwrap(key, b"\x01" + nonce + ciphertext + tag)


def test_digest_and_authenticate_are_sha_256_and_its_hmac() -> None:
    # FIPS 180-4 example "abc"; RFC 4231, test case 2.
    assert digest(b"abc").hex() == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
    assert authenticate(b"Jefe", b"what do ya want for nothing?").hex() == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


def test_same_compares() -> None:
    assert same(b"abc", b"abc")
    assert not same(b"abc", b"abd")
    assert not same(b"abc", b"ab")


def test_random_keys_differ() -> None:
    assert len({random_key() for _ in range(100)}) == 100
    assert len(random_key()) == 32
