"""What breaks under a whole installation: no second ring, no lost outcome, nothing left live."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from callback.model import DueCallState
from callback.tables import DueCall
from core.phone import PhoneNumber
from dialer.agents.model import AgentState
from dialer.agents.service import add_agent, beat, roster, sign_in
from dialer.model import AttemptState, TelephonyResult
from dialer.tables import Attempt, AttemptDueCall
from ownerline.drain import drain
from ownerline.runtime import open_runtime
from ownerline.switches import Turn, turn_installation
from tests.asterisk.home import CLOCK, Home, dialer_process
from tests.asterisk.kit.pair import Pair
from tests.asterisk.kit.phones import Does, Phones
from tests.asterisk.kit.relay import Relay, relay_to
from tests.asterisk.kit.sounds import speech, write_wav

pytestmark = [pytest.mark.asterisk, pytest.mark.integration]

_MANY = 100
_CAMPAIGNS = Path(__file__).parents[2] / "callback/campaigns.yaml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """How the one attempt at an owner stands on file."""

    result: TelephonyResult | None
    is_over: bool
    is_settled: bool  # its due call has an outcome of it
    due_call: DueCallState


@pytest.fixture
def installation(database_url: str, tmp_path: Path) -> dict[str, Any]:
    """Settings of a house that talks slowly enough for things to break meanwhile."""
    for rate in (8000, 16000):
        write_wav(tmp_path / f"word-{rate}.wav", speech(4.0), rate=rate)
    command = ("/bin/cp", str(tmp_path / "word-{rate}.wav"), "{output}")
    return {
        "home": tmp_path,
        "database_url": database_url,
        "test_numbers": ("+8613800138*", "+8613800139*"),
        "packs": ("rehearsal",),
        "speech": {"engine": "command", "command": command},
    }


@pytest.fixture
async def home(pair: Pair, installation: dict[str, Any]) -> AsyncIterator[Home]:
    settings = pair.settings(**installation)
    async with open_runtime(settings) as runtime:
        home = Home(settings=settings, runtime=runtime)
        await home.open()
        yield home


@pytest.mark.crowded
async def test_stop_ends_a_hundred_calls_and_none_is_rung_again(home: Home, phones: Phones) -> None:
    numbers = await _owners(home, phones, ringing=_MANY // 2, talking=_MANY // 2)
    async with dialer_process(home.settings):
        await phones.until(
            lambda: sum(not leg.is_over for leg in phones.every_leg()) == _MANY,
            what="all calls are up",
            within_s=60,
        )
        await _until_met(home, _MANY // 2)
        await turn_installation(home.runtime, Turn.STOP)
        await phones.until_idle(within_s=3)
        await _until_settled(home, numbers)
        settled = await _settled(home, numbers)
    assert Counter(each.result for each in settled) == {
        TelephonyResult.CANCELLED: _MANY // 2,
        TelephonyResult.ANSWERED: _MANY // 2,
    }
    assert all(each.due_call is DueCallState.WAITING for each in settled)
    assert phones.rung() == {number.digits: 1 for number in numbers}


async def test_an_asterisk_killed_with_calls_up_loses_no_outcome(
    home: Home, pair: Pair, phones: Phones
) -> None:
    numbers = await _owners(home, phones, ringing=3, talking=3)
    draining = asyncio.create_task(drain(home.settings, at=None, seed=1))
    await _until_all_are_on(phones, numbers)
    pair.dialer.kill()
    pair.dialer.start()
    async with asyncio.timeout(60):
        await draining
    settled = await _settled(home, numbers)
    assert all(each.is_over and each.is_settled for each in settled)
    assert Counter(each.result for each in settled) == {
        TelephonyResult.LOST: 3,
        TelephonyResult.ANSWERED: 3,  # that much is known of who was in talk
    }
    assert phones.rung() == {number.digits: 1 for number in numbers}


async def test_a_cut_network_is_a_gap_after_which_every_call_is_accounted_for(
    pair: Pair, installation: dict[str, Any], phones: Phones, unused_tcp_port: int
) -> None:
    async with relay_to(pair.dialer.ports.ami) as manager, relay_to(unused_tcp_port) as speech_:
        settings = pair.settings(
            pair.server(port=manager.port),
            asterisk={
                "agi_listen": f"127.0.0.1:{unused_tcp_port}",
                "agi_advertise": f"127.0.0.1:{speech_.port}",
            },
            **installation,
        )
        async with open_runtime(settings) as runtime:
            home = Home(settings=settings, runtime=runtime)
            await home.open()
            numbers = await _owners(home, phones, ringing=2, talking=2)
            draining = asyncio.create_task(drain(settings, at=None, seed=1))
            await _until_all_are_on(phones, numbers)
            await _away(manager, speech_, phones, numbers)
            async with asyncio.timeout(60):
                await draining
            settled = await _settled(home, numbers)
    assert all(each.is_over and each.is_settled for each in settled)
    assert phones.rung() == {number.digits: 1 for number in numbers}


@pytest.mark.crowded
async def test_a_dialer_killed_in_talks_leaves_an_apology_and_every_call_to_the_next(
    home: Home, phones: Phones
) -> None:
    numbers = await _owners(home, phones, ringing=1, talking=2)
    async with dialer_process(home.settings) as killed:
        await _until_all_are_on(phones, numbers)
        killed.kill()
        await killed.wait()
    for number in numbers[1:]:
        await phones.until_over(number)  # the dialplan says sorry and hangs up
    assert not phones.legs(numbers[0])[0].is_over
    draining = asyncio.create_task(drain(home.settings, at=None, seed=1))
    await _until_settled(home, numbers[1:])
    await phones.hang_up(numbers[0], cause=17)
    async with asyncio.timeout(60):
        await draining
    settled = await _settled(home, numbers)
    assert all(each.is_over and each.is_settled for each in settled)
    assert settled[0].result is TelephonyResult.BUSY
    assert phones.rung() == {number.digits: 1 for number in numbers}


@pytest.mark.parametrize("broken", ["asterisk", "dialer"])
async def test_an_agent_in_a_call_that_breaks_is_free_again(
    pair: Pair, installation: dict[str, Any], phones: Phones, tmp_path: Path, broken: str
) -> None:
    campaigns = yaml.safe_load(_CAMPAIGNS.read_text())
    campaigns["repair"] |= {"mode": "agent", "dialling": "progressive"}
    (tmp_path / "campaigns.yaml").write_text(yaml.safe_dump(campaigns))
    settings = pair.settings(campaigns_file=tmp_path / "campaigns.yaml", **installation)
    async with open_runtime(settings) as runtime:
        home = Home(settings=settings, runtime=runtime)
        await home.open()
        async with runtime.sessions.begin() as session:
            agent = await add_agent(session, name="Li", endpoint="PJSIP/agent-1", now=CLOCK.now())
            await sign_in(session, agent, now=CLOCK.now())
            await beat(session, agent, at=CLOCK.now().replace(year=2100))  # a screen is there
        async with dialer_process(settings) as dialer:
            (number,) = await _owners(home, phones, ringing=0, talking=1)
            await phones.until_up(number, within_s=30)
            await _until_agent(home, AgentState.ON_CALL)
            if broken == "asterisk":
                pair.dialer.kill()
                pair.dialer.start()
                await _until_agent(home, AgentState.WRAP_UP)
            else:
                dialer.kill()
                await dialer.wait()
        if broken == "dialer":
            async with dialer_process(settings):
                await phones.hang_up(number)
                await _until_agent(home, AgentState.WRAP_UP)
        (settled,) = await _settled(home, [number])
    assert settled.is_over
    assert phones.rings(number) == 1


async def _until_agent(home: Home, state: AgentState) -> None:
    """Wait for the agent to stand so."""
    stands: AgentState | None = None
    try:
        async with asyncio.timeout(60):
            while stands is not state:
                stands = await _agent_state(home)
                await asyncio.sleep(0.1)
    except TimeoutError:
        pytest.fail(f"the agent is {stands}, not {state}")


async def _agent_state(home: Home) -> AgentState:
    async with home.runtime.sessions() as session:
        (agent,) = await roster(session)
        return AgentState(agent.state)


async def _away(*parts: Any) -> None:
    """Freeze both wires, let every owner hang up meanwhile, and mend them after a while."""
    manager, speech_, phones, numbers = parts
    wires: tuple[Relay, Relay] = (manager, speech_)
    for wire in wires:
        wire.freeze()
    for number in numbers:
        await phones.hang_up(number)
    await asyncio.sleep(12)  # longer than a silent connection is believed
    for wire in wires:
        wire.mend()


async def _owners(
    home: Home, phones: Phones, *, ringing: int, talking: int
) -> tuple[PhoneNumber, ...]:
    """Let so many owners be due a call; returns their phones, those that ring on first."""
    numbers = tuple(PhoneNumber(f"+86138001380{n:02d}") for n in range(ringing))
    numbers += tuple(PhoneNumber(f"+86138001390{n:02d}") for n in range(talking))
    for n, number in enumerate(numbers):
        await phones.behave(number, Does.RINGS if n < ringing else Does.SILENT)
        await home.repaired_for(number.e164)
    await home.build()
    return numbers


async def _until_all_are_on(phones: Phones, numbers: Sequence[PhoneNumber]) -> None:
    for number in numbers:
        await phones.until_rung(number, within_s=30)
    for number in numbers:
        if number.e164.startswith("+86138001390"):
            await phones.until_up(number, within_s=30)


async def _until_met(home: Home, calls: int) -> None:
    """Wait until the dialer knows that so many were picked up: a phone knows it first."""
    met = sa.select(sa.func.count()).where(Attempt.answered_at.is_not(None))
    async with asyncio.timeout(30), home.runtime.sessions() as session:
        while (await session.scalar(met) or 0) < calls:  # noqa: ASYNC110 - a database tells nobody
            await asyncio.sleep(0.1)


async def _until_settled(home: Home, numbers: Sequence[PhoneNumber]) -> None:
    async with asyncio.timeout(45):
        while not all(each.is_settled for each in await _settled(home, numbers)):  # noqa: ASYNC110 - a database tells nobody
            await asyncio.sleep(0.2)


async def _settled(home: Home, numbers: Sequence[PhoneNumber]) -> list[Settled]:
    """Return how the attempts at these phones stand; more than one at a phone is an error."""
    async with home.runtime.sessions() as session:
        rows = await session.execute(
            sa.select(
                Attempt.e164,
                Attempt.telephony_result,
                Attempt.state,
                AttemptDueCall.settled_at,
                DueCall.state.label("due_call"),
            )
            .join(AttemptDueCall, AttemptDueCall.attempt_id == Attempt.attempt_id)
            .join(DueCall, DueCall.due_call_id == AttemptDueCall.due_call_id)
        )
    found = [(row.e164, row) for row in rows]
    by_phone = dict(found)
    assert len(by_phone) == len(found), "somebody was tried twice"
    return [
        Settled(
            result=by_phone[number.e164].telephony_result,
            is_over=by_phone[number.e164].state is AttemptState.ENDED,
            is_settled=by_phone[number.e164].settled_at is not None,
            due_call=by_phone[number.e164].due_call,
        )
        for number in numbers
    ]
