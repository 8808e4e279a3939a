from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefile.errors import DamagedError
from casefile.keys import NoteSigner, NoteVerifier

# The example of Go's golang.org/x/mod/sumdb/note, made by another implementation of the format.
PETER = NoteVerifier(
    "PeterNeumann", base64.b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")[1:]
)
PETERS_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
SIGNER = NoteSigner("casefile", bytes(range(32)))
NOTE = SIGNER.sign("casefile/x\n3\nroot\n")


def test_a_note_signed_by_another_implementation_is_opened() -> None:
    assert str(PETER) == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    assert PETER.open(PETERS_NOTE).startswith("If you think")


def test_a_note_comes_back_with_its_text() -> None:
    assert SIGNER.verifier.open(NOTE) == "casefile/x\n3\nroot\n"
    assert NOTE.endswith("\n")
    assert SIGNER.verifier.name.startswith("casefile/")


def test_other_signatures_beside_ours_are_passed_over() -> None:
    text, _, line = NOTE.rpartition("\n\n")
    other = NoteSigner("casefile", bytes(32)).sign(f"{text}\n").rpartition("\n\n")[2]

    assert SIGNER.verifier.open(f"{text}\n\n{other}— nonsense\n— a b c\n{line}") == f"{text}\n"


def test_a_bad_signature_in_our_name_hides_no_good_one() -> None:
    text, _, line = NOTE.rpartition("\n\n")
    name, raw = line.split()[1], bytearray(base64.b64decode(line.split()[2]))
    raw[-1] ^= 1
    bad = f"— {name} {base64.b64encode(raw).decode()}\n"

    assert SIGNER.verifier.open(f"{text}\n\n{bad}{line}") == f"{text}\n"


def test_a_text_with_an_empty_line_in_it_is_read_to_the_last_one() -> None:
    note = SIGNER.sign("first\n\nsecond\n")

    assert SIGNER.verifier.open(note) == "first\n\nsecond\n"


@given(st.integers(min_value=0, max_value=len(NOTE.encode()) - 2), st.integers(1, 255))
def test_a_note_with_any_byte_changed_is_refused(place: int, change: int) -> None:
    raw = bytearray(NOTE.encode())
    raw[place] ^= change

    with pytest.raises(DamagedError):
        SIGNER.verifier.open(raw.decode(errors="replace"))


@pytest.mark.parametrize("note", ["", "\n", "\n\n", NOTE.partition("\n\n")[0], "a\n\n— b c\n"])
def test_what_carries_no_signature_is_refused(note: str) -> None:
    with pytest.raises(DamagedError, match=r"^A checkpoint does not carry the signature"):
        SIGNER.verifier.open(note)


def test_another_key_of_the_same_name_is_refused() -> None:
    other = NoteVerifier(SIGNER.verifier.name, NoteSigner("x", bytes(32)).verifier.public)

    with pytest.raises(DamagedError):
        other.open(NOTE)


@pytest.mark.parametrize("text", ["no line break", "two\n\n", ""])
def test_a_text_that_could_be_read_in_two_ways_is_not_signed(text: str) -> None:
    with pytest.raises(ValueError, match=r"^A note ends with one line break\.$"):
        SIGNER.sign(text)
