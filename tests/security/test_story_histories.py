"""Random editors, edits and approvals: whatever happens, nothing comes out that should not."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from casefile.app import create_app
from casefile.errors import CasefileError
from casefile.evidence import service as evidence
from casefile.evidence import withdrawing
from casefile.policy import Permission, Seat, seat_may
from casefile.stories.records import Publication
from casefile.stories.rules import OUT, STEPS
from tests import newsdesk
from tests.cast import change, close, give_seat, settings_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.cast import Cast

SEATS = {
    "ann": Seat.LEAD,
    "ben": Seat.REPORTER,
    "cleo": Seat.READER,
    "dan": Seat.EDITOR,
    "eva": Seat.EDITOR,
}
WHO = st.sampled_from(sorted(SEATS))
STEP = st.sampled_from(sorted(STEPS))
PLACED = Publication(
    "https://outlet.example/x", "Weekly", datetime(2026, 1, 2, tzinfo=UTC).isoformat(), "UTC"
)
BODIES = st.sampled_from(
    [
        "[The second pier was paid for twice.](c:1) Nobody noticed.",
        "[The second pier was paid for three times.](c:1)",
        "Nothing is claimed here any more.",
        "[One](c:1) and [a new one](c:).",
        "[Made up](c:77).",
    ]
)
HISTORIES, LENGTH = 15, 24


class Editing(RuleBasedStateMachine):
    prepared: tuple[Path, Cast]

    @initialize(other=st.sampled_from(["ben", "dan", "ann"]))
    def begin(self, other: str) -> None:
        folder, self.cast = self.prepared
        self.root = Path(tempfile.mkdtemp())
        shutil.copytree(folder, self.root / "instance")
        self.app: Flask = create_app(settings_for(self.root / "instance"))
        give_seat(self.app, self.cast.ann, self.cast.case.id, self.cast.dan, Seat.EDITOR)
        self.authors = {"ben", other}
        self.story = newsdesk.begin(self.app, self.cast)
        newsdesk.support(self.app, self._actor(other), self.cast, self.story)
        for who, name in (("ben", "submit"), ("eva", "refer"), ("eva", "clear")):
            newsdesk.step(self.app, self._actor(who), self.cast, self.story, name)
        newsdesk.check(self.app, self.cast.eva, self.cast, self.story)
        self.approved_content = ""
        self.vouched: set[str] = set()
        self.seen: list[Any] = []
        self.out = False

    def teardown(self) -> None:
        if hasattr(self, "app"):
            close(self.app)
            shutil.rmtree(self.root)

    def _actor(self, who: str) -> Any:
        return getattr(self.cast, who)

    def _now(self) -> Any:
        return newsdesk.story(self.app, self.cast.ann, self.cast.case.id, self.story)

    def _try(self, act: Callable[[], object]) -> bool:
        before = self._now()
        try:
            act()
        except CasefileError:
            after = self._now()
            assert (after.version, after.content) == (before.version, before.content)
            return False
        return True

    @rule(who=WHO, body=BODIES)
    def draft_is_changed(self, who: str, body: str) -> None:
        done = self._try(
            lambda: newsdesk.write(self.app, self._actor(who), self.cast, self.story, body)
        )
        assert not done or seat_may(SEATS[who], Permission.STORY_EDIT)
        if done:
            self.authors.add(who)

    @rule(who=WHO, verdict=st.sampled_from(["verified", "disputed", "dropped", "unchecked"]))
    def claim_is_checked(self, who: str, verdict: str) -> None:
        claim = newsdesk.claim_of(self.app, self.cast, self.story)
        done = self._try(
            lambda: newsdesk.check(
                self.app, self._actor(who), self.cast, self.story, verdict=verdict
            )
        )
        if done:
            assert self._actor(who).id not in claim.writer_ids
            assert seat_may(SEATS[who], Permission.STORY_CHECK)

    @rule(who=WHO, what=st.sampled_from(["E-1", "N-1", "C-1"]))
    def support_is_added(self, who: str, what: str) -> None:
        if self._try(
            lambda: newsdesk.support(self.app, self._actor(who), self.cast, self.story, what=what)
        ):
            self.authors.add(who)
            assert what != "C-1"

    @rule(who=WHO, back=st.booleans())
    def evidence_is_withdrawn_or_back(self, who: str, back: bool) -> None:  # noqa: FBT001
        def act(uow: Any, case: Any) -> None:
            item = evidence.get(uow.session, case, self.cast.case.evidence)
            if back:
                withdrawing.reinstate(uow, case, item.id, version=item.version)
            else:
                withdrawing.withdraw(uow, case, item.id, reason="Forged.", version=item.version)

        with suppress(CasefileError):
            change(self.app, self._actor(who), self.cast.case.id, act)

    @rule()
    def page_is_opened(self) -> None:
        self.seen = [*self.seen[-3:], self._now()]

    @rule(name=st.sampled_from(["approve", "override", "clear", "correct"]))
    def every_author_tries_to_decide(self, name: str) -> None:
        for who in sorted(self.authors):
            assert not self._try(
                lambda who=who: newsdesk.step(  # type: ignore[misc]
                    self.app, self._actor(who), self.cast, self.story, name
                )
            ), f"{who} wrote it and decided: {name}"

    @rule(who=WHO, name=STEP, stale=st.booleans())
    def step_is_taken(self, who: str, name: str, stale: bool) -> None:  # noqa: FBT001
        before = self._now()
        seen = self.seen[0] if stale and self.seen else before
        done = self._try(
            lambda: newsdesk.step(
                self.app,
                self._actor(who),
                self.cast,
                self.story,
                name,
                publication=PLACED if name == "publish" else None,
                seen=seen,
            )
        )
        if not done:
            return
        assert seat_may(SEATS[who], STEPS[name].permission)
        assert (seen.version, seen.content) == (before.version, before.content), "a stale form"
        assert before.state in STEPS[name].before
        blocking = {one.key for one in before.blocking}
        if STEPS[name].apart:
            assert who not in self.authors, f"{who} wrote it and decided: {name}"
        if name == "override":
            self.vouched, self.voucher = blocking, who
        elif name == "approve":
            assert not blocking or (blocking <= self.vouched and self.voucher != who)
            self.approved_content, self.let_pass = before.content, blocking
        elif name == "publish":
            assert before.content == self.approved_content, "not what was approved"
            assert blocking <= self.let_pass, "came out although something blocked"
            self.out = True
        elif name == "correct":
            assert not {key for key in blocking if not key.startswith("not_cleared")}
        if name not in {"override", "approve"}:
            self.vouched = set()

    @invariant()
    def only_what_was_published_is_out(self) -> None:
        if not hasattr(self, "app"):
            return
        story = self._now()
        assert story.sound
        assert (story.state in OUT) == self.out
        if story.state == "approved" and story.approval_holds:
            assert story.content == self.approved_content


@pytest.mark.slow
def test_nothing_comes_out_that_should_not_through_any_history(
    prepared: tuple[Path, Cast],
) -> None:
    class Machine(Editing):
        pass

    Machine.prepared = prepared
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=HISTORIES,
            stateful_step_count=LENGTH,
            deadline=None,
            phases=(Phase.explicit, Phase.reuse, Phase.generate),
            suppress_health_check=list(HealthCheck),
        ),
    )
