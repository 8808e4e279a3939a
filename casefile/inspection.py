"""The operator's commands that look after what is kept: index, vault and database."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, cast

import click

from casefile import config, written_key
from casefile.errors import ConfigError

if TYPE_CHECKING:
    from uuid import UUID

    from casefile.config import Settings
    from casefile.uow import Resources

WRONG = 1


def open_newsroom(settings: Settings | None = None) -> Resources:
    """Open what is there; ConfigError says what is missing."""
    from casefile import db
    from casefile.app import open_resources

    settings = settings or config.load()
    refuse_nothing(settings)
    resources = open_resources(settings, pepper=the_pepper(settings))
    if not db.is_current(resources.database):
        msg = "The database is of another version. Run `casefile init` to bring it up to date."
        raise ConfigError(msg)
    return resources


def the_pepper(settings: Settings) -> bytes:
    """Return the pepper from where the settings say, typed in if that is where it lies."""
    return typed_key() if settings.pepper_source == config.TYPED else config.read_pepper(settings)


def typed_key() -> bytes:
    """Ask for the key as `casefile key` shows it; from a pipe it is the first line."""
    if sys.stdin.isatty():
        return written_key.from_text(click.prompt("The key of this newsroom", hide_input=True))
    return written_key.from_text(sys.stdin.readline())


def refuse_nothing(settings: Settings) -> None:
    """Raise ConfigError when there is no newsroom to work with."""
    if settings.database_url:
        return
    if not settings.database_path.exists():
        msg = (
            f"There is no newsroom in {settings.instance}. Run `casefile init` for a real one or "
            "`casefile demo` for a sample."
        )
        raise ConfigError(msg)
    if not settings.database_path.stat().st_size:
        msg = (
            f"The database {settings.database_path} is empty. Restore a backup; if this newsroom was "
            "never finished being founded, run `casefile init`."
        )
        raise ConfigError(msg)


@click.group()
def index() -> None:
    """The sealed search index."""


@index.command("verify")
@click.option("--json", "as_json", is_flag=True)
def index_verify(as_json: bool) -> None:
    """Find what can be told without keys: strangers in the folder, files that are not sealed.

    Whatever is wrong inside a shard mends itself when a member next searches.

    Example: casefile index verify
    """
    from sqlalchemy import select

    from casefile import index as engine
    from casefile.cases.models import Case
    from casefile.sources.models import Source

    resources = open_newsroom()
    with resources.database.reading() as session:
        known = set(session.scalars(select(Case.id)))
        kept = known | set(session.scalars(select(Source.id).where(Source.shredded_at.is_(None))))
    names = {f"{shard_id}.db" for shard_id in kept}
    folder = resources.settings.index_folder
    problems = [
        {"file": problem.path.name, "reason": problem.reason} for problem in engine.verify(folder)
    ]
    wrong = {problem["file"] for problem in problems}
    problems += [
        {"file": path.name, "reason": "belongs to no case"}
        for path in sorted(folder.glob("*.db"))
        if path.name not in names | wrong
    ]
    if as_json:
        click.echo(json.dumps({"cases": len(known), "problems": problems}))
    else:
        for problem in problems:
            click.echo(f"{problem['file']}: {problem['reason']}", err=True)
        found = (
            f"{len(problems)} problems; run `casefile index rebuild`"
            if problems
            else "nothing wrong"
        )
        click.echo(f"{len(known)} cases: {found}.")
    sys.exit(WRONG if problems else 0)


@index.command("rebuild")
@click.argument("case_ids", nargs=-1, type=click.UUID)
def index_rebuild(case_ids: tuple[UUID, ...]) -> None:
    """Forget the shards of these cases, or of all; members' next visit builds them anew.

    Example: casefile index rebuild
    """
    from sqlalchemy import select

    from casefile.cases.models import Case
    from casefile.sources.models import Source

    resources = open_newsroom()
    with resources.database.reading() as session:
        known = set(session.scalars(select(Case.id)))
        sources = tuple(session.scalars(select(Source.id)))
    unknown = sorted(str(case_id) for case_id in set(case_ids) - known)
    if unknown:
        msg = f"There is no case {', '.join(unknown)}."
        raise ConfigError(msg)
    wanted = case_ids or tuple(known)
    for shard_id in (*wanted, *(() if case_ids else sources)):
        resources.index.forget(shard_id)
    click.echo(f"Forgot {len(wanted)} shards. Each is built anew when a member next searches.")


@click.group()
def vault() -> None:
    """The sealed files."""


@vault.command("verify")
@click.option("--remove-orphans", is_flag=True, help="Delete objects no evidence refers to.")
@click.option("--json", "as_json", is_flag=True)
def vault_verify(remove_orphans: bool, as_json: bool) -> None:
    """Find evidence, annexes and files for funders that are missing or of an impossible size, and files
    that belong to nothing.

    Example: casefile vault verify
    """
    from casefile.evidence.orphans import examine
    from casefile.grants.sealed import annex_objects
    from casefile.milestones import files

    resources = open_newsroom()
    others = {
        "annex of an application": annex_objects(resources),
        "file for a funder": files.objects(resources),
    }
    found = examine(resources, remove=remove_orphans, also_known=others)
    if as_json:
        click.echo(json.dumps(found))
    else:
        for name in found["missing"]:
            kind = found["kinds"].get(name, "evidence")
            click.echo(f"{name}: the file of this {kind} is missing or cut", err=True)
        for name in found["orphans"]:
            click.echo(f"{name}: no evidence refers to this file", err=True)
        click.echo(
            f"{found['files']} files, {len(found['missing'])} missing or cut, "
            f"{len(found['orphans'])} without evidence."
        )
    sys.exit(WRONG if found["missing"] else 0)


@click.group()
def database() -> None:
    """The sealed database."""


@database.command("sql")
@click.argument("statement")
@click.option("--write", is_flag=True, help="Allow changes; they are audited.")
def database_sql(statement: str, write: bool) -> None:
    """Run one SQL statement; rows come as JSON. Sealed columns stay sealed.

    Example: casefile database sql "SELECT sequence, action FROM audit_entry LIMIT 5"
    """
    from casefile.operator_sql import run

    rows = run(open_newsroom(), statement, write=write)
    click.echo(json.dumps(rows, ensure_ascii=False, indent=2, default=cast("Any", str)))
