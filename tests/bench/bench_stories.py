"""Stories: a page with many claims, the desk over many cases, and an approval against a saved note."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from casefile.stories import claims, decisions, service, views
from casefile.stories.records import Text
from casefile.stories.rules import Rules
from casefile.uow import UnitOfWork
from tests.bench import servers
from tests.bench.bench_saving import Writer
from tests.bench.client import Browser
from tests.bench.measure import Row, in_turn, ratio, tell
from tests.bench.newsroom import PASSWORD, Newsroom

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from uuid import UUID

    from casefile.cases.access import OpenCase
    from casefile.stories.views import StoryView
    from casefile.uow import Resources
    from tests.bench.measure import Scale
    from tests.bench.newsroom import Colleague

FEW, MANY = 3, 300
FEW_CASES, MANY_CASES = 5, 200
STORIES_A_CASE = 2
WARM = 5


class Play:
    """Things that people do to a story of a case, through the services."""

    def __init__(self, room: Newsroom, resources: Resources, case_id: UUID) -> None:
        self.room, self.resources, self.case_id = room, resources, case_id

    def change(self, who: Colleague, act: Callable[[UnitOfWork, OpenCase], Any]) -> Any:
        case = self.room.open_case(self.resources, self.case_id, who)
        with UnitOfWork(self.resources, who.id, who.bundle) as uow:
            return act(uow, case)

    def begin(self, who: Colleague, count: int) -> UUID:
        """Begin a story with so many claims, each in a paragraph of its own."""
        body = "\n\n".join(
            f"[Payment {number} was made for a road nobody built.](c:) The rest is silence."
            for number in range(1, count + 1)
        )
        text = Text("en", "A road nobody built", body)
        made: UUID = self.change(
            who, lambda uow, case: service.create(uow, case, title="A", text=text)
        )
        return made

    def view(self, who: Colleague, story: UUID) -> StoryView:
        case = self.room.open_case(self.resources, self.case_id, who)
        with self.resources.database.reading() as session:
            return views.get(
                session,
                case,
                story,
                rules=Rules.of(self.resources.settings),
                now=self.resources.clock(),
                anchor=who.bundle.anchor,
            )

    def support(self, who: Colleague, story: UUID) -> None:
        told = {"what": "E-1", "page": None, "passage": ""}
        self._each(who, story, claims.add_support, told)

    def check(self, who: Colleague, story: UUID) -> None:
        self._each(who, story, claims.check, {"verdict": "verified", "reasoning": "Compared."})

    def _each(
        self, who: Colleague, story: UUID, act: Callable[..., None], told: dict[str, Any]
    ) -> None:
        for claim in self.view(who, story).claims:
            given = {**told, "version": claim.version}
            self.change(who, partial(_on_claim, act, story, claim.id, given))

    def step(self, who: Colleague, story: UUID, name: str) -> None:
        seen = self.view(who, story)
        ask = decisions.Ask(name, seen.version, seen.content)
        self.change(who, lambda uow, case: decisions.decide(uow, case, story, ask))


def _on_claim(
    act: Callable[..., None],
    story: UUID,
    claim: UUID,
    given: dict[str, Any],
    uow: UnitOfWork,
    case: OpenCase,
) -> None:
    act(uow, case, story, claim, **given)


def run(folder: Path, scale: Scale) -> list[Row]:
    return [
        _story_page(folder / "page", scale),
        _desk(folder / "desk", scale),
        _approval(folder / "approval", scale),
    ]


def _story_page(folder: Path, scale: Scale) -> Row:
    tell(f"stories: a page with {MANY} claims and one with {FEW}")
    room = Newsroom(folder, 2)
    with room.opened() as resources:
        play = Play(room, resources, room.new_case(resources, room.people))
        few, many = (play.begin(room.people[1], count) for count in (FEW, MANY))
        secret = room.session(resources, room.people[1])
    with servers.casefile(room.settings.instance) as server:
        browser = Browser(server.port, secret)
        acts = [
            partial(browser.get, f"/cases/{play.case_id}/stories/{story}") for story in (many, few)
        ]
        measured, said = ratio(*in_turn(acts, scale.pages // 2, warm=WARM))
    return Row(f"story page with {MANY} claims, against {FEW}", measured, 3, said)


def _desk(folder: Path, scale: Scale) -> Row:
    with ExitStack() as stack:
        acts = []
        for count in (MANY_CASES, FEW_CASES):
            tell(f"stories: the desk of an editor with {count} cases")
            room = Newsroom(folder / str(count), 2)
            with room.opened() as resources:
                for _ in range(count):
                    play = Play(room, resources, room.new_case(resources, room.people))
                    for _ in range(STORIES_A_CASE):
                        story = play.begin(room.people[1], FEW)
                        play.step(room.people[1], story, "submit")
                secret = room.session(resources, room.people[0])
            server = stack.enter_context(servers.casefile(room.settings.instance))
            acts.append(partial(Browser(server.port, secret).get, "/"))
        measured, said = ratio(*in_turn(acts, scale.pages // 2, warm=WARM))
    return Row(f"desk of an editor with {MANY_CASES} cases, against {FEW_CASES}", measured, 2, said)


def _approval(folder: Path, scale: Scale) -> Row:
    tell(f"stories: {scale.saves} approvals, and as many notes, by turns")
    room = Newsroom(folder, 2)
    editor, author = room.people
    with room.opened() as resources:
        play = Play(room, resources, room.new_case(resources, room.people))
        room.add_files(resources, play.case_id, author, 1)
        ready: list[tuple[str, dict[str, str]]] = []
        for _ in range(scale.saves + WARM):
            story = play.begin(author, FEW)
            play.support(author, story)
            play.step(author, story, "submit")
            play.check(editor, story)
            for name in ("refer", "clear"):
                play.step(editor, story, name)
            seen = play.view(editor, story)
            ready.append((seen.url, {"version": str(seen.version), "content": seen.content}))
        secrets = [room.session(resources, person) for person in room.people]
    with servers.casefile(room.settings.instance) as server:
        deciding, writing = (Browser(server.port, secret) for secret in secrets)
        deciding.take_token("/account/")
        deciding.post("/account/confirm", password=PASSWORD)
        deciding.take_token("/account/")
        writer = Writer(writing, [play.case_id], "qxstory")
        acts: list[Callable[[], object]] = [partial(_approve, deciding, ready), writer.save]
        measured, said = ratio(*in_turn(acts, scale.saves, warm=WARM))
    return Row("approve a story, against saving a note", measured, 1.3, said)


def _approve(browser: Browser, ready: list[tuple[str, dict[str, str]]]) -> None:
    url, fields = ready.pop()
    browser.post(f"{url}/approve", **fields)
