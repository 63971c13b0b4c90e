"""What is prepared while a phone rings is what its owner hears; nothing is kept of it."""

from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from dialer.bridges.port import CallAnswered, CallEvent, CallRinging
from dialer.tables import Attempt
from scripts.model import Turn
from tests.integration.dialer.day import TEN, Day, answers


async def _talks(day: Day) -> list[object]:
    return [row.talk for row in await day.rows(sa.select(Attempt.talk))]


async def test_an_owner_hears_what_was_prepared_while_the_phone_rang(day: Day) -> None:
    owner = await day.owner(answers("1"))
    await day.repaired(owner)
    await day.build()
    prepared: list[Turn | None] = []
    kept: list[object] = []

    async def hear(event: CallEvent) -> None:
        if isinstance(event, CallRinging):
            prepared.append(await day.bridge.host.prepare(event.attempt_id))
            kept.extend(await _talks(day))

    day.bridge.on_event = hear
    await day.dial(0.2)

    (turn,) = prepared
    assert turn is not None
    assert day.bridge.spoken[: len(turn.say)] == list(turn.say)
    assert kept == [None]


async def test_nothing_is_prepared_for_who_has_paid_or_hung_up(day: Day) -> None:
    owner = await day.owner(answers("1"))
    charge = await day.owes(owner)
    await day.build()
    prepared: list[Turn | None] = []

    async def hear(event: CallEvent) -> None:
        if isinstance(event, CallRinging):
            await day.pays(charge)
            prepared.append(await day.bridge.host.prepare(event.attempt_id))

    day.bridge.on_event = hear
    await day.dial(0.2)

    (row,) = await day.rows(sa.select(Attempt.attempt_id))
    prepared.append(await day.bridge.host.prepare(row.attempt_id))
    assert prepared == [None, None]


async def test_who_is_abandoned_hears_who_rang_and_no_word_of_the_debt(day: Day) -> None:
    owner = await day.owner(answers("1"))
    charge = await day.owes(owner)
    await day.build()
    heard: list[Turn] = []

    async def hear(event: CallEvent) -> None:
        if isinstance(event, CallAnswered):
            heard.append(await day.bridge.host.abandoned(event.attempt_id))
            await day.pays(charge)
            heard.append(await day.bridge.host.abandoned(event.attempt_id))

    day.bridge.on_event = hear
    await day.dial(0.2)
    await day.until(TEN + timedelta(hours=1))

    before, after = heard
    assert before == after
    assert before.hang_up
    assert "Green Homes" in before.say[0]
    assert "yuan" not in before.say[0]
    gone = await day.bridge.host.abandoned(UUID(int=1))
    assert (gone.say, gone.hang_up) == ((), True)
