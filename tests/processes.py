"""What other processes there are."""

from __future__ import annotations

import time
from pathlib import Path


def children() -> set[int]:
    tasks = Path("/proc/self/task").glob("*/children")
    return {int(pid) for task in tasks for pid in task.read_text().split()}


def gone(process: Path) -> bool:
    """Within three seconds, and whether or not somebody has collected what is left of it."""
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        try:
            if " Z " in (process / "stat").read_text():
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.02)
    return False
