"""The operator's commands about the offline key: its shares at the founding, and what they open."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from casefile import config
from casefile.errors import ConfigError, DamagedError, InvalidError, NotFoundError
from casefile.inspection import open_newsroom, refuse_nothing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from casefile.config import Settings
    from casefile.keys import OfflineKey
    from casefile.policy import Role, Seat
    from casefile.uow import Resources

WORDS_A_LINE = 6
WITHOUT = (
    "There is no escrow. When everybody on a case has lost password and recovery code, or the key "
    "file is lost, that work is gone for ever, and nobody can help."
)


def found(
    resources: Resources,
    username: str,
    name: str,
    password: str,
    roles: list[Role],
    *,
    escrow: bool,
) -> None:
    """Add the founder and print what must be written down now, or never."""
    from casefile.accounts import escrow as offline
    from casefile.accounts import recovery, service
    from casefile.uow import UnitOfWork

    with UnitOfWork(resources, None) as uow:
        user, bundle = service.found(
            uow, username=username, name=name, password=password, roles=roles
        )
        code = recovery.make(uow, user.id, bundle)
        made = offline.create(uow, user.id, bundle) if escrow else None
    settings = resources.settings
    click.echo(f"The newsroom is founded in {settings.instance}.\n")
    _tell(f"Your recovery code, if you forget your password:\n\n    {code}\n")
    if made is not None:
        _tell_shares(made)
    else:
        click.echo(f"{WITHOUT}\n")
    click.echo(
        f"Keep a copy of {settings.pepper_path} away from this machine: without it nothing opens. "
        "`casefile key` shows it as text to write down.\n"
        "Start it with: casefile serve"
    )


def _tell_shares(made: OfflineKey) -> None:
    papers = made.split()
    click.echo(
        "The escrow key of the organisation, in three shares. Any two open named cases and hold the\n"
        "key file; one alone tells nothing. Write each on its own paper and give each to another\n"
        "person or place. They are printed once and stored nowhere.\n"
    )
    for number, paper in enumerate(papers, start=1):
        lines = "\n".join(f"    {line}" for line in _lines(paper))
        _tell(f"Share {number} of {len(papers)}:\n\n{lines}\n")


def _lines(paper: str) -> Iterator[str]:
    words = paper.split()
    for start in range(0, len(words), WORDS_A_LINE):
        part = words[start : start + WORDS_A_LINE]
        yield "  ".join(f"{start + place:>2} {word:<9}" for place, word in enumerate(part, start=1))


def _tell(secret: str) -> None:
    """Print a secret; on a terminal, wait until it is written down and take it off the screen."""
    click.echo(secret)
    if sys.stdin.isatty() and sys.stdout.isatty():
        click.pause("Write it down, then press any key: it is not shown again …")
        click.clear()


@click.command()
@click.option("--case", "cases", multiple=True, help="Codename or id; repeat for several.")
@click.option("--user", "users", multiple=True, help="Username; repeat for several.")
@click.option("--seat", help="The seat they get. Else: the one they have, or lead.")
@click.option("--shares-stdin", is_flag=True, help="Read shares from standard input, one a line.")
@click.option(
    "--key-file",
    is_flag=True,
    help="Write the key file again when it is lost; else only try the shares.",
)
def recover(
    cases: tuple[str, ...],
    users: tuple[str, ...],
    seat: str | None,
    shares_stdin: bool,
    key_file: bool,
) -> None:
    """Open named cases to named people with two of the escrow shares.

    The shares are asked for and never given in the command line. Every member of the cases sees
    that this was done. All of it happens, or nothing.

    Example: casefile recover --case amber-falcon --user eva
    """
    from casefile.policy import Seat

    if seat is not None and seat not in set(Seat):
        msg = f"Unknown seat: {seat}. There are: {', '.join(Seat)}."
        raise ConfigError(msg)
    if bool(cases) != bool(users) or not (cases or key_file):
        msg = "Name at least one --case and one --user, or say --key-file. See: casefile recover --help"
        raise ConfigError(msg)
    settings = config.load()
    refuse_nothing(settings)
    try:
        offline = _from_input() if shares_stdin else _from_terminal()
        _check_key_file(settings, offline, write=key_file)
        if cases:
            _open(open_newsroom(settings), offline, cases, users, Seat(seat) if seat else None)
        else:
            _rehearse(open_newsroom(settings), offline)
    except (DamagedError, InvalidError, NotFoundError):
        _note_refusal(settings)
        raise


def _note_refusal(settings: Settings) -> None:
    """Put a ceremony that failed into the trail, when the key file is there to open it."""
    from casefile import audit
    from casefile.uow import UnitOfWork

    if settings.pepper_path.exists():
        with UnitOfWork(open_newsroom(settings), None) as uow:
            audit.record(uow, "escrow.refused")


def _from_input() -> OfflineKey:
    from casefile import keys

    lines = [line for line in sys.stdin.read().splitlines() if line.strip()]
    return keys.join([keys.read_share(line, place) for place, line in enumerate(lines, start=1)])


def _from_terminal() -> OfflineKey:
    from casefile import keys
    from casefile.keys.shares import NEEDED

    shares: list[Any] = []
    while len(shares) < NEEDED:
        number = len(shares) + 1
        typed = click.prompt(f"Share {number} of {NEEDED}, all words (not shown)", hide_input=True)
        try:
            shares.append(keys.read_share(typed, number))
        except InvalidError as error:
            click.echo(error.message, err=True)
    return keys.join(shares)


def _check_key_file(settings: Settings, offline: OfflineKey, *, write: bool) -> None:
    """Compare the key file with the shares; write it where it is lost and this was asked for."""
    from casefile import db, keys

    if settings.pepper_path.exists():
        if not keys.same(config.read_pepper(settings), offline.pepper):
            msg = "These shares are not of this newsroom, or its key file was replaced. Nothing was changed."
            raise InvalidError(msg)
        if write:
            click.echo("The key file is there and is the right one.")
        return
    if not write:
        msg = (
            f"The key file {settings.pepper_path} is missing. The shares hold it: run the same "
            "command with --key-file."
        )
        raise ConfigError(msg)
    if not settings.database_url:
        database = db.open_file(settings.database_path, keys.derive(offline.pepper, "database"))
        try:
            db.is_current(database)
        except DamagedError as error:
            msg = "These shares do not open the database of this newsroom. Nothing was changed."
            raise InvalidError(msg) from error
        finally:
            database.close()
    config.create_pepper(settings, offline.pepper)
    click.echo(f"The key file is written again: {settings.pepper_path}. Copy it to a safe place.")


def _rehearse(resources: Resources, offline: OfflineKey) -> None:
    """Say that the shares would open cases, without opening one."""
    from casefile.accounts import escrow

    with resources.database.reading() as session:
        escrow.recognise(session, offline)
    click.echo("The shares are those of this newsroom and would open its cases.")


def _open(
    resources: Resources,
    offline: OfflineKey,
    cases: tuple[str, ...],
    users: tuple[str, ...],
    seat: Seat | None,
) -> None:
    from casefile import audit
    from casefile.accounts import escrow
    from casefile.cases import restoring
    from casefile.uow import UnitOfWork

    with resources.database.reading() as session:
        actor_id, bundle = escrow.recognise(session, offline)
    done = []
    with UnitOfWork(resources, actor_id, bundle) as uow:
        for name in dict.fromkeys(cases):
            for username in dict.fromkeys(users):
                case = restoring.open_in_escrow(uow, name)
                restoring.recover(uow, case, username, seat)
                done.append(f"{case.codename} is open to {username}.")
        audit.record(uow, "escrow.used", subject_id=actor_id)
    for line in done:
        click.echo(line)
    click.echo("Every member of these cases sees it. Put the papers back; they still work.")
