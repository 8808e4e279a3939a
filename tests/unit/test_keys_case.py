from typing import Any
from uuid import UUID

import pytest

from casefile.errors import DamagedError
from casefile.keys import (
    Bundle,
    CaseKey,
    derive,
    digest,
    issue_grant,
    open_grant,
    packed,
    random_key,
)

CASE, OTHER_CASE, BEN_ID, ROW = (UUID(int=number) for number in (10, 11, 3, 40))
ANN, BEN, CLEO = Bundle.create(None), Bundle.create(None), Bundle.create(None)
SECRET = bytes(range(32))
KEY = CaseKey(CASE, 1, SECRET)
PLACE: dict[str, Any] = {"case_id": CASE, "user_id": BEN_ID, "generation": 1}


def _grant() -> tuple[bytes, bytes]:
    return issue_grant(ANN, BEN.public, **PLACE, case_key=SECRET)


def test_a_grant_gives_the_case_key_to_its_seat() -> None:
    sealed, signature = _grant()

    assert len(sealed) == 1168
    assert len(signature) == 64
    opened = open_grant(BEN, ANN.public, **PLACE, sealed=sealed, signature=signature)
    assert opened == SECRET


def test_a_grant_signed_by_someone_else_is_refused() -> None:
    sealed, _ = _grant()
    forged, forgers = issue_grant(CLEO, BEN.public, **PLACE, case_key=random_key())

    for each, signature in ((forged, forgers), (sealed, forgers), (forged, CLEO.sign(forged))):
        with pytest.raises(DamagedError, match="signature"):
            open_grant(BEN, ANN.public, **PLACE, sealed=each, signature=signature)


@pytest.mark.parametrize(
    "changed",
    [{"case_id": OTHER_CASE}, {"user_id": UUID(int=4)}, {"generation": 2}],
    ids=["case", "user", "generation"],
)
def test_a_grant_moved_to_another_place_is_refused(changed: dict[str, Any]) -> None:
    sealed, signature = _grant()

    with pytest.raises(DamagedError):
        open_grant(BEN, ANN.public, **PLACE | changed, sealed=sealed, signature=signature)


def test_a_grant_for_another_person_is_refused() -> None:
    sealed, signature = _grant()

    with pytest.raises(DamagedError):
        open_grant(CLEO, ANN.public, **PLACE, sealed=sealed, signature=signature)


def test_a_grant_whose_info_tells_another_story_than_its_signature_is_refused() -> None:
    # Well signed by the granter, but sealed for generation 2.
    sealed = BEN.public.seal(SECRET, packed("casefile grant", CASE, BEN_ID, 2))
    statement = packed("casefile grant", CASE, BEN_ID, BEN.public.fingerprint(), 1, digest(sealed))

    with pytest.raises(DamagedError):
        open_grant(BEN, ANN.public, **PLACE, sealed=sealed, signature=ANN.sign(statement))


def test_a_well_signed_grant_of_something_that_is_no_key_is_refused() -> None:
    sealed = BEN.public.seal(bytes(16), packed("casefile grant", CASE, BEN_ID, 1))
    statement = packed("casefile grant", CASE, BEN_ID, BEN.public.fingerprint(), 1, digest(sealed))

    with pytest.raises(DamagedError, match="key to this case"):
        open_grant(BEN, ANN.public, **PLACE, sealed=sealed, signature=ANN.sign(statement))


def test_a_case_key_has_32_bytes() -> None:
    with pytest.raises(ValueError, match=r"^A case key has exactly 32 bytes\.$"):
        issue_grant(ANN, BEN.public, **PLACE, case_key=bytes(31))
    with pytest.raises(ValueError, match=r"^A case key has exactly 32 bytes\.$"):
        CaseKey(CASE, 1, bytes(16))


def test_a_field_opens_where_it_was_sealed() -> None:
    sealed = KEY.seal("Ысык-Көл".encode(), "note", ROW, "body", 3)

    assert CaseKey(CASE, 1, SECRET).open(sealed, "note", ROW, "body", 3) == "Ысык-Көл".encode()


@pytest.mark.parametrize(
    ("key", "place"),
    [
        (CaseKey(OTHER_CASE, 1, SECRET), ("note", ROW, "body", 3)),
        (CaseKey(CASE, 2, SECRET), ("note", ROW, "body", 3)),
        (CaseKey(CASE, 1, random_key()), ("note", ROW, "body", 3)),
        (KEY, ("evidence_item", ROW, "body", 3)),
        (KEY, ("note", UUID(int=41), "body", 3)),
        (KEY, ("note", ROW, "title", 3)),
        (KEY, ("note", ROW, "body", 2)),
    ],
    ids=["case", "generation", "secret", "table", "row", "field", "version"],
)
def test_a_field_moved_anywhere_else_is_refused(
    key: CaseKey, place: tuple[str, UUID, str, int]
) -> None:
    sealed = KEY.seal(b"words", "note", ROW, "body", 3)

    with pytest.raises(DamagedError):
        key.open(sealed, *place)


def test_each_purpose_case_and_generation_has_its_own_key() -> None:
    keys = {
        KEY.derive("index"),
        KEY.derive("audit"),
        KEY.derive("index", 1),
        CaseKey(OTHER_CASE, 1, SECRET).derive("index"),
        CaseKey(CASE, 2, SECRET).derive("index"),
    }

    assert len(keys) == 5
    assert KEY.derive("index", 1) == derive(SECRET, "index", CASE, 1, 1)


def test_case_keys_compare_by_value_and_hide_their_secret() -> None:
    assert CaseKey(CASE, 1, SECRET) == KEY
    assert repr(KEY) == f"CaseKey(case_id={CASE!r}, generation=1)"
