"""Runs a carrier behind its socket: its book, its people and its clock are its own."""

import contextlib
import os
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.clock import Clock
from dialer.bridges.port import TrunkLimits
from dialer.bridges.simulated.book import open_book
from dialer.bridges.simulated.carrier import SimulatedCarrier
from dialer.bridges.simulated.faults import Faults
from dialer.bridges.simulated.people import Behaviour
from dialer.bridges.simulated.remote.address import CarrierAddress
from dialer.bridges.simulated.remote.server import CarrierServer

_PRIVATE = 0o600


@dataclass(frozen=True, kw_only=True, slots=True)
class CarrierPlan:
    """What a carrier is made of; `talks` is a file for the replies that were taken, None: none."""

    address: CarrierAddress
    token: str
    book: Path
    talks: Path | None = None
    seed: int
    trunks: tuple[TrunkLimits, ...]
    people: Mapping[str, Behaviour]
    faults: Faults


@contextlib.asynccontextmanager
async def serving(plan: CarrierPlan, clock: Clock) -> AsyncIterator[CarrierAddress]:
    """Serve the carrier for the block; yields the address with its port."""
    with open_book(plan.book, now=clock.now()) as book, contextlib.ExitStack() as files:
        keep_talk = None
        if plan.talks is not None:
            talks = plan.talks.open("a", encoding="utf-8", buffering=1)
            keep_talk = files.enter_context(talks).write
        carrier = SimulatedCarrier(
            clock,
            seed=plan.seed,
            population=plan.people,
            trunks=plan.trunks,
            ledger=book,
            faults=plan.faults,
        )
        server = CarrierServer(carrier, token=plan.token, keep_talk=keep_talk)
        try:
            yield await server.start(plan.address)
        finally:
            await server.close()


def token_at(path: Path) -> str:
    """Return the token of a file that is its owner's alone; the first to ask makes it."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    except FileExistsError:
        return path.read_text(encoding="utf-8").strip()
    with os.fdopen(file, "w", encoding="utf-8") as token:
        token.write(secrets.token_urlsafe(32))
    return path.read_text(encoding="utf-8")
