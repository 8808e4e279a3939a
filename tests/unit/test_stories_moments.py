from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from casefile.errors import InvalidError
from casefile.stories import moments

BERLIN = ZoneInfo("Europe/Berlin")


def test_an_hour_that_comes_twice_is_the_later_one() -> None:
    on_the_wall = datetime.fromisoformat("2026-10-25T02:30")

    assert moments.aware(on_the_wall, BERLIN) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_a_day_is_refused_only_when_it_has_begun_nowhere() -> None:
    now = datetime(2026, 1, 1, 11, tzinfo=UTC)
    moments.check_past_day(date(2026, 1, 2), now, "Not yet.")
    with pytest.raises(InvalidError, match="Not yet"):
        moments.check_past_day(date(2026, 1, 3), now, "Not yet.")
