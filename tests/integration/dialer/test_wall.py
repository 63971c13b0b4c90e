"""The wallboard's figures against a small town that was counted by hand."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from callback.rules import Layer, Rule, Verdict, defer
from customers.model import CallMode, Reason
from customers.tables import ImportedFile
from dialer.bridges.port import TrunkLimits
from dialer.control import pause_campaign, stop
from dialer.wall.lanes import Lane
from dialer.wall.look import Wall
from dialer.wall.why import WhyNot
from tests.integration.api.office import TEN
from tests.integration.dialer.floor_town import FloorTown

_HOUR = timedelta(hours=1)
_MOST_STATEMENTS = 12
TRUNKS = (TrunkLimits(name="north", channels=2, calls_per_second=1.0),)


@pytest.fixture
async def town(database: AsyncEngine) -> FloorTown:
    """An empty town with a dialer."""
    return await FloorTown.open(database)


def lane(wall: Wall, reason: Reason) -> Lane:
    return next(each for each in wall.lanes if each.reason is reason)


def why(wall: Wall, campaign: str | None = "repair") -> WhyNot:
    return next(each for each in wall.why if each.campaign == campaign)


async def test_a_lane_counts_what_waits_rings_talks_and_is_late(town: FloorTown) -> None:
    await town.due(by=3 * _HOUR)
    await town.due(by=-_HOUR)
    await town.due(by=3 * _HOUR, not_before=TEN + 2 * _HOUR)
    ringing = await town.due(by=2 * _HOUR, state="claimed")
    talking = await town.due(by=2 * _HOUR, state="claimed")
    await town.due(by=4 * _HOUR, state="withdrawn", settled_at=TEN, settled_because="paid")
    await town.attempt(ringing)
    await town.attempt(talking, state="answered", answered_at=TEN, trunk="south")
    wall = await town.look(trunks=TRUNKS)
    found = lane(wall, Reason.REPAIR)
    assert (found.waiting, found.ringing, found.talking, found.late) == (3, 1, 1, 1)
    assert (wall.waiting, wall.ringing, wall.talking, wall.late) == (2, 1, 1, 1)
    assert [(each.name, each.up, each.channels) for each in wall.trunks] == [
        ("north", 1, 2),
        ("south", 1, None),
    ]


async def test_a_deadline_in_the_owners_rest_falls_to_the_last_half_hour_before_it(
    town: FloorTown,
) -> None:
    # Ten in the morning; the CN pack leaves owners in peace from twelve to two and after eight.
    await town.due(by=timedelta(minutes=40))
    await town.due(by=timedelta(minutes=50))
    await town.due(by=3 * _HOUR)
    wall = await town.look()
    slots = {each.starts_at: each.count for each in lane(wall, Reason.REPAIR).slots}
    assert slots == {
        TEN + timedelta(minutes=30): 2,
        TEN + timedelta(minutes=90): 1,
    }
    assert lane(wall, Reason.REPAIR).closed == [(TEN + 2 * _HOUR, TEN + 4 * _HOUR)]


async def test_what_the_pace_of_the_last_hour_does_not_reach_is_at_risk(town: FloorTown) -> None:
    for _ in range(5):
        await town.due(by=timedelta(minutes=70))
    for _ in range(2):
        done = await town.due(
            by=5 * _HOUR,
            state="done",
            settled_at=TEN - timedelta(minutes=20),
            settled_because="satisfied",
        )
        attempt_id = await town.attempt(
            done, ago=timedelta(minutes=30), telephony_result="answered", answered_at=TEN
        )
        await town.write(
            "UPDATE attempt_due_call SET settled_at = :at, telephony_result = 'answered',"
            " outcome = '{}' WHERE attempt_id = :attempt_id",
            at=TEN,
            attempt_id=attempt_id,
        )
    wall = await town.look()
    found = lane(wall, Reason.REPAIR)
    assert found.pace == 2
    # An hour and a half to the slot's end at two an hour: three of the five.
    assert [(each.count, each.unmet) for each in found.slots] == [(5, 2)]
    assert wall.at_risk == 2


async def test_a_stop_puts_every_deadline_in_view_at_risk(town: FloorTown) -> None:
    await town.due(by=5 * _HOUR)
    assert (await town.look()).at_risk == 0
    async with town.office.deps.sessions.begin() as session:
        await stop(session, by="何莉", now=TEN)
    wall = await town.look()
    assert wall.at_risk == 1
    assert [(each.cause, each.by, each.waiting) for each in wall.why] == [("stopped", "何莉", 1)]


async def test_on_time_counts_this_months_deadlines_and_leaves_out_what_was_withdrawn(
    town: FloorTown,
) -> None:
    day = timedelta(days=1)
    settled: dict[str, Any] = {"state": "done", "settled_because": "satisfied"}
    await town.due(by=-2 * day, settled_at=TEN - 3 * day, **settled)
    await town.due(by=-2 * day, settled_at=TEN - day, **settled)
    await town.due(by=-day)
    await town.due(by=-30 * day, settled_at=TEN - 31 * day, **settled)
    await town.due(by=-day, state="withdrawn", settled_at=TEN - 2 * day, settled_because="paid")
    found = lane(await town.look(), Reason.REPAIR).on_time
    assert found is not None
    assert (found.met, found.judged) == (1, 3)


async def test_abandonment_is_counted_over_the_packs_window(town: FloorTown) -> None:
    agents: dict[str, Any] = {"mode": CallMode.AGENT}
    for result in ("answered", "answered", "answered", "abandoned"):
        await town.attempt(None, ago=_HOUR, telephony_result=result, answered_at=TEN, **agents)
    await town.attempt(None, ago=_HOUR, telephony_result="no_answer", **agents)
    await town.attempt(None, ago=25 * _HOUR, telephony_result="abandoned", **agents)
    await town.attempt(None, ago=_HOUR, telephony_result="abandoned")  # of no agent's campaign
    (found,) = (await town.look()).abandonment
    assert (found.abandoned, found.answered, found.ceiling) == (1, 4, 0.03)
    assert found.is_above


async def test_who_needs_help_comes_first(town: FloorTown) -> None:
    talk = await town.due(state="claimed")
    attempt_id = await town.attempt(talk, state="answered", answered_at=TEN)
    await town.agent("A", state="ready")
    await town.agent(
        "B", state="on_call", attempt_id=attempt_id, state_since=TEN - timedelta(minutes=16)
    )
    await town.agent("C", endpoint="PJSIP/101", phone_trouble="no_answer")
    await town.agent("D", state="offline", endpoint="PJSIP/102")
    seats = (await town.look()).seats
    assert [(each.name, each.needs_help(TEN)) for each in seats] == [
        ("B", "long_call"),
        ("C", "phone"),
        ("A", None),
        ("D", None),
    ]
    assert seats[0].reason is Reason.REPAIR


async def test_the_next_promised_callbacks_come_in_order(town: FloorTown) -> None:
    agent_id = await town.agent("李娜")
    for hours in (3, 1):
        await town.due(
            Reason.PROMISED,
            by=(hours + 1) * _HOUR,
            not_before=TEN + hours * _HOUR,
            agent_id=agent_id,
        )
    promised = (await town.look()).promised
    assert [each.at for each in promised] == [TEN + _HOUR, TEN + 3 * _HOUR]
    assert promised[0].agent == "李娜"


@pytest.mark.parametrize("due_calls", [10, 300])
async def test_a_look_takes_as_many_statements_however_much_is_due(
    town: FloorTown, due_calls: int
) -> None:
    person_id = await town.owner()
    await town.write(
        "INSERT INTO due_call (person_id, community_id, reason, purpose, mode, campaign, script,"
        " subject, cycle, facts, not_before, due_by, next_at, priority, created_at)"
        " SELECT :person_id, :community_id, 'repair', 'service', 'automatic', 'repair', 'repair',"
        " 'work_order:' || n, '1', '{}', :at, CAST(:at AS timestamptz) + interval '1 hour' * n,"
        " :at, 50, :at FROM generate_series(1, :most) n",
        person_id=person_id,
        community_id=town.community_id,
        at=TEN,
        most=due_calls,
    )
    await town.look()
    assert len(town.statements) == _MOST_STATEMENTS


class TestWhyNot:
    """Each cause, by what alone brings it about."""

    async def test_a_campaign_of_which_calls_are_up_has_no_sentence(self, town: FloorTown) -> None:
        await town.due(rule=Rule.HOUSE_HOURS)
        await town.attempt(await town.due(state="claimed"))
        assert (await town.look()).why == []

    @pytest.mark.parametrize(
        "rule", [Rule.HOUSE_HOURS, Rule.LAW_HOURS, Rule.HOLIDAY, Rule.NOT_ARMED, Rule.DISPUTED]
    )
    async def test_the_rule_that_holds_most_back_is_told_with_until(
        self, town: FloorTown, rule: Rule
    ) -> None:
        until = TEN + 4 * _HOUR
        await town.due(rule=rule, next_at=until)
        await town.due(rule=rule, next_at=until + _HOUR)
        await town.due(rule=Rule.MINIMUM_GAP)
        found = why(await town.look())
        assert (found.cause, found.waiting, found.until) == (rule.value, 3, until)

    async def test_what_was_rung_in_vain_waits_for_its_retry(self, town: FloorTown) -> None:
        await town.due(rule=Rule.ALLOWED, attempts=1, next_at=TEN + _HOUR)
        assert why(await town.look()).cause == Rule.RETRY_INTERVAL.value

    async def test_what_nobody_has_looked_at(self, town: FloorTown) -> None:
        await town.due()
        assert why(await town.look()).cause == "not_yet_judged"

    async def test_a_paused_campaign_names_who_paused_it(self, town: FloorTown) -> None:
        await town.due()
        async with town.office.deps.sessions.begin() as session:
            await pause_campaign(session, campaign="repair", by="何莉", now=TEN)
            await pause_campaign(session, campaign="survey", by="何莉", now=TEN)
        wall = await town.look()
        found = why(wall)
        assert (found.cause, found.by, found.since) == ("campaign_paused", "何莉", TEN)
        assert why(wall, "survey").waiting == 0

    async def test_nobody_who_takes_its_calls_is_signed_in(self, town: FloorTown) -> None:
        await town.agent("A", state="offline")
        await town.due(mode=CallMode.AGENT)
        assert why(await town.look()).cause == "nobody_signed_in"

    async def test_nobody_who_takes_its_calls_is_ready(self, town: FloorTown) -> None:
        await town.agent("A", state="break", break_reason="lunch")
        await town.due(mode=CallMode.AGENT)
        assert why(await town.look()).cause == "nobody_ready"

    async def test_agents_who_are_ready_are_shown_what_comes_next(self, town: FloorTown) -> None:
        await town.agent("A")
        await town.due(mode=CallMode.AGENT)
        assert (await town.look()).why == []

    async def test_no_dialer_is_up(self, town: FloorTown) -> None:
        await town.due()
        await town.write("DELETE FROM dialer_lease")
        assert why(await town.look(), None).cause == "no_dialer"

    async def test_every_channel_is_busy(self, town: FloorTown) -> None:
        await town.due()
        await town.attempt(None, campaign="survey")
        await town.attempt(None, campaign="survey")
        found = why(await town.look(trunks=TRUNKS), None)
        assert found.cause == "all_channels_busy"
        assert found.facts == {"up": 2, "channels": 2}

    async def test_the_trunks_take_no_call(self, town: FloorTown) -> None:
        await town.due()
        for minute in range(1, 6):
            await town.attempt(
                None, ago=timedelta(minutes=minute), telephony_result="carrier_error"
            )
        wall = await town.look()
        assert why(wall, None).cause == "trunks_refuse"
        assert wall.trunks[0].is_refusing

    async def test_the_days_budget_is_spent(self, town: FloorTown) -> None:
        await town.due()

        async def spent(_session: object, _now: object) -> Verdict:
            return defer(Rule.CEILING_REACHED, Layer.SYSTEM, TEN + 14 * _HOUR)

        found = why(await town.look(held_back=spent), None)
        assert (found.cause, found.until) == ("ceiling_reached", TEN + 14 * _HOUR)

    async def test_a_restored_database_is_not_reconciled(self, town: FloorTown) -> None:
        await town.write(
            "UPDATE installation SET restored_at = :at, restored_from_at = :at", at=TEN
        )
        assert why(await town.look(), None).cause == "not_reconciled"

    async def test_the_list_that_comes_every_day_has_not_come(self, town: FloorTown) -> None:
        for days in (1, 2, 3):
            await town.office.add(
                ImportedFile,
                file_name="finance.xlsx",
                sha256=f"{days:064}",
                kind="charges",
                imported_at=TEN - timedelta(days=days, hours=3),
                row_count=1,
                accepted=1,
                unchanged=0,
                rejected=0,
            )
        found = why(await town.look(), "overdue")
        assert (found.cause, found.since) == ("no_list", TEN - timedelta(days=1, hours=3))

    async def test_a_list_that_came_once_is_not_missed(self, town: FloorTown) -> None:
        await town.office.add(
            ImportedFile,
            file_name="finance.xlsx",
            sha256="0" * 64,
            kind="charges",
            imported_at=TEN - timedelta(days=2),
            row_count=1,
            accepted=1,
            unchanged=0,
            rejected=0,
        )
        assert (await town.look()).why == []
