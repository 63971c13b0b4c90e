"""Everything a verdict asks about a batch of due calls, read in a handful of set-based queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaigns import Campaigns
from callback.hours import LocalPeriod
from callback.subjects import SubjectFacts, load_subjects
from callback.tables import DueCall
from callback.uploaded_book import learn_campaigns
from callback.verdict import (
    CallFacts,
    Consent,
    DueFacts,
    OptOut,
    PastAttempt,
    PersonFacts,
    PhoneFacts,
    PlaceFacts,
    Setting,
)
from core.columns import BIGINTS, AnyRow, table_of
from core.phone import PhoneNumber
from customers.model import CallMode, Language, Purpose, Reason
from customers.tables import Community, Person, Unit
from dialer.history import past_attempts
from dialer.person_facts import OptOuts, consents_of, opt_outs_of, phones_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A due call with all that is known of it at this instant."""

    due_call: AnyRow
    subject: SubjectFacts
    facts: CallFacts
    phone_ids: Mapping[str, int]  # E.164 → phone_id

    @property
    def due_call_id(self) -> int:
        """The due call's id."""
        return int(self.due_call.due_call_id)

    @property
    def person_id(self) -> int:
        """The person's id."""
        return int(self.due_call.person_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Matter:
    """A due call and what may be said of it now: all that a talk needs."""

    due_call: AnyRow
    subject: SubjectFacts

    @property
    def due_call_id(self) -> int:
        """The due call's id."""
        return int(self.due_call.due_call_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingBasis:
    """What holds for every call of a dialer: its bridge and the installation's switches."""

    bridge_is_real: bool
    armed: bool
    stopped: bool
    paused_campaigns: frozenset[str]
    test_numbers: tuple[str, ...]
    destinations: tuple[str, ...]
    reconciled: bool = True
    agent_reserved: bool = False  # an agent waits for each of the calls


NOT_ON_FILE = 0  # the id of a due call that is only asked about


@dataclass(frozen=True, kw_only=True, slots=True)
class Wished:
    """A call somebody asks for at a time of their own."""

    person_id: int
    community_id: int
    call_at: datetime
    about: Reason
    purpose: Purpose
    mode: CallMode | None = None  # None: as the house calls back
    debt_ids: frozenset[int] = frozenset()


async def load_matters(
    session: AsyncSession, due_call_ids: Sequence[int], *, now: datetime
) -> list[Matter]:
    """Return the due calls as a talk sees them, in the order of the ids."""
    rows = await _due_calls(session, due_call_ids, lock=False)
    subjects = await load_subjects(session, due_call_ids, now=now, lock=False)
    return [
        Matter(due_call=rows[due_call_id], subject=subjects[due_call_id])
        for due_call_id in due_call_ids
    ]


async def load_candidates(
    session: AsyncSession,
    due_call_ids: Sequence[int],
    *,
    now: datetime,
    basis: SettingBasis,
    campaigns: Campaigns,
    lock: bool,
) -> list[Candidate]:
    """Return the due calls with their facts, in the order of the ids.

    With `lock` the account rows that the reasons rest on are held `FOR SHARE` to the end of the
    transaction: a payment, an opt-out or a dispute waits for us, or we for it.
    """
    if not due_call_ids:
        return []
    rows = await _due_calls(session, due_call_ids, lock=lock)
    await learn_campaigns(session, (row.campaign for row in rows.values()), campaigns)
    person_ids = sorted({row.person_id for row in rows.values()})
    phones = await phones_of(session, person_ids)
    numbers = sorted({number for found in phones.values() for number in found})
    subjects = await load_subjects(session, due_call_ids, now=now, lock=lock)
    consents = await consents_of(session, numbers)
    opt_outs = await opt_outs_of(session, person_ids, numbers)
    history = await past_attempts(session, person_ids, now=now)
    return [
        Candidate(
            due_call=row,
            subject=subjects[row.due_call_id],
            phone_ids={number: phone.phone_id for number, phone in phones[row.person_id].items()},
            facts=_facts(
                row,
                subjects[row.due_call_id],
                phones=phones[row.person_id],
                consents=consents,
                opt_outs=opt_outs,
                attempts=history.get(row.person_id, ()),
                setting=_setting(row.campaign, basis, campaigns),
            ),
        )
        for due_call_id in due_call_ids
        if (row := rows.get(due_call_id)) is not None
    ]


async def load_wished(
    session: AsyncSession,
    wished: Wished,
    *,
    now: datetime,
    basis: SettingBasis,
    campaigns: Campaigns,
) -> CallFacts | None:
    """Return the facts of a call that a person asks for and nobody has written down yet.

    None: the person or the community is unknown.
    """
    campaign = campaigns.promised
    await learn_campaigns(session, [campaign.name], campaigns)
    campaign = campaigns.promised
    row = (
        await session.execute(
            _WISHED,
            {
                "person_id": wished.person_id,
                "community_id": wished.community_id,
                "mode": wished.mode or campaign.mode,
                "purpose": wished.purpose,
                "call_at": wished.call_at,
                "due_by": wished.call_at + timedelta(minutes=campaign.window_minutes),
                "facts": {"about": wished.about.value},
            },
        )
    ).one_or_none()
    if row is None:
        return None
    phones = (await phones_of(session, [wished.person_id])).get(wished.person_id, {})
    history = await past_attempts(session, [wished.person_id], now=now)
    return _facts(
        row,
        SubjectFacts(
            due_call_id=NOT_ON_FILE,
            reason=Reason.PROMISED,
            debt_ids=wished.debt_ids,
            asked_at=now,
        ),
        phones=phones,
        consents=await consents_of(session, sorted(phones)),
        opt_outs=await opt_outs_of(session, [wished.person_id], sorted(phones)),
        attempts=history.get(wished.person_id, ()),
        setting=_setting(campaign.name, basis, campaigns),
    )


def _setting(campaign: str, basis: SettingBasis, campaigns: Campaigns) -> Setting:
    return Setting(
        bridge_is_real=basis.bridge_is_real,
        armed=basis.armed,
        stopped=basis.stopped,
        reconciled=basis.reconciled,
        agent_reserved=basis.agent_reserved,
        test_numbers=basis.test_numbers,
        destinations=basis.destinations,
        campaign_paused=campaign in basis.paused_campaigns,
        campaign_hours=campaigns.get(campaign).hours,
    )


# Tables, not mapped classes: plain rows come out, and no mapper is asked about each.
_DUE_CALL, _PERSON, _COMMUNITY = table_of(DueCall), table_of(Person), table_of(Community)
_UNIT = table_of(Unit)

_DUE_CALLS = (
    sa.select(
        *_DUE_CALL.c,
        _PERSON.c.language,
        _PERSON.c.name.label("person_name"),
        _PERSON.c.honorific,
        _PERSON.c.identity_digits,
        _PERSON.c.synthetic,
        _PERSON.c.deceased_at,
        _PERSON.c.rest_hours,
        _COMMUNITY.c.name.label("community"),
        _COMMUNITY.c.time_zone,
        _COMMUNITY.c.region,
        _COMMUNITY.c.currency,
        _COMMUNITY.c.packs,
        _UNIT.c.label.label("unit"),
    )
    .join(_PERSON, _PERSON.c.person_id == _DUE_CALL.c.person_id)
    .join(_COMMUNITY, _COMMUNITY.c.community_id == _DUE_CALL.c.community_id)
    .outerjoin(_UNIT, _UNIT.c.unit_id == _DUE_CALL.c.unit_id)
    .where(_DUE_CALL.c.due_call_id == sa.any_(sa.bindparam("due_call_ids", type_=BIGINTS)))
    .order_by(_DUE_CALL.c.person_id, _DUE_CALL.c.due_call_id)
)
# A promised call's row before there is one.
_WISHED = (
    sa.select(
        sa.literal(NOT_ON_FILE).label("due_call_id"),
        sa.literal(Reason.PROMISED, _DUE_CALL.c.reason.type).label("reason"),
        sa.bindparam("purpose", type_=_DUE_CALL.c.purpose.type).label("purpose"),
        sa.bindparam("mode", type_=_DUE_CALL.c.mode.type).label("mode"),
        sa.bindparam("facts", type_=_DUE_CALL.c.facts.type).label("facts"),
        sa.true().label("appointment"),
        sa.bindparam("call_at", type_=_DUE_CALL.c.not_before.type).label("not_before"),
        sa.bindparam("due_by", type_=_DUE_CALL.c.due_by.type).label("due_by"),
        _PERSON.c.person_id,
        _PERSON.c.language,
        _PERSON.c.synthetic,
        _PERSON.c.deceased_at,
        _PERSON.c.rest_hours,
        _COMMUNITY.c.time_zone,
        _COMMUNITY.c.region,
        _COMMUNITY.c.currency,
        _COMMUNITY.c.packs,
    )
    .select_from(
        _PERSON.join(_COMMUNITY, _COMMUNITY.c.community_id == sa.bindparam("community_id"))
    )
    .where(_PERSON.c.person_id == sa.bindparam("person_id"))
)
_DUE_CALLS_HELD = _DUE_CALLS.with_for_update(read=True, of=_PERSON)


async def _due_calls(
    session: AsyncSession, due_call_ids: Sequence[int], *, lock: bool
) -> dict[int, AnyRow]:
    query = _DUE_CALLS_HELD if lock else _DUE_CALLS
    rows = await session.execute(query, {"due_call_ids": list(due_call_ids)})
    return {row.due_call_id: row for row in rows}


def _facts(
    row: AnyRow,
    subject: SubjectFacts,
    *,
    phones: Mapping[str, AnyRow],
    consents: Mapping[str, Sequence[Consent]],
    opt_outs: OptOuts,
    attempts: tuple[PastAttempt, ...],
    setting: Setting,
) -> CallFacts:
    return CallFacts(
        person=PersonFacts(
            person_id=row.person_id,
            deceased=row.deceased_at is not None,
            synthetic=row.synthetic,
            language=Language(row.language),
            rest_hours=_periods(row.rest_hours),
        ),
        phones=tuple(
            PhoneFacts.of(PhoneNumber(number), phone.position, dead=phone.dead_at is not None)
            for number, phone in phones.items()
        ),
        due=DueFacts(
            due_call_id=row.due_call_id,
            reason=row.reason,
            purpose=row.purpose,
            mode=row.mode,
            due_by=row.due_by,
            not_before=row.not_before,
            debt_ids=subject.debt_ids,
            appointment=row.appointment,
            asked_by_owner=row.appointment or subject.asked_at is not None,
            asked_at=subject.asked_at,
            disputed=subject.disputed,
            extension_until=subject.extension_until,
            reason_holds=subject.reason_holds,
            reason_gone=subject.reason_gone,
        ),
        place=PlaceFacts(
            time_zone=row.time_zone,
            region=row.region,
            currency=row.currency,
            packs=tuple(row.packs),
        ),
        setting=setting,
        consents=tuple(each for number in phones for each in consents.get(number, ())),
        opt_outs=tuple(
            _of_this_call(wish, row, subject)
            for wish in (
                *opt_outs.of_person.get(row.person_id, ()),
                *(each for number in phones for each in opt_outs.of_number.get(number, ())),
            )
        ),
        attempts=attempts,
    )


def _of_this_call(wish: OptOut, row: AnyRow, subject: SubjectFacts) -> OptOut:
    """Let a wish about what a promised call goes on with hold for it, unless it was asked later."""
    about = row.facts.get("about")
    asked_later = subject.asked_at is not None and subject.asked_at > wish.since
    if wish.reason is None or wish.reason.value != about or asked_later:
        return wish
    return replace(wish, reason=row.reason)


def _periods(stored: Sequence[Mapping[str, str]] | None) -> tuple[LocalPeriod, ...] | None:
    if stored is None:
        return None
    return tuple(
        period
        for each in stored
        for period in LocalPeriod.parse_daily(f"{each['from']}-{each['until']}")
    )
