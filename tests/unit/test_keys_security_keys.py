from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefile import keys
from casefile.errors import InvalidError
from tests.second_factors import SoftwareKey

if TYPE_CHECKING:
    from collections.abc import Callable

SITE = keys.Site("localhost", "http://localhost")
CHALLENGE = bytes(range(32))


def _create(key: SoftwareKey, site: keys.Site = SITE, challenge: bytes = CHALLENGE) -> str:
    options = keys.creation_options(
        site, challenge=challenge, handle=bytes(32), username="ann", name="Ann", known=[]
    )
    return key.create(options, site.origin)


def _get(key: SoftwareKey, site: keys.Site = SITE, challenge: bytes = CHALLENGE) -> str:
    options = keys.request_options(site, challenge=challenge, known=[key.id])
    return key.get(options, site.origin)


def _check(answer: str, made: keys.Credential, site: keys.Site = SITE) -> int:
    return keys.check_request(
        site,
        answer=answer,
        challenge=CHALLENGE,
        credential_id=made.id,
        public_key=made.public_key,
    )


@pytest.fixture
def key() -> SoftwareKey:
    return SoftwareKey()


@pytest.fixture
def made(key: SoftwareKey) -> keys.Credential:
    return keys.check_creation(SITE, answer=_create(key), challenge=CHALLENGE)


def test_a_key_is_enrolled_and_proves_itself(key: SoftwareKey, made: keys.Credential) -> None:
    answer = _get(key)

    assert made.id == key.id == keys.answered_by(answer)
    assert _check(answer, made) == key.counter == 2


def test_an_answer_for_another_site_challenge_or_key_proves_nothing(
    key: SoftwareKey, made: keys.Credential
) -> None:
    elsewhere = keys.Site("casefile.example", "https://casefile.example")
    false_page = keys.Site("localhost", "http://localhost.evil.example")
    stranger = SoftwareKey(id=key.id)
    for answer in (
        _get(key, elsewhere),
        _get(key, false_page),
        _get(key, challenge=bytes(32)),
        _get(stranger),
    ):
        with pytest.raises(InvalidError, match="did not fit"):
            _check(answer, made)


def test_an_enrolment_for_another_site_or_challenge_is_refused(key: SoftwareKey) -> None:
    elsewhere = keys.Site("casefile.example", "https://casefile.example")
    for answer in (_create(key, elsewhere), _create(key, challenge=bytes(32)), _get(key)):
        with pytest.raises(InvalidError, match="could not be used"):
            keys.check_creation(SITE, answer=answer, challenge=CHALLENGE)


def _without_presence(told: dict[str, Any]) -> None:
    told["response"]["authenticatorData"] = "A" * 50


BROKEN: list[Callable[[dict[str, Any]], object]] = [
    lambda told: told.pop("id"),
    lambda told: told.update(id="other"),
    lambda told: told.update(rawId=7),
    lambda told: told.update(type="password"),
    lambda told: told.update(response=None),
    lambda told: told["response"].update(clientDataJSON="e30"),
    lambda told: told["response"].update(clientDataJSON="!!"),
    lambda told: told["response"].update(signature=""),
    lambda told: told["response"].update(authenticatorData=""),
    _without_presence,
]


@pytest.mark.parametrize("breaking", BROKEN)
def test_a_broken_answer_is_refused_and_nothing_worse(
    key: SoftwareKey, made: keys.Credential, breaking: Callable[[dict[str, Any]], object]
) -> None:
    told = json.loads(_get(key))
    breaking(told)

    with pytest.raises(InvalidError):
        _check(json.dumps(told), made)


@pytest.mark.slow
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_whatever_is_sent_is_refused(told: object) -> None:
    for check in (
        lambda: keys.check_creation(SITE, answer=json.dumps(told), challenge=CHALLENGE),
        lambda: keys.answered_by(json.dumps(told)),
    ):
        with pytest.raises(InvalidError):
            check()


@pytest.mark.parametrize("answer", ["", "{", "[" * 100_000, "x" * 100_000, "7", "null", "\0"])
def test_what_is_no_json_is_refused(answer: str) -> None:
    with pytest.raises(InvalidError):
        keys.answered_by(answer)


@pytest.mark.parametrize(
    ("host", "takes"),
    [
        ("localhost", True),
        ("casefile.example", True),
        ("127.0.0.1", False),
        ("[::1]", False),
        ("10.0.0.7", False),
    ],
)
def test_keys_want_a_name_and_no_number(host: str, takes: bool) -> None:  # noqa: FBT001
    assert keys.Site(host, f"http://{host}").takes_keys == takes


def test_a_browser_is_told_what_a_new_key_is_for_and_which_ones_are_there() -> None:
    told = keys.creation_options(
        SITE, challenge=CHALLENGE, handle=b"h" * 32, username="ann", name="Ann", known=[b"one"]
    )

    assert told["rp"] == {"name": "Casefile", "id": "localhost"}
    assert told["user"] == {
        "id": base64.urlsafe_b64encode(b"h" * 32).decode().rstrip("="),
        "name": "ann",
        "displayName": "Ann",
    }
    assert told["timeout"] == 120_000
    assert [one["id"] for one in told["excludeCredentials"]] == ["b25l"]
    wanted = told["authenticatorSelection"]
    assert (wanted["residentKey"], wanted["userVerification"]) == ("preferred", "preferred")


def test_a_browser_is_told_which_keys_may_answer_and_for_how_long() -> None:
    told = keys.request_options(SITE, challenge=CHALLENGE, known=[b"one", b"two"])

    assert told["rpId"] == "localhost"
    assert [one["id"] for one in told["allowCredentials"]] == ["b25l", "dHdv"]
    assert told["timeout"] == 120_000


def test_a_count_of_one_is_told_to_who_judges_it(key: SoftwareKey, made: keys.Credential) -> None:
    key.counter = 0

    assert _check(_get(key), made) == 1


def test_an_answer_in_another_keys_name_is_refused_with_what_to_do(
    key: SoftwareKey, made: keys.Credential
) -> None:
    other = replace(made, id=b"another")

    with pytest.raises(InvalidError, match="Try again, or use another way"):
        _check(_get(key), other)
