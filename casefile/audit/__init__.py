"""The audit trail: entries, the tree over them, and what vouches for it to people and outsiders."""

from casefile.audit import checkpoints, extracts, stamps
from casefile.audit.chain import (
    Broken,
    CaseKeys,
    count,
    entries,
    entry_hash,
    holds,
    latest,
    open_detail,
    record,
    verify,
)
from casefile.audit.checkpoints import Standing, standing
from casefile.audit.examination import Report, examine
from casefile.audit.memory import (
    Seen,
    accept,
    alarm,
    compare,
    meet,
    memory_of_browser,
    raise_alarm,
    remember,
    seen_by_browser,
)
from casefile.audit.models import Entry, EntryRow

__all__ = [
    "Broken",
    "CaseKeys",
    "Entry",
    "EntryRow",
    "Report",
    "Seen",
    "Standing",
    "accept",
    "alarm",
    "checkpoints",
    "compare",
    "count",
    "entries",
    "entry_hash",
    "examine",
    "extracts",
    "holds",
    "latest",
    "meet",
    "memory_of_browser",
    "open_detail",
    "raise_alarm",
    "record",
    "remember",
    "seen_by_browser",
    "stamps",
    "standing",
    "verify",
]
