"""What a verdict asks of a person, whatever the call: phones, consents, do-not-call wishes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from callback.verdict import Consent, OptOut
from core.columns import BIGINTS, AnyRow, table_of
from core.phone import PhoneNumber
from customers.tables import Consent as ConsentRow
from customers.tables import DoNotCall, Phone

_PHONE, _CONSENT, _DO_NOT_CALL = table_of(Phone), table_of(ConsentRow), table_of(DoNotCall)
_PERSON_IDS = sa.bindparam("person_ids", type_=BIGINTS)
_NUMBERS = sa.bindparam("numbers", type_=ARRAY(sa.Text))
_PHONES = (
    sa.select(
        _PHONE.c.person_id, _PHONE.c.phone_id, _PHONE.c.e164, _PHONE.c.position, _PHONE.c.dead_at
    )
    .where(_PHONE.c.person_id == sa.any_(_PERSON_IDS))
    .order_by(_PHONE.c.person_id, _PHONE.c.position, _PHONE.c.phone_id)
)
_CONSENTS = (
    sa.select(*_CONSENT.c)
    .where(_CONSENT.c.e164 == sa.any_(_NUMBERS))
    .order_by(_CONSENT.c.consent_id)
)
_OPT_OUTS = (
    sa.select(
        _DO_NOT_CALL.c.person_id, _DO_NOT_CALL.c.e164, _DO_NOT_CALL.c.reason, _DO_NOT_CALL.c.since
    )
    .where(
        _DO_NOT_CALL.c.lifted_at.is_(None),
        sa.or_(
            _DO_NOT_CALL.c.person_id == sa.any_(_PERSON_IDS),
            _DO_NOT_CALL.c.e164 == sa.any_(_NUMBERS),
        ),
    )
    .order_by(_DO_NOT_CALL.c.do_not_call_id)
)


async def phones_of(
    session: AsyncSession, person_ids: Sequence[int]
) -> dict[int, dict[str, AnyRow]]:
    """Return each person's phones by number, in the person's own order."""
    rows = await session.execute(_PHONES, {"person_ids": list(person_ids)})
    found: dict[int, dict[str, AnyRow]] = defaultdict(dict)
    for row in rows:
        found[row.person_id][row.e164] = row
    return found


async def consents_of(session: AsyncSession, numbers: Sequence[str]) -> dict[str, list[Consent]]:
    """Return every word of consent on the numbers, in the order they were given."""
    rows = await session.execute(_CONSENTS, {"numbers": list(numbers)})
    found: dict[str, list[Consent]] = defaultdict(list)
    for row in rows:
        found[row.e164].append(
            Consent(
                phone=PhoneNumber(row.e164),
                purpose=row.purpose,
                mode=row.mode,
                granted=row.granted,
                given_at=row.given_at,
                until=row.valid_until,
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class OptOuts:
    """Do-not-call wishes that stand, by who said them and by the number they are about."""

    of_person: Mapping[int, Sequence[OptOut]]
    of_number: Mapping[str, Sequence[OptOut]]


async def opt_outs_of(
    session: AsyncSession, person_ids: Sequence[int], numbers: Sequence[str]
) -> OptOuts:
    """Return the wishes that stand for the persons or for the numbers."""
    rows = await session.execute(
        _OPT_OUTS, {"person_ids": list(person_ids), "numbers": list(numbers)}
    )
    of_person: dict[int, list[OptOut]] = defaultdict(list)
    of_number: dict[str, list[OptOut]] = defaultdict(list)
    for row in rows:
        wish = OptOut(
            since=row.since,
            phone=None if row.e164 is None else PhoneNumber(row.e164),
            reason=row.reason,
        )
        # A wish by person and number holds for either: somebody who moved keeps the wish, and
        # so does the number.
        if row.person_id is not None:
            of_person[row.person_id].append(OptOut(since=row.since, reason=row.reason))
        if row.e164 is not None:
            of_number[row.e164].append(wish)
    return OptOuts(of_person, of_number)
