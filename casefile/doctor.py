"""A look over the installation: what is right, what is wrong, and what to do about it."""

from __future__ import annotations

import ctypes.util
import os
import shutil
import stat
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from casefile import config, db
from casefile.errors import CasefileError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from casefile.config import Settings

LEAST_FREE = 1024 * 1024 * 1024
PROGRAMS = {
    "tesseract": "reads text in scans; Debian: tesseract-ocr tesseract-ocr-kir tesseract-ocr-rus",
    "bwrap": "a second wall around hostile files; Debian: bubblewrap",
}


def examine(settings: Settings) -> list[dict[str, Any]]:
    """Return findings as {what, ok, says}; nothing is changed."""
    found = [
        _try("settings", lambda: f"instance {settings.instance}"),
        _try("key file", lambda: _key_file(settings)),
        _try("database", lambda: _database(settings)),
        _try("disk", lambda: _disk(settings.instance)),
        _try("folder", lambda: _private(settings.instance)),
    ]
    for program, use in PROGRAMS.items():
        there = shutil.which(program)
        says = there or f"not installed ({use}); Casefile works without it"
        found.append({"what": program, "ok": True, "says": says})
    found.append({"what": "libpango", "ok": True, "says": _pango()})
    return found


def _pango() -> str:
    """Look for the library that sets type in PDF files; the pages can be printed without it."""
    there = ctypes.util.find_library("pangoft2-1.0")
    use = "makes the PDF of a dossier; Debian: libpango-1.0-0 libpangoft2-1.0-0"
    return there or f"not installed ({use}); Casefile works without it"


def _try(what: str, look: Callable[[], str]) -> dict[str, Any]:
    try:
        return {"what": what, "ok": True, "says": look()}
    except CasefileError as error:
        return {"what": what, "ok": False, "says": error.message}
    except OSError as error:
        return {"what": what, "ok": False, "says": f"{error.strerror}: {error.filename}"}


def _key_file(settings: Settings) -> str:
    if settings.pepper_source == config.TYPED:
        return "typed at `casefile unseal`; on no disk here"
    config.read_pepper(settings)
    mode = stat.S_IMODE(settings.pepper_path.stat().st_mode)
    if mode & 0o077:
        msg = f"{settings.pepper_path} can be read by others. Run: chmod 600 {settings.pepper_path}"
        raise CasefileError(msg)
    return f"{settings.pepper_path}, private"


def _database(settings: Settings) -> str:
    from casefile.app import open_resources  # noqa: PLC0415

    if not settings.database_url and not settings.database_path.exists():
        msg = "there is none yet; run `casefile init`"
        raise CasefileError(msg)
    if settings.pepper_source == config.TYPED:
        return "not looked into: the key is typed"
    database = open_resources(settings).database
    try:
        with database.reading() as session:
            if database.path is not None:
                says = session.scalar(text("PRAGMA quick_check"))
                if says != "ok":
                    msg = f"damaged: {says}. Restore a backup; copy the folder away first."
                    raise CasefileError(msg)
        if not db.is_current(database):
            msg = "of another version. Run `casefile init` to bring it up to date."
            raise CasefileError(msg)
    finally:
        database.close()
    return "opens, whole, up to date"


def _disk(folder: Path) -> str:
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE:
        msg = f"only {free // 2**20} MiB free. Make room before evidence is refused."
        raise CasefileError(msg)
    return f"{free // 2**30} GiB free"


def _private(folder: Path) -> str:
    if not os.access(folder, os.W_OK):
        msg = f"{folder} cannot be written to by this user."
        raise CasefileError(msg)
    if stat.S_IMODE(folder.stat().st_mode) & 0o077:
        msg = f"{folder} can be looked into by others. Run: chmod 700 {folder}"
        raise CasefileError(msg)
    return f"{folder}, private"
