"""The operator's commands. Each says what it did; errors go to standard error and say what to do."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from casefile import config
from casefile.audit_commands import audit
from casefile.ceremony import recover
from casefile.errors import CasefileError, ConfigError
from casefile.grants_commands import grants
from casefile.inspection import (
    database,
    index,
    open_newsroom,
    refuse_nothing,
    the_pepper,
    vault,
)
from casefile.safeguards import key, lock, seal, unseal

if TYPE_CHECKING:
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


def _prepare(settings: Settings) -> Resources:
    """Make the instance folder, its key file and the newest tables; keep what is there."""
    from casefile import db, keys
    from casefile.app import open_resources
    from casefile.serving import harden

    harden()
    if _was_lost(settings):
        msg = (
            f"Files of a newsroom lie in {settings.instance}, but its database is missing or empty. "
            "Restore a backup; nothing was changed."
        )
        raise ConfigError(msg)
    typed = settings.pepper_source == config.TYPED
    if typed and not settings.database_path.exists():
        msg = (
            "Found the newsroom with a key file first, without CASEFILE_PEPPER_SOURCE. Write the key down "
            "with `casefile key`, check it with `casefile key --check`, then take the file away."
        )
        raise ConfigError(msg)
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not typed and not settings.pepper_path.exists():
        if not settings.database_url and settings.database_path.exists():
            msg = (
                f"There is a database in {settings.instance} but its key file {settings.pepper_path} is "
                "missing. Put the key file back: without it nothing opens."
            )
            raise ConfigError(msg)
        config.create_pepper(settings, keys.random_key())
    resources = open_resources(settings, pepper=the_pepper(settings))
    db.migrate(resources.database)
    return resources


def _was_lost(settings: Settings) -> bool:
    """Say whether shards or files lie beside no database: founding leaves none."""
    path = settings.database_path
    if settings.database_url or (path.exists() and path.stat().st_size):
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
@click.option(
    "--escrow/--no-escrow",
    default=True,
    help="Make the organisation's offline key, printed once as three shares (usual).",
)
def init(
    username: str, name: str, roles: tuple[str, ...], password_stdin: bool, escrow: bool
) -> None:
    """Found a newsroom: key file, database, the first account and the escrow shares.

    Recovery code and shares are printed once and stored nowhere: have paper at hand. Run again on an
    existing newsroom, it brings the tables up to date and changes nothing else.

    Example: casefile init --username founder --name "A. Founder" --role admin --role editor
    """
    from sqlalchemy import func, select

    from casefile import demo as sample
    from casefile.accounts.models import User
    from casefile.ceremony import found
    from casefile.policy import Role

    unknown = sorted(set(roles) - set(Role))
    if unknown:
        msg = f"Unknown role: {', '.join(unknown)}. There are: {', '.join(Role)}."
        raise ConfigError(msg)
    settings = _settings()
    if sample.is_unfinished(settings) and not sample.is_sample(settings):
        msg = (
            f"A sample was begun in {settings.instance} and interrupted; the next `casefile demo` clears "
            "that folder. Set CASEFILE_INSTANCE to another one for a real newsroom."
        )
        raise ConfigError(msg)
    resources = _prepare(settings)
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
    found(resources, username, name, password, [Role(r) for r in roles], escrow=escrow)


@main.command()
def serve() -> None:
    """Serve the newsroom and do its background work.

    Example: CASEFILE_PORT=8080 casefile serve
    """
    from casefile.serving import serve as run

    settings = _settings()
    refuse_nothing(settings)
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
    if not sample.is_sample(settings):
        if sample.is_unfinished(settings):
            from casefile.demo.loader import clear_half_made

            clear_half_made(settings)
        elif settings.database_path.exists() or _was_lost(settings):
            msg = (
                f"{settings.instance} holds a real newsroom, and a sample is never put on top of one. "
                "Set CASEFILE_INSTANCE to another folder."
            )
            raise ConfigError(msg)
        _make_sample(settings)
        if and_serve:  # begin anew: what making the sample needed is not kept in memory
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606
        settings = _settings()
    if and_serve:
        from casefile.serving import serve as run

        run(settings, lambda resources: _print_sign_ins(resources, as_json=as_json))
        return
    _print_sign_ins(open_newsroom(settings), as_json=as_json)


def _make_sample(settings: Settings) -> None:
    from casefile import demo as sample
    from casefile.demo.loader import Loader

    sample.begin(settings)
    _prepare(settings).database.close()
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
    if resources.settings.second_factor == "nobody":
        click.echo(
            "\nA password is enough here. "
            "A real newsroom asks editors and administrators for a second factor."
        )
    click.echo("\nStop the server with Ctrl+C. Everything is kept in the instance folder.\n")


@main.command("remove-factors")
@click.option("--username", prompt="Your username", help="Whose second factors are removed.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def remove_factors(username: str, password_stdin: bool) -> None:
    """Remove your own second factors with your password, on the server itself.

    For an administrator who has lost them and has nobody to ask; they can add others when they
    sign in next. Every session of theirs ends, and the audit trail has it.

    Example: casefile remove-factors --username founder
    """
    from casefile.accounts.confirming import remove_factors as remove

    resources = open_newsroom(_settings())
    password = (
        sys.stdin.readline().rstrip("\r\n")
        if password_stdin
        else click.prompt("Your password", hide_input=True)
    )
    remove(resources, username, password)
    click.echo("Your second factors are removed. The next sign-in asks for the password alone.")


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


@main.command()
@click.option("--json", "as_json", is_flag=True)
def tick(as_json: bool) -> None:
    """Do what the clock asks for: open and close calls, give reminders that are due, send mails.

    A running server does it by itself; this is for a timer of the system, and for looking.

    Example: casefile tick --json
    """
    from casefile.notices.ticking import tick as run

    done = run(open_newsroom(_settings()))
    if as_json:
        click.echo(json.dumps(done.as_dict()))
        return
    click.echo(
        f"{done.reminders} reminders given, {done.sent} mails sent, {done.failed} to be tried again, "
        f"{done.abandoned} given up, {done.waiting} waiting, {done.settled} calls opened or closed."
    )


for group in (audit, grants, index, vault, database, key, lock, seal, unseal):
    main.add_command(group)
for command in (audit, index, vault, database, recover):
    main.add_command(command)


if __name__ == "__main__":
    main()
