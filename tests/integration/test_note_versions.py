from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cast import Cast
    from tests.strict_browser import Browse, StrictBrowser

BODIES = (
    "First line.\nSecond line.\nThird line.",
    "First line.\nSecond line, mended.\nThird line.\nFourth line.",
    "Second line, mended.\nThird line.\nFourth line.",
)


def written(browser: StrictBrowser, cast: Cast) -> str:
    path = browser.post(f"{cast.case.url}/notes/", title="Lines", body=BODIES[0]).location
    for number, body in enumerate(BODIES[1:], start=1):
        browser.post(f"{path}/edit", title=f"Lines {number}", body=body, version=number)
    return path


def test_every_version_is_listed_newest_first_with_who_and_when(browse: Browse, cast: Cast) -> None:
    ben = browse(cast.ben)

    page = ben.get(f"{written(ben, cast)}/versions/")

    assert page.find("//input[@name='to']/@value") == ["3", "2", "1"]
    assert page.find("//input[@name='from'][@checked]/@value") == ["2"]
    assert page.find("//input[@name='to'][@checked]/@value") == ["3"]
    assert "Ben Writer" in page.main
    assert "Lines 1" in page.main


@pytest.mark.parametrize("asked", ["from=1&to=2", "from=2&to=1"])
def test_two_versions_are_compared_to_the_word_whichever_way_round(
    browse: Browse, cast: Cast, asked: str
) -> None:
    ben = browse(cast.ben)

    page = ben.get(f"{written(ben, cast)}/versions/?{asked}")

    assert ", mended" in [ins.text_content() for ins in page.find("//ins")]
    assert page.find("//*[@data-kind='added']")
    assert "Fourth line." in page.find("//*[@data-kind='added']")[0].text_content()
    assert page.find("//*[@data-kind='same']")


def test_a_line_taken_out_is_shown_as_removed(browse: Browse, cast: Cast) -> None:
    ben = browse(cast.ben)

    page = ben.get(f"{written(ben, cast)}/versions/?from=2&to=3")

    assert "First line." in page.find("//*[@data-kind='removed']")[0].text_content()


def test_a_version_with_itself_shows_no_difference(browse: Browse, cast: Cast) -> None:
    ben = browse(cast.ben)

    assert not ben.get(f"{written(ben, cast)}/versions/?from=2&to=2").find("//ins | //del")


@pytest.mark.parametrize("asked", ["from=1&to=9", "from=0&to=1", f"from=1&to={'9' * 60}", "to=-1"])
def test_a_version_that_never_was_is_not_found(browse: Browse, cast: Cast, asked: str) -> None:
    browse(cast.ben).get(f"{cast.case.url}/notes/{cast.case.note}/versions/?{asked}", status=404)


@pytest.mark.parametrize("asked", ["from=x&to=y", "from=&to=", "to=1.5", "from=%00&to=%FF"])
def test_what_is_no_number_is_left_out(browse: Browse, cast: Cast, asked: str) -> None:
    browse(cast.ben).get(f"{cast.case.url}/notes/{cast.case.note}/versions/?{asked}")


def test_markup_in_a_version_is_shown_as_text(browse: Browse, cast: Cast) -> None:
    ben = browse(cast.ben)
    path = ben.post(f"{cast.case.url}/notes/", title="<i>x</i>", body="<b>one</b>").location
    ben.post(f"{path}/edit", title="<i>x</i>", body="<b>two</b><script>1</script>", version=1)

    page = ben.get(f"{path}/versions/")

    assert "<script>1</script>" in page.main
    assert not page.find("//main//script | //main//b | //main//i")


def test_long_versions_are_compared_in_bounded_time(browse: Browse, cast: Cast) -> None:
    ben = browse(cast.ben)
    first = "\n".join(f"line {number} of a long note about bills" for number in range(2300))
    path = ben.post(f"{cast.case.url}/notes/", title="Long", body=first).location
    ben.post(f"{path}/edit", title="Long", body=first.replace("bills", "piers"), version=1)
    one_line = "word " * 19_999
    ben.post(f"{path}/edit", title="Long", body=one_line, version=2)
    ben.post(f"{path}/edit", title="Long", body=one_line + "end", version=3)

    for asked in ("from=1&to=2", "from=2&to=3", "from=3&to=4"):
        ben.get(f"{path}/versions/?{asked}")
