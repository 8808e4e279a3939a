from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefile.sandbox.charsets import encoding_of, texts

RUSSIAN = (
    "Отчёт о закупках",
    "Договор № 15 от 12 марта 2021 года",
    "ПРИКАЗ О НАЗНАЧЕНИИ ДИРЕКТОРА",
    "id;имя;сумма\n1;Иванов;200\n2;Петрова;300\n",
    "2021-03-12 12:00:01 ERROR connection refused: нет связи\n",
    "«Цитата», — сказал он. Акматов А. А.",
    "Министерство транспорта заключило договор с фирмой на поставку битума. " * 50,
)


def read(content: bytes, declared: str | None = None) -> str:
    return "".join(texts(memoryview(content), declared))


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "cp866", "iso8859-5"])
@pytest.mark.parametrize("text", RUSSIAN)
def test_russian_comes_out_of_every_old_code_page(text: str, encoding: str) -> None:
    content = text.encode(encoding, "ignore")

    assert read(content) == content.decode(encoding)


@pytest.mark.parametrize(
    "text", ["Бишкек", "нет", "Ф.И.О.", "г. Ош", "счёт-фактура №12", "ОсОО «Жол»", "Її ґава"]
)
def test_a_few_letters_of_cp1251_are_enough(text: str) -> None:
    assert read(text.encode("cp1251")) == text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_is_unicode_whatever_is_declared(encoding: str) -> None:
    assert read("Өкмөт эң чоң — 😀".encode(encoding), "windows-1251") == "Өкмөт эң чоң — 😀"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["Договор подписан в марте.", "The contract was signed."])
def test_utf_16_without_a_mark_is_recognised(text: str, encoding: str) -> None:
    assert read(text.encode(encoding)) == text


def test_one_bad_byte_does_not_turn_a_utf_8_log_into_another_code_page() -> None:
    line = "нет связи с сервером\n".encode()

    assert read(line * 20 + b"\xff\n" + line) == (line * 20 + b"\xff\n" + line).decode(
        "utf-8", "replace"
    )


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Größe über alles – schöne Straße", "cp1252"),
        ("Déjà vu, élève à l'école", "cp1252"),
        ("it’s “quoted” – text", "cp1252"),
        ("£5", "cp1252"),
        ("Ağrı ili yol yapım ihalesi sonuçları ve şirketler", "cp1254"),
        ("中华人民共和国国务院关于道路建设的合同", "gb18030"),
        ("대한민국 계약서", "euc_kr"),
    ],
)
def test_other_languages_are_not_taken_for_russian(text: str, encoding: str) -> None:
    assert read(text.encode(encoding)) == text


def test_a_declared_code_page_is_believed_when_the_bytes_are_not_unicode() -> None:
    assert read("да".encode("koi8-r"), "KOI8-R") == "да"
    assert read("ένα".encode("iso8859-7"), "iso-8859-7") == "ένα"
    assert read(b"\x1b$B7@Ls\x1b(B", "iso-2022-jp") == "契約"


def test_latin_1_is_what_mail_programs_say_about_anything_so_it_is_not_believed() -> None:
    assert read("Договор подписан".encode("cp1251"), "iso-8859-1") == "Договор подписан"


@pytest.mark.parametrize(
    "name", ["zlib", "rot13", "idna", "punycode", "unicode_escape", "utf-7", "no such", "\0", ""]
)
def test_a_declared_name_that_is_no_code_page_is_ignored(name: str) -> None:
    assert encoding_of(memoryview(b"plain"), name) == "utf-8"
    assert read("Договор".encode("cp1251"), name) == "Договор"


@given(st.binary(max_size=2000), st.one_of(st.none(), st.text(max_size=12)))
def test_any_bytes_become_some_text(content: bytes, declared: str | None) -> None:
    assert isinstance(read(content, declared), str)


@given(st.text(max_size=200))
def test_utf_8_always_comes_back(text: str) -> None:
    plain = "\x01" + text.replace("\0", "").lstrip("\ufeff")

    assert read(plain.encode("utf-8", "ignore")) == plain.encode("utf-8", "ignore").decode()
