from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from casefile import keys
from casefile.errors import ConfigError, DamagedError
from tests.authority import Authority

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed here"),
    pytest.mark.xdist_group("time-stamps"),
]
CONTENT = b"casefile/x\n3\nroot\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("stranger"))


@pytest.fixture(scope="module")
def trusted(authority: Authority) -> bytes:
    return authority.root.read_bytes() + authority.own.read_bytes()


def is_now(told: datetime) -> bool:
    return abs(datetime.now(UTC) - told) < timedelta(minutes=5)


@pytest.mark.parametrize("certificates", [True, False])
def test_an_answer_holds_for_its_query_and_later_for_its_content(
    authority: Authority, trusted: bytes, *, certificates: bool
) -> None:
    request = keys.StampRequest(CONTENT, certificates=certificates)
    answer = authority.reply(request.to_bytes())

    assert is_now(request.check(answer, trusted))
    assert keys.check_stamp(answer, CONTENT, trusted) == request.check(answer, trusted)
    assert authority.own.read_bytes() not in request.to_bytes()


def test_certificates_come_along_unless_they_are_not_wanted(
    authority: Authority, trusted: bytes
) -> None:
    root = authority.root.read_bytes()
    with_them = authority.reply(keys.StampRequest(CONTENT).to_bytes())
    without = authority.reply(keys.StampRequest(CONTENT, certificates=False).to_bytes())

    assert len(with_them) > len(without) + 500
    assert is_now(keys.check_stamp(with_them, CONTENT, root))
    with pytest.raises(DamagedError):
        keys.check_stamp(without, CONTENT, root)
    assert is_now(keys.check_stamp(without, CONTENT, trusted))


def test_a_query_holds_a_hash_and_a_number_never_used_twice() -> None:
    first, second = (keys.StampRequest(CONTENT).to_bytes() for _ in range(2))

    assert CONTENT not in first
    assert keys.digest(CONTENT) in first
    assert first != second


def test_an_answer_to_another_query_does_not_hold(authority: Authority, trusted: bytes) -> None:
    request, other = keys.StampRequest(CONTENT), keys.StampRequest(CONTENT)
    answer = authority.reply(other.to_bytes())

    with pytest.raises(DamagedError, match=r"^The time-stamp does not hold"):
        request.check(answer, trusted)


def test_an_answer_does_not_hold_for_other_content(authority: Authority, trusted: bytes) -> None:
    answer = authority.reply(keys.StampRequest(CONTENT).to_bytes())

    with pytest.raises(DamagedError, match=r"^The time-stamp does not hold"):
        keys.check_stamp(answer, CONTENT + b"!", trusted)


def test_another_authority_is_not_believed(
    authority: Authority, stranger: Authority, trusted: bytes
) -> None:
    for certificates in (True, False):
        request = keys.StampRequest(CONTENT, certificates=certificates)
        with pytest.raises(DamagedError):
            request.check(stranger.reply(request.to_bytes()), trusted)


def test_a_root_is_no_authority_and_an_authority_no_root(
    authority: Authority, trusted: bytes
) -> None:
    request = keys.StampRequest(CONTENT, certificates=False)
    answer = authority.reply(request.to_bytes())

    with pytest.raises(DamagedError):
        request.check(answer, authority.own.read_bytes())


@pytest.mark.parametrize(
    "change", [lambda _raw: b"", lambda raw: raw[:40], lambda raw: b"\0" + raw]
)
def test_what_is_no_answer_cannot_be_read(
    authority: Authority, trusted: bytes, change: Callable[[bytes], bytes]
) -> None:
    request = keys.StampRequest(CONTENT)
    answer = authority.reply(request.to_bytes())

    with pytest.raises(
        keys.UnreadableStampError, match=r"^The time-stamping authority's answer cannot"
    ):
        request.check(change(answer), trusted)


def test_a_refusal_is_told_as_one(authority: Authority, trusted: bytes) -> None:
    # Status "rejection", no token (RFC 3161, 2.4.2).
    with pytest.raises(DamagedError, match=r"^The time-stamping authority refused the query"):
        keys.check_stamp(bytes.fromhex("30053003020102"), CONTENT, trusted)


@pytest.mark.parametrize("trusted", [b"", b"nonsense"])
def test_certificates_that_are_none_are_a_setting_to_mend(
    authority: Authority, trusted: bytes
) -> None:
    answer = authority.reply(keys.StampRequest(CONTENT).to_bytes())

    with pytest.raises(ConfigError, match=r"^timestamp_roots holds no certificates in PEM form"):
        keys.check_stamp(answer, CONTENT, trusted)
