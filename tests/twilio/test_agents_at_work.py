"""Agents of a whole installation on the emulated carrier: `ownerline serve`, phones and owners."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import sqlalchemy as sa

from core.phone import PhoneNumber
from customers.model import WrapUpCode
from dialer.agents import commands
from dialer.agents.model import AgentState, BreakReason, CommandKind
from dialer.agents.wrap_up import WrapUpForm, wrap_up
from dialer.bridges.floor import MonitorMode
from dialer.model import TelephonyResult
from dialer.tables import Attempt, AttemptDueCall
from tests.asterisk.at_work import AtWork
from tests.asterisk.home import CLOCK
from tests.integration.services.running import until
from tests.twilio.installation import Installation, Terms, installation
from tests.twilio.kit.api import Emulator
from tests.twilio.kit.owners import presses

OWNER = "+8613800139001"
OUTSIDE = PhoneNumber("+8613800139002")
LI, WU, BOSS = "client:li", "sip:102@phones.example.com", "client:boss"


@contextlib.asynccontextmanager
async def _at_work(
    twilio: Emulator, folder: Path, database_url: str, *, by_agents: bool = True
) -> AsyncIterator[tuple[Installation, AtWork]]:
    terms = Terms(by_agents=by_agents)
    async with installation(twilio, folder, database_url, terms) as place:
        agents = AtWork(settings=place.settings, runtime=place.home.runtime)
        agents.community_id = place.home.community_id
        yield place, agents


async def test_agents_hold_hand_over_and_are_listened_to(
    twilio: Emulator, tmp_path: Path, database_url: str
) -> None:
    carrier = twilio.carrier
    async with _at_work(twilio, tmp_path, database_url) as (place, agents):
        await agents.agent("Li", LI)
        async with place.process("serve", "--port", "0"):
            await agents.until_agents(AgentState.READY)
            await place.due([OWNER])
            await agents.until_agents(AgentState.ON_CALL)
            await agents.agent("Wu", WU)
            await agents.until_agents(AgentState.ON_CALL, AgentState.READY)
            await agents.do(lambda s, by: commands.ask_simply(s, by, CommandKind.HOLD))
            await agents.do(lambda s, by: commands.ask_simply(s, by, CommandKind.BACK))
            await agents.do(lambda s, by: commands.ask_to_hand_over(s, by, 2))
            await agents.until_agents(AgentState.READY, AgentState.ON_CALL)
            listen = MonitorMode.LISTEN
            await agents.do(lambda s, by: commands.ask_to_monitor(s, by, BOSS, listen), of=2)
            await until(lambda: _are_up(twilio, OWNER, BOSS, LI, WU))
            carrier.up(OWNER).hang_up(by_us=False)
            await agents.until_agents(AgentState.READY, AgentState.WRAP_UP)
    assert [each.number for each in carrier.rings] == [LI, OWNER, WU, BOSS]
    assert carrier.complaints == []


async def test_an_agent_who_hangs_up_in_a_talk_leaves_it_to_a_colleague(
    twilio: Emulator, tmp_path: Path, database_url: str
) -> None:
    carrier = twilio.carrier
    async with _at_work(twilio, tmp_path, database_url) as (place, agents):
        await agents.agent("Li", LI)
        async with place.process("serve", "--port", "0"):
            await agents.until_agents(AgentState.READY)
            await place.due([OWNER])
            await agents.until_agents(AgentState.ON_CALL)
            await agents.agent("Wu", WU)
            await agents.until_agents(AgentState.ON_CALL, AgentState.READY)
            owner = carrier.up(OWNER)
            carrier.up(LI).hang_up(by_us=False)
            li, _ = await agents.until_agents(AgentState.BREAK, AgentState.ON_CALL)
            assert (li.break_reason, owner.is_over) == (BreakReason.PHONE, False)
            carrier.up(WU).hang_up(by_us=False)
            await carrier.until(owner, "completed")  # with an apology: nobody is left
            await agents.until_agents(AgentState.BREAK, AgentState.WRAP_UP, seated=False)
    assert "抱歉" in owner.heard[-1]
    assert len(carrier.of(OWNER)) == 1


async def test_who_passes_an_owner_on_writes_it_down_while_the_two_speak(
    twilio: Emulator, tmp_path: Path, database_url: str
) -> None:
    carrier = twilio.carrier
    async with _at_work(twilio, tmp_path, database_url) as (place, agents):
        await agents.agent("Li", LI)
        desk = agents.desk()
        async with place.process("serve", "--port", "0"):
            await agents.until_agents(AgentState.READY)
            await place.due([OWNER])
            await agents.until_agents(AgentState.ON_CALL)
            await agents.do(lambda s, by: commands.ask_to_pass_on(s, by, OUTSIDE, desk=desk))
            await agents.until_agents(AgentState.WRAP_UP)
            await until(lambda: _are_up(twilio, OUTSIDE.e164, OWNER, LI))
            (served,) = await agents.rows(
                sa.select(AttemptDueCall.attempt_id, AttemptDueCall.due_call_id)
            )
            form = WrapUpForm(due_call_id=served.due_call_id, code=WrapUpCode.SATISFIED)
            async with place.home.runtime.sessions.begin() as session:
                await wrap_up(session, 1, served.attempt_id, [form], desk=desk, now=CLOCK.now())
            await agents.until_agents(AgentState.READY)
            carrier.up(OUTSIDE.e164).hang_up(by_us=False)
            await agents.until_ended()
        (attempt,) = await agents.rows(sa.select(Attempt.telephony_result))
    assert attempt.telephony_result is TelephonyResult.ANSWERED
    assert len(carrier.of(OWNER)) == 1


async def test_an_owner_who_asks_the_script_for_a_person_is_put_through(
    twilio: Emulator, tmp_path: Path, database_url: str
) -> None:
    twilio.carrier.owners[OWNER] = presses("0")
    async with _at_work(twilio, tmp_path, database_url, by_agents=False) as (place, agents):
        await agents.agent("Li", LI)
        async with place.process("serve", "--port", "0"):
            await agents.until_agents(AgentState.READY)
            await place.due([OWNER])
            await agents.until_agents(AgentState.ON_CALL)
            await until(lambda: _is_met(agents))
            twilio.carrier.up(OWNER).hang_up(by_us=False)
            await agents.until_agents(AgentState.WRAP_UP)
        (attempt,) = await agents.rows(sa.select(Attempt.agent_id))
    assert attempt.agent_id == 1


async def _are_up(twilio: Emulator, *who: str) -> bool:
    live = twilio.carrier.live()
    return {each.to for each in live if each.status == "in-progress"} == set(who)


async def _is_met(agents: AtWork) -> bool:
    return bool(await agents.rows(sa.select(1).where(Attempt.met_at.is_not(None))))
