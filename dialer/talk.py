"""The host of talks: a bridge asks it for turns; each talk is saved after every one of them.

A short outage of the database is a pause in the talk: a reply counts once, however often its commit
had to be tried.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from callback.campaigns import Campaigns, MachineHandling
from callback.conduct import agent_within_s, recording_under
from callback.packs import Packs, shipped_packs
from callback.uploaded_book import learn_campaigns, learn_scripts
from core.clock import Clock
from core.columns import table_of
from core.database import despite_outages
from core.phone import PhoneNumber
from customers.model import CallMode, Language, RecordingConsent
from dialer.call_facts import Matter, load_matters
from dialer.hooks import Meeting, Transfers
from dialer.model import AnsweredBy, AttemptState, Direction
from dialer.news import news_of
from dialer.plan import House, build_plan
from dialer.said import said_for, with_said
from dialer.script_use import note_versions
from dialer.tables import Attempt, AttemptDueCall
from scripts.greeting import greets_alike
from scripts.interpreter import abandon_message, advance, message, start
from scripts.library import Library
from scripts.model import CallPlan, Reply, ReplyKind, TalkState, Transfer, Turn
from scripts.state import dump_state, load_state

log = structlog.get_logger(__name__)

T = TypeVar("T")

# Who answered and waits for an agent is looked after so often.
_LOOK_S = 0.2

# Somebody listens to silence meanwhile, and hangs up before long.
_PAUSES_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 2.0, 2.0)

_TO_AGENT = Turn(step="agent", language=Language.MANDARIN, say=(), transfer=Transfer(queue=""))


@dataclass(frozen=True, kw_only=True, slots=True)
class TalkRules:
    """What talks go by."""

    library: Library
    campaigns: Campaigns
    house: House
    packs: Packs = field(default_factory=shipped_packs)
    records: bool = False  # talks, as far as the packs let them be recorded


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tried:
    """A reply that was taken once and may have been kept: the talk before and after, as saved."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    turn: Turn


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """A request for the turn after a reply, and what came of it so far."""

    reply: Reply
    key: str | None
    tried: list[_Tried] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Served:
    """What a live call is about, and whose phone is on it."""

    due_call_ids: Sequence[int]
    phone: PhoneNumber
    inbound: bool  # they rang us
    of_agents: bool  # an agent is to speak


class TalkHost:
    """Serves the turns of every talk; holds nothing between two of them."""

    def __init__(
        self,
        *,
        sessions: async_sessionmaker[AsyncSession],
        clock: Clock,
        rules: TalkRules,
        clock_factor: float = 1.0,
        transfers: Transfers | None = None,
    ) -> None:
        """Put a host together.

        Args:
            sessions: its database.
            clock: its time.
            rules: what is said.
            clock_factor: how many of the clock's seconds a real one has.
            transfers: puts talks through to agents; None: nobody is ever free.
        """
        self._sessions = sessions
        self._clock = clock
        self._rules = rules
        self._clock_factor = clock_factor
        self._transfers = transfers

    async def open(
        self, attempt_id: UUID, answered_by: AnsweredBy, *, key: str | None = None
    ) -> Turn:
        """Return the first turn; a machine hears a neutral message or nothing.

        A talk that was opened before and is asked for again, by another key or none, starts anew:
        no word was answered yet. Who answered a call that was placed ahead of agents is put through
        at once, or hears after the rule packs' seconds that nobody is there.
        """
        if answered_by is not AnsweredBy.MACHINE and self._transfers is not None:
            turn = await self._to_an_agent(attempt_id, key)
            if turn is not None:
                return turn
        return await self._despite_outages(lambda: self._open(attempt_id, answered_by, key))

    async def reply(self, attempt_id: UUID, reply: Reply, *, key: str | None = None) -> Turn:
        """Take a reply and return the next turn, with the facts as they are by now."""
        asked = _Asked(reply=reply, key=key)
        return await self._despite_outages(lambda: self._reply(attempt_id, asked))

    async def prepare(self, attempt_id: UUID) -> Turn | None:
        """Return what a person will probably hear first; nothing is kept.

        None also where its first sentence names more than us: that waits for `open`; and where an
        agent is to speak.
        """
        now = self._clock.now()
        async with self._sessions() as session:
            served = await _served_by(session, attempt_id)
            if served is None or served.of_agents:
                return None
            matters = await load_matters(session, served.due_call_ids, now=now)
            await self._learn(session, matters)
        standing = [each for each in matters if each.subject.reason_holds]
        if not standing:
            return None
        plan = self._plan(standing, served, house=self._rules.house, now=now)
        _, turn = start(self._rules.library, plan)
        return turn if greets_alike(self._rules.library, plan, turn) else None

    async def abandoned(self, attempt_id: UUID) -> Turn:
        """Return who rang and where to ring, for a person whom nobody is there to speak to."""
        return await self._despite_outages(lambda: self._abandoned(attempt_id))

    async def put_through(self, attempt_id: UUID, queue: str) -> str | None:
        """Return the room of an agent who takes the talk over; None: nobody is free."""
        return await self._despite_outages(lambda: self._put_through(attempt_id, queue))

    async def _to_an_agent(self, attempt_id: UUID, key: str | None) -> Turn | None:
        """Return the turn that puts an answer to an agent, or ends it; None: it is the script's."""
        meeting = await self._despite_outages(lambda: self._meet(attempt_id))
        if meeting is Meeting.WAITS:
            meeting = await self._wait_for_an_agent(attempt_id)
        if meeting is Meeting.OF_SCRIPT:
            return None
        if meeting is Meeting.MET:
            return _TO_AGENT
        turn = await self._despite_outages(lambda: self._abandoned(attempt_id))
        return await self._despite_outages(lambda: self._leave(attempt_id, key, turn))

    async def _wait_for_an_agent(self, attempt_id: UUID) -> Meeting:
        within_s = await self._despite_outages(lambda: self._agent_within_s(attempt_id))
        until = self._clock.now() + timedelta(seconds=within_s)
        meeting = Meeting.WAITS
        while meeting is Meeting.WAITS and (left := until - self._clock.now()) > timedelta():
            await self._clock.sleep(min(_LOOK_S, left.total_seconds()))
            meeting = await self._despite_outages(lambda: self._meet(attempt_id))
        return meeting

    async def _meet(self, attempt_id: UUID) -> Meeting:
        async with self._sessions.begin() as session:
            return await self._meet_within(session, attempt_id)

    async def _meet_within(self, session: AsyncSession, attempt_id: UUID) -> Meeting:
        if self._transfers is None:
            return Meeting.OF_SCRIPT
        return await self._transfers.meet(session, attempt_id, now=self._clock.now())

    async def _agent_within_s(self, attempt_id: UUID) -> float:
        async with self._sessions() as session:
            served = await _served_by(session, attempt_id)
            if served is None:
                return 0.0
            matters = await load_matters(session, served.due_call_ids, now=self._clock.now())
        places = [(each.due_call.packs, each.due_call.region) for each in matters]
        return agent_within_s(self._rules.packs, places, served.phone.region)

    async def _leave(self, attempt_id: UUID, key: str | None, turn: Turn) -> Turn:
        """Keep that nobody was there for who answered, unless somebody is free just now."""
        async with self._sessions.begin() as session:
            if await self._meet_within(session, attempt_id) is Meeting.MET:
                return _TO_AGENT
            await _save(session, attempt_id, with_said({"nobody": True}, key, turn))
            return turn

    async def _put_through(self, attempt_id: UUID, queue: str) -> str | None:
        if self._transfers is None:
            return None
        async with self._sessions.begin() as session:
            return await self._transfers.put_through(
                session, attempt_id, queue, now=self._clock.now()
            )

    async def _abandoned(self, attempt_id: UUID) -> Turn:
        now = self._clock.now()
        async with self._sessions() as session:
            served = await _served_by(session, attempt_id)
            if served is None:
                return _hang_up(Language.MANDARIN)
            matters = await load_matters(session, served.due_call_ids, now=now)
            await self._learn(session, matters)
        plan = self._plan(matters, served, house=self._rules.house, now=now)
        return abandon_message(self._rules.library, plan)

    def _plan(
        self, matters: Sequence[Matter], served: _Served, *, house: House, now: datetime
    ) -> CallPlan:
        """Return the plan of a talk, with what the packs want before it is recorded."""
        rows = [each.due_call for each in matters]
        places = [(row.packs, row.region) for row in rows]
        consent = recording_under(self._rules.packs, places, served.phone.region)
        return build_plan(
            matters,
            house=house,
            now=now,
            recording=consent if self._rules.records else RecordingConsent.NEVER,
            free_answers=consent is not RecordingConsent.NEVER,
            inbound=served.inbound,
        )

    async def _house(self, session: AsyncSession, attempt_id: UUID) -> House:
        """Return how we present ourselves on this call: with somebody to speak to, or without."""
        house = self._rules.house
        free = await self._is_somebody_free(session, attempt_id)
        return replace(house, agents_available=free or house.agents_available)

    async def _is_somebody_free(self, session: AsyncSession, attempt_id: UUID) -> bool:
        transfers = self._transfers
        return transfers is not None and await transfers.is_somebody_free(session, attempt_id)

    async def _despite_outages(self, work: Callable[[], Awaitable[T]]) -> T:
        async def sleep_real(seconds: float) -> None:
            await self._clock.sleep(seconds * self._clock_factor)

        return await despite_outages(work, sleep=sleep_real, pauses_s=_PAUSES_S)

    async def _open(self, attempt_id: UUID, answered_by: AnsweredBy, key: str | None) -> Turn:
        now = self._clock.now()
        async with self._sessions.begin() as session:
            served = await _served_by(session, attempt_id)
            if served is None:
                return _hang_up(Language.MANDARIN)
            if key is not None:
                again = said_for(await _saved(session, attempt_id), key)
                if again is not None:
                    return again
            matters = await load_matters(session, served.due_call_ids, now=now)
            await self._learn(session, matters)
            standing = [each for each in matters if each.subject.reason_holds]
            talk: dict[str, Any] = {
                "gone": {
                    str(each.due_call_id): each.subject.reason_gone
                    for each in matters
                    if not each.subject.reason_holds
                }
            }
            house = await self._house(session, attempt_id)
            plan = self._plan(standing or matters, served, house=house, now=now)
            if answered_by is AnsweredBy.MACHINE:
                turn = message(self._rules.library, plan)
                if not standing or not self._may_leave_message(standing):
                    turn = _hang_up(turn.language)
                talk |= {"machine": True, "left": bool(turn.say)}
            elif standing:
                state, turn = start(self._rules.library, plan)
                talk |= {"state": dump_state(state)}
                await note_versions(session, attempt_id, state.position["versions"])
            else:  # paid between the ring and the answer: who rang, and an apology
                turn = abandon_message(self._rules.library, plan)
            await _save(session, attempt_id, with_said(talk, key, turn))
            return turn

    async def _reply(self, attempt_id: UUID, asked: _Asked) -> Turn:
        reply, tried = asked.reply, asked.tried
        async with self._sessions.begin() as session:
            saved = await _saved(session, attempt_id)
            again = said_for(saved, asked.key)
            if again is not None:
                return again
            if saved is None or "state" not in saved:
                return _hang_up(Language.MANDARIN)
            state = load_state(saved["state"])
            if tried and saved["state"] == json.loads(json.dumps(tried[-1].after)):
                return tried[-1].turn  # only the answer to the commit was lost
            if state.ended or (tried and saved["state"] != tried[-1].before):
                return _hang_up(state.plan.language)
            scripts = [section.script for section in state.plan.sections]
            library, versions = self._rules.library, state.position["versions"]
            await learn_scripts(session, scripts, library, versions=versions)
            facts: Mapping[int, Mapping[str, Any]] = {}
            withdrawn: Mapping[int, str] = {}
            if reply.kind is not ReplyKind.HUNG_UP:
                facts, withdrawn = await news_of(session, state, now=self._clock.now())
                state = await self._with_who_is_free(session, attempt_id, state)
            state, turn = advance(library, state, reply, facts=facts, withdrawn=withdrawn)
            after = dump_state(state)
            await _save(session, attempt_id, with_said({**saved, "state": after}, asked.key, turn))
            tried.append(_Tried(before=saved["state"], after=after, turn=turn))
            return turn

    async def _with_who_is_free(
        self, session: AsyncSession, attempt_id: UUID, state: TalkState
    ) -> TalkState:
        """Return the talk with whether somebody is free to speak now, not at its beginning."""
        if self._transfers is None:
            return state
        free = await self._is_somebody_free(session, attempt_id)
        variables = {**state.plan.variables, "agents_available": free}
        return replace(state, plan=replace(state.plan, variables=variables))

    async def _learn(self, session: AsyncSession, matters: Sequence[Matter]) -> None:
        """Bring the campaigns and scripts of uploaded lists into the book."""
        due_calls = [each.due_call for each in matters]
        names = [due_call.campaign for due_call in due_calls]
        await learn_campaigns(session, names, self._rules.campaigns)
        await learn_scripts(session, [each.script for each in due_calls], self._rules.library)

    def _may_leave_message(self, matters: Sequence[Matter]) -> bool:
        """Say whether every campaign of the call speaks to machines."""
        return all(
            self._rules.campaigns.get(each.due_call.campaign).machine is MachineHandling.MESSAGE
            for each in matters
        )


_ATTEMPT = table_of(Attempt)
_TALK = (
    sa.select(_ATTEMPT.c.talk)
    .where(_ATTEMPT.c.attempt_id == sa.bindparam("id"), _ATTEMPT.c.state != AttemptState.ENDED)
    .with_for_update()
)
_SAVE = sa.update(_ATTEMPT).where(_ATTEMPT.c.attempt_id == sa.bindparam("id"))


async def _saved(session: AsyncSession, attempt_id: UUID) -> dict[str, Any] | None:
    found = await session.execute(_TALK, {"id": attempt_id})
    return found.scalar_one_or_none()


async def _save(session: AsyncSession, attempt_id: UUID, talk: Mapping[str, Any]) -> None:
    await session.execute(_SAVE, {"id": attempt_id, "talk": talk})


async def _served_by(session: AsyncSession, attempt_id: UUID) -> _Served | None:
    rows = (
        await session.execute(
            sa.select(AttemptDueCall.due_call_id, Attempt.e164, Attempt.direction, Attempt.mode)
            .join(Attempt, Attempt.attempt_id == AttemptDueCall.attempt_id)
            .where(AttemptDueCall.attempt_id == attempt_id, Attempt.state != AttemptState.ENDED)
            .order_by(AttemptDueCall.position)
        )
    ).all()
    if not rows:
        return None
    return _Served(
        due_call_ids=tuple(row.due_call_id for row in rows),
        phone=PhoneNumber(rows[0].e164),
        inbound=rows[0].direction is Direction.INBOUND,
        of_agents=rows[0].mode is CallMode.AGENT and rows[0].direction is Direction.OUTBOUND,
    )


def _hang_up(language: Language) -> Turn:
    return Turn(step="gone", language=language, say=(), hang_up=True)
