from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefile.errors import InvalidError
from casefile.grants.dates import PartialDate, add_months, moment_in
from casefile.grants.money import (
    CurrencyMixError,
    Money,
    Rate,
    half_up,
    rate_value,
    read_amount,
    share,
    split,
    split_by,
    total,
    written,
)

CENTS = st.integers(-(10**13), 10**13).map(lambda cents: Decimal(cents) / 100)
MONEY = st.builds(Money, CENTS, st.sampled_from(["KGS", "USD", "EUR", "GBP"]))
WEIGHTS = st.lists(st.integers(0, 10**6).map(Decimal), min_size=1, max_size=12).filter(any)


def gbp(text: str) -> Money:
    return Money(Decimal(text), "GBP")


def test_three_years_of_the_rights_project_add_up_to_the_cent() -> None:
    years = split(gbp("156497.00"), 3)

    assert years == [gbp("52165.67"), gbp("52165.67"), gbp("52165.66")]


@given(MONEY, WEIGHTS)
def test_parts_always_add_up_and_miss_their_share_by_less_than_a_cent(
    money: Money, weights: list[Decimal]
) -> None:
    parts = split_by(money, weights)

    assert sum((part.amount for part in parts), Decimal()) == money.amount
    for part, weight in zip(parts, weights, strict=True):
        exact = money.amount * weight / sum(weights)
        assert abs(part.amount - exact) < Decimal("0.0100001")


@given(MONEY, MONEY)
def test_two_currencies_never_meet_without_a_rate(one: Money, other: Money) -> None:
    if one.currency == other.currency:
        assert (one + other).amount == one.amount + other.amount
        return
    for meet in (
        lambda: one + other,
        lambda: one - other,
        lambda: one < other,
        lambda: share(one, other),
    ):
        with pytest.raises(CurrencyMixError):
            meet()


@given(st.lists(st.none() | MONEY))
def test_a_total_counts_what_is_unknown_and_never_takes_it_for_nought(
    amounts: list[Money | None],
) -> None:
    found = total(amounts)

    assert found.count == len(amounts)
    assert found.known == sum(money is not None for money in amounts)
    assert set(found.by_currency) == {money.currency for money in amounts if money is not None}
    for currency, money in found.by_currency.items():
        own = [one.amount for one in amounts if one is not None and one.currency == currency]
        assert money.amount == sum(own)


def test_eight_amounts_not_stated_are_no_sum_at_all() -> None:
    found = total([None] * 8)

    assert (found.known, found.count, found.only) == (0, 8, None)


@given(CENTS)
def test_an_amount_typed_in_any_of_the_usual_ways_is_read_back(amount: Decimal) -> None:
    for text in (f"{amount:.2f}", f"{amount:,.2f}", f"{amount:,.2f}".replace(",", " ")):
        assert read_amount(text) == amount
    swapped = f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))
    assert read_amount(swapped) == amount


@pytest.mark.parametrize(
    "text",
    [
        "1,234",
        "1.234",
        "12,34,56",
        "1e5",
        "NaN",
        "٣",
        "0x10",
        "1.005",
        "",
        "-",
        "1 000 000 000 000",
        "9" * 40,
    ],
)
def test_what_could_mean_two_amounts_or_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidError):
        read_amount(text)


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "0.001", "1000000000000.00"])
def test_money_is_finite_to_the_cent_and_of_fourteen_digits(amount: str) -> None:
    with pytest.raises(InvalidError):
        Money(Decimal(amount), "USD")
    with pytest.raises(InvalidError):
        Money(Decimal(1), "XYZ")
    with pytest.raises(TypeError):
        Money(1.5, "USD")  # type: ignore[arg-type]


def test_halves_are_rounded_up_and_a_rate_converts_only_its_own_currency() -> None:
    assert half_up(Decimal("2.675")) == Decimal("2.68")
    assert half_up(Decimal("-2.675")) == Decimal("-2.68")
    rate = Rate("USD", "KGS", rate_value("85.47"))

    assert rate.convert(Money(Decimal("234.00"), "USD")) == Money(Decimal("19999.98"), "KGS")
    with pytest.raises(CurrencyMixError):
        rate.convert(gbp("1"))
    for wrong in ("0", "-1", "1e3", "1.123456789", "1000000"):
        with pytest.raises(InvalidError):
            rate_value(wrong)


@pytest.mark.parametrize(
    ("exact", "rounded"),
    [
        ("0.005", "0.01"),
        ("0.025", "0.03"),
        ("2.5049", "2.50"),
        ("-0.005", "-0.01"),
        ("1.045", "1.05"),
    ],
)
def test_every_half_goes_away_from_nought(exact: str, rounded: str) -> None:
    assert half_up(Decimal(exact)) == Decimal(rounded)


def test_money_is_written_as_readers_of_a_language_do() -> None:
    som = Money(Decimal("1234.50"), "KGS")

    assert written(som, "en") == "1,234.50\N{NO-BREAK SPACE}сом"
    assert written(som, "ky").endswith("сом")
    assert written(Money(Decimal("1234.50"), "EUR"), "ru").endswith("€")
    assert written(Money(Decimal("1234.50"), "USD"), "en") == "$1,234.50"


@pytest.mark.parametrize("code", ["2024", "2024-Q3", "2024-12", "2024-02-29"])
def test_a_date_is_known_no_more_exactly_than_it_was_written(code: str) -> None:
    found = PartialDate.read(code)

    assert found is not None
    assert found.code == code
    assert found.last_day >= found.day


@pytest.mark.parametrize("code", ["2023-02-29", "2024-Q5", "2024-13", "24", "2024-1", "٢٠٢٤"])
def test_what_is_no_date_is_refused(code: str) -> None:
    with pytest.raises(InvalidError):
        PartialDate.read(code)


def test_months_end_where_they_end() -> None:
    assert add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert add_months(date(2024, 12, 15), 36) == date(2027, 12, 15)


def test_a_deadline_on_the_night_the_clocks_change_is_refused_or_the_later_one() -> None:
    with pytest.raises(InvalidError):
        moment_in(datetime(2026, 3, 29, 2, 30), "Europe/Berlin")  # noqa: DTZ001 - a wall clock
    twice = moment_in(datetime(2026, 10, 25, 2, 30), "Europe/Berlin")  # noqa: DTZ001

    assert twice == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
