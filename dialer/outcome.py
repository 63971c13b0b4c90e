"""Settling an attempt: one transaction for its end, an outcome a due call, and all they cause.

Of a call on which an agent spoke only the end is written here, and what a script had finished with
before it put the owner through: the other outcomes are the wrap-up's.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.uploaded_book import learn_campaigns, learn_scripts
from core.columns import AnyRow
from customers.model import CallMode, WrapUpCode
from dialer import states
from dialer.bridges.port import CallEnded
from dialer.model import Direction, TelephonyResult
from dialer.progress import live_attempt
from dialer.served import Served, Settlement, served_by, settle_due_call
from dialer.tables import Attempt
from scripts.interpreter import advance
from scripts.library import Library
from scripts.model import Reply, ReplyKind, SectionOutcome
from scripts.state import dump_state, load_state

__all__ = ["Settlement", "outcomes_of", "settle"]

# What the network's word cannot decide alone: the line was open and no talk is on file.
_SILENT_TALK = WrapUpCode.NO_REPLY


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
    spoken = _spoken(before.row.talk)
    await learn_scripts(session, spoken, settlement.library, versions=spoken)
    talk = _closed_talk(before.row.talk, settlement.library)
    met_at = await _met_agent_at(session, before.row, ended, talk)
    result = _result(ended, talk, of_agent=_is_of_agents(before.row), met_at=met_at)
    ended = replace(ended, result=result)
    await _write_end(session, ended, talk=talk, met_at=met_at)
    outcomes = outcomes_of(talk)
    rows = await served_by(session, ended.attempt_id)
    if met_at is not None:  # what the script settled before it put the owner through stands
        rows = [row for row in rows if _is_said(before.row, outcomes.get(row.due_call_id))]
    if rows:
        await learn_campaigns(session, [row.campaign for row in rows], settlement.campaigns)
        for row in rows:
            await settle_due_call(
                session,
                ended,
                _served(row, ended, talk, outcomes),
                attempt=before.row,
                settlement=settlement,
            )
    return ended


async def _write_end(
    session: AsyncSession,
    ended: states.Ended,
    *,
    talk: Mapping[str, Any] | None,
    met_at: datetime | None,
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
            telephony_result=ended.result,
            hangup_cause=ended.hangup_cause,
            sip_code=ended.sip_code,
            talk=talk,
            met_at=met_at,
        )
    )


def _spoken(talk: Mapping[str, Any] | None) -> Mapping[str, int]:
    """Return the scripts of a talk with their versions."""
    if talk is None or "state" not in talk:
        return {}
    versions: Mapping[str, int] = load_state(talk["state"]).position["versions"]
    return versions


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


_AGENT_HAS_IT = sa.text("SELECT EXISTS (SELECT FROM agent WHERE attempt_id = :attempt_id)")


async def _met_agent_at(
    session: AsyncSession, row: AnyRow, ended: states.Ended, talk: Mapping[str, Any] | None
) -> datetime | None:
    """Return when the owner and an agent met; None: no agent of ours spoke on this call.

    Who answered and heard that nobody is there met nobody, whatever was noted at the answer.
    """
    if row.agent_id is None or _is_machine(ended, talk):
        return None
    if ended.result is TelephonyResult.ABANDONED:
        return None
    if row.met_at is not None:
        met_at: datetime = row.met_at
        return met_at
    if ended.result is not TelephonyResult.ANSWERED:
        return None
    # The answer went unheard; whoever the call was for had it all the same.
    found = await session.execute(_AGENT_HAS_IT, {"attempt_id": ended.attempt_id})
    return (ended.answered_at or ended.ended_at) if found.scalar_one() else None


def _is_machine(ended: states.Ended, talk: Mapping[str, Any] | None) -> bool:
    return ended.result is TelephonyResult.MACHINE or (talk is not None and "machine" in talk)


def _result(
    ended: states.Ended,
    talk: Mapping[str, Any] | None,
    *,
    of_agent: bool,
    met_at: datetime | None,
) -> TelephonyResult:
    """Return the one telephony result: a machine, or a talk with nobody of ours, is no answer."""
    if ended.result is not TelephonyResult.ANSWERED:
        return ended.result
    if talk is not None and "machine" in talk:
        return TelephonyResult.MACHINE
    return TelephonyResult.ABANDONED if of_agent and met_at is None else ended.result


def _is_of_agents(attempt: AnyRow) -> bool:
    """Say whether an agent was to speak, be it one who was not chosen yet when it rang."""
    ahead = attempt.mode is CallMode.AGENT and attempt.direction is Direction.OUTBOUND
    return ahead or attempt.agent_id is not None


def _is_said(attempt: AnyRow, outcome: SectionOutcome | None) -> bool:
    """Say whether the script of a call that an agent took over had finished with a matter."""
    by_script = attempt.mode is CallMode.AUTOMATIC
    return by_script and outcome is not None and outcome.wrap_up_code is not WrapUpCode.TRANSFERRED


def outcomes_of(talk: Mapping[str, Any] | None) -> dict[int, SectionOutcome]:
    """Return what a talk by script settled, by due call."""
    if talk is None or "state" not in talk:
        return {}
    return {each.due_call_id: each for each in load_state(talk["state"]).outcomes}


def _served(
    row: AnyRow,
    ended: states.Ended,
    talk: Mapping[str, Any] | None,
    outcomes: Mapping[int, SectionOutcome],
) -> Served:
    if (outcome := outcomes.get(row.due_call_id)) is not None:
        return Served(row=row, code=outcome.wrap_up_code, data=outcome.data)
    if talk is not None and (why := talk.get("gone", {}).get(str(row.due_call_id))) is not None:
        return Served(row=row, code=WrapUpCode.INFORMATION_GIVEN, data={"reason": why})
    if talk is not None and talk.get("left"):
        return Served(row=row, code=WrapUpCode.MESSAGE_LEFT)
    spoken_to = ended.result is TelephonyResult.ANSWERED and talk is None
    return Served(row=row, code=_SILENT_TALK if spoken_to else None)
