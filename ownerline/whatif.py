"""What rehearsing a day goes by in this installation."""

from callback.packs import shipped_packs
from core.settings import BridgeName, Settings
from dialer.scoring import shipped_scoring
from dialer.whatif.freeze import FreezeBasis, lines_of
from dialer.whatif.model import Lines
from ownerline.books import campaigns_of
from ownerline.trunk_limits import trunks_of


def freeze_basis(settings: Settings, *, lines: Lines | None = None) -> FreezeBasis:
    """Return what a day is frozen by; `lines` in place of the settings' trunks."""
    return FreezeBasis(
        campaigns=campaigns_of(settings),
        packs=shipped_packs(),
        scoring=shipped_scoring(),
        lines=lines or lines_of(trunks_of(settings)),
        bridge_is_real=settings.bridge is not BridgeName.SIMULATED,
        test_numbers=settings.test_numbers,
        destinations=settings.reach,
        time_zone=settings.time_zone,
    )
