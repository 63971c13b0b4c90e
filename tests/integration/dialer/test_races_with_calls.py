"""A fact against a call on its way, a ringing one and an answered one: whoever comes first counts.

Each fact is committed on a connection of its own and told as the live feed tells it.
"""

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from core.database import libpq_url
from dialer.bridges.port import OutboundCall
from dialer.model import AnsweredBy
from tests.integration.dialer.day import RINGS_OUT, Day, Owner
from tests.integration.dialer.facts import OF_ACCOUNTS, Fact, happens, news_of
from tests.integration.dialer.posts import Posts
from tests.integration.laws.manual_bridge import Line


@pytest.fixture
def posts(day: Day) -> Posts:
    return Posts(day)


class Race:
    """One owner with a debt, and two dialers of which one rings."""

    def __init__(self, posts: Posts) -> None:
        self.posts, self.day = posts, posts.day

    async def begin(self, *, owners: int = 1) -> None:
        """Let the owners owe, and the dialers stand ready."""
        self.one, self.other = await self.posts.two(tells=True)
        self.owes: list[tuple[Owner, int]] = []
        for _ in range(owners):
            owner = await self.day.owner(RINGS_OUT)
            self.owes.append((owner, await self.day.owes(owner)))
        await self.day.build()

    async def happens(self, fact: Fact, number: int = 0) -> None:
        """Commit the fact and tell both dialers."""
        owner, charge_id = self.owes[number]
        await self.day.write(
            lambda session: happens(fact, self.day, session, owner=owner, charge_id=charge_id)
        )
        for post in (self.one, self.other):
            post.engine.hear_news(news_of(fact, owner))

    async def line(self) -> Line:
        """Return the line that rings."""
        await self.one.work()
        (line,) = self.one.wire.up()
        self.one.wire.ring(line)
        await self.one.hears()
        return line


@pytest.fixture
async def race(posts: Posts) -> Race:
    return Race(posts)


@pytest.mark.parametrize("fact", Fact)
async def test_a_fact_before_the_claim_lets_nothing_ring(race: Race, fact: Fact) -> None:
    await race.begin()
    await race.happens(fact)
    await race.one.work(2)

    assert race.one.rung == []


@pytest.mark.parametrize("fact", Fact)
async def test_a_fact_between_the_claim_and_the_ring_lets_nothing_ring(
    race: Race, fact: Fact
) -> None:
    await race.begin(owners=2)
    first_numbers: list[str] = []

    async def meanwhile(call: OutboundCall) -> None:
        if not first_numbers:
            first_numbers.append(call.to.e164)
            spared = [owner.phones[0] for owner, _ in race.owes].index(call.to.e164)
            await race.happens(fact, 1 - spared)
            await race.one.clock.sleep(0.1)  # the carrier takes its time; the watchman looks

    race.one.wire.on_ring = meanwhile
    await race.one.work(2)

    rung = [line.call.to.e164 for line in race.posts.lines.values()]
    assert rung == first_numbers
    results = [result for _, result, _ in await race.posts.attempts()]
    assert "cancelled" in results


@pytest.mark.parametrize("fact", Fact)
async def test_a_fact_before_the_answer_cuts_the_call(race: Race, fact: Fact) -> None:
    await race.begin()
    line = await race.line()
    await race.happens(fact)
    await race.one.passes(0.4)
    await race.one.hears()

    assert not line.up
    assert [result for _, result, _ in await race.posts.attempts()] == ["cancelled"]


@pytest.mark.parametrize("fact", OF_ACCOUNTS)
async def test_an_answer_before_the_fact_goes_on_and_hears_the_new_facts(
    race: Race, fact: Fact
) -> None:
    await race.begin()
    line = await race.line()
    race.one.wire.answer(line, AnsweredBy.HUMAN)
    await race.one.hears()
    await race.happens(fact)
    await race.one.passes(6)

    assert line.up
    turn = await race.one.wire.say(line, None)
    assert turn is not None
    said = " ".join(turn.say)
    assert fact is not Fact.PAYMENT or "100" not in said


async def test_a_stop_after_the_answer_hangs_up_all_the_same(race: Race) -> None:
    await race.begin()
    line = await race.line()
    race.one.wire.answer(line, AnsweredBy.HUMAN)
    await race.one.hears()
    await race.happens(Fact.STOP)
    await race.one.passes(0.4)

    assert not line.up


async def test_a_stop_is_obeyed_by_every_dialer_within_a_second_though_nobody_told(
    race: Race,
) -> None:
    await race.begin(owners=2)
    await race.one.work()
    await race.other.work()
    assert len(race.one.wire.up()) == 2
    await race.day.write(
        lambda session: happens(Fact.STOP, race.day, session, owner=race.owes[0][0], charge_id=0)
    )
    for post in (race.one, race.other):
        await post.passes(0.9)

    assert race.one.wire.up() == []
    assert (race.one.wire.stops, race.other.wire.stops) == (1, 1)


async def test_a_stop_in_the_middle_of_a_claim_keeps_it_from_committing(
    race: Race, database: AsyncEngine, database_url: str
) -> None:
    await race.begin()

    @sa.event.listens_for(database.sync_engine, "before_cursor_execute")
    def stop_now(_: object, __: object, statement: str, *___: object) -> None:
        if "INTO attempt " in statement or "INTO attempt_due_call" in statement:
            with psycopg.connect(libpq_url(database_url)) as connection:
                connection.execute("UPDATE installation SET stopped_at = now(), stopped_by = 'x'")

    await race.one.work(2)

    assert race.one.rung == []
    assert await race.posts.attempts() == []
