from __future__ import annotations

import socket

import pytest

from casefile.sandbox import ExtractionError, Limits, Reason, extract


def text(content: bytes) -> str:
    return "\n".join(extract("text/html", [content], limits=Limits(seconds=20)))


def test_only_the_words_of_a_page_are_read() -> None:
    page = """<!doctype html><html><head><title>Тендер</title><style>p {color: red}</style>
    <script>var a = "<p>not a word</p>"</script></head><body><!-- not this -->
    <h1>Победитель</h1><p>ОсОО   «<b>Жол</b>»<br>Бишкек</p><template>x</template>
    <img src=a.png alt="Подпись"><ul><li>один<li>два</ul></body></html>"""

    assert [line.strip() for line in text(page.encode()).split("\n") if line.strip()] == [
        *("Тендер", "Победитель", "ОсОО «Жол»", "Бишкек", "Подпись", "один", "два")
    ]


def test_tables_keep_their_rows() -> None:
    assert text(b"<table><tr><td>a<td>b<tr><td>c<td>d</table>").split("\n\n") == ["a\tb", "c\td"]


def test_entities_are_read_as_the_signs_they_stand_for() -> None:
    assert (
        text(b"<p>&laquo;A&raquo; &#1046;&nbsp;&amp; &lt;b&gt; co&shy;op") == "«A» Ж\xa0& <b> coop"
    )


@pytest.mark.parametrize(
    "page",
    [
        '<meta charset="windows-1251"><p>Сумма'.encode("cp1251"),
        '<META http-equiv=Content-Type content="text/html; charset=koi8-r"><p>Сумма'.encode(
            "koi8-r"
        ),
        '<?xml version="1.0" encoding="windows-1251"?><html><p>Сумма'.encode("cp1251"),
        '<meta charset="windows-1251"><p>Сумма'.encode(),
        "<p>Сумма договора</p>".encode("cp1251"),
        "<p>Сумма".encode("utf-16"),
    ],
)
def test_the_character_set_is_found(page: bytes) -> None:
    assert text(page).startswith("Сумма")


def test_nothing_a_page_points_to_is_ever_asked_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        where = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        page = (
            f'<!DOCTYPE html SYSTEM "{where}.dtd"><base href="{where}"><link rel=stylesheet '
            f'href="{where}.css"><img src="{where}.png"><iframe src="{where}"></iframe><p>здесь'
        )

        assert text(page.encode()) == "здесь"
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize(
    "page",
    [
        b"<div>" * 100_000 + b"deep" + b"</div>" * 100_000,
        b"<p title='" + b"x" * 11_000_000 + b"'>deep",
        b"<b><i>" * 50_000 + b"deep",
    ],
)
def test_pages_beyond_what_a_tree_can_hold_are_read_all_the_same(page: bytes) -> None:
    assert text(page) == "deep"


@pytest.mark.slow
def test_a_page_with_a_very_long_paragraph_loses_nothing() -> None:
    pages = extract("text/html", [b"<p>" + b"word " * 2_400_000 + b"</p><p>end"])

    assert sum(page.count("word") for page in pages) == 2_400_000
    assert pages[-1].endswith("end")


def test_too_much_text_is_refused_while_it_is_read() -> None:
    with pytest.raises(ExtractionError) as caught:
        extract("text/html", [b"<p>words" * 50_000], limits=Limits(characters=1000))

    assert caught.value.reason is Reason.TOO_MUCH_TEXT


@pytest.mark.parametrize("page", [b"", b"   ", b"<", b"<!--", b"\0", b"<script>", b"</p></p>"])
def test_a_page_with_nothing_to_read_is_an_empty_page(page: bytes) -> None:
    assert text(page).strip("<") == ""
