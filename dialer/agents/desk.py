"""What agents' work rests on, the same for every agent of an installation."""

from dataclasses import dataclass, field

from callback.campaigns import Campaign, Campaigns, Dialling
from callback.packs import Packs
from core.columns import AnyRow
from dialer.agents.rules import AgentRules, shipped_agent_rules
from dialer.call_facts import SettingBasis
from dialer.control import Switches
from dialer.outcome import Settlement


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """Campaigns, rule packs and figures, and which bridge the calls will go over.

    `records` says that agents' calls are recorded, as far as the rule packs let them be.
    """

    settlement: Settlement
    packs: Packs
    bridge: str
    bridge_is_real: bool
    test_numbers: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    rules: AgentRules = field(default_factory=shipped_agent_rules)
    records: bool = False

    @property
    def campaigns(self) -> Campaigns:
        """The house's campaigns and those of started lists."""
        return self.settlement.campaigns

    def basis(self, turned: Switches, *, agent_reserved: bool = False) -> SettingBasis:
        """Return what holds for every call while the switches stand so.

        `agent_reserved` says that an agent waits for whoever answers.
        """
        return SettingBasis(
            bridge_is_real=self.bridge_is_real,
            armed=turned.armed,
            stopped=turned.stopped,
            reconciled=turned.reconciled,
            paused_campaigns=turned.paused_campaigns,
            test_numbers=self.test_numbers,
            destinations=self.destinations,
            agent_reserved=agent_reserved,
        )

    def campaigns_of(self, agent: AnyRow, dialling: Dialling, turned: Switches) -> list[str]:
        """Return the names of the campaigns whose calls reach this agent in this way now."""
        return [
            campaign.name
            for campaign in self.campaigns.known
            if campaign.dialling is dialling
            and campaign.name not in turned.paused_campaigns
            and takes(agent, campaign)
        ]


def takes(agent: AnyRow, campaign: Campaign) -> bool:
    """Say whether an agent is of the campaign's team and has its skills."""
    return campaign.team in {None, agent.team} and set(campaign.skills) <= set(agent.skills)
