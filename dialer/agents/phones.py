"""Which agents can be heard now: where their phones are, and what hangs on the same server."""

from collections.abc import Sequence

from core.columns import AnyRow
from dialer.bridges.port import Bridge, TrunkLimits


class Phones:
    """The phones of one bridge, as its floor knows them at this moment.

    A bridge without seats has every agent where they are needed; so has a rehearsal for agents
    without an endpoint, who are invented. On a real bridge nobody is heard without a phone.
    """

    def __init__(self, bridge: Bridge) -> None:
        self._floor = bridge.floor
        self._is_real = bridge.is_real
        self._places = {trunk.name: trunk.place for trunk in bridge.trunks}

    def can_take(self, agent: AnyRow, trunk: str) -> bool:
        """Say whether a call on this trunk can be put into the agent's room now."""
        if not self.needs_phone(agent):
            return True
        place = None if self._floor is None else self._floor.seats().get(agent.room)
        return place is not None and place == self._places.get(trunk)

    def has_lost(self, agent: AnyRow, trunk: str) -> bool:
        """Say whether the phone is surely not where the agent's call on this trunk hangs.

        While a server cannot be asked nothing is sure: the two may be speaking all the time.
        """
        if self._floor is None or not self.needs_phone(agent):
            return False
        place = self._places.get(trunk)
        return place is not None and self._floor.is_known(place) and not self.can_take(agent, trunk)

    def needs_phone(self, agent: AnyRow) -> bool:
        """Say whether the agent is heard by a phone only."""
        return self._floor is not None and (self._is_real or agent.endpoint is not None)

    def token_for(self, agent: AnyRow, tokens: Sequence[TrunkLimits]) -> TrunkLimits | None:
        """Return the first trunk whose calls the agent can take."""
        return next((each for each in tokens if self.can_take(agent, each.name)), None)
