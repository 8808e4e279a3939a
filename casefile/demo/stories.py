"""Stories of the sample newsroom: written, checked and decided by its people, in order."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from casefile.stories import assignments, claims, decisions, replies, service, views
from casefile.stories.records import Reply, Text
from casefile.stories.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from casefile.cases.access import OpenCase
    from casefile.demo.content import Investigation
    from casefile.demo.loader import Loader
    from casefile.uow import UnitOfWork

    Change = Callable[[UnitOfWork, OpenCase], object]

BETWEEN = timedelta(hours=3)


def events(
    loader: Loader, told: Investigation, case_id: UUID
) -> Iterator[tuple[timedelta, Callable[[timedelta], None]]]:
    """Give everything that happened to the stories of a case, with its age."""
    place = files("casefile.demo") / "content" / "stories" / f"{told.key}.toml"
    if not place.is_file():
        return
    for entry in tomllib.loads(place.read_text(encoding="utf-8"))["stories"]:
        age = timedelta(days=entry["days_ago"])
        for act, at_most in _Story(loader, case_id, entry).acts():
            age = min(age, timedelta(days=at_most or entry["days_ago"]))
            yield age, act
            age -= BETWEEN


class _Story:
    def __init__(self, loader: Loader, case_id: UUID, told: dict[str, Any]) -> None:
        self.loader, self.case_id, self.told = loader, case_id, told
        self.id: UUID

    def acts(self) -> Iterator[tuple[Callable[[timedelta], None], int | None]]:
        """Give what happened, each with the most days ago it can have been, if that is known."""
        first, *others = self.told["texts"]
        yield lambda age: self._begin(first, age), None
        for text in others:
            yield lambda age, text=text: self._write(text, age), None  # type: ignore[misc]
        for claim in self.told["claims"]:
            yield lambda age, claim=claim: self._claim(claim, age), None  # type: ignore[misc]
        for reply in self.told["replies"]:
            known = reply.get("answered_days_ago", reply["sent_days_ago"])
            yield lambda age, reply=reply: self._reply(reply, age), known  # type: ignore[misc]
        submit, *steps = self.told["steps"]
        yield lambda age: self._step(submit, age), None
        for claim in self.told["claims"]:
            if "checker" in claim:
                yield lambda age, claim=claim: self._check(claim, age), None  # type: ignore[misc]
        for step in steps:
            yield lambda age, step=step: self._step(step, age), None  # type: ignore[misc]
        for task in self.told.get("assignments", ()):
            known = task["days_ago"]
            yield lambda age, task=task: self._assign(task, age), known  # type: ignore[misc]

    def _do(self, who: str, age: timedelta, act: Change) -> None:
        account = self.loader.accounts[who]
        case = self.loader.open_case(self.case_id, account)
        with self.loader.at(age, account) as uow:
            act(uow, case)

    def _begin(self, text: dict[str, Any], age: timedelta) -> None:
        draft = Text(text["language"], text["title"], text["body"].strip())

        def act(uow: UnitOfWork, case: OpenCase) -> None:
            self.id = service.create(
                uow, case, title=self.told["title"], text=draft, outlet=self.told["outlet"]
            )

        self._do(text["author"], age, act)

    def _write(self, text: dict[str, Any], age: timedelta) -> None:
        draft = Text(text["language"], text["title"], text["body"].strip())
        self._do(
            text["author"],
            age,
            lambda uow, case: service.save_text(uow, case, self.id, draft, 0),
        )

    def _seen(self, uow: UnitOfWork, case: OpenCase) -> views.StoryView:
        return views.get(
            uow.session,
            case,
            self.id,
            rules=Rules.of(uow.resources.settings),
            now=uow.now,
            anchor=uow.bundle.anchor if uow.bundle else b"",
        )

    def _claim(self, told: dict[str, Any], age: timedelta) -> None:
        def newest(uow: UnitOfWork, case: OpenCase) -> views.ClaimView:
            found = self._seen(uow, case).claims
            return next(one for one in found if one.number == told["number"])

        if "category" in told:

            def describe(uow: UnitOfWork, case: OpenCase) -> None:
                one = newest(uow, case)
                claims.edit(
                    uow,
                    case,
                    self.id,
                    one.id,
                    statement=one.statement,
                    category=told["category"],
                    version=one.version,
                )

            self._do(told["by"], age, describe)
        for support in told["supports"]:

            def add(uow: UnitOfWork, case: OpenCase, support: dict[str, Any] = support) -> None:
                one = newest(uow, case)
                claims.add_support(
                    uow,
                    case,
                    self.id,
                    one.id,
                    what=support["what"],
                    page=support.get("page"),
                    passage=support.get("passage", ""),
                    version=one.version,
                )

            self._do(told["by"], age, add)

    def _check(self, told: dict[str, Any], age: timedelta) -> None:
        def act(uow: UnitOfWork, case: OpenCase) -> None:
            found = self._seen(uow, case).claims
            one = next(one for one in found if one.number == told["number"])
            claims.check(
                uow,
                case,
                self.id,
                one.id,
                verdict="verified",
                reasoning=told["reasoning"],
                version=one.version,
            )

        self._do(told["checker"], age, act)

    def _reply(self, told: dict[str, Any], age: timedelta) -> None:
        def moment(name: str) -> str:
            days = told.get(f"{name}_days_ago")
            return (self.loader.now - timedelta(days=days)).isoformat() if days else ""

        asked = Reply(
            subject=told["subject"],
            how=told["how"],
            asked=told["asked"],
            sent_at=moment("sent"),
            deadline=moment("deadline"),
            zone=self.loader.resources.settings.timezone,
            answer=told.get("answer", ""),
            answered_at=moment("answered"),
            used=told.get("used", ""),
        )
        self._do(told["by"], age, lambda uow, case: replies.save(uow, case, self.id, asked))

    def _assign(self, told: dict[str, Any], age: timedelta) -> None:
        self._do(
            told["by"],
            age,
            lambda uow, case: assignments.assign(
                uow,
                case,
                self.id,
                task=told["task"],
                numbers=told.get("claims", ()),
                person_id=self.loader.accounts[told["to"]].id,
                due_at=self.loader.now + timedelta(days=told["due_in_days"]),
                reason=told.get("reason", ""),
            ),
        )

    def _step(self, told: dict[str, Any], age: timedelta) -> None:
        def act(uow: UnitOfWork, case: OpenCase) -> None:
            seen = self._seen(uow, case)
            ask = decisions.Ask(
                told["step"], seen.version, seen.content, reason=told.get("reason", "")
            )
            decisions.decide(uow, case, self.id, ask)

        self._do(told["by"], age, act)
