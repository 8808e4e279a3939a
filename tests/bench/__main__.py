"""`python -m tests.bench`: measure, in one run, what the program promises, and print one table."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import (
    bench_files,
    bench_grants,
    bench_keys,
    bench_pages,
    bench_process,
    bench_saving,
    bench_search,
    bench_sessions,
    bench_stories,
)
from tests.bench.measure import FULL, QUICK, Row, table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.bench.measure import Scale

BENCHES: Mapping[str, Callable[[Path, Scale], list[Row]]] = {
    "files": bench_files.run,
    "grants": bench_grants.run,
    "saving": bench_saving.run,
    "together": bench_saving.run_together,
    "pages": bench_pages.run,
    "signing-in": bench_pages.run_while_signing_in,
    "keys": bench_keys.run,
    "process": bench_process.run,
    "search": bench_search.run,
    "sessions": bench_sessions.run,
    "stories": bench_stories.run,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, for a first look")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=sorted(BENCHES))
    parser.add_argument("--folder", type=Path, help="where instances are made (and removed)")
    asked = parser.parse_args()
    scale = QUICK if asked.quick else FULL
    rows: list[Row] = []
    for name in asked.only or BENCHES:
        with tempfile.TemporaryDirectory(prefix="casefile-bench-", dir=asked.folder) as folder:
            rows += BENCHES[name](Path(folder), scale)
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
