import json
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from casefile.errors import DamagedError
from casefile.keys import Bundle, Certificate, PublicKeys, certify, check_chain

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "ed25519.json").read_text())

FOUNDER_ID, ANN_ID, BEN_ID = (UUID(int=number) for number in (1, 2, 3))
FOUNDER = Bundle.create(None)
ANN = Bundle.create(FOUNDER.anchor)
BEN = Bundle.create(FOUNDER.anchor)

FOUNDERS = certify(
    FOUNDER, issuer_id=FOUNDER_ID, user_id=FOUNDER_ID, public=FOUNDER.public, may_certify=True
)
ANNS = certify(FOUNDER, issuer_id=FOUNDER_ID, user_id=ANN_ID, public=ANN.public, may_certify=True)
BENS = certify(ANN, issuer_id=ANN_ID, user_id=BEN_ID, public=BEN.public)


def test_a_bundle_comes_back_from_its_bytes() -> None:
    again = Bundle.from_bytes(BEN.to_bytes())

    assert len(BEN.to_bytes()) == 160
    assert again.public == BEN.public
    assert again.anchor == FOUNDER.public.signing
    assert again.open(BEN.public.seal(b"secret", b"info"), b"info") == b"secret"
    BEN.public.verify(again.sign(b"message"), b"message")


def test_a_founder_trusts_their_own_key() -> None:
    assert FOUNDER.anchor == FOUNDER.public.signing


@pytest.mark.parametrize("raw", [b"", bytes(159), bytes(161)])
def test_a_bundle_of_another_length_is_refused(raw: bytes) -> None:
    with pytest.raises(DamagedError, match="recovery code"):
        Bundle.from_bytes(raw)


def test_an_anchor_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^An anchor is an Ed25519 public key of 32 bytes\.$"):
        Bundle.create(b"short")


def test_a_key_for_oneself_follows_from_the_private_keys_and_its_purpose_alone() -> None:
    own = BEN.derive("purpose", BEN_ID)

    assert Bundle.from_bytes(BEN.to_bytes()).derive("purpose", BEN_ID) == own
    other_anchor = Bundle.from_bytes(BEN.to_bytes()[:128] + bytes(32))
    assert other_anchor.derive("purpose", BEN_ID) == own
    others = {ANN.derive("purpose", BEN_ID), BEN.derive("another", BEN_ID), BEN.derive("purpose")}
    assert len(others | {own}) == 4
    for place in (0, 64, 96):
        changed = bytearray(BEN.to_bytes())
        changed[place + 1] ^= 1
        assert Bundle.from_bytes(bytes(changed)).derive("purpose", BEN_ID) != own


def test_private_keys_are_not_shown_when_printed() -> None:
    assert ANN.to_bytes()[:8].hex() not in repr(ANN)


def test_public_keys_come_back_from_their_bytes() -> None:
    again = PublicKeys.from_bytes(ANN.public.to_bytes())

    assert len(ANN.public.to_bytes()) == 1248
    assert again == ANN.public
    assert again.fingerprint() == ANN.public.fingerprint()
    assert len(again.fingerprint()) == 32


def test_fingerprints_tell_people_apart() -> None:
    mixed = PublicKeys(ANN.public.encryption, BEN.public.signing)

    assert len({keys.fingerprint() for keys in (ANN.public, BEN.public, mixed)}) == 3


@pytest.mark.parametrize(
    "raw", [b"", bytes(1247), bytes(1249), b"\xff" * 1248], ids=["empty", "short", "long", "wild"]
)
def test_bytes_that_are_no_public_keys_are_refused(raw: bytes) -> None:
    with pytest.raises(DamagedError, match="public keys"):
        PublicKeys.from_bytes(raw)


def test_only_the_person_it_was_sealed_for_opens_it() -> None:
    sealed = ANN.public.seal(b"secret", b"info")

    assert len(sealed) == len(b"secret") + 1136
    assert ANN.open(sealed, b"info") == b"secret"
    with pytest.raises(DamagedError, match="give you access again"):
        BEN.open(sealed, b"info")


def test_sealing_twice_gives_different_bytes() -> None:
    assert ANN.public.seal(b"x", b"") != ANN.public.seal(b"x", b"")


def test_other_info_is_refused() -> None:
    with pytest.raises(DamagedError):
        ANN.open(ANN.public.seal(b"secret", b"case 1"), b"case 2")


# In the ML-KEM ciphertext, the X25519 share, the sealed bytes and the tag.
@pytest.mark.parametrize("at", [0, 600, 1087, 1088, 1119, 1120, 1125, -16, -1])
def test_a_changed_byte_is_refused(at: int) -> None:
    changed = bytearray(ANN.public.seal(b"secret", b"info"))
    changed[at] ^= 1

    with pytest.raises(DamagedError):
        ANN.open(bytes(changed), b"info")


@pytest.mark.parametrize("length", [0, 1, 1088, 1119, 1120, 1135, 1141])
def test_a_cut_message_is_refused(length: int) -> None:
    with pytest.raises(DamagedError):
        ANN.open(ANN.public.seal(b"secret", b"info")[:length], b"info")


def test_a_signature_is_checked_for_person_and_message() -> None:
    signature = ANN.sign(b"message")

    ANN.public.verify(signature, b"message")
    with pytest.raises(DamagedError, match="signature"):
        ANN.public.verify(signature, b"massage")
    with pytest.raises(DamagedError, match="signature"):
        BEN.public.verify(signature, b"message")


@pytest.mark.parametrize("vector", VECTORS["tests"], ids=lambda each: f"wycheproof-{each['tcId']}")
def test_verifying_agrees_with_wycheproof(vector: dict[str, str]) -> None:
    public = PublicKeys(ANN.public.encryption, bytes.fromhex(VECTORS["pk"]))
    signature, message = bytes.fromhex(vector["sig"]), bytes.fromhex(vector["msg"])

    if vector["result"] == "valid":
        public.verify(signature, message)
    else:
        with pytest.raises(DamagedError):
            public.verify(signature, message)


def test_a_certificate_comes_back_from_its_bytes() -> None:
    for certificate in (FOUNDERS, ANNS, BENS):
        assert Certificate.from_bytes(certificate.to_bytes()) == certificate
    assert len(BENS.to_bytes()) == 1354


def test_a_certificate_that_is_cut_or_of_another_version_is_refused() -> None:
    raw = BENS.to_bytes()
    for wrong in (b"", raw[:-1], raw + b"\0", b"\x02" + raw[1:], raw[:41] + b"\x02" + raw[42:]):
        with pytest.raises(DamagedError, match=r"^A person's certificate is damaged"):
            Certificate.from_bytes(wrong)


def test_chains_that_lead_to_the_founder_are_believed() -> None:
    check_chain(FOUNDER.anchor, [FOUNDERS])
    check_chain(FOUNDER.anchor, [ANNS, FOUNDERS])
    check_chain(FOUNDER.anchor, [BENS, ANNS, FOUNDERS])


def test_an_issuer_who_may_not_certify_is_refused() -> None:
    anns = certify(FOUNDER, issuer_id=FOUNDER_ID, user_id=ANN_ID, public=ANN.public)

    with pytest.raises(DamagedError, match="founder"):
        check_chain(FOUNDER.anchor, [BENS, anns, FOUNDERS])


def test_a_founder_who_may_not_certify_is_refused() -> None:
    founders = certify(FOUNDER, issuer_id=FOUNDER_ID, user_id=FOUNDER_ID, public=FOUNDER.public)

    with pytest.raises(DamagedError):
        check_chain(FOUNDER.anchor, [ANNS, founders])


def test_another_founder_is_refused() -> None:
    with pytest.raises(DamagedError):
        check_chain(ANN.public.signing, [BENS, ANNS, FOUNDERS])
    with pytest.raises(DamagedError):
        check_chain(FOUNDER.anchor, [BENS, ANNS])


def test_a_whole_second_chain_does_not_help_an_intruder() -> None:
    intruder = Bundle.create(None)
    own = certify(
        intruder, issuer_id=FOUNDER_ID, user_id=FOUNDER_ID, public=intruder.public, may_certify=True
    )
    bens = certify(intruder, issuer_id=FOUNDER_ID, user_id=BEN_ID, public=intruder.public)

    for chain in ([bens, own], [bens, own, FOUNDERS], [bens, FOUNDERS]):
        with pytest.raises(DamagedError):
            check_chain(FOUNDER.anchor, chain)


@pytest.mark.parametrize(
    "changed",
    [
        replace(BENS, user_id=ANN_ID),
        replace(BENS, issuer_id=FOUNDER_ID),
        replace(BENS, public=ANN.public),
        replace(BENS, generation=2),
        replace(BENS, may_certify=True),
        replace(BENS, signature=bytes(64)),
        replace(BENS, signature=ANNS.signature),
    ],
    ids=["user", "issuer", "keys", "generation", "may-certify", "no-signature", "other-signature"],
)
def test_a_changed_certificate_is_refused(changed: Certificate) -> None:
    with pytest.raises(DamagedError):
        check_chain(FOUNDER.anchor, [changed, ANNS, FOUNDERS])


def test_a_chain_out_of_order_or_with_a_gap_is_refused() -> None:
    for chain in ([], [ANNS, BENS, FOUNDERS], [BENS, FOUNDERS], [FOUNDERS, ANNS, BENS]):
        with pytest.raises(DamagedError):
            check_chain(FOUNDER.anchor, chain)


def test_a_certificate_that_names_another_issuer_than_its_signer_is_refused() -> None:
    bens = certify(ANN, issuer_id=FOUNDER_ID, user_id=BEN_ID, public=BEN.public)

    with pytest.raises(DamagedError):
        check_chain(FOUNDER.anchor, [bens, ANNS, FOUNDERS])


def test_a_chain_without_end_is_refused() -> None:
    check_chain(FOUNDER.anchor, [FOUNDERS] * 64)
    for chain in ([FOUNDERS] * 65, []):
        with pytest.raises(DamagedError, match="cannot be traced back to the founder"):
            check_chain(FOUNDER.anchor, chain)
