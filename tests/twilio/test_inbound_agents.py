"""Callers who want a person, over the emulated carrier: `ownerline serve` and an agent's phone."""

from pathlib import Path

import sqlalchemy as sa

from dialer.agents.model import AgentState
from dialer.bridges.twilio.addresses import Addresses
from dialer.inbound.model import InboundResult
from dialer.inbound.tables import InboundRow
from tests.asterisk.at_work import AtWork
from tests.integration.services.running import until
from tests.twilio.installation import PUBLIC_URL, installation
from tests.twilio.kit.account import OurNumber
from tests.twilio.kit.api import Emulator
from tests.twilio.kit.carrier import OUR_NUMBER
from tests.twilio.kit.owners import Presses, answers_with

LI = "client:li"
FIRST, SECOND = "+8613955550001", "+8613955550002"
WANTS_A_PERSON = answers_with(Presses(keys="1"))


async def test_who_wants_a_person_has_one_until_either_hangs_up(
    twilio: Emulator, tmp_path: Path, database_url: str
) -> None:
    carrier, addresses = twilio.carrier, Addresses(public_url=PUBLIC_URL)
    carrier.numbers[:] = [
        OurNumber(
            e164=OUR_NUMBER,
            voice_url=addresses.came_in(),
            voice_fallback_url=addresses.came_in(),
            status_callback=addresses.came_in_status(),
        )
    ]
    async with installation(twilio, tmp_path, database_url) as place:
        agents = AtWork(settings=place.settings, runtime=place.home.runtime)
        await agents.agent("Li", LI)

        async def results() -> list[InboundResult | None]:
            rows = await agents.rows(sa.select(InboundRow.result).order_by(InboundRow.at))
            return [row.result for row in rows]

        async def has_both(caller: str) -> bool:
            return _together(twilio) == {LI, caller}

        async with place.process("serve", "--port", "0"):
            await agents.until_agents(AgentState.READY)
            await carrier.ring_us(FIRST, owner=WANTS_A_PERSON)
            await until(lambda: has_both(FIRST))
            carrier.up(FIRST).hang_up(by_us=False)
            await agents.until_agents(AgentState.READY)

            second = await carrier.ring_us(SECOND, owner=WANTS_A_PERSON)
            await until(lambda: has_both(SECOND))
            carrier.up(LI).hang_up(by_us=False)
            await carrier.until(second, "completed")  # nobody is left alone with music

            async def are_ended() -> bool:
                return await results() == [InboundResult.PUT_THROUGH] * 2

            await until(are_ended)
    assert carrier.tapes.all == {}
    assert carrier.complaints == []


def _together(twilio: Emulator) -> set[str]:
    """Return who is in the one room that is going on."""
    rooms = [each for each in twilio.carrier.rooms.all if each.status == "in-progress"]
    return {
        member.leg.from_ if member.leg.direction == "inbound" else member.leg.to
        for room in rooms
        for member in room.members.values()
    }
