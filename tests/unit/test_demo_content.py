import email
import email.policy
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache

import docx
import lxml.html
import pypdfium2
import pytest

from casefile.demo.content import Investigation, Newsroom, file_names, load, open_file

TODAY = date(2026, 11, 21)
ROLES = {
    "reporter",
    "editor",
    "grant_manager",
    "finance",
    "director",
    "juror",
    "verifier",
    "donor",
    "admin",
}
SEATS = {"lead", "reporter", "editor", "fact_checker", "lawyer", "reader"}
WRITERS = {"lead", "reporter", "editor", "fact_checker"}
KEEPERS = {"lead", "reporter"}
EDITORS = {"jamilya", "viktor"}
READABLE = {"pdf", "docx", "eml", "html", "txt"}
WITHOUT_TEXT = {"pismo-direkcii-skan.pdf"}


@pytest.fixture(scope="module")
def newsroom() -> Newsroom:
    return load(TODAY)


@cache
def text_of(name: str) -> str:
    with open_file(name) as file:
        content = file.read()
        match name.rsplit(".", 1)[-1]:
            case "pdf":
                pages = pypdfium2.PdfDocument(content)
                text = "\n".join(page.get_textpage().get_text_bounded() for page in pages)
                pages.close()
                return text
            case "docx":
                file.seek(0)
                return "\n".join(_docx_lines(docx.Document(file)))
            case "eml":
                message = email.message_from_bytes(content, policy=email.policy.default)
                body = message.get_body(("plain",))
                assert body is not None
                return f"{message['Subject']}\n{body.get_content()}"
            case "html":
                return "".join(map(str, lxml.html.fromstring(content).itertext()))
            case _:
                return content.decode()


def _docx_lines(document: "docx.document.Document") -> Iterator[str]:
    for paragraph in document.paragraphs:
        yield paragraph.text
    for table in document.tables:
        for row in table.rows:
            yield from (cell.text for cell in row.cells)


def language_of(text: str) -> str:
    latin = len(re.findall(r"[A-Za-z]", text))
    cyrillic = len(re.findall(r"[А-Яа-яЁёӨөҮүҢң]", text))
    kyrgyz = len(re.findall(r"[ӨөҮүҢң]", text))
    if latin > cyrillic:
        return "en"
    return "ky" if kyrgyz > cyrillic / 50 else "ru"


def bodies(case: Investigation) -> Iterator[tuple[str, str, timedelta]]:
    for note in case.notes:
        yield note.author, note.body, note.age
        for edit in note.edits:
            yield edit.author, edit.body, edit.age


def cited(body: str) -> set[int]:
    return {int(number) for number in re.findall(r"\[E-(\d+)\]", body)}


def test_the_sample_has_five_investigations_and_a_full_house(newsroom: Newsroom) -> None:
    notes = [note for case in newsroom.investigations for note in case.notes]

    assert len(newsroom.investigations) == 5
    assert len(notes) >= 66
    assert len(file_names()) >= 18
    assert 8 <= len(newsroom.people) <= 20
    assert 10 <= sum(bool(note.edits) for note in notes) <= 14
    assert all(len(note.edits) <= 3 for note in notes)


def test_the_sample_is_the_same_each_time_and_counts_back_from_the_day_given() -> None:
    later = load(TODAY + timedelta(days=400))

    assert load(TODAY) == load(TODAY)
    assert load().people == later.people
    for old, new in zip(load(TODAY).investigations, later.investigations, strict=True):
        for before, after in zip(old.evidence, new.evidence, strict=True):
            assert after.obtained_at - before.obtained_at == timedelta(days=400)


def test_people_have_known_roles_and_passwords_of_their_own(newsroom: Newsroom) -> None:
    people = newsroom.people

    assert len({person.key for person in people}) == len(people)
    assert len({person.username for person in people}) == len(people)
    assert len({person.name for person in people}) == len(people)
    assert len({person.password for person in people}) == len(people)
    assert all(len(person.password) >= 12 for person in people)
    assert all(set(person.roles) <= ROLES for person in people)
    assert all(re.fullmatch(r"[a-z]+", person.username) for person in people)


def test_the_administrator_and_the_grant_manager_sit_on_no_case(newsroom: Newsroom) -> None:
    outside = {p.key: p.roles for p in newsroom.people if {"admin", "grant_manager"} & {*p.roles}}

    assert sorted(outside.values()) == [("admin",), ("grant_manager",)]
    assert not any(key in case.seats for case in newsroom.investigations for key in outside)


def test_seats_refer_to_people_and_nobody_reports_on_everything(newsroom: Newsroom) -> None:
    keys = {person.key for person in newsroom.people}
    seats = Counter(key for case in newsroom.investigations for key in case.seats)

    for case in newsroom.investigations:
        roles = Counter(seat.role for seat in case.seats.values())
        assert set(case.seats) <= keys
        assert set(roles) <= SEATS
        assert roles["lead"] == 1
        assert roles["editor"] >= 1
    assert {key: seats[key] for key in EDITORS} == dict.fromkeys(EDITORS, 3)
    assert all(count < len(newsroom.investigations) for count in seats.values())


def test_the_guest_lawyer_has_one_seat_and_it_ends(newsroom: Newsroom) -> None:
    lawyers = [
        (key, seat)
        for case in newsroom.investigations
        for key, seat in case.seats.items()
        if seat.role == "lawyer"
    ]

    ((key, seat),) = lawyers
    assert seat.ends_in_days is not None
    assert next(person.roles for person in newsroom.people if person.key == key) == ()


def test_every_kind_of_seat_is_taken(newsroom: Newsroom) -> None:
    taken = {seat.role for case in newsroom.investigations for seat in case.seats.values()}

    assert taken == SEATS


def test_notes_and_evidence_come_from_people_whose_seat_lets_them(newsroom: Newsroom) -> None:
    for case in newsroom.investigations:
        for author, _, _ in bodies(case):
            assert case.seats[author].role in WRITERS, (case.key, author)
        for item in case.evidence:
            assert case.seats[item.added_by].role in KEEPERS, (case.key, item.file)


def test_nothing_is_said_twice(newsroom: Newsroom) -> None:
    for case in newsroom.investigations:
        texts = [body for _, body, _ in bodies(case)]
        assert len(set(texts)) == len(texts)
    titles = [note.title for case in newsroom.investigations for note in case.notes]
    assert len(set(titles)) == len(titles)


def test_every_citation_names_evidence_that_was_there_by_then(newsroom: Newsroom) -> None:
    for case in newsroom.investigations:
        for _, body, age in bodies(case):
            for number in cited(body):
                assert 1 <= number <= len(case.evidence), (case.key, number)
                assert case.evidence[number - 1].age >= age, (case.key, number, body[:60])


def test_every_piece_of_evidence_is_cited(newsroom: Newsroom) -> None:
    for case in newsroom.investigations:
        numbers = {number for _, body, _ in bodies(case) for number in cited(body)}
        assert numbers == set(range(1, len(case.evidence) + 1)), case.key


def test_times_run_forward(newsroom: Newsroom) -> None:
    for case in newsroom.investigations:
        opened = timedelta(days=case.opened_days_ago)
        ages = [item.age for item in case.evidence]
        assert ages == sorted(ages, reverse=True), case.key
        for item in case.evidence:
            assert item.age <= opened
            assert item.obtained_at <= TODAY - item.age
        for note in case.notes:
            versions = [note.age, *(edit.age for edit in note.edits)]
            assert note.age <= opened, note.title
            assert versions == sorted(set(versions), reverse=True), note.title
            assert all(age > timedelta(0) for age in versions)


def test_notes_are_of_readable_length(newsroom: Newsroom) -> None:
    for case in newsroom.investigations:
        for _, body, _ in bodies(case):
            words = re.findall(r"\w[\w'’-]*", body)
            assert 60 <= len(words) <= 350, body[:60]


def test_three_languages_are_spoken_and_at_least_two_in_each_case(newsroom: Newsroom) -> None:
    spoken = {
        case.key: Counter(language_of(note.body) for note in case.notes)
        for case in newsroom.investigations
    }
    total = sum(spoken.values(), Counter())

    assert total["ky"] >= 18
    assert total["ru"] >= 22
    assert total["en"] >= 20
    assert all(len(languages) >= 2 for languages in spoken.values())


def test_every_file_is_used_once_and_all_together_stay_small(newsroom: Newsroom) -> None:
    used = [item.file for case in newsroom.investigations for item in case.evidence]

    assert sorted(used) == sorted(file_names())
    sizes = []
    for name in used:
        with open_file(name) as file:
            sizes.append(len(file.read()))
    assert min(sizes) > 0
    assert sum(sizes) < 2.5 * 1024 * 1024


def test_the_kinds_of_file_a_reporter_meets_are_all_there() -> None:
    kinds = Counter(name.rsplit(".", 1)[-1] for name in file_names())

    assert set(kinds) == {"pdf", "docx", "xlsx", "eml", "jpg", "png", "html", "txt", "csv"}
    assert kinds["pdf"] >= 4


def test_text_layers_have_their_letters_and_the_scan_has_none() -> None:
    assert "Тунук-Суу дарыясынын нугун тазалоо" in text_of("ayil-kenesh-toktomu.pdf")
    assert "Банковская гарантия" in text_of("protokol-vskrytiya-zayavok.pdf")
    assert "Several decades" in text_of("hydrology-memo.pdf")
    for name in WITHOUT_TEXT:
        assert not text_of(name).strip()


def test_a_findable_word_stands_in_its_own_file_and_nowhere_else(newsroom: Newsroom) -> None:
    items = [item for case in newsroom.investigations for item in case.evidence]
    readable = {item.file for item in items if item.file.rsplit(".", 1)[-1] in READABLE}
    texts = {name: text_of(name).casefold() for name in readable}
    notes = "\n".join(body for case in newsroom.investigations for _, body, _ in bodies(case))
    notes += "\n".join(item.shows for item in items)

    for item in items:
        expected = item.file in readable - WITHOUT_TEXT
        assert bool(item.findable) is expected, item.file
        for word in item.findable:
            folded = word.word.casefold()
            assert word.language in {"ky", "ru", "en"}
            assert [name for name, text in texts.items() if folded in text] == [item.file]
            assert folded not in notes.casefold(), word.word


def test_mail_carries_its_attachment() -> None:
    for name in sorted(file_names()):
        if name.endswith(".eml"):
            with open_file(name) as file:
                message = email.message_from_binary_file(file, policy=email.policy.default)
            attached = list(message.iter_attachments())
            assert len(attached) == 1, name
            assert attached[0].get_filename(), name


def test_files_do_not_say_with_what_they_were_made() -> None:
    for name in sorted(file_names()):
        with open_file(name) as file:
            parts = [file.read()]
            if name.endswith((".docx", ".xlsx")):
                with zipfile.ZipFile(file) as container:
                    parts += [container.read(part) for part in container.namelist()]
        for trace in (b"python-docx", b"openpyxl", b"headless", b"/producer", b"<application"):
            assert not any(trace in part.lower() for part in parts), (name, trace)


def test_a_name_is_written_in_more_than_one_script(newsroom: Newsroom) -> None:
    for spellings in (
        ("Токтобаев", "Токтобаевдин", "Toktobaev"),
        ("Жанузаков", "Januzakov", "Zhanuzakov"),
        ("Хасанова", "Khasanova", "Hasanova"),
        ("Үсөнбаев", "Усенбаев", "Usenbaev"),
        ("Мамбеткулов", "Mambetkulov"),
    ):
        for spelling in spellings:
            assert any(
                spelling in body for case in newsroom.investigations for _, body, _ in bodies(case)
            ), spelling


def test_telephone_numbers_belong_to_nobody(newsroom: Newsroom) -> None:
    written = "\n".join(body for case in newsroom.investigations for _, body, _ in bodies(case))
    written += "\n".join(
        text_of(name) for name in sorted(file_names()) if name.rsplit(".", 1)[-1] in READABLE
    )

    numbers = re.findall(r"\+\d[\d ()-]{6,}", written)
    assert numbers
    assert all(number.startswith("+996 000 ") for number in numbers)
