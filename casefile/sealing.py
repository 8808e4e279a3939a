"""Sealing and unsealing a running server over a Unix socket that only this user can reach.

Sealing ends the process that holds the keys: what it had in memory goes back to the system at once,
and an answer that was given stands as after a power cut. The process that takes its place finds the
mark and holds nothing until somebody gives it the pepper.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from casefile.config import PEPPER_BYTES
from casefile.errors import CasefileError, ConfigError, DamagedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from casefile.config import Settings

LONGEST_MESSAGE = 4096
LONGEST_NAME = 100  # of the 108 bytes the system gives a socket's address
ASKS_WITHIN = 2.0
SEALS_WITHIN = 0.6
UNSEALS_WITHIN = 30.0
FORGETS_WITHIN = 0.35
TRIES, PAUSE_SECONDS = 5, 60
CREDENTIALS = struct.Struct("3i")
Act = dict[str, Any]


def is_sealed(settings: Settings) -> bool:
    return settings.sealed_path.exists()


def mark_sealed(settings: Settings, now: datetime) -> None:
    """Leave the mark, safe on disk, by which every server of this folder starts sealed."""
    descriptor = os.open(settings.sealed_path, os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{now.isoformat()}\n")
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(settings.instance, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def unmark(settings: Settings) -> None:
    settings.sealed_path.unlink(missing_ok=True)


def fits(settings: Settings, pepper: bytes) -> bool:
    """Say whether this pepper opens the database. (PostgreSQL does not know: any 32 bytes will.)"""
    if len(pepper) != PEPPER_BYTES:
        return False
    if settings.database_url:
        return True
    # SQLAlchemy and ciphers take a while to load, and sealing is to be quick.
    from casefile import db, keys  # noqa: PLC0415

    database = db.open_file(settings.database_path, keys.derive(pepper, "database"))
    try:
        db.is_current(database)
    except DamagedError:
        return False
    finally:
        database.close()
    return True


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end, as the system says."""

    process: int
    user: int


def _peer(connection: socket.socket) -> Peer | None:
    if not hasattr(socket, "SO_PEERCRED"):
        return None  # there the folder and the socket, private to this user, are all there is
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    process, user, _group = CREDENTIALS.unpack(raw)
    return Peer(process, user)


def _is_ours(peer: Peer | None) -> bool:
    return peer is None or peer.user in {0, os.geteuid()}


@contextmanager
def _address(path: Path) -> Iterator[str]:
    """Give a name for the socket that fits: a deep folder is reached through its open handle."""
    if len(os.fsencode(path)) <= LONGEST_NAME:
        yield str(path)
        return
    if sys.platform != "linux":
        msg = f"The path {path} is too long for a control socket. Choose a shorter instance folder."
        raise ConfigError(msg)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


class Control:
    """The server's end: answers one question after the other, in a thread of its own."""

    def __init__(self, settings: Settings, answer: Callable[[Act], Act]) -> None:
        settings.control_folder.mkdir(mode=0o700, exist_ok=True)
        os.chmod(settings.control_folder, 0o700)  # noqa: PTH101
        self.path = settings.control_folder / f"{os.getpid()}.sock"
        self._answer = answer
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.path.unlink(missing_ok=True)
        with _address(self.path) as name:
            self._socket.bind(name)
        os.chmod(self.path, 0o600)  # noqa: PTH101
        self._socket.listen(8)
        threading.Thread(target=self._serve, name="control", daemon=True).start()

    def close(self) -> None:
        self.path.unlink(missing_ok=True)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _name = self._socket.accept()
            except OSError:
                return  # closed
            with connection, suppress(OSError, ValueError, RecursionError):
                connection.settimeout(ASKS_WITHIN)
                if _is_ours(_peer(connection)):
                    self._converse(connection)

    def _converse(self, connection: socket.socket) -> None:
        asked = json.loads(_line(connection))
        answered = self._answer(asked if isinstance(asked, dict) else {})
        _send(connection, answered)
        if answered.get("end"):
            self.path.unlink(missing_ok=True)
            os._exit(0)


def _line(connection: socket.socket) -> bytes:
    read = b""
    while not read.endswith(b"\n"):
        block = connection.recv(LONGEST_MESSAGE)
        read += block
        if not block or len(read) > LONGEST_MESSAGE:
            raise ValueError
    return read


def _send(connection: socket.socket, message: Act) -> None:
    connection.sendall(json.dumps(message).encode() + b"\n")


def ask(path: Path, message: Act, within: float) -> tuple[Act | None, Peer | None]:
    """Ask one server; (None, None) when there is none any more, and then its socket is removed.

    Whoever listens must be this user or root: the pepper is shown to nobody else.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(within)
        try:
            with _address(path) as name:
                connection.connect(name)
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return None, None
        except OSError:
            return None, None
        peer = _peer(connection)
        if not _is_ours(peer):
            msg = (
                f"Another user listens at {path}. Nothing was sent. Look at this machine with care."
            )
            raise CasefileError(msg)
        try:
            _send(connection, message)
            told = json.loads(_line(connection))
        except (OSError, ValueError):
            return None, peer
    return (told if isinstance(told, dict) else None), peer


def sockets(settings: Settings) -> list[Path]:
    return sorted(settings.control_folder.glob("*.sock"))


def seal(settings: Settings, now: datetime) -> int:
    """Seal every server of this folder and return how many there were. Done within a second.

    A server that does not answer at once is killed: it is known by what the system says of its socket.
    """
    mark_sealed(settings, now)
    found: list[int] = []
    asking = [
        threading.Thread(target=_seal_one, args=(settings, now, path, found), daemon=True)
        for path in sockets(settings)
    ]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join(2 * SEALS_WITHIN)
    return len(found)


def _seal_one(settings: Settings, now: datetime, path: Path, found: list[int]) -> None:
    told, peer = ask(path, {"do": "seal"}, SEALS_WITHIN)
    if told is None and peer is not None and peer.process != os.getpid():
        with suppress(ProcessLookupError):
            os.kill(peer.process, signal.SIGSTOP)
            mark_sealed(settings, now)  # it may have been unsealing, and taken the mark away
            os.kill(peer.process, signal.SIGKILL)
        path.unlink(missing_ok=True)
    if told is not None or peer is not None:
        found.append(1)


class Tries:
    """How often a wrong pepper may be given before a pause."""

    def __init__(self) -> None:
        self._wrong: list[float] = []

    def admit(self) -> None:
        self._wrong = [at for at in self._wrong if time.monotonic() - at < PAUSE_SECONDS]
        if len(self._wrong) >= TRIES:
            msg = f"Too many wrong keys. Wait {PAUSE_SECONDS} seconds, then try again."
            raise CasefileError(msg)

    def count(self) -> None:
        self._wrong.append(time.monotonic())
