import time
from pathlib import Path

import pytest
import sqlcipher3.dbapi2 as sqlite
from hypothesis import given, settings
from hypothesis import strategies as st

from casefile.index.analysis import analyze, fold, index_terms, languages, query_forms

GOLD = Path(__file__).parents[1] / "gold"


def _exact(text: str) -> list[str]:
    return [token.exact for token in analyze(text)]


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Ёлка", "елка"),
        ("МОСКВА", "москва"),
        ("чай", "чай"),
        ("за\u0301мок", "замок"),
        ("кыр\u00adгыз\u200bстан", "кыргызстан"),
        ("２０２１", "2021"),
        ("Müller", "muller"),
        ("Straße", "strasse"),
        ("О’Коннор", "оконнор"),
        ("O'Connor's", "oconnor"),
        ("ѳнүгүү", "өнүгүү"),
        ("и\u0306од", "йод"),
        ("ОсOO", "осоо"),  # the last two letters are Latin
        ("Кoмпания", "компания"),  # one letter is Latin
        ("٣٤", "34"),
        ("ﬁrm", "firm"),
        ("...", ""),
    ],
)
def test_a_word_is_folded_to_what_is_compared(written: str, folded: str) -> None:
    assert fold(written) == folded


def test_offsets_point_into_the_text_as_it_was_given() -> None:
    text = "\ufeffПо словам О\u2019Коннора, кыр\u00adгыз фирма (ОсОО) «Ак-Сай»… за\u0301мок!"

    for token in analyze(text):
        assert text[token.start : token.end] == token.surface
    assert _exact(text) == [
        *("по", "словам", "оконнора", "кыргыз", "фирма", "осоо", "ак", "сай", "замок"),
    ]


def test_text_without_spaces_is_found_by_its_runs() -> None:
    assert " ".join(_exact("北京")) in index_terms("他在北京市工作。").exact
    assert _exact("السَّلام عليكم") == ["السلام", "عليكم"]
    assert " ".join(_exact("ไทย")) in index_terms("ประเทศไทย").exact


def test_capitalised_words_have_a_name_key_and_plain_ones_do_not() -> None:
    names = index_terms("Вчера Матраимов встретил адвоката. Он ушёл.").names.split()

    assert "matraimv" in names
    assert "advokat" not in names
    assert "on" not in names


def test_a_name_typed_in_small_letters_finds_it_in_either_script() -> None:
    asked = set(query_forms("матраимов").names)

    for text in (
        "met Matraimov",
        "Матраимовдун иши",
        "у МАТРАИМОВОЙ",
        "писал матраимов",
        "жапарова",
    ):
        assert asked.isdisjoint(index_terms(text).names.split()) == (
            text in {"писал матраимов", "жапарова"}
        )
    assert query_forms("матраимов").exact in _exact("писал матраимов")


def test_family_names_of_the_region_have_a_key_in_small_letters_too() -> None:
    assert "asanbekv" in index_terms("асанбековдун иши").names.split()


def test_a_query_of_nothing_looks_for_nothing() -> None:
    for word in ("", " ", "—", "\u0301", "'"):
        forms = query_forms(word)
        assert (forms.exact, forms.stems, forms.names) == ("", (), ())


def test_stems_and_exact_forms_stand_side_by_side() -> None:
    text = "Компаниянын эсеби 12.03.2024 ачылган. Счёт открыт 北京 by Acme_Ltd."
    terms = index_terms(text)
    tokens = analyze(text)

    assert terms.exact.split() == [token.exact for token in tokens]
    assert terms.stems.split() == [token.stem for token in tokens]
    assert terms.length == len(tokens)


_LETTERS = st.text(
    alphabet="аөүңйёАОЬъьbcjxИиVо'’-–./,+()1290 \n\u00ad\u0301\u200b北٣", max_size=80
)


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(st.text(max_size=120) | _LETTERS)
def test_no_text_is_too_odd(text: str) -> None:
    tokens = analyze(text)
    terms = index_terms(text)
    forms = query_forms(text)

    assert languages(text) in {"en", "ru", "ky"}
    end = 0
    for token in tokens:
        assert end <= token.start < token.end <= len(text)
        assert text[token.start : token.end] == token.surface
        end = token.end
    assert terms.exact.split(" ") == [token.exact for token in tokens] or not tokens
    assert len(terms.exact.split()) == len(terms.stems.split()) == terms.length == len(tokens)
    known = {key for token in tokens for key in token.names}
    assert set(terms.names.split()) <= known
    for term in (*terms.exact.split(), *terms.stems.split(), *terms.names.split(), *forms.names):
        assert term.isalnum()
    assert forms.exact == "" or forms.exact.isalnum()


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60) | _LETTERS)
def test_whatever_is_in_a_text_is_found_by_typing_it(text: str) -> None:
    for token in analyze(text):
        forms = query_forms(token.surface)
        assert forms.exact == token.exact
        assert token.stem in forms.stems or token.stem[0] in "rk"


@pytest.mark.slow
def test_sqlite_keeps_every_term_in_one_piece() -> None:
    """Also what its own tables call no letter, such as scripts that are younger than they are."""
    terms = {fold(f"a{chr(code)}b") for code in range(0x20000) if not 0xD800 <= code < 0xE000}
    database = sqlite.connect(":memory:")
    database.execute(
        "CREATE VIRTUAL TABLE t USING fts5(x, tokenize='unicode61 remove_diacritics 0')"
    )
    database.executemany("INSERT INTO t VALUES (?)", ((term,) for term in terms if term != "ab"))

    whole = database.execute("SELECT count(*) FROM t WHERE t MATCH 'a OR b'").fetchone()

    assert whole == (0,)


@pytest.mark.slow
def test_hostile_text_takes_no_longer_than_its_length(capsys: pytest.CaptureFixture[str]) -> None:
    size = 20_000
    for piece in ("1.", "1 ", "а-", "А-Б", "a\u0301\u0316", "Ова", "аб-\n", "+(", "1/", "'", "\n"):
        started = time.process_time()
        index_terms(piece * size)
        analyze(piece * size)
        query_forms(piece * size)
        assert time.process_time() - started < 10, piece
    assert capsys.readouterr().out == ""


def test_notes_are_analysed_fast_enough(capsys: pytest.CaptureFixture[str]) -> None:
    lines = (GOLD / "sentences.txt").read_text("utf-8").splitlines()
    sentences = [line.split("|")[1].strip() for line in lines if line[0] != "#"]
    notes = [" ".join(sentences[at : at + 9]) for at in range(len(sentences) - 9)] * 12
    words = sum(index_terms(note).length for note in notes[:60]) / 60

    rates = []
    for _ in range(3):
        started = time.process_time()
        for note in notes:
            index_terms(note)
        rates.append(len(notes) / (time.process_time() - started))

    with capsys.disabled():
        print(f"\n{max(rates):,.0f} notes of {words:.0f} words a second on one core")
    # Half the aim: this also runs beside other work.
    assert max(rates) >= 2_000
