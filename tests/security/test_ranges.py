"""Parts of a file (RFC 9110, 14): every one equals the slice, or is refused."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.cast import add_evidence, take_seat
from tests.intruder import actions

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse, StrictBrowser

CHUNK = 16 * 1024
SIZE = 3 * CHUNK + 1000
CONTENT = random.Random(7).randbytes(SIZE)
EDGES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, SIZE - 2, SIZE - 1, SIZE, SIZE + 1, 10**18]
places = st.one_of(st.sampled_from(EDGES), st.integers(0, SIZE + 10))
few = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def browser(browse: Browse, cast: Cast) -> StrictBrowser:
    return browse(cast.cleo)


@pytest.fixture
def url(app: Flask, cast: Cast) -> str:
    item = add_evidence(app, cast.ben, cast.case.id, "recording.bin", CONTENT)
    return f"{cast.case.url}/evidence/{item}/content"


def _asked(browser: StrictBrowser, url: str, wanted: str, status: int):  # noqa: ANN202
    return browser.get(url, status, headers={"Range": wanted})


def test_the_whole_file_comes_as_it_was_put_in(browser: StrictBrowser, url: str) -> None:
    page = browser.get(url)

    assert page.content == CONTENT
    assert page.headers["Content-Length"] == str(SIZE)
    assert page.headers["Accept-Ranges"] == "bytes"
    assert page.headers["Content-Disposition"].startswith("attachment")
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; sandbox")
    assert "Content-Range" not in page.headers


@few
@example(first=0, last=SIZE - 1)
@example(first=CHUNK - 1, last=CHUNK)
@given(first=places, last=places)
def test_a_range_is_the_slice_or_is_refused(
    browser: StrictBrowser, url: str, first: int, last: int
) -> None:
    wanted = f"bytes={first}-{last}"
    if first > last:
        page = browser.get(url, headers={"Range": wanted})
        assert page.content == CONTENT
    elif first >= SIZE:
        page = _asked(browser, url, wanted, 416)
        assert page.headers["Content-Range"] == f"bytes */{SIZE}"
        assert CONTENT[:16] not in page.content
    else:
        page = _asked(browser, url, wanted, 206)
        stop = min(last + 1, SIZE)
        assert page.content == CONTENT[first:stop]
        assert page.headers["Content-Range"] == f"bytes {first}-{stop - 1}/{SIZE}"
        assert page.headers["Content-Length"] == str(stop - first)


@few
@given(first=places)
def test_an_open_range_goes_to_the_end(browser: StrictBrowser, url: str, first: int) -> None:
    page = _asked(browser, url, f"bytes={first}-", 206 if first < SIZE else 416)

    if first < SIZE:
        assert page.content == CONTENT[first:]
        assert page.headers["Content-Range"] == f"bytes {first}-{SIZE - 1}/{SIZE}"


@few
@given(count=places.filter(bool))
def test_a_suffix_is_the_end_of_the_file(browser: StrictBrowser, url: str, count: int) -> None:
    page = _asked(browser, url, f"bytes=-{count}", 206)

    start = max(0, SIZE - count)
    assert page.content == CONTENT[start:]
    assert page.headers["Content-Range"] == f"bytes {start}-{SIZE - 1}/{SIZE}"


@pytest.mark.parametrize(
    "wanted",
    [
        "bytes=0-1,5-9",
        "bytes=0-0, -1",
        "bytes=9-5",
        "bytes=-0",
        "bytes=",
        "bytes",
        "bytes=-",
        "bytes=a-b",
        "bytes=0x10-0x20",
        "bytes=1.5-3",
        "bytes=--5",
        "bytes=+1-5",
        "items=0-5",
        "",
        "bytes=٣-٩".encode().decode("latin-1"),
        "bytes=" + "1-2," * 500,
    ],
)
def test_a_range_that_is_not_one_range_of_bytes_gives_the_whole_file(
    browser: StrictBrowser, url: str, wanted: str
) -> None:
    page = browser.get(url, headers={"Range": wanted})

    assert page.content == CONTENT
    assert "Content-Range" not in page.headers


def test_a_range_of_an_older_file_gives_the_whole_file(browser: StrictBrowser, url: str) -> None:
    etag = browser.get(url).headers["ETag"]
    part = {"Range": "bytes=5-9"}

    assert browser.get(url, 206, headers={**part, "If-Range": etag}).content == CONTENT[5:10]
    for other in ('"another"', f"W/{etag}", "Sat, 21 Nov 2026 12:00:00 GMT", "nonsense"):
        assert browser.get(url, headers={**part, "If-Range": other}).content == CONTENT


def test_a_removed_seat_is_refused_at_the_next_range(
    app: Flask, browser: StrictBrowser, cast: Cast, url: str
) -> None:
    _asked(browser, url, "bytes=0-99", 206)

    take_seat(app, cast.ann, cast.case.id, cast.cleo)

    page = _asked(browser, url, "bytes=100-199", 404)
    assert CONTENT[100:116] not in page.content


def test_an_empty_file_has_no_part(app: Flask, browser: StrictBrowser, cast: Cast) -> None:
    item = add_evidence(app, cast.ben, cast.case.id, "empty.bin", b"")
    url = f"{cast.case.url}/evidence/{item}/content"

    assert browser.get(url).content == b""
    assert browser.get(url).headers["Content-Length"] == "0"
    for wanted in ("bytes=0-", "bytes=0-0", "bytes=-1"):
        page = _asked(browser, url, wanted, 416)
        assert page.headers["Content-Range"] == "bytes */0"


def test_asking_for_the_headers_only_sends_no_content(
    app: Flask, browser: StrictBrowser, url: str
) -> None:
    answer = browser.client.head(url, base_url="http://localhost")

    assert answer.status_code == 200
    assert answer.headers["Content-Length"] == str(SIZE)
    assert answer.data == b""


def test_every_range_leaves_an_entry_of_custody(
    app: Flask, browser: StrictBrowser, url: str
) -> None:
    before = actions(app).count("evidence.downloaded")

    _asked(browser, url, "bytes=0-9", 206)
    _asked(browser, url, "bytes=10-", 206)
    _asked(browser, url, f"bytes={SIZE}-", 416)

    assert actions(app).count("evidence.downloaded") == before + 2
    assert "downloaded" in browser.get(url.removesuffix("/content")).text


def test_reading_a_part_opens_the_start_the_end_and_the_part_only(
    app: Flask, browser: StrictBrowser, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = app.extensions["casefile"].vault
    big = add_evidence(app, cast.ben, cast.case.id, "big.bin", bytes(4 * 1024 * 1024))
    read, seen = vault.read, []

    def watched(name: str, start: int, stop: int) -> bytes:
        seen.append(stop - start)
        return bytes(read(name, start, stop))

    monkeypatch.setattr(vault, "read", watched)
    _asked(browser, f"{cast.case.url}/evidence/{big}/content", "bytes=2000000-2000099", 206)

    assert sum(seen) < 1024 * 1024
