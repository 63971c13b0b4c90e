"""A bridge's process ends between a turn and its own commit: asked again, the turn is the same."""

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from customers.model import Reason
from customers.tables import Unit
from dialer.bridges.port import ScriptHost
from dialer.inbound.model import InboundResult
from dialer.model import AnsweredBy
from dialer.tables import Attempt
from scripts.model import Reply, ReplyKind, Turn
from tests.integration.dialer.day import RINGS_OUT, Day
from tests.integration.dialer.inbound.front import Front, Ringing
from tests.integration.dialer.posts import Post, Posts
from tests.integration.dialer.test_outages import posts

__all__ = ["posts"]

SILENCE = Reply(kind=ReplyKind.SILENCE)


def keys(value: str) -> Reply:
    return Reply(kind=ReplyKind.KEYS, value=value)


class Answered:
    """A call that was answered, and its talk's host."""

    def __init__(self, post: Post, host: ScriptHost, attempt_id: UUID) -> None:
        self._post, self._host, self._attempt_id = post, host, attempt_id

    async def open(self, key: str, *, by: AnsweredBy = AnsweredBy.HUMAN) -> Turn:
        return await self._post.clock.run(self._host.open(self._attempt_id, by, key=key))

    async def reply(self, reply: Reply, key: str) -> Turn:
        return await self._post.clock.run(self._host.reply(self._attempt_id, reply, key=key))


@pytest.fixture
async def answered(posts: Posts) -> Answered:
    post = posts.post()
    await post.start()
    await posts.repairs(1)
    await post.work()
    (line,) = post.wire.up()
    post.wire.answer(line, AnsweredBy.HUMAN)
    await post.hears()
    return Answered(post, post.wire.host, line.attempt_id)


async def _talk(posts: Posts) -> Any:
    (row,) = await posts.day.rows(sa.select(Attempt.talk))
    return row.talk


async def test_a_turn_asked_for_again_by_its_key_is_the_same_and_moves_nothing(
    posts: Posts, answered: Answered
) -> None:
    first = await answered.open("open")
    assert await answered.open("open") == first
    second = await answered.reply(SILENCE, "1")
    kept = await _talk(posts)

    assert await answered.reply(keys("1"), "1") == second
    assert await _talk(posts) == kept


async def test_another_key_is_another_reply(posts: Posts, answered: Answered) -> None:
    await answered.open("open")
    await answered.reply(SILENCE, "1")
    kept = await _talk(posts)
    await answered.reply(SILENCE, "2")
    assert await _talk(posts) != kept


async def test_a_machine_found_late_is_a_talk_begun_anew(answered: Answered) -> None:
    first = await answered.open("open")
    found = await answered.open("machine", by=AnsweredBy.MACHINE)
    assert found != first
    assert await answered.open("machine", by=AnsweredBy.MACHINE) == found
    assert (await answered.reply(keys("1"), "1")).hang_up


async def test_the_last_word_is_said_again_too(answered: Answered) -> None:
    turn, n = await answered.open("open"), 0
    while not turn.hang_up:
        n += 1
        turn = await answered.reply(SILENCE, str(n))
    assert turn.say
    assert await answered.reply(SILENCE, str(n)) == turn


class Killed(Ringing):
    """A call each of whose turns is asked for twice, as after a kill of the process."""

    async def listen(self) -> "Killed":
        """Hear the first turn."""
        turn = await self.desk.open(self.call_id, key="open")
        assert await self.desk.open(self.call_id, key="open") == turn
        self.turns.append(turn)
        return self

    async def press(self, *keys: str) -> "Killed":
        """Answer prompt after prompt; "" is silence."""
        for each in keys:
            reply = Reply(kind=ReplyKind.KEYS if each else ReplyKind.SILENCE, value=each)
            key = str(len(self.turns))
            turn = await self.desk.reply(self.call_id, reply, key=key)
            assert await self.desk.reply(self.call_id, reply, key=key) == turn
            self.turns.append(turn)
        return self


async def _rings(day: Day, number: str) -> Killed:
    front = Front(day)
    call = front.call(number)
    assert await front.desk.take(call)
    return await Killed(desk=front.desk, day=day, call=call).listen()


async def test_a_strangers_choices_count_once(day: Day) -> None:
    call = await _rings(day, "+8613912345678")
    await call.press("", "2", "1", "1")
    assert (await call.hang_up()).result is InboundResult.WISH


async def test_who_rings_back_settles_a_repair_and_answers_no_question_twice(day: Day) -> None:
    owner = await day.owner(RINGS_OUT)
    await day.repaired(owner)
    await day.build()
    call = await _rings(day, owner.phones[0])
    await call.press("1", "1")
    assert (await call.hang_up()).result is InboundResult.TOLD
    assert await day.due(Reason.REPAIR) == [("done", "satisfied")]


async def test_who_is_not_the_owner_chooses_once(day: Day) -> None:
    owner = await day.owner(RINGS_OUT)
    await day.repaired(owner)
    await day.build()
    call = await _rings(day, owner.phones[0])
    await call.press("2", "2", "1", "1")
    assert (await call.hang_up()).result is InboundResult.WISH
    assert await day.due(Reason.REPAIR) == [("waiting", None)]


async def test_the_unit_of_several_who_share_a_number_is_asked_for_once(day: Day) -> None:
    one, other = await day.owner(RINGS_OUT), await day.owner(RINGS_OUT)
    await day.repaired(other)
    await day.share_number(one, other)
    await day.build()
    (label,) = await day.rows(sa.select(Unit.label).where(Unit.unit_id == other.unit_id))
    call = await _rings(day, other.phones[0])
    await call.press(label.label.replace("-", ""), "1", "1")
    assert (await call.hang_up()).person_id == other.person_id
    assert await day.due(Reason.REPAIR) == [("done", "satisfied")]


async def test_a_process_killed_before_the_talk_about_due_calls_opened_is_made_up_for(
    day: Day,
) -> None:
    one, other = await day.owner(RINGS_OUT), await day.owner(RINGS_OUT)
    await day.repaired(other)
    await day.share_number(one, other)
    await day.build()
    (label,) = await day.rows(sa.select(Unit.label).where(Unit.unit_id == other.unit_id))
    call = await _rings(day, other.phones[0])
    unit = keys(label.label.replace("-", ""))
    turn = await call.desk.reply(call.call_id, unit, key="1")
    forget = sa.update(Attempt).where(Attempt.attempt_id == call.call_id).values(talk=None)
    await day.write(lambda session: session.execute(forget))
    assert await call.desk.reply(call.call_id, unit, key="1") == turn
