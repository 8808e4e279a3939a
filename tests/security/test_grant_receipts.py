from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from casefile import keys
from casefile.cases.models import CaseGrant
from tests.intruder import flipped, grant_row, read, writing

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse


def _receipts(app: Flask, cast: Cast) -> list[bytes | None]:
    found: list[bytes | None] = read(
        app, select(CaseGrant.receipt).where(CaseGrant.user_id == cast.ben.id)
    )
    return found


def test_a_signature_is_checked_once_and_the_receipt_is_believed(
    app: Flask, browse: Browse, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _receipts(app, cast) == [None]
    browse(cast.ben).get(f"{cast.case.url}/")
    assert all(_receipts(app, cast))

    verified: list[bytes] = []
    whole = keys.PublicKeys.verify
    monkeypatch.setattr(
        keys.PublicKeys,
        "verify",
        lambda own, signature, message: verified.append(message) or whole(own, signature, message),
    )
    browse(cast.ben, fresh=True).get(f"{cast.case.url}/")

    assert not [message for message in verified if b"casefile grant" in message]


@pytest.mark.parametrize("what", ["receipt", "of another", "missing"])
def test_a_wrong_receipt_only_means_that_the_signature_is_checked_again(
    app: Flask, browse: Browse, cast: Cast, what: str
) -> None:
    for actor in (cast.ben, cast.cleo):
        browse(actor).get(f"{cast.case.url}/")
    right = _receipts(app, cast)
    with writing(app) as session:
        row = grant_row(session, cast.case.id, cast.ben)
        other = grant_row(session, cast.case.id, cast.cleo)
        row.receipt = {
            "receipt": flipped(row.receipt or b""),
            "of another": other.receipt,
            "missing": None,
        }[what]

    browse(cast.ben, fresh=True).get(f"{cast.case.url}/")

    assert _receipts(app, cast) == right


def test_a_receipt_makes_no_forged_grant_good(app: Flask, browse: Browse, cast: Cast) -> None:
    browse(cast.ben).get(f"{cast.case.url}/")
    with writing(app) as session:
        row = grant_row(session, cast.case.id, cast.ben)
        info = keys.packed("casefile grant", cast.case.id, cast.ben.id, 1)
        row.sealed = cast.ben.bundle.public.seal(keys.random_key(), info)

    browse(cast.ben, fresh=True).get(f"{cast.case.url}/", 404)
    browse(cast.ben).get("/")
