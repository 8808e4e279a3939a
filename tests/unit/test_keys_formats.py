"""What earlier versions sealed, signed and derived must be readable by every later one, byte for byte."""

from __future__ import annotations

import hashlib
from uuid import UUID

import pytest

from casefile import keys
from casefile.errors import DamagedError

SEED, OTHER_SEED = bytes(range(32)), bytes(range(32, 64))
WHO = UUID(int=7)
OFFLINE = keys.OfflineKey(SEED, bytes(32))
BUNDLE = OFFLINE.bundle(OTHER_SEED)


def test_a_derived_key_stays_the_same() -> None:
    assert keys.derive(SEED, "database").hex() == (
        "ea83f534c8751143da9ae5b9e3364e6dc925d8a84e687d5861ee890d7f119f85"
    )


def test_the_keys_of_a_password_stay_the_same() -> None:
    settings = keys.PasswordSettings(memory_kib=65_536, iterations=1, lanes=1)
    made = keys.password_keys(
        "correct horse", salt=bytes(16), pepper=SEED, user_id=WHO, settings=settings
    )

    assert made.auth.hex() == "85017c317a0c2602d6a05679296b2e3739c079e684ea4f1a73da0d1740a71360"
    assert made.kek.hex() == "00b78cfb8e279fed99c4dda8529ebaa6570fc01336c9d0728d6daa7a85973862"


def test_a_recovery_code_and_its_key_stay_the_same() -> None:
    secret = bytes(range(20))

    assert keys.write_code(secret) == "000G-40R4-0M30-E209-185G-R38E-1W81-24GK-063W"
    assert keys.code_key(secret, WHO).hex() == (
        "4a6a769beca92f46ee5e6eb74576c79f515af923199b93aec73efb580066df3b"
    )


def test_a_fingerprint_stays_the_same() -> None:
    assert BUNDLE.public.fingerprint().hex() == (
        "2488054cee4fb992922c8ccfdb464a33320433785f558bae93a5a20b1f0e89b9"
    )


def test_how_the_papers_know_the_founder_again_stays_the_same() -> None:
    assert OFFLINE.vouch(bytes(32)).hex() == (
        "559e0f2724a549245a38a9bc9b5f3e60c75595e62457192e0f923c1cfed6be6b"
    )


def test_a_certificate_stays_the_same() -> None:
    made = keys.certify(
        BUNDLE, issuer_id=UUID(int=1), user_id=WHO, public=BUNDLE.public, generation=258
    )
    raw = made.to_bytes()

    assert raw[:42].hex() == (
        "010000000000000000000000000000000700000000000000000000000000000001000000000000010200"
    )
    assert hashlib.sha256(raw).hexdigest() == (
        "70bfc14502804ff0be2f6b4569116db2cc5704ae10f45fc21395852ff5377dd4"
    )
    assert keys.Certificate.from_bytes(raw) == made
    assert made.issuer_id == UUID(int=1)
    huge = keys.certify(BUNDLE, issuer_id=WHO, user_id=WHO, public=BUNDLE.public, generation=2**63)
    assert keys.Certificate.from_bytes(huge.to_bytes()).generation == 2**63
    plain = keys.certify(BUNDLE, issuer_id=WHO, user_id=WHO, public=BUNDLE.public)
    assert (plain.generation, plain.may_certify) == (1, False)


def test_a_signed_note_stays_the_same() -> None:
    signer = keys.NoteSigner("casefile", SEED)

    assert signer.sign("casefile/x\n3\nroot\n") == (
        "casefile/x\n3\nroot\n\n"
        "— casefile/56475aa75463474c RTi/2Z9J3SNE5HWX1R6CT2yLRWOmCNRx1awqP3JxTRDfWaKXXNvF/djSORQ+hkacRkLtlEMiHThUit6P7TfN6yd5oQs=\n"
    )


def test_what_was_wrapped_before_is_unwrapped() -> None:
    sealed = bytes.fromhex("0176428ba8e6edaa268b19e78f5b64cf3e784371da646e789a583c7a9bbbb3045f56f6")

    assert keys.unwrap(SEED, sealed, "table", WHO, 3) == b"secret"


def test_a_field_that_was_sealed_before_is_opened_and_its_first_version_is_one() -> None:
    key = keys.CaseKey(WHO, 2, SEED)
    sealed = bytes.fromhex("01ff6f3375f9b641fd99da1756ff8eca7b4b31a51311618922453accfd28cbc5b0abe4")

    assert key.open(sealed, "note", UUID(int=9), "body") == b"secret"
    assert key.open(sealed, "note", UUID(int=9), "body", 1) == b"secret"
    with pytest.raises(DamagedError):
        key.open(sealed, "note", UUID(int=9), "body", 2)
    assert key.open(key.seal(b"x", "note", WHO, "body"), "note", WHO, "body", 1) == b"x"


def test_what_was_kept_for_oneself_is_opened_by_oneself_alone() -> None:
    sealed = bytes.fromhex("01fec9b0ad3b8b8747c3be0a2bc33960752701fcca3994d1f917b7bec148d9ff8f940f")

    assert BUNDLE.kept(sealed, "invitation", WHO) == b"secret"
    assert BUNDLE.kept(BUNDLE.keep(b"other", "link", WHO), "link", WHO) == b"other"
    for other, place in ((BUNDLE, "link"), (keys.Bundle.create(None), "invitation")):
        with pytest.raises(DamagedError):
            other.kept(sealed, place, WHO)
    with pytest.raises(DamagedError):
        BUNDLE.kept(sealed, "invitation", UUID(int=8))
