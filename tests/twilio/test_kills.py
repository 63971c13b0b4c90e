"""Processes killed at the worst moments: talks go on in others, and no call is lost or doubled."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from dialer.model import TelephonyResult
from dialer.tables import Attempt, AttemptDueCall
from tests.asterisk.home import until_owned_anew
from tests.integration.services.running import Running, until
from tests.twilio.installation import Installation, installation
from tests.twilio.kit.api import Emulator
from tests.twilio.kit.faults import Fault
from tests.twilio.kit.owners import Act, Owner, Presses, Prompt, Reaction, nobody

NUMBERS = [f"+86138001370{n:02}" for n in range(8)]
PHONE = NUMBERS[0]


@pytest.fixture
async def ownerline(
    twilio: Emulator, tmp_path: Path, database_url: str
) -> AsyncIterator[Installation]:
    async with installation(twilio, tmp_path, database_url) as ready:
        yield ready


def kills(process: Running, *, at: int, after_s: float) -> Callable[[Prompt], Act]:
    """Return an owner's acts: they press 1, and a process dies a moment after one of the keys."""

    def act(prompt: Prompt) -> Act:
        if prompt.number == at and process.process.returncode is None:
            asyncio.get_running_loop().call_later(after_s, process.process.kill)
        return Presses(keys="1")

    return act


async def talks_of(ownerline: Installation) -> Counter[tuple[object, ...]]:
    """Return what came of the talks: result, code and outcome, and how often."""
    async with ownerline.home.runtime.sessions() as session:
        rows = await session.execute(
            sa.select(
                Attempt.telephony_result, AttemptDueCall.wrap_up_code, AttemptDueCall.outcome
            ).join_from(Attempt, AttemptDueCall)
        )
        return Counter((row[0], row[1], str(sorted((row[2] or {}).items()))) for row in rows)


async def test_a_web_process_that_is_killed_within_steps_is_followed_by_another(
    twilio: Emulator, ownerline: Installation
) -> None:
    await ownerline.due(NUMBERS)
    async with (
        ownerline.process("api", "--port", "0") as killed,
        ownerline.process("api", "--port", "0"),
        ownerline.process("dialer"),
    ):
        for n, number in enumerate(NUMBERS):
            acts = kills(killed, at=n % 3, after_s=n * 0.01)
            twilio.carrier.owners[number] = Owner(acts=acts)
        await until(lambda: ownerline.is_settled(len(NUMBERS)))
        await twilio.carrier.until_idle()
        assert killed.process.returncode == -signal.SIGKILL
    legs = [twilio.carrier.of(number)[0] for number in NUMBERS]
    assert Counter(ring.number for ring in twilio.carrier.rings) == Counter(NUMBERS)
    ends = {(leg.heard[-1] if leg.heard else "", leg.prompts) for leg in legs}
    assert len(ends) == 1, twilio.carrier.complaints
    (talk,) = await talks_of(ownerline)
    assert talk[0] is TelephonyResult.ANSWERED


async def test_a_dialer_killed_before_it_hears_that_a_call_was_created_leaves_it_to_the_next(
    twilio: Emulator, ownerline: Installation
) -> None:
    carrier = twilio.carrier
    carrier.faults.next_creating.append(Fault.LATE)
    carrier.owners[PHONE] = nobody(Reaction.BUSY)
    await ownerline.due([PHONE])
    async with ownerline.process("api", "--port", "0"):
        async with ownerline.process("dialer") as killed:
            await until(lambda: _is_rung(twilio))
            await killed.end(signal.SIGKILL)
        async with ownerline.process("dialer"):
            await until(lambda: ownerline.is_settled(1))
    assert [result for _, _, result in await ownerline.attempts()] == [TelephonyResult.BUSY]
    assert len(twilio.created()) == len(carrier.rings) == 1


async def test_a_dialer_killed_during_a_talk_leaves_it_to_the_next_and_the_talk_goes_on(
    twilio: Emulator, ownerline: Installation
) -> None:
    carrier = twilio.carrier
    await ownerline.due([PHONE])
    async with ownerline.process("api", "--port", "0"):
        async with ownerline.process("dialer") as killed:
            carrier.owners[PHONE] = Owner(acts=kills(killed, at=0, after_s=0.0))
            await until(lambda: _is_rung(twilio))
            await killed.process.wait()
        await carrier.until_idle()
        async with ownerline.process("dialer"):
            await until(lambda: ownerline.is_settled(1))
    (talk,) = await talks_of(ownerline)
    assert talk[0] is TelephonyResult.ANSWERED
    assert talk[1] is not None, "what was said is in the customer file"
    assert len(twilio.created()) == len(carrier.rings) == 1


async def test_a_dialer_killed_while_a_phone_rings_leaves_it_to_the_next(
    twilio: Emulator, ownerline: Installation
) -> None:
    carrier = twilio.carrier
    carrier.owners[PHONE] = Owner(reaction=Reaction.RINGS_OUT)
    await ownerline.due([PHONE])
    async with ownerline.process("api", "--port", "0"):
        async with ownerline.process("dialer") as killed:
            await until(lambda: _is_rung(twilio))
            await killed.end(signal.SIGKILL)
        async with ownerline.process("dialer"):
            await until_owned_anew(ownerline.home.runtime)
            carrier.up(PHONE).hang_up(by_us=False)
            await until(lambda: ownerline.is_settled(1))
    assert len(twilio.created()) == len(carrier.rings) == 1


async def _is_rung(twilio: Emulator) -> bool:
    return bool(twilio.carrier.rings)
