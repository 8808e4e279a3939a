"""What a browser says it is, in three words: enough to know one's own devices by."""

from __future__ import annotations

import re

# The first that fits: everybody says Mozilla, and most say Chrome and Safari too.
BROWSERS = (
    ("Yandex Browser", r"YaBrowser/"),
    ("Edge", r"Edg(e|A|iOS)?/"),
    ("Opera", r"OPR/|Opera"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"(Headless)?Chrom(e|ium)/|CriOS/"),
    ("Safari", r"Safari/"),
)
SYSTEMS = (
    ("Windows", r"Windows"),
    ("iPad", r"iPad"),
    ("iPhone", r"iPhone|iPod"),
    ("Android", r"Android"),
    ("ChromeOS", r"CrOS"),
    ("macOS", r"Macintosh|Mac OS X"),
    ("Linux", r"Linux|X11"),
)
LONGEST = 500


def described(agent: str) -> str:
    """Return such as "Firefox on Windows", from a closed list of words; "" when nothing fits."""
    agent = agent[:LONGEST]
    browser = next((name for name, sign in BROWSERS if re.search(sign, agent)), "")
    system = next((name for name, sign in SYSTEMS if re.search(sign, agent)), "")
    return f"{browser} on {system}" if browser and system else browser or system
