from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from tests.cast import open_case, resources_of
from tests.raw_form import send

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from casefile.uow import Resources
    from tests.cast import Cast
    from tests.strict_browser import Browse


MEBIBYTE = 1024 * 1024


def kept(resources: Resources) -> set[str]:
    return {name for name, _size, _at in resources.vault.names()}


@pytest.mark.parametrize("files", [None, [("", b"")]])
def test_without_a_file_the_form_comes_again_with_what_was_typed(
    app: Flask, browse: Browse, cast: Cast, files: list[tuple[str, bytes]] | None
) -> None:
    typed = {
        "shows": "The second bill",
        "obtained_at": "2024-02-29",
        "obtained_from": "Registry office",
        "obtained_how": "Copied",
        "tags": "bill, pier",
        "note": "A note\nof two lines",
    }

    page = browse(cast.ben).post(f"{cast.case.url}/evidence/", 422, files=files, fields=typed)

    assert "Choose at least one file." in page.problems() + page.main
    for name, value in typed.items():
        assert page.value(name) == value
    assert open_case(app, cast.ben, cast.case.id).evidence_count == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"obtained_at": "32.13.2024"},
        {"obtained_at": "2024-02-30"},
        {"shows": "s" * 2001},
        {"obtained_from": "f" * 301},
        {"obtained_from": "a\x00b"},
        {"note": "n" * 100_001},
        {"tags": "t" * 601},
    ],
)
def test_a_wrong_field_is_shown_again_and_the_file_is_not_kept(
    browse: Browse, cast: Cast, resources: Resources, wrong: dict[str, str]
) -> None:
    before = kept(resources)

    page = browse(cast.ben).post(
        f"{cast.case.url}/evidence/", 422, files=[("a.txt", b"a")], fields=wrong
    )

    assert page.problems()
    assert kept(resources) == before


def test_a_file_larger_than_allowed_is_refused_and_nothing_of_it_is_kept(
    make_app: Callable[..., Flask], browse: Browse, cast: Cast
) -> None:
    small = make_app(upload_limit_mb=1)
    before = kept(resources_of(small))
    ben = browse(cast.ben).on(small)
    assert ben.get(f"{cast.case.url}/evidence/new").find(f"//input[@data-limit='{MEBIBYTE}']")

    files = ((b"small.bin", b"x" * 1000), (b"large.bin", b"x" * (MEBIBYTE + 1)))
    answer = send(ben, cast, 413, *files)

    assert "larger than allowed here" in answer.text
    assert kept(resources_of(small)) == before
    assert open_case(small, cast.ben, cast.case.id).evidence_count == 1
    send(ben, cast, 303, (b"fits.bin", b"x" * MEBIBYTE))


@pytest.mark.parametrize(
    "path", ["/notes/", "/notes/preview", "/edit", "/members/", "/notes/{note}/edit"]
)
def test_a_page_that_takes_no_files_says_so(
    browse: Browse, cast: Cast, resources: Resources, path: str
) -> None:
    before = kept(resources)
    where = cast.case.url + path.format(note=cast.case.note)

    page = browse(cast.ann).post(
        where, 415, files=[("a.txt", b"a" * 100_000)], title="With a file", body="b"
    )

    assert "takes no files" in page.problems()
    assert kept(resources) == before


def test_a_script_is_shown_what_to_mend(browse: Browse, cast: Cast) -> None:
    page = browse(cast.ben).post(
        f"{cast.case.url}/evidence/",
        422,
        files=[("a.txt", b"a")],
        obtained_at="never",
        headers={"X-Requested-With": "XMLHttpRequest"},
    )

    assert page.problems()


def test_more_parts_than_a_form_can_have_are_refused(
    browse: Browse, cast: Cast, resources: Resources
) -> None:
    before = kept(resources)

    browse(cast.ben).post(
        f"{cast.case.url}/evidence/",
        413,
        files=[("a.txt", b"a")],
        fields={"tags": ["t"] * 1200},
    )

    assert kept(resources) == before


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--line\r\n",
        b'--line\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\ncut off',
        b"no boundary at all",
        b"--line\r\n\r\n\r\n--line--",
        b"\x00" * 5000,
        b'--line\r\nContent-Disposition: form-data; name="files"; filename="\xff\xe9"\r\n\r\na\r\n--line--',
    ],
)
def test_a_form_that_was_cut_off_keeps_nothing(
    browse: Browse, cast: Cast, resources: Resources, body: bytes
) -> None:
    ben, before = browse(cast.ben), kept(resources)

    answer = ben.client.post(
        f"{cast.case.url}/evidence/",
        base_url="http://localhost",
        input_stream=io.BytesIO(body),
        content_length=len(body) + 10,
        content_type="multipart/form-data; boundary=line",
        headers={"X-CSRFToken": ben.token()},
    )

    assert 400 <= answer.status_code < 500
    answer.close()
    assert kept(resources) == before
