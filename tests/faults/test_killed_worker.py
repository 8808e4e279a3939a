from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from casefile.evidence.extraction import OFFER_LASTS, WORK_LASTS
from casefile.evidence.models import Item
from tests.cast import resources_of
from tests.faults.moments import wait_for
from tests.strict_browser import Browse

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.cast import Cast, Clock
    from tests.real_server import RealServer, Visitor

PARAGRAPHS = 40_000


def state(app: Flask) -> str:
    with resources_of(app).database.reading() as session:
        found = session.scalar(select(Item.state).order_by(Item.added_at.desc()).limit(1))
        return found or ""


@pytest.mark.slow
def test_work_of_a_killed_worker_is_taken_up_again_by_a_members_visit(
    start: Callable[..., RealServer],
    ben: Callable[[RealServer], Visitor],
    make_app: Callable[..., Flask],
    clock: Clock,
    cast: Cast,
) -> None:
    server = start()
    app = make_app()
    page = "<p>Nothing to be seen on this line of the ledger.</p>\n" * PARAGRAPHS
    content = f"<html><body>{page}<p>At the end stands wainscoting.</p></body></html>".encode()
    answer, _body = ben(server).upload(f"{cast.case.url}/evidence/", "long.html", content)
    assert answer.status == 303
    wait_for("the worker reads", lambda: state(app) == "running")
    server.kill()
    assert state(app) == "running", "it was done too soon for this test"

    browse, found = Browse(app), "//*[@data-total='1']"
    clock.forward(seconds=OFFER_LASTS.total_seconds())
    browse(cast.ben).get(f"{cast.case.url}/evidence/")
    assert state(app) == "running", "somebody may still be reading it"

    clock.forward(seconds=WORK_LASTS.total_seconds())
    resources_of(app).jobs.start()
    try:
        browse(cast.ben).get(f"{cast.case.url}/evidence/")
        wait_for("the file was read", lambda: state(app) in {"done", "failed"}, seconds=12)
        assert state(app) == "done"
        assert browse(cast.ben).get("/search?q=wainscoting").find(found)
    finally:
        resources_of(app).jobs.stop()
