"""The database goes away in the middle of things: nothing is lost, and nobody is rung twice."""

import random
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from callback.campaigns import shipped_campaigns
from callback.packs import shipped_packs
from core.database import create_engine, session_factory
from core.ids import IdSource
from dialer import states
from dialer.bridges.port import CallSubmitted, TrunkLimits
from dialer.claim import NOTHING_CLAIMED, ClaimReport, claim
from dialer.control import Switches
from dialer.model import TelephonyResult
from dialer.ready import refill
from tests.integration.dialer.day import Day
from tests.integration.dialer.posts import Post, Posts
from tests.integration.dialer.test_races import SWITCHES

_OWN_END = sa.text("SELECT pg_terminate_backend(pg_backend_pid())")
_ALL_OF_THEM = sa.text("""
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'victim'
""")


@pytest.fixture
def posts(day: Day) -> Posts:
    return Posts(day)


@pytest.fixture
async def cut_off(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine whose connections are cut in the test."""
    engine = create_engine(database_url, name="victim")
    yield engine
    await engine.dispose()


class Cuts:
    """Cuts the connection it is called on, the first times."""

    is_asked_without_lines = False

    def __init__(self, times: int = 1) -> None:
        self.left = times

    async def claim(
        self,
        session: AsyncSession,
        tokens: Sequence[TrunkLimits],
        *,
        turned: Switches,
        now: datetime,
    ) -> ClaimReport:
        await self._cut(session)
        return NOTHING_CLAIMED

    def next_at(self, now: datetime) -> datetime | None:
        return None

    async def followed(
        self, session: AsyncSession, attempt_id: UUID, state: states.Attempt
    ) -> None:
        await self._cut(session)

    async def _cut(self, session: AsyncSession) -> None:
        if self.left:
            self.left -= 1
            await session.execute(_OWN_END)


async def _post(posts: Posts, engine: AsyncEngine, **more: Any) -> Post:
    post = posts.post(sessions=session_factory(engine), **more)
    await post.start()
    await posts.repairs(1)
    return post


async def test_connections_cut_between_two_steps_are_made_anew(
    posts: Posts, cut_off: AsyncEngine
) -> None:
    post = await _post(posts, cut_off)
    await _cut_all(posts)
    await post.work(3)

    assert len(post.rung) == 1


async def test_a_connection_cut_before_the_claim_commits_rings_nobody_then_once(
    posts: Posts, cut_off: AsyncEngine
) -> None:
    cuts = Cuts(3)
    post = await _post(posts, cut_off, sources=[cuts])
    await post.work(5)

    assert cuts.left == 0
    assert len(post.rung) == 1
    assert [state for state, *_ in await posts.attempts()] == ["claimed"]


class Claims:
    """Claims what the automatic queue would, as a source of its own."""

    is_asked_without_lines = False

    def __init__(self, day: Day) -> None:
        self._day = day

    async def claim(
        self,
        session: AsyncSession,
        tokens: Sequence[TrunkLimits],
        *,
        turned: Switches,
        now: datetime,
    ) -> ClaimReport:
        await refill(session, now=now, size=10)
        return await claim(
            session,
            tokens[:1],
            bridge="manual",
            now=now,
            basis=SWITCHES,
            campaigns=shipped_campaigns(),
            packs=shipped_packs(),
            ids=IdSource(self._day.clock, random.Random()),
            batch=1,
        )

    def next_at(self, now: datetime) -> datetime | None:
        return None


async def test_what_one_source_has_committed_is_rung_though_the_next_one_fails(
    posts: Posts, cut_off: AsyncEngine
) -> None:
    cuts = Cuts(1)
    post = await _post(posts, cut_off, sources=[Claims(posts.day), cuts])
    await post.work(0.1)

    assert cuts.left == 0
    assert len(post.rung) == 1


@pytest.mark.parametrize("kept", [True, False])
async def test_a_claim_whose_commit_was_not_answered_is_not_rung_and_left_to_nobody(
    posts: Posts, cut_off: AsyncEngine, kept: bool
) -> None:
    post = await _post(posts, cut_off)
    lost = loses_a_commit_of(cut_off, "SET dialer_id", kept=kept)
    await post.work(3)

    assert lost() == 1
    if kept:
        assert await posts.attempts() == [("ended", "cancelled", post.fleet.dialer_id)]
        assert post.rung == []
    else:
        assert len(post.rung) == 1
    await post.passes(360)
    await post.work(3)
    assert len(post.rung) == 1, "it is rung soon, for nobody knew the call"
    assert post.engine.live == {post.rung[0].attempt_id}


@pytest.mark.parametrize("kept", [True, False])
async def test_an_end_whose_commit_was_not_answered_is_settled_once(
    posts: Posts, cut_off: AsyncEngine, kept: bool
) -> None:
    post = await _post(posts, cut_off)
    await post.work()
    lost = loses_a_commit_of(cut_off, "UPDATE attempt_due_call", kept=kept)
    post.wire.end(posts.lines[post.rung[0].attempt_id], TelephonyResult.BUSY)
    await post.hears()

    assert lost() == 1
    assert [result for _, result, _ in await posts.attempts()] == ["busy"]
    assert post.engine.live == frozenset()


async def test_an_event_is_committed_however_often_the_connection_is_cut(
    posts: Posts, cut_off: AsyncEngine
) -> None:
    cuts = Cuts(4)
    post = await _post(posts, cut_off, followers=[cuts])
    await post.work()
    assert isinstance(post.wire.untold[0], CallSubmitted)
    await post.hears()

    assert cuts.left == 0
    assert [state for state, *_ in await posts.attempts()] == ["submitted"]


async def test_while_the_database_is_away_nothing_is_claimed_and_the_loop_goes_on(
    posts: Posts, cut_off: AsyncEngine, database: AsyncEngine
) -> None:
    post = await _post(posts, cut_off)
    server_is_back = _refuses(cut_off)
    await _cut_all(posts)
    await post.work(30)
    assert post.rung == []

    server_is_back()
    await post.work(3)
    assert len(post.rung) == 1


async def test_a_call_that_rings_through_an_outage_is_settled_after_it(
    posts: Posts, cut_off: AsyncEngine
) -> None:
    post = await _post(posts, cut_off)
    await post.work()
    server_is_back = _refuses(cut_off)
    await _cut_all(posts)
    post.wire.end(posts.lines[post.rung[0].attempt_id], TelephonyResult.BUSY)

    async def comes_back() -> None:
        await post.clock.sleep(20)
        server_is_back()

    post.clock.spawn(comes_back())
    await post.hears()

    assert [result for _, result, _ in await posts.attempts()] == ["busy"]


async def _cut_all(posts: Posts) -> None:
    async with posts.day.sessions.begin() as session:
        await session.execute(_ALL_OF_THEM)


def _refuses(engine: AsyncEngine) -> Callable[[], None]:
    """Let the engine make no new connection until what is returned is called."""
    closed = [True]

    @sa.event.listens_for(engine.sync_engine, "do_connect")
    def refuse(*_: Any) -> None:
        if closed:
            message = "no server listens"
            raise OperationalError(message, None, engine.dialect.loaded_dbapi.OperationalError())

    return closed.clear


def loses_a_commit_of(engine: AsyncEngine, statement: str, *, kept: bool) -> Callable[[], int]:
    """Cut the connection at the first commit after such a statement, before or after it counts."""
    seen: list[str] = []
    lost = [0]

    @sa.event.listens_for(engine.sync_engine, "before_cursor_execute")
    def note(_: Any, __: Any, text: str, *___: Any) -> None:
        if statement in text:
            seen.append(text)

    @sa.event.listens_for(engine.sync_engine, "commit")
    def cut(connection: sa.Connection) -> None:
        if not seen or lost[0]:
            return
        lost[0] += 1
        raw = connection.connection.dbapi_connection
        assert raw is not None
        if kept:
            raw.commit()
        cursor = raw.cursor()
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    return lambda: lost[0]
