"""What agents ask of their calls is done by the dialer that carries them, soon or never."""

from functools import partial
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from callback.campaigns import Dialling
from callback.rules import Rule
from core.database import session_factory
from core.phone import PhoneNumber
from customers.model import Reason, WrapUpCode
from dialer.agents import commands
from dialer.agents.commands import Asking
from dialer.agents.endpoints import EndpointError
from dialer.agents.model import AgentStateError, CommandKind, CommandState
from dialer.agents.outside import OutsideNumberError
from dialer.agents.tables import FloorCommand
from dialer.bridges.floor import MonitorMode
from dialer.control import stop
from tests.integration.dialer.agents.floor import Desks, agents_campaigns, live_attempt
from tests.integration.dialer.day import answers

OFFICE = PhoneNumber("+862151082000")


@pytest.fixture
async def desks(database: AsyncEngine) -> Desks:
    """An owner who speaks with Li for ten minutes, while Wu is ready."""
    desks = Desks(session_factory(database), campaigns=agents_campaigns(Dialling.PROGRESSIVE))
    await desks.open()
    await desks.repaired(await desks.owner(answers()))
    await desks.build()
    await desks.agent("Li", endpoint="PJSIP/101")
    desks.talks_s = 600
    await desks.work(0.7)
    await desks.agent("Wu", endpoint="PJSIP/102")
    await desks.work(0.1)
    assert await desks.states() == ["on_call", "ready"]
    return desks


def _by_li(desks: Desks) -> Asking:
    return Asking(agent_id=1, by="li.na", now=desks.clock.now())


async def _ask(desks: Desks, kind: CommandKind) -> None:
    await desks.write(lambda session: commands.ask_simply(session, _by_li(desks), kind))
    await desks.keeper.look()


async def _last(desks: Desks) -> tuple[CommandState, str | None]:
    rows = await desks.rows(
        sa.select(FloorCommand.state, FloorCommand.reason).order_by(FloorCommand.command_id.desc())
    )
    return rows[0].state, rows[0].reason


def _room(desks: Desks, attempt_id: Any) -> str | None:
    return desks.carrier.rooms.room_of(attempt_id)


async def test_an_owner_waits_on_hold_and_comes_back(desks: Desks) -> None:
    call = await live_attempt(desks)
    await _ask(desks, CommandKind.HOLD)
    assert (_room(desks, call), await _last(desks)) == ("hold", (CommandState.DONE, None))
    await _ask(desks, CommandKind.BACK)
    assert _room(desks, call) == "agent-1"
    assert await desks.states() == ["on_call", "ready"], "hold is no state of an agent's own"


async def test_a_transferred_call_is_the_colleagues_with_its_wrap_up(desks: Desks) -> None:
    call = await live_attempt(desks)
    await desks.write(lambda session: commands.ask_to_hand_over(session, _by_li(desks), 2))
    await desks.keeper.look()
    assert await _last(desks) == (CommandState.DONE, None)
    assert (_room(desks, call), await desks.states()) == ("agent-2", ["ready", "on_call"])
    await desks.work(5)
    assert await desks.states() == ["ready", "wrap_up"]
    await desks.wrap_up(2, WrapUpCode.SATISFIED)
    assert await desks.due(Reason.REPAIR) == [("done", "satisfied")]


async def test_a_colleague_who_is_not_free_any_more_gets_no_call(desks: Desks) -> None:
    call = await live_attempt(desks)
    await desks.write(lambda session: commands.ask_to_hand_over(session, _by_li(desks), 2))
    desks.floor.hang_up("agent-2")
    await desks.keeper.look()
    state, reason = await _last(desks)
    assert (state, "not free any more" in (reason or "")) == (CommandState.FAILED, True)
    assert (_room(desks, call), await desks.states()) == ("agent-1", ["on_call", "ready"])
    with pytest.raises(AgentStateError, match="choose a colleague"):
        await desks.write(lambda session: commands.ask_to_hand_over(session, _by_li(desks), 1))


async def test_a_call_that_the_bridge_does_not_move_stays_with_its_agent(desks: Desks) -> None:
    await desks.write(lambda session: commands.ask_to_hand_over(session, _by_li(desks), 2))
    desks.bridge.moves_nothing = True
    await desks.keeper.look()
    assert (await _last(desks))[0] is CommandState.FAILED
    assert await desks.states() == ["on_call", "ready"]


async def _pass_on(desks: Desks) -> UUID:
    call = await live_attempt(desks)
    asking = _by_li(desks)
    await desks.write(
        lambda session: commands.ask_to_pass_on(session, asking, OFFICE, desk=desks.desk)
    )
    await desks.keeper.look()
    assert await _last(desks) == (CommandState.DONE, None)
    assert (_room(desks, call), await desks.states()) == ("outside", ["wrap_up", "ready"])
    return call


async def test_who_passes_a_call_on_writes_it_down_while_owner_and_number_speak(
    desks: Desks,
) -> None:
    call = await _pass_on(desks)
    await desks.wrap_up(1, WrapUpCode.SATISFIED)
    assert await desks.states() == ["ready", "ready"]
    await desks.work(0.5)
    assert _room(desks, call) == "outside", "nobody of ours takes it back"
    assert await desks.due(Reason.REPAIR) == [("done", "satisfied")]
    await desks.work(5)
    assert await desks.results() == [("answered", "satisfied")]
    assert await desks.due(Reason.REPAIR) == [("done", "satisfied")]
    assert await desks.states() == ["ready", "ready"]


async def test_a_call_passed_on_that_nobody_writes_down_is_settled_as_transferred(
    desks: Desks,
) -> None:
    await _pass_on(desks)
    await desks.work(5)
    assert await desks.states() == ["ready", "ready"]
    assert await desks.due(Reason.REPAIR) == [("done", "transferred")]
    (served,) = await desks.rows(sa.text("SELECT outcome FROM attempt_due_call"))  # type: ignore[arg-type]
    assert served.outcome == {"reason": "passed_on"}


@pytest.mark.parametrize(
    ("number", "rule"),
    [
        ("+86110", Rule.EMERGENCY_NUMBER),
        ("+12015550123", Rule.OUTSIDE_DESTINATIONS),
        ("+881612345678", Rule.SATELLITE_NUMBER),
    ],
)
async def test_numbers_that_may_not_be_rung_are_refused(
    desks: Desks, number: str, rule: Rule
) -> None:
    phone, asking, desk = PhoneNumber(number), _by_li(desks), desks.desk
    with pytest.raises(OutsideNumberError) as passing_on:
        await desks.write(
            lambda session: commands.ask_to_pass_on(session, asking, phone, desk=desk)
        )
    with pytest.raises(OutsideNumberError) as inviting:
        await desks.write(lambda session: commands.ask_to_invite(session, asking, phone, desk=desk))
    assert (passing_on.value.rule, inviting.value.rule) == (rule, rule)


async def test_an_endpoint_that_dials_a_number_is_no_phone_of_ours(desks: Desks) -> None:
    asking, desk = _by_li(desks), desks.desk
    for endpoint in (
        "PJSIP/13800138000@trunk",
        "Local/110@dial",
        "PJSIP/1&PJSIP/2",
        "+8613800138000",  # an outside number is invited as one, which the rules judge
        "sip:101@elsewhere.example.com",
    ):
        with pytest.raises(EndpointError):
            await desks.write(
                partial(commands.ask_to_invite, asking=asking, who=endpoint, desk=desk)
            )


async def test_a_number_is_judged_once_more_before_it_rings(desks: Desks) -> None:
    asking, desk = _by_li(desks), desks.desk
    await desks.write(lambda session: commands.ask_to_pass_on(session, asking, OFFICE, desk=desk))
    await desks.write(lambda session: stop(session, by="Chen", now=desks.clock.now()))
    await desks.keeper.look()
    state, reason = await _last(desks)
    assert (state, "stopped" in (reason or "")) == (CommandState.FAILED, True)
    assert await desks.states() == ["on_call", "ready"]


async def test_third_parties_come_and_go_and_recordings_pause(desks: Desks) -> None:
    call, asking, desk = await live_attempt(desks), _by_li(desks), desks.desk
    await desks.write(lambda session: commands.ask_to_invite(session, asking, OFFICE, desk=desk))
    await desks.keeper.look()
    assert desks.floor.guests == {"agent-1": [OFFICE.e164]}
    await _ask(desks, CommandKind.DISMISS)
    assert desks.floor.guests == {}
    await _ask(desks, CommandKind.PAUSE_RECORDING)
    assert desks.floor.silenced == {call}
    await _ask(desks, CommandKind.RESUME_RECORDING)
    assert desks.floor.silenced == set()


async def test_a_supervisors_wish_is_told_why_it_failed(desks: Desks) -> None:
    asking = Asking(agent_id=1, by="Chen", now=desks.clock.now())
    await desks.write(
        lambda session: commands.ask_to_monitor(session, asking, "PJSIP/201", MonitorMode.LISTEN)
    )
    await desks.keeper.look()
    state, reason = await _last(desks)
    assert (state, "cannot monitor" in (reason or "")) == (CommandState.FAILED, True)


async def test_a_command_that_nobody_took_in_its_seconds_is_never_carried_out(
    desks: Desks,
) -> None:
    call, kind = await live_attempt(desks), CommandKind.HOLD
    await desks.write(lambda session: commands.ask_simply(session, _by_li(desks), kind))
    await desks.write(
        lambda session: session.execute(
            sa.text("UPDATE floor_command SET expires_at = clock_timestamp()")
        )
    )
    await desks.keeper.look()
    assert await _last(desks) == (CommandState.FAILED, "no dialer carries the call any more")
    assert _room(desks, call) == "agent-1"


async def test_a_dialer_leaves_the_commands_of_anothers_calls_alone(desks: Desks) -> None:
    kind = CommandKind.HOLD
    await desks.write(lambda session: commands.ask_simply(session, _by_li(desks), kind))
    await desks.another_keeper().look()
    assert await _last(desks) == (CommandState.ASKED, None)
    await desks.keeper.look()
    assert await _last(desks) == (CommandState.DONE, None)


async def test_who_speaks_with_nobody_has_nothing_to_hold(desks: Desks) -> None:
    asking = Asking(agent_id=2, by="wu", now=desks.clock.now())
    with pytest.raises(AgentStateError, match="speaks with nobody"):
        await desks.write(lambda session: commands.ask_simply(session, asking, CommandKind.HOLD))
