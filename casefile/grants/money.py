"""Money: an exact amount and its currency together. What is unknown is None, never nought."""

from __future__ import annotations

import functools
import re
from collections import Counter
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from babel.core import get_global
from babel.numbers import (
    format_currency,
    format_decimal,
    get_currency_symbol,
    get_territory_currencies,
)
from sqlalchemy import Numeric, TypeDecorator

from casefile.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from sqlalchemy import Dialect
    from sqlalchemy.types import TypeEngine

CENT: Final = Decimal("0.01")
TOO_LARGE: Final = "This amount is too large: at most 999,999,999,999.99."
TWO_DIGITS: Final = "An amount has at most two digits after the point."
WRITE_RATE: Final = (
    "Write the rate as 89.45: above nought, below 1,000,000, at most eight digits after the point."
)
MOST_RATE: Final = 1_000_000
HUNDRED: Final = Decimal(100)
DIGITS: Final = 14
MOST: Final = Decimal("999999999999.99")
RATE_LENGTH, RATE_PLACES = 20, 8
SPACES: Final = re.compile(r"[\s\u00a0\u202f\u2009'’]")
PLAIN: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")
PERCENT: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,2})?")
GROUPED_COMMA: Final = re.compile(r"-?[0-9]{1,3}((,[0-9]{3})+\.[0-9]{1,2}|(,[0-9]{3}){2,})")
GROUPED_DOT: Final = re.compile(r"-?[0-9]{1,3}((\.[0-9]{3})+,[0-9]{1,2}|(\.[0-9]{3}){2,})")
UNCLEAR: Final = re.compile(r"-?[0-9]{1,3}[.,][0-9]{3}")
AFTER: Final = "#,##0.00"
WRITE_IT_SO: Final = "Write the amount as 1234.50: digits, a point, at most two digits after it."


class CurrencyMixError(InvalidError):
    """Amounts of two currencies met without a rate between them."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(
            f"{first} and {second} cannot be added or compared. Record an exchange rate between them first."
        )


@functools.cache
def currencies() -> frozenset[str]:
    """Return the codes of ISO 4217 that are somewhere legal tender today, as Babel knows them."""
    return frozenset(
        code
        for territory in get_global("territory_currencies")
        for code in get_territory_currencies(territory)
    )


def checked_currency(code: str | None) -> str:
    """Return an ISO 4217 code in capitals. InvalidError for what is none."""
    cleaned = (code or "").strip().upper()
    if cleaned not in currencies():
        msg = "Choose a currency by its three letters, such as KGS, USD, EUR or GBP."
        raise InvalidError(msg)
    return cleaned


@functools.total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """An amount to the cent, of one currency. Sums across currencies are refused."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount) is not Decimal:
            msg = "an amount of money is a Decimal"
            raise TypeError(msg)
        if not self.amount.is_finite():
            raise InvalidError(WRITE_IT_SO)
        if abs(self.amount) > MOST:
            raise InvalidError(TOO_LARGE)
        if self.amount != self.amount.quantize(CENT):
            raise InvalidError(TWO_DIGITS)
        object.__setattr__(self, "amount", self.amount.quantize(CENT) + 0)
        object.__setattr__(self, "currency", checked_currency(self.currency))

    @classmethod
    def read(cls, text: str, currency: str) -> Money:
        """Read what a person typed. InvalidError when it could mean two amounts, or none."""
        return cls(read_amount(text), currency)

    @classmethod
    def of(cls, amount: Decimal | None, currency: str | None) -> Money | None:
        """Join two columns; None as long as the amount is unknown."""
        return None if amount is None or currency is None else cls(amount, currency)

    def same(self, other: Money) -> None:
        """Raise CurrencyMixError unless both are of one currency."""
        if self.currency != other.currency:
            raise CurrencyMixError(self.currency, other.currency)

    def __add__(self, other: Money) -> Money:
        self.same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        self.same(other)
        return Money(self.amount - other.amount, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __mul__(self, factor: Decimal | int) -> Money:
        """Multiply by a quantity, rounded half up to the cent."""
        return Money(half_up(self.amount * factor), self.currency)

    def __lt__(self, other: Money) -> bool:
        self.same(other)
        return self.amount < other.amount

    def __bool__(self) -> bool:
        return bool(self.amount)


def half_up(value: Decimal, step: Decimal = CENT) -> Decimal:
    """Round half away from nought, as accounts do it."""
    return value.quantize(step, rounding=ROUND_HALF_UP)


def read_amount(text: str) -> Decimal:
    """Read an amount as people write it here: 1 234,50 and 1,234.50 and 1234.5.

    Raises InvalidError for anything else, and for 1,234, which could be a thousand or one.
    """
    cleaned = SPACES.sub("", text).replace("−", "-")
    if UNCLEAR.fullmatch(cleaned):
        msg = f"“{text.strip()[:40]}” could be read in two ways. {WRITE_IT_SO}"
        raise InvalidError(msg)
    if GROUPED_COMMA.fullmatch(cleaned):
        cleaned = cleaned.replace(",", "")
    elif GROUPED_DOT.fullmatch(cleaned):
        cleaned = cleaned.replace(".", "")
    cleaned = cleaned.replace(",", ".", 1)
    if not PLAIN.fullmatch(cleaned) or len(cleaned) > DIGITS * 2:
        raise InvalidError(WRITE_IT_SO)
    try:
        value = Decimal(cleaned)
    except InvalidOperation as error:
        raise InvalidError(WRITE_IT_SO) from error
    if abs(value) > MOST:
        raise InvalidError(TOO_LARGE)
    if value != value.quantize(CENT):
        raise InvalidError(TWO_DIGITS)
    return value.quantize(CENT)


def split(money: Money, parts: int) -> list[Money]:
    """Cut an amount into equal parts that add up to the cent; the first ones take the odd cents."""
    return split_by(money, [Decimal(1)] * parts)


def split_by(money: Money, weights: Sequence[Decimal]) -> list[Money]:
    """Cut an amount by weights; the parts add up to the cent.

    Each part is cut off at the cent, and the cents left go to the parts that lost most, the
    earlier first (largest remainder). InvalidError without a weight above nought.
    """
    whole = sum(weights, Decimal())
    if whole <= 0 or min(weights) < 0:
        msg = "Give at least one share above nought, and none below."
        raise InvalidError(msg)
    sign = -1 if money.amount < 0 else 1
    cents = int(abs(money.amount) * 100)
    exact = [Decimal(cents) * weight / whole for weight in weights]
    given = [int(part) for part in exact]
    by_loss = sorted(range(len(exact)), key=lambda at: (given[at] - exact[at], at))
    for at in by_loss[: cents - sum(given)]:
        given[at] += 1
    return [Money(Decimal(sign * part) / 100, money.currency) for part in given]


def share(part: Money, whole: Money) -> Decimal | None:
    """Return a percentage to two places, to be shown. Shares never make amounts: see `split_by`."""
    part.same(whole)
    return half_up(part.amount * HUNDRED / whole.amount) if whole else None


@dataclass(frozen=True, slots=True)
class Rate:
    """What one unit of `base` was worth in `quote` on a day."""

    base: str
    quote: str
    value: Decimal
    on: date | None = None

    def convert(self, money: Money) -> Money:
        """Convert an amount of `base`, rounded half up to the cent."""
        if money.currency != self.base:
            raise CurrencyMixError(money.currency, self.base)
        return Money(half_up(money.amount * self.value), self.quote)


@dataclass(frozen=True, slots=True)
class Totals:
    """A sum for each currency, and how many of the amounts were known at all."""

    by_currency: Mapping[str, Money]
    known: int
    count: int

    @property
    def complete(self) -> bool:
        return self.known == self.count

    @property
    def only(self) -> Money | None:
        """The sum when there is exactly one currency; unknown otherwise."""
        return next(iter(self.by_currency.values())) if len(self.by_currency) == 1 else None


def total(amounts: Iterable[Money | None]) -> Totals:
    """Add what is known, each currency for itself, and count what is not."""
    sums: dict[str, Money] = {}
    seen: Counter[bool] = Counter()
    for money in amounts:
        seen[money is not None] += 1
        if money is not None:
            before = sums.get(money.currency)
            sums[money.currency] = money if before is None else before + money
    return Totals(sums, seen[True], seen[True] + seen[False])


def written(money: Money, locale: str) -> str:
    """Write an amount as readers of this language do; the som is written сом everywhere."""
    symbol = _symbol(money.currency, locale)
    if symbol.isalpha():
        return f"{format_decimal(money.amount, AFTER, locale)}\N{NO-BREAK SPACE}{symbol}"
    return format_currency(money.amount, money.currency, locale=locale)


@functools.cache
def _symbol(currency: str, locale: str) -> str:
    return get_currency_symbol(currency, "ky" if currency == "KGS" else locale)


class Exact(TypeDecorator[Decimal]):
    """A Decimal of at most 14 digits, kept exactly.

    SQLite knows no decimals: up to fifteen digits it gives back what it was given.
    """

    impl = Numeric
    cache_ok = True

    def __init__(self, digits: int = DIGITS, places: int = 2) -> None:
        super().__init__(digits, places)
        self.digits, self.places = digits, places
        self.step = Decimal(1).scaleb(-places)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Numeric(self.digits, self.places, asdecimal=False))
        return dialect.type_descriptor(Numeric(self.digits, self.places))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Decimal | None:
        if value is None or dialect.name != "sqlite":
            return value
        return float(value)  # type: ignore[return-value]

    def process_result_value(self, value: Decimal | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        return None if value is None else half_up(Decimal(str(value)), self.step)


def rate_value(text: str) -> Decimal:
    """Read an exchange rate: above nought, at most eight digits after the point."""
    cleaned = SPACES.sub("", text).replace(",", ".", 1)
    if not PLAIN.fullmatch(cleaned) or len(cleaned) > RATE_LENGTH:
        raise InvalidError(WRITE_RATE)
    value = Decimal(cleaned)
    if not 0 < value < MOST_RATE or value != half_up(value, Decimal(1).scaleb(-RATE_PLACES)):
        raise InvalidError(WRITE_RATE)
    return value


def read_percent(text: str) -> Decimal | None:
    """Read a percentage from 0 to 100 with at most two digits after the point; None for anything else."""
    cleaned = text.rstrip("% ").replace(",", ".", 1).strip()
    if not PERCENT.fullmatch(cleaned):
        return None
    value = Decimal(cleaned)
    return half_up(value) if value <= HUNDRED else None
