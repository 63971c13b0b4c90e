"""The demo's own campaigns: as shipped, but reminders from 30 days on are agents' calls."""

from pathlib import Path
from typing import Any

import yaml

from callback.campaigns import SHIPPED, Dialling

FILE = "campaigns.yaml"
FIRST_STEP_OF_AGENTS = 30  # days past due


def write_campaigns(
    folder: Path,
    *,
    agents_from: int = FIRST_STEP_OF_AGENTS,
    agents_calls: Dialling = Dialling.PREVIEW,
) -> None:
    """Write the campaigns file of a demo's home.

    Args:
        folder: of the home.
        agents_from: from so many days past due on agents remind.
        agents_calls: how those calls reach them.
    """
    raw: dict[str, Any] = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    raw["version"] = f"{raw['version']}-demo"
    raw["overdue"]["dialling"] = agents_calls.value
    for step in raw["overdue"]["ladder"]:
        if step["step"] >= agents_from:
            step["mode"] = "agent"
    text = yaml.safe_dump(raw, allow_unicode=True, sort_keys=False)
    (folder / FILE).write_text(text, encoding="utf-8")
