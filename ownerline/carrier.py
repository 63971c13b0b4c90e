"""The simulated carrier of an installation: its book lies in the home and outlives the process."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from dialer.bridges.port import TrunkLimits
from dialer.bridges.simulated.carrier import SimulatedCarrier
from dialer.bridges.simulated.ledger import CarrierCall, Ledger
from dialer.bridges.simulated.people import ENDINGS, Population, Reaction
from dialer.model import TelephonyResult
from ownerline.runtime import Runtime

LEDGER_FILE = "simulated-ledger.jsonl"
SIMULATED_TRUNK = TrunkLimits(name="simulated", channels=30, calls_per_second=5.0)


@contextlib.contextmanager
def open_carrier(
    runtime: Runtime,
    *,
    seed: int,
    population: Population,
    trunk: TrunkLimits = SIMULATED_TRUNK,
) -> Iterator[SimulatedCarrier]:
    """Hold the carrier for the block; calls an earlier process left up have ended with it."""
    path = runtime.settings.home / LEDGER_FILE
    written = _whole_lines(path)
    with path.open("a", encoding="utf-8", buffering=1) as book:
        ledger = Ledger.parse(written, keep=book.write)
        for call in ledger.live():
            ledger.write(_died(call, runtime.clock.now()))
        yield SimulatedCarrier(
            runtime.clock,
            seed=seed,
            population=population,
            trunks=[trunk],
            ledger=ledger,
        )


def _whole_lines(path: Path) -> list[str]:
    """Return the book's lines; one that a killed process left half written is cut off."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole, encoding="utf-8")
    return whole.splitlines()


def _died(call: CarrierCall, now: datetime) -> CarrierCall:
    answered = call.answered_at is not None
    ending = ENDINGS[Reaction.FAILURE]
    return replace(
        call,
        ended_at=max(now, call.answered_at or call.placed_at),
        result=TelephonyResult.ANSWERED if answered else ending.result,
        hangup_cause=ending.hangup_cause,
        sip_code=ending.sip_code,
    )
