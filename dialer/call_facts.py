"""Everything a verdict asks about a batch of due calls, read in a handful of set-based queries."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
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
from customers.model import Language
from customers.tables import Community, DoNotCall, Person, Phone, Unit
from customers.tables import Consent as ConsentRow
from dialer.history import past_attempts


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
    phones = await _phones(session, person_ids)
    numbers = sorted({number for found in phones.values() for number in found})
    subjects = await load_subjects(session, due_call_ids, now=now, lock=lock)
    consents = await _consents(session, numbers)
    opt_outs = await _opt_outs(session, person_ids, numbers)
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
                setting=Setting(
                    bridge_is_real=basis.bridge_is_real,
                    armed=basis.armed,
                    stopped=basis.stopped,
                    reconciled=basis.reconciled,
                    agent_reserved=basis.agent_reserved,
                    test_numbers=basis.test_numbers,
                    destinations=basis.destinations,
                    campaign_paused=row.campaign in basis.paused_campaigns,
                    campaign_hours=campaigns.get(row.campaign).hours,
                ),
            ),
        )
        for due_call_id in due_call_ids
        if (row := rows.get(due_call_id)) is not None
    ]


# Tables, not mapped classes: plain rows come out, and no mapper is asked about each.
_DUE_CALL, _PERSON, _COMMUNITY = table_of(DueCall), table_of(Person), table_of(Community)
_UNIT, _PHONE = table_of(Unit), table_of(Phone)
_CONSENT, _DO_NOT_CALL = table_of(ConsentRow), table_of(DoNotCall)

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
_DUE_CALLS_HELD = _DUE_CALLS.with_for_update(read=True, of=_PERSON)


async def _due_calls(
    session: AsyncSession, due_call_ids: Sequence[int], *, lock: bool
) -> dict[int, AnyRow]:
    query = _DUE_CALLS_HELD if lock else _DUE_CALLS
    rows = await session.execute(query, {"due_call_ids": list(due_call_ids)})
    return {row.due_call_id: row for row in rows}


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


async def _phones(session: AsyncSession, person_ids: Sequence[int]) -> dict[int, dict[str, AnyRow]]:
    rows = await session.execute(_PHONES, {"person_ids": list(person_ids)})
    found: dict[int, dict[str, AnyRow]] = defaultdict(dict)
    for row in rows:
        found[row.person_id][row.e164] = row
    return found


async def _consents(session: AsyncSession, numbers: Sequence[str]) -> dict[str, list[Consent]]:
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
class _OptOuts:
    of_person: Mapping[int, Sequence[OptOut]]
    of_number: Mapping[str, Sequence[OptOut]]


async def _opt_outs(
    session: AsyncSession, person_ids: Sequence[int], numbers: Sequence[str]
) -> _OptOuts:
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
    return _OptOuts(of_person, of_number)


def _facts(
    row: AnyRow,
    subject: SubjectFacts,
    *,
    phones: Mapping[str, AnyRow],
    consents: Mapping[str, Sequence[Consent]],
    opt_outs: _OptOuts,
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
