from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

import pytest

from casefile.index.kyrgyz import strip
from casefile.index.kyrgyz_roots import VERBS, WORDS

GOLD = Path(__file__).parents[1] / "gold" / "kyrgyz_forms.txt"


def _gold() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in GOLD.read_text("utf-8").splitlines():
        word, colon, forms = line.partition(":")
        if colon and not word.startswith("#"):
            found[word] = list(dict.fromkeys((word, *forms.split())))
    return found


def _recall_and_precision(gold: Mapping[str, list[str]]) -> tuple[float, float]:
    """Over pairs: two forms of one word share a stem; two forms sharing a stem are of one word."""
    forms = [(word, strip(form)) for word, forms in gold.items() for form in forms]
    of_one_word = together = right = 0
    for (word, stem), (other, its_stem) in combinations(forms, 2):
        of_one_word += word == other
        together += stem == its_stem
        right += word == other and stem == its_stem
    return right / of_one_word, right / together


def _is_listed(word: str) -> bool:
    return word in WORDS or strip(word) in VERBS


def test_the_gold_list_is_large_and_has_words_no_list_of_ours_holds() -> None:
    gold = _gold()

    assert sum(map(len, gold.values())) - len(gold) >= 400
    assert sum(not _is_listed(word) for word in gold) >= 35


def test_forms_of_one_kyrgyz_word_meet_and_others_do_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    gold = _gold()
    unlisted = {word: forms for word, forms in gold.items() if not _is_listed(word)}

    recall, precision = _recall_and_precision(gold)
    recall_unlisted, precision_unlisted = _recall_and_precision(unlisted)

    with capsys.disabled():
        print(
            f"\nKyrgyz stems: recall {recall:.3f}, precision {precision:.3f};"
            f" by rule alone: recall {recall_unlisted:.3f}, precision {precision_unlisted:.3f}"
        )
    assert recall >= 0.97
    assert precision >= 0.98
    assert recall_unlisted >= 0.95
    assert precision_unlisted >= 0.95


@pytest.mark.parametrize(
    ("form", "root"),
    [
        ("шаарларыбыздагы", "шаар"),
        ("китебинен", "китеп"),
        ("жүрөгүбүз", "жүрөк"),
        ("өлкөлөрүндөгү", "өлкө"),
        ("кыргызстандагылар", "кыргызстан"),
        ("сентябрында", "сентябр"),
        ("ордунан", "орун"),
        ("балдарына", "бала"),
        ("актерлордун", "актер"),
    ],
)
def test_case_possessive_and_plural_come_off_in_their_order(form: str, root: str) -> None:
    assert strip(form) == root


@pytest.mark.parametrize(
    "word",
    ["кыргызстан", "соода", "газета", "султан", "команда", "катын", "жылдыз", "билим", "апта"],
)
def test_a_root_that_ends_like_an_ending_is_left_alone(word: str) -> None:
    assert strip(word) == word


@pytest.mark.parametrize("word", ["телефонго", "каталогду", "мандаринге"])
def test_an_ending_that_fits_comes_off_a_root_nobody_listed(word: str) -> None:
    assert strip(word) == word[:-2]


@pytest.mark.parametrize("word", ["телефонге", "каталогтү", "мандаринка"])
def test_an_ending_out_of_harmony_or_after_the_wrong_consonant_stays(word: str) -> None:
    assert strip(word) == word or len(strip(word)) > len(word) - 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("бал", "балалар"),
        ("ат", "атасы"),
        ("жыл", "жыландар"),
        ("иш", "ишкерлер"),
        ("кыз", "кызыктар"),
        ("тоо", "токой"),
        ("кат", "катындар"),
        ("чек", "чекарада"),
    ],
)
def test_short_words_do_not_swallow_longer_ones(one: str, other: str) -> None:
    assert strip(one) != strip(other)


def test_what_is_left_of_a_guessed_root_has_three_letters() -> None:
    for forms in _gold().values():
        for form in forms:
            assert len(strip(form)) >= min(3, len(form)) or strip(form) in WORDS | VERBS
