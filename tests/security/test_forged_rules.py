"""Somebody who writes into the database loosens no rule: what nobody signed stops approvals instead."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete

from casefile import audit, keys
from casefile.audit import Entry
from casefile.policy import Role
from casefile.stories import records, rulebook, signing
from casefile.stories.decisions import BlockedError
from casefile.stories.models import RuleBook
from casefile.stories.records import Decision
from casefile.stories.rules import Rules
from casefile.uow import UnitOfWork
from tests import newsdesk
from tests.cast import resources_of
from tests.integration.test_story_rules import PAGE, STRICT, form, in_force, put
from tests.intruder import copied, user_row, writing

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse

EASY = json.dumps(Rules(allegation_supports=1, reply="warn").told(), sort_keys=True)


def plant(app: Flask, **changed: object) -> None:
    """Copy the newest edition as a newer one that says something else."""
    with writing(app) as session:
        row = copied(session.get_one(RuleBook, 1))
        session.add(RuleBook(**{**row, "number": 2, **changed}))


def loosen(app: Flask) -> None:
    with writing(app) as session:
        session.get_one(RuleBook, 1).rules = EASY


def cut(app: Flask) -> None:
    with writing(app) as session:
        session.execute(delete(RuleBook))


def blame(app: Flask) -> None:
    with writing(app) as session:
        session.get_one(RuleBook, 1).reason = "Something else."


def cut_trail(app: Flask) -> None:
    with writing(app) as session:
        session.execute(delete(Entry).where(Entry.action == "rules.changed"))


@pytest.mark.parametrize(
    "attack", [loosen, cut, blame, cut_trail, plant, lambda app: plant(app, rules=EASY)]
)
def test_rules_written_past_the_program_stop_approvals_and_are_shown(
    app: Flask, browse: Browse, cast: Cast, attack: Callable[[Flask], None]
) -> None:
    put(app, cast.ada, STRICT)
    story = newsdesk.proven(app, cast)

    attack(app)

    assert in_force(app, cast.eva) == Rules(proven=False)
    for step in ("approve", "override"):
        with pytest.raises(Exception, match=r"blocks|vouched"):
            newsdesk.step(app, cast.eva, cast, story, step)
    assert "may have changed them outside Casefile" in browse(cast.ben).get(PAGE).warnings()
    assert "changed outside Casefile" in browse(cast.eva).get(newsdesk.url(cast, story)).main

    browse(cast.ada).post(PAGE, **form(browse(cast.ada), allegation_supports="3"))
    assert in_force(app, cast.eva).proven
    newsdesk.step(app, cast.eva, cast, story, "approve")


def test_the_first_row_cannot_be_planted_either(app: Flask, cast: Cast) -> None:
    story = newsdesk.proven(app, cast)
    with writing(app) as session:
        session.add(
            RuleBook(
                number=1,
                rules=EASY,
                reason="",
                set_by_id=cast.ada.id,
                set_at=resources_of(app).clock(),
                certificate=b"",
                signature=b"",
            )
        )

    with pytest.raises(BlockedError):
        newsdesk.step(app, cast.eva, cast, story, "approve")


def test_a_member_who_writes_into_the_database_signs_with_keys_that_do_not_count(
    app: Flask, cast: Cast
) -> None:
    """Eva holds certified keys, takes the role in her row and appends to the trail as well."""
    with writing(app) as session:
        user_row(session, cast.eva).roles = f"{Role.EDITOR} {Role.ADMIN}"
    with UnitOfWork(resources_of(app), cast.eva.id, cast.eva.bundle) as uow:
        row = RuleBook(
            number=1,
            rules=EASY,
            reason="",
            set_by_id=cast.eva.id,
            set_at=uow.now,
            certificate=user_row(uow.session, cast.eva).certificate or b"",
        )
        row.signature = cast.eva.bundle.sign(rulebook._statement(row))
        detail = rulebook._detail(row)
        uow.session.add(row)
        audit.record(uow, rulebook.CHANGED, subject_id=rulebook.SUBJECT, detail=detail)

    assert in_force(app, cast.ann) == Rules(proven=False)


def test_a_role_written_into_the_database_sets_no_rules(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    with writing(app) as session:
        user_row(session, cast.eva).roles = f"{Role.EDITOR} {Role.ADMIN}"
    eva = browse(cast.eva)

    page = eva.post(PAGE, 403, **form(eva, allegation_supports="1"))

    assert "not certified as an administrator" in page.text
    assert in_force(app, cast.ann) == Rules()


def test_what_was_signed_before_rules_were_kept_stays_signed(app: Flask, cast: Cast) -> None:
    old = Decision(
        "approve", "ready", "approved", str(cast.eva.id), "2026-01-01T00:00:00", "0" * 64
    )
    told = {**records.written(old), "signature": ""}
    del told["rules"]
    plain = json.dumps(told, ensure_ascii=False, sort_keys=True).encode()

    statement = signing._statement(cast.case.id, cast.case.note, 1, old)

    case, story = cast.case.id, cast.case.note
    wanted = ("casefile story decision", case, story, 1, keys.digest(plain))
    assert statement == keys.packed(*wanted)
    newer = replace(old, rules={"edition": 1})
    assert signing._statement(case, story, 1, newer) != statement
