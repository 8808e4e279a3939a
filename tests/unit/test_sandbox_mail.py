from __future__ import annotations

from email import policy
from email.message import EmailMessage

import pytest

from casefile.sandbox import ExtractionError, Limits, extract


def text(content: bytes) -> str:
    return "\n".join(extract("message/rfc822", [content], limits=Limits(seconds=20)))


def letter(body: str = "Договор подписан.", **more: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Анна Иванова <ann@example.org>"
    message["To"] = "ben@example.org"
    message["Subject"] = "Поставка битума — сроки и цены на весь следующий год для всех областей"
    message["X-Spam-Score"] = "secret weight"
    for name, value in more.items():
        message[name.replace("_", "-")] = value
    message.set_content(body)
    return message


def test_headers_and_body_are_read() -> None:
    assert text(letter(Cc="cleo@example.org").as_bytes()) == (
        "From: Анна Иванова <ann@example.org>\nTo: ben@example.org\nCc: cleo@example.org\n"
        "Subject: Поставка битума — сроки и цены на весь следующий год для всех областей\n\n"
        "Договор подписан."
    )


def test_names_of_attachments_are_read_and_their_bytes_are_not() -> None:
    message = letter()
    message.add_attachment(b"\x89PNG words", maintype="image", subtype="png", filename="фото.png")
    message.add_attachment("строка;сумма", filename="список.csv", subtype="csv")

    found = text(message.as_bytes())

    assert "\nфото.png" in found
    assert "words" not in found
    assert "список.csv" in found
    assert "строка;сумма" in found


def test_names_written_the_way_old_programs_write_them_are_read() -> None:
    message = letter()
    message.add_attachment(b"x", maintype="application", subtype="pdf", filename="a.pdf")
    content = message.as_bytes().replace(
        b'filename="a.pdf"', b'filename="=?koi8-r?B?' + b"xM/Hz9fP0i5wZGY=" + b'?="'
    )

    assert "договор.pdf" in text(content)


def test_the_same_letter_in_html_is_said_once() -> None:
    message = letter("Договор подписан, сумма 14 млн.")
    message.add_alternative("<p>Договор подписан, <b>сумма</b> 14 млн.</p>", subtype="html")

    assert text(message.as_bytes()).count("подписан") == 1


def test_html_that_says_something_else_is_read_as_well() -> None:
    message = letter("Договор подписан.")
    message.add_alternative(
        "<style>p{}</style><p>Договор расторгнут.</p><script>x()</script>", subtype="html"
    )

    found = text(message.as_bytes())

    assert "подписан" in found
    assert "расторгнут" in found
    assert "x()" not in found


def test_a_forwarded_letter_is_read_with_its_own_headers() -> None:
    inner = letter("Внутри.", Date="Mon, 1 Mar 2021 10:00:00 +0600")
    outer = letter("Смотрите ниже.")
    outer.add_attachment(inner, filename="жалоба.eml")

    found = text(outer.as_bytes())

    assert "жалоба.eml" in found
    assert found.index("Смотрите") < found.index("Date: Mon, 01 Mar 2021") < found.index("Внутри")
    assert found.count("From: Анна Иванова") == 2


@pytest.mark.parametrize("transfer", ["8bit", "base64", "quoted-printable"])
@pytest.mark.parametrize("charset", ["windows-1251", "koi8-r", "utf-8"])
def test_every_way_of_sending_russian_is_understood(charset: str, transfer: str) -> None:
    message = letter()
    message.set_content("Сумма договора составила 14 млн.", charset=charset, cte=transfer)

    assert "Сумма договора составила 14 млн." in text(message.as_bytes())


@pytest.mark.parametrize("charset", ["us-ascii", "iso-8859-1", "no-such-set", "idna", "zlib"])
def test_a_wrongly_named_character_set_does_no_harm(charset: str) -> None:
    content = (
        b"From: ann@example.org\nSubject: "
        + "Срочно: договор".encode("cp1251")
        + b"\nContent-Type: text/plain; charset="
        + charset.encode()
        + b"\nContent-Transfer-Encoding: 8bit\n\n"
        + "Сумма договора".encode("cp1251")
    )

    assert text(content) == ("From: ann@example.org\nSubject: Срочно: договор\n\nСумма договора")


def test_long_headers_folded_and_split_into_words_come_back_whole() -> None:
    content = (
        b"Subject: =?utf-8?B?0JTQvtCz0L7QstC+?=\r\n =?UTF-8?Q?=D1=80_?= number\r\n\t7\r\n\r\nx"
    )

    assert text(content).startswith("Subject: Договор  number 7")


def test_where_a_letter_came_from_is_kept_and_the_noise_is_not() -> None:
    found = text(letter(Received="from [203.0.113.9] by mx.example.org").as_bytes())

    assert "203.0.113.9" in found
    assert "secret weight" not in found


def test_bytes_that_are_no_letter_are_still_read_as_one() -> None:
    assert text(b"\xff\xfe\x00garbage") != ""
    assert text(b"") == ""


@pytest.mark.parametrize(
    "content",
    [
        b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n!!!not base64",
        b"Content-Type: text/plain\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n\xff\n",
        b"Content-Type: multipart/mixed\n\nno boundary",
        b"Content-Type: multipart/mixed; boundary=a\n\n--a\n--a\n--a--\n",
        b"Content-Type: message/rfc822\n\n",
        b"Content-Type: message/delivery-status\n\nA: b\n\nC: d\n",
        b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nRnJvbTogeAoKeQ==",
        b"Content-Type: text/html\n\n",
        b"Content-Type: text/html; charset=utf-16\n\n<p>x",
        b"Content-Disposition: attachment; filename*=zlib''%80\n\nx",
        b"Content-Disposition: attachment; filename*0*=a''b; filename*2*=c\n\nx",
        b"Content-Type: image/png; name*99999999999999999999=x\n\nx",
        b"Subject: =?utf-8?B?====?= =?x?Q?=?= =?utf-8?Q?=ZZ?=\n\nx",
        b"Subject: " + b"=?" * 50_000 + b"\n\nx",
        b"A: b\n" * 100_000 + b"\nx",
    ],
)
def test_malformed_letters_are_read_as_far_as_they_go(content: bytes) -> None:
    assert isinstance(text(content), str)


def test_letters_nested_without_end_are_refused_or_read_but_never_hang() -> None:
    content = b"Content-Type: message/rfc822\n\n" * 3000 + b"x"

    with pytest.raises(ExtractionError):
        text(content)


@pytest.mark.slow
def test_parts_nested_without_end_are_refused_or_read_but_never_hang() -> None:
    content = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (depth, depth)
        for depth in range(2000)
    )

    with pytest.raises(ExtractionError):
        text(content)


def test_a_web_page_saved_as_one_file_is_read() -> None:
    page = EmailMessage(policy=policy.SMTP)
    page["From"] = "<Saved by Blink>"
    page["Subject"] = "Тендер"
    page.set_content("<title>Тендер</title><p>Победитель: ОсОО «Жол»", subtype="html")
    page.make_related()

    assert "Победитель: ОсОО «Жол»" in text(page.as_bytes())
