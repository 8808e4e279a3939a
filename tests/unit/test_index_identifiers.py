import pytest

from casefile.index.analysis import analyze, index_terms, query_forms


def _finds(typed: str, text: str) -> bool:
    """As a search would: side by side as written, or by a key."""
    terms = index_terms(text)
    words = " ".join(token.exact for token in analyze(typed))
    forms = query_forms(typed)
    return (
        f" {words} " in f" {terms.exact} "
        or forms.exact in terms.exact.split()
        or not set(forms.names).isdisjoint(terms.names.split())
    )


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("KG-2021/045", "Договор KG-2021/045 от марта"),
        ("kg2021045", "Договор KG-2021/045 от марта"),
        ("KG-2021/045", "Договор KG2021045 от марта"),
        ("+996 555 123456", "тел. +996 555 123456"),
        ("+996555123456", "тел. +996 (555) 12-34-56"),
        ("0555123456", "тел. +996 (555) 12-34-56"),
        ("0555 12 34 56", "звонил 996555123456 дважды"),
        ("12.03.2024", "встреча 12.03.2024 в кафе"),
        ("12.03.2024", "the meeting of 2024-03-12"),
        ("12.03.2024", "встреча 12 марта 2024 года"),
        ("2024-03-12", "met on 12 March 2024"),
        ("12.03.2024", "2024-жылдын 12-мартында жолугушту"),
        ("12/3/24", "встреча 12.03.24"),
        ("1250000", "перевёл 1 250 000 сомов"),
        ("1,250,000", "перевёл 1 250 000,50 сомов"),
        ("1 250 000", "transferred 1,250,000 in cash"),
        ("12500", "в 2021 12 500 сомов"),
        ("KG12345678901234567890", "счёт KG12 3456 7890 1234 5678 90"),
        ("4169585312345678", "карта 4169 5853 1234 5678"),
        ("01204199510123", "ИНН 01204199510123"),
        ("ivan@example.org", "писал на Ivan@Example.org вчера"),
        ("example.org", "писал на ivan@example.org вчера"),
        ("Ак-Сай", "в селе Ак-Сай"),
        ("аксай", "в селе Ак-Сай"),
        ("Ak-Sai", "Аксай айылында"),
        ("01KG777ABC", "номер 01КG777АВС"),
        ("А123ВС", "машина A123BC"),
        ("COVID-19", "от covid-19"),
        ("инвестиция", "крупная инвести-\nция в рынок"),
        ("О'Коннор", "сказал О’Коннор"),
        ("OConnor", "said O'Connor's lawyer"),
        ("ОсОО", "ОсОО «Ала-Тоо»"),
        ("payment_list.xlsx", "файл payment_list.xlsx"),
    ],
)
def test_what_is_typed_is_found_however_it_was_written(typed: str, text: str) -> None:
    assert _finds(typed, text)


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("+996 555 123456", "тел. +996 555 654321"),
        ("12.03.2024", "12.04.2024"),
        ("1250000", "1 250 001 сом"),
        ("KG-2021/045", "KG-2021/046"),
        ("34.56.2024", "12.03.2024"),
    ],
)
def test_what_only_looks_alike_is_not_found(typed: str, text: str) -> None:
    assert not _finds(typed, text)


def test_the_parts_of_something_written_together_all_carry_its_key() -> None:
    tokens = analyze("Договор KG-2021/045.")

    assert [token.surface for token in tokens if "kg2021045" in token.names] == [
        "KG",
        "2021",
        "045",
    ]


def test_plain_words_with_hyphens_have_no_key() -> None:
    assert index_terms("кто-то что-нибудь и/или well-known").names == ""
