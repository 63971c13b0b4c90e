"""The people, places and campaigns of the world the laws are tried in."""

from collections.abc import Sequence
from typing import Any

import yaml

from callback.campaigns import (
    SHIPPED,
    Campaigns,
    Dialling,
    read_campaigns,
    shipped_campaigns,
)
from dialer.plan import House

TEST_NUMBER = "+8613800138001"
SHARED = "+8613800138002"
STRANGERS = ("+8613700137001", "+8613700137002")
ZONES_OF_NUMBER = {
    **dict.fromkeys(STRANGERS, ("Asia/Shanghai",)),
    TEST_NUMBER: ("Asia/Shanghai",),
    SHARED: ("Asia/Shanghai",),
    "+8613800138003": ("Asia/Shanghai",),
    "+8613911112222": ("Asia/Shanghai",),
    "+12127363100": ("America/New_York",),
    "+12127363200": ("America/New_York",),
    "+13102751234": ("America/Los_Angeles",),
}
PHONES: Sequence[Sequence[str]] = (
    (TEST_NUMBER, SHARED),
    (SHARED, "+8613800138003"),
    ("+12127363100",),
    ("+8613911112222",),
    ("+12127363200", "+13102751234"),
)
# Community and owner of each unit: the fourth owner has a home on either side of the ocean.
UNITS = ((0, 0), (0, 1), (1, 2), (0, 3), (1, 3), (2, 4))
COMMUNITIES = (
    ("Garden", "Asia/Shanghai", "CN", "CNY"),
    ("Plaza", "America/New_York", "US", "USD"),
    ("Ocean View", "America/Los_Angeles", "US", "USD"),
)
HOUSE = House(
    company=None,
    callback_number="+862151082000",
    callback_open="09:00",
    callback_close="20:00",
    max_promise_days=14,
    agents_available=False,
)
_FIRST_STEP_OF_AGENTS = 30


def campaigns_with(dialling: Dialling | None) -> Campaigns:
    """Return the shipped campaigns; with `dialling` the late reminders are agents' calls."""
    if dialling is None:
        return shipped_campaigns()
    raw: dict[str, Any] = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    raw["overdue"]["dialling"] = raw["repair"]["dialling"] = dialling.value
    raw["repair"]["mode"] = "agent"
    for step in raw["overdue"]["ladder"]:
        if step["step"] >= _FIRST_STEP_OF_AGENTS:
            step["mode"] = "agent"
    return read_campaigns(yaml.safe_dump(raw, allow_unicode=True), "the world's campaigns")
