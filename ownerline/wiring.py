"""Puts the engine together: rules, talk host, settlement and bridge over one runtime."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from callback.packs import shipped_packs
from core.clock import Clock, ScaledClock
from dialer.agents.calls import AgentCalls
from dialer.agents.desk import Desk
from dialer.agents.keeper import SWEEP_EVERY, Keeper
from dialer.agents.phones import Phones
from dialer.agents.reserving import Transfers
from dialer.bridges.port import Bridge
from dialer.engine.engine import SWITCH_POLL, Engine, EngineRules
from dialer.fleet.fleet import Fleet
from dialer.fleet.model import FleetRules
from dialer.hooks import AttemptFollower, CallSource
from dialer.inbound.agents import FloorColleagues
from dialer.inbound.desk import InboundHost
from dialer.outcome import Settlement
from dialer.predictive.source import PredictiveCalls
from dialer.talk import TalkHost, TalkRules
from ownerline.books import campaigns_of, house_of
from ownerline.inbound import inbound_host
from ownerline.runtime import Runtime
from scripts.library import load_library


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialing:
    """What a dialer among others is made of; the keeper sees to agents and their calls."""

    engine: Engine
    fleet: Fleet
    keeper: Keeper
    desk: Desk


@dataclass(frozen=True, kw_only=True, slots=True)
class Hosts:
    """Whoever knows what is said next on a call, in any process: all they keep is the database."""

    talk: TalkHost
    inbound: InboundHost


@dataclass(frozen=True, kw_only=True, slots=True)
class Rehearsing:
    """A dialer alone on a virtual clock, and what invented agents work with."""

    engine: Engine
    keeper: Keeper
    desk: Desk
    talk: TalkHost


def make_engine(
    runtime: Runtime,
    bridge: Bridge,
    *,
    poll: timedelta | None = SWITCH_POLL,
    fleet: Fleet | None = None,
) -> Engine:
    """Return an engine that places this installation's automatic calls over the bridge.

    Without a fleet no other dialer may be on the database: a rehearsal on a clock of its own.
    """
    return _engine(runtime, bridge, _settlement(runtime), poll=poll, fleet=fleet)


def make_fleet(runtime: Runtime, bridge: Bridge, *, returns_slowly: bool = True) -> Fleet:
    """Return this process's membership among the dialers of the bridge.

    `returns_slowly` says that after an outage it begins below the full rate.
    """
    dialing, clock = runtime.settings.dialing, runtime.clock
    rules = FleetRules(
        pause_s=dialing.pause_minutes * 60.0,
        unreachable_s=dialing.unreachable_minutes * 60.0,
        return_from=dialing.return_from if returns_slowly else 1.0,
        return_over_s=dialing.return_over_minutes * 60.0,
        clock_factor=_factor(clock),
    )
    return Fleet(sessions=runtime.sessions, bridge=bridge, rules=rules)


def make_dialing(runtime: Runtime, bridge: Bridge, *, fleet: Fleet | None = None) -> Dialing:
    """Return a dialer that shares its calls with others, and with agents.

    `fleet` is its membership where leases run otherwise than in service.
    """
    settlement = _settlement(runtime)
    factor = _factor(runtime.clock)  # switches and agents are looked after in real time
    desk = _desk(runtime, bridge, settlement)
    fleet = fleet or make_fleet(runtime, bridge)
    phones = Phones(bridge)
    calls = AgentCalls(desk, ids=runtime.ids, phones=phones)
    ahead = _ahead(runtime, bridge, desk, calls=calls, phones=phones, dialer_id=fleet.dialer_id)
    transfers = Transfers(desk, phones=phones, calls=calls)
    inbound = _inbound(
        runtime,
        bridge,
        settlement,
        talk=_talk_host(runtime, settlement, transfers),
        colleagues=FloorColleagues(desk, phones=phones),
        calls=calls,
    )
    engine = _engine(
        runtime,
        bridge,
        settlement,
        transfers=transfers,
        inbound=inbound,
        poll=SWITCH_POLL * factor,
        sources=(calls, ahead),
        followers=(calls,),
        fleet=fleet,
        tells=True,
    )
    keeper = Keeper(
        sessions=runtime.sessions,
        bridge=bridge,
        clock=runtime.clock,
        desk=desk,
        calls=calls,
        live=lambda: engine.live,
        poll=SWEEP_EVERY * factor,
    )
    return Dialing(engine=engine, fleet=fleet, keeper=keeper, desk=desk)


def make_hosts(runtime: Runtime, bridge: Bridge) -> Hosts:
    """Return who answers for talks where a web process, not a dialer, is asked what is said next.

    Of the bridge only its name, its trunks and its floor are asked.
    """
    settlement = _settlement(runtime)
    desk = _desk(runtime, bridge, settlement)
    phones = Phones(bridge)
    calls = AgentCalls(desk, ids=runtime.ids, phones=phones)
    talk = _talk_host(runtime, settlement, Transfers(desk, phones=phones, calls=calls))
    inbound = _inbound(
        runtime,
        bridge,
        settlement,
        talk=talk,
        colleagues=FloorColleagues(desk, phones=phones),
        calls=calls,
    )
    return Hosts(talk=talk, inbound=inbound)


def make_rehearsal(runtime: Runtime, bridge: Bridge) -> Rehearsing:
    """Return a dialer on a virtual clock that also takes the calls of invented agents."""
    settlement = _settlement(runtime)
    desk = _desk(runtime, bridge, settlement)
    phones = Phones(bridge)
    calls = AgentCalls(desk, ids=runtime.ids, phones=phones)
    engine = _engine(
        runtime,
        bridge,
        settlement,
        transfers=Transfers(desk, phones=phones, calls=calls),
        poll=None,
        sources=(calls, _ahead(runtime, bridge, desk, calls=calls, phones=phones)),
        followers=(calls,),
    )
    keeper = Keeper(
        sessions=runtime.sessions,
        bridge=bridge,
        clock=runtime.clock,
        desk=desk,
        calls=calls,
        live=lambda: engine.live,
        poll=None,
    )
    return Rehearsing(engine=engine, keeper=keeper, desk=desk, talk=_talk_host(runtime, settlement))


def _ahead(
    runtime: Runtime,
    bridge: Bridge,
    desk: Desk,
    *,
    calls: AgentCalls,
    phones: Phones,
    dialer_id: UUID | None = None,
) -> PredictiveCalls:
    """Return what places calls ahead of agents."""
    return PredictiveCalls(
        desk,
        ids=runtime.ids,
        calls=calls,
        phones=phones,
        trunks=bridge.trunks,
        zone=runtime.settings.time_zone,
        dialer_id=dialer_id,
    )


def _inbound(
    runtime: Runtime,
    bridge: Bridge,
    settlement: Settlement,
    *,
    talk: TalkHost,
    colleagues: FloorColleagues,
    calls: AgentCalls,
) -> InboundHost:
    return inbound_host(
        runtime,
        bridge,
        settlement,
        talk=talk,
        colleagues=colleagues,
        followers=(calls,),
        clock_factor=_factor(runtime.clock),
    )


def _desk(runtime: Runtime, bridge: Bridge, settlement: Settlement) -> Desk:
    settings = runtime.settings
    return Desk(
        settlement=settlement,
        packs=shipped_packs(),
        bridge=bridge.name,
        bridge_is_real=bridge.is_real,
        test_numbers=settings.test_numbers,
        destinations=settings.reach,
        records=bridge.is_real and settings.recording.agent_calls,
    )


def _talk_host(
    runtime: Runtime, settlement: Settlement, transfers: Transfers | None = None
) -> TalkHost:
    return TalkHost(
        sessions=runtime.sessions,
        clock=runtime.clock,
        rules=TalkRules(
            library=settlement.library,
            campaigns=settlement.campaigns,
            house=house_of(runtime.settings),
            packs=shipped_packs(),
            records=runtime.settings.recording.scripted_calls,
        ),
        clock_factor=_factor(runtime.clock),
        transfers=transfers,
    )


def _factor(clock: Clock) -> float:
    """Return how many seconds of a clock pass in a real one."""
    return clock.factor if isinstance(clock, ScaledClock) else 1.0


def _settlement(runtime: Runtime) -> Settlement:
    return Settlement(campaigns=campaigns_of(runtime.settings), library=load_library())


def _engine(
    runtime: Runtime,
    bridge: Bridge,
    settlement: Settlement,
    *,
    poll: timedelta | None = SWITCH_POLL,
    sources: Sequence[CallSource] = (),
    followers: Sequence[AttemptFollower] = (),
    fleet: Fleet | None = None,
    transfers: Transfers | None = None,
    tells: bool = False,
    inbound: InboundHost | None = None,
) -> Engine:
    settings, campaigns = runtime.settings, settlement.campaigns
    return Engine(
        sessions=runtime.sessions,
        bridge=bridge,
        clock=runtime.clock,
        ids=runtime.ids,
        rules=EngineRules(
            campaigns=campaigns,
            packs=shipped_packs(),
            test_numbers=settings.test_numbers,
            destinations=settings.reach,
            caller_id=settings.asterisk.caller_id or settings.callback_number,
            poll=poll,
        ),
        talk=_talk_host(runtime, settlement, transfers),
        settlement=settlement,
        sources=sources,
        followers=followers,
        fleet=fleet,
        tells=tells,
        inbound=inbound,
    )
