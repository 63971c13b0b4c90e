"""One look at the whole floor: everything a wallboard shows of an instant."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaign_settings import is_called_ahead
from callback.campaigns import Campaign
from callback.uploaded_book import learn_campaigns
from dialer.agents.desk import Desk
from dialer.agents.model import AgentState
from dialer.bridges.port import TrunkLimits
from dialer.explaining import HeldBack
from dialer.predictive.standing import PacingStanding, pacing_standing
from dialer.wall.lanes import Axis, Lane, lanes_of
from dialer.wall.model import Abandonment, Lately, Live, Promised, Seat, Standing
from dialer.wall.now import look_now
from dialer.wall.why import WhyNot, why_not

_STATES = {
    AgentState.ON_CALL: 0,
    AgentState.RESERVED: 1,
    AgentState.WRAP_UP: 2,
    AgentState.READY: 3,
    AgentState.BREAK: 4,
    AgentState.OFFLINE: 5,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Basis:
    """What a look rests on, the same for every look of a process."""

    desk: Desk
    zone: str  # of what has no place of its own
    trunks: Sequence[TrunkLimits] = ()  # empty: nobody told how many channels there are
    held_back: HeldBack | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TrunkLoad:
    """How many calls are up on a trunk, and how many of the last ten minutes it failed."""

    name: str
    up: int
    channels: int | None  # None: nobody told
    of_late: int
    refused_of_late: int

    @property
    def is_refusing(self) -> bool:
        """Whether none of the last calls went through."""
        return self.up == 0 and self.refused_of_late > 0 and self.refused_of_late == self.of_late


@dataclass(frozen=True, kw_only=True, slots=True)
class Today:
    """The day so far."""

    placed: int
    answered: int
    done: int
    last_minute: int  # calls placed


@dataclass(frozen=True, kw_only=True, slots=True)
class Wall:
    """The floor at one instant."""

    at: datetime
    axis: Axis
    lanes: Sequence[Lane]
    why: Sequence[WhyNot]
    seats: Sequence[Seat]  # who needs help first
    promised: Sequence[Promised]
    standing: Standing
    today: Today
    abandonment: Sequence[Abandonment]
    pacing: Sequence[PacingStanding]  # of campaigns whose calls are placed ahead of agents
    trunks: Sequence[TrunkLoad]
    waiting: int  # that may be dialled at this instant, the rules apart
    ringing: int
    talking: int
    late: int
    at_risk: int

    def count(self, state: AgentState) -> int:
        """Return how many agents stand so."""
        return sum(each.state is state for each in self.seats)


async def look(session: AsyncSession, basis: Basis, *, now: datetime, lately: Lately) -> Wall:
    """Return the floor as it stands, beside what was counted lately."""
    axis = Axis.at(now)
    seen = await look_now(session, now=now, axis_ends=axis.ends_at, zone=basis.zone)
    campaigns = basis.desk.campaigns
    await learn_campaigns(session, (each.campaign for each in seen.queues), campaigns)
    with_calls = {each.name for each in campaigns.all} | {each.campaign for each in seen.queues}
    known = [each for each in campaigns.known if each.name in with_calls]
    lanes = lanes_of(seen, lately, axis, campaigns=known, packs=basis.desk.packs)
    why = why_not(seen, lately, at=now, campaigns=known, trunks=basis.trunks, zone=basis.zone)
    return Wall(
        at=now,
        axis=axis,
        lanes=lanes,
        why=why,
        seats=sorted(seen.seats, key=lambda each: _place(each, now)),
        promised=seen.promised,
        standing=seen.standing,
        today=_today(lately),
        abandonment=lately.abandonment,
        pacing=await _pacing(session, basis, known, now=now),
        trunks=_trunks(seen.live, lately, basis.trunks),
        waiting=sum(each.due for each in seen.queues),
        ringing=sum(each.calls for each in seen.live if not each.talking),
        talking=sum(each.calls for each in seen.live if each.talking),
        late=sum(each.late for each in lanes),
        at_risk=sum(each.at_risk for each in lanes),
    )


async def _pacing(
    session: AsyncSession, basis: Basis, campaigns: Sequence[Campaign], *, now: datetime
) -> list[PacingStanding]:
    return [
        await pacing_standing(session, each.name, packs=basis.desk.packs, zone=basis.zone, now=now)
        for each in campaigns
        if is_called_ahead(each)
    ]


def _place(seat: Seat, now: datetime) -> tuple[bool, int, datetime, int]:
    return (
        seat.needs_help(now) is None,
        _STATES[seat.state],
        seat.state_since,
        seat.agent_id,
    )


def _today(lately: Lately) -> Today:
    return Today(
        placed=sum(each.placed for each in lately.traffic),
        answered=sum(each.answered for each in lately.traffic),
        done=sum(each.done for each in lately.settled),
        last_minute=sum(each.last_minute for each in lately.traffic),
    )


def _trunks(live: Sequence[Live], lately: Lately, limits: Sequence[TrunkLimits]) -> list[TrunkLoad]:
    """Return the trunks there are, and those that carry or carried calls today."""
    channels = {each.name: each.channels for each in limits}
    names = channels.keys() | {e.trunk for e in live} | {e.trunk for e in lately.traffic}
    return [
        TrunkLoad(
            name=name,
            up=sum(each.calls for each in live if each.trunk == name),
            channels=channels.get(name),
            of_late=sum(each.of_late for each in lately.traffic if each.trunk == name),
            refused_of_late=sum(
                each.refused_of_late for each in lately.traffic if each.trunk == name
            ),
        )
        for name in sorted(names)
    ]
