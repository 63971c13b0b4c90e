"""Carries out commands on calls, in the process that carries the calls."""

from collections.abc import Collection
from functools import partial
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from core.clock import Clock
from core.columns import AnyRow, table_of
from core.database import despite_deadlocks
from core.errors import OwnerlineError
from core.live import Topic, tell
from core.phone import PhoneNumber
from dialer.agents.calls import AgentCalls
from dialer.agents.commands import fail_late
from dialer.agents.desk import Desk
from dialer.agents.model import (
    AgentState,
    AgentStateError,
    CommandKind,
    CommandState,
)
from dialer.agents.outside import OutsideNumberError, check_outside
from dialer.agents.phones import Phones
from dialer.agents.steps import CallOver, PassCall
from dialer.agents.strays import hand_over
from dialer.agents.tables import Agent, FloorCommand
from dialer.agents.transitions import change_locked, is_free, lock_agent
from dialer.bridges.floor import Floor
from dialer.bridges.port import Bridge, BridgeError
from dialer.tables import Attempt

log = structlog.get_logger(__name__)

_AGENT, _COMMAND, _ATTEMPT = table_of(Agent), table_of(FloorCommand), table_of(Attempt)
_REFUSALS = (AgentStateError, OutsideNumberError)

_OPEN = sa.select(sa.exists().where(_COMMAND.c.state.in_([CommandState.ASKED, CommandState.TAKEN])))
_ASKED = (
    sa.select(_COMMAND, _AGENT.c.room, _AGENT.c.name.label("agent_name"), _ATTEMPT.c.trunk)
    .join(_AGENT, _AGENT.c.agent_id == _COMMAND.c.agent_id)
    .outerjoin(_ATTEMPT, _ATTEMPT.c.attempt_id == _COMMAND.c.attempt_id)
    .where(
        _COMMAND.c.state == CommandState.ASKED,
        _COMMAND.c.expires_at > sa.func.clock_timestamp(),
        sa.or_(
            _COMMAND.c.attempt_id == sa.any_(sa.bindparam("mine", type_=sa.ARRAY(sa.Uuid))),
            sa.and_(
                _COMMAND.c.attempt_id.is_(None),
                _AGENT.c.room == sa.any_(sa.bindparam("rooms", type_=sa.ARRAY(sa.Text))),
            ),
        ),
    )
    .order_by(_COMMAND.c.command_id)
    .with_for_update(of=_COMMAND, skip_locked=True)
)
_SET = sa.update(_COMMAND).where(_COMMAND.c.command_id == sa.bindparam("of_command"))
_PASSED_ON = sa.update(_ATTEMPT).where(_ATTEMPT.c.attempt_id == sa.bindparam("of_attempt"))


class NoPhonesError(OwnerlineError):
    """The bridge has no agents' phones; only transfers to colleagues can be carried out."""


class Carrier:
    """Takes commands on this process's calls, one after the other, and says what became of them."""

    def __init__(
        self,
        *,
        sessions: async_sessionmaker[AsyncSession],
        bridge: Bridge,
        clock: Clock,
        desk: Desk,
        phones: Phones,
        calls: AgentCalls,
    ) -> None:
        self._sessions = sessions
        self._bridge = bridge
        self._clock = clock
        self._desk = desk
        self._phones = phones
        self._calls = calls

    async def carry_out(self, mine: Collection[UUID]) -> None:
        """Take what is asked of these calls, and do it; what nobody took in time fails."""
        for command in await despite_deadlocks(partial(self._take, mine)):
            why_not = await self._try(command)
            await despite_deadlocks(partial(self._end, command, why_not))
            log.info(
                "floor_command_carried_out",
                command_id=command.command_id,
                kind=command.kind.value,
                failed=why_not is not None,
            )

    async def _take(self, mine: Collection[UUID]) -> list[AnyRow]:
        floor = self._bridge.floor
        rooms = [] if floor is None else list(floor.seats())
        taken = []
        async with self._sessions.begin() as session:
            if not await session.scalar(_OPEN):
                return []
            await fail_late(session)
            asked = await session.execute(_ASKED, {"mine": list(mine), "rooms": rooms})
            for command in asked.all():
                try:
                    async with session.begin_nested():
                        await self._prepare(session, command)
                except _REFUSALS as err:
                    await _fail(session, command, str(err))
                else:
                    await session.execute(
                        _SET.values(state=CommandState.TAKEN), {"of_command": command.command_id}
                    )
                    taken.append(command)
        return taken

    async def _prepare(self, session: AsyncSession, command: AnyRow) -> None:
        """Check once more, and let a colleague have the call before it is moved.

        Raises:
            AgentStateError: the agent has another call by now, or the colleague is not free.
            OutsideNumberError: the rules refuse the number.
        """
        if (number := command.given.get("e164")) is not None:
            phone = PhoneNumber(number)
            await check_outside(session, phone, attempt_id=command.attempt_id, desk=self._desk)
        if command.kind is not CommandKind.TO_AGENT:
            return
        owner, colleague = await _both(session, command)
        if not is_free(colleague) or not self._phones.can_take(colleague, command.trunk):
            message = (
                f"agent {colleague.agent_id} is not free any more, or has no phone on that server"
            )
            raise AgentStateError(message)
        await self._pass(session, owner, command)
        await hand_over(
            session,
            colleague,
            command.attempt_id,
            by=command.agent_name,
            why="transferred",
            now=self._clock.now(),
        )
        self._calls.follow(command.attempt_id)

    async def _try(self, command: AnyRow) -> str | None:
        """Do it on the bridge; return why it could not be done."""
        try:
            await self._do(command)
        except (BridgeError, NoPhonesError) as err:
            return str(err)
        return None

    async def _do(self, command: AnyRow) -> None:
        attempt_id, room = command.attempt_id, command.room
        match command.kind:
            case CommandKind.HOLD:
                await self._floor().hold(attempt_id)
            case CommandKind.BACK:
                await self._bridge.move_to_room(attempt_id, room)
            case CommandKind.TO_AGENT:
                await self._bridge.move_to_room(attempt_id, await self._room_of(command))
            case CommandKind.TO_NUMBER:
                to = PhoneNumber(command.given["e164"])
                await self._floor().pass_on(attempt_id, to, caller_id=self._caller_id(command))
            case CommandKind.INVITE:
                number, endpoint = command.given.get("e164"), command.given.get("endpoint")
                who = PhoneNumber(number) if number is not None else endpoint
                shown = self._caller_id(command) if number is not None else ""
                await self._floor().invite(attempt_id, room, who, caller_id=shown)
            case CommandKind.DISMISS:
                await self._floor().dismiss(room)
            case CommandKind.PAUSE_RECORDING:
                await self._floor().pause_recording(attempt_id)
            case CommandKind.RESUME_RECORDING:
                await self._floor().resume_recording(attempt_id)
            case CommandKind.MONITOR:
                given = command.given
                await self._bridge.monitor(room, given["endpoint"], given["mode"])

    async def _end(self, command: AnyRow, why_not: str | None) -> None:
        """Write down what became of it; what was prepared for nothing is undone."""
        async with self._sessions.begin() as session:
            if why_not is not None:
                if command.kind is CommandKind.TO_AGENT:
                    await self._take_back(session, command)
                await _fail(session, command, why_not)
                return
            if command.kind is CommandKind.TO_NUMBER:
                await self._passed_on(session, command)
            done = {"state": CommandState.DONE, "ended_at": sa.func.clock_timestamp()}
            await session.execute(_SET.values(**done), {"of_command": command.command_id})
            await tell(session, Topic.AGENT, command.agent_id)

    async def _passed_on(self, session: AsyncSession, command: AnyRow) -> None:
        """Let the agent owe the wrap-up now: nobody of ours is on that call any more."""
        agent = await lock_agent(session, command.agent_id)
        if agent.attempt_id != command.attempt_id or agent.state is not AgentState.ON_CALL:
            return  # the line has gone meanwhile, and the wrap-up is owed
        now = self._clock.now()
        passed = {"passed_on_at": now}
        await session.execute(_PASSED_ON.values(**passed), {"of_attempt": command.attempt_id})
        over = CallOver(
            attempt_id=command.attempt_id,
            spoke=True,
            wrap_up_until=now + self._desk.rules.wrap_up,
        )
        by, why = command.agent_name, command.kind.value
        await change_locked(session, agent, over, by=by, why=why, now=now)

    async def _take_back(self, session: AsyncSession, command: AnyRow) -> None:
        """Give a call that could not be moved back to who had it; a stray finds somebody else."""
        owner, colleague = await _both(session, command)
        if colleague.attempt_id != command.attempt_id or colleague.state is not AgentState.ON_CALL:
            return
        await self._pass(session, colleague, command)
        if owner.state is AgentState.READY:
            now, by = self._clock.now(), command.agent_name
            await hand_over(session, owner, command.attempt_id, by=by, why="came_back", now=now)

    async def _pass(self, session: AsyncSession, agent: AnyRow, command: AnyRow) -> None:
        step = PassCall(attempt_id=command.attempt_id)
        now, by = self._clock.now(), command.agent_name
        why = command.kind.value
        await change_locked(session, agent, step, by=by, why=why, now=now)

    async def _room_of(self, command: AnyRow) -> str:
        room = sa.select(_AGENT.c.room).where(_AGENT.c.agent_id == command.given["to_agent_id"])
        async with self._sessions() as session:
            return str(await session.scalar(room))

    def _floor(self) -> Floor:
        if self._bridge.floor is None:
            message = f"bridge {self._bridge.name} rings no agents' phones; that cannot be done"
            raise NoPhonesError(message)
        return self._bridge.floor

    def _caller_id(self, command: AnyRow) -> str:
        """Return the number of the trunk that carries the call; the bridge knows the rest."""
        trunks = {trunk.name: trunk.caller_id for trunk in self._bridge.trunks}
        return trunks.get(command.trunk, "")


async def _both(session: AsyncSession, command: AnyRow) -> tuple[AnyRow, AnyRow]:
    """Return, held, who gives a call and who gets it."""
    to_agent_id = command.given["to_agent_id"]
    in_order = sorted({command.agent_id, to_agent_id})  # two that give to each other wait for one
    rows = {agent_id: await lock_agent(session, agent_id) for agent_id in in_order}
    return rows[command.agent_id], rows[to_agent_id]


async def _fail(session: AsyncSession, command: AnyRow, reason: str) -> None:
    failed = {
        "state": CommandState.FAILED,
        "reason": reason,
        "ended_at": sa.func.clock_timestamp(),
    }
    await session.execute(_SET.values(**failed), {"of_command": command.command_id})
    await tell(session, Topic.AGENT, command.agent_id)
