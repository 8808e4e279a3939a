from __future__ import annotations

import time
from typing import TYPE_CHECKING

import lxml.html
import pytest

if TYPE_CHECKING:
    from tests.cast import Cast
    from tests.strict_browser import Browse, StrictBrowser

HOSTILE = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></ScRiPt>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<a href='javascript:alert(1)'>x</a>",
    "<details open ontoggle=alert(1)>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](vbscript:msgbox(1))",
    "[x](file:///etc/passwd)",
    "![x](https://evil.example/track.png)",
    "![x](javascript:alert(1))",
    "[![x](x onerror=alert(1))](https://evil.example)",
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)\n\n[x]",
    '[x](https://e.example "onmouseover=alert(1)")',
    '[x](https://e.example "\\" onmouseover=alert(1) \\"")',
    "```html\n<script>alert(1)</script>\n```",
    "`<img src=x onerror=alert(1)>`",
    "| a |\n|---|\n| <script>alert(1)</script> |",
    "<!--><script>alert(1)</script-->",
    "<style>@import '//evil.example/x.css';</style>",
    "<base href=//evil.example/><form action=//evil.example><input name=x></form>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "[E-1](javascript:alert(1)) [[E-1]](data:text/html,x)",
]
ALLOWED = {
    "a", "blockquote", "br", "code", "del", "em", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol",
    "p", "pre", "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip


def preview(browser: StrictBrowser, cast: Cast, body: str) -> lxml.html.HtmlElement:
    page = browser.post(f"{cast.case.url}/notes/preview", 200, body=body)
    return lxml.html.fragment_fromstring(page.html, create_parent="main")


def check_tame(tree: lxml.html.HtmlElement) -> None:
    for element in tree.iterdescendants():
        assert element.tag in ALLOWED, lxml.html.tostring(element)
        for name, value in element.attrib.items():
            assert not name.startswith("on"), lxml.html.tostring(element)
            assert name in {"href", "title", "rel", "start", "align"}, name
            if name == "href":
                scheme = "".join(value.split()).lower()
                assert scheme.startswith(("http:", "https:", "mailto:", "tel:", "/")), value
        if element.tag == "a" and element.get("href"):
            assert element.get("rel") == "noreferrer noopener"


@pytest.mark.parametrize("body", HOSTILE)
def test_hostile_markdown_becomes_harmless_text(browse: Browse, cast: Cast, body: str) -> None:
    check_tame(preview(browse(cast.ben), cast, body))


def test_a_note_of_everything_hostile_is_shown_as_tame_as_its_preview(
    browse: Browse, cast: Cast
) -> None:
    ben = browse(cast.ben)
    body = "\n\n".join(HOSTILE).replace("\x01", "")

    page = ben.get(ben.post(f"{cast.case.url}/notes/", title="All", body=body).location)

    article = page.find("//article")[0]
    check_tame(article)
    assert not article.xpath(".//script | .//img | .//iframe | .//svg")
    for path in ("/", f"{cast.case.url}/", f"{cast.case.url}/notes/", "/search?q=alert"):
        assert not ben.get(path).find("//main//img | //main//iframe | //main//script")


def test_what_people_write_looks_like_what_they_meant(browse: Browse, cast: Cast) -> None:
    body = (
        "# Head\n\n*em* **strong** ~~gone~~ `code`\n\n> quote\n\n1. one\n2. two\n\n- a\n- b\n\n"
        "| a | b |\n|:--|--:|\n| 1 | 2 |\n\n---\n\n[site](https://example.org/?a=1&b=2)\n\n"
        "<https://example.org/auto> [mail](mailto:desk@example.org)"
    )

    tree = preview(browse(cast.ben), cast, body)

    check_tame(tree)
    for tag in ("h2", "em", "strong", "s", "code", "blockquote", "ol", "ul", "table", "hr"):
        assert tree.xpath(f".//{tag}"), tag
    assert not tree.xpath(".//h1")
    assert tree.xpath(".//a/@href") == [
        "https://example.org/?a=1&b=2",
        "https://example.org/auto",
        "mailto:desk@example.org",
    ]


def test_evidence_is_linked_in_text_but_not_in_code_nor_inside_a_link(
    browse: Browse, cast: Cast
) -> None:
    tree = preview(browse(cast.ben), cast, "**[E-1]** and [E-23]; `[E-4]` [see [E-5]](/x) [E-x]")

    links = tree.xpath(".//a[starts-with(@href, '/cases/')]/@href")
    assert links == [f"{cast.case.url}/evidence/number/{number}" for number in (1, 23)]
    assert tree.xpath(".//code/text()") == ["[E-4]"]
    check_tame(tree)


@pytest.mark.parametrize(
    "body",
    [
        "> " * 20_000 + "deep",
        "- " * 20_000 + "deep",
        "[" * 50_000,
        "*a **a " * 14_000,
        "`" * 50_000 + "a" + "`" * 49_998,
        "|a" * 33_000 + "\n" + "|-" * 10_000,
        "<" * 100_000,
        "[a](" * 25_000,
        "[E-1]" * 20_000,
        "![[" * 33_000,
        "~~a" * 33_000,
        "&#x41;" * 16_000,
        "\\" * 100_000,
        "_" * 99_999 + "a",
        "слово " * 16_000,
        "a\n" * 50_000,
    ],
    ids=lambda body: ascii(body[:6]),
)
def test_the_longest_and_deepest_texts_are_rendered_in_bounded_time(
    browse: Browse, cast: Cast, body: str
) -> None:
    ben, page = browse(cast.ben), f"{cast.case.url}/notes/preview"
    ben.token()
    begun = time.process_time()

    ben.post(page, 200, body=body)

    assert time.process_time() - begun < 10


def test_preview_is_for_those_on_the_case(browse: Browse, cast: Cast) -> None:
    browse(cast.dan).post(f"{cast.case.url}/notes/preview", 404, body="x")


def test_an_empty_preview_is_empty(browse: Browse, cast: Cast) -> None:
    assert browse(cast.ben).post(f"{cast.case.url}/notes/preview", 200).html.strip() == ""
