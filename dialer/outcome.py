"""Settling an attempt: one transaction for its end, an outcome a due call, and all they cause."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaigns import Campaigns
from callback.model import DueCallState
from callback.overdue import settle_progress
from callback.tables import DueCall
from callback.uploaded_book import learn_campaigns, learn_scripts
from core.columns import AnyRow, table_of
from customers.model import WrapUpCode
from dialer import states
from dialer.bridges.port import CallEnded
from dialer.effects import Settled, apply_effects
from dialer.model import TelephonyResult
from dialer.progress import live_attempt
from dialer.retry import DEAD_NUMBER, Next, decide, word_of
from dialer.tables import Attempt, AttemptDueCall
from scripts.interpreter import advance
from scripts.library import Library
from scripts.model import Reply, ReplyKind, SectionOutcome
from scripts.state import dump_state, load_state

# What the network's word cannot decide alone: the line was open and no talk is on file.
_SILENT_TALK = WrapUpCode.NO_REPLY


@dataclass(frozen=True, kw_only=True, slots=True)
class Settlement:
    """What settling goes by."""

    campaigns: Campaigns
    library: Library


@dataclass(frozen=True, kw_only=True, slots=True)
class _Served:
    """A due call of the attempt, and what was settled for it."""

    row: AnyRow
    code: WrapUpCode | None
    data: Mapping[str, Any] = field(default_factory=dict)


async def settle(
    session: AsyncSession, event: CallEnded, settlement: Settlement, *, placed: bool = True
) -> states.Ended | None:
    """Write an attempt's end and all it causes, and return it; None when it had ended before.

    `placed` says that the carrier had the call: then it was submitted, also when its end is all
    that was heard of it, and counts towards caps.
    """
    before = await live_attempt(session, event.attempt_id)
    if before is None:
        return None
    state = before.state
    if placed and isinstance(state, states.Claimed):
        state = state.submitted(state.started_at)
    ended = state.ended(event)
    await learn_scripts(session, _scripts_of(before.row.talk), settlement.library)
    talk = _closed_talk(before.row.talk, settlement.library)
    result = _result(ended, talk)
    await _write_end(session, ended, talk=talk, result=result)
    all_served = await _served(session, ended, talk)
    names = [served.row.campaign for served in all_served]
    await learn_campaigns(session, names, settlement.campaigns)
    for served in all_served:
        await _settle_due_call(
            session, ended, served, attempt=before.row, result=result, settlement=settlement
        )
    return replace(ended, result=result)


async def _write_end(
    session: AsyncSession,
    ended: states.Ended,
    *,
    talk: Mapping[str, Any] | None,
    result: TelephonyResult,
) -> None:
    await session.execute(
        sa.update(Attempt)
        .where(Attempt.attempt_id == ended.attempt_id)
        .values(
            state=states.WORD[states.Ended],
            submitted_at=ended.submitted_at,
            ringing_at=ended.ringing_at,
            answered_at=ended.answered_at,
            answered_by=ended.answered_by,
            ended_at=ended.ended_at,
            telephony_result=result,
            hangup_cause=ended.hangup_cause,
            sip_code=ended.sip_code,
            talk=talk,
        )
    )


def _scripts_of(talk: Mapping[str, Any] | None) -> list[str]:
    if talk is None or "state" not in talk:
        return []
    return [section.script for section in load_state(talk["state"]).plan.sections]


def _closed_talk(talk: Mapping[str, Any] | None, library: Library) -> dict[str, Any] | None:
    """Return the talk with an outcome for every section: a line that died is a hang-up."""
    if talk is None:
        return None
    if "state" not in talk:
        return dict(talk)
    state = load_state(talk["state"])
    if not state.ended:
        state, _ = advance(library, state, Reply(kind=ReplyKind.HUNG_UP))
    return {**talk, "state": dump_state(state)}


def _result(ended: states.Ended, talk: Mapping[str, Any] | None) -> TelephonyResult:
    """Return the one telephony result: a machine is no answer of a person."""
    if talk is not None and "machine" in talk and ended.result is TelephonyResult.ANSWERED:
        return TelephonyResult.MACHINE
    return ended.result


_WORD_BEFORE = sa.case(
    (AttemptDueCall.wrap_up_code.is_not(None), AttemptDueCall.wrap_up_code),
    else_=AttemptDueCall.telephony_result,
)
_WORDS_BEFORE = (
    sa.select(sa.func.array_agg(sa.cast(_WORD_BEFORE, sa.Text)))
    .join(Attempt, Attempt.attempt_id == AttemptDueCall.attempt_id)
    .where(
        AttemptDueCall.due_call_id == DueCall.due_call_id,
        AttemptDueCall.settled_at.is_not(None),
        Attempt.submitted_at.is_not(None),
    )
    .scalar_subquery()
)
_MINE = sa.orm.aliased(AttemptDueCall)
_SERVED = (
    sa.select(*table_of(DueCall).c, _WORDS_BEFORE.label("words_before"))
    .join(_MINE, _MINE.due_call_id == DueCall.due_call_id)
    .where(_MINE.attempt_id == sa.bindparam("attempt_id"))
    .order_by(_MINE.position)
    .with_for_update(of=DueCall)
)


async def _served(
    session: AsyncSession, ended: states.Ended, talk: Mapping[str, Any] | None
) -> list[_Served]:
    rows = await session.execute(_SERVED, {"attempt_id": ended.attempt_id})
    outcomes = _outcomes(talk)
    return [_served_due_call(row, ended, talk, outcomes) for row in rows]


def _outcomes(talk: Mapping[str, Any] | None) -> dict[int, SectionOutcome]:
    if talk is None or "state" not in talk:
        return {}
    return {each.due_call_id: each for each in load_state(talk["state"]).outcomes}


def _served_due_call(
    row: AnyRow,
    ended: states.Ended,
    talk: Mapping[str, Any] | None,
    outcomes: Mapping[int, SectionOutcome],
) -> _Served:
    if (outcome := outcomes.get(row.due_call_id)) is not None:
        return _Served(row=row, code=outcome.wrap_up_code, data=outcome.data)
    if talk is not None and (why := talk.get("gone", {}).get(str(row.due_call_id))) is not None:
        return _Served(row=row, code=WrapUpCode.INFORMATION_GIVEN, data={"reason": why})
    if talk is not None and talk.get("left"):
        return _Served(row=row, code=WrapUpCode.MESSAGE_LEFT)
    spoken_to = ended.result is TelephonyResult.ANSWERED and talk is None
    return _Served(row=row, code=_SILENT_TALK if spoken_to else None)


async def _settle_due_call(
    session: AsyncSession,
    ended: states.Ended,
    served: _Served,
    *,
    attempt: AnyRow,
    result: TelephonyResult,
    settlement: Settlement,
) -> None:
    row = served.row
    word = word_of(result, served.code)
    following = decide(
        result=result,
        code=served.code,
        attempts=row.attempts,
        same_before=(row.words_before or []).count(word),
        ended_at=ended.ended_at,
        campaign=settlement.campaigns.get(row.campaign),
        placed=ended.submitted_at is not None,
    )
    await apply_effects(
        session,
        Settled(
            attempt_id=ended.attempt_id,
            person_id=attempt.person_id,
            phone_id=attempt.phone_id,
            e164=attempt.e164,
            due_call=row,
            code=served.code,
            data=served.data,
            at=ended.ended_at,
            dead_because=word if word in DEAD_NUMBER else None,
        ),
        settlement.campaigns,
    )
    await _write_outcome(
        session,
        served,
        ended=ended,
        result=result,
        following=following,
    )
    if following.state is not DueCallState.WAITING:
        await settle_progress(session, row.due_call_id, now=ended.ended_at)


_OUTCOME = table_of(AttemptDueCall)
_WRITE_OUTCOME = sa.update(_OUTCOME).where(
    _OUTCOME.c.attempt_id == sa.bindparam("of_attempt"),
    _OUTCOME.c.due_call_id == sa.bindparam("of_due_call"),
)
_DUE_CALL = table_of(DueCall)
_GOES_ON = sa.update(_DUE_CALL).where(
    _DUE_CALL.c.due_call_id == sa.bindparam("of_due_call"),
    _DUE_CALL.c.state == DueCallState.CLAIMED,
)


async def _write_outcome(
    session: AsyncSession,
    served: _Served,
    *,
    ended: states.Ended,
    result: TelephonyResult,
    following: Next,
) -> None:
    due_call_id, at = served.row.due_call_id, ended.ended_at
    tries = served.row.attempts if ended.submitted_at is not None else served.row.attempts - 1
    await session.execute(
        _WRITE_OUTCOME,
        {
            "of_attempt": ended.attempt_id,
            "of_due_call": due_call_id,
            "settled_at": at,
            "telephony_result": result,
            "wrap_up_code": served.code,
            "outcome": dict(served.data),
            "retry_at": following.retry_at,
            "next_phone": following.next_phone,
        },
    )
    waits = following.state is DueCallState.WAITING
    await session.execute(
        _GOES_ON,
        {
            "of_due_call": due_call_id,
            "state": following.state,
            "attempts": tries,
            "next_at": following.retry_at if waits else served.row.next_at,
            "settled_at": None if waits else at,
            "settled_because": None if waits else following.because,
        },
    )
