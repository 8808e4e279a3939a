from uuid import UUID

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from casefile.errors import ConfigError, InvalidError
from casefile.keys import PasswordKeys, PasswordSettings, derive, password_keys

CHEAPEST = PasswordSettings(memory_kib=64 * 1024, iterations=1, lanes=4)
SALT = bytes(range(16))
PEPPER = bytes(range(32))
ANN = UUID(int=1)


def _keys(password: str, **changed: object) -> PasswordKeys:
    arguments = {"salt": SALT, "pepper": PEPPER, "user_id": ANN, "settings": CHEAPEST}
    return password_keys(password, **(arguments | changed))  # type: ignore[arg-type]


def test_the_keys_of_a_password_are_argon2id_then_hkdf() -> None:
    stretched = Argon2id(
        salt=SALT,
        length=32,
        iterations=1,
        lanes=4,
        memory_cost=64 * 1024,
        ad=ANN.bytes,
        secret=PEPPER,
    ).derive("Жылдыз".encode())
    root = HKDF.extract(SHA256(), bytes(32), stretched)

    keys = _keys("Жылдыз")

    assert keys == PasswordKeys(auth=derive(root, "auth"), kek=derive(root, "kek"))
    assert keys.auth != keys.kek


@pytest.mark.slow
def test_everything_that_goes_in_changes_the_keys() -> None:
    plain = _keys("correct horse")
    others = [
        _keys("correct horsf"),
        _keys("correct horse", salt=bytes(16)),
        _keys("correct horse", pepper=bytes(32)),
        _keys("correct horse", user_id=UUID(int=2)),
        _keys("correct horse", second_secret=b"x" * 32),
    ]

    assert len({plain, *others}) == 6


def test_a_password_typed_with_combining_marks_is_the_same_password() -> None:
    assert _keys("Ѐ\u0439") == _keys("\u0415\u0300\u0438\u0306")


def test_settings_below_64_mib_are_refused() -> None:
    with pytest.raises(ConfigError, match="65536 KiB"):
        PasswordSettings(memory_kib=64 * 1024 - 1)
    for too_few in ({"iterations": 0}, {"lanes": 0}, {"iterations": -1}):
        with pytest.raises(
            ConfigError, match=r"^Password checks need at least one iteration and one"
        ):
            PasswordSettings(**too_few)


def test_the_least_settings_are_allowed() -> None:
    least = PasswordSettings(memory_kib=64 * 1024, iterations=1, lanes=1)

    assert (least.memory_kib, least.iterations, least.lanes) == (65_536, 1, 1)


def test_a_short_salt_or_pepper_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"^A password needs a salt of at least 16 bytes and a pepper of 32.$"
    ):
        _keys("x", salt=bytes(15))
    with pytest.raises(ValueError, match="pepper"):
        _keys("x", pepper=bytes(31))


def test_a_password_that_cannot_be_written_is_refused_with_a_message() -> None:
    with pytest.raises(InvalidError, match=r"^This password holds .* Type it again\.$"):
        _keys("\ud800")


def test_keys_are_not_shown_when_printed() -> None:
    assert repr(PasswordKeys(b"a" * 32, b"k" * 32)) == "PasswordKeys()"


def test_argon2id_agrees_with_rfc_9106() -> None:
    # Section 5.3.
    tag = Argon2id(
        salt=b"\x02" * 16,
        length=32,
        iterations=3,
        lanes=4,
        memory_cost=32,
        ad=b"\x04" * 12,
        secret=b"\x03" * 8,
    ).derive(b"\x01" * 32)

    assert tag.hex() == "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"


def test_hkdf_agrees_with_rfc_5869() -> None:
    # Appendix A.1.
    extracted = HKDF.extract(SHA256(), bytes(range(13)), b"\x0b" * 22)

    assert extracted.hex() == "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"
    assert HKDFExpand(SHA256(), 42, bytes(range(0xF0, 0xFA))).derive(extracted).hex() == (
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    )
