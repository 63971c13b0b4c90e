"""What every child of a fault run needs is loaded once, in the process it is forked off."""

from sqlalchemy.orm import configure_mappers

from callback.campaigns import shipped_campaigns
from callback.packs import shipped_packs
from core.phone import PhoneNumber
from scripts.library import load_library
from tests.faults import carrying, dialing

__all__ = ["carrying", "dialing"]

configure_mappers()
load_library()
shipped_campaigns()
shipped_packs()
PhoneNumber("+8613800138000").time_zones  # noqa: B018 - reads the tables of numbers
