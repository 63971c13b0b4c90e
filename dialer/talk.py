"""The host of talks: a bridge asks it for turns; each talk is saved after every one of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from callback.campaigns import Campaigns, MachineHandling
from core.clock import Clock
from customers.model import Language
from dialer.call_facts import Candidate, SettingBasis, load_candidates
from dialer.model import AnsweredBy, AttemptState
from dialer.plan import House, build_plan
from dialer.tables import Attempt, AttemptDueCall
from scripts.interpreter import advance, message, start
from scripts.library import Library
from scripts.model import Reply, ReplyKind, TalkState, Turn
from scripts.state import dump_state, load_state

log = structlog.get_logger(__name__)

# Facts are read as they are; who may be rung was judged before the call.
_ANY_SETTING = SettingBasis(
    bridge_is_real=False,
    armed=False,
    stopped=False,
    paused_campaigns=frozenset(),
    test_numbers=(),
    destinations=(),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class TalkRules:
    """What talks go by."""

    library: Library
    campaigns: Campaigns
    house: House


class TalkHost:
    """Serves the turns of every talk; holds nothing between two of them."""

    def __init__(
        self, *, sessions: async_sessionmaker[AsyncSession], clock: Clock, rules: TalkRules
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._rules = rules

    async def open(self, attempt_id: UUID, answered_by: AnsweredBy) -> Turn:
        """Return the first turn; a machine hears a neutral message or nothing.

        A talk that was opened before and is asked for again starts anew: no word was answered yet.
        """
        async with self._sessions.begin() as session:
            candidates = await self._candidates(session, attempt_id)
            if not candidates:
                return _hang_up(Language.MANDARIN)
            plan = build_plan(candidates, house=self._rules.house, now=self._clock.now())
            if answered_by is AnsweredBy.MACHINE:
                turn = self._machine_turn(candidates, plan_turn=message(self._rules.library, plan))
                await self._save(session, attempt_id, {"machine": True, "left": bool(turn.say)})
                return turn
            state, turn = start(self._rules.library, plan)
            await self._save(session, attempt_id, {"state": dump_state(state)})
            return turn

    async def reply(self, attempt_id: UUID, reply: Reply) -> Turn:
        """Take a reply and return the next turn, with the facts as they are by now."""
        async with self._sessions.begin() as session:
            saved = await self._saved(session, attempt_id)
            if saved is None or "state" not in saved:
                return _hang_up(Language.MANDARIN)
            state = load_state(saved["state"])
            if state.ended:
                return _hang_up(state.plan.language)
            facts: Mapping[int, Mapping[str, Any]] = {}
            withdrawn: Sequence[int] = ()
            if reply.kind is not ReplyKind.HUNG_UP:
                facts, withdrawn = await self._news(session, attempt_id, state)
            state, turn = advance(
                self._rules.library, state, reply, facts=facts, withdrawn=withdrawn
            )
            await self._save(session, attempt_id, {"state": dump_state(state)})
            return turn

    def _machine_turn(self, candidates: Sequence[Candidate], *, plan_turn: Turn) -> Turn:
        campaign = self._rules.campaigns.get(candidates[0].due_call.campaign)
        return (
            plan_turn
            if campaign.machine is MachineHandling.MESSAGE
            else _hang_up(plan_turn.language)
        )

    async def _candidates(self, session: AsyncSession, attempt_id: UUID) -> list[Candidate]:
        due_call_ids = await _served_by(session, attempt_id)
        return await load_candidates(
            session,
            due_call_ids,
            now=self._clock.now(),
            basis=_ANY_SETTING,
            campaigns=self._rules.campaigns,
            lock=False,
        )

    async def _news(
        self, session: AsyncSession, attempt_id: UUID, state: TalkState
    ) -> tuple[dict[int, Mapping[str, Any]], list[int]]:
        """Return what changed since the plan was made: fresh variables, and reasons that went."""
        settled = {outcome.due_call_id for outcome in state.outcomes}
        known = {section.due_call_id: section.variables for section in state.plan.sections}
        facts: dict[int, Mapping[str, Any]] = {}
        withdrawn: list[int] = []
        for candidate in await self._candidates(session, attempt_id):
            due_call_id = candidate.due_call_id
            if due_call_id in settled:
                continue
            if not candidate.subject.reason_holds:
                withdrawn.append(due_call_id)
            elif candidate.subject.script_variables != known.get(due_call_id):
                facts[due_call_id] = candidate.subject.script_variables
        return facts, withdrawn

    async def _saved(self, session: AsyncSession, attempt_id: UUID) -> dict[str, Any] | None:
        found = await session.execute(
            sa.select(Attempt.talk)
            .where(Attempt.attempt_id == attempt_id, Attempt.state != AttemptState.ENDED)
            .with_for_update()
        )
        return found.scalar_one_or_none()

    async def _save(self, session: AsyncSession, attempt_id: UUID, talk: Mapping[str, Any]) -> None:
        await session.execute(
            sa.update(Attempt).where(Attempt.attempt_id == attempt_id).values(talk=talk)
        )


async def _served_by(session: AsyncSession, attempt_id: UUID) -> list[int]:
    rows = await session.execute(
        sa.select(AttemptDueCall.due_call_id)
        .join(Attempt, Attempt.attempt_id == AttemptDueCall.attempt_id)
        .where(AttemptDueCall.attempt_id == attempt_id, Attempt.state != AttemptState.ENDED)
        .order_by(AttemptDueCall.position)
    )
    return list(rows.scalars())


def _hang_up(language: Language) -> Turn:
    return Turn(step="gone", language=language, say=(), hang_up=True)
