from __future__ import annotations

import io
import socket
import struct
import zipfile
from typing import TYPE_CHECKING

import docx
import pytest
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import parse_xml

from casefile.sandbox import ExtractionError, Limits, Reason, extract

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from docx.document import Document

KIND = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TO_BODY = (
    f'<Relationships xmlns="{RELATIONSHIPS}"><Relationship Id="a" Type="{OFFICE}/officeDocument" '
    'Target="word/document.xml"/></Relationships>'
)


def saved(document: Document) -> bytes:
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def rewritten(content: bytes, change: Callable[[dict[str, bytes]], object]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    return zipped(members)


def zipped(members: Mapping[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def body(xml: str, **more: str | bytes) -> bytes:
    document = f'<w:document xmlns:w="{W}"><w:body>{xml}</w:body></w:document>'
    return zipped({"_rels/.rels": TO_BODY, "word/document.xml": document, **more})


def text(content: bytes, limits: Limits | None = None) -> str:
    return "\n".join(extract(KIND, [content], limits=limits or Limits(seconds=20)))


def refusal(content: bytes, limits: Limits | None = None) -> Reason:
    with pytest.raises(ExtractionError) as caught:
        text(content, limits)
    return caught.value.reason


def test_paragraphs_tables_headers_footers_and_comments_are_read() -> None:
    document = docx.Document()
    document.add_heading("Отчёт о закупках", 1)
    paragraph = document.add_paragraph("Поставщик: ОсОО «Жол».")
    document.add_comment(paragraph.runs, text="Проверить адрес", author="Ann", initials="A")
    table = document.add_table(rows=2, cols=2)
    for cell, words in zip(table._cells, ["Имя", "Сумма", "Иванов", "200"], strict=True):
        cell.text = words
    document.add_paragraph("Конец.")
    document.sections[0].header.paragraphs[0].text = "Для служебного пользования"
    document.sections[0].footer.paragraphs[0].text = "Страница"

    assert text(saved(document)) == (
        "Отчёт о закупках\nПоставщик: ОсОО «Жол».\nИмя\tСумма\nИванов\t200\nКонец.\n\n"
        "Проверить адрес\n\nДля служебного пользования\n\nСтраница"
    )


def test_footnotes_are_read_after_the_body() -> None:
    document = docx.Document()
    document.add_paragraph("Цена выросла вдвое.")
    document.part.relate_to(document.part, f"{OFFICE}/nothing")

    def add_footnotes(members: dict[str, bytes]) -> None:
        members["word/footnotes.xml"] = (
            f'<w:footnotes xmlns:w="{W}"><w:footnote><w:p><w:r><w:t>См. приказ № 7.</w:t></w:r>'
            "</w:p></w:footnote></w:footnotes>"
        ).encode()
        name = "word/_rels/document.xml.rels"
        members[name] = members[name].replace(
            b"</Relationships>",
            f'<Relationship Id="n" Type="{OFFICE}/footnotes" Target="/word/footnotes.xml"/>'
            "</Relationships>".encode(),
        )

    assert text(rewritten(saved(document), add_footnotes)) == (
        "Цена выросла вдвое.\n\nСм. приказ № 7."
    )


def test_a_body_under_another_name_is_found_by_its_relationship() -> None:
    content = zipped(
        {
            "_rels/.rels": TO_BODY.replace("document.xml", "document2.xml"),
            "word/document2.xml": f'<w:document xmlns:w="{W}"><w:p><w:r><w:t>Да</w:t></w:r></w:p>'
            "</w:document>",
        }
    )

    assert text(content) == "Да"


def test_signs_inside_a_line_keep_words_apart_and_together() -> None:
    xml = (
        "<w:p><w:r><w:t>ноль</w:t></w:r></w:p>"
        '<w:p><w:pPr><w:tabs><w:tab w:val="left"/></w:tabs></w:pPr>'
        "<w:r><w:t>дого</w:t></w:r><w:r><w:t>вор</w:t><w:tab/><w:t>один</w:t><w:br/>"
        "<w:t>кара</w:t><w:noBreakHyphen/><w:t>куль</w:t></w:r></w:p><w:p/><w:p><w:r>"
        "<w:instrText>HYPERLINK secret</w:instrText><w:t>два</w:t></w:r></w:p>"
    )

    assert text(body(xml)) == "ноль\nдоговор\tодин\nкара-куль\n\nдва"


def test_deleted_words_are_kept_at_the_end_and_moved_words_said_once() -> None:
    xml = (
        "<w:p><w:r><w:t>договор</w:t></w:r>"
        "<w:del><w:r><w:delText>отозван</w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t>а</w:t></w:r></w:ins>"
        "<w:moveFrom><w:r><w:t> сюда</w:t></w:r></w:moveFrom></w:p>"
        "<w:p><w:moveTo><w:r><w:t>туда</w:t></w:r></w:moveTo></w:p>"
    )

    assert text(body(xml)) == "договора\nтуда\nотозван"


def test_a_text_box_is_read_once_though_word_writes_it_twice() -> None:
    box = "<w:txbxContent><w:p><w:r><w:t>в рамке</w:t></w:r></w:p></w:txbxContent>"
    xml = (
        '<w:p xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><w:r>'
        f"<w:t>до</w:t></w:r><w:r><mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>"
        f"{box}</mc:Fallback></mc:AlternateContent></w:r><w:r><w:t>после</w:t></w:r></w:p>"
    )

    assert text(body(xml)) == "до\nв рамке\nпосле"


def test_cells_with_several_paragraphs_and_tables_inside_tables_stay_readable() -> None:
    def cell(*words: str) -> str:
        return (
            "<w:tc>" + "".join(f"<w:p><w:r><w:t>{w}</w:t></w:r></w:p>" for w in words) + "</w:tc>"
        )

    inner = f"<w:tbl><w:tr>{cell('в')}{cell('г')}</w:tr></w:tbl>"
    xml = f"<w:tbl><w:tr>{cell('а', 'б')}<w:tc>{inner}<w:p/></w:tc>{cell('д')}</w:tr></w:tbl>"

    assert text(body(xml)).split() == list("абвгд")
    assert "в\tг" in text(body(xml))


def test_the_strict_form_of_the_format_is_read_too() -> None:
    strict = body("<w:p><w:r><w:t>строго</w:t></w:r></w:p>")

    def change(members: dict[str, bytes]) -> None:
        for name, content in members.items():
            members[name] = content.replace(
                W.encode(), b"http://purl.oclc.org/ooxml/wordprocessingml/main"
            ).replace(OFFICE.encode(), b"http://purl.oclc.org/ooxml/officeDocument/relationships")

    assert text(rewritten(strict, change)) == "строго"


def test_nothing_outside_the_file_is_ever_asked_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        where = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        document = docx.Document()
        document.add_paragraph("Здесь.")
        for kind in (RELATIONSHIP_TYPE.HYPERLINK, RELATIONSHIP_TYPE.HEADER, "attachedTemplate"):
            document.part.relate_to(where, kind, is_external=True)

        assert text(saved(document)) == "Здесь."
        with pytest.raises(TimeoutError):
            server.accept()


def test_an_archive_inside_stays_shut() -> None:
    inner = body("<w:p><w:r><w:t>внутри</w:t></w:r></w:p>")
    rels = TO_BODY.replace("word/document.xml", "embeddings/a.docx").replace(
        "officeDocument", "package"
    )
    more: dict[str, str | bytes] = {
        "word/embeddings/a.docx": inner,
        "word/_rels/document.xml.rels": rels,
    }
    content = body("<w:p><w:r><w:t>снаружи</w:t></w:r></w:p>", **more)

    assert text(content) == "снаружи"


def test_a_part_that_unpacks_a_thousandfold_is_refused() -> None:
    spaces = body("<w:p>" + " " * (8 << 20) + "</w:p>")

    assert len(spaces) < 20_000
    assert refusal(spaces) is Reason.UNPACKS_TOO_FAR


def test_parts_that_unpack_to_too_much_together_are_refused() -> None:
    words = "".join(f"<w:p><w:r><w:t>{number}</w:t></w:r></w:p>" for number in range(50_000))

    assert refusal(body(words), Limits(unpacked_bytes=1 << 20)) is Reason.UNPACKS_TOO_FAR


def test_members_that_share_their_bytes_are_refused() -> None:
    content = bytearray(body("<w:p/>"))
    first = content.find(b"PK\x01\x02")
    second = content.find(b"PK\x01\x02", first + 1)
    content[second + 42 : second + 46] = content[first + 42 : first + 46]

    assert refusal(bytes(content)) is Reason.UNPACKS_TOO_FAR


def test_too_many_members_are_refused() -> None:
    names = {f"m{number}": b"" for number in range(10_001)}

    assert refusal(body("<w:p/>", **names)) is Reason.UNPACKS_TOO_FAR


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">'
        + "".join(
            f'<!ENTITY {x} "{f"&{y};" * 10}">'
            for x, y in zip("bcdefghij", "abcdefghi", strict=True)
        )
        + "]>",
        '<!DOCTYPE d [<!ENTITY j SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd">',
    ],
)
def test_a_document_that_declares_entities_is_refused(declared: str) -> None:
    xml = f'{declared}<w:document xmlns:w="{W}"><w:p><w:r><w:t>&j;</w:t></w:r></w:p></w:document>'

    assert refusal(zipped({"_rels/.rels": TO_BODY, "word/document.xml": xml})) is Reason.DAMAGED


def test_a_protected_member_is_said_to_be_protected() -> None:
    content = bytearray(body("<w:p/>"))
    at = 0
    while (at := content.find(b"PK\x01\x02", at)) >= 0:
        content[at + 8] |= 1
        at += 4

    assert refusal(bytes(content)) is Reason.ENCRYPTED


def test_a_member_packed_in_an_unusual_way_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("_rels/.rels", TO_BODY)
        archive.writestr("word/document.xml", f'<w:document xmlns:w="{W}"/>')

    assert refusal(file.getvalue()) is Reason.DAMAGED


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 and then nothing",
        zipped({}),
        zipped({"[Content_Types].xml": "<Types/>"}),
        zipped({"_rels/.rels": "<not xml"}),
        zipped({"_rels/.rels": TO_BODY}),
        zipped({"_rels/.rels": TO_BODY, "word/document.xml": ""}),
        zipped({"_rels/.rels": TO_BODY, "word/document.xml": "<a>" * 5000}),
        zipped({"_rels/.rels": TO_BODY, "word/document.xml": b"\xff\xfe\x00"}),
        body("<w:p/>")[:-30],
        zipped({"_rels/.rels": TO_BODY.replace("word/document.xml", "../../etc/passwd")}),
    ],
    ids=len,
)
def test_a_damaged_document_is_said_to_be_damaged(content: bytes) -> None:
    assert refusal(content) is Reason.DAMAGED


def test_bytes_changed_inside_a_part_are_noticed() -> None:
    content = bytearray(body("<w:p><w:r><w:t>один</w:t></w:r></w:p>"))
    at = content.find(b"PK\x01\x02")
    content[at + 16 : at + 20] = struct.pack("<I", 0)

    assert refusal(bytes(content)) is Reason.DAMAGED


def test_a_long_document_keeps_all_its_words() -> None:
    document = docx.Document()
    for number in range(2000):
        document.element.body.append(
            parse_xml(f'<w:p xmlns:w="{W}"><w:r><w:t>Абзац номер {number}.</w:t></w:r></w:p>')
        )

    pages = extract(KIND, [saved(document)])

    assert len(pages) > 1
    assert sum(page.count("Абзац") for page in pages) == 2000
