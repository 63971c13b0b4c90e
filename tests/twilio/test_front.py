"""A dialer alone rings nobody: there is no web process that Twilio could ask what to say."""

from pathlib import Path

from tests.integration.services.running import until
from tests.twilio.installation import installation
from tests.twilio.kit.api import Emulator
from tests.twilio.kit.owners import LISTENS


async def test_owners_are_rung_as_soon_as_somebody_would_answer_twilio(
    twilio: Emulator, tmp_path: Path, database_url: str
) -> None:
    twilio.carrier.anybody = LISTENS
    async with installation(twilio, tmp_path, database_url) as ownerline:
        await ownerline.due(["+8613800138010"])
        async with ownerline.process("dialer") as dialer:

            async def found_nothing_to_do() -> bool:
                return dialer.said("nothing_dialled")

            await until(found_nothing_to_do)
            assert twilio.created() == []
            async with ownerline.process("api", "--port", "0"):
                await until(lambda: ownerline.is_settled(1))
                await twilio.carrier.until_idle()
    assert len(twilio.created()) == 1
