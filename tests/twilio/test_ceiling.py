"""A day's money by `ownerline serve` alone: so many are rung as it lasts for, no more."""

from pathlib import Path

from customers.model import Language
from dialer.model import TelephonyResult
from ownerline.explaining import explain
from tests.integration.services.running import until
from tests.twilio.installation import Terms, installation
from tests.twilio.kit.api import Emulator
from tests.twilio.kit.owners import LISTENS

_OWNERS = 5
_CEILING = 'ceiling_a_day = "0.25"\nprice_a_minute = "0.10"'
_LASTS_FOR = 2


async def test_nobody_is_rung_beyond_the_ceiling_and_explain_says_why(
    twilio: Emulator, tmp_path: Path, database_url: str
) -> None:
    numbers = [f"+86138001380{number}" for number in range(10, 10 + _OWNERS)]
    twilio.carrier.anybody = LISTENS
    async with installation(twilio, tmp_path, database_url, Terms(more=_CEILING)) as ownerline:
        await ownerline.due(numbers)
        async with ownerline.process("serve", "--port", "0") as serving:
            await until(lambda: ownerline.is_settled(_LASTS_FOR))

            async def is_told() -> bool:
                return serving.said("ceiling_reached")

            await until(is_told)
            await twilio.carrier.until_idle()
        assert len(twilio.created()) == len(twilio.carrier.rings) == _LASTS_FOR
        results = [result for _, _, result in await ownerline.attempts()]
        assert results.count(TelephonyResult.ANSWERED) == _LASTS_FOR
        rung = {ring.number for ring in twilio.carrier.rings}
        waits = next(number for number in numbers if number not in rung)
        story = await explain(
            ownerline.home.runtime,
            query=waits,
            community=None,
            day=None,
            language=Language.ENGLISH,
            actor="test",
        )
    told = story["persons"][0]["due_calls"][0]["events"]
    assert "what may be spent on calls today is spent (0.20 of 0.25)" in told[-1]["sentence"]
