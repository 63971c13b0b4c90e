"""Why an owner was, or was not, called: the story of everybody a query means, from the file."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback import subject_names
from callback.campaigns import Campaigns
from callback.explain import (
    DueCallStory,
    explain_due_call,
    explain_not_due,
    explain_verdict,
)
from callback.model import Decision, DueCallState
from callback.not_due import not_due_stories
from callback.rules import Layer, Rule, Verdict, deny
from callback.subject_labels import rests_on_charges, subject_named
from callback.tables import DueCall, VerdictRow
from core.columns import AnyRow
from core.phone import PhoneNumber
from customers.model import Language
from customers.search import Found, FoundBy, find_people, ties_of
from customers.service import audit
from customers.tables import Community
from dialer.attempt_words import attempt_sentence
from dialer.control import switches
from dialer.inbound.telling import calls_of
from dialer.model import Direction
from dialer.tables import Attempt, AttemptDueCall

# What the bridge alone knows to hold every call back at an instant; None: nothing.
HeldBack = Callable[[AsyncSession, datetime], Awaitable[Verdict | None]]


async def explain(
    session: AsyncSession,
    *,
    query: str,
    community: str | None,
    day: date | None,
    language: Language,
    actor: str,
    now: datetime,
    campaigns: Campaigns | None = None,
    held_back: HeldBack | None = None,
) -> dict[str, Any]:
    """Return the story of everybody the query means; the look goes on the audit.

    What concerns a day is told as of that day's end, else as of now; open due calls come first,
    then the latest settled. `campaigns` have the ladder of reminders; None means the shipped ones.
    `held_back` is asked what else than the switches keeps everybody from being rung.

    Raises:
        NothingFoundError: the query means nobody on file.
    """
    found = await find_people(session, query, community=community)
    zones = await _zones(session, found)
    holding = await _holding(session, now, held_back)
    persons = []
    for person_id in dict.fromkeys(each.person_id for each in found):
        ties = [each for each in found if each.person_id == person_id]
        persons.append(
            await _story(
                session,
                ties,
                day=day,
                zone=ZoneInfo(zones[ties[0].community_id]),
                language=language,
                now=now,
                campaigns=campaigns,
                holding=holding,
            )
        )
        await audit(
            session, now=now, actor=actor, action="explained", subject=f"person:{person_id}"
        )
    return {
        "query": query,
        "date": None if day is None else day.isoformat(),
        "language": language.value,
        "persons": persons,
    }


async def explain_person(
    session: AsyncSession,
    *,
    person_id: int,
    day: date | None,
    language: Language,
    now: datetime,
    campaigns: Campaigns | None = None,
    held_back: HeldBack | None = None,
) -> dict[str, Any]:
    """Return the story of one person at all their units, as `explain` tells it; no audit of it.

    Raises:
        NothingFoundError: there is no such person, or they belong to no community.
    """
    ties = await ties_of(session, person_id)
    zones = await _zones(session, ties)
    return await _story(
        session,
        ties,
        day=day,
        zone=ZoneInfo(zones[ties[0].community_id]),
        language=language,
        now=now,
        campaigns=campaigns,
        holding=await _holding(session, now, held_back),
    )


async def _story(
    session: AsyncSession,
    ties: Sequence[Found],
    *,
    day: date | None,
    zone: ZoneInfo,
    language: Language,
    now: datetime,
    campaigns: Campaigns | None,
    holding: Sequence[Verdict],
) -> dict[str, Any]:
    """Return the story of the one person whose ties these are."""
    person_id = ties[0].person_id
    period = _period(day, zone)
    told_at = now if period is None else period[1] - timedelta(seconds=1)
    rang_us = []
    if ties[0].by in {FoundBy.UNIT, FoundBy.PHONE}:
        rang_us = await calls_of(session, person_id, period=period, language=language)
    return {
        "person_id": person_id,
        "name": ties[0].name,
        "units": [f"{each.community} {each.unit}".strip() for each in ties],
        "rang_us": [_with_local_time(each, zone) for each in rang_us],
        "due_calls": await _due_calls(
            session,
            ties,
            period=period,
            now=told_at,
            language=language,
            zone=zone,
            holding=holding,
        ),
        "not_due": [
            {
                "because": story.because.value,
                "sentence": explain_not_due(story, language),
            }
            for story in await not_due_stories(
                session, ties, now=told_at, zone=zone, campaigns=campaigns
            )
        ],
    }


async def _zones(session: AsyncSession, found: Sequence[Found]) -> Mapping[int, str]:
    rows = await session.execute(
        sa.select(Community.community_id, Community.time_zone).where(
            Community.community_id.in_({each.community_id for each in found})
        )
    )
    return {row.community_id: row.time_zone for row in rows}


async def _due_calls(
    session: AsyncSession,
    ties: Sequence[Found],
    *,
    period: tuple[datetime, datetime] | None,
    now: datetime,
    language: Language,
    zone: ZoneInfo,
    holding: Sequence[Verdict],
) -> list[dict[str, Any]]:
    query = sa.select(DueCall, subject_named().label("about")).where(
        DueCall.person_id == ties[0].person_id, *_about_what_was_asked(ties)
    )
    if period is not None:
        query = query.where(
            DueCall.not_before < period[1],
            sa.or_(DueCall.settled_at.is_(None), DueCall.settled_at >= period[0]),
        )
    stories = []
    latest_first = (DueCall.settled_at.desc().nulls_first(), DueCall.due_call_id)
    rows = (await session.execute(query.order_by(*latest_first))).all()
    due_call_ids = [row.due_call_id for row, _ in rows]
    verdicts = await _verdicts(session, due_call_ids, language=language, zone=zone)
    attempts = await _attempts(session, due_call_ids, language=language)
    held = [_held(each, at=now, language=language, zone=zone) for each in holding]
    for row, about in rows:
        events = [*verdicts[row.due_call_id], *attempts[row.due_call_id]]
        refused = _is_refused(row, events)
        if row.state is DueCallState.WAITING:
            events += held
        stories.append(
            {
                "due_call_id": row.due_call_id,
                "reason": row.reason.value,
                "about": about,
                "state": row.state.value,
                "because": row.settled_because,
                "due_by": row.due_by.isoformat(),
                "sentence": _due_call_sentence(
                    row, refused=refused, now=now, language=language, zone=zone
                ),
                "events": [
                    _with_local_time(event, zone)
                    for event in sorted(events, key=lambda event: event["at"])
                    if period is None or period[0] <= event["at"] < period[1]
                ],
            }
        )
    return stories


def _about_what_was_asked(ties: Sequence[Found]) -> list[sa.ColumnElement[bool]]:
    """Return what narrows a person's due calls to the charge or work order that was named."""
    subjects = [each.subject_id for each in ties if each.subject_id is not None]
    match ties[0].by:
        case FoundBy.CHARGE:
            return [rests_on_charges(subjects)]
        case FoundBy.WORK_ORDER:
            return [DueCall.subject.in_(map(subject_names.work_order, subjects))]
        case FoundBy.UNIT | FoundBy.PHONE:
            return []


def _with_local_time(event: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    at: datetime = event["at"]
    return {
        **event,
        "at": at.isoformat(),
        "at_local": f"{at.astimezone(zone):%Y-%m-%d %H:%M}",
    }


def _is_refused(row: DueCall, events: Sequence[dict[str, Any]]) -> bool:
    """Say whether the last verdict forbids a waiting call until the file changes."""
    verdicts = [event for event in events if event["kind"] == "verdict"]
    return (
        row.state is DueCallState.WAITING
        and bool(verdicts)
        and verdicts[-1]["decision"] == Decision.DENY.value
    )


def _due_call_sentence(
    row: DueCall, *, refused: bool, now: datetime, language: Language, zone: ZoneInfo
) -> str:
    story = DueCallStory(
        reason=row.reason,
        state=row.state,
        due_by=row.due_by,
        next_at=row.next_at,
        attempts=row.attempts,
        settled_at=row.settled_at,
        settled_because=row.settled_because,
        refused=refused,
    )
    return explain_due_call(story, now=now, language=language, zone=zone)


def _period(day: date | None, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    if day is None:
        return None
    return _day_start(day, zone), _day_start(day + timedelta(days=1), zone)


def _day_start(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), zone).astimezone(UTC)


async def _verdicts(
    session: AsyncSession, due_call_ids: Sequence[int], *, language: Language, zone: ZoneInfo
) -> Mapping[int, list[dict[str, Any]]]:
    """Return the verdicts on each due call, oldest first."""
    rows = await session.scalars(
        sa.select(VerdictRow)
        .where(VerdictRow.due_call_id.in_(due_call_ids))
        .order_by(VerdictRow.verdict_id)
    )
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row.due_call_id].append(
            {
                "at": row.at,
                "kind": "verdict",
                "decision": row.decision.value,
                "rule": row.rule,
                "pack": row.pack,
                "until": None if row.until is None else row.until.isoformat(),
                "phone": row.e164,
                "sentence": explain_verdict(_verdict(row), language, zone),
            }
        )
    return found


async def _holding(
    session: AsyncSession, now: datetime, held_back: HeldBack | None
) -> list[Verdict]:
    """Return what holds every call back at this moment: nobody claims, so no verdict is kept."""
    found = []
    turned = await switches(session)
    if turned.stopped:
        rule = Rule.STOPPED if turned.reconciled else Rule.NOT_RECONCILED
        found.append(deny(rule, Layer.SYSTEM))
    if held_back is not None and (verdict := await held_back(session, now)) is not None:
        found.append(verdict)
    return found


def _held(verdict: Verdict, *, at: datetime, language: Language, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "at": at,
        "kind": "verdict",
        "decision": verdict.decision.value,
        "rule": verdict.rule.value,
        "pack": None,
        "until": None if verdict.until is None else verdict.until.isoformat(),
        "phone": None,
        "sentence": explain_verdict(verdict, language, zone),
    }


def _verdict(row: VerdictRow) -> Verdict:
    return Verdict(
        decision=Decision(row.decision),
        rule=Rule(row.rule),
        layer=Layer(row.layer),
        pack=row.pack,
        pack_version=row.pack_version,
        until=row.until,
        phone=None if row.e164 is None else PhoneNumber(row.e164),
        facts=row.facts,
    )


async def _attempts(
    session: AsyncSession, due_call_ids: Sequence[int], *, language: Language
) -> Mapping[int, list[dict[str, Any]]]:
    """Return the attempts at each due call, oldest first."""
    rows = await session.execute(
        sa.select(
            AttemptDueCall.due_call_id,
            Attempt.attempt_id,
            Attempt.started_at,
            Attempt.ended_at,
            Attempt.e164,
            Attempt.telephony_result,
            Attempt.direction,
            AttemptDueCall.wrap_up_code,
        )
        .join(AttemptDueCall, AttemptDueCall.attempt_id == Attempt.attempt_id)
        .where(AttemptDueCall.due_call_id.in_(due_call_ids))
        .order_by(Attempt.started_at, Attempt.attempt_id)
    )
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row.due_call_id].append(_attempt(row, language))
    return found


def _attempt(row: AnyRow, language: Language) -> dict[str, Any]:
    return {
        "at": row.ended_at or row.started_at,
        "kind": "attempt",
        "attempt_id": str(row.attempt_id),
        "phone": row.e164,
        "direction": row.direction,
        "telephony_result": row.telephony_result,
        "wrap_up_code": row.wrap_up_code,
        "sentence": attempt_sentence(
            phone=row.e164,
            result=row.telephony_result,
            code=row.wrap_up_code,
            inbound=row.direction is Direction.INBOUND,
            language=language,
        ),
    }
