"""The storm: what Twilio says it may do, all at once, under a whole installation.

No telephone rings twice for one attempt, and what became of every ring is in the book.
"""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dialer.model import TelephonyResult
from tests.integration.services.running import until
from tests.twilio.installation import Installation, installation
from tests.twilio.kit.api import Emulator
from tests.twilio.kit.faults import Disorder, Fault
from tests.twilio.kit.owners import LEAVES, LISTENS, MACHINE, Reaction, nobody, presses

_KINDS = (
    (presses("1"), TelephonyResult.ANSWERED),
    (LISTENS, TelephonyResult.ANSWERED),
    (LEAVES, TelephonyResult.ANSWERED),
    (MACHINE, TelephonyResult.MACHINE),
    (nobody(Reaction.BUSY), TelephonyResult.BUSY),
    (nobody(Reaction.DEAD), TelephonyResult.INVALID_NUMBER),
)
_CREATED, _TOO_MANY, _BROKEN = 201, 429, 500
NUMBERS = [f"+86138001390{n:02}" for n in range(24)]


@pytest.fixture
async def ownerline(
    twilio: Emulator, tmp_path: Path, database_url: str
) -> AsyncIterator[Installation]:
    async with installation(twilio, tmp_path, database_url) as ready:
        yield ready


async def test_in_a_storm_everybody_is_rung_once_and_no_outcome_is_lost(
    twilio: Emulator, ownerline: Installation
) -> None:
    carrier = twilio.carrier
    carrier.postman.disorder = Disorder(seed=3, late=0.5, late_s=3.0, twice=0.5)
    carrier.faults.late_s = 3.0
    carrier.faults.of_creating = {
        Fault.TOO_MANY: 0.15,
        Fault.BROKEN: 0.1,
        Fault.BROKEN_AFTER: 0.1,
        Fault.LOST: 0.1,
        Fault.LATE: 0.1,
    }
    carrier.faults.of_asking = {Fault.TOO_MANY: 0.1, Fault.BROKEN: 0.1, Fault.LOST: 0.05}
    wanted = {}
    for n, number in enumerate(NUMBERS):
        carrier.owners[number], wanted[number] = _KINDS[n % len(_KINDS)]
    await ownerline.due(NUMBERS)

    async with (
        ownerline.process("api", "--port", "0"),
        ownerline.process("api", "--port", "0"),
        ownerline.process("dialer"),
    ):
        await until(lambda: ownerline.is_settled(len(NUMBERS)))
        await carrier.until_idle()
    assert set(Fault) - set(carrier.faults.met) == {Fault.CUT}
    asked = _asked(twilio)
    rung = {number for number in NUMBERS if any(map(_is_done, asked[number]))}
    assert Counter(ring.number for ring in carrier.rings) == Counter(rung)
    assert all(len([each for each in asked[number] if _is_done(each)]) <= 1 for number in NUMBERS)
    assert [ring for ring in carrier.rings if ring.beside is not None] == []
    unrung: dict[int | None, TelephonyResult] = {
        _TOO_MANY: TelephonyResult.CONGESTION,
        _BROKEN: TelephonyResult.CANCELLED,
    }
    kept = {number: result for number, _, result in await ownerline.attempts()}
    assert kept == {
        number: wanted[number] if number in rung else unrung[asked[number][-1]]
        for number in NUMBERS
    }
    assert carrier.complaints == []


def _asked(twilio: Emulator) -> dict[str, list[int | None]]:
    """Return how each request for a call was answered, by telephone; None: the answer was lost."""
    answers: dict[str, list[int | None]] = {}
    for each in twilio.created():
        answers.setdefault(each.asked.form["To"][0], []).append(each.status)
    return answers


def _is_done(answer: int | None) -> bool:
    return answer in {_CREATED, None}
