"""What is asked of the sources of a case. Made once: making a statement costs more than running it."""

from __future__ import annotations

from sqlalchemy import bindparam, exists, select

from casefile.accounts.models import User
from casefile.cases.models import CaseSeat
from casefile.db import table
from casefile.evidence.models import Item
from casefile.policy import Permission, Seat, seat_may
from casefile.sources.models import (
    Source,
    SourceAgreement,
    SourceContact,
    SourceGrant,
    SourceHandler,
    SourceIdentity,
    SourceLink,
)

HANDLING = [seat.value for seat in Seat if seat_may(seat, Permission.SOURCE_HANDLE)]
_SOURCE, _HANDLER, _GRANT, _LINK = map(table, (Source, SourceHandler, SourceGrant, SourceLink))
_AGREEMENT, _CONTACT, _IDENTITY = map(table, (SourceAgreement, SourceContact, SourceIdentity))
_SEAT, _USER, _ITEM = table(CaseSeat), table(User), table(Item)

ALL = (
    select(_SOURCE)
    .where(_SOURCE.c.case_id == bindparam("case_id"))
    .order_by(_SOURCE.c.added_at.desc())
)
MANY = ALL.where(_SOURCE.c.id.in_(bindparam("source_ids", expanding=True)))
CHANGED = (
    select(_SOURCE)
    .where(
        _SOURCE.c.case_id == bindparam("case_id"),
        _SOURCE.c.change_number > bindparam("since"),
        _SOURCE.c.change_number <= bindparam("until"),
    )
    .order_by(_SOURCE.c.change_number)
)
BY_DIGEST = (
    select(_SOURCE)
    .where(
        _SOURCE.c.case_id == bindparam("case_id"),
        _SOURCE.c.codename_digest.in_(bindparam("digests", expanding=True)),
    )
    .order_by(_SOURCE.c.id)
)
# What is needed to say how it stands with the handlers of these sources, one row for each.
HANDLERS = (
    select(
        _HANDLER.c.source_id,
        _HANDLER.c.user_id,
        _HANDLER.c.added_by_id,
        _HANDLER.c.added_at,
        _USER.c.name,
        _USER.c.username,
        _USER.c.disabled_at,
        _USER.c.ends_at.label("account_ends_at"),
        _USER.c.certificate.is_not(None).label("certified"),
        _SEAT.c.role,
        _SEAT.c.ends_at,
        _SEAT.c.travel_until,
        exists()
        .where(
            _GRANT.c.source_id == _HANDLER.c.source_id,
            _GRANT.c.user_id == _HANDLER.c.user_id,
            _GRANT.c.generation == _SOURCE.c.key_generation,
        )
        .label("granted"),
    )
    .join_from(_HANDLER, _SOURCE, _SOURCE.c.id == _HANDLER.c.source_id)
    .join(_USER, _USER.c.id == _HANDLER.c.user_id)
    .join(
        _SEAT,
        (_SEAT.c.user_id == _HANDLER.c.user_id) & (_SEAT.c.case_id == _SOURCE.c.case_id),
        isouter=True,
    )
    .where(_HANDLER.c.source_id.in_(bindparam("source_ids", expanding=True)))
    .order_by(_HANDLER.c.added_at, _USER.c.name)
)
# Sources that somebody holds keys to, over all cases or in one.
HELD = (
    select(_SOURCE)
    .where(
        _SOURCE.c.shredded_at.is_(None),
        exists().where(
            _GRANT.c.source_id == _SOURCE.c.id, _GRANT.c.user_id == bindparam("user_id")
        ),
    )
    .order_by(_SOURCE.c.id)
)
HELD_IN = HELD.where(_SOURCE.c.case_id.in_(bindparam("case_ids", expanding=True)))
AGREEMENTS = (
    select(_AGREEMENT)
    .where(_AGREEMENT.c.source_id.in_(bindparam("source_ids", expanding=True)))
    .order_by(_AGREEMENT.c.at, _AGREEMENT.c.id)
)
CONTACTS = (
    select(_CONTACT)
    .where(_CONTACT.c.source_id == bindparam("source_id"))
    .order_by(_CONTACT.c.at, _CONTACT.c.id)
)
IDENTITIES = (
    select(_IDENTITY)
    .where(_IDENTITY.c.source_id == bindparam("source_id"))
    .order_by(_IDENTITY.c.version.desc())
)
LINKS = (
    select(_LINK)
    .where(_LINK.c.source_id == bindparam("source_id"))
    .order_by(_LINK.c.at, _LINK.c.id)
)
# Files that somebody said come from a source, not such as only name it.
GIVEN = select(_LINK.c.item_id, _LINK.c.source_id).where(
    _LINK.c.item_id.in_(bindparam("item_ids", expanding=True)), _LINK.c.mentioned.is_(False)
)
NAMED_IN_NOTE = select(_LINK).where(_LINK.c.note_id == bindparam("thing_id"))
NAMED_IN_ITEM = select(_LINK).where(_LINK.c.item_id == bindparam("thing_id"))
ITEMS_OF = (
    select(_LINK.c.source_id, _LINK.c.item_id, _ITEM.c.number)
    .join_from(_LINK, _ITEM, _ITEM.c.id == _LINK.c.item_id)
    .where(_LINK.c.source_id.in_(bindparam("source_ids", expanding=True)))
    .order_by(_ITEM.c.number, _LINK.c.source_id)
)
