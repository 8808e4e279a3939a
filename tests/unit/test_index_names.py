from itertools import combinations
from pathlib import Path

import pytest

from casefile.index.names import keys

GOLD = Path(__file__).parents[1] / "gold" / "name_spellings.txt"


def _gold() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in GOLD.read_text("utf-8").splitlines():
        name, colon, spellings = line.partition(":")
        if colon and not name.startswith("#"):
            found[name] = list(dict.fromkeys((name, *spellings.split())))
    return found


def _same(one: str, other: str) -> bool:
    return bool(set(keys(one)) & set(keys(other)))


def test_spellings_of_one_name_meet_and_other_names_do_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    gold = _gold()
    spellings = [(name, set(keys(form))) for name, forms in gold.items() for form in forms]
    of_one_name = together = right = 0
    for (name, own), (other, its_own) in combinations(spellings, 2):
        meet = bool(own & its_own)
        of_one_name += name == other
        together += meet
        right += meet and name == other

    recall, precision = right / of_one_name, right / together
    with capsys.disabled():
        print(
            f"\nNames: {len(spellings)} spellings, recall {recall:.3f}, precision {precision:.3f}"
        )
    assert len(spellings) >= 300
    assert recall >= 0.98
    assert precision >= 0.99


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Матраимов", "Matraimov"),
        ("Матраимов", "Матраимовдун"),
        ("Matraimov", "Матраимовой"),
        ("матраимов", "Matraimov"),
        ("Жаныбек", "Janybek"),
        ("Жаныбек", "Djanybek"),
        ("Ярослав", "Jaroslav"),
        ("Хасан", "Hassan"),
        ("Цветков", "Cvetkov"),
        ("Шамшиев", "Shamshiyev"),
        ("Чолпонбаев", "Cholponbaev"),
        ("Горячев", "Goryacheff"),
        ("О'Коннор", "O’Connor"),
        ("Нурланга", "Nurlan"),
    ],
)
def test_a_name_is_found_however_it_is_spelled(one: str, other: str) -> None:
    assert _same(one, other)


@pytest.mark.parametrize(
    "name", ["Султан", "Богдан", "Константин", "Ольга", "Валентин", "Түлөберди", "Кыргызстан"]
)
def test_an_end_like_a_case_ending_is_kept_with_the_name(name: str) -> None:
    assert len(keys(name)[0]) > len(name) - 4


@pytest.mark.parametrize("text", ["", "Я", "12", "!!", "Ли", "\u0301", "北京"])
def test_what_has_no_three_letters_has_no_key(text: str) -> None:
    assert keys(text) == ()


def test_keys_are_few_and_plain_letters() -> None:
    for spellings in _gold().values():
        for spelling in spellings:
            found = keys(spelling)
            assert 1 <= len(found) <= 3
            assert all(key.isascii() and key.isalpha() and key.islower() for key in found)
