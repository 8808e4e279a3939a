from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cast import Cast
    from tests.strict_browser import Browse


def item(cast: Cast) -> str:
    return f"{cast.case.url}/evidence/{cast.case.evidence}"


def test_what_is_said_of_a_file_can_be_changed_and_is_found(browse: Browse, cast: Cast) -> None:
    ben = browse(cast.ben)
    form = ben.get(f"{item(cast)}/edit")

    ben.post(
        f"{item(cast)}/edit",
        shows="The payments of March",
        obtained_at="2023-03-01",
        obtained_from="Archive",
        obtained_how="By letter",
        tags="march",
        version=form.value("version"),
    )

    page = ben.get(item(cast))
    for words in ("The payments of March", "1 Mar 2023", "Archive", "By letter", "march"):
        assert words in page.main
    assert "Ben Writer changed the record" in page.main
    again = ben.get(f"{item(cast)}/edit")
    assert again.value("obtained_at") == "2023-03-01"
    assert again.value("version") == "2"
    assert ben.get("/search?q=payments").find("//*[@data-total='1']")
    assert ben.get("/search?q=tag:march").find("//*[@data-total='1']")


def test_an_older_version_is_refused_with_both_texts(browse: Browse, cast: Cast) -> None:
    ben, path = browse(cast.ben), f"{item(cast)}/edit"
    browse(cast.eva).post(path, shows="Eva's words", tags="eva", version=1)

    page = ben.post(path, 409, shows="Ben's words", obtained_from="Ben's place", version=1)

    assert "Somebody else changed this record" in page.problems()
    assert "Eva's words" in page.main
    assert page.value("shows") == "Ben's words"
    assert page.value("obtained_from") == "Ben's place"
    assert page.value("version") == "2"
    assert "Eva's words" in ben.get(item(cast)).main
    assert not ben.get("/search?q=ben+words+kind:evidence").find("//article")

    ben.post(path, shows="Settled", version=page.value("version"))

    assert "Settled" in ben.get(item(cast)).main
    assert ben.get(item(cast)).main.count("changed the record") == 2
    assert "before: Eva's words" in ben.get(item(cast)).main


@pytest.mark.parametrize(
    "wrong",
    [
        {"shows": "s" * 2001},
        {"obtained_at": "soon"},
        {"obtained_at": "0024-02-29"},
        {"obtained_from": "x" * 301},
        {"obtained_how": "a\x1bb"},
        {"version": ""},
        {"version": "0"},
        {"version": "1e3"},
    ],
)
def test_what_makes_no_sense_is_shown_again_and_changes_nothing(
    browse: Browse, cast: Cast, wrong: dict[str, str]
) -> None:
    ben = browse(cast.ben)

    page = ben.post(f"{item(cast)}/edit", 422, fields={"shows": "Kept", "version": "1", **wrong})

    assert page.problems()
    assert ben.get(f"{item(cast)}/edit").value("version") == "1"


@pytest.mark.parametrize("day", ["1000-01-01", "9999-12-31", "2024-02-29"])
def test_any_day_there_is_can_be_kept_and_shown(browse: Browse, cast: Cast, day: str) -> None:
    ben = browse(cast.ben)

    ben.post(f"{item(cast)}/edit", obtained_at=day, version=1)

    assert ben.get(f"{item(cast)}/edit").value("obtained_at") == day
    ben.get(item(cast))
