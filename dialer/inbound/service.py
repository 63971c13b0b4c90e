"""Calls that came in, on file: taken once, ended once, and what they leave us owing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaigns import Campaigns
from callback.missed_call import list_missed_calls
from core.columns import AnyRow, table_of
from core.live import Topic, tell
from core.phone import PhoneNumber, PhoneNumberError
from customers.model import Language
from customers.service import opt_out
from customers.tables import Community, Person
from dialer.bridges.inbound import InboundCall
from dialer.inbound.holders import Holder, holders, person_to_ring
from dialer.inbound.model import OWES_A_CALL, InboundResult
from dialer.inbound.outcome import CameTo
from dialer.inbound.plan import Place, language_of_region
from dialer.inbound.serving import serve_due_calls
from dialer.inbound.tables import InboundRow

_CALL = table_of(InboundRow)
_ONE = (
    sa.select(
        _CALL,
        Person.language,
        Community.name.label("community"),
        Community.time_zone,
        Community.currency,
    )
    .outerjoin(Person, Person.person_id == _CALL.c.person_id)
    .outerjoin(Community, Community.community_id == _CALL.c.community_id)
    .with_for_update(of=_CALL)
)
_BY_ID = _ONE.where(_CALL.c.call_id == sa.bindparam("of_call"), _CALL.c.ended_at.is_(None))
_BY_CHANNEL = _ONE.where(_CALL.c.channel == sa.bindparam("of_channel"), _CALL.c.ended_at.is_(None))
_SET = sa.update(_CALL).where(_CALL.c.call_id == sa.bindparam("of_call"))
_COMMUNITY = sa.select(Community.community_id).where(Community.name == sa.bindparam("name"))


@dataclass(frozen=True, kw_only=True, slots=True)
class InboundRules:
    """What calls that come in go by."""

    bridge: str
    is_real: bool
    region: str  # of numbers keyed in, and of callers whose number says nothing
    time_zone: str  # where no community is known
    currency: str
    communities: Mapping[str, str]  # the community whose callers ring a number, by the number


async def put_on_file(
    session: AsyncSession, call: InboundCall, rules: InboundRules, *, now: datetime
) -> AnyRow | None:
    """Write a call down and know its caller; None: it is on file already.

    A caller with matters of their own gets the talk about them.
    """
    found = await holders(session, call.caller, is_real=rules.is_real, now=now)
    one = found[0] if len(found) == 1 else None
    added = await session.execute(
        insert(_CALL)
        .values(
            call_id=call.call_id,
            channel=call.channel,
            bridge=rules.bridge,
            trunk=call.trunk,
            e164=None if call.caller is None else call.caller.e164,
            dialled=call.dialled,
            community_id=await _community(session, call, one, rules),
            person_id=None if one is None else one.person_id,
            at=call.at,
        )
        .on_conflict_do_nothing(index_elements=["channel"])
        .returning(_CALL.c.call_id)
    )
    if added.first() is None:
        return None
    return await live_call(session, call.call_id)


async def live_call(session: AsyncSession, call_id: UUID) -> AnyRow | None:
    """Return a call that has not ended, held, with its caller's language and place."""
    return (await session.execute(_BY_ID, {"of_call": call_id})).one_or_none()


async def live_on_channel(session: AsyncSession, channel: str) -> AnyRow | None:
    """Return the call of a channel, held; None: it has ended, or nobody took it."""
    return (await session.execute(_BY_CHANNEL, {"of_channel": channel})).one_or_none()


async def channels_gone(
    session: AsyncSession, trunk: str, up: Collection[str], *, before: datetime
) -> Sequence[str]:
    """Return the channels of a trunk's calls on file, taken before then, that are not up."""
    found = await session.scalars(
        sa.select(_CALL.c.channel)
        .where(_CALL.c.trunk == trunk, _CALL.c.ended_at.is_(None), _CALL.c.at < before)
        .order_by(_CALL.c.call_id)
    )
    return [channel for channel in found if channel not in up]


async def keep(session: AsyncSession, call_id: UUID, **values: Any) -> None:
    """Change a call on file."""
    await session.execute(_SET, {"of_call": call_id, **values})


async def begin_talk_about_due(
    session: AsyncSession, row: AnyRow, holder: Holder, *, now: datetime
) -> bool:
    """Let the caller, known now, hear why we had rung them; False: nothing is due."""
    attempt_id = await serve_due_calls(
        session,
        row,
        person_id=holder.person_id,
        phone_id=holder.phone_id,
        e164=PhoneNumber(row.e164),
        now=now,
    )
    known = {"person_id": holder.person_id, "community_id": holder.community_id}
    await keep(session, row.call_id, **known, attempt_id=attempt_id)
    if attempt_id is not None:
        await tell(session, Topic.ATTEMPT, str(attempt_id))
    return attempt_id is not None


async def holders_of(
    session: AsyncSession, row: AnyRow, rules: InboundRules, *, now: datetime
) -> list[Holder]:
    """Return who has the number a call came from."""
    return await holders(session, number_of(row), is_real=rules.is_real, now=now)


async def end_call(
    session: AsyncSession,
    row: AnyRow,
    came_to: CameTo,
    rules: InboundRules,
    campaigns: Campaigns,
    *,
    at: datetime,
) -> None:
    """Write the end of a call, held, and put what it leaves us owing on the lists."""
    ended_at = max(at, row.at)
    owes = came_to.result in OWES_A_CALL
    to_ring = await _to_ring(session, row, came_to, rules, now=ended_at) if owes else None
    wish = came_to.wish
    await keep(
        session,
        row.call_id,
        ended_at=ended_at,
        seconds=(ended_at - row.at).total_seconds(),
        result=came_to.result,
        wish_at=wish.at,
        wish_e164=None if wish.number is None else wish.number.e164,
        callback_person_id=to_ring,
    )
    if came_to.result is InboundResult.OPTED_OUT:
        await _opt_out(session, row, now=ended_at)
    if to_ring is not None:
        community_ids = await _communities_of(session, to_ring, row)
        await list_missed_calls(session, community_ids, campaigns, now=ended_at)


async def _to_ring(
    session: AsyncSession, row: AnyRow, came_to: CameTo, rules: InboundRules, *, now: datetime
) -> int | None:
    """Return whom we owe a call; of who left nothing and is not known there is nobody to name."""
    if came_to.result is InboundResult.MISSED:
        person_id: int | None = row.person_id
        return person_id
    found = await holders_of(session, row, rules, now=now)
    caller = next((each for each in found if each.person_id == row.person_id), None)
    return await person_to_ring(
        session,
        came_to.wish.number or number_of(row),
        caller=caller,
        community_id=row.community_id,
        language=language_of(row, rules),
        is_real=rules.is_real,
        now=now,
    )


async def _opt_out(session: AsyncSession, row: AnyRow, *, now: datetime) -> None:
    """Take the wish of who rang us about nothing due; of a talk about due calls it is its own."""
    phone = number_of(row)
    if row.talk is None or phone is None:
        return
    await opt_out(session, phone=phone, said_by="caller", how=f"inbound:{row.call_id}", now=now)


def number_of(row: AnyRow) -> PhoneNumber | None:
    """Return the caller's number."""
    return None if row.e164 is None else PhoneNumber(row.e164)


def language_of(row: AnyRow, rules: InboundRules) -> Language:
    """Return the language a caller is spoken to in."""
    if row.language is not None:
        return Language(row.language)
    phone = number_of(row)
    return language_of_region(rules.region if phone is None else phone.region)


def place_of(row: AnyRow, rules: InboundRules) -> Place:
    """Return where a caller is looked after from."""
    return Place(
        community=row.community,
        time_zone=row.time_zone or rules.time_zone,
        currency=row.currency or rules.currency,
    )


def zone_of(row: AnyRow, rules: InboundRules) -> ZoneInfo:
    """Return the zone in which a caller names times."""
    return ZoneInfo(place_of(row, rules).time_zone)


async def _community(
    session: AsyncSession, call: InboundCall, holder: Holder | None, rules: InboundRules
) -> int | None:
    """Return the caller's community, else that of the number they rang."""
    if holder is not None and holder.community_id is not None:
        return holder.community_id
    try:
        dialled = PhoneNumber.parse(call.dialled, rules.region).e164
    except PhoneNumberError:
        dialled = call.dialled
    name = rules.communities.get(dialled)
    if name is None:
        return None
    community_id: int | None = await session.scalar(_COMMUNITY, {"name": name})
    return community_id


_PLACES_OF = sa.text("""
    SELECT community_id FROM person WHERE person_id = :person_id AND community_id IS NOT NULL
    UNION
    SELECT unit.community_id FROM occupancy JOIN unit USING (unit_id)
    WHERE occupancy.person_id = :person_id
""")


async def _communities_of(session: AsyncSession, person_id: int, row: AnyRow) -> list[int]:
    found = set((await session.execute(_PLACES_OF, {"person_id": person_id})).scalars())
    return sorted(found | ({row.community_id} - {None}))
