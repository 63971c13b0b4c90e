"""The desk for calls that come in: holds nothing between two turns, any process may go on."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from callback.uploaded_book import learn_scripts
from core.clock import Clock
from core.columns import AnyRow
from core.database import despite_deadlocks, despite_outages
from core.ids import IdSource
from customers.model import Language, WrapUpCode
from dialer.agents.reserving import Wanted
from dialer.bridges.inbound import InboundCall
from dialer.bridges.port import RecordingReady
from dialer.hooks import AttemptFollower
from dialer.inbound.agents import Colleagues
from dialer.inbound.ending import Ending
from dialer.inbound.holders import holder_of_unit
from dialer.inbound.plan import UNIT_STEP, Entry, inbound_plan, language_of_region
from dialer.inbound.service import (
    InboundRules,
    begin_talk_about_due,
    channels_gone,
    holders_of,
    keep,
    language_of,
    live_call,
    live_on_channel,
    place_of,
    put_on_file,
)
from dialer.model import AnsweredBy
from dialer.outcome import Settlement, outcomes_of
from dialer.plan import House
from dialer.recording import note_recording
from dialer.said import said_for, with_said
from dialer.tables import Attempt
from dialer.talk import TalkHost
from scripts.interpreter import advance, start
from scripts.model import Reply, ReplyKind, TalkState, Turn
from scripts.state import dump_state, load_state

log = structlog.get_logger(__name__)

T = TypeVar("T")


# Somebody listens to silence meanwhile, and hangs up before long.
_PAUSES_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 2.0, 2.0)
_TALK = sa.select(Attempt.talk).where(Attempt.attempt_id == sa.bindparam("attempt_id"))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """A request for the turn after a reply, and what came of it so far: the talk, and its turn."""

    reply: Reply
    key: str | None
    tried: list[tuple[Any, Turn | None]] = field(default_factory=list)


class InboundHost:
    """Sees to calls that come in; the implementation of `InboundDesk`."""

    def __init__(
        self,
        *,
        sessions: async_sessionmaker[AsyncSession],
        clock: Clock,
        ids: IdSource,
        talk: TalkHost,
        settlement: Settlement,
        house: House,
        rules: InboundRules,
        colleagues: Colleagues | None = None,
        followers: Sequence[AttemptFollower] = (),
        clock_factor: float = 1.0,
    ) -> None:
        """Put a desk together.

        Args:
            sessions: its database.
            clock: its time.
            ids: of recordings.
            talk: speaks of what callers are due.
            settlement: what settling goes by.
            house: how we present ourselves.
            rules: where we are, and on which bridge.
            colleagues: whom callers can be put through to; None: nobody is ever free.
            followers: of attempts, told of the end of those that callers began.
            clock_factor: how many of the clock's seconds a real one has.
        """
        self._sessions = sessions
        self._clock = clock
        self._ids = ids
        self._talk = talk
        self._settlement = settlement
        self._house = house
        self._rules = rules
        self._colleagues = colleagues
        self._ending = Ending(settlement, rules, colleagues=colleagues, followers=followers)
        self._clock_factor = clock_factor

    # The port.

    async def take(self, call: InboundCall) -> bool:
        """Put the call on file; False when somebody else has it already."""
        taken = await self._soon(lambda: self._take(call))
        if taken:
            log.info("inbound_call_on_file", call_id=str(call.call_id))
        return taken

    async def open(self, call_id: UUID, *, key: str | None = None) -> Turn:
        """Return the first turn, or the next one after nobody was there to be put through to."""
        about_due, turn = await self._soon(lambda: self._open(call_id, key))
        if turn is not None:
            return turn
        if about_due == "nobody_free":
            return await self._talk.abandoned(call_id)
        return await self._talk.open(call_id, AnsweredBy.HUMAN, key=key)

    async def reply(self, call_id: UUID, reply: Reply, *, key: str | None = None) -> Turn:
        """Take the caller's reply and return the next turn."""
        asked = _Asked(reply=reply, key=key)
        active, turn = await self._soon(lambda: self._reply(call_id, asked))
        if turn is not None:
            return turn
        if active == "known_now":
            return await self._talk.open(call_id, AnsweredBy.HUMAN, key=key)
        turn = await self._talk.reply(call_id, reply, key=key)
        if turn.hang_up and reply.kind is not ReplyKind.HUNG_UP:
            return await self._soon(lambda: self._after_talk(call_id, turn, key))
        return turn

    async def put_through(self, call_id: UUID, queue: str) -> str | None:
        """Reserve an agent, the caller's own first; returns the agent's room, None: nobody."""
        is_about_due, room = await self._soon(lambda: self._put_through(call_id, queue))
        return await self._talk.put_through(call_id, queue) if is_about_due else room

    async def recorded(self, call_id: UUID, name: str, location: str, seconds: float) -> None:
        """Note what the caller said for us; it is collected as every recording is."""
        ready = RecordingReady(
            attempt_id=call_id,
            at=self._clock.now(),
            name=name,
            location=location,
            seconds=seconds,
        )
        recording_id = self._ids.new()

        async def work() -> None:
            async with self._sessions.begin() as session:
                known = await note_recording(session, ready, recording_id=recording_id)
                row = await live_call(session, call_id)
                if row is not None and row.talk is not None:
                    await keep(session, call_id, message=str(known), message_s=seconds)

        await self._surely(work)

    async def ended(self, channel: str, at: datetime) -> None:
        """The line of a channel is gone; who was not served is owed a call."""

        async def work() -> AnyRow | None:
            async with self._sessions.begin() as session:
                row = await live_on_channel(session, channel)
                if row is not None:
                    await self._ending.end(session, row, at=at)
                return row

        row = await self._surely(work)
        if row is not None:
            log.info("inbound_call_ended", call_id=str(row.call_id))

    async def compare(self, trunk: str, up: Collection[str], at: datetime) -> None:
        """End the calls on file of a trunk whose channels are no longer up."""

        async def work() -> Sequence[str]:
            async with self._sessions.begin() as session:
                return await channels_gone(session, trunk, up, before=at)

        for channel in await self._surely(work):
            log.warning("inbound_call_ended_unheard", trunk=trunk)
            await self.ended(channel, at)

    async def missed(self, call: InboundCall) -> None:
        """A call came and went while nobody was there to take it."""

        async def work() -> bool:
            async with self._sessions.begin() as session:
                row = await put_on_file(session, call, self._rules, now=self._clock.now())
                if row is not None:
                    await self._ending.write_missed(session, row, at=call.at)
                return row is not None

        if await self._surely(work):
            log.info("inbound_call_missed", call_id=str(call.call_id))

    # How.

    async def _take(self, call: InboundCall) -> bool:
        now = self._clock.now()
        async with self._sessions.begin() as session:
            row = await put_on_file(session, call, self._rules, now=now)
            if row is None:  # ours all the same if only the answer to the commit was lost
                return await live_call(session, call.call_id) is not None
            if row.person_id is not None:
                found = await holders_of(session, row, self._rules, now=now)
                await begin_talk_about_due(session, row, found[0], now=now)
            return True

    async def _open(self, call_id: UUID, key: str | None) -> tuple[str, Turn | None]:
        """Begin a call, or go on with one; no turn: the talk about due calls has it."""
        async with self._sessions.begin() as session:
            row = await live_call(session, call_id)
            if row is None:
                return "gone", _GONE
            if row.talk is None and row.attempt_id is not None:
                talk = await session.scalar(_TALK, {"attempt_id": row.attempt_id})
                again = said_for(talk, key)
                if again is not None:
                    return "about_due", again
                return ("nobody_free" if _has_ended(talk) else "about_due"), None
            turn = said_for(row.talk, key) or await self._begin(session, row, key)
            return "script", turn

    async def _begin(self, session: AsyncSession, row: AnyRow, key: str | None) -> Turn:
        """Begin the script where this call has got to."""
        entry, language = Entry.USUAL, None
        if _has_ended(row.talk):
            entry = Entry.NOBODY_FREE
        elif row.person_id is None:
            found = await holders_of(session, row, self._rules, now=self._clock.now())
            if len(found) > 1:
                entry, language = Entry.WHICH_UNIT, found[0].language
        talk, turn = await self._begin_script(session, row, entry, language=language)
        await keep(session, row.call_id, talk=with_said(talk, key, turn))
        return turn

    async def _begin_script(
        self, session: AsyncSession, row: AnyRow, entry: Entry, *, language: Language | None = None
    ) -> tuple[dict[str, Any], Turn]:
        """Return the script's talk, to be kept, and its first turn."""
        free = entry is not Entry.NOBODY_FREE and await self._is_somebody_free(session, row)
        plan = inbound_plan(
            place=place_of(row, self._rules),
            house=replace(self._house, agents_available=free),
            language=language or language_of(row, self._rules),
            entry=entry,
            caller_known=row.e164 is not None,
            now=self._clock.now(),
        )
        library = self._settlement.library
        await learn_scripts(session, [each.script for each in plan.sections], library)
        state, turn = start(library, plan)
        return {"state": dump_state(state)}, turn

    async def _reply(self, call_id: UUID, asked: _Asked) -> tuple[str, Turn | None]:
        """Take a reply in the script; no turn: the talk about due calls goes on, or begins."""
        reply, tried = asked.reply, asked.tried
        async with self._sessions.begin() as session:
            row = await live_call(session, call_id)
            if row is None:
                return "gone", _GONE
            if row.talk is None:
                begins = tried or await self._is_unopened(session, row)
                return ("known_now" if begins else "about_due"), None
            state, again = load_state(row.talk["state"]), said_for(row.talk, asked.key)
            if tried and row.talk["state"] == tried[-1][0]:
                again = tried[-1][1]  # only the answer to the commit was lost
            if again is not None or state.ended:
                return "script", again or _GONE
            versions = state.position["versions"]
            await learn_scripts(session, (), self._settlement.library, versions=versions)
            after, turn = advance(
                self._settlement.library, await self._with_who_is_free(session, row, state), reply
            )
            keyed = reply.value if state.position["step"] == UNIT_STEP else ""
            if keyed and await self._is_known_now(session, row, keyed):
                tried.append((None, None))
                return "known_now", None
            dumped = dump_state(after)
            await keep(session, call_id, talk=with_said({"state": dumped}, asked.key, turn))
            tried.append((dumped, turn))
            return "script", turn

    async def _is_known_now(self, session: AsyncSession, row: AnyRow, keyed: str) -> bool:
        """Say whether the digits of a unit tell who of several rings, with something due."""
        now = self._clock.now()
        found = await holders_of(session, row, self._rules, now=now)
        holder = holder_of_unit(found, keyed)
        if holder is None or not await begin_talk_about_due(session, row, holder, now=now):
            return False
        await keep(session, row.call_id, talk=None)
        return True

    async def _is_unopened(self, session: AsyncSession, row: AnyRow) -> bool:
        """Say whether nobody has begun to speak of what the caller is due, and it is known."""
        if row.attempt_id is None:
            return False
        return await session.scalar(_TALK, {"attempt_id": row.attempt_id}) is None

    async def _after_talk(self, call_id: UUID, last: Turn, key: str | None) -> Turn:
        """Let somebody else than the person, who rang from their phone, choose what they want."""
        async with self._sessions.begin() as session:
            row = await live_call(session, call_id)
            if row is None:
                return last
            talk = await session.scalar(_TALK, {"attempt_id": row.attempt_id})
            codes = {each.wrap_up_code for each in outcomes_of(talk).values()}
            if codes != {WrapUpCode.NOT_THE_OWNER}:
                return last
            talk, turn = await self._begin_script(session, row, Entry.USUAL)
            turn = replace(turn, say=(*last.say[:1], *turn.say))
            await keep(session, call_id, talk=with_said(talk, key, turn))
            return turn

    # Agents.

    async def _put_through(self, call_id: UUID, queue: str) -> tuple[bool, str | None]:
        now = self._clock.now()
        async with self._sessions.begin() as session:
            row = await live_call(session, call_id)
            if row is None or self._colleagues is None:
                return False, None
            if row.talk is None:
                return row.attempt_id is not None, None
            agent = await self._colleagues.put_through(session, _wanted(row, queue), now=now)
            if agent is None:
                return False, None
            await keep(session, call_id, agent_id=agent.agent_id)
            return False, str(agent.room)

    async def _is_somebody_free(self, session: AsyncSession, row: AnyRow) -> bool:
        colleagues = self._colleagues
        return colleagues is not None and await colleagues.is_somebody_free(
            session, _wanted(row, None)
        )

    async def _with_who_is_free(
        self, session: AsyncSession, row: AnyRow, state: TalkState
    ) -> TalkState:
        free = await self._is_somebody_free(session, row)
        variables = {**state.plan.variables, "agents_available": free}
        return replace(state, plan=replace(state.plan, variables=variables))

    # Transactions.

    async def _soon(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do what a caller waits for; an outage of a moment is a pause."""
        return await despite_outages(
            lambda: despite_deadlocks(work), sleep=self._sleep_real, pauses_s=_PAUSES_S
        )

    async def _surely(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do what nobody tells again, however long the database is away."""
        return await despite_outages(lambda: despite_deadlocks(work), sleep=self._sleep_real)

    async def _sleep_real(self, seconds: float) -> None:
        await self._clock.sleep(seconds * self._clock_factor)


def _has_ended(talk: Any) -> bool:
    return bool(talk) and bool(talk.get("state", {}).get("ended"))


def _wanted(row: AnyRow, queue: str | None) -> Wanted:
    return Wanted(
        call_id=row.call_id,
        trunk=row.trunk,
        language=row.language,
        person_id=row.person_id,
        queue=queue,
    )


_GONE = Turn(step="gone", language=language_of_region(None), say=(), hang_up=True)
