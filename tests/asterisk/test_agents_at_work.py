"""Agents of a whole installation on a real Asterisk: phones, rooms, commands, a dialer killed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml

from core.phone import PhoneNumber
from customers.model import WrapUpCode
from dialer.agents import commands, service
from dialer.agents.model import AgentState, BreakReason, CommandKind
from dialer.agents.wrap_up import WrapUpForm, wrap_up
from dialer.bridges.floor import MonitorMode
from dialer.model import TelephonyResult
from dialer.tables import Attempt, AttemptDueCall
from ownerline.runtime import open_runtime
from tests.asterisk.at_work import AtWork
from tests.asterisk.home import CLOCK, dialer_process, until_owned_anew
from tests.asterisk.kit.pair import Pair
from tests.asterisk.kit.phones import Does, Phones
from tests.asterisk.kit.sounds import speech, write_wav

pytestmark = [pytest.mark.asterisk, pytest.mark.integration]

OWNER = PhoneNumber("+8613800139001")
OUTSIDE = PhoneNumber("+8613800139002")
_CAMPAIGNS = Path(__file__).parents[2] / "callback/campaigns.yaml"
_A, _B, _SUPERVISOR = "agent-1", "agent-2", "agent-8"


@contextlib.asynccontextmanager
async def _at_work(
    pair: Pair, database_url: str, folder: Path, *, by_agents: bool
) -> AsyncIterator[AtWork]:
    for rate in (8000, 16000):
        write_wav(folder / f"word-{rate}.wav", speech(1.0), rate=rate)
    campaigns = yaml.safe_load(_CAMPAIGNS.read_text())
    if by_agents:
        campaigns["repair"] |= {"mode": "agent", "dialling": "progressive"}
    (folder / "campaigns.yaml").write_text(yaml.safe_dump(campaigns))
    command = ("/bin/cp", str(folder / "word-{rate}.wav"), "{output}")
    settings = pair.settings(
        home=folder,
        database_url=database_url,
        test_numbers=("+8613800138*", "+8613800139*"),
        packs=("rehearsal",),
        speech={"engine": "command", "command": command},
        campaigns_file=folder / "campaigns.yaml",
        recording={"agent_calls": False},
    )
    async with open_runtime(settings) as runtime:
        home = AtWork(settings=settings, runtime=runtime)
        await home.open()
        yield home


@pytest.fixture
async def home(pair: Pair, database_url: str, tmp_path: Path) -> AsyncIterator[AtWork]:
    async with _at_work(pair, database_url, tmp_path, by_agents=True) as home:
        yield home


async def _owner_is_due(home: AtWork, phones: Phones, does: Does = Does.SILENT) -> None:
    await phones.behave(OWNER, does)
    await home.repaired_for(OWNER.e164)
    await home.build()


async def test_agents_hold_hand_over_and_are_listened_to(home: AtWork, phones: Phones) -> None:
    for phone in (_A, _B, _SUPERVISOR):
        await phones.behave(phone, Does.SILENT)
    await home.agent("Li", f"PJSIP/{_A}")
    async with dialer_process(home.settings):
        await home.until_agents(AgentState.READY)
        await _owner_is_due(home, phones)
        await phones.until_up(OWNER, within_s=60)
        await home.agent("Wu", f"PJSIP/{_B}")
        await home.until_agents(AgentState.ON_CALL, AgentState.READY)
        await home.do(lambda s, by: commands.ask_simply(s, by, CommandKind.HOLD))
        await home.do(lambda s, by: commands.ask_simply(s, by, CommandKind.BACK))
        await home.do(lambda s, by: commands.ask_to_hand_over(s, by, 2))
        await home.until_agents(AgentState.READY, AgentState.ON_CALL)
        endpoint, mode = f"PJSIP/{_SUPERVISOR}", MonitorMode.LISTEN
        await home.do(lambda s, by: commands.ask_to_monitor(s, by, endpoint, mode), of=2)
        await phones.until_up(_SUPERVISOR)
        await phones.hang_up(_SUPERVISOR)
        await phones.hang_up(OWNER)
        await home.until_agents(AgentState.READY, AgentState.WRAP_UP)
    assert phones.rings(OWNER) == phones.rings(_A) == phones.rings(_B) == 1


async def test_an_agent_who_hangs_up_in_a_talk_leaves_it_to_a_colleague(
    home: AtWork, phones: Phones
) -> None:
    for phone in (_A, _B):
        await phones.behave(phone, Does.SILENT)
    await home.agent("Li", f"PJSIP/{_A}")
    async with dialer_process(home.settings):
        await home.until_agents(AgentState.READY)
        await _owner_is_due(home, phones)
        await phones.until_up(OWNER, within_s=60)
        await home.agent("Wu", f"PJSIP/{_B}")
        await home.until_agents(AgentState.ON_CALL, AgentState.READY)
        await phones.hang_up(_A)
        li, _ = await home.until_agents(AgentState.BREAK, AgentState.ON_CALL)
        assert li.break_reason is BreakReason.PHONE
        assert not phones.legs(OWNER)[-1].is_over
        await phones.hang_up(_B)
        await phones.until_over(OWNER)  # with an apology: nobody is left
        await home.until_agents(AgentState.BREAK, AgentState.WRAP_UP, seated=False)
    assert phones.rings(OWNER) == 1


async def test_an_agent_whose_screen_is_dark_speaks_on_and_ends_the_talk_by_their_phone(
    home: AtWork, phones: Phones
) -> None:
    await phones.behave(_A, Does.SILENT)
    agent = await home.agent("Li", f"PJSIP/{_A}")
    async with dialer_process(home.settings):
        await home.until_agents(AgentState.READY)
        await _owner_is_due(home, phones)
        await phones.until_up(OWNER, within_s=60)
        await home.until_agents(AgentState.ON_CALL)
        async with home.runtime.sessions.begin() as session:
            await service.beat(session, agent, at=CLOCK.now() - timedelta(minutes=5))
        # Commands are carried out in the look that sweeps: it was swept between the two.
        await home.do(lambda s, by: commands.ask_simply(s, by, CommandKind.HOLD))
        await home.do(lambda s, by: commands.ask_simply(s, by, CommandKind.BACK))
        await home.until_agents(AgentState.ON_CALL)
        assert not phones.legs(OWNER)[-1].is_over
        async with home.runtime.sessions.begin() as session:
            await service.beat(session, agent, at=CLOCK.now().replace(year=2100))
        await phones.hang_up(_A)
        await phones.until_over(OWNER)
        await home.until_agents(AgentState.WRAP_UP, seated=False)
    assert phones.rings(OWNER) == 1


async def test_who_passes_an_owner_on_writes_it_down_while_the_two_speak(
    home: AtWork, phones: Phones
) -> None:
    for phone in (_A, OUTSIDE):
        await phones.behave(phone, Does.SILENT)
    await home.agent("Li", f"PJSIP/{_A}")
    desk = home.desk()
    async with dialer_process(home.settings):
        await home.until_agents(AgentState.READY)
        await _owner_is_due(home, phones)
        await phones.until_up(OWNER, within_s=60)
        await home.until_agents(AgentState.ON_CALL)
        await home.do(lambda s, by: commands.ask_to_pass_on(s, by, OUTSIDE, desk=desk))
        await home.until_agents(AgentState.WRAP_UP)
        await phones.until_up(OUTSIDE)
        (served,) = await home.rows(
            sa.select(AttemptDueCall.attempt_id, AttemptDueCall.due_call_id)
        )
        form = WrapUpForm(due_call_id=served.due_call_id, code=WrapUpCode.SATISFIED)
        async with home.runtime.sessions.begin() as session:
            await wrap_up(session, 1, served.attempt_id, [form], desk=desk, now=CLOCK.now())
        await home.until_agents(AgentState.READY)
        assert not phones.legs(OWNER)[-1].is_over
        await phones.hang_up(OUTSIDE)
        await phones.until_over(OWNER)
        await home.until_ended()
        await home.until_agents(AgentState.READY)
    (attempt,) = await home.rows(sa.select(Attempt.telephony_result))
    (outcome,) = await home.rows(sa.select(AttemptDueCall.wrap_up_code))
    assert attempt.telephony_result is TelephonyResult.ANSWERED
    assert outcome.wrap_up_code is WrapUpCode.SATISFIED
    assert phones.rings(OWNER) == 1


async def test_a_dialer_that_is_killed_leaves_agents_in_their_rooms_for_the_next(
    home: AtWork, phones: Phones
) -> None:
    await phones.behave(_A, Does.SILENT)
    await home.agent("Li", f"PJSIP/{_A}")
    async with dialer_process(home.settings) as killed:
        await home.until_agents(AgentState.READY)
        await _owner_is_due(home, phones)
        await phones.until_up(OWNER, within_s=60)
        await home.until_agents(AgentState.ON_CALL)
        killed.kill()
        await killed.wait()
    async with dialer_process(home.settings):
        await until_owned_anew(home.runtime)
        await home.do(lambda s, by: commands.ask_simply(s, by, CommandKind.HOLD))
        await phones.hang_up(OWNER)
        await home.until_agents(AgentState.WRAP_UP)
    assert (phones.rings(OWNER), phones.rings(_A)) == (1, 1)
    assert not phones.legs(_A)[-1].is_over


async def test_an_owner_who_asks_the_script_for_a_person_is_put_through(
    pair: Pair, phones: Phones, database_url: str, tmp_path: Path
) -> None:
    await phones.behave(_A, Does.SILENT)
    async with _at_work(pair, database_url, tmp_path, by_agents=False) as home:
        await home.agent("Li", f"PJSIP/{_A}")
        async with dialer_process(home.settings):
            await home.until_agents(AgentState.READY)
            await _owner_is_due(home, phones, Does.ANSWERS)
            await home.until_talking()
            await asyncio.sleep(0.5)  # into the greeting
            await phones.press(OWNER, "0")
            await home.until_agents(AgentState.ON_CALL)
            await asyncio.sleep(2)  # the last sentence, and they are in the room
            assert not phones.legs(OWNER)[-1].is_over
            await phones.hang_up(OWNER)
            await home.until_agents(AgentState.WRAP_UP)
        (attempt,) = await home.rows(sa.select(Attempt.agent_id, Attempt.met_at))
        assert attempt.agent_id == 1
        assert attempt.met_at is not None
