from __future__ import annotations

import docx
import pypdfium2
import pytest
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import qn

from casefile.sandbox import ExtractionError, Reason, making
from tests.unit.test_sandbox_word import W, rewritten, saved

MARKS = r"Pay [the words](c:) and [more words](c:12), see [E-3]; [not] *this* _or_ `that` a_b."


def draft(*paragraphs: str) -> str:
    document = docx.Document()
    for text in paragraphs:
        document.add_paragraph(text)
    return making.draft(saved(document))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("# no heading", r"\# no heading"),
        ("- no item", r"\- no item"),
        ("12. no item", r"12\. no item"),
        ("> no quote", r"\> no quote"),
        ("5 * 4 = 20", r"5 \* 4 = 20"),
        ("a_b but _c_", r"a_b but \_c\_"),
        ("R&amp;D", r"R\&amp;D"),
        ("R&D", "R&D"),
        ("one\ntwo", "one\\\ntwo"),
    ],
)
def test_signs_in_the_words_stay_signs(written: str, read: str) -> None:
    assert draft(written) == read


def test_marks_of_claims_and_citations_survive() -> None:
    assert draft(MARKS) == (
        r"Pay [the words](c:) and [more words](c:12), see [E-3]; \[not\] \*this\* \_or\_ \`that\` a_b."
    )


def test_links_lead_to_the_web_only() -> None:
    document = docx.Document()
    for address in ("https://gov.example/a b(1)", "javascript:alert(1)", "file:///etc/passwd"):
        paragraph = document.add_paragraph("See ")
        link = OxmlElement("w:hyperlink")
        kind = RELATIONSHIP_TYPE.HYPERLINK
        link.set(qn("r:id"), document.part.relate_to(address, kind, is_external=True))
        link.append(paragraph.add_run("there")._r)
        paragraph._p.append(link)

    assert making.draft(saved(document)).split("\n\n") == [
        "See [there](https://gov.example/a%20b%281%29)",
        "See there",
        "See there",
    ]


def test_what_was_put_in_is_read_and_what_was_struck_out_is_not() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("The ")
    for kind, words in (("ins", "new"), ("del", "old")):
        tag = "delText" if kind == "del" else "t"
        xml = f'<w:{kind} xmlns:w="{W}"><w:r><w:{tag}>{words}</w:{tag}></w:r></w:{kind}>'
        paragraph._p.append(parse_xml(xml))

    assert making.draft(saved(document)) == "The new"


def test_an_entity_or_a_document_type_is_refused() -> None:
    def declare(parts: dict[str, bytes]) -> None:
        name = "word/document.xml"
        parts[name] = parts[name].replace(
            b"<w:document ", b'<!DOCTYPE x [<!ENTITY a "aaaa">]><w:document ', 1
        )

    with pytest.raises(ExtractionError) as caught:
        making.draft(rewritten(saved(docx.Document()), declare))
    assert caught.value.reason is Reason.DAMAGED


def test_a_manuscript_read_back_says_the_same() -> None:
    blocks = [
        {"kind": "heading", "level": 1, "runs": [{"text": "Көпүрө"}]},
        {
            "kind": "paragraph",
            "runs": [
                {"text": "It was "},
                {"text": "paid", "bold": True},
                {"text": " for\x00\ud800 "},
                {"text": "there", "link": "https://gov.example/"},
            ],
        },
        {"kind": "number", "level": 1, "first": True, "runs": [{"text": "one"}]},
        {"kind": "bullet", "level": 1, "runs": [{"text": "two"}]},
        {"kind": "bullet", "level": 2, "runs": [{"text": "three"}]},
        {"kind": "quote", "runs": [{"text": "said"}]},
        {"kind": "table", "rows": [[[{"text": "a|b"}], [{"text": "c"}]], [[{"text": "d"}]]]},
        {"kind": "table", "rows": []},
    ]
    assert making.draft(making.manuscript(blocks, "ky")) == (
        "# Көпүрө\n\nIt was **paid** for? [there](https://gov.example/)\n\n"
        "1. one\n- two\n    - three\n\n> said\n\n| a\\|b | c |\n| --- | --- |\n| d |  |"
    )


@pytest.mark.slow
def test_a_page_becomes_a_pdf_without_fetching_anything() -> None:
    html = (
        "<p>Көпүрө</p><img src='file:///etc/passwd'><link rel=stylesheet href='http://a.example/'>"
    )
    made = making.paper(html, "@import url(file:///etc/hostname); p { color: red }")
    opened = pypdfium2.PdfDocument(made)
    assert "Көпүрө" in opened[0].get_textpage().get_text_range()
    opened.close()


def test_one_document_at_a_time_and_the_next_is_told() -> None:
    making._PRESS.acquire()
    try:
        with pytest.raises(making.BusyError, match="try again in a moment"):
            making.paper("<p>x</p>", "")
    finally:
        making._PRESS.release()
