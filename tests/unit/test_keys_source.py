from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefile import keys
from casefile.errors import DamagedError

CASE, SOURCE, USER = (UUID(int=number) for number in (1, 2, 3))
ANN, BEN = keys.Bundle.create(None), keys.Bundle.create(None)


def key(generation: int = 1, source_id: UUID = SOURCE) -> keys.SourceKey:
    return keys.SourceKey(source_id, generation, keys.random_key())


def opened(sealed: bytes, signature: bytes, **other: object) -> keys.SourceKey:
    given = {"source_id": SOURCE, "user_id": USER, "generation": 1, **other}
    holder = given.pop("holder", BEN)
    granters = given.pop("granters", [ANN.public])
    return keys.open_source_grant(
        holder,  # type: ignore[arg-type]
        granters,  # type: ignore[arg-type]
        sealed=sealed,
        signature=signature,
        **given,  # type: ignore[arg-type]
    )


def test_a_grant_opens_for_whom_it_is_and_from_whom_it_comes() -> None:
    one = key()
    sealed, signature = keys.issue_source_grant(ANN, BEN.public, user_id=USER, key=one)

    assert opened(sealed, signature) == one
    assert opened(sealed, signature, granters=[BEN.public, ANN.public]) == one


@pytest.mark.parametrize(
    "other",
    [
        {"holder": ANN},
        {"granters": [BEN.public]},
        {"granters": []},
        {"source_id": UUID(int=9)},
        {"user_id": UUID(int=9)},
        {"generation": 2},
    ],
)
def test_a_grant_opens_nowhere_else(other: dict[str, object]) -> None:
    sealed, signature = keys.issue_source_grant(ANN, BEN.public, user_id=USER, key=key())

    with pytest.raises(DamagedError):
        opened(sealed, signature, **other)


def test_a_source_grant_is_no_case_grant_nor_the_other_way_round() -> None:
    one = key()
    sealed, signature = keys.issue_source_grant(ANN, BEN.public, user_id=USER, key=one)
    with pytest.raises(DamagedError):
        keys.open_grant(
            BEN,
            ANN.public,
            case_id=SOURCE,
            user_id=USER,
            generation=1,
            sealed=sealed,
            signature=signature,
        )

    sealed, signature = keys.issue_grant(
        ANN, BEN.public, case_id=SOURCE, user_id=USER, generation=1, case_key=one.secret
    )
    with pytest.raises(DamagedError):
        opened(sealed, signature)


@given(st.binary(max_size=200), st.integers(0, 400))
def test_a_field_opens_at_its_place_and_unchanged_only(plain: bytes, place: int) -> None:
    one = key()
    row = uuid4()
    sealed = one.seal(plain, "source_identity", row, "record", 3)

    assert one.open(sealed, "source_identity", row, "record", 3) == plain
    changed = bytearray(sealed)
    changed[place % len(sealed)] ^= 1
    for wrong in (
        lambda: one.open(bytes(changed), "source_identity", row, "record", 3),
        lambda: one.open(sealed, "source_contact", row, "record", 3),
        lambda: one.open(sealed, "source_identity", uuid4(), "record", 3),
        lambda: one.open(sealed, "source_identity", row, "other", 3),
        lambda: one.open(sealed, "source_identity", row, "record", 2),
        lambda: keys.SourceKey(SOURCE, 2, one.secret).open(
            sealed, "source_identity", row, "record", 3
        ),
        lambda: keys.SourceKey(CASE, 1, one.secret).open(
            sealed, "source_identity", row, "record", 3
        ),
    ):
        with pytest.raises(DamagedError):
            wrong()


def test_a_generation_proves_the_one_before_it() -> None:
    first, second, other = key(1), key(2), key(2)

    assert second.follows(first, second.after(first))
    assert not other.follows(first, second.after(first))
    assert not second.follows(key(1), second.after(first))
    assert not second.follows(first, "")


def test_the_first_key_is_signed_for_its_case_and_source() -> None:
    first = key()
    signature = ANN.sign(keys.origin_statement(CASE, first))

    keys.check_origin([BEN.public, ANN.public], signature, CASE, first)
    for adders, case, one in (
        ([BEN.public], CASE, first),
        ([ANN.public], UUID(int=8), first),
        ([ANN.public], CASE, key()),
        ([ANN.public], CASE, keys.SourceKey(UUID(int=8), 1, first.secret)),
    ):
        with pytest.raises(DamagedError):
            keys.check_origin(adders, signature, case, one)


def test_a_key_has_32_bytes_and_shows_none_of_them() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        keys.SourceKey(SOURCE, 1, b"short")
    one = key()
    assert one.secret.hex() not in repr(one)
    assert repr(one.secret) not in repr(one)
