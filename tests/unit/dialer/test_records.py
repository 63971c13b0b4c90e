"""The record of a look gives back the very facts that were judged."""

import zlib
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import cast
from uuid import UUID

import pytest

from callback.call_facts import (
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
from callback.hours import LocalPeriod
from callback.packs import shipped_packs
from callback.rules import Layer, Rule, defer
from callback.subject_facts import SubjectFacts
from core.columns import AnyRow
from core.phone import PhoneNumber
from customers.model import CallMode, Language, Purpose, Reason
from dialer.bridges.port import TrunkLimits
from dialer.call_facts import Candidate
from dialer.claim_plan import Judged, NewAttempt
from dialer.replay.model import LookKind
from dialer.replay.reading import DueRow, RecordError, phone_ids_of, read, unpack
from dialer.replay.writing import Look, record_of

NOW = datetime(2026, 5, 20, 2, 0, 0, 123457, tzinfo=UTC)
ONE, OTHER, GONE = (PhoneNumber(f"+86138001380{n:02d}") for n in (1, 2, 3))
FACTS = CallFacts(
    person=PersonFacts(
        person_id=7,
        deceased=True,
        synthetic=True,
        language=Language.ENGLISH,
        rest_hours=LocalPeriod.parse_daily("22:00-08:30"),
    ),
    phones=(
        PhoneFacts.of(ONE, 0, on_national_list=False),
        PhoneFacts.of(OTHER, 3, dead=True),
    ),
    due=DueFacts(
        due_call_id=11,
        reason=Reason.OVERDUE,
        purpose=Purpose.DEBT,
        mode=CallMode.AUTOMATIC,
        due_by=NOW + timedelta(hours=3),
        not_before=NOW - timedelta(microseconds=1),
        debt_ids=frozenset({3, 1}),
        appointment=True,
        asked_by_owner=True,
        asked_at=NOW - timedelta(days=2),
        disputed=True,
        extension_until=NOW + timedelta(days=4),
        reason_holds=False,
        reason_gone="paid",
    ),
    place=PlaceFacts(time_zone="Asia/Shanghai", region="CN", currency="CNY", packs=("CN",)),
    setting=Setting(
        bridge_is_real=True,
        armed=True,
        test_numbers=("+86138*",),
        destinations=("CN", "+852"),
        campaign_hours=((LocalPeriod(time(9), time(12)),),) + ((),) * 6,
    ),
    consents=(
        Consent(
            phone=OTHER,
            purpose=Purpose.MARKETING,
            mode=CallMode.AGENT,
            granted=True,
            given_at=NOW - timedelta(days=9),
            until=NOW,
        ),
    ),
    opt_outs=(
        OptOut(since=NOW, phone=OTHER, reason=Reason.SURVEY, purpose=Purpose.SURVEY),
        OptOut(since=NOW),
    ),
    attempts=(
        PastAttempt(
            at=NOW - timedelta(hours=5),
            phone=GONE,
            mode=CallMode.AGENT,
            purpose=Purpose.SERVICE,
            answered=True,
            conversation=True,
            inbound=True,
            abandoned=True,
            debt_ids=frozenset({9}),
            due_call_ids=frozenset({11, 12}),
            retry_until=NOW + timedelta(minutes=5),
            next_phone=False,
        ),
    ),
)
BARE = CallFacts(
    person=PersonFacts(person_id=8),
    phones=(),
    due=DueFacts(
        due_call_id=12,
        reason=Reason.SURVEY,
        purpose=Purpose.SURVEY,
        mode=CallMode.AGENT,
        due_by=NOW,
    ),
    place=replace(FACTS.place, time_zone=None, packs=()),
    setting=Setting(bridge_is_real=False),
)
NUMBERS = {21: ONE.e164, 22: OTHER.e164}


def _judged(facts: CallFacts, community_id: int) -> Judged:
    due = facts.due
    row = DueRow(
        due_call_id=due.due_call_id,
        person_id=facts.person.person_id,
        community_id=community_id,
        reason=due.reason,
        purpose=due.purpose,
        mode=due.mode,
        campaign=due.reason.value,
        appointment=due.appointment,
        due_by=due.due_by,
        priority=40,
    )
    subject = SubjectFacts(due_call_id=due.due_call_id, reason=due.reason)
    candidate = Candidate(
        due_call=cast("AnyRow", row),
        subject=subject,
        facts=facts,
        phone_ids={number: phone_id for phone_id, number in NUMBERS.items()},
    )
    return Judged(candidate=candidate, verdict=defer(Rule.LIVE_CALL, Layer.SYSTEM, NOW))


def _record() -> bytes:
    judged = [_judged(FACTS, 1), _judged(BARE, 2)]
    trunk = TrunkLimits(name="a", channels=2, calls_per_second=1)
    attempt = NewAttempt(
        attempt_id=UUID(int=5),
        served=(judged[0].candidate,),
        phone=ONE,
        trunk=trunk,
        mode=CallMode.AUTOMATIC,
    )
    look = Look(
        kind=LookKind.QUEUE,
        packs=shipped_packs(),
        bridge="simulated",
        trunks=[trunk, trunk],
        placed=[attempt],
        lost=[replace(attempt, served=(judged[1].candidate,))],
        scores={7: 101.5},
    )
    return record_of(judged, look)


def test_all_facts_come_back_as_they_were() -> None:
    held = unpack(_record())
    assert phone_ids_of(held) == {21, 22}

    seen = read(held, NUMBERS)

    assert [each.candidate.facts for each in seen.looked] == [FACTS, BARE]
    assert [(each.rule, each.until) for each in seen.looked] == [(Rule.LIVE_CALL, NOW)] * 2
    assert seen.scores == (101.5, None)
    assert seen.trunks == ("a", "a")
    assert [(each.attempt_id.int, each.due_call_ids) for each in seen.placed] == [(5, (11,))]
    assert seen.lost == {12}
    assert seen.packs == shipped_packs().versions


def test_a_record_holds_no_number_that_the_person_still_has() -> None:
    text = zlib.decompress(_record()).decode()
    assert ONE.e164 not in text
    assert OTHER.e164 not in text


@pytest.mark.parametrize(
    "record",
    [b"", b"x", zlib.compress(b"[]"), zlib.compress(b'{"v": 99}'), zlib.compress(b"{")],
    ids=["empty", "no zlib", "no object", "of another version", "no JSON"],
)
def test_what_is_no_record_is_named(record: bytes) -> None:
    with pytest.raises(RecordError, match="cannot be read"):
        unpack(record)


def test_a_phone_that_is_gone_is_named() -> None:
    with pytest.raises(RecordError, match="21"):
        read(unpack(_record()), {})
