"""What is decided before a call is created, and by whom a refusal is to be mended."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from core.clock import VirtualClock
from core.database import session_factory
from core.settings_model import MachineDetection
from dialer.bridges.port import BridgeError, TrunkLimits
from dialer.bridges.twilio.book import Book
from dialer.bridges.twilio.placing import STARTS_WITHIN, Placing, Shown, is_of_us
from dialer.bridges.twilio.rest import RestRefusedError
from dialer.bridges.twilio.teller import Teller
from tests.unit.dialer.bridges.stand_ins import call as order_of

NOON = datetime(2026, 5, 20, 4, tzinfo=UTC)
NOBODY_IS_ASKED: Any = None  # the lines: a request would fail


class SleepyBook(Book):
    """A book whose process is stopped for a while when it has written a call down."""

    clock: VirtualClock

    async def write_ahead(self, *args: Any, **given: Any) -> bool:
        is_new = await super().write_ahead(*args, **given)
        await self.clock.drive(NOON + STARTS_WITHIN + timedelta(seconds=1))
        return is_new


@pytest.mark.integration
async def test_who_slept_since_a_call_was_written_down_does_not_create_it(
    database: AsyncEngine,
) -> None:
    clock, book = VirtualClock(NOON), SleepyBook(session_factory(database))
    book.clock = clock
    placing = Placing(
        TrunkLimits(name="main", channels=1, calls_per_second=1.0),
        book=book,
        lines=NOBODY_IS_ASKED,
        teller=Teller(book, clock),
        clock=clock,
        shown=Shown(usual="+12025550100", by_community={}),
        detects=MachineDetection.OFF,
    )
    with pytest.raises(BridgeError) as refused:
        await placing.place(order_of(1, synthetic=False, trunk="main"), max_seconds=60)
    assert refused.value.retryable
    assert await book.call(order_of(1).attempt_id) is None


@pytest.mark.parametrize(
    ("status", "code", "ours"),
    [
        pytest.param(401, 20003, True, id="credentials"),
        pytest.param(403, 20005, True, id="account suspended"),
        pytest.param(403, None, True, id="forbidden, unsaid why"),
        pytest.param(404, 20404, True, id="no such account"),
        pytest.param(400, 21210, True, id="our number not verified"),
        pytest.param(400, 10004, True, id="too many calls at once"),
        pytest.param(401, 21215, False, id="a country that is not allowed"),
        pytest.param(400, 21216, False, id="a number that is not allowed"),
        pytest.param(400, None, False, id="bad request"),
    ],
)
def test_a_refusal_of_our_account_uses_up_nobodys_tries(
    status: int, code: int | None, *, ours: bool
) -> None:
    assert is_of_us(RestRefusedError("refused", status=status, code=code)) is ours
