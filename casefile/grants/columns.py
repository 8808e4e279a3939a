"""Columns that grant tables repeat."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from casefile.db import Base, PrimaryKey
from casefile.grants.money import RATE_PLACES, Exact

TITLE_LENGTH = 300
REASON_LENGTH = 2000

Amount = Annotated[Decimal, mapped_column(Exact())]
Percent = Annotated[Decimal, mapped_column(Exact(5, 2))]
RateValue = Annotated[Decimal, mapped_column(Exact(14, RATE_PLACES))]
Code = Annotated[str, mapped_column(String(3))]
Title = Annotated[str, mapped_column(String(TITLE_LENGTH))]
Reason = Annotated[str, mapped_column(String(REASON_LENGTH))]
Long = Annotated[str, mapped_column(Text)]
Dated = Annotated[str, mapped_column(String(8))]


class Kept(Base):
    """What every grant thing has: who made it, which version it is, and, when it no longer counts, why.

    Nothing is deleted. A save names the version it changes; see `keeping.hold`.
    """

    __abstract__ = True

    id: Mapped[PrimaryKey]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    created_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    changed_at: Mapped[datetime]
    voided_at: Mapped[datetime | None]
    voided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    voided_reason: Mapped[Reason] = mapped_column(default="")
