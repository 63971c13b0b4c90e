"""`ownerline serve` over the emulated carrier: calls are recorded, and who rings leaves a word."""

from pathlib import Path

import sqlalchemy as sa

from core.columns import AnyRow, table_of
from dialer.bridges.twilio.addresses import Addresses
from dialer.inbound.model import InboundResult
from dialer.inbound.tables import InboundRow
from recordings.model import RecordingKind, RecordingState
from recordings.tables import Recording
from tests.integration.services.running import until
from tests.twilio.installation import PUBLIC_URL, Installation, installation
from tests.twilio.kit.account import OurNumber
from tests.twilio.kit.api import Emulator
from tests.twilio.kit.carrier import OUR_NUMBER
from tests.twilio.kit.owners import Presses, Speaks, answers_with, presses

OWNER, STRANGER = "+8613800138010", "+8613955550001"
RECORDED = "\n[recording]\nscripted_calls = true\n"


async def recordings(ownerline: Installation) -> list[AnyRow]:
    """Return every recording on file."""
    async with ownerline.home.runtime.sessions() as session:
        return list((await session.execute(sa.select(table_of(Recording)))).all())


async def test_what_is_said_lies_in_our_store_and_no_longer_at_twilio(
    twilio: Emulator, tmp_path: Path, database_url: str
) -> None:
    addresses = Addresses(public_url=PUBLIC_URL)
    twilio.carrier.numbers[:] = [
        OurNumber(
            e164=OUR_NUMBER,
            voice_url=addresses.came_in(),
            voice_fallback_url=addresses.came_in(),
            status_callback=addresses.came_in_status(),
        )
    ]
    twilio.carrier.owners[OWNER] = presses("1")
    async with installation(twilio, tmp_path, database_url) as ownerline:
        with (tmp_path / "ownerline.toml").open("a") as file:
            file.write(RECORDED)
        async with ownerline.process("serve", "--port", "0"):
            await ownerline.due([OWNER])  # now that its door is known to the carrier
            says_a_word = answers_with(Presses(keys="3"), Speaks(seconds=2.0))
            await twilio.carrier.ring_us(STRANGER, owner=says_a_word)
            await until(lambda: ownerline.is_settled(1))
            await twilio.carrier.until_idle()

            await until(lambda: _are_stored(ownerline))
            await until(lambda: _are_deleted(twilio))
            # Before the end: whoever is rung back just then finds nobody at home.
            complaints = [*twilio.carrier.complaints]
        found = await recordings(ownerline)
        async with ownerline.home.runtime.sessions() as session:
            rang = await session.scalar(sa.select(InboundRow))
    call = next(row for row in found if row.kind is RecordingKind.CALL)
    (word,) = [row for row in found if row.kind is RecordingKind.ANSWER]
    assert (call.channels, word.channels) == (2, 1)
    assert rang is not None
    assert (rang.result, rang.message) == (InboundResult.WORD, str(word.recording_id))
    assert complaints == []


async def _are_stored(ownerline: Installation) -> bool:
    """Say whether a call and a word are; the stranger may have been rung back by now."""
    found = await recordings(ownerline)
    return {row.kind for row in found} == set(RecordingKind) and all(
        row.state is RecordingState.STORED for row in found
    )


async def _are_deleted(twilio: Emulator) -> bool:
    return all(each.is_deleted for each in twilio.carrier.tapes.all.values())
