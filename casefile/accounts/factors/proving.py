"""Whether what somebody types or touches proves one of their factors. Each proof works once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import update

from casefile import keys
from casefile.accounts.factors import opening
from casefile.accounts.factors.models import SecondFactor
from casefile.accounts.factors.service import paper_digest
from casefile.errors import InvalidError

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from casefile.uow import UnitOfWork

APP_DIGITS: Final = 6
PAPER_LETTERS: Final = 10
OTHER_DIGITS = (
    "These are not the digits 0 to 9. Switch the keyboard to plain (half-width, Latin) digits and type "
    "the code again."
)
NO_CODE = (
    "A code from the app has six digits, a code on paper ten letters and digits. Type it again."
)
WRONG_APP = (
    "This code is wrong or too old. Type the one your app shows now. If it stays so, the clock of the "
    "device with the app is not right."
)
USED_APP = "This code was used already. Wait until the app shows the next one, and type that."
WRONG_PAPER = (
    "This code is not one of yours, or new ones were made since. Look at your newest sheet."
)
USED_PAPER = "This code was used already. Cross it out and take the next one on the sheet."
STRANGER = (
    "This key is not one of your second factors at this address. Use one that you enrolled here, or "
    "another way."
)
COPIED = (
    "This key counts fewer uses than it did before, as a copy of it would. It was not accepted. Use "
    "another way, remove the key in your account, and tell whoever runs this server."
)


@dataclass(frozen=True, slots=True)
class Code:
    """What somebody typed, brought into shape: six digits of an app, or a code on paper."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Touch:
    """What a browser says a key has answered, to which challenge and where."""

    site: keys.Site
    challenge: bytes
    answer: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a proof was not taken: a word for the trail and a sentence for the person."""

    reason: str
    message: str


def read_code(typed: str) -> Code:
    """Read a typed code; blanks and hyphens in it do not matter.

    Raises InvalidError when it can be no code at all, such as one in other than ASCII digits.
    """
    text = "".join(typed.split()).replace("-", "").casefold()
    if not text.isascii():
        raise InvalidError(OTHER_DIGITS)
    if text.isdigit() and len(text) == APP_DIGITS:
        return Code(opening.APP, text)
    if text.isalnum() and len(text) == PAPER_LETTERS:
        return Code(opening.PAPER, text)
    raise InvalidError(NO_CODE)


def take(
    uow: UnitOfWork, me: opening.Me, found: opening.Factors, proof: Code | Touch
) -> opening.Factor | Refusal:
    """Return the factor that this proves, and use the proof up; or why it does not."""
    if isinstance(proof, Touch):
        return _take_touch(uow, me, found, proof)
    if proof.kind == opening.APP:
        return _take_app(uow, me, found, proof.text)
    return _take_paper(uow, me, found, proof.text)


def _take_app(
    uow: UnitOfWork, me: opening.Me, found: opening.Factors, code: str
) -> opening.Factor | Refusal:
    refusal = Refusal("wrong", WRONG_APP)
    for factor in found.of_kind(opening.APP):
        secret = bytes.fromhex(factor.secrets["secret"])
        step = keys.app_step(secret, code, uow.now.timestamp())
        if step is None:
            continue
        if _count(uow, me, factor, step, SecondFactor.counter < step):
            return factor
        refusal = Refusal("replayed", USED_APP)
    return refusal


def _take_paper(
    uow: UnitOfWork, me: opening.Me, found: opening.Factors, code: str
) -> opening.Factor | Refusal:
    refusal = Refusal("wrong", WRONG_PAPER)
    for factor in found.of_kind(opening.PAPER):
        digest = paper_digest(me.bundle, factor.id, code)
        for number, known in enumerate(factor.secrets["codes"]):
            if not keys.same(digest, bytes.fromhex(known)):
                continue
            unused = not factor.counter >> number & 1
            used = factor.counter | 1 << number
            if unused and _count(uow, me, factor, used, SecondFactor.counter == factor.counter):
                return factor
            refusal = Refusal("replayed", USED_PAPER)
    return refusal


def _take_touch(
    uow: UnitOfWork, me: opening.Me, found: opening.Factors, touch: Touch
) -> opening.Factor | Refusal:
    try:
        credential = keys.answered_by(touch.answer)
    except InvalidError as error:
        return Refusal("wrong", error.message)
    for factor in keys_at(found, touch.site):
        if bytes.fromhex(factor.secrets["credential"]) != credential:
            continue
        try:
            counter = keys.check_request(
                touch.site,
                answer=touch.answer,
                challenge=touch.challenge,
                credential_id=credential,
                public_key=bytes.fromhex(factor.secrets["public_key"]),
            )
        except InvalidError as error:
            return Refusal("wrong", error.message)
        # Keys that do not count say nought each time.
        grew = SecondFactor.counter < counter if counter else SecondFactor.counter == 0
        if _count(uow, me, factor, counter, grew):
            return factor
        return Refusal("copied", COPIED)
    return Refusal("stranger", STRANGER)


def keys_at(found: opening.Factors, site: keys.Site) -> list[opening.Factor]:
    """Return my keys that work at this address: a key is bound to the name it was enrolled at."""
    return [factor for factor in found.of_kind(opening.KEY) if factor.secrets["host"] == site.host]


def _count(
    uow: UnitOfWork,
    me: opening.Me,
    factor: opening.Factor,
    counter: int,
    unless_taken: ColumnElement[bool],
) -> bool:
    """Write the counter on if nobody has done so: of two at once, one wins."""
    sealed = opening.seal(me.bundle, me.id, factor.used(uow.now, counter))
    written = uow.session.execute(
        update(SecondFactor)
        .where(SecondFactor.id == factor.id, SecondFactor.user_id == me.id, unless_taken)
        .values(counter=counter, sealed=sealed)
        .execution_options(synchronize_session=False)
    )
    return bool(written.rowcount)  # type: ignore[attr-defined]
