"""Several dialers on one database: whose calls are whose, and who goes on when one is gone."""

from uuid import uuid4

import pytest
import sqlalchemy as sa

from dialer.bridges.port import TrunkLimits
from dialer.fleet.fleet import LeaseRanOutError
from dialer.fleet.model import FleetRules
from dialer.model import TelephonyResult
from dialer.tables import Attempt
from tests.integration.dialer.day import Day
from tests.integration.dialer.posts import PATIENT, Posts


@pytest.fixture
def posts(day: Day) -> Posts:
    return Posts(day)


async def test_two_dialers_share_what_is_due_and_ring_nobody_twice(posts: Posts) -> None:
    one, other = await posts.two()
    await posts.repairs(4)
    await one.work()
    await other.work()

    assert [len(post.rung) for post in (one, other)] == [2, 2]
    assert len({call.to for post in (one, other) for call in post.rung}) == 4
    owners = [owner for _, _, owner in await posts.attempts()]
    assert sorted(map(str, owners)) == sorted([str(p.fleet.dialer_id) for p in (one, other)] * 2)


async def test_a_call_of_a_dialer_that_is_gone_is_adopted_and_settled_by_another(
    posts: Posts,
) -> None:
    one, other = await posts.two()
    await posts.repairs(1)
    await one.work()
    await posts.loses_its_lease(one)
    await other.passes(2)

    assert other.engine.live == {one.rung[0].attempt_id}
    assert await posts.attempts() == [("claimed", None, other.fleet.dialer_id)]
    other.wire.end(posts.lines[one.rung[0].attempt_id], TelephonyResult.NO_ANSWER)
    await other.hears()
    assert await posts.attempts() == [("ended", "no_answer", other.fleet.dialer_id)]
    assert other.engine.live == frozenset()


async def test_a_call_that_ended_unheard_with_its_dialer_gets_the_carriers_result(
    posts: Posts,
) -> None:
    one, other = await posts.two()
    await posts.repairs(1)
    await one.work()
    one.wire.end(posts.lines[one.rung[0].attempt_id], TelephonyResult.BUSY)
    await posts.loses_its_lease(one)
    await other.passes(2)

    assert [result for _, result, _ in await posts.attempts()] == ["busy"]


async def test_calls_of_a_living_dialer_are_not_asked_about(posts: Posts) -> None:
    one = posts.post()
    await one.start()
    await posts.repairs(1)
    await one.work()
    other = posts.post()
    await posts.meet(one, other)
    await other.passes(90)

    assert other.wire.asked == []
    assert one.engine.live == {one.rung[0].attempt_id}


async def test_a_dialer_in_no_fleet_leaves_the_calls_of_a_living_one_alone(posts: Posts) -> None:
    one = posts.post()
    await one.start()
    await posts.repairs(1)
    await one.work()
    loner = posts.post()
    engine = posts.day.dialer(loner.wire, clock=loner.clock)
    await loner.clock.run(engine.start())

    assert loner.wire.asked == []


async def test_what_a_dialer_leaves_is_adopted_at_once(posts: Posts) -> None:
    one, other = await posts.two()
    await posts.repairs(1)
    await one.work()
    await one.close()
    await other.passes(2)

    assert other.engine.live == {one.rung[0].attempt_id}


async def test_a_call_a_lost_dialer_never_placed_is_asked_about_twice_then_free(
    posts: Posts,
) -> None:
    one, other = await posts.two()
    await posts.repairs(1)
    await one.work()
    del posts.lines[one.rung[0].attempt_id]
    await posts.loses_its_lease(one)
    await other.passes(2)
    assert [state for state, *_ in await posts.attempts()] == ["claimed"], "it may be on its way"
    await other.passes(10)

    assert [result for _, result, _ in await posts.attempts()] == ["cancelled"]
    assert other.wire.asked == [one.rung[0].attempt_id] * 2


async def test_an_unaccountable_call_of_a_lost_dialer_is_lost_and_hung_up(posts: Posts) -> None:
    one, other = await posts.two()
    await posts.repairs(1)
    await one.work()
    await posts.loses_its_lease(one)
    other.wire.deaf_fates = 3
    await other.passes(20)

    assert [result for _, result, _ in await posts.attempts()] == ["lost"]
    assert other.wire.up() == []
    assert other.engine.live == frozenset()


async def test_a_dialer_whose_lease_ran_out_hands_nothing_over(posts: Posts) -> None:
    one = posts.post()
    await one.start()
    await posts.repairs(1)
    one.real_time.seconds += PATIENT.lease_s
    # The next beat would renew it; between two beats the process stood still.
    await one.clock.run(one.engine._step(one.clock.now()))  # noqa: SLF001 - no beat in between

    assert one.rung == []
    assert await posts.attempts() == []


async def test_a_claim_whose_lease_ran_out_meanwhile_does_not_commit(posts: Posts) -> None:
    one = posts.post()
    await one.start()
    await posts.repairs(1)
    await one.work(0.1)
    attempt_id = one.rung[0].attempt_id
    await posts.loses_its_lease(one)
    async with posts.day.sessions() as session:
        with pytest.raises(LeaseRanOutError, match="ran out"):
            await one.fleet.keep(session, [attempt_id])


async def test_nothing_is_claimed_while_the_lease_is_out_and_all_once_it_has_beaten(
    posts: Posts,
) -> None:
    one = posts.post()
    await one.start()
    await posts.repairs(1)
    await posts.loses_its_lease(one)
    step = await one.clock.run(one.engine._step(one.clock.now()))  # noqa: SLF001

    assert step is not None
    assert step.calls == ()
    assert await posts.attempts() == []
    await one.work(2)
    assert len(one.rung) == 1


async def test_a_dialer_that_comes_back_lets_go_of_calls_others_have_taken(posts: Posts) -> None:
    one, other = await posts.two()
    await posts.repairs(1)
    await one.work()
    await posts.loses_its_lease(one)
    await other.passes(2)
    await one.passes(2)

    assert one.engine.live == frozenset()
    assert other.engine.live == {one.rung[0].attempt_id}


async def test_channels_are_divided_and_never_exceeded_while_calls_pass_on(posts: Posts) -> None:
    trunks = [TrunkLimits(name="a", channels=3, calls_per_second=50.0)]
    one = posts.post(trunks=trunks)
    await one.start()
    await posts.repairs(6)
    await one.work()
    assert len(one.wire.up()) == 3, "alone it has them all"

    other = posts.post(trunks=trunks)
    await posts.meet(one, other)
    await other.work(3)
    assert len(one.wire.up()) == 3, "none is free for the other yet"

    for line in one.wire.up()[:2]:
        one.wire.end(line, TelephonyResult.BUSY)
    await one.hears()
    await one.work(2)
    assert len(one.engine.live) == 2
    await other.work(2)
    assert len(other.engine.live) == 1
    assert len(one.wire.up()) == 3

    await one.close()
    await other.work(2)
    assert len(other.engine.live) == 3
    assert len(other.wire.up()) == 3


async def test_after_a_long_pause_of_all_dialling_the_rate_returns_slowly(posts: Posts) -> None:
    one = posts.post()
    await one.start()
    assert one.fleet.view.pace == 1.0, "a first start is no return"
    await one.close()
    await posts.run("UPDATE dialer_lease SET lease_until = lease_until - interval '6 min'")
    slow = [TrunkLimits(name="a", channels=4, calls_per_second=2.0)]
    again = posts.post(trunks=slow)
    await again.start()
    assert again.fleet.view.pace == pytest.approx(0.1, abs=0.01)
    await posts.repairs(3)
    await again.work(4)
    assert len(again.rung) == 1
    idle = again.engine.idle_reason
    assert idle is not None
    assert idle.reason == "returning_after_outage"

    later = posts.post(trunks=slow)
    await posts.meet(again, later)
    assert later.fleet.view.pace == pytest.approx(0.1, abs=0.01), "a newcomer goes by it too"
    await posts.run("UPDATE dialer_lease SET returned_at = returned_at - interval '5 min'")
    await again.passes(1)
    assert again.fleet.view.pace == pytest.approx(0.55, abs=0.01)


async def test_a_dialer_long_cut_off_from_the_database_returns_slowly(posts: Posts) -> None:
    one = posts.post(rules=FleetRules(lease_s=600.0, unreachable_s=700.0))
    await one.start()
    await posts.loses_its_lease(one)
    await one.passes(1)
    assert one.fleet.view.pace == 1.0
    await posts.run("UPDATE dialer_lease SET lease_until = clock_timestamp() - interval '2 min'")
    await one.passes(1)
    assert one.fleet.view.pace == pytest.approx(0.1, abs=0.01)


async def test_an_end_nobody_heard_is_found_within_a_minute(posts: Posts) -> None:
    one = posts.post()
    await one.start()
    await posts.repairs(1)
    await one.work()
    one.wire.end(posts.lines[one.rung[0].attempt_id], TelephonyResult.BUSY)
    one.wire.untold.clear()
    await one.passes(61)

    assert [result for _, result, _ in await posts.attempts()] == ["busy"]
    assert one.engine.live == frozenset()


async def test_a_call_that_ended_in_our_books_and_is_up_is_hung_up(posts: Posts) -> None:
    one = posts.post()
    await one.start()
    await posts.repairs(1)
    await one.work()
    await posts.run(
        "UPDATE attempt SET state = 'ended', ended_at = started_at, telephony_result = 'lost'"
    )
    await one.passes(61)

    assert one.wire.up() == []
    assert one.engine.live == frozenset()


@pytest.mark.parametrize("ours", [True, False])
async def test_a_call_nobody_knows_is_hung_up_if_its_id_is_of_our_kind(
    posts: Posts, ours: bool
) -> None:
    one = posts.post()
    await one.start()
    await posts.repairs(1)
    await one.work()
    line = posts.lines.pop(one.rung[0].attempt_id)
    stranger = line.call.attempt_id if ours else uuid4()
    await posts.run("DELETE FROM attempt_due_call")
    await posts.run("DELETE FROM attempt")
    posts.lines[stranger] = type(line)(
        call=type(line.call)(
            **{
                name: getattr(line.call, name)
                for name in line.call.__dataclass_fields__
                if name != "attempt_id"
            },
            attempt_id=stranger,
        ),
        placed_at=line.placed_at,
    )
    await one.passes(61)

    assert (one.wire.up() == []) is ours


async def test_a_call_told_of_after_its_end_is_hung_up_at_once(posts: Posts) -> None:
    one = posts.post()
    await one.start()
    await posts.repairs(1)
    await one.work()
    await posts.run(
        "UPDATE attempt SET state = 'ended', ended_at = started_at, telephony_result = 'lost'"
    )
    line = posts.lines[one.rung[0].attempt_id]
    one.wire.ring(line)
    await one.hears()

    assert not line.up
    states = await posts.day.rows(sa.select(Attempt.telephony_result))
    assert [row.telephony_result.value for row in states] == ["lost"]
