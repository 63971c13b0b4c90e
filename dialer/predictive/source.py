"""Calls placed ahead of agents: a source of the engine that looks once a second.

One dialer paces a campaign at a time. In one transaction it looks, asks the pacer, commits the
calls, and keeps the decision with how many were committed: what is on file is what was done.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaign_settings import is_called_ahead
from callback.campaigns import Campaign
from core.columns import AnyRow
from core.ids import IdSource
from customers.model import Language
from dialer.agents.calls import AgentCalls
from dialer.agents.choice import learn_lists
from dialer.agents.desk import Desk, takes
from dialer.agents.phones import Phones
from dialer.bridges.port import TrunkLimits
from dialer.claim import NOTHING_CLAIMED, Claimed, ClaimReport
from dialer.control import Switches
from dialer.pacing.model import Happening
from dialer.predictive.campaign import Paced, Team, local_day
from dialer.predictive.limits import limits_of, tightened
from dialer.predictive.looking import WrapWatch, load_agents, load_calls
from dialer.predictive.placing import place
from dialer.predictive.promises import kept_for_promises
from dialer.predictive.runs import Made, hold

LOOK_EVERY = timedelta(seconds=1)
# While no call of such a campaign may be placed and none is up; news of due calls come sooner.
IDLE_EVERY = timedelta(seconds=10)

_UP = sa.text("SELECT count(*) FROM attempt WHERE state <> 'ended' AND bridge = :bridge")
_RUNNING = sa.text("""
    SELECT campaign
    FROM unnest(CAST(:campaigns AS text[])) AS wanted (campaign)
    WHERE EXISTS (
        SELECT FROM due_call
        WHERE due_call.campaign = wanted.campaign AND due_call.state = 'waiting'
          AND due_call.mode = 'agent' AND due_call.next_at <= :now
    )
""")


class PredictiveCalls:
    """Paces the campaigns that nobody else paces, and claims what their pacers say."""

    is_asked_without_lines = True

    def __init__(
        self,
        desk: Desk,
        *,
        ids: IdSource,
        calls: AgentCalls,
        phones: Phones,
        trunks: Sequence[TrunkLimits],
        zone: str,
        dialer_id: UUID | None = None,
    ) -> None:
        """Put a source together.

        Args:
            desk: campaigns, packs and figures.
            ids: of attempts and runs.
            calls: follows what is placed.
            phones: which agents are heard where.
            trunks: all there are, for how many lines there could be.
            zone: of the house's day.
            dialer_id: of the fleet's member; None: no other dialer is on the database.
        """
        self._desk = desk
        self._ids = ids
        self._calls = calls
        self._phones = phones
        self._trunks = trunks
        self._zone = zone
        self._dialer_id = dialer_id
        self._holds_as = dialer_id or ids.new()
        self._paced: dict[str, Paced] = {}
        self._wraps = WrapWatch()
        self._looked_at: datetime | None = None
        self._somebody_works = False
        self._every = LOOK_EVERY

    def next_at(self, now: datetime) -> datetime | None:
        """Return when to look again; None: nobody works for any such campaign."""
        if not self._somebody_works or self._looked_at is None:
            return None
        return max(self._looked_at + self._every, now)

    async def claim(
        self,
        session: AsyncSession,
        tokens: Sequence[TrunkLimits],
        *,
        turned: Switches,
        now: datetime,
    ) -> ClaimReport:
        """Look once a second; asked again at the same instant, it finishes what was not kept."""
        before = self._looked_at
        if before is not None and before < now < before + LOOK_EVERY:
            return NOTHING_CLAIMED
        if before == now and not await self._is_something_unkept(session, now):
            return NOTHING_CLAIMED
        await learn_lists(session, self._desk.campaigns)
        campaigns = self._campaigns(turned)
        self._looked_at = now
        if not campaigns:
            self._somebody_works = False
            self._paced.clear()
            return NOTHING_CLAIMED
        look = await self._look(session, campaigns, turned=turned, now=now)
        left, claimed = list(tokens), list[Claimed]()
        for campaign in look.mine:
            found = await self._pace(session, campaign, look, left)
            claimed += found
            for call in found:
                left.remove(call.trunk)
        for call in claimed:
            self._calls.follow(call.attempt_id)
        return ClaimReport(calls=tuple(claimed), looked_at=len(claimed))

    def _campaigns(self, turned: Switches) -> list[Campaign]:
        return [
            each
            for each in self._desk.campaigns.known
            if is_called_ahead(each) and each.name not in turned.paused_campaigns
        ]

    async def _look(
        self,
        session: AsyncSession,
        campaigns: Sequence[Campaign],
        *,
        turned: Switches,
        now: datetime,
    ) -> "_Look":
        names = [each.name for each in campaigns]
        agents = await load_agents(session)
        self._somebody_works = any(takes(a, c) for a in agents for c in campaigns)
        mine = await hold(session, names, dialer_id=self._holds_as)
        for lost in self._paced.keys() - set(mine):
            del self._paced[lost]
        calls = await load_calls(session, names, now=now)
        waiting = await session.execute(_RUNNING, {"campaigns": names, "now": now})
        running = {*waiting.scalars(), *(each for each in names if _is_ahead(calls.get(each, ())))}
        self._every = LOOK_EVERY if running else IDLE_EVERY
        return _Look(
            now=now,
            turned=turned,
            mine=[each for each in campaigns if each.name in mine],
            agents=_shared_out(agents, [each for each in campaigns if each.name in running]),
            calls=calls,
            wraps=await self._wraps.look(session, names),
            up=int((await session.execute(_UP, {"bridge": self._desk.bridge})).scalar_one()),
        )

    async def _pace(
        self,
        session: AsyncSession,
        campaign: Campaign,
        look: "_Look",
        tokens: Sequence[TrunkLimits],
    ) -> list[Claimed]:
        """Decide for one campaign, and commit the calls with the decision."""
        name, now = campaign.name, look.now
        agents = [each for each in look.agents.get(name, ()) if self._is_heard(each)]
        paced = await self._paced_now(session, campaign, now=now)
        if paced is None:
            if not agents:
                return []
            paced = self._paced[name] = await Paced.begin(
                session,
                campaign,
                run_id=self._ids.new(),
                packs=self._desk.packs,
                zone=self._zone,
                now=now,
            )
        on_file = await paced.confirm(session)
        made = paced.made_at(now)
        if made is not None and made.n <= on_file:
            return []
        if made is None:
            made = await self._decide(session, campaign, paced, agents, look)
        if made is None:
            return []
        free = [each for each in tokens if self._somebody_hears(agents, each)]
        placed = await place(
            session,
            name,
            free[: made.decision.dial],
            languages=_languages(agents),
            desk=self._desk,
            turned=look.turned,
            ids=self._ids,
            now=now,
        )
        made.placed = len(placed)
        look.up += len(placed)
        await paced.keep(session, on_file=on_file, dialer_id=self._dialer_id, now=now)
        return placed

    async def _paced_now(
        self, session: AsyncSession, campaign: Campaign, *, now: datetime
    ) -> Paced | None:
        """Return the pacer of this day; the one of the day before ends."""
        paced = self._paced.get(campaign.name)
        if paced is None or paced.run.day == local_day(now, self._zone):
            return paced
        await paced.keep_learned(session, now=now)
        del self._paced[campaign.name]
        return None

    async def _decide(
        self,
        session: AsyncSession,
        campaign: Campaign,
        paced: Paced,
        agents: Sequence[AnyRow],
        look: "_Look",
    ) -> Made | None:
        """Ask the pacer; None: nobody works, nothing rings, and there is nothing to decide."""
        now = look.now
        calls = paced.see(
            look.calls.get(campaign.name, ()), look.wraps.get(campaign.name, ()), now=now
        )
        await paced.count(session, campaign, packs=self._desk.packs, now=now)
        if not (agents or calls.ringing or calls.waiting):
            return None
        kept = await kept_for_promises(session, agents, desk=self._desk, now=now)
        team = Team.of(agents, kept=kept, now=now)
        up = len(calls.ringing) + len(team.talking) + calls.waiting
        channels = sum(each.channels for each in self._trunks)
        limits = limits_of(
            paced.law,
            await tightened(session, campaign.name),
            channels=up + max(0, channels - look.up),
            calls_per_second=sum(each.calls_per_second for each in self._trunks) or None,
        )
        return paced.decide(team, calls, limits, now=now)

    def _is_heard(self, agent: AnyRow) -> bool:
        return any(self._phones.can_take(agent, each.name) for each in self._trunks)

    def _somebody_hears(self, agents: Sequence[AnyRow], trunk: TrunkLimits) -> bool:
        return any(self._phones.can_take(each, trunk.name) for each in agents)

    async def _is_something_unkept(self, session: AsyncSession, now: datetime) -> bool:
        """Say whether a decision of this instant is not on file: its transaction failed."""
        for paced in self._paced.values():
            made = paced.made_at(now)
            if made is not None and await paced.confirm(session) < made.n:
                return True
        return False


@dataclass(slots=True)
class _Look:
    """What one look at all such campaigns has found."""

    now: datetime
    turned: Switches
    mine: Sequence[Campaign]
    agents: Mapping[str, Sequence[AnyRow]]  # by the campaign for which each works at this moment
    calls: Mapping[str, Sequence[AnyRow]]
    wraps: Mapping[str, Sequence[Happening]]
    up: int  # calls on all trunks


def _shared_out(agents: Sequence[AnyRow], running: Sequence[Campaign]) -> dict[str, list[AnyRow]]:
    """Return each agent at the first campaign they take of which calls may be placed.

    Two pacers would both place calls for one agent.
    """
    found: dict[str, list[AnyRow]] = {}
    for agent in agents:
        first = next((each.name for each in running if takes(agent, each)), None)
        if first is not None:
            found.setdefault(first, []).append(agent)
    return found


def _is_ahead(calls: Sequence[AnyRow]) -> bool:
    """Say whether a call is up that has no agent yet."""
    return any(each.state != "ended" and each.agent_id is None for each in calls)


def _languages(agents: Sequence[AnyRow]) -> list[Language]:
    """Return the languages that somebody speaks; none: all of them."""
    if any(not each.languages for each in agents):
        return []
    return sorted({Language(word) for each in agents for word in each.languages})
