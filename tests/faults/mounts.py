"""Small disks and read-only files, made by mounting: only root may, and a kernel may still refuse."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


class Mounts:
    """What was mounted, so that it is taken down again."""

    def __init__(self) -> None:
        self._made: list[Path] = []

    def small_disk(self, folder: Path, mebibytes: int) -> None:
        """Put a disk of this size where the folder is, with what is in the folder on it."""
        aside = folder.with_name(f"{folder.name}-aside")
        folder.rename(aside)
        folder.mkdir(mode=0o700)
        self._mount(folder, "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=700", "tmpfs")
        shutil.copytree(aside, folder, dirs_exist_ok=True)
        shutil.rmtree(aside)

    def read_only(self, place: Path) -> None:
        """Let nobody write to this file or folder, not even root."""
        self._mount(place, "--bind", str(place))
        self._mount(place, "-o", "remount,ro,bind", once_more=True)

    def _mount(self, place: Path, *what: str, once_more: bool = False) -> None:
        if sys.platform != "linux" or os.geteuid() != 0:
            pytest.skip("only root on Linux can make a small or a read-only disk")
        done = subprocess.run(["mount", *what, str(place)], capture_output=True, check=False)
        if done.returncode:
            pytest.skip(f"this machine mounts nothing: {done.stderr.decode().strip()}")
        if not once_more:
            self._made.append(place)

    def take_down(self) -> None:
        for place in reversed(self._made):
            subprocess.run(["umount", "--lazy", str(place)], check=True)
        self._made.clear()


def fill(folder: Path, *, leave: int = 0) -> Path:
    """Fill the disk of this folder but for some bytes; removing the file makes room again."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 65536)
        except OSError:
            pass
        while leave and shutil.disk_usage(folder).free < leave:
            file.truncate(file.tell() - 4096)
            file.seek(0, os.SEEK_END)
    return filler
