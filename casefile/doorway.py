"""What gunicorn serves: the newsroom while it is open, one plain page while it is sealed."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from casefile import config, sealing
from casefile.errors import CasefileError
from casefile.web.sealed import sealed_app

if TYPE_CHECKING:
    from collections.abc import Iterable

    from casefile.config import Settings
    from casefile.sealing import Act
    from casefile.uow import Resources

log = logging.getLogger(__name__)


class Doorway:
    """The application a worker answers with, which the control socket can change."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sealed_app = sealed_app()
        self._tries = sealing.Tries()
        self._control: sealing.Control | None = None
        self.app: Any = None
        if not sealing.is_sealed(settings) and settings.pepper_source != config.TYPED:
            self.app = self._made(config.read_pepper(settings))

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        return (self.app or self._sealed_app)(environ, start_response)

    @property
    def resources(self) -> Resources | None:
        found: Resources | None = self.app.extensions["casefile"] if self.app else None
        return found

    def _made(self, pepper: bytes) -> Any:
        from casefile.app import create_app  # noqa: PLC0415

        return create_app(self._settings, pepper=pepper)

    def start(self) -> None:
        """Listen to the commands, and do background work when open."""
        self._control = sealing.Control(self._settings, self.answer)
        if self.resources is not None:
            self.resources.jobs.start()

    def stop(self) -> None:
        """Close everything in order, as at a normal end."""
        if self._control is not None:
            self._control.close()
        opened = self.resources
        if opened is None:
            return
        try:
            opened.jobs.stop()
            opened.index.close()
            opened.database.close()
        except Exception as error:  # noqa: BLE001
            log.warning("stop_failed", extra={"error": type(error).__name__})

    def answer(self, asked: Act) -> Act:
        """Do what a command on this machine asks for."""
        try:
            if asked.get("do") == "seal":
                return self._seal()
            if asked.get("do") == "unseal":
                return self._unseal(str(asked.get("pepper", "")))
            if asked.get("do") == "lock":
                return self._lock()
        except CasefileError as error:
            return {"state": self.state, "refused": error.message}
        except Exception as error:  # noqa: BLE001
            log.error("control_failed", extra={"error": type(error).__name__})  # noqa: TRY400
            return {"state": self.state, "refused": "It failed. Look into the log of the server."}
        return {"state": self.state}

    @property
    def state(self) -> str:
        return "open" if self.app else "sealed"

    def _seal(self) -> Act:
        """Answer nobody any more, forget the sessions if that is quick, and end this process."""
        opened, self.app = self.resources, None
        if opened is None:
            return {"state": "sealed"}
        sealing.mark_sealed(self._settings, datetime.now(UTC))
        forgetting = threading.Thread(target=_forget_sessions, args=(opened,), daemon=True)
        forgetting.start()
        forgetting.join(sealing.FORGETS_WITHIN)
        return {"state": "sealed", "end": True}

    def _unseal(self, given: str) -> Act:
        if self.app is not None:
            return {"state": "open", "already": True}
        self._tries.admit()
        try:
            pepper = bytes.fromhex(given)
        except ValueError:
            pepper = b""
        if not sealing.fits(self._settings, pepper):
            self._tries.count()
            msg = (
                "This is not the key of this newsroom. Nothing was opened; the server stays sealed."
            )
            raise CasefileError(msg)
        app = self._made(pepper)
        _begin_anew(app.extensions["casefile"])
        app.extensions["casefile"].jobs.start()
        sealing.unmark(self._settings)
        self.app = app
        return {"state": "open"}

    def _lock(self) -> Act:
        opened = self.resources
        if opened is None:
            return {"state": "sealed"}
        from casefile.accounts.locking import lock_everything  # noqa: PLC0415
        from casefile.uow import UnitOfWork  # noqa: PLC0415

        with UnitOfWork(opened, None) as uow:
            ended = lock_everything(uow)
        return {"state": "open", "ended": ended}


def _forget_sessions(opened: Resources) -> None:
    from casefile.accounts.locking import lock_everything  # noqa: PLC0415
    from casefile.uow import UnitOfWork  # noqa: PLC0415

    try:
        with UnitOfWork(opened, None) as uow:
            lock_everything(uow, "server.sealed")
    except Exception:  # noqa: BLE001
        return  # sealing matters more; unsealing ends the sessions too


def _begin_anew(opened: Resources) -> None:
    """End the sessions from before: their browsers may be in other hands by now."""
    from casefile.accounts.locking import lock_everything  # noqa: PLC0415
    from casefile.uow import UnitOfWork  # noqa: PLC0415

    with UnitOfWork(opened, None) as uow:
        lock_everything(uow, "server.unsealed")
