"""A whole installation at work over the emulated carrier: `ownerline serve`, and nothing else."""

import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dialer.model import TelephonyResult
from tests.integration.services.running import until
from tests.twilio.installation import Installation, Terms, installation
from tests.twilio.kit.api import Emulator
from tests.twilio.kit.owners import LEAVES, LISTENS, MACHINE, Owner, Reaction, nobody, presses
from tests.twilio.kit.talk import Pace

PEOPLE: dict[str, tuple[Owner, TelephonyResult]] = {
    "presses": (presses("1"), TelephonyResult.ANSWERED),
    "listens": (LISTENS, TelephonyResult.ANSWERED),
    "leaves": (LEAVES, TelephonyResult.ANSWERED),
    "machine": (MACHINE, TelephonyResult.MACHINE),
    "busy": (nobody(Reaction.BUSY), TelephonyResult.BUSY),
    "rejects": (nobody(Reaction.REJECTS), TelephonyResult.REJECTED),
    "switched off": (nobody(Reaction.SWITCHED_OFF), TelephonyResult.NO_ANSWER),
    "dead": (nobody(Reaction.DEAD), TelephonyResult.INVALID_NUMBER),
    "congested": (nobody(Reaction.CONGESTED), TelephonyResult.CONGESTION),
}
NUMBERS = {name: f"+86138001380{n:02}" for n, name in enumerate(PEOPLE, 10)}


@pytest.fixture(params=["sync", "async"])
async def ownerline(
    request: pytest.FixtureRequest, twilio: Emulator, tmp_path: Path, database_url: str
) -> AsyncIterator[Installation]:
    terms = Terms(detects=request.param)
    async with installation(twilio, tmp_path, database_url, terms) as ready:
        yield ready


async def test_a_day_by_serve_alone_rings_everybody_once_and_keeps_every_outcome(
    twilio: Emulator, ownerline: Installation
) -> None:
    for name, (owner, _) in PEOPLE.items():
        twilio.carrier.owners[NUMBERS[name]] = owner
    await ownerline.due(list(NUMBERS.values()))
    async with ownerline.process("serve", "--port", "0"):
        await until(lambda: ownerline.is_settled(len(PEOPLE)))
        await twilio.carrier.until_idle()
    results = {number: result for number, _, result in await ownerline.attempts()}
    said = twilio.carrier.of(NUMBERS["machine"])[0].heard
    assert said, "a machine is left a message"
    assert results == {NUMBERS[name]: result for name, (_, result) in PEOPLE.items()}
    assert Counter(ring.number for ring in twilio.carrier.rings) == Counter(NUMBERS.values())
    assert [ring for ring in twilio.carrier.rings if ring.beside is not None] == []
    assert twilio.carrier.complaints == []


async def test_a_talk_that_is_up_comes_to_its_end_when_serve_is_told_to_end(
    twilio: Emulator, ownerline: Installation
) -> None:
    number = NUMBERS["presses"]
    twilio.carrier.owners[number] = presses("1")
    twilio.carrier.pace = Pace(sentence_s=0.3)
    await ownerline.due([number])

    async def is_talking() -> bool:
        return any(leg.heard for leg in twilio.carrier.of(number))

    async with ownerline.process("serve", "--port", "0") as serve:
        await until(is_talking)
        assert await serve.end(signal.SIGINT) == 0
    assert twilio.carrier.complaints == []
    ((_, state, result),) = await ownerline.attempts()
    assert (state.value, result) == ("ended", TelephonyResult.ANSWERED)
