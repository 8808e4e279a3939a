"""The operator's commands for a bad day: lock, seal, unseal, and the key on paper."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from casefile import config, sealing, written_key
from casefile.errors import CasefileError, ConfigError, InvalidError
from casefile.inspection import open_newsroom, refuse_nothing, typed_key

if TYPE_CHECKING:
    from casefile.config import Settings

WRONG = 1


@click.command()
def lock() -> None:
    """Lock everything: sign everybody out at once, in every browser and on every server.

    Example: casefile lock
    """
    settings = config.load()
    refuse_nothing(settings)
    told = _ask_all(settings, {"do": "lock"}, sealing.UNSEALS_WITHIN)
    ended = [answer["ended"] for answer in told if "ended" in answer]
    if not ended and sealing.is_sealed(settings):
        click.echo("The newsroom is sealed: nobody is signed in.")
        return
    if not ended:
        from casefile.accounts.locking import lock_everything
        from casefile.uow import UnitOfWork

        with UnitOfWork(open_newsroom(settings), None) as uow:
            ended = [lock_everything(uow)]
    click.echo(f"Locked: {max(ended)} sessions ended. Whoever has a password can sign in again.")


@click.command()
def seal() -> None:
    """Seal: the running servers lose every key from memory at once and answer nothing more.

    They stay sealed, over restarts too, until `casefile unseal`.

    Example: casefile seal
    """
    settings = config.load()
    refuse_nothing(settings)
    count = sealing.seal(settings, datetime.now(UTC))
    click.echo(
        f"Sealed: {count} running."
        if count
        else "Sealed. No server of this folder answered; one started now starts sealed. If one runs "
        "that was not started with `casefile serve`, end it now."
    )
    lies = _lies_at(settings)
    if lies is not None:
        click.echo(
            f"WARNING: the key file still lies at {lies}. Whoever carries this machine off has it, and "
            "opens names, seats and times with it; contents need passwords too. Keep the key elsewhere: "
            "see `casefile key --help`.",
            err=True,
        )


@click.command()
@click.option("--key-file", type=click.Path(path_type=Path), help="Read the key from this file.")
@click.option("--ask", is_flag=True, help="Ask for the key even where a key file lies.")
def unseal(key_file: Path | None, ask: bool) -> None:
    """Unseal: give the key to the servers that wait for it.

    The key comes from the key file where there is one, else it is asked for: the groups that
    `casefile key` shows.

    Example: casefile unseal --key-file /media/stick/pepper
    """
    settings = config.load()
    refuse_nothing(settings)
    states = _ask_all(settings, {"do": "state"}, sealing.ASKS_WITHIN)
    waiting = any(answer.get("state") == "sealed" for answer in states)
    if not waiting and not sealing.is_sealed(settings):
        click.echo(
            "The server is not sealed; nothing was done."
            if states
            else "No server is running and the newsroom is not sealed. Start it with `casefile serve`."
        )
        return
    given = _the_key(settings, key_file, ask=ask)
    if not waiting:
        _unseal_folder(settings, given)
        return
    told = _ask_all(settings, {"do": "unseal", "pepper": given.hex()}, sealing.UNSEALS_WITHIN)
    refused = [answer["refused"] for answer in told if "refused" in answer]
    if refused:
        raise CasefileError(refused[0])
    if len(told) < len(states):
        msg = "A server did not answer in time. Look whether it runs, then run this again."
        raise CasefileError(msg)
    click.echo("Unsealed. Everybody signs in again.")


def _unseal_folder(settings: Settings, given: bytes) -> None:
    """Take the mark away when no server runs."""
    if not sealing.fits(settings, given):
        msg = "This is not the key of this newsroom. It stays sealed."
        raise CasefileError(msg)
    sealing.unmark(settings)
    click.echo("No longer sealed. No server is running: start it with `casefile serve`.")
    if settings.pepper_source == config.TYPED:
        click.echo("It starts sealed and waits for the key: run `casefile unseal` again then.")


@click.command()
@click.option("--check", is_flag=True, help="Type the key in again and see whether it fits.")
def key(check: bool) -> None:
    """Show the key of this newsroom as text to write down, or check what was written down.

    Once it is on paper, or on a stick in another place, take the key file away and set
    CASEFILE_PEPPER_SOURCE=typed: the server then starts sealed and waits for `casefile unseal`,
    and `casefile seal` leaves nothing on the machine that opens the database.

    Example: casefile key --check
    """
    settings = config.load()
    refuse_nothing(settings)
    if check:
        if not sealing.fits(settings, typed_key()):
            msg = "This is not the key of this newsroom."
            raise CasefileError(msg)
        click.echo("It fits.")
        return
    click.echo(written_key.as_text(config.read_pepper(settings)))
    click.echo("Whoever has this and the database reads names, seats and times.", err=True)


def _the_key(settings: Settings, key_file: Path | None, *, ask: bool) -> bytes:
    if key_file is not None:
        return _read(key_file)
    lies = None if ask else _lies_at(settings)
    return config.read_pepper(settings) if lies is not None else typed_key()


def _read(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
    except OSError as error:
        msg = f"The key file {path} cannot be read: {error.strerror}."
        raise ConfigError(msg) from error
    if len(raw) == config.PEPPER_BYTES:
        return raw
    try:
        return written_key.from_text(raw.decode("ascii"))
    except (UnicodeDecodeError, InvalidError) as error:
        msg = f"{path} is no key file: it holds neither {config.PEPPER_BYTES} bytes nor a key as text."
        raise ConfigError(msg) from error


def _lies_at(settings: Settings) -> Path | None:
    """Return where a key file lies on this machine, if one does."""
    if settings.pepper_source == config.TYPED:
        return None
    return settings.pepper_path if settings.pepper_path.exists() else None


def _ask_all(settings: Settings, message: dict[str, Any], within: float) -> list[dict[str, Any]]:
    answers = (sealing.ask(path, message, within)[0] for path in sealing.sockets(settings))
    return [answer for answer in answers if answer is not None]
