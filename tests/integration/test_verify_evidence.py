from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cast import Cast
    from tests.strict_browser import Browse


def file_in(instance: Path, cast: Cast) -> Path:
    return next(
        path for path in (instance / "vault").rglob(f"*{cast.case.evidence.hex}*") if path.is_file()
    )


def test_a_file_that_is_what_was_put_in_is_verified_on_record(browse: Browse, cast: Cast) -> None:
    cleo, item = browse(cast.cleo), f"{cast.case.url}/evidence/{cast.case.evidence}"

    cleo.post(f"{item}/verify")

    page = cleo.get(item)
    assert "Verified: the stored file is exactly what was put in." in page.text
    assert "Cleo Reader checked the hashes: it is what was put in" in page.main


def test_a_file_with_one_bit_turned_is_found_out_and_never_shown(
    browse: Browse, cast: Cast, instance: Path
) -> None:
    ben, item = browse(cast.ben), f"{cast.case.url}/evidence/{cast.case.evidence}"
    stored = file_in(instance, cast)
    damaged = bytearray(stored.read_bytes())
    damaged[-20] ^= 1
    stored.chmod(0o600)
    stored.write_bytes(damaged)

    ben.post(f"{item}/verify")

    page = ben.get(item)
    assert "NOT what was put in" in page.problems()
    assert (
        "it is NOT what was put in"
        in page.find("//section[@aria-labelledby='custody']")[0].text_content()
    )
    assert b"Ledger" not in ben.get(f"{item}/content", status=503).content


def test_a_file_that_is_gone_is_said_to_be_gone(browse: Browse, cast: Cast, instance: Path) -> None:
    ben, item = browse(cast.ben), f"{cast.case.url}/evidence/{cast.case.evidence}"
    file_in(instance, cast).unlink()

    ben.post(f"{item}/verify")

    assert "NOT what was put in" in ben.get(item).problems()
    ben.get(f"{item}/content", status=503)
