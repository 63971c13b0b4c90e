"""What rehearsing a day goes by in this installation."""

from callback.packs import shipped_packs
from core.settings import BridgeName, Settings
from dialer.scoring import shipped_scoring
from dialer.whatif.freeze import FreezeBasis
from dialer.whatif.model import Lines
from ownerline.books import campaigns_of
from ownerline.carrier import SIMULATED_TRUNK


def lines_of(settings: Settings) -> Lines:
    """Return what the bridge's trunks carry together, by the settings."""
    match settings.bridge:
        case BridgeName.SIMULATED:
            return Lines(
                channels=SIMULATED_TRUNK.channels,
                calls_per_second=SIMULATED_TRUNK.calls_per_second,
            )
        case BridgeName.TWILIO:
            return Lines(
                channels=settings.twilio.channels,
                calls_per_second=settings.twilio.calls_per_second,
            )
        case BridgeName.ASTERISK:
            open_now = [each for each in settings.asterisk.servers if not each.draining]
            return Lines(
                channels=sum(each.channels for each in open_now),
                calls_per_second=sum(each.calls_per_second for each in open_now) or 1.0,
            )


def freeze_basis(settings: Settings, *, lines: Lines | None = None) -> FreezeBasis:
    """Return what a day is frozen by; `lines` in place of the settings' trunks."""
    return FreezeBasis(
        campaigns=campaigns_of(settings),
        packs=shipped_packs(),
        scoring=shipped_scoring(),
        lines=lines or lines_of(settings),
        bridge_is_real=settings.bridge is not BridgeName.SIMULATED,
        test_numbers=settings.test_numbers,
        destinations=settings.reach,
        time_zone=settings.time_zone,
    )
