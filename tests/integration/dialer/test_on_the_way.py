"""A call between its commit and the carrier: what is decided meanwhile finds it there."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.bridges.port import BridgeError, OutboundCall, TrunkLimits
from dialer.claim import NOTHING_CLAIMED, ClaimReport
from dialer.control import Switches
from tests.integration.dialer.day import RINGS_OUT, Day
from tests.integration.dialer.facts import Fact, happens, news_of
from tests.integration.dialer.posts import Post, Posts
from tests.integration.dialer.test_outages import Claims


class Meanwhile:
    """A source that claims nothing and takes its time, in which something happens."""

    is_asked_without_lines = False

    def __init__(self) -> None:
        self.happens: Callable[[], Awaitable[None]] | None = None

    async def claim(
        self,
        session: AsyncSession,
        tokens: Sequence[TrunkLimits],
        *,
        turned: Switches,
        now: datetime,
    ) -> ClaimReport:
        if self.happens is not None:
            happens, self.happens = self.happens, None
            await happens()
        return NOTHING_CLAIMED

    def next_at(self, now: datetime) -> datetime | None:
        return None


@pytest.mark.parametrize("fact", [Fact.STOP, Fact.PAYMENT, Fact.OPT_OUT])
async def test_a_fact_between_the_commit_of_one_source_and_the_ring_lets_nothing_ring(
    day: Day, fact: Fact
) -> None:
    owner = await day.owner(RINGS_OUT)
    charge_id = await day.owes(owner)
    await day.build()
    meanwhile, posts = Meanwhile(), Posts(day)
    post = posts.post(sources=[Claims(day), meanwhile], tells=True)
    await post.start()

    async def fact_and_look() -> None:
        await day.write(
            lambda session: happens(fact, day, session, owner=owner, charge_id=charge_id)
        )
        post.engine.hear_news(news_of(fact, owner))
        await post.clock.sleep(0.3)  # the next source takes its time; the watchman looks

    meanwhile.happens = fact_and_look
    await post.work(3)

    assert post.rung == []
    assert [result for _, result, _ in await posts.attempts()] == ["cancelled"]


async def test_a_hang_up_that_is_refused_ends_no_dialer_and_is_tried_again(
    day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await day.owner(RINGS_OUT)
    charge_id = await day.owes(owner)
    await day.build()
    posts = Posts(day)
    post = posts.post(tells=True)
    await post.start()
    refused = _refuses_hang_ups(post, monkeypatch, times=2)

    async def stopped(_: OutboundCall) -> None:
        await day.write(
            lambda session: happens(Fact.STOP, day, session, owner=owner, charge_id=charge_id)
        )
        post.engine.hear_news(news_of(Fact.STOP, owner))
        await post.clock.sleep(0.1)

    post.wire.on_ring = stopped
    await post.work(3)

    assert len(refused) == 2
    assert post.wire.up() == []


def _refuses_hang_ups(post: Post, monkeypatch: pytest.MonkeyPatch, *, times: int) -> list[UUID]:
    refused: list[UUID] = []
    hang_up = post.wire.hang_up

    async def refuse(attempt_id: UUID) -> None:
        if len(refused) < times:
            refused.append(attempt_id)
            message = "the carrier is away"
            raise BridgeError(message, retryable=True)
        await hang_up(attempt_id)

    monkeypatch.setattr(post.wire, "hang_up", refuse)
    return refused
