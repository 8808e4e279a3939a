import pytest

from casefile.index import english_forms, russian_forms
from casefile.index.stems import english, russian, snowball


@pytest.mark.parametrize(
    "forms",
    [
        "рынок рынка рынки рынков",
        "сделка сделок сделками",
        "владелец владельца владельцев",
        "отец отца отцов",
        "требовать требует требовал",
        "финансировать финансирует финансирование",
        "деньги денег деньгами",
        "подписать подписал подписала подпишет",
        "найти нашли найдена",
    ],
)
def test_forms_of_one_russian_word_meet(forms: str) -> None:
    assert len({russian(form) for form in forms.split()}) == 1


@pytest.mark.parametrize(("one", "other"), [("судья", "суд"), ("образ", "образование")])
def test_russian_words_with_a_common_beginning_stay_apart(one: str, other: str) -> None:
    assert russian(one) != russian(other)


@pytest.mark.parametrize(
    "forms", ["company companies", "pay paid paying pays", "write wrote written", "child children"]
)
def test_forms_of_one_english_word_meet(forms: str) -> None:
    assert len({english(form) for form in forms.split()}) == 1


@pytest.mark.parametrize(
    ("language", "words"),
    [("english", english_forms.ENGLISH), ("russian", russian_forms.WORDS)],
)
def test_whoosh_stems_as_pystemmer_does(language: str, words: dict[str, str]) -> None:
    ours, theirs = snowball(language, "pystemmer"), snowball(language, "whoosh")

    same = sum(ours(word) == theirs(word) for word in words)

    assert same / len(words) >= 0.99
