"""What the trunks of the settings may carry, for whoever shows how full they are."""

from core.settings import BridgeName, Settings
from dialer.bridges.port import TrunkLimits
from dialer.bridges.twilio.bridge import TRUNK
from ownerline.carrier import SIMULATED_TRUNK


def trunks_of(settings: Settings) -> tuple[TrunkLimits, ...]:
    """Return the trunks of the bridge; a server that gets no new calls has no channels."""
    match settings.bridge:
        case BridgeName.SIMULATED:
            return (SIMULATED_TRUNK,)
        case BridgeName.ASTERISK:
            return tuple(
                TrunkLimits(
                    name=each.name,
                    channels=0 if each.draining else each.channels,
                    calls_per_second=each.calls_per_second,
                )
                for each in settings.asterisk.servers
            )
        case BridgeName.TWILIO:
            twilio = settings.twilio
            return (
                TrunkLimits(
                    name=TRUNK,
                    channels=twilio.channels,
                    calls_per_second=twilio.calls_per_second,
                ),
            )
