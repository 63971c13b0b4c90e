"""Who comes next, told while the last call is written down; nobody is kept for the agent by it."""

from api.console import formats
from api.console.page import Page
from api.console.routes.desk_parts import Words
from dialer.agents.screen import Screen
from dialer.agents.waiting import what_comes


async def forecast_of(page: Page, screen: Screen) -> str:
    """Say who comes next as it looks now; it is settled when the agent is ready."""
    coming = await what_comes(page.work.session, screen.agent, desk=page.deps.desk, now=page.now)
    if coming.stopped or not coming.next:
        return page.say("script.foot.forecast_none")
    row = coming.next[0]
    facts = {"name": row.name, "why": Words(page).reason(row)}
    if row.next_at <= page.now:
        return page.say("script.foot.forecast", **facts)
    at = formats.instant(row.next_at, page.language, row.time_zone)
    return page.say("script.foot.forecast_at", at=at, **facts)
