"""What a milestone submission says: made here, written one way, shown the same to both sides."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from flask_babel import lazy_gettext as _l

from casefile import keys
from casefile.errors import DamagedError, InvalidError
from casefile.grants.award_states import EvidenceClass
from casefile.grants.money import Money

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

FORMAT: Final = 1
BANDS: Final = ((0, "0"), (4, "1–4"), (9, "5–9"), (19, "10–19"))
TOP_BAND: Final = "20+"
EVERY_BAND: Final = (*(name for _most, name in BANDS), TOP_BAND)
LONGEST_WORDS: Final = 300
LONGEST_URL: Final = 500
LONGEST_OUTLET: Final = 120
LANGUAGES: Final = ("ky", "ru", "en", "uz", "tg")
COUNTS: Final = {
    "documents": _l("Documents"),
    "interviews": _l("Interviews"),
    "requests_sent": _l("Information requests sent"),
    "requests_answered": _l("Information requests answered"),
    "field_days": _l("Days in the field"),
}
# Which tags of notes and files count as what, in the three languages; documents are the files on record.
COUNTED_TAGS: Final[Mapping[str, frozenset[str]]] = {
    "interviews": frozenset({"interview", "интервью", "маек"}),
    "requests_sent": frozenset({"request", "запрос", "суроо-талап"}),
    "requests_answered": frozenset({"answer", "ответ", "жооп"}),
    "field_days": frozenset({"field", "выезд", "сапар"}),
}


@dataclass(frozen=True, slots=True)
class Attestation:
    """A fixed text. A change makes a new version; what was attested keeps its own."""

    text: object
    points: Mapping[str, object]


ATTESTATIONS: Final[Mapping[int, Attestation]] = {
    1: Attestation(
        _l(
            "I am an editor of this newsroom and no reporter on this investigation. I have seen the work "
            "that this milestone is about, and what is ticked below is true."
        ),
        {
            "stage": _l("The work has reached the stage that this milestone names."),
            "standards": _l("It was done by the editorial standards of the newsroom."),
            "safety": _l("The risks to sources and colleagues were weighed."),
            "independence": _l("Nobody outside the newsroom decided on its content."),
        },
    )
}
NEWEST_ATTESTATION: Final = max(ATTESTATIONS)


def band(count: int) -> str:
    """Say how many roughly: 0, 1–4, 5–9, 10–19 or 20+."""
    return next((name for most, name in BANDS if count <= most), TOP_BAND)


@dataclass(frozen=True, slots=True)
class Shown:
    """A submission as a page shows it, to the editor before the release and to the grant manager after."""

    milestone: str
    version: int
    parts: Mapping[str, Mapping[str, Any]]

    def part(self, name: str) -> Mapping[str, Any]:
        return self.parts.get(name, {})

    @property
    def attestation(self) -> Attestation | None:
        number = self.part(EvidenceClass.ATTESTATION).get("text_version")
        return ATTESTATIONS.get(number) if isinstance(number, int) else None

    @property
    def money(self) -> Money | None:
        voucher = self.part(EvidenceClass.VOUCHER)
        return Money.read(voucher["amount"], voucher["currency"]) if voucher else None


@dataclass(frozen=True, slots=True)
class Entered:
    """What a person typed for one release. Only the classes that the milestone asks for count."""

    url: str = ""
    outlet: str = ""
    published_on: date | None = None
    language: str = ""
    page_sha256: str = ""
    points: Sequence[str] = field(default_factory=tuple)
    words: str = ""
    committed_to: str = ""
    lowered: Mapping[str, str] = field(default_factory=dict)
    lower_reason: str = ""
    amount: str = ""
    currency: str = ""
    heading: str = ""
    month: str = ""
    payee: str = ""


def written(parts: Mapping[str, Mapping[str, Any]], milestone_id: UUID, version: int) -> str:
    """Write a content the one way that is signed: JSON, names in order, no blanks."""
    plain = {
        "format": FORMAT,
        "milestone": str(milestone_id),
        "version": version,
        "parts": parts,
    }
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def read(content: str) -> Shown:
    """Read a content. DamagedError for what this program never wrote."""
    try:
        plain = json.loads(content)
        return Shown(plain["milestone"], plain["version"], dict(plain["parts"]))
    except (ValueError, KeyError, TypeError) as error:
        msg = "This submission was changed outside Casefile and cannot be shown."
        raise DamagedError(msg) from error


def artefact(entered: Entered, today: date) -> dict[str, Any]:
    """Check E0, the published page."""
    parts = _web_address(entered.url)
    if not parts:
        msg = "Write the whole address of the published page, beginning with https:// or http://."
        raise InvalidError(msg)
    if entered.published_on is None or entered.published_on > today:
        msg = "Give the day on which it was published; it cannot lie in the future."
        raise InvalidError(msg)
    if not entered.outlet.strip() or len(entered.outlet) > LONGEST_OUTLET:
        msg = f"Name the outlet, in at most {LONGEST_OUTLET} characters."
        raise InvalidError(msg)
    if entered.language not in LANGUAGES:
        msg = "Choose the language of the page."
        raise InvalidError(msg)
    digest = entered.page_sha256.strip().casefold()
    if not keys.commitment_hash(digest):
        msg = "The SHA-256 of the page has 64 digits from 0 to 9 and a to f."
        raise InvalidError(msg)
    return {
        "url": entered.url.strip(),
        "outlet": entered.outlet.strip(),
        "published_on": entered.published_on.isoformat(),
        "language": entered.language,
        "sha256": digest,
    }


def _web_address(text: str) -> bool:
    text = text.strip()
    if len(text) > LONGEST_URL or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.username


def attestation(entered: Entered) -> dict[str, Any]:
    """Check E2: every point of the fixed text is ticked, and the free words are few."""
    points = ATTESTATIONS[NEWEST_ATTESTATION].points
    missing = [name for name in points if name not in entered.points]
    if missing:
        msg = (
            "Every point of the attestation has to be ticked. If one is not true, the milestone is not "
            "there yet: do not release it, or tell the grant manager that it cannot be achieved."
        )
        raise InvalidError(msg)
    words = " ".join(entered.words.split())
    if len(words) > LONGEST_WORDS:
        msg = f"Shorten the words to at most {LONGEST_WORDS} characters."
        raise InvalidError(msg)
    return {"text_version": NEWEST_ATTESTATION, "points": list(points), "words": words}


def counts(counted: Mapping[str, str], entered: Entered) -> dict[str, str]:
    """Return E1: what the program counted, or less where somebody says why. Never more."""
    told = {}
    for name, most in counted.items():
        wanted = entered.lowered.get(name) or most
        if wanted not in EVERY_BAND:
            msg = "Choose one of the listed bands for the counts."
            raise InvalidError(msg)
        told[name] = min(wanted, most, key=EVERY_BAND.index)
    if told != dict(counted) and not entered.lower_reason.strip():
        msg = "Say why you tell less than the counts are. It stays in the case."
        raise InvalidError(msg)
    return told


def voucher(entered: Entered) -> dict[str, Any]:
    """Check E6. Who was paid is not in it."""
    money = Money.read(entered.amount, entered.currency)
    if money.amount <= 0:
        msg = "The amount of the voucher must be above nought."
        raise InvalidError(msg)
    try:
        date.fromisoformat(f"{entered.month}-01")
    except ValueError as error:
        msg = "Write the month of the voucher as 2026-11."
        raise InvalidError(msg) from error
    if not entered.heading.strip() or not entered.payee.strip():
        msg = (
            "Say under which heading it was spent, and who was paid; the second stays sealed here."
        )
        raise InvalidError(msg)
    return {
        "amount": str(money.amount),
        "currency": money.currency,
        "heading": entered.heading.strip()[:LONGEST_OUTLET],
        "month": entered.month,
    }
