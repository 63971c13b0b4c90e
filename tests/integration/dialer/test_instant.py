"""An instant that is looked back at is what a live look saw then."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from callback.packs import shipped_packs
from customers.service import audit, opt_out
from dialer.control import pause_campaign, resume_campaign, stop
from dialer.replay.instant import look_back
from dialer.replay.instant_model import Instant
from dialer.wall.model import Now
from dialer.wall.now import look_now
from tests.integration.dialer.day import RINGS_OUT, TEN, Day, answers

_DAY_ENDS = datetime(2026, 5, 20, 16, tzinfo=UTC)
# Not on a whole second: nothing else happens at that very instant.
_AFTER_S = (0.377, 9.377, 31.377, 75.377, 130.377, 400.377, 1500.377, 3000.377)


@dataclass(frozen=True, kw_only=True, slots=True)
class Live:
    """What a live look saw."""

    at: datetime
    now: Now


async def _watched(day: Day) -> list[Live]:
    """Let a day be dialled, and look at it now and then."""
    seen: list[Live] = []

    async def watch() -> None:
        for after_s in _AFTER_S:
            at = TEN + timedelta(seconds=after_s)
            await day.clock.sleep((at - day.clock.now()).total_seconds())
            async with day.sessions() as session:
                now = await look_now(
                    session, now=at, axis_ends=at + timedelta(hours=6), zone="Asia/Shanghai"
                )
            seen.append(Live(at=at, now=now))

    day.clock.spawn(watch())
    await day.dial(hours=1)
    assert len(seen) == len(_AFTER_S)
    return seen


async def _back(day: Day, at: datetime) -> Instant:
    async with day.sessions() as session:
        return await look_back(session, at, day_ends=_DAY_ENDS, packs=shipped_packs())


@pytest.fixture
async def dialled(day: Day) -> Day:
    """A list of people who answer or do not, some with two matters; one is not to be called."""
    for n in range(14):
        owner = await day.owner(answers("1", *"2468", "1") if n % 3 else RINGS_OUT)
        if n == 0:
            await day.write(
                partial(opt_out, person_id=owner.person_id, said_by="x", how="y", now=TEN)
            )
        await day.owes(owner)
        if n % 2:
            await day.repaired(owner)
    await day.build()
    return day


async def test_what_waited_rang_and_talked_is_what_the_wall_showed(dialled: Day) -> None:
    for live in await _watched(dialled):
        instant = await _back(dialled, live.at)
        now = live.now
        assert {each.campaign: each.due for each in instant.waiting if each.due} == {
            each.campaign: each.due for each in now.queues if each.due
        }, live.at
        ringing, talking = (
            sum(each.calls for each in now.live if each.talking is state) for state in (False, True)
        )
        assert sum(each.ringing for each in instant.live) == ringing, live.at
        assert sum(each.talking for each in instant.live) == talking, live.at
        assert {each.trunk for each in instant.live} == {each.trunk for each in now.live}
        assert instant.rules_of == sum(each.due for each in instant.waiting)


async def test_each_look_of_a_minute_says_who_was_chosen_and_why(dialled: Day) -> None:
    await dialled.dial(hours=1)
    instant = await _back(dialled, TEN + timedelta(seconds=30))

    assert instant.looks
    assert instant.window is not None
    assert instant.window.first
    for look in instant.looks:
        assert look.unreadable is None
        assert len(look.looked) == look.looked_at
        assert sum(each.rung for each in look.looked) == look.looked_at - look.refused
        for each in look.looked:
            assert each.verdict is not None
            assert each.verdict.rule == each.rule


async def test_one_steps_through_every_look_and_refusal_to_the_end(dialled: Day) -> None:
    await dialled.dial(hours=1)
    at, looks, refusals = TEN, 0, 0
    while (step := (await _back(dialled, at)).steps.next_look) is not None:
        assert step > at
        at, looks = step, looks + 1
    at = TEN - timedelta(seconds=1)
    while (step := (await _back(dialled, at)).steps.next_refusal) is not None:
        assert step > at
        at, refusals = step, refusals + 1
    assert looks > refusals > 0


async def test_switches_stand_as_they_were_turned(day: Day) -> None:
    async def turned(action: str, subject: str, minutes: int) -> None:
        at = TEN + timedelta(minutes=minutes)
        await day.write(
            lambda session: audit(session, now=at, actor="x", action=action, subject=subject)
        )

    await day.write(lambda session: stop(session, by="x", now=TEN))
    await day.write(lambda session: pause_campaign(session, campaign="survey", by="x", now=TEN))
    await day.write(lambda session: pause_campaign(session, campaign="repair", by="x", now=TEN))
    await day.write(lambda session: resume_campaign(session, campaign="repair"))
    await turned("arm", "installation", 1)
    await turned("stop", "installation", 2)
    await turned("campaign_paused", "campaign:repair", 2)
    await turned("resume", "installation", 3)
    await turned("campaign_resumed", "campaign:repair", 3)

    stood = []
    for minutes in range(-1, 4):
        switches = (await _back(day, TEN + timedelta(minutes=minutes, seconds=30))).switches
        stood.append((switches.armed, switches.stopped, list(switches.paused)))

    assert stood == [
        (False, False, []),
        (False, False, ["survey"]),
        (True, False, ["survey"]),
        (True, True, ["repair", "survey"]),
        (True, False, ["survey"]),
    ]


async def test_an_instant_of_which_nothing_is_known_is_empty(day: Day) -> None:
    assert (await _back(day, TEN)).is_empty
