from pathlib import Path

import pytest

from casefile.index.analysis import analyze, index_terms, languages, query_forms

GOLD = Path(__file__).parents[1] / "gold" / "sentences.txt"
LEAST = {"ky": 0.96, "ru": 0.97, "en": 0.99}


def _gold() -> list[tuple[str, str, list[str]]]:
    lines = [line.split("|") for line in GOLD.read_text("utf-8").splitlines() if line[0] != "#"]
    return [(spoken.strip(), text.strip(), words.split()) for spoken, text, words in lines]


@pytest.mark.parametrize("spoken", LEAST)
def test_sentences_are_found_by_dictionary_form(
    spoken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sentences = [
        (set(index_terms(text).stems.split()), set(index_terms(text).exact.split()), words, its)
        for its, text, words in _gold()
    ]
    asked = found = plain = answers = right = 0
    for word in sorted({word for _, _, words, its in sentences if its == spoken for word in words}):
        forms = query_forms(word)
        for stems, exact, words, its in sentences:
            matches = not stems.isdisjoint(forms.stems)
            answers += matches
            right += matches and word in words
            if its == spoken and word in words:
                asked += 1
                found += matches
                plain += forms.exact in exact

    with capsys.disabled():
        print(
            f"\n{spoken}: {asked} questions, found {found / asked:.3f}"
            f" (as written: {plain / asked:.3f}), right {right / answers:.3f} of what was found"
        )
    assert found / asked >= LEAST[spoken]
    assert right / answers >= 0.95


def test_the_language_of_a_sentence_is_told_without_its_surroundings() -> None:
    gold = _gold()

    right = sum(languages(text) == spoken for spoken, text, _ in gold)

    assert right / len(gold) >= 0.98


def test_each_sentence_is_stemmed_in_its_own_language() -> None:
    text = "Министр подписал приказ. Өкмөттүн токтому жарыяланды. The minister signed it."

    tags = {token.surface: token.stem[0] for token in analyze(text)}

    assert tags["подписал"] == "r"
    assert tags["токтому"] == "k"
    assert tags["signed"] == "e"


def test_a_sentence_without_evidence_takes_the_language_of_the_document() -> None:
    alone = analyze("Адвокат Асанов")[0]
    in_kyrgyz = analyze("Ал үйгө келди жана күттү.\nАдвокат Асанов")[-2]

    assert alone.stem[0] == "r"
    assert in_kyrgyz.stem[0] == "k"


def test_a_word_with_a_kyrgyz_letter_is_kyrgyz_in_a_russian_sentence() -> None:
    tokens = analyze("Он сказал, что это был өкмөттүн дом.")

    assert next(token.stem for token in tokens if token.surface == "өкмөттүн") == "kөкмөт"


def test_a_query_word_is_looked_for_in_every_language_it_could_be() -> None:
    assert set(query_forms("банктар").stems) == {"rбанктар", "kбанк"}
    assert query_forms("өкмөт").stems == ("kөкмөт",)
    assert query_forms("companies").stems == ("ecompani",)


def test_the_language_of_a_text_is_that_of_most_of_it() -> None:
    assert languages("") == "en"
    assert languages("The deal was signed in Бишкек.") == "en"
    assert languages("Сделку подписали в Бишкеке с Acme Ltd.") == "ru"
    assert languages("Келишимге Бишкекте кол коюлган.") == "ky"
