"""The server: gunicorn with threads in one process, and the worker for background work beside them."""

from __future__ import annotations

import ctypes
import os
import socket
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from casefile.errors import CasefileError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from casefile.config import Settings
    from casefile.uow import Resources

THREADS = 24
PR_SET_DUMPABLE = 4
GRACE_SECONDS = 10
KEEP_ALIVE_SECONDS = 30
LONGEST_LINE = 8190
# What gunicorn takes from a worker as "do not try again", and what the program ends with then.
REFUSED, MISUSED = 3, 4
EXITS = {REFUSED: 1, MISUSED: 2}


def harden() -> None:
    """Keep files private and secrets out of core dumps and of other processes' reach."""
    os.umask(0o077)
    if sys.platform != "win32":
        import resource  # noqa: PLC0415

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def address(settings: Settings) -> str:
    """Return the address people open."""
    shown = "localhost" if settings.on_loopback else settings.host
    return f"http://{shown}:{settings.port}"


def check_port(settings: Settings) -> None:
    """Raise ConfigError when somebody listens on the port already."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            msg = (
                f"Port {settings.port} on {settings.host} cannot be used: {error.strerror}. Stop what runs "
                "there, or set CASEFILE_PORT to another number."
            )
            raise ConfigError(msg) from error


class QuietLogger(Logger):
    """Gunicorn's log without tracebacks: their last line may quote what somebody wrote."""

    def exception(self, msg: object, *args: object, **_given: object) -> None:
        kind = sys.exc_info()[0]
        super().error(f"{msg} ({kind.__name__ if kind else 'unknown'})", *args)


class Server(BaseApplication):
    """Gunicorn, told what it needs to know and nothing from its command line."""

    def __init__(
        self, settings: Settings, announce: Callable[[Resources], None] | None = None
    ) -> None:
        self._settings = settings
        self._announce = announce
        super().__init__()

    def load_config(self) -> None:
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        options: dict[str, Any] = {
            "bind": f"{host}:{self._settings.port}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": THREADS,
            "keepalive": KEEP_ALIVE_SECONDS,
            "graceful_timeout": GRACE_SECONDS,
            "limit_request_line": LONGEST_LINE,
            "control_socket_disable": True,
            "accesslog": None,
            "errorlog": "-",
            "loglevel": "warning",
            "logger_class": QuietLogger,
            "proc_name": "casefile",
            "umask": 0o077,
            "forwarded_allow_ips": "*" if self._settings.trusted_proxies else "127.0.0.1",
            "post_worker_init": self._started,
            "worker_exit": self._stopped,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        from casefile.doorway import Doorway  # noqa: PLC0415
        from casefile.logs import configure  # noqa: PLC0415

        harden()
        configure()
        with _refusing():
            self._door = Doorway(self._settings)
        return self._door

    def _started(self, _worker: object) -> None:
        with _refusing():
            self._door.start()
        opened = self._door.resources
        if self._announce is not None and opened is not None:
            self._announce(opened)
        sealed = "" if opened else ", sealed: give it the key with `casefile unseal`"
        sys.stdout.write(f"Casefile answers at {address(self._settings)}{sealed}\n")
        sys.stdout.flush()

    def _stopped(self, _server: object, _worker: object) -> None:
        door = getattr(self, "_door", None)
        if door is not None:
            door.stop()


@contextmanager
def _refusing() -> Iterator[None]:
    """Say in one line why there is nothing to serve, and end the server with it."""
    try:
        yield
    except CasefileError as error:
        sys.stderr.write(f"casefile: {error.message}\n")
        sys.stderr.flush()
        sys.exit(MISUSED if isinstance(error, ConfigError) else REFUSED)


def serve(settings: Settings, announce: Callable[[Resources], None] | None = None) -> None:
    """Serve until told to stop; `announce` may say more before the line with the address."""
    check_port(settings)
    harden()
    parent = os.getpid()
    try:
        Server(settings, announce).run()
    except SystemExit as ended:
        # The worker, forked inside of `run`, leaves through here too.
        if os.getpid() == parent and isinstance(ended.code, int):
            sys.exit(EXITS.get(ended.code, ended.code))
        raise
