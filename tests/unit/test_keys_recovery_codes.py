from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefile import keys
from casefile.errors import InvalidError
from casefile.keys.recovery_codes import ALPHABET

SECRET = bytes(range(20))
CODE = keys.write_code(SECRET)


@given(st.binary(min_size=20, max_size=20))
def test_a_code_reads_back_as_what_it_stands_for(secret: bytes) -> None:
    code = keys.write_code(secret)

    assert keys.read_code(code) == secret
    assert len(code.replace("-", "")) == 36
    assert set(code) <= {*ALPHABET, "-"}


def test_every_code_is_another() -> None:
    assert len({keys.new_code() for _ in range(200)}) == 200


@pytest.mark.parametrize(
    "typed",
    [
        CODE.lower(),
        CODE.replace("-", ""),
        CODE.replace("-", " "),
        f"  {CODE}\n",
        CODE.replace("-", "–"),
        CODE.replace("0", "o").replace("1", "l"),
        CODE.replace("0", "O").replace("1", "I"),
    ],
)
def test_how_a_code_is_typed_does_not_matter(typed: str) -> None:
    assert keys.read_code(typed) == SECRET


def test_every_slip_of_one_letter_is_told_from_a_wrong_code() -> None:
    letters = CODE.replace("-", "")
    for place, right in enumerate(letters):
        for wrong in set(ALPHABET) - {right}:
            with pytest.raises(
                InvalidError,
                match=r"^There is a slip in this recovery code\. Compare it with your paper",
            ):
                keys.read_code(letters[:place] + wrong + letters[place + 1 :])


def test_neighbours_that_changed_places_are_noticed() -> None:
    letters = CODE.replace("-", "")
    for place in range(len(letters) - 1):
        swapped = letters[:place] + letters[place + 1] + letters[place] + letters[place + 2 :]
        if swapped != letters:
            with pytest.raises(InvalidError, match="slip"):
                keys.read_code(swapped)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", r"^Type the recovery code\.$"),
        (" - ", "Type the recovery code"),
        (
            CODE[:-1],
            r"^A recovery code has 9 groups of 4\. Some letters are missing or too many: compare",
        ),
        (CODE + "A", "too many"),
        (
            CODE[:-1] + "Ж",
            r"^A recovery code has only Latin letters and digits\. Remove everything else\.$",
        ),
        (CODE[:-1] + "!", "Latin letters"),
        ("\ud800" * 36, "Latin letters"),
    ],
)
def test_what_is_no_code_is_refused_with_what_to_do(typed: str, says: str) -> None:
    with pytest.raises(InvalidError, match=says):
        keys.read_code(typed)


def test_the_same_code_opens_another_thing_for_another_person() -> None:
    one, other = UUID(int=1), UUID(int=2)

    assert keys.code_key(SECRET, one) == keys.code_key(SECRET, one)
    assert keys.code_key(SECRET, one) != keys.code_key(SECRET, other)
    assert keys.code_key(SECRET, one) != keys.code_key(SECRET[::-1], one)


def test_the_last_group_is_compared_however_it_is_typed() -> None:
    assert keys.last_group(CODE) == CODE[-4:]
    assert keys.last_group(f" {CODE[-4:].lower()} ") == CODE[-4:]


@pytest.mark.parametrize("length", [0, 19, 21])
def test_only_twenty_bytes_are_written_as_a_code(length: int) -> None:
    with pytest.raises(ValueError, match=r"^A recovery code stands for exactly 20 bytes\.$"):
        keys.write_code(bytes(length))
