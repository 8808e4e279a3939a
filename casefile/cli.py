"""The operator's commands. Each says what it did; errors go to standard error and say what to do."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any, cast

import click

from casefile import config
from casefile.errors import CasefileError, ConfigError

if TYPE_CHECKING:
    from uuid import UUID

    from casefile.config import Settings
    from casefile.uow import Resources

WRONG, MISUSED = 1, 2


class Commands(click.Group):
    """A group whose refusals are one clear line, not a traceback."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except CasefileError as error:
            click.echo(f"casefile: {error.message}", err=True)
            sys.exit(MISUSED if isinstance(error, ConfigError) else WRONG)
        except OSError as error:
            if error.filename is None:
                raise
            click.echo(f"casefile: {error.filename}: {error.strerror}.", err=True)
            sys.exit(WRONG)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="casefile")
def main() -> None:
    """Casefile: cases and evidence of an investigative newsroom.

    The instance folder is ./instance, or what CASEFILE_INSTANCE names.
    """


def _settings() -> Settings:
    return config.load()


def _open(settings: Settings | None = None) -> Resources:
    from casefile import db
    from casefile.app import open_resources

    settings = settings or _settings()
    _refuse_nothing(settings)
    resources = open_resources(settings)
    if not db.is_current(resources.database):
        msg = "The database is of another version. Run `casefile init` to bring it up to date."
        raise ConfigError(msg)
    return resources


def _refuse_nothing(settings: Settings) -> None:
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


def _prepare(settings: Settings) -> None:
    """Make the instance folder, its key file and the newest tables; keep what is there."""
    from casefile import db, keys
    from casefile.app import open_resources
    from casefile.serving import harden

    harden()
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not settings.pepper_path.exists():
        if not settings.database_url and settings.database_path.exists():
            msg = (
                f"There is a database in {settings.instance} but its key file {settings.pepper_path} is "
                "missing. Put the key file back: without it nothing opens."
            )
            raise ConfigError(msg)
        config.create_pepper(settings, keys.random_key())
    if _was_emptied(settings):
        msg = (
            f"The database {settings.database_path} is empty, but files of a newsroom lie beside it. "
            "Restore a backup; nothing was changed."
        )
        raise ConfigError(msg)
    resources = open_resources(settings)
    db.migrate(resources.database)
    resources.database.close()


def _was_emptied(settings: Settings) -> bool:
    """Say whether there is an empty database beside shards or files: founding leaves none."""
    path = settings.database_path
    if settings.database_url or not path.exists() or path.stat().st_size:
        return False
    beside = (settings.index_folder, settings.instance / "vault")
    return any(child.is_file() for folder in beside for child in folder.glob("*"))


@main.command()
@click.option("--username", prompt="Your username", help="Sign-in name of the founder.")
@click.option("--name", prompt="Your name", help="The name colleagues see.")
@click.option(
    "--role", "roles", multiple=True, default=("admin",), help="Repeat for several roles."
)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def init(username: str, name: str, roles: tuple[str, ...], password_stdin: bool) -> None:
    """Found a newsroom: key file, database and the first account.

    Run again on an existing newsroom, it brings the tables up to date and changes nothing else.

    Example: casefile init --username founder --name "A. Founder" --role admin --role editor
    """
    from sqlalchemy import func, select

    from casefile.accounts import service
    from casefile.accounts.models import User
    from casefile.policy import Role
    from casefile.uow import UnitOfWork

    unknown = sorted(set(roles) - set(Role))
    if unknown:
        msg = f"Unknown role: {', '.join(unknown)}. There are: {', '.join(Role)}."
        raise ConfigError(msg)
    settings = _settings()
    _prepare(settings)
    resources = _open(settings)
    with resources.database.reading() as session:
        people = session.scalar(select(func.count()).select_from(User))
    if people:
        click.echo(
            "The newsroom exists already; its tables are up to date. Nothing else was changed."
        )
        return
    password = (
        sys.stdin.readline().rstrip("\r\n")
        if password_stdin
        else click.prompt("Your password", hide_input=True, confirmation_prompt=True)
    )
    with UnitOfWork(resources, None) as uow:
        service.found(
            uow, username=username, name=name, password=password, roles=[Role(r) for r in roles]
        )
    click.echo(
        f"The newsroom is founded in {settings.instance}.\n"
        f"Keep a copy of {settings.pepper_path} away from this machine: without it nothing opens.\n"
        "Start it with: casefile serve"
    )


@main.command()
def serve() -> None:
    """Serve the newsroom and do its background work.

    Example: CASEFILE_PORT=8080 casefile serve
    """
    from casefile.serving import serve as run

    settings = _settings()
    _refuse_nothing(settings)
    run(settings)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print the sign-ins as JSON.")
@click.option("--serve", "and_serve", is_flag=True, help="Serve it, too.")
def demo(as_json: bool, and_serve: bool) -> None:
    """Make a sample newsroom, or print the sign-ins of the one that is there.

    Example: casefile demo --json
    """
    from casefile import demo as sample

    settings = _settings()
    if settings.database_path.exists() and not sample.is_sample(settings):
        if not sample.is_unfinished(settings):
            msg = (
                f"{settings.instance} holds a real newsroom, and a sample is never put on top of one. "
                "Set CASEFILE_INSTANCE to another folder."
            )
            raise ConfigError(msg)
        from casefile.demo.loader import clear_half_made

        clear_half_made(settings)
    if not sample.is_sample(settings):
        _make_sample(settings)
        if and_serve:  # begin anew: what making the sample needed is not kept in memory
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606
    if and_serve:
        from casefile.serving import serve as run

        run(settings, lambda resources: _print_sign_ins(resources, as_json=as_json))
        return
    _print_sign_ins(_open(settings), as_json=as_json)


def _make_sample(settings: Settings) -> None:
    from casefile import demo as sample
    from casefile.demo.loader import Loader

    sample.begin(settings)
    _prepare(settings)
    started = time.monotonic()

    def tell(what: str, done: int, total: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r  {what}: {done} of {total}   ", nl=done == total, err=True)

    click.echo("Making a sample newsroom in three languages …", err=True)
    Loader(settings, tell).run()
    sample.finish(settings)
    click.echo(f"Made in {time.monotonic() - started:.0f} s.", err=True)


def _print_sign_ins(resources: Resources, *, as_json: bool) -> None:
    from casefile.demo.loader import sign_ins
    from casefile.serving import address

    people = sign_ins(resources, resources.clock())
    if as_json:
        click.echo(json.dumps(people, ensure_ascii=False, indent=2))
        return
    click.echo(f"\nSample newsroom: {address(resources.settings)}\n")
    click.echo(f"  {'username':<10} {'password':<28} what they are")
    for person in people:
        seats = ", ".join(f"{case['codename']} ({case['seat']})" for case in person["cases"])
        roles = ", ".join(person["roles"]) or "guest"
        click.echo(
            f"  {person['username']:<10} {person['password']:<28} {roles}; {seats or 'no case'}"
        )
    click.echo("\nStop the server with Ctrl+C. Everything is kept in the instance folder.\n")


@main.command()
@click.option("--check", is_flag=True, help="Exit with 1 when something is wrong.")
@click.option("--json", "as_json", is_flag=True)
def doctor(check: bool, as_json: bool) -> None:
    """Look over settings, keys, database, disk and system programs.

    Example: casefile doctor --json
    """
    from casefile.doctor import examine

    findings = examine(_settings())
    if as_json:
        click.echo(json.dumps(findings, ensure_ascii=False, indent=2))
    else:
        for finding in findings:
            click.echo(
                f"{'ok   ' if finding['ok'] else 'WRONG'}  {finding['what']}: {finding['says']}"
            )
    if check and not all(finding["ok"] for finding in findings):
        sys.exit(WRONG)


@main.group()
def audit() -> None:
    """The audit trail."""


@audit.command("verify")
@click.option("--json", "as_json", is_flag=True)
def audit_verify(as_json: bool) -> None:
    """Walk the whole chain of entries and find edits and gaps.

    Example: casefile audit verify
    """
    from casefile import audit as trail

    resources = _open()
    count, broken = 0, []
    with resources.database.reading() as session:
        for found in trail.verify(session):
            if isinstance(found, int):
                count = found
            else:
                broken.append(found)
    if as_json:
        wrong = [{"sequence": b.sequence, "reason": b.reason} for b in broken]
        click.echo(json.dumps({"entries": count, "broken": wrong}))
    else:
        for found in broken:
            click.echo(f"entry {found.sequence} {found.reason}", err=True)
        click.echo(
            f"{count} entries: {'the chain holds' if not broken else 'THE CHAIN IS BROKEN'}."
        )
    sys.exit(WRONG if broken else 0)


@main.group()
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

    resources = _open()
    with resources.database.reading() as session:
        known = set(session.scalars(select(Case.id)))
    names = {f"{case_id}.db" for case_id in known}
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

    resources = _open()
    with resources.database.reading() as session:
        known = set(session.scalars(select(Case.id)))
    unknown = sorted(str(case_id) for case_id in set(case_ids) - known)
    if unknown:
        msg = f"There is no case {', '.join(unknown)}."
        raise ConfigError(msg)
    wanted = case_ids or tuple(known)
    for case_id in wanted:
        resources.index.forget(case_id)
    click.echo(f"Forgot {len(wanted)} shards. Each is built anew when a member next searches.")


@main.group()
def vault() -> None:
    """The sealed files."""


@vault.command("verify")
@click.option("--remove-orphans", is_flag=True, help="Delete objects no evidence refers to.")
@click.option("--json", "as_json", is_flag=True)
def vault_verify(remove_orphans: bool, as_json: bool) -> None:
    """Find evidence whose file is missing or of an impossible size, and files without evidence.

    Example: casefile vault verify
    """
    from casefile.evidence.orphans import examine

    found = examine(_open(), remove=remove_orphans)
    if as_json:
        click.echo(json.dumps(found))
    else:
        for name in found["missing"]:
            click.echo(f"{name}: the file of this evidence is missing or cut", err=True)
        for name in found["orphans"]:
            click.echo(f"{name}: no evidence refers to this file", err=True)
        click.echo(
            f"{found['files']} files, {len(found['missing'])} missing or cut, "
            f"{len(found['orphans'])} without evidence."
        )
    sys.exit(WRONG if found["missing"] else 0)


@main.group()
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

    rows = run(_open(), statement, write=write)
    click.echo(json.dumps(rows, ensure_ascii=False, indent=2, default=cast("Any", str)))


if __name__ == "__main__":
    main()
