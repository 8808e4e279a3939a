from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from casefile.db import Base, PrimaryKey


class EvidenceBag(Base):
    """That a bag of a case was made: what went in and why is sealed, and never changes.

    How it ended stands in the audit trail.
    """

    __tablename__ = "evidence_bag"
    __table_args__ = (UniqueConstraint("case_id", "number"),)

    id: Mapped[PrimaryKey]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"))
    number: Mapped[int]
    made_by_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    made_at: Mapped[datetime]
    generation: Mapped[int]
    record: Mapped[bytes]
