"""The browser of the tests."""

from __future__ import annotations

from pathlib import Path

# The shell draws no window of its own and needs a third of the time.
CHROMIUM = next(
    (
        path
        for path in (Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium"))
        if path.exists()
    ),
    None,
)
NO_CHROMIUM = "There is no Chromium here: apt-get install chromium-headless-shell"
