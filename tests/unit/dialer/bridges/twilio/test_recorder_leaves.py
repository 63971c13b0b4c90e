"""A process that leaves does not wait for ever for a Twilio that does not answer."""

import asyncio
from typing import Any
from uuid import UUID

from core.clock import SystemClock
from customers.model import RecordingConsent
from dialer.bridges.twilio.recording import Recorder
from dialer.bridges.twilio.recording_book import Standing
from tests.unit.dialer.bridges.stand_ins import call as order_of

CALL_ID = UUID(int=1)
NOBODY: Any = None  # the tapes: nothing comes to them


class StuckBook:
    """A book that answers once, and then no more."""

    def __init__(self) -> None:
        self.is_given_up = False

    async def standing(self, call_id: UUID) -> Standing:
        """Say that an owner is there who may be recorded."""
        return Standing(
            call_id=call_id,
            call_sid="CA" + "0" * 32,
            order=order_of(1, recording=RecordingConsent.ONE_PARTY),
            is_wanted=False,
            is_silenced=False,
            is_over=False,
            recording_sid=None,
            is_paused=False,
        )

    async def want(self, call_id: UUID) -> Standing:
        """Hang."""
        try:
            await asyncio.Event().wait()
        finally:
            self.is_given_up = True
        return await self.standing(call_id)


async def test_what_hangs_is_given_up_when_its_process_leaves() -> None:
    book: Any = StuckBook()
    recorder = Recorder(book, NOBODY, clock=SystemClock(), agent_calls=True)
    await recorder.met(CALL_ID, "CF" + "0" * 32)
    await recorder.close(within_s=0.01)
    assert book.is_given_up
    await recorder.close()
