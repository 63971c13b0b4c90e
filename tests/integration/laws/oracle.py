"""What must hold at the very instant a phone rings, written again in plain words.

Nothing here asks the verdict: the tables, the bridge's own record and the figures of DOMAIN.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
import sqlalchemy as sa
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.bridges.port import OutboundCall

DAY = timedelta(days=1)
WEEK = timedelta(days=7)

_SERVED = sa.text("""
    SELECT dc.*, p.deceased_at, p.synthetic, c.time_zone, c.region, a.person_id AS called,
           ph.dead_at AS phone_died_at, ph.person_id AS phone_of,
           (SELECT min(cr.asked_at) FROM callback_request cr
            WHERE dc.reason = 'promised'
              AND dc.subject = 'callback_request:' || cr.callback_request_id) AS asked_at
    FROM attempt a
    JOIN attempt_due_call adc USING (attempt_id)
    JOIN due_call dc USING (due_call_id)
    JOIN community c USING (community_id)
    JOIN person p ON p.person_id = dc.person_id
    JOIN phone ph USING (phone_id)
    WHERE a.attempt_id = :attempt_id
    ORDER BY adc.position
""")
_SWITCHES = sa.text("""
    SELECT armed_at IS NOT NULL AS armed, stopped_at IS NOT NULL AS stopped,
           restored_at IS NOT NULL AND reconciled_at IS NULL AS unreconciled,
           ARRAY(SELECT campaign FROM campaign_switch) AS paused
    FROM installation
""")
_WISHES = sa.text("""
    SELECT reason FROM do_not_call
    WHERE lifted_at IS NULL AND (person_id = :person_id OR e164 = :e164)
""")
_DEBTS = sa.text("""
    SELECT charge_id,
           amount_minor > paid_minor AND liable_person_id = :person_id AND disputed_at IS NULL
               AS may_be_asked_for
    FROM due_call_charge JOIN charge USING (charge_id)
    WHERE due_call_id = :due_call_id
""")
_REPAIR = sa.text("""
    SELECT w.completed_on IS NOT NULL AND w.reopened_at IS NULL AND CAST(w.cycle AS text) = :cycle
    FROM work_order w
    WHERE 'work_order:' || w.work_order_id = :subject
""")
_CONSENTS = sa.text("""
    SELECT e164, granted, given_at, valid_until FROM consent
    WHERE purpose = :purpose AND mode = :mode
      AND e164 IN (SELECT e164 FROM phone WHERE person_id = :person_id)
""")
_OUTCOMES = sa.text("""
    SELECT adc.due_call_id, adc.attempt_id, a.ended_at,
           COALESCE(adc.wrap_up_code, adc.telephony_result) AS word,
           adc.wrap_up_code IS NOT NULL AND adc.wrap_up_code NOT IN
               ('message_left', 'wrong_number', 'not_the_owner', 'no_reply') AS conversation
    FROM attempt_due_call adc JOIN attempt a USING (attempt_id)
    WHERE a.person_id = :person_id AND adc.settled_at IS NOT NULL
""")

_FINAL = {
    *("promise_to_pay", "already_paid", "dispute", "extension_requested", "satisfied"),
    *("dissatisfied", "survey_complete", "survey_partial", "callback_requested", "refused"),
    *("information_given", "opted_out", "transferred", "deceased"),
}
# Minutes to wait after a word, as the departments' table has them.
_WAITS: Mapping[str, int] = {
    "no_answer": 240,
    "rejected": 1440,
    "busy": 15,
    "machine": 240,
    "invalid_number": 5,
    "wrong_number": 5,
    "congestion": 5,
    "carrier_error": 10,
    "cancelled": 5,
    "abandoned": 1440,
    "lost": 240,
    "hung_up": 1440,
    "no_reply": 240,
    "not_the_owner": 240,
    "message_left": 240,
}
_WAITS_OF_APPOINTMENTS = {**_WAITS, "no_answer": 30, "busy": 5, "message_left": 30}


@dataclass(frozen=True, kw_only=True, slots=True)
class Rung:
    """A call that reached the carrier, as the oracle wrote it down when it rang."""

    call: OutboundCall
    at: datetime
    person_id: int
    due_call_ids: frozenset[int]
    charge_ids: frozenset[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Instant:
    """The instant of a ring: the clock, the bridge, and all that rang before."""

    now: datetime
    is_real: bool
    test_number: str
    zones_of_number: Mapping[str, Sequence[str]]
    up: Sequence[Rung]
    before: Sequence[Rung]


async def judge_ring(session: AsyncSession, call: OutboundCall, instant: Instant) -> Rung:
    """Hold a ring against every law; returns what to remember of it."""
    served = (await session.execute(_SERVED, {"attempt_id": call.attempt_id})).mappings().all()
    assert served, "nothing rings without a due call on file"
    charge_ids: set[int] = set()
    for due in served:
        _who(due, call, instant)
        await _switches(session, due, call, instant)
        await _wishes(session, due, call)
        await _consent(session, due, call, instant)
        charge_ids |= await _reason(session, due)
        _hours(due, call, instant)
        _caps(due, call, instant)
        await _history(session, due, call, instant)
    reasons = {due["reason"] for due in served}
    debt = any(due["purpose"] == "debt" for due in served)
    assert not (debt and "survey" in reasons), "a debt shared a call with a survey"
    assert 1 <= len(served) <= 3
    return Rung(
        call=call,
        at=instant.now,
        person_id=served[0]["called"],
        due_call_ids=frozenset(due["due_call_id"] for due in served),
        charge_ids=frozenset(charge_ids),
    )


def is_appointment(due: RowMapping, now: datetime) -> bool:
    """Say whether the owner named this time."""
    latest = max(due["due_by"], due["not_before"] + timedelta(hours=1))
    return bool(due["appointment"]) and due["not_before"] <= now < latest


def _who(due: RowMapping, call: OutboundCall, instant: Instant) -> None:
    assert due["person_id"] == due["called"] == due["phone_of"]
    assert due["deceased_at"] is None, "rang somebody who has died"
    assert due["phone_died_at"] is None, "rang a dead phone"
    assert not (instant.is_real and due["synthetic"]), "rang an invented person for real"
    assert due["state"] == "claimed"
    for other in instant.up:
        assert other.call.to != call.to, "two live calls to one phone"
        assert other.person_id != due["person_id"], "two live calls to one person"


async def _switches(
    session: AsyncSession, due: RowMapping, call: OutboundCall, instant: Instant
) -> None:
    switches = (await session.execute(_SWITCHES)).mappings().one()
    assert not switches["stopped"], "rang after a stop"
    assert not switches["unreconciled"], "rang after a restore before the carrier was asked"
    assert due["campaign"] not in switches["paused"], "rang for a paused campaign"
    if instant.is_real and not switches["armed"]:
        assert call.to.e164 == instant.test_number, "rang a real phone before it was armed"


async def _wishes(session: AsyncSession, due: RowMapping, call: OutboundCall) -> None:
    found = await session.execute(_WISHES, {"person_id": due["person_id"], "e164": call.to.e164})
    for wish in found.scalars():
        assert wish not in {None, due["reason"]}, "rang somebody who asked not to be called"


async def _consent(
    session: AsyncSession, due: RowMapping, call: OutboundCall, instant: Instant
) -> None:
    """A no counts for every number of the person, a yes for its own; the last word holds."""
    found = await session.execute(
        _CONSENTS, {name: due[name] for name in ("purpose", "mode", "person_id")}
    )
    words = [
        (word.given_at, not word.granted, word.valid_until)
        for word in found
        if word.e164 == call.to.e164 or not word.granted
    ]
    last = max(words, key=lambda word: word[:2], default=None)
    assert last is None or not last[1], "rang after consent was withdrawn"
    held = last is not None and (last[2] is None or instant.now < last[2])
    asked_for = due["mode"] == "automatic" and _american(due, call)
    assert held or not asked_for, "rang by a script without the consent the US ask for"


async def _reason(session: AsyncSession, due: RowMapping) -> set[int]:
    """The reason still holds; returns the charges spoken of."""
    if due["reason"] == "repair":
        assert (await session.execute(_REPAIR, dict(due))).scalar_one(), "the repair is open again"
        return set()
    found = (await session.execute(_DEBTS, dict(due))).all()
    if due["reason"] == "overdue" or due["facts"].get("about") == "overdue":
        assert any(debt.may_be_asked_for for debt in found), "rang about a debt that is settled"
    return {debt.charge_id for debt in found}


def _hours(due: RowMapping, call: OutboundCall, instant: Instant) -> None:
    appointment = is_appointment(due, instant.now)
    assert due["not_before"] <= instant.now, "rang before its time"
    for name in {due["time_zone"], *instant.zones_of_number[call.to.e164]}:
        local = instant.now.astimezone(ZoneInfo(name))
        hour = local.hour + local.minute / 60
        if _chinese(due, call) and due["purpose"] == "debt":
            assert 8 <= hour < 22, f"collection at {local} in {name}"
        if _american(due, call):
            assert 8 <= hour < 21, f"rang at {local} in {name}"
        if appointment:
            continue
        assert not 12 <= hour < 14, f"rang in the noon rest, {local} in {name}"
        assert hour < 20, f"rang in the evening's rest, {local} in {name}"
        assert hour >= (9 if _chinese(due, call) else 8), f"rang too early, {local} in {name}"
        for country, binds in (("CN", _chinese(due, call)), ("US", _american(due, call))):
            closed = holidays.country_holidays(country, years=local.year)
            assert not (binds and local.date() in closed), f"rang on a holiday, {local} in {name}"


def _caps(due: RowMapping, call: OutboundCall, instant: Instant) -> None:
    mine = [rung for rung in instant.before if rung.person_id == due["person_id"]]
    appointment = is_appointment(due, instant.now)
    if not appointment:
        assert sum(instant.now < rung.at + DAY for rung in mine) < 2, "a third call in a day"
        assert all(instant.now >= rung.at + timedelta(minutes=15) for rung in mine), "too soon"
    asked_lately = due["asked_at"] is not None and instant.now < due["asked_at"] + 6 * DAY
    if due["purpose"] == "debt" and _american(due, call) and not asked_lately:
        about = [rung for rung in mine if rung.charge_ids and instant.now < rung.at + WEEK]
        for charge_id in {charge for rung in about for charge in rung.charge_ids}:
            rings = sum(charge_id in rung.charge_ids for rung in about)
            assert rings < 8, f"charge {charge_id} was called about {rings} times in a week"


async def _history(
    session: AsyncSession, due: RowMapping, call: OutboundCall, instant: Instant
) -> None:
    rung_at = {rung.call.attempt_id: rung.at for rung in instant.before}
    waits = _WAITS_OF_APPOINTMENTS if due["campaign"] == "promised" else _WAITS
    zones = [ZoneInfo(z) for z in {due["time_zone"], *instant.zones_of_number[call.to.e164]}]
    for past in await session.execute(_OUTCOMES, {"person_id": due["person_id"]}):
        if past.attempt_id not in rung_at:
            continue
        if past.due_call_id == due["due_call_id"]:
            assert past.word not in _FINAL, f"rang again after {past.word}"
            wait = timedelta(minutes=waits[past.word])
            assert instant.now >= past.ended_at + wait, f"rang too soon after {past.word}"
        if past.conversation and not is_appointment(due, instant.now):
            assert all(
                instant.now.astimezone(zone).date()
                > rung_at[past.attempt_id].astimezone(zone).date()
                for zone in zones
            ), "a second call on the day of a conversation"


def _chinese(due: RowMapping, call: OutboundCall) -> bool:
    return due["region"] == "CN" or call.to.e164.startswith("+86")


def _american(due: RowMapping, call: OutboundCall) -> bool:
    return due["region"] == "US" or call.to.e164.startswith("+1")
