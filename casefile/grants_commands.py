"""The operator's commands around grants."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from casefile.errors import CasefileError
from casefile.inspection import WRONG, open_newsroom

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from casefile.grants.importing import Preview


@click.group()
def grants() -> None:
    """The grant side."""


@grants.command("import")
@click.argument("kind", type=click.Choice(["applications", "projects", "components", "budget"]))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--call", help="Code of the draft call that applications go into.")
@click.option("--programme", help="Code of the programme that components or a budget go into.")
@click.option("--by", "username", required=True, help="Username of whoever is responsible for it.")
@click.option("--apply", "really", is_flag=True, help="Do it; without this it is only shown.")
@click.option("--json", "as_json", is_flag=True)
def grants_import(
    kind: str,
    file: Path,
    call: str | None,
    programme: str | None,
    username: str,
    really: bool,
    as_json: bool,
) -> None:
    """Read a CSV file (UTF-8 or Windows-1251) and show what it would do, or do it with --apply.

    With one mistake in it nothing is imported; each is named by row and field.

    Example: casefile grants import applications winners.csv --call MINI-2021 --by hanna
    """
    from casefile.grants import importing, tables, taking_over
    from casefile.grants.call_models import Call
    from casefile.uow import UnitOfWork

    resources = open_newsroom()
    bar = click.progressbar(length=100, label="Importing", file=sys.stderr, show_eta=False)

    def tell(_what: str, done: int, total: int) -> None:
        bar.update(int(100 * done / max(total, 1)) - bar.pos)

    try:
        text = tables.decode(_content(file))
        with resources.database.reading() as session:
            target, currency = _target(session, kind, call, programme)
            actor = _person(session, username)
            result = importing.preview(session, kind, text, currency)
            if kind == "applications":
                importing.hold_against(result, session.get_one(Call, target))
        if really and not result.problems:
            with bar, UnitOfWork(resources, actor) as uow:
                taking_over.apply(uow, result, target=target, tell=tell)
    except CasefileError as error:
        click.echo(error.message, err=True)
        sys.exit(WRONG)
    _report(result, really=really, as_json=as_json)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        msg = f"{file} cannot be read: {error.strerror}."
        raise CasefileError(msg) from error


def _person(session: Session, username: str) -> Any:
    from sqlalchemy import select

    from casefile.accounts.models import User
    from casefile.accounts.service import roles_of
    from casefile.policy import Permission, roles_may

    row = session.execute(select(User.id, User.roles).where(User.username == username)).first()
    if row is None or not roles_may(roles_of(row.roles), Permission.GRANTS_IMPORT):
        msg = f"{username} is no grant manager here. Name one with --by."
        raise CasefileError(msg)
    return row.id


def _target(
    session: Session, kind: str, call: str | None, programme: str | None
) -> tuple[Any, str]:
    from sqlalchemy import select

    from casefile.grants.call_models import Call
    from casefile.grants.models import Programme

    if kind == "projects":
        return None, ""
    if kind == "applications":
        row = session.execute(select(Call.id, Call.currency).where(Call.code == call)).first()
        if row is None:
            msg = "Name the draft call these applications go into with --call."
            raise CasefileError(msg)
        return row.id, row.currency
    found = session.scalar(select(Programme.id).where(Programme.code == programme))
    if found is None:
        msg = "Name the programme with --programme."
        raise CasefileError(msg)
    return found, ""


def _report(result: Preview, *, really: bool, as_json: bool) -> None:
    problems = [str(one) for one in result.problems]
    done = really and not problems
    totals = result.totals
    known = f"{totals.known} of {totals.count} known" if totals else ""
    if as_json:
        found = {"rows": result.count, "imported": done, "amounts": known, "problems": problems}
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        for problem in problems:
            click.echo(problem, err=True)
        said = "imported" if done else "would be imported; add --apply to do it"
        if problems:
            said = "read; nothing was imported"
        click.echo(f"{result.count} rows {said}." + (f" Amounts: {known}." if known else ""))
    if problems:
        sys.exit(WRONG)
