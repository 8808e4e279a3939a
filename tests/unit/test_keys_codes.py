from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefile import keys

RFC_SECRET = b"12345678901234567890"
# RFC 6238, appendix B, the column of SHA-1, last six of its eight digits.
RFC_CODES = [
    (59, "287082"),
    (1_111_111_109, "081804"),
    (1_111_111_111, "050471"),
    (1_234_567_890, "005924"),
    (2_000_000_000, "279037"),
    (20_000_000_000, "353130"),
]
NOW = 1_111_111_109


@pytest.mark.parametrize(("seconds", "code"), RFC_CODES)
def test_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    assert keys.app_code(RFC_SECRET, seconds // 30) == code
    assert keys.app_step(RFC_SECRET, code, seconds) == seconds // 30


@pytest.mark.parametrize(
    ("steps", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_a_code_is_taken_one_step_to_either_side(steps: int, taken: bool) -> None:  # noqa: FBT001
    step = NOW // 30 + steps

    found = keys.app_step(RFC_SECRET, keys.app_code(RFC_SECRET, step), NOW)

    assert found == (step if taken else None)


@given(st.integers(0, 10**6 - 1), st.integers(0, 10**10))
def test_no_other_code_is_taken(number: int, seconds: int) -> None:
    code = f"{number:06}"
    step = keys.app_step(RFC_SECRET, code, seconds)

    if step is None:
        near = {keys.app_code(RFC_SECRET, max(0, seconds // 30 + by)) for by in (-1, 0, 1)}
        assert code not in near
    else:
        assert keys.app_code(RFC_SECRET, step) == code


def test_secrets_are_new_each_time_and_written_as_apps_read_them() -> None:
    first, second = keys.app_secret(), keys.app_secret()

    assert first != second
    assert len(first) == 20
    assert re.fullmatch(r"[A-Z2-7]{32}", keys.app_secret_text(first))
    address = keys.app_address(first, account="ann b", issuer="Casefile")
    assert address.startswith("otpauth://totp/Casefile:ann%20b?")
    assert f"secret={keys.app_secret_text(first)}" in address
    assert "digits=6" in address
    assert "period=30" in address


def test_codes_on_paper_have_no_letters_that_look_alike() -> None:
    codes = {keys.paper_code() for _ in range(200)}

    assert len(codes) == 200
    for code in codes:
        assert re.fullmatch(r"[2-9a-hjkmnp-z]{10}", code)


def test_a_persons_own_keys_are_theirs_and_one_for_each_purpose() -> None:
    ann, ben = keys.Bundle.create(None), keys.Bundle.create(None)

    made = {ann.derive("a"), ann.derive("b"), ben.derive("a")}

    assert len(made) == 3
    assert keys.Bundle.from_bytes(ann.to_bytes()).derive("a") in made
