"""Many amounts of many days in one currency, with one query for the rates."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from casefile.grants.agreements import Converted
from casefile.grants.models import ExchangeRate
from casefile.grants.money import Money, Rate

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from sqlalchemy.orm import Session


class Rates:
    """The rates between one currency and some others, by day."""

    def __init__(self, session: Session, target: str, currencies: Iterable[str]) -> None:
        self.target = target
        self._by_base: dict[str, list[Rate]] = defaultdict(list)
        wanted = sorted(set(currencies) - {target})
        if not wanted:
            return
        rows = session.scalars(
            select(ExchangeRate)
            .where(
                or_(
                    (ExchangeRate.quote == target) & ExchangeRate.base.in_(wanted),
                    (ExchangeRate.base == target) & ExchangeRate.quote.in_(wanted),
                ),
                ExchangeRate.superseded_at.is_(None),
                ExchangeRate.voided_at.is_(None),
            )
            .order_by(ExchangeRate.valid_on, ExchangeRate.created_at)
        )
        for row in rows:
            direct = row.quote == target
            value = row.value if direct else 1 / row.value
            base = row.base if direct else row.quote
            self._by_base[base].append(Rate(base, target, value, row.valid_on))

    def on(self, currency: str, day: date) -> Rate | None:
        """Return the latest rate known of that day; None when there is none."""
        found = self._by_base.get(currency, [])
        at = bisect_right([rate.on for rate in found if rate.on is not None], day)
        return found[at - 1] if at else None

    def beside(self, money: Money, day: date) -> Converted:
        """Put an amount beside its worth in the target; of another currency without a rate: none."""
        if money.currency == self.target:
            return Converted(money)
        rate = self.on(money.currency, day)
        return Converted(money, rate.convert(money) if rate else None, rate)

    def worth(self, money: Money, day: date) -> Money | None:
        """Return an amount in the target's currency; None when that is not known."""
        if money.currency == self.target:
            return money
        rate = self.on(money.currency, day)
        return rate.convert(money) if rate else None
