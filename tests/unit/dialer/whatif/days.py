"""Invented days for rehearsals, made by hand: lanes, due calls, seats."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np

from dialer.scoring import shipped_scoring
from dialer.shrinkage import Slot, Tally
from dialer.whatif.model import Day, Due, Follow, Held, Lane, Lines, Manner, Place, Seat, Window
from dialer.whatif.order import Order
from dialer.whatif.play import Play
from dialer.whatif.policy import Policy
from dialer.whatif.stage import Played, Stage
from dialer.whatif.world import Seen, World

HOUR = 3600.0
DAY_S = 24 * HOUR
OPEN: tuple[Window, ...] = ((9 * HOUR, 12 * HOUR), (14 * HOUR, 20 * HOUR))
ALLOWED = Held(windows=OPEN, rule="rest_hours", room=4, gap_s=900.0, hushed=True)
SHIFT: tuple[Window, ...] = ((9 * HOUR, 12 * HOUR), (14 * HOUR, 19 * HOUR))


def follow(minutes: int, times: int, *, final: bool = False, dies: bool = False) -> Follow:
    return Follow(final=final, after_s=minutes * 60.0, times=times, phone_dies=dies, talked=final)


def lane(manner: Manner, campaign: str = "overdue") -> Lane:
    return Lane(
        campaign=campaign,
        manner=manner,
        language="zh-CN",
        team=None,
        skills=(),
        max_attempts=6,
        follow={
            "no_answer": follow(240, 4),
            "busy": follow(15, 4),
            "invalid_number": follow(5, 9, dies=True),
            "information_given": follow(5, 1, final=True),
            "promise_to_pay": follow(5, 1, final=True),
        },
        otherwise=follow(240, 2),
        target=0.03,
    )


def due(
    nth: int, *, held: Held = ALLOWED, due_s: float = DAY_S, lane: int = 0, **given: int
) -> Due:
    return Due(
        due_call_id=100 + nth,
        person=given.get("person", nth),
        place=0,
        lane=lane,
        reason="overdue",
        unit=f"1-1-{nth}",
        due_s=due_s,
        priority=given.get("priority", 30),
        appointment=False,
        attempts=0,
        words={},
        phones=given.get("phones", 2),
        mates=(),
        held=held,
    )


def day(
    calls: Sequence[Due], manner: Manner = Manner.AUTOMATIC, *, agents: int = 0, channels: int = 5
) -> Day:
    opens = datetime(2026, 12, 16, 16, tzinfo=UTC)
    return Day(
        day=date(2026, 12, 17),
        opens=opens,
        closes=opens + timedelta(days=1),
        time_zone="Asia/Shanghai",
        places=[
            Place(
                community_id=1,
                name="湖畔花园",
                hours=tuple(bucket // 2 % 24 for bucket in range(49)),
                weekend=False,
            )
        ],
        lanes=[lane(manner)],
        due=tuple(calls),
        seats=(Seat(lanes=frozenset({0}), days=(SHIFT,)),) * agents,
        lines=Lines(channels=channels, calls_per_second=5.0),
    )


def stage_of(of: Day, policy: Policy | None = None) -> Stage:
    scoring = shipped_scoring()
    world = World(Seen(), places=of.places, scoring=scoring)
    order = Order(of, world, scoring.weights)
    return Stage(day=of, seats=of.seats, lines=of.lines, order=order, policy=policy)


def played(
    of: Day, nth: int = 0, *, seen: Seen | None = None, policy: Policy | None = None
) -> Played:
    world = World(seen or Seen(), places=of.places, scoring=shipped_scoring())
    drawn = world.draw(np.random.default_rng((7, nth, 1)))
    return Play(stage_of(of, policy), drawn, key=(7, nth, 2)).run()


def never_answers() -> Seen:
    """Return a history in which hardly anybody ever answered."""
    return Seen(
        tallies={
            (1, Slot(weekend=False, hour=hour)): Tally(attempts=100_000, answers=0)
            for hour in range(24)
        },
        unanswered={"no_answer": 100_000},
    )


__all__ = ["ALLOWED", "DAY_S", "HOUR", "OPEN", "day", "due", "never_answers", "played", "replace"]
