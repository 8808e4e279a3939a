"""What a person does with their factors, and the one thing an administrator can do with them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from sqlalchemy import delete, select, update

from casefile import audit, keys, policy
from casefile.accounts import service as people
from casefile.accounts import sessions
from casefile.accounts.factors import opening
from casefile.accounts.factors.models import FactorList, SecondFactor
from casefile.accounts.models import User
from casefile.errors import ConflictError, DamagedError, ForbiddenError, InvalidError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.uow import UnitOfWork
    from casefile.web import Visit

MOST: Final = 20
CODES: Final = 10
CHANGED_MEANWHILE = (
    "Your second factors were changed meanwhile. Nothing was changed; open the page again."
)
UNSOUND = (
    "Something among your second factors was changed by somebody who may not. Open “Second factor” "
    "in your account and set it right first. Nothing was changed."
)
LAST_ONE = (
    "You must have a second factor, and this is your only one. Add another security key or app first, "
    "then remove this one. Nothing was changed."
)


def add(
    uow: UnitOfWork,
    visit: Visit,
    *,
    kind: str,
    name: str,
    secrets: Mapping[str, Any],
    counter: int = 0,
) -> UUID:
    """Enrol a key or an app. With the first one every other browser is signed out: it had none.

    Raises InvalidError when this key is enrolled already, or there are too many.
    """
    mine, found = opening.me(uow), _sound(uow)
    if len(found.mine) >= MOST:
        msg = f"You have {MOST} second factors, which is the most there can be. Remove one first."
        raise InvalidError(msg)
    known = {factor.secrets.get("credential") for factor in found.of_kind(opening.KEY)}
    if kind == opening.KEY and secrets["credential"] in known:
        msg = "This key is one of your second factors already. Nothing was changed."
        raise InvalidError(msg)
    factor = opening.Factor(uuid4(), kind, counter, name, uow.now, None, secrets)
    _put(uow, factor)
    _write_list(uow, mine, found, [*(one.id for one in found.mine), factor.id])
    if not found.main:
        sessions.end_others(uow, visit)
    audit.record(uow, "factor.added", subject_id=mine.id, detail={"kind": kind})
    return factor.id


def rename(uow: UnitOfWork, factor_id: UUID, name: str) -> None:
    """Call one of my factors something else."""
    mine, factor = opening.me(uow), _mine(_sound(uow), factor_id)
    changed = replace(factor, name=name)
    uow.session.execute(
        update(SecondFactor)
        .where(SecondFactor.id == factor_id, SecondFactor.user_id == mine.id)
        .values(sealed=opening.seal(mine.bundle, mine.id, changed))
    )
    audit.record(uow, "factor.renamed", subject_id=mine.id, detail={"kind": factor.kind})


def remove(uow: UnitOfWork, visit: Visit, factor_id: UUID) -> None:
    """Remove one of my factors; with the last key or app the codes on paper go too.

    Raises InvalidError when it is the last one and I must have one.
    """
    mine, found = opening.me(uow), _sound(uow)
    factor = _mine(found, factor_id)
    left = [one.id for one in found.mine if one.id != factor_id]
    if factor.kind != opening.PAPER and len(found.main) == 1:
        rule = uow.resources.settings.second_factor
        if policy.must_have_factor(rule, visit.person.roles):
            raise InvalidError(LAST_ONE)
        left = []
    audit.record(uow, "factor.removed", subject_id=mine.id, detail={"kind": factor.kind})
    if left:
        _delete_rows(uow, mine.id, [factor_id])
        _write_list(uow, mine, found, left)
    else:
        end(uow, mine.id)


def end(uow: UnitOfWork, user_id: UUID) -> None:
    """Leave a person without any factor, as they wish or because their keys are new."""
    uow.session.execute(delete(SecondFactor).where(SecondFactor.user_id == user_id))
    uow.session.execute(delete(FactorList).where(FactorList.user_id == user_id))
    audit.record(uow, opening.ENDED, subject_id=user_id)


def make_codes(uow: UnitOfWork, name: str) -> list[str]:
    """Make new codes to print, in the place of those there were; they are kept as digests only.

    Raises InvalidError before there is a key or an app they could stand in for.
    """
    mine, found = opening.me(uow), _sound(uow)
    if not found.main:
        msg = "Add a security key or an app first: codes on paper stand in for it on a bad day."
        raise InvalidError(msg)
    codes = [keys.paper_code() for _ in range(CODES)]
    old = [factor.id for factor in found.of_kind(opening.PAPER)]
    factor_id = uuid4()
    digests = [paper_digest(mine.bundle, factor_id, code).hex() for code in codes]
    factor = opening.Factor(factor_id, opening.PAPER, 0, name, uow.now, None, {"codes": digests})
    _delete_rows(uow, mine.id, old)
    _put(uow, factor)
    _write_list(uow, mine, found, [*(one.id for one in found.main), factor.id])
    audit.record(uow, "factor.added", subject_id=mine.id, detail={"kind": opening.PAPER})
    return codes


def paper_digest(bundle: keys.Bundle, factor_id: UUID, code: str) -> bytes:
    return keys.authenticate(bundle.derive("codes on paper"), keys.packed(factor_id, code))


def set_right(uow: UnitOfWork) -> None:
    """Throw out what is not mine and write the list anew with what is."""
    mine = opening.me(uow)
    found = opening.of(uow.session, mine.id, mine.bundle)
    if found.sound:
        msg = "There is nothing to set right: your second factors are as you left them."
        raise ConflictError(msg)
    audit.record(uow, "factor.repaired", subject_id=mine.id)
    if not found.main:
        end(uow, mine.id)
        return
    _delete_rows(uow, mine.id, found.strangers)
    _write_list(uow, mine, found, [factor.id for factor in found.mine])


def take_away(uow: UnitOfWork, user_id: UUID) -> None:
    """As an administrator, remove all factors of somebody who has lost them.

    It opens nothing: their keys stay under their password. What they see at their next sign-in is
    signed by the administrator, over the very list there was. Raises ForbiddenError when the
    administrator's own keys are not certified for that, ConflictError when there is none to remove.
    """
    mine = opening.me(uow)
    if user_id == mine.id:
        msg = "Your own second factors are on your account page. Another administrator can remove them here."
        raise ForbiddenError(msg)
    people.get(uow.session, user_id)
    try:
        opening.administrator_keys(uow.session, mine.bundle.anchor, mine.id)
    except DamagedError as error:
        msg = (
            "Your keys are not certified as an administrator's, so nobody would believe this change. "
            "Ask the administrator who founded this newsroom to do it."
        )
        raise ForbiddenError(msg) from error
    if opening.none_held(uow.session, mine.bundle.anchor, user_id):
        msg = "This person has no second factor. Nothing was changed."
        raise ConflictError(msg)
    listed = uow.session.get(FactorList, user_id)
    if listed is None:
        listed = FactorList(user_id=user_id, version=1, sealed=b"")
        uow.session.add(listed)
    statement = opening.removal_statement(user_id, listed.sealed, uow.now)
    listed.removed_at, listed.removed_by_id = uow.now, mine.id
    listed.removal_signature = mine.bundle.sign(statement)
    uow.session.execute(delete(SecondFactor).where(SecondFactor.user_id == user_id))
    uow.session.flush()
    sessions.end_all(uow, user_id)
    audit.record(uow, opening.REMOVED, subject_id=user_id)


def holders(session: Session, anchor: bytes, user_ids: Iterable[UUID]) -> frozenset[UUID]:
    """Return who of these has second factors, or had them tampered with: whom one can help."""
    return frozenset(
        user_id for user_id in user_ids if not opening.none_held(session, anchor, user_id)
    )


def _sound(uow: UnitOfWork) -> opening.Factors:
    mine = opening.me(uow)
    found = opening.of(uow.session, mine.id, mine.bundle)
    if not found.sound:
        raise ConflictError(UNSOUND)
    return found


def _mine(found: opening.Factors, factor_id: UUID) -> opening.Factor:
    for factor in found.mine:
        if factor.id == factor_id:
            return factor
    msg = "There is no such second factor."
    raise NotFoundError(msg)


def get(session: Session, visit: Visit, factor_id: UUID) -> opening.Factor:
    return _mine(opening.of(session, visit.person.id, visit.bundle), factor_id)


def _put(uow: UnitOfWork, factor: opening.Factor) -> None:
    mine = opening.me(uow)
    uow.session.add(
        SecondFactor(
            id=factor.id,
            user_id=mine.id,
            kind=factor.kind,
            counter=factor.counter,
            sealed=opening.seal(mine.bundle, mine.id, factor),
        )
    )
    uow.session.flush()


def _delete_rows(uow: UnitOfWork, user_id: UUID, factor_ids: Sequence[UUID]) -> None:
    uow.session.execute(
        delete(SecondFactor).where(SecondFactor.user_id == user_id, SecondFactor.id.in_(factor_ids))
    )


def _write_list(
    uow: UnitOfWork, mine: opening.Me, found: opening.Factors, factor_ids: Sequence[UUID]
) -> None:
    version = found.version + 1
    sealed = opening.seal_list(mine.bundle, mine.id, version, factor_ids)
    written = uow.session.execute(
        update(FactorList)
        .where(FactorList.user_id == mine.id, FactorList.version == found.version)
        .values(
            version=version,
            sealed=sealed,
            removed_at=None,
            removed_by_id=None,
            removal_signature=None,
        )
    )
    if written.rowcount:  # type: ignore[attr-defined]
        return
    if found.version:
        raise ConflictError(CHANGED_MEANWHILE)
    uow.session.add(FactorList(user_id=mine.id, version=version, sealed=sealed))
    uow.session.flush()


def name_of(session: Session, user_id: UUID) -> str:
    return session.scalar(select(User.name).where(User.id == user_id)) or ""
