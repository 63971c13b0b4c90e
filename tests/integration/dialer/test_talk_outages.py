"""The database goes away in the middle of a talk: the talk goes on, and each reply counts once."""

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from core.database import session_factory
from dialer.model import AnsweredBy
from dialer.tables import Attempt
from scripts.interpreter import advance
from scripts.library import load_library
from scripts.model import Reply, ReplyKind, Turn
from scripts.state import dump_state, load_state
from tests.integration.dialer.posts import Post, Posts
from tests.integration.dialer.test_outages import cut_off, loses_a_commit_of, posts

__all__ = ["cut_off", "posts"]

SILENCE = Reply(kind=ReplyKind.SILENCE)


async def _answered(posts: Posts, engine: AsyncEngine) -> Post:
    post = posts.post(sessions=session_factory(engine))
    await post.start()
    await posts.repairs(1)
    await post.work()
    (line,) = post.wire.up()
    post.wire.answer(line, AnsweredBy.HUMAN)
    await post.hears()
    return post


async def _say(post: Post, reply: Reply | None) -> Turn:
    (line,) = post.wire.up()
    turn = await post.clock.run(post.wire.say(line, reply))
    assert turn is not None
    return turn


async def _saved(posts: Posts) -> dict[str, object]:
    (row,) = await posts.day.rows(sa.select(Attempt.talk))
    return dict(row.talk["state"])


@pytest.mark.parametrize("kept", [True, False])
async def test_a_reply_whose_commit_was_not_answered_counts_once(
    posts: Posts, cut_off: AsyncEngine, kept: bool
) -> None:
    post = await _answered(posts, cut_off)
    await _say(post, None)
    before = await _saved(posts)
    lost = loses_a_commit_of(cut_off, "SET talk", kept=kept)
    turn = await _say(post, SILENCE)

    assert lost() == 1
    state, expected = advance(load_library(), load_state(before), SILENCE)
    assert turn == expected
    assert await _saved(posts) == dump_state(state)


@pytest.mark.parametrize("kept", [True, False])
async def test_a_talk_whose_opening_was_not_answered_is_opened(
    posts: Posts, cut_off: AsyncEngine, kept: bool
) -> None:
    post = await _answered(posts, cut_off)
    lost = loses_a_commit_of(cut_off, "SET talk", kept=kept)
    turn = await _say(post, None)

    assert lost() == 1
    assert turn.say
    assert not turn.hang_up


async def test_a_reply_that_another_dialer_went_on_from_is_not_taken_late(
    posts: Posts, cut_off: AsyncEngine
) -> None:
    post = await _answered(posts, cut_off)
    await _say(post, None)
    before = await _saved(posts)
    state, _ = advance(load_library(), load_state(before), SILENCE)
    gone_on, _ = advance(load_library(), state, SILENCE)

    @sa.event.listens_for(cut_off.sync_engine, "commit", once=True)
    def another_goes_on(connection: sa.Connection) -> None:
        talk = {"gone": {}, "state": dump_state(gone_on)}
        connection.execute(sa.update(Attempt).values(talk=talk))
        raw = connection.connection.dbapi_connection
        assert raw is not None
        raw.commit()
        raw.cursor().execute("SELECT pg_terminate_backend(pg_backend_pid())")

    turn = await _say(post, SILENCE)

    assert turn.hang_up
    (row,) = await posts.day.rows(sa.select(Attempt.talk))
    assert row.talk["state"]["position"] == dump_state(gone_on)["position"]
