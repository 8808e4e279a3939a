"""What an intruder does to the trail, and what the house then says of it."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, select

from casefile import audit
from casefile.audit.chain import hash_of
from casefile.audit.checkpoints import sign
from casefile.audit.models import Checkpoint, Entry, TreeNode
from casefile.uow import UnitOfWork
from tests.cast import resources_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from subprocess import CompletedProcess

    from flask import Flask
    from sqlalchemy.orm import Session

NO_OPENSSL = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing here")


def sign_now(app: Flask, *, anew: bool = False) -> str:
    with UnitOfWork(resources_of(app), None) as uow:
        return sign(uow, anew=anew)


def add_entries(app: Flask, count: int, action: str = "test.added") -> None:
    for _ in range(count):
        with UnitOfWork(resources_of(app), None) as uow:
            audit.record(uow, action)


def report(app: Flask) -> audit.Report:
    return audit.examine(resources_of(app))


def cut(session: Session, size: int, *, thoroughly: bool = True) -> None:
    """Take away every entry after this one and, when thorough, all that tells of them."""
    session.execute(delete(Entry).where(Entry.sequence > size))
    if thoroughly:
        session.execute(delete(Checkpoint).where(Checkpoint.size > size))
        session.execute(delete(TreeNode).where((TreeNode.position + 1) * (1 << 0) > size))
        for level in range(1, 12):
            beyond = (TreeNode.level == level) & (TreeNode.position >= size >> level)
            session.execute(delete(TreeNode).where(beyond))


def forge_chain(session: Session, sequence: int, **changed: Any) -> None:
    """Change an entry and make every hash after it anew, as somebody who knows the format can."""
    previous = None
    for entry in session.scalars(
        select(Entry).where(Entry.sequence >= sequence).order_by(Entry.sequence)
    ):
        if entry.sequence == sequence:
            for name, value in changed.items():
                setattr(entry, name, value)
        if previous is not None:
            entry.previous_hash = previous
        entry.hash = previous = hash_of(entry)


def key_of(casefile: Callable[..., CompletedProcess[str]]) -> str:
    return str(json.loads(casefile("audit", "verify", "--json").stdout)["key"])
